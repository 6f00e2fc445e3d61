// SPDX-License-Identifier: MIT
// stray_text: the text of a message where a command is due. The decoder, which goes by the replies,
// reads each of its lines as a command; here they are one fault, with the cause that it has:
//
//   DATA refused, text all the same      a header field with no DATA before it
//   a line with a single dot in the text, or a chunk longer than BDAT said, and the rest after it
#ifndef SCOPE_INSPECT_STRAY_TEXT_H
#define SCOPE_INSPECT_STRAY_TEXT_H

#include "event/event.h"

enum stray_cause {
    STRAY_NONE,
    STRAY_REFUSED, // DATA was not answered 354
    STRAY_DOT,     // a message ended, and what came with it goes on
    STRAY_CHUNK,   // the last chunk ended, and what came with it goes on
    STRAY_HEADER,
};

struct stray_text {
    enum stray_cause cause; // why the next unknown line may be text
    int exchange;           // of the DATA or BDAT
    bool running;           // text has begun, and not ended with its dot or a command
    int first_line;         // the exchanges of the latest lines of such text; 0 before any
    int last_line;
};

void stray_expect(struct stray_text *stray, enum stray_cause cause, int exchange);
void stray_forget(struct stray_text *stray);

// Why this line is text; STRAY_NONE where it is none.
enum stray_cause stray_cause_of(const struct stray_text *stray,
                                const struct event_command *command);
// Whether that was one of the latest lines that are text.
bool stray_was_line(const struct stray_text *stray, int exchange);
// A line was seen, and judged.
void stray_learn(struct stray_text *stray, const struct event_command *command);

#endif
