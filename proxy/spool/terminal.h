// SPDX-License-Identifier: MIT
// terminal: where the lines of the text output go to a person's screen, and nowhere else: they are
// laid out for its width (screen.h), and a status line is kept below.
//
//   15:03:11.586 1 ### Connected to …
//   15:03:11.590 1 S < "220 mail.example.com ESMTP"
//   ▏                          ◀── the cursor rests here, so what others print stays readable
//   ▐ 1 live · 1 message · 0 findings · 127.0.0.1:2525 ▌
//
// Without colour (--color never, NO_COLOR, TERM=dumb) no control sequence is sent at all: there is
// no status line. terminal_init and terminal_measure are the functions that ask the system.
#ifndef SCOPE_SPOOL_TERMINAL_H
#define SCOPE_SPOOL_TERMINAL_H

#include "spool/screen.h"

// All-zero is no terminal: lines pass as they are.
struct terminal {
    bool is_terminal;
    bool moves;      // control sequences may be sent
    int fd;          // borrowed
    bool foreground; // the terminal is ours: we are not a background job
    struct screen screen;
    char *status; // its parts, one a line; NULL: no status line. Owned.
    bool drawn;   // it is below the cursor
    bool stale;   // it is not what `status` says
};

// Whether $TERM says that the terminal, whatever it is, knows no control sequences.
bool terminal_is_dumb(void);

// `fd` is where the lines go, `color` whether they are coloured.
void terminal_init(struct terminal *terminal, int fd, bool color);
void terminal_cleanup(struct terminal *terminal);

// Asks for the width, and whose turn it is.
void terminal_measure(struct terminal *terminal);

// Appends the line: its counter with its space, and the rest with its '\n'.
void terminal_put_line(struct terminal *terminal, struct buf *out, struct slice counter,
                       struct slice line);

// The parts of the status line from now on, one a line, the first ones the most important: what
// does not fit is left out. terminal_settle draws it.
void terminal_set_status(struct terminal *terminal, const char *text);
// After a batch of lines: draws the status line where it is missing or old. `closing`: takes it
// away for good.
void terminal_settle(struct terminal *terminal, struct buf *out, bool closing);

#endif
