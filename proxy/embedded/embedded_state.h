// SPDX-License-Identifier: MIT
// embedded_state: what the embedded server remembers between two calls, for its own source files
// only.
//
//   embedded.c  reads lines and decides whose turn it is
//   command.c   answers one command line
//   login.c     AUTH and its exchange
//   envelope.c  MAIL and RCPT
//   content.c   message text after DATA, chunks after BDAT
#ifndef SCOPE_EMBEDDED_EMBEDDED_STATE_H
#define SCOPE_EMBEDDED_EMBEDDED_STATE_H

#include "embedded/embedded.h"
#include "smtp/command.h"
#include "smtp/line.h"
#include "smtp/sasl_mechanism.h"

// What the next bytes of the client are.
enum embedded_expects {
    EXPECT_COMMAND,
    EXPECT_SASL,
    EXPECT_TEXT,  // after DATA
    EXPECT_CHUNK, // after BDAT
    EXPECT_TLS,   // the handshake; none of our bytes
    EXPECT_NOTHING,
};

// How much of `CRLF . CRLF` the text has reached. Nothing else ends a message: whatever looks like
// it (LF . LF and so on) is text.
enum embedded_dot { DOT_WITHIN_LINE, DOT_CR, DOT_LINE_START, DOT_DOT, DOT_DOT_CR };

enum embedded_hello { HELLO_NONE, HELLO_HELO, HELLO_EHLO };

struct embedded {
    struct embedded_config config;
    enum embedded_expects expects;
    struct line_reader line;

    // The session.
    bool tls;
    bool logged_in;
    enum embedded_hello hello;
    enum sasl_mechanism mechanism; // of the exchange under way
    unsigned sasl_lines;           // answered in it

    // The transaction.
    bool has_mail;
    uint64_t recipients;
    bool has_chunks; // BDAT was begun
    uint64_t message_bytes;
    enum embedded_dot dot;
    uint64_t chunk_left;
    bool chunk_last;
};

// Each appends its answer.
void embedded_answer(struct embedded *embedded, struct slice line, struct buf *out);
void embedded_auth(struct embedded *embedded, const struct command *command, struct buf *out);
void embedded_sasl(struct embedded *embedded, struct slice line, struct buf *out);
void embedded_mail(struct embedded *embedded, const struct command *command, struct buf *out);
void embedded_rcpt(struct embedded *embedded, const struct command *command, struct buf *out);
void embedded_data(struct embedded *embedded, const struct command *command, struct buf *out);
void embedded_bdat(struct embedded *embedded, const struct command *command, struct buf *out);
// Takes message bytes; returns how many were the message's.
size_t embedded_text(struct embedded *embedded, struct slice bytes, struct buf *out);
size_t embedded_chunk(struct embedded *embedded, struct slice bytes, struct buf *out);

void embedded_reply(struct buf *out, const char *line); // one line, without its CRLF
void embedded_forget_mail(struct embedded *embedded);   // ends the transaction

#endif
