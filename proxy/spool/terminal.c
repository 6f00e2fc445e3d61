// SPDX-License-Identifier: MIT
#include "spool/terminal.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
    COLUMNS_MIN = 60, // narrower, alignment costs more than it gives
    COUNTER_WIDTH_MIN = 3,
};

// ECMA-48: CUF moves right, ED erases from the cursor to the end of the screen, CUU moves up.
#define FORWARD     "\x1b[%zuC"
#define ERASE_BELOW "\x1b[J"
#define UP          "\x1b[A"
#define REVERSE     "\x1b[7m"
#define NORMAL      "\x1b[0m"
#define CUT_MARK    "\xe2\x80\xa6" // an ellipsis, one column wide

// ── life ────────────────────────────────────────────────────────────────────────────────────────

void terminal_init(struct terminal *terminal, int fd, bool color) {
    *terminal = (struct terminal){.is_terminal = isatty(fd) == 1, .fd = fd};
    const char *name = getenv("TERM");
    terminal->moves = color && name != NULL && *name != '\0' && strcmp(name, "dumb") != 0;
    terminal->widths[0] = COUNTER_WIDTH_MIN;
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
    terminal->stale = terminal->stale || terminal->columns != size.ws_col;
    terminal->columns = known ? size.ws_col : 0;
    // A job in the background must not move the cursor of a shell in use. Where
    // this is not our controlling terminal there are no jobs.
    pid_t owner = tcgetpgrp(terminal->fd);
    terminal->foreground = owner < 0 || owner == getpgrp();
}

// ── how wide text is ────────────────────────────────────────────────────────────────────────────

struct range {
    uint32_t first;
    uint32_t last;
};

// What a terminal may show two columns wide (Unicode's UAX 11 in broad strokes). Too wide a guess
// cuts a line early; too narrow a one would wrap it.
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x23ff},   {0x25fd, 0x27bf},   {0x2b00, 0x2bff},
    {0x2e80, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe10, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x18d8f},
    {0x1b000, 0x1b2ff}, {0x1f000, 0x1ffff}, {0x20000, 0x3fffd},
};

static size_t width_of(struct slice character) {
    uint32_t point = text_code_point(character);
    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
        if (point >= wide[i].first && point <= wide[i].last) {
            return 2;
        }
    }
    return 1;
}

// Takes the next unit off: a whole control sequence (no column), or a character.
static struct slice next_unit(struct slice *rest, size_t *out_width) {
    size_t len = 1;
    *out_width = 0;
    if (rest->data[0] == '\x1b') {
        size_t end = slice_find_byte(*rest, 'm');
        len = end == SLICE_NONE ? rest->len : end + 1;
    } else {
        len = text_utf8_length(*rest);
        len = len == 0 ? 1 : len;
        *out_width = width_of(slice_sub(*rest, 0, len));
    }
    struct slice unit = slice_sub(*rest, 0, len);
    *rest = slice_from(*rest, len);
    return unit;
}

static bool fits(struct slice text, size_t columns) {
    size_t used = 0;
    size_t width = 0;
    while (text.len > 0 && used <= columns) {
        next_unit(&text, &width);
        used += width;
    }
    return used <= columns;
}

// At most so many columns of the text; its control sequences stay, so a colour ends where it
// should.
static void put_cut(struct buf *out, struct slice text, size_t columns) {
    if (fits(text, columns)) {
        buf_put(out, text);
        return;
    }
    size_t used = 0;
    bool cut = false;
    while (text.len > 0) {
        size_t width = 0;
        struct slice unit = next_unit(&text, &width);
        if (width > 0 && !cut && used + width >= columns) {
            buf_put_string(out, CUT_MARK);
            cut = true;
        }
        if (width == 0 || !cut) {
            buf_put(out, unit);
            used += width;
        }
    }
}

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

// Right-aligned in its column, and a space; returns the columns that took.
static size_t put_aligned(struct buf *out, struct slice word, size_t *width) {
    if (word.len > *width) {
        *width = word.len;
    }
    if (word.len < *width) {
        buf_putf(out, FORWARD, *width - word.len);
    }
    buf_put(out, word);
    buf_put_byte(out, ' ');
    return *width + 1;
}

// `COUNTER TIME PID SESSION `; what stays is WHAT.
static size_t put_columns(struct terminal *terminal, struct buf *out, struct slice counter,
                          struct slice *line) {
    size_t used = put_aligned(out, slice_sub(counter, 0, counter.len - 1), &terminal->widths[0]);
    struct slice time = slice_split(line, ' ');
    buf_put(out, time);
    buf_put_byte(out, ' ');
    used += time.len + 1;
    used += put_aligned(out, slice_split(line, ' '), &terminal->widths[1]);
    used += put_aligned(out, slice_split(line, ' '), &terminal->widths[2]);
    return used;
}

static void erase(struct terminal *terminal, struct buf *out) {
    if (terminal->drawn) {
        buf_put_string(out, ERASE_BELOW);
        terminal->drawn = false;
    }
}

void terminal_put_line(struct terminal *terminal, struct buf *out, struct slice counter,
                       struct slice line) {
    erase(terminal, out);
    if (terminal->columns == 0) {
        buf_put(out, counter);
        buf_put(out, line);
        return;
    }
    struct slice rest = slice_sub(line, 0, line.len - 1);
    size_t used = counter.len;
    if (terminal->moves && terminal->columns >= COLUMNS_MIN) {
        used = put_columns(terminal, out, counter, &rest);
    } else {
        buf_put(out, counter);
    }
    put_cut(out, rest, terminal->columns > used ? terminal->columns - used : 1);
    buf_put_byte(out, '\n');
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
    put_cut(out, slice_of_string(terminal->status), terminal->columns - 3);
    buf_put_string(out, " " NORMAL "\r" UP);
}

void terminal_settle(struct terminal *terminal, struct buf *out, bool closing) {
    bool wanted = terminal->status != NULL && terminal->moves && terminal->foreground &&
                  terminal->columns >= COLUMNS_MIN && !closing;
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
