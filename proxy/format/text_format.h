// SPDX-License-Identifier: MIT
// text_format: the format for people, one line an event:
//
//   TIME PID SESSION WHAT            (the writer puts COUNTER in front)
//
//   ### a happening                  C > "LINE"   S < "LINE"   a peer's line
//   !!! error RULE: a finding        P > "LINE"   P < "LINE"   the proxy's own
//                                    C > (message 1: 2345 bytes, 61 lines)
//
// Whatever came from the wire is escaped: no line can forge another or move a terminal. What an
// event says here, `show` can say again from a recorded transcript; so nothing is written that
// `jsonl` and `json` do not hold.
#ifndef SCOPE_FORMAT_TEXT_FORMAT_H
#define SCOPE_FORMAT_TEXT_FORMAT_H

#include "base/buf.h"
#include "event/event.h"
#include "format/said.h"
#include "transcript/message_log.h"

struct text_writer {
    enum body_detail body;
    bool color;
    bool quiet;        // --quiet: what went wrong, and nothing else
    struct said *said; // on a screen, where a cause is said once; NULL elsewhere
    bool recorded; // lines of a transcript: --body and its limits had their say when it was written
    struct header_limit limit; // of the message whose lines come; of one session
    int message;
};

// Appends the lines of the event, each with its '\n'; an event may have none.
void text_put_event(struct buf *out, struct text_writer *writer, const struct event *event);

#endif
