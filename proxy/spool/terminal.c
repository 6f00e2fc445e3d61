// SPDX-License-Identifier: MIT
#include "spool/terminal.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { STATUS_COLUMNS_MIN = 20 };

// ECMA-48: ED erases from the cursor to the end of the screen, CUU moves up.
#define ERASE_BELOW "\x1b[J"
#define UP          "\x1b[A"
#define REVERSE     "\x1b[7m"
#define NORMAL      "\x1b[0m"

// ── life ────────────────────────────────────────────────────────────────────────────────────────

// As the C library finds the locale of LC_CTYPE. It is not asked, since it knows only those that
// are installed, and a terminal may be on another machine than this program.
static bool shows_utf8(void) {
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);
        if (value != NULL && *value != '\0') {
            struct slice locale = slice_of_string(value);
            return slice_find_nocase(locale, SLICE("UTF-8")) != SLICE_NONE ||
                   slice_find_nocase(locale, SLICE("utf8")) != SLICE_NONE;
        }
    }
    return false;
}

bool terminal_is_dumb(void) {
    const char *name = getenv("TERM");
    return name == NULL || *name == '\0' || strcmp(name, "dumb") == 0;
}

void terminal_init(struct terminal *terminal, int fd, bool color) {
    *terminal = (struct terminal){.is_terminal = isatty(fd) == 1, .fd = fd};
    terminal->moves = color && !terminal_is_dumb();
    terminal->screen.utf8 = shows_utf8();
    terminal->screen.color = color;
}

void terminal_cleanup(struct terminal *terminal) {
    free(terminal->status);
    *terminal = (struct terminal){.fd = -1};
}

void terminal_measure(struct terminal *terminal) {
    struct winsize size = {0};
    if (!terminal->is_terminal) {
        return;
    }
    bool known = ioctl(terminal->fd, TIOCGWINSZ, &size) == 0;
    terminal->stale = terminal->stale || terminal->screen.columns != size.ws_col;
    terminal->screen.columns = known ? size.ws_col : 0;
    // A job in the background must not move the cursor of a shell in use. Where
    // this is not our controlling terminal there are no jobs.
    pid_t owner = tcgetpgrp(terminal->fd);
    terminal->foreground = owner < 0 || owner == getpgrp();
}

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

static void erase(struct terminal *terminal, struct buf *out) {
    if (terminal->drawn) {
        buf_put_string(out, ERASE_BELOW);
        terminal->drawn = false;
    }
}

void terminal_put_line(struct terminal *terminal, struct buf *out, struct slice counter,
                       struct slice line) {
    erase(terminal, out);
    if (terminal->is_terminal) {
        screen_put_line(&terminal->screen, out, line);
        return;
    }
    buf_put(out, counter);
    buf_put(out, line);
}

// ── the status line ─────────────────────────────────────────────────────────────────────────────

void terminal_set_status(struct terminal *terminal, const char *text) {
    if (terminal->status == NULL || strcmp(terminal->status, text) != 0) {
        free(terminal->status);
        terminal->status = mem_string(text);
        terminal->stale = true;
    }
}

// It goes below the cursor, which comes back: whatever another program prints begins on a line of
// its own, and the prompt of the shell, should we be killed, too. Nothing is drawn in the last
// column, where terminals differ about what comes next.
static void draw(const struct terminal *terminal, struct buf *out) {
    buf_put_string(out, "\r\n" ERASE_BELOW REVERSE " ");
    screen_put_parts(&terminal->screen, out, slice_of_string(terminal->status),
                     terminal->screen.columns - 3);
    buf_put_string(out, " " NORMAL "\r" UP);
}

void terminal_settle(struct terminal *terminal, struct buf *out, bool closing) {
    bool wanted = terminal->status != NULL && terminal->moves && terminal->foreground &&
                  terminal->screen.columns >= STATUS_COLUMNS_MIN && !closing;
    if (!wanted) {
        erase(terminal, out);
        return;
    }
    if ((terminal->drawn && !terminal->stale) || buf_len(out) > LIMIT_SCREEN) {
        return;
    }
    erase(terminal, out);
    draw(terminal, out);
    terminal->drawn = true;
    terminal->stale = false;
}
