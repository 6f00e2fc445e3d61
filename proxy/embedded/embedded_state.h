// SPDX-License-Identifier: MIT
// embedded_state: what the embedded server remembers between two calls, for its own source files
// only.
//
//   embedded.c            reads lines and decides whose turn it is
//   embedded_command.c    answers one command line
//   embedded_offer.c      the answer to EHLO
//   embedded_reply.c      the form of an answer
//   login.c               AUTH and its exchange
//   embedded_envelope.c   MAIL and RCPT
//   embedded_content.c    message text after DATA, chunks after BDAT
#ifndef SCOPE_EMBEDDED_EMBEDDED_STATE_H
#define SCOPE_EMBEDDED_EMBEDDED_STATE_H

#include "embedded/embedded.h"
#include "smtp/command_parse.h"
#include "smtp/line.h"
#include "smtp/sasl_mechanism.h"

// What the next bytes of the client are.
enum embedded_expects {
    EXPECT_COMMAND,
    EXPECT_SASL,
    EXPECT_TEXT,  // after DATA
    EXPECT_CHUNK, // after BDAT
    EXPECT_OFFER, // nothing before the whole answer to EHLO is out
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
    int64_t now_ns;
    bool tls;
    bool refused; // by its greeting: nothing is answered but QUIT
    bool logged_in;
    enum embedded_hello hello;
    enum sasl_mechanism mechanism; // of the exchange under way
    unsigned sasl_lines;           // answered in it

    // EXPECT_OFFER
    int64_t offer_due_ns;
    bool offer_begun;
    uint64_t flood_line; // whole ones so far
    uint64_t flood_at;   // bytes of the next

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

// embedded_offer.c
void embedded_begin_offer(struct embedded *embedded, struct buf *out); // EHLO was said
void embedded_go_on_with_offer(struct embedded *embedded, struct buf *out);
bool embedded_offers_mechanism(const struct embedded *embedded, struct slice name);
uint64_t embedded_size_max(const struct embedded *embedded); // of a message

// embedded_reply.c
// One reply: a line without its CRLF, which the traits may make several of.
void embedded_reply(const struct embedded *embedded, struct buf *out, const char *line);
// One line: code and separator, and the text, which the traits may make longer.
void embedded_put_line(const struct embedded *embedded, struct buf *out, struct slice head,
                       struct slice text);

// embedded.c
void embedded_expect(struct embedded *embedded, enum embedded_expects next);    // the only setter
bool embedded_has_room(const struct embedded *embedded, const struct buf *out); // for an answer
bool embedded_takes_auth(const struct embedded *embedded);                      // on this layer
void embedded_forget_mail(struct embedded *embedded); // ends the transaction

#endif
