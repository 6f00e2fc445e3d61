// SPDX-License-Identifier: MIT
// message_log: what a transcript keeps of a session's messages while they stream by: the header,
// and by `--body` the body, each up to its cap, until the message's last answer makes a record of
// it. One log serves all outputs of a session, so that `jsonl` and `json` say the very same.
//
//   EVENT_TEXT, _FIELD, _CONTENT ──▶ open message n ── EVENT_MESSAGE ──▶ struct record_message
//
// Several messages may be open at once: they can be pipelined.
//
// When the lines of a message were seen is in the moments of the session's record. Where
// the header's lines cannot be told from its fields (no space behind a colon, bare LF, …)
// `header_text` has them as they were sent; `odd_dots` has the numbers of the body lines, from 1 at
// the empty line, whose first dot is not doubled as it should be.
#ifndef SCOPE_TRANSCRIPT_MESSAGE_LOG_H
#define SCOPE_TRANSCRIPT_MESSAGE_LOG_H

#include "base/budget.h"
#include "base/buf.h"
#include "event/event.h"
#include "transcript/record.h"

enum body_detail { BODY_HEADERS, BODY_NONE, BODY_FULL }; // --body

// How much of a header was shown already: contract, "Detail".
struct header_limit {
    size_t bytes;
    size_t fields;
    bool reached;
};

// Whether this line of message text is one that `--body` shows; counts it.
bool message_line_shown(enum body_detail body, struct header_limit *limit,
                        const struct event_text *text);

struct message_log;

// `share` bounds what it keeps beside LIMIT_OPEN_MESSAGES; it is borrowed, and NULL where nothing
// does.
struct message_log *message_log_new(enum body_detail body, const struct budget_share *share);
void message_log_free(struct message_log *log);
// Takes every event of the session, before the outputs do.
void message_log_take(struct message_log *log, const struct event *event);
// What the event that was taken last shows of a message in the text output.
struct message_shown {
    int message;
    uint64_t lines; // 0: the message's end
    int64_t at_ns;  // the same for all lines of one millisecond
};
size_t message_log_bytes(const struct message_log *log); // that it has reserved
// False where it shows nothing.
bool message_log_shown(const struct message_log *log, struct message_shown *out);
// The record of the event that was taken last, NULL where that is no EVENT_MESSAGE; valid until the
// next take, and as long as the event.
const struct record_message *message_log_message(struct message_log *log);

// ── inside ──────────────────────────────────────────────────────────────────────────────────────

struct message_field {
    struct span name; // in `store`
    struct span raw;
    struct span value;
    bool cut;
};

enum content_state { CONTENT_LINE_START, CONTENT_LINE_START_CR, CONTENT_IN_LINE, CONTENT_BODY };

struct open_message {
    struct open_message *next;
    int n;
    struct header_limit limit;
    struct buf header_text; // the header's lines as sent, with their ends
    struct buf store;       // the bytes of the fields
    struct message_field *fields;
    size_t field_count;
    size_t field_room;
    size_t field_bytes;         // of the header that they are
    enum content_state content; // where in the message the content is
    struct buf body;
    bool cut;
    int64_t shown_ns;   // when the lines shown last were seen
    size_t shown_times; // how often that has changed
    uint64_t lines;     // shown so far
    struct record_cut_line *cut_lines;
    size_t cut_line_count;
    uint64_t body_lines; // seen, the empty line included
    bool behind_lf;      // the last line shown ended in LF alone
    uint64_t *odd_dots;  // numbers of body lines
    size_t odd_dot_count;
};

// Says what is kept of the message; `out` points into `open` and the event, lists are in the arena.
void open_message_record(struct record_message *out, struct arena *arena,
                         const struct open_message *open, enum body_detail body,
                         const struct event_message *message);

#endif
