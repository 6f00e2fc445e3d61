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
// the header's lines are not `NAME: RAW` (no space after a colon, bare LF, …)
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

#endif
