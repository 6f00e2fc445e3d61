// SPDX-License-Identifier: MIT
// screen: a line of the text format laid out to be read on a screen. Asks the system nothing: how
// wide the screen is and what it can show is plain data.
//
//   in    7 2026-11-22T15:03:11.586Z 4242 1 C > "QUIT"              (its counter was taken off)
//         8 2026-11-22T15:03:12.002Z 4242 2 !!! warning no-quit: The client closed the connection …
//
//   out   15:03:11.586 1 C > "QUIT"
//         ── session 2 ───────────────────────────────────
//         15:03:12.002 2 !!! warning no-quit: The client
//                            closed the connection …
//
// A line is broken at single spaces, a longer word at the edge; nothing of it is left out but the
// space where it is broken. What comes in was escaped before, so the only ESC in a line is the
// colour of `text`.
#ifndef SCOPE_SPOOL_SCREEN_H
#define SCOPE_SPOOL_SCREEN_H

#include "base/buf.h"

// All-zero is a screen of unknown width that shows ASCII in one colour.
struct screen {
    unsigned columns; // 0: unknown, lines are not broken
    bool utf8;        // else other characters than ASCII are shown as \xHH, a byte each
    bool color;
    size_t session_width; // of the longest session number so far
    uint64_t newest;      // the highest session number so far
    uint64_t seen;        // bit n: a line of session `newest - n` was shown
};

// Appends the line, `TIME PID SESSION WHAT` with its '\n', as one row or more. In front of the
// first line of each session but the first comes a rule; session 0 is none.
void screen_put_line(struct screen *screen, struct buf *out, struct slice line);

// Appends the label, such as "smtpscope: ", and after it the sentence with a '\n', as one row or
// more. Both are ASCII or were escaped before.
void screen_put_sentence(const struct screen *screen, struct buf *out, const char *label,
                         struct slice sentence);

// Appends as many of the parts, one a line of `parts`, as fit into so many columns, the first ones
// first. The first one is cut where it does not fit, and for the second where both stay readable.
void screen_put_parts(const struct screen *screen, struct buf *out, struct slice parts,
                      size_t columns);

#endif
