// SPDX-License-Identifier: MIT
#include "spool/screen.h"

#include "base/lines.h"
#include "base/text.h"

#include <string.h>

enum {
    CLOCK_OFFSET = 11, // of HH:MM:SS.mmm in TIME
    CLOCK_LEN = 12,
    MARK_LEN = 4,       // "C > ", "### ", "!!! "
    HANG_ROOM_MIN = 20, // columns beside a hanging indent; with fewer the indent is given up
    HANG_NARROW = 2,
    RULE_COLUMNS = 40, // of a rule where the width is not known
    SEEN_BITS = 64,
    PART_GAP = 3,        // between two parts of the status line
    FIRST_PART_MIN = 20, // columns of its first part, where the second is to be shown
    ESCAPED_BYTE = 4,    // columns of \xHH
};

#define DIM    "\x1b[2m"
#define NORMAL "\x1b[0m"

// ── how wide text is ────────────────────────────────────────────────────────────────────────────

struct range {
    uint32_t first;
    uint32_t last;
};

// What a terminal may show two columns wide (Unicode's UAX 11 in broad strokes). Too wide a guess
// breaks a line early; too narrow a one would let the terminal break it.
static const struct range wide[] = {
    {0x1100, 0x115f},   {0x231a, 0x23ff},   {0x25fd, 0x27bf},   {0x2b00, 0x2bff},
    {0x2e80, 0xa4cf},   {0xa960, 0xa97f},   {0xac00, 0xd7a3},   {0xf900, 0xfaff},
    {0xfe10, 0xfe6f},   {0xff00, 0xff60},   {0xffe0, 0xffe6},   {0x16fe0, 0x18d8f},
    {0x1b000, 0x1b2ff}, {0x1f000, 0x1ffff}, {0x20000, 0x3fffd},
};

static size_t width_of(const struct screen *screen, struct slice character) {
    if (!screen->utf8 && !text_is_ascii(character)) {
        return ESCAPED_BYTE * character.len;
    }
    uint32_t point = text_code_point(character);
    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
        if (point >= wide[i].first && point <= wide[i].last) {
            return 2;
        }
    }
    return 1;
}

// What is put or left as a whole: a control sequence, which takes no column, or a character.
struct screen_unit {
    struct slice bytes;
    size_t width;
};

static struct screen_unit next_unit(const struct screen *screen, struct slice *rest) {
    struct screen_unit unit = {.bytes = slice_sub(*rest, 0, 1)};
    if (rest->data[0] == '\x1b') {
        size_t end = slice_find_byte(*rest, 'm');
        unit.bytes = slice_sub(*rest, 0, end == SLICE_NONE ? rest->len : end + 1);
    } else {
        size_t len = text_utf8_length(*rest);
        unit.bytes = slice_sub(*rest, 0, len == 0 ? 1 : len);
        unit.width = width_of(screen, unit.bytes);
    }
    *rest = slice_from(*rest, unit.bytes.len);
    return unit;
}

static size_t columns_of(const struct screen *screen, struct slice text) {
    size_t columns = 0;
    while (text.len > 0) {
        columns += next_unit(screen, &text).width;
    }
    return columns;
}

static void put_unit(const struct screen *screen, struct buf *out, struct slice bytes) {
    if (screen->utf8 || text_is_ascii(bytes)) {
        buf_put(out, bytes);
        return;
    }
    for (size_t i = 0; i < bytes.len; i++) {
        buf_putf(out, "\\x%02X", bytes.data[i]);
    }
}

// ── rows ────────────────────────────────────────────────────────────────────────────────────────

struct row {
    const struct screen *screen;
    struct buf *out;
    size_t columns; // SIZE_MAX where the width is not known
    size_t hang;    // columns in front of the rows after the first
    size_t used;
};

static void put_spaces(struct buf *out, size_t count) {
    buf_putf(out, "%*s", (int)count, "");
}

static void break_row(struct row *row) {
    buf_put_byte(row->out, '\n');
    put_spaces(row->out, row->hang);
    row->used = row->hang;
}

// The length up to a single space, or the end. More spaces than one belong to the word: how many
// there are may be what a person looks for.
static size_t word_len(struct slice text) {
    size_t len = 0;
    while (len < text.len) {
        size_t spaces = 0;
        while (len + spaces < text.len && text.data[len + spaces] == ' ') {
            spaces++;
        }
        if (spaces == 1 && len > 0) {
            break;
        }
        len += spaces == 0 ? 1 : spaces;
    }
    return len;
}

// `RFC 5321 4.1.1` is one word: its number, and its section.
static size_t reference_len(struct slice text, size_t len) {
    enum { NUMBERS = 2 };
    struct slice word = slice_sub(text, 0, len);
    if (!slice_is(word, "RFC") && !slice_is(word, "(RFC")) {
        return len;
    }
    for (int i = 0; i < NUMBERS; i++) {
        bool number = len + 1 < text.len && text_is_digit(text.data[len + 1]);
        len += number ? 1 + word_len(slice_from(text, len + 1)) : 0;
    }
    return len;
}

// The space after it is left.
static struct slice next_word(struct slice *rest) {
    size_t len = reference_len(*rest, word_len(*rest));
    struct slice word = slice_sub(*rest, 0, len);
    *rest = slice_from(*rest, len);
    return word;
}

// A word that no row can hold is broken at the edge.
static void put_word(struct row *row, struct slice word) {
    while (word.len > 0) {
        struct screen_unit unit = next_unit(row->screen, &word);
        if (unit.width > 0 && row->used + unit.width > row->columns && row->used > row->hang) {
            break_row(row);
        }
        put_unit(row->screen, row->out, unit.bytes);
        row->used += unit.width;
    }
}

static void put_broken(struct row *row, struct slice text) {
    put_word(row, next_word(&text));
    while (text.len > 0) {
        text = slice_from(text, 1); // the space
        struct slice word = next_word(&text);
        size_t width = columns_of(row->screen, word);
        bool fits_here = row->used + 1 + width <= row->columns;
        if (!fits_here && row->hang + width <= row->columns) {
            break_row(row);
        } else {
            put_word(row, SLICE(" "));
        }
        put_word(row, word);
    }
}

// `used` columns are there already; `hang` come in front of each row that follows.
static void put_rows(const struct screen *screen, struct buf *out, size_t used, size_t hang,
                     struct slice text) {
    struct row row = {
        .screen = screen,
        .out = out,
        .columns = screen->columns == 0 ? SIZE_MAX : screen->columns,
        .hang = hang,
        .used = used,
    };
    if (row.hang + HANG_ROOM_MIN > row.columns) {
        row.hang = HANG_NARROW;
    }
    put_broken(&row, text);
    buf_put_byte(out, '\n');
}

void screen_put_sentence(const struct screen *screen, struct buf *out, const char *label,
                         struct slice sentence) {
    size_t len = strlen(label);
    buf_put_string(out, label);
    put_rows(screen, out, len, len, sentence);
}

// ── sessions ────────────────────────────────────────────────────────────────────────────────────

// Sessions come in about the order of their numbers, not quite.
static bool is_first_of(struct screen *screen, uint64_t session) {
    if (session > screen->newest) {
        uint64_t step = session - screen->newest;
        screen->seen = step < SEEN_BITS ? screen->seen << step : 0;
        screen->newest = session;
    }
    uint64_t age = screen->newest - session;
    uint64_t bit = age < SEEN_BITS ? UINT64_C(1) << age : 0;
    bool first = (screen->seen & bit) == 0 && bit != 0;
    screen->seen |= bit;
    return first;
}

static void put_rule(const struct screen *screen, struct buf *out, uint64_t session) {
    const char *dash = screen->utf8 ? "\xe2\x94\x80" : "-";
    size_t columns = screen->columns == 0 ? RULE_COLUMNS : screen->columns;
    size_t start = buf_len(out);
    buf_putf(out, "%s%s session %llu ", dash, dash, (unsigned long long)session);
    size_t used = columns_of(screen, slice_from(buf_slice(out), start));
    for (; used < columns; used++) {
        buf_put_string(out, dash);
    }
}

static void put_rule_between(struct screen *screen, struct buf *out, uint64_t session) {
    bool any_before = screen->newest > 0;
    if (session == 0 || !is_first_of(screen, session) || !any_before) {
        return;
    }
    buf_put_string(out, screen->color ? DIM : "");
    put_rule(screen, out, session);
    buf_put_string(out, screen->color ? NORMAL "\n" : "\n");
}

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

void screen_put_line(struct screen *screen, struct buf *out, struct slice line) {
    struct slice what = lines_text(line);
    struct slice time = slice_split(&what, ' ');
    slice_split(&what, ' '); // PID
    struct slice session = slice_split(&what, ' ');
    uint64_t number = 0;
    bool known = text_parse_u64(&number, session, UINT64_MAX);
    put_rule_between(screen, out, known ? number : 0);
    if (session.len > screen->session_width) {
        screen->session_width = session.len;
    }
    buf_put(out, slice_sub(time, CLOCK_OFFSET, CLOCK_LEN));
    put_spaces(out, 1 + screen->session_width - session.len);
    buf_put(out, session);
    buf_put_byte(out, ' ');
    size_t used = CLOCK_LEN + 1 + screen->session_width + 1;
    put_rows(screen, out, used, used + MARK_LEN, what);
}

// ── parts of one row ────────────────────────────────────────────────────────────────────────────

static void put_cut(const struct screen *screen, struct buf *out, struct slice text,
                    size_t columns) {
    bool fits = columns_of(screen, text) <= columns;
    size_t used = 0;
    while (text.len > 0) {
        struct screen_unit unit = next_unit(screen, &text);
        used += unit.width;
        if (!fits && used >= columns) {
            buf_put_string(out, screen->utf8 ? "\xe2\x80\xa6" : "~");
            return;
        }
        put_unit(screen, out, unit.bytes);
    }
}

// The first part gives way to the second where both stay readable.
static size_t room_of_first(const struct screen *screen, struct slice others, size_t columns) {
    if (others.len == 0) {
        return columns;
    }
    size_t second = PART_GAP + columns_of(screen, lines_text(lines_next(&others)));
    return columns >= second + FIRST_PART_MIN ? columns - second : columns;
}

void screen_put_parts(const struct screen *screen, struct buf *out, struct slice parts,
                      size_t columns) {
    struct slice first = lines_text(lines_next(&parts));
    size_t room = room_of_first(screen, parts, columns);
    size_t used = columns_of(screen, first);
    used = used < room ? used : room;
    put_cut(screen, out, first, room);
    while (parts.len > 0) {
        struct slice part = lines_text(lines_next(&parts));
        used += PART_GAP + columns_of(screen, part);
        if (used > columns) {
            return;
        }
        buf_put_string(out, screen->utf8 ? " \xc2\xb7 " : " | ");
        put_cut(screen, out, part, columns);
    }
}
