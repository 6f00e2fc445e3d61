// SPDX-License-Identifier: MIT
// content: message text as it streams by, of any size in constant memory. It finds the end of the
// text (RFC 5321 4.5.2: CRLF . CRLF and nothing else), takes away the dots that were stuffed in,
// counts and hashes what is left, and notes what is wrong in it.
//
//   as sent      Subject: x CRLF CRLF ..dot CRLF .      CRLF
//   as meant     Subject: x CRLF CRLF .dot  CRLF └─ end ──┘
//
// A chunk of BDAT (RFC 3030) is taken as it is: no dots, no end but its size.
#ifndef SCOPE_SMTP_CONTENT_H
#define SCOPE_SMTP_CONTENT_H

#include "base/limits.h"
#include "event/event.h"

// What the sender declared, which decides what is a flaw.
struct content_rules {
    bool chunks;      // BDAT, else DATA
    bool binary;      // BODY=BINARYMIME in chunks: any byte is allowed anywhere
    bool utf8_header; // MAIL said SMTPUTF8: bytes over 127 are fine in the header (RFC 6531 3.6)
    bool eight_bits;  // bytes over 127 were declared
    bool header_lines_only; // emit no EVENT_TEXT after the header
    bool no_digest;         // compute none; then `sha256` is empty
};

struct content {
    struct content_rules rules;
    struct sha256 hash;
    uint64_t bytes;      // as meant
    uint64_t lines;      // LFs in them
    uint64_t lines_sent; // lines begun, as sent
    uint64_t next_progress;
    unsigned flaws;    // bit n: flaw kind n was emitted
    bool smuggling;    // a look-alike of the end was seen
    bool header;       // no empty line so far
    bool cut_off;      // its end will not come: half a line end is no flaw
    bool in_text;      // … which the client was within
    bool within_chunk; // … nor that of its chunk

    // The line under way.
    enum line_ending previous; // how the line before it ended; CRLF at the start of the text
    size_t line_len;           // bytes of it so far, as sent
    bool line_unstuffed;       // its first dot was taken away
    bool line_cr, line_nul, line_8bit;
    uint64_t doubled_line; // of a chunk: the first line that begins with two dots, 0 for none
    bool single_dot;       // … and some line begins with one
    bool line_dot;         // it begins with one dot and goes on with something else
    struct buf line;       // what is kept of it, where it did not come in one piece
    // The last bytes that came, where the next one decides what they are: a CR, or a dot.
    uint8_t tail[CONTENT_TAIL_MAX];
    size_t tail_len;

    // Where events go.
    const struct event_sink *sink;
    struct event *event; // a scratch event, so that none is cleared for each line
    int message;
    int exchange;
};

// `sink` and `event` must outlive the content; `event->session` is set.
void content_begin(struct content *content, const struct content_rules *rules, size_t max_line,
                   const struct event_sink *sink, struct event *event);
void content_cleanup(struct content *content);

// Takes message bytes; returns how many. With DATA fewer than given are taken where the text ends,
// and `*out_ended` is set.
size_t content_feed(struct content *content, bool *out_ended, struct slice bytes, int64_t at_ns);
// Whether the next byte is the first after a CRLF, or the text's first.
bool content_is_at_line_start(const struct content *content);
// No more will come. Emits the last line where it has no end, and EVENT_CONTENT_END.
void content_end(struct content *content, bool complete, int64_t at_ns);
// The numbers, valid after content_end.
void content_numbers(struct event_content_end *out, const struct content *content);

#endif
