// SPDX-License-Identifier: MIT
// reply_line: the grammar of one line of a reply (RFC 5321 4.2.1), which everything that reads
// replies shares.
//
//      250-SIZE 1000    code 250, goes on, "SIZE 1000"
//      250 HELP         code 250, "HELP"
//      250mx            code 250, malformed, "mx": the last line of its reply all the same
//      Welcome!         no code
#ifndef SCOPE_EVENT_REPLY_LINE_H
#define SCOPE_EVENT_REPLY_LINE_H

#include "base/slice.h"

struct reply_line {
    int code;       // three digits, or 0
    bool malformed; // not three digits and SP, hyphen or end
    bool goes_on;   // a hyphen follows the code
    struct slice text;
};

// `line` is without its line end.
void reply_line_parse(struct reply_line *out, struct slice line);

// Whether the reply ends with this line.
bool reply_line_is_last(const struct reply_line *line);

// 2yz, positive completion: the server has done what was asked (RFC 5321 4.2.1).
bool reply_code_is_positive(int code);

// The enhanced status code (RFC 2034, 3463) at the front of a reply line's `text`, or the null
// slice.
struct slice reply_line_enhanced(struct slice text);

#endif
