// SPDX-License-Identifier: MIT
// message_log: what a transcript keeps of a session's messages while they stream by: the header,
// and by `--body` the body, each up to its cap, until the message's last answer makes an object of
// it. One log serves all outputs of a session, so that `jsonl` and `json` hold the very same
// object.
//
//   EVENT_TEXT, _FIELD, _CONTENT ──▶ record of message n ── EVENT_MESSAGE ──▶ {"n":1,"from":…}
//
// Several records may be open at once: messages can be pipelined.
//
// When the lines of a message were seen stands in the timeline of `json`, not in its object. Where
// the header's lines cannot be told from its fields (no space behind a colon, bare LF, …)
// `header_text` has them as they were sent; `odd_dots` has the numbers of the body lines, from 1 at
// the empty line, whose first dot is not doubled as it should be.
#ifndef SCOPE_TRANSCRIPT_MESSAGE_LOG_H
#define SCOPE_TRANSCRIPT_MESSAGE_LOG_H

#include "base/budget.h"
#include "base/buf.h"
#include "event/event.h"

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
    int64_t at_us;  // the same for all lines of one millisecond
};
size_t message_log_bytes(const struct message_log *log); // that it has reserved
// False where it shows nothing.
bool message_log_shown(const struct message_log *log, struct message_shown *out);
// The object of the EVENT_MESSAGE that was taken last; valid until the next take.
struct slice message_log_object(struct message_log *log);

// ── inside ──────────────────────────────────────────────────────────────────────────────────────

struct message_field {
    struct span name; // in `store`
    struct span raw;
    struct span value;
    bool cut;
};

struct message_cut_line {
    uint64_t number; // among the lines shown, from 1
    size_t len;
    size_t shown;
};

enum content_state { CONTENT_LINE_START, CONTENT_LINE_START_CR, CONTENT_IN_LINE, CONTENT_BODY };

struct message_record {
    struct message_record *next;
    int n;
    struct header_limit limit;
    struct buf header_text; // the header's lines as sent, with their ends
    struct buf store;       // the bytes of the fields
    struct message_field *fields;
    size_t field_count;
    size_t field_bytes;         // of the header that they are
    enum content_state content; // where in the message the content is
    struct buf body;
    bool cut;
    int64_t shown_us;   // when the lines shown last were seen
    size_t shown_times; // how often that has changed
    uint64_t lines;     // shown so far
    struct message_cut_line *cut_lines;
    size_t cut_line_count;
    uint64_t body_lines; // seen, the empty line included
    bool behind_lf;      // the last line shown ended in LF alone
    uint64_t *odd_dots;  // numbers of body lines
    size_t odd_dot_count;
};

// Appends the object.
void message_record_put(struct buf *out, const struct message_record *record, enum body_detail body,
                        const struct event_message *message);

#endif
