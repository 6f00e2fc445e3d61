// SPDX-License-Identifier: MIT
// record: a session as data. It is built from the session's masked events, or read from a
// transcript; json and jsonl are written from it, expressions and the judge ask it, `show` makes
// events of it.
//
//   command 1 ─┐                     ┌ 0: the greeting
//   command 2 ─┼─▶ exchanges, in ────┼ 1: command 1, its reply
//   reply to 1 ┘   order of commands └ 2: command 2, …
//
// The moments are the order of all of it: what happened when, each naming its exchange, message or
// finding by its place. Lines of a message's text are moments too, as a number of lines; the lines
// themselves are made of the message (reader_lines.c).
//
// Times are in nanoseconds since the accept, of whole microseconds, so that started + at is the
// very time that `jsonl` and `text` show.
#ifndef SCOPE_TRANSCRIPT_RECORD_H
#define SCOPE_TRANSCRIPT_RECORD_H

#include "base/arena.h"
#include "base/budget.h"
#include "base/buf.h"
#include "event/event.h"

// Bytes from a recorded transcript that does not say how many there were.
#define RECORD_BYTES_UNKNOWN UINT64_MAX

// A line as JSON has it. Members that only odd lines have let `show` give back every line exactly.
struct record_line {
    struct slice text;   // of a reply what follows code and separator
    struct slice prefix; // of a reply's line, where it is not its code and the usual separator
    size_t len;          // of the whole line where it was cut, else 0
    bool was_no_utf8;    // before the mask rewrote it
};

struct record_command {
    bool by_proxy;
    int exchange;
    struct slice verb;     // upper case; null for a SASL line and for one shown as a mask only
    struct slice argument; // null where there is none
    struct record_line line;
    bool pipelined;
    bool continuation;
    int64_t at_ns;
};

struct record_reply {
    bool by_proxy;
    int to; // EVENT_NO_EXCHANGE for none
    int code;
    struct slice enhanced;
    const struct record_line *lines;
    size_t line_count;
    bool lines_cut; // there were more
    bool final;
    struct slice recipient;
    int64_t at_ns;
};

struct record_exchange {
    int n;                              // -1: a reply with no command due
    struct record_command *command;     // NULL where there is none
    bool continuation;                  // a SASL line
    struct record_reply *reply;         // NULL while there is none
    struct record_reply *final_reply;   // the answer to a message
    struct record_reply *final_replies; // LMTP: for each recipient
    size_t final_reply_count;
    int64_t latency_ns; // -1 where not known
    bool tls;
    bool bdat; // its answer to the message is the reply itself
};

struct record_field {
    struct slice name;
    struct slice value; // unfolded and decoded
    struct slice raw;   // as it was sent, where that is not the value; else null
};

struct record_cut_line {
    uint64_t number; // among the lines shown, from 1
    uint64_t len;
    uint64_t shown;
};

struct record_message {
    struct event_message event; // but for its exchange, which is the session's to know
    bool has_header;            // false under --body none
    const struct record_field *fields;
    size_t field_count;
    struct slice body; // null where it is not kept
    bool cut;
    struct slice header_text; // the header's lines as sent, where they are not "NAME: RAW"
    const uint64_t *odd_dots; // numbers of body lines whose first dot is not as the body says
    size_t odd_dot_count;
    const struct record_cut_line *cut_lines;
    size_t cut_line_count;
};

struct record_moment {
    enum event_kind kind;
    bool final;     // EVENT_REPLY
    size_t which;   // place of the exchange, auth, message, finding; the side; the party; of
                    // EVENT_TEXT the message's number
    size_t nth;     // which of the exchange's final replies
    int64_t at_ns;  // -1 where the object itself says it
    uint64_t lines; // EVENT_TEXT: how many; 0 for the message's end
    const struct event_tls *tls;
    struct slice text; // EVENT_NOTE
};

struct record {
    struct arena arena; // of all that it points at, but the lists while they grow
    struct event_session session;
    bool begun;  // an event has come
    bool closed; // what is known only at the end is known
    int64_t ended_unix_ns;
    struct event_close close;
    const struct event_tls *tls[2]; // by side; NULL where no handshake was begun
    struct record_exchange *exchanges;
    size_t exchange_count;
    struct event_auth *auths;
    size_t auth_count;
    struct record_message *messages;
    size_t message_count;
    struct event_finding *findings;
    size_t finding_count;
    struct event_fault *faults;
    size_t fault_count;
    bool truncated;
    struct record_moment *moments;
    size_t moment_count;
    // While it is built.
    bool greeted; // the greeting is among the exchanges
    const struct budget_share *share;
    struct arena scratch; // of one event
    size_t exchange_room; // 0: the list is in the arena
    size_t auth_room;
    size_t message_room;
    size_t finding_room;
    size_t fault_room;
    size_t moment_room;
    size_t bytes;    // about what it is in JSON
    size_t last_hit; // place of the exchange found last: replies come in order
    int last_n;      // of the last command
    bool full;       // LIMIT_DOCUMENT or the share was met: nothing more is taken
    bool whole;      // of a transcript that is read: no limit, all that comes is taken
};

// ── building it ─────────────────────────────────────────────────────────────────────────────────

struct message_log;
struct message_shown;

// `share` bounds what it keeps beside LIMIT_DOCUMENT; it is borrowed, and NULL where nothing does.
struct record *record_new(const struct budget_share *share);
void record_free(struct record *record); // NULL is fine
// Takes every event of the session, each after `messages` took it: an EVENT_MESSAGE with the log's
// record of it, any other with what it shows of a message in the text output.
void record_take_logged(struct record *record, const struct event *event,
                        struct message_log *messages);
// The same where there is no log; `message` is the record of an EVENT_MESSAGE.
void record_take(struct record *record, const struct event *event,
                 const struct record_message *message);
// The same for a command and a reply that are no event; `decoder_ns` is the latency that the
// decoder counted, -1 for none.
void record_add_command(struct record *record, const struct record_command *command, bool tls);
void record_add_reply(struct record *record, const struct record_reply *reply, bool tls,
                      int64_t decoder_ns);
void record_add_moment(struct record *record, struct record_moment moment);
struct record_moment record_moment_of(const struct message_shown *shown);
// Whether the moment goes on with what is shown; then it has its lines too.
bool record_moment_grows(struct record_moment *moment, const struct message_shown *shown);
// How many of the `count` moments are left when the greeting is whole: those of its lines that come
// right before it, in the same millisecond, say nothing.
size_t record_greeting_moments(const struct record_moment *moments, size_t count,
                               const struct event *event);
// The session began at another time than the record has: all times since then change with it.
void record_set_start(struct record *record, int64_t unix_ns);
// An event that came while the recording was paused: all that is kept of it is that something is
// missing, and of EVENT_CLOSE how the session ended.
void record_skip(struct record *record, const struct event *event);
size_t record_reserved(const struct record *record); // memory

// ── json ────────────────────────────────────────────────────────────────────────────────────────

struct cJSON;

// Appends the document as one JSON object. Without EVENT_CLOSE what is known only at the end is
// null. False, with nothing appended, when no event has come.
bool record_put_json(struct buf *out, const struct record *record);
struct record *record_read(const struct cJSON *object);

#endif
