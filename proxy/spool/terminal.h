// SPDX-License-Identifier: MIT
// terminal: what the text output adds where its lines go to a person's screen, and nowhere else:
// long lines are cut at the width, the columns are aligned, and a status line is kept
// below.
//
//   1 2026-11-22T15:03:11.586Z 4242 1 ### Connected to …
//   2 2026-11-22T15:03:11.590Z 4242 1 S < "220 mail.example.com ESMTP a very long gr…
//   ▏                          ◀── the cursor rests here, so what others print stays readable
//   ▐ 127.0.0.1:2525 · 1 live · 1 message · 0 findings ▌
//
// The words of a line and their order stay those of the contract: the columns are moved by control
// sequences, not by more spaces. A terminal of unknown width gets the plain lines. Without colour
// (--color never, NO_COLOR, TERM=dumb) no control sequence is sent at all: lines are cut, no more.
//
// What comes in was escaped before, so the only ESC in a line is the colour of `text`.
// terminal_measure is the one function that asks the system.
#ifndef SCOPE_SPOOL_TERMINAL_H
#define SCOPE_SPOOL_TERMINAL_H

#include "base/buf.h"

enum { TERMINAL_COLUMNS_ALIGNED = 3 }; // COUNTER, PID, SESSION; TIME is always as wide

// All-zero is no terminal: lines pass as they are.
struct terminal {
    bool is_terminal;
    bool moves;                              // control sequences may be sent
    int fd;                                  // borrowed
    unsigned columns;                        // 0: unknown
    bool foreground;                         // the terminal is ours: we are not a background job
    size_t widths[TERMINAL_COLUMNS_ALIGNED]; // the widest seen
    char *status;                            // NULL: no status line. Owned.
    bool drawn;                              // it is below the cursor
    bool stale;                              // it is not what `status` says
};

// `fd` is where the lines go, `color` whether they are coloured.
void terminal_init(struct terminal *terminal, int fd, bool color);
void terminal_cleanup(struct terminal *terminal);

// Asks for the width, and whose turn it is.
void terminal_measure(struct terminal *terminal);

// Appends the line: its counter with its space, and the rest with its '\n'.
void terminal_put_line(struct terminal *terminal, struct buf *out, struct slice counter,
                       struct slice line);

// The text of the status line from now on; terminal_settle draws it.
void terminal_set_status(struct terminal *terminal, const char *text);
// After a batch of lines: draws the status line where it is missing or old. `closing`: takes it
// away for good.
void terminal_settle(struct terminal *terminal, struct buf *out, bool closing);

#endif
