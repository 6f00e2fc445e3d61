// SPDX-License-Identifier: MIT
// filter: decides what becomes of each line between the two legs of a relay. Without filters no
// byte is looked at before it is passed on.
//
//   client ──▶ lines ──▶ judge ─┬─ PASS ──────────────────▶ server      (and the same back)
//                │              ├─ TAKE ──▶ take ── port ─▶ either side
//                │              ├─ MORE ──▶ … until the line is whole
//                └─ held ◀──────┴─ HOLD     … until `progress` has changed what is waited for
//
// A line comes whole, in whatever pieces its bytes came, with what the decoder knows of its place
// in the dialogue; message text comes as bytes. The transcript has a line that a filter takes as
// its peer's, and has it before `take` is called. What the filter then sends in its place is not
// recorded: `say` is for the proxy's own lines, and records them as such.
//
// Several filters form a row between the peers, and each line meets them in the order of its
// way: it belongs to the first that does not pass it.
//
//   client ◀──▶ fault ◀──▶ bridge ◀──▶ server
//
//   what a filter does            how
//   drop a line                   TAKE, and send nothing
//   answer in the server's place  TAKE the command, HOLD what follows until `replies_before` is 0,
//                                 then `say` to the client
//   replace an answer             TAKE its lines, then `say` to the client
//   edit a reply                  TAKE its lines, then `substitute`
//   delay                         TAKE; `send` at the deadline, `holds` and HOLD until then
//   slice                         the same, a piece at each deadline
//   silence                       HOLD for ever
//   close, reset                  TAKE, then `end`; a last word is said before it
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
    int exchange;     // a client's line: the number that it will have; text: that of its command
    bool may_be_last; // text: these may be the first bytes of what ends it
    bool last;        // text: with these bytes the message has come to its end
    int64_t at_ns;
};

enum filter_verdict {
    FILTER_PASS, // it goes on; of a line that is not whole, the rest of it goes on unasked
    FILTER_TAKE, // it goes no further than `take`
    FILTER_MORE, // asked again when more of the line is here; at its stream's end, or past
                 // LIMIT_FILTER_LINE, it passes, after `let_go`
    FILTER_HOLD, // it and all that follows wait, the end of the stream too; asked again after each
                 // `progress`
};

enum { FILTER_TEXT_LINE = 0 };

enum filter_end {
    FILTER_END_FIN,   // after the bytes that were sent before
    FILTER_END_RESET, // the same
};

// What a filter may do. Valid as long as its relay.
struct filter_port {
    void *relay;
    size_t place; // among the filters
    // Bytes for this side, as if the other peer had sent them; not recorded.
    void (*send)(const struct filter_port *port, enum side to, struct slice bytes);
    // Within `take`: the line that was taken goes on to the filters that are next on its way. True
    // where one of them took it; else it is still the caller's.
    bool (*offer)(const struct filter_port *port, const struct filter_line *line, int64_t at_ns);
    // What the filters that are next on its way say of a line, so that one that they hold is not
    // taken.
    enum filter_verdict (*next_verdict)(const struct filter_port *port,
                                        const struct filter_line *line);
    // Within `take`: whole lines in place of a line that was taken, or of the last of several. The
    // filters after this one decide about them, as if they had come; not recorded.
    void (*substitute)(const struct filter_port *port, const struct filter_line *line,
                       struct slice lines, int64_t at_ns);
    // A line of the proxy's own, without its end: a command to the server, a reply to the client,
    // which the filters that are next on its way decide about. Nothing once the session is over.
    void (*say)(const struct filter_port *port, enum side to, const char *line, int64_t at_ns);
    // Only records a line to the server in place of the client's that is taken; the filter sends
    // it.
    void (*record_command)(const struct filter_port *port, const char *line, int64_t at_ns);
    // Only records a reply of the proxy's own to the client, for one who sends it later.
    void (*record_reply)(const struct filter_port *port, const char *line, int64_t at_ns);
    // The same for one in place of a reply that was taken.
    void (*record_substitute)(const struct filter_port *port, const char *line, int64_t at_ns);
    void (*note)(const struct filter_port *port, const char *text, int64_t at_ns);
    void (*fault)(const struct filter_port *port, const struct event_fault *fault, int64_t at_ns);
    // What becomes of the reply to EHLO that is judged, so that what the client does is judged by
    // what it was offered.
    void (*edit_offer)(const struct filter_port *port, const struct offer_edit *edit);
    // The client has sent what is held of it before the reply that will be recorded next.
    void (*held_was_early)(const struct filter_port *port);
    // Replies of the server, its greeting included, that come before the one to the newest command.
    size_t (*replies_before)(const struct filter_port *port);
    // What the next reply answers; false where none is due, as once the session is over.
    bool (*next_reply)(const struct filter_port *port, struct dialogue_next_reply *out);
    size_t (*accepted_recipients)(const struct filter_port *port); // of the transaction
    uint64_t (*text_left)(const struct filter_port *port);         // as dialogue_text_left
    // Closes the connection to the server, with nothing that waits for it; the client's stays.
    void (*drop_server)(const struct filter_port *port, int64_t at_ns);
    // Ends the session towards both peers; `why` is a sentence, NULL where the dialogue says it.
    void (*end)(const struct filter_port *port, enum filter_end how, const char *why,
                int64_t at_ns);
};

// Whether the reply to this exchange comes next, so that an answer of the filter's own may be said.
static inline bool filter_port_is_turn(const struct filter_port *port, int exchange) {
    struct dialogue_next_reply due;
    return port->next_reply(port, &due) && due.exchange == exchange;
}

struct filter_ops {
    // The same line may be judged several times before it goes on; the answer may then change, but
    // what is counted or decided by chance is so once, by `exchange`.
    enum filter_verdict (*judge)(void *filter, const struct filter_line *line);
    // A line that was judged TAKE and has been recorded.
    void (*take)(void *filter, const struct filter_line *line, int64_t at_ns);
    // What is to be said in place of a reply that another filter is about to say, which is then not
    // recorded: the client never gets it. NULL: nothing; as a member, never anything.
    const char *(*in_place)(void *filter, const struct filter_line *line, int64_t at_ns);
    // The most bytes of text to be judged as one piece: FILTER_TEXT_LINE for no more than a line.
    // NULL: any number. A line that begins with a dot is one piece all the same.
    uint64_t (*text_max)(const void *filter);
    // Something happened that others may wait for: a reply went by, a handshake ended, the deadline
    // came. NULL where nothing is waited for.
    void (*progress)(void *filter, int64_t at_ns);
    // What is held of this peer goes out as it is: its stream has ended, or a line came that is too
    // long to be waited for. NULL where nothing is held.
    void (*let_go)(void *filter, enum side side, int64_t at_ns);
    // Bytes that another filter sends to this side would overtake what waits here: true where they
    // were queued after it. NULL: never.
    bool (*queue)(void *filter, enum side to, struct slice bytes);
    // Bytes of this peer are taken and will yet be sent: the end of its stream waits for them.
    // NULL: never.
    bool (*holds)(const void *filter, enum side side);
    // When `progress` is to be called next; INT64_MAX for never. NULL: never.
    int64_t (*deadline_ns)(const void *filter);
    void (*free)(void *filter);
    // It keeps something from the server: what the client said in front of a ClientHello, and can
    // no longer be judged, must not go there.
    bool guards;
};

struct filter {
    const struct filter_ops *ops;
    void *self;
};

#endif
