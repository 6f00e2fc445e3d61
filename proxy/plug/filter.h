// SPDX-License-Identifier: MIT
// filter: what stands between the two legs of a relay and decides what becomes of each line. With
// none in place no byte is looked at before it is passed on.
//
//   client ──▶ lines ──▶ judge ─┬─ PASS ──────────────────▶ server      (and the same back)
//                │              ├─ TAKE ──▶ take ── port ─▶ either side
//                │              ├─ MORE ──▶ … until the line is whole
//                └─ held ◀──────┴─ HOLD     … until `progress` has changed what is waited for
//
// A line comes whole, in whatever pieces its bytes came, and with what the decoder says of the
// place where it stands; message text comes as bytes. What a filter takes is still told to the
// observer, as what the peer said, before `take` is called; what the filter then sends in its place
// is not: it says what is its own through `say`, which tells it as the proxy's.
//
// Several filters are asked in order: a line belongs to the first that does not pass it.
#ifndef SCOPE_PLUG_FILTER_H
#define SCOPE_PLUG_FILTER_H

#include "event/reply_line.h"
#include "smtp/dialogue.h"

enum filter_kind {
    FILTER_COMMAND,   // a command: `verb`
    FILTER_OPAQUE,    // a SASL response, or bytes that are no SMTP
    FILTER_UNDECIDED, // a reply that is due decides what the line is
    FILTER_TEXT,      // message text, cut anywhere
    FILTER_REPLY,     // a line of the server: `reply`, `due`
};

struct filter_line {
    enum side from;
    enum filter_kind kind;
    struct slice bytes; // with the line's end, if `whole`
    bool whole;         // else the first bytes of a line that goes on; text is always whole
    enum verb verb;     // VERB_UNKNOWN until the line is whole
    struct reply_line reply;
    struct dialogue_next_reply due; // what the reply answers
};

enum filter_verdict {
    FILTER_PASS, // it goes on; of a line that is not whole, the rest of it goes on unasked
    FILTER_TAKE, // it goes no further than `take`
    FILTER_MORE, // asked again when more of the line is here; at its stream's end, or past
                 // LIMIT_FILTER_LINE, it passes, after `let_go`
    FILTER_HOLD, // it and all behind it wait; asked again after each `progress`
};

// What a filter may do. Valid as long as its relay.
struct filter_port {
    void *relay;
    // Bytes for this side, as if the other peer had sent them; not told.
    void (*send)(void *relay, enum side to, struct slice bytes);
    // A line of the proxy's own, without its end: a command to the server, a reply to the client.
    void (*say)(void *relay, enum side to, const char *line, int64_t at_ns);
    void (*note)(void *relay, const char *text, int64_t at_ns);
};

struct filter_ops {
    enum filter_verdict (*judge)(const void *filter, const struct filter_line *line);
    // A line that was judged TAKE and has been told.
    void (*take)(void *filter, const struct filter_line *line, int64_t at_ns);
    // Something happened that others may wait for: a reply went by, a handshake ended, the deadline
    // came. NULL where nothing is waited for.
    void (*progress)(void *filter, int64_t at_ns);
    // What is held of this peer goes out as it is: its stream has ended, or a line came that is too
    // long to be waited for. NULL where nothing is held.
    void (*let_go)(void *filter, enum side side, int64_t at_ns);
    // When `progress` is to be called next; INT64_MAX for never. NULL: never.
    int64_t (*deadline_ns)(const void *filter);
    void (*free)(void *filter);
};

struct filter {
    const struct filter_ops *ops;
    void *self;
};

#endif
