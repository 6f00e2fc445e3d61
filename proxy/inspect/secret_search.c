// SPDX-License-Identifier: MIT
// The text is read once, through a window of four bytes. Only where the index knows what the window
// says, in some reading, is a secret compared. Escape sequences and hex, whose four units take more
// than four bytes, are read on from the windows that can begin them.
#include "base/limits.h"
#include "inspect/secret_form.h"
#include "inspect/secret_index.h"

// Each byte of a text may cost so many compared units, and the text so many more, while the reserve
// of the session lasts; what a peer makes dearer is hidden unread. An honest text says few secrets,
// of at most LIMIT_SECRET units.
enum { WORK_OF_TEXT = 4 * LIMIT_SECRET, WORK_OF_BYTE = 16 };

// Four bytes of a text in three ways, the first in the highest place.
struct window {
    uint32_t bytes;
    uint32_t sextets; // four times six bits
    uint32_t flags;   // four times eight bits
};

#define FLAG_OF_EACH(flag)      (((uint32_t)(flag) >> CLASS_FLAGS) * 0x01010101u)
#define FLAG_OF_FIRST_TWO(flag) (((uint32_t)(flag) >> CLASS_FLAGS) * 0x01010000u)

static inline void window_push(struct window *window, const struct secret_index *index,
                               uint8_t byte) {
    uint32_t class = index->classes[byte];
    window->bytes = window->bytes << 8 | byte;
    window->sextets = window->sextets << 6 | (class & CLASS_SEXTET);
    window->flags = window->flags << 8 | class >> CLASS_FLAGS;
}

// The window whose next push completes the four bytes at `search->at`.
static struct window window_before(const struct secret_search *search) {
    struct window window = {0};
    for (size_t i = 0; i + 1 < INDEX_UNITS; i++) {
        window_push(&window, search->secrets_known->index, search->text.data[search->at + i]);
    }
    return window;
}

// ── candidates ──────────────────────────────────────────────────────────────────────────────────

static void keep_longer(struct secret_match *best, size_t before, size_t len) {
    if (len > 0 && len > best->len) {
        best->len = len;
    }
    if (len > 0 && before > best->before) {
        best->before = before;
    }
}

// Compares one secret in the form that its key promised. Escapes may come after four plain bytes.
static void compare(struct secret_search *search, size_t candidate, enum reading reading,
                    struct secret_match *best) {
    const struct known_secret *secret =
        &search->secrets_known->secrets[candidate / SECRET_SET_KEYS];
    size_t form = candidate % SECRET_SET_KEYS;
    if (form >= INDEX_BASE64) {
        size_t alignment = form - INDEX_BASE64;
        size_t before = alignment > 0 ? 1 : 0;
        keep_longer(best, before, secret_match_base64(search, secret, alignment));
        return;
    }
    keep_longer(best, 0, secret_match_read(search, secret, reading));
    if (reading == READ_PLAIN) {
        keep_longer(best, 0, secret_match_read(search, secret, READ_ESCAPED));
    }
    if (reading != READ_HEX && secret->quotes) {
        keep_longer(best, 0, secret_match_read(search, secret, READ_QUOTED));
    }
}

// Secrets may be made to begin alike, and texts to be short and many.
static bool costs_too_much(struct secret_search *search) {
    size_t *reserve = &search->secrets_known->index->reserve;
    size_t share = WORK_OF_BYTE * search->text.len + search->paid;
    if (search->work <= share) {
        return false;
    }
    size_t more = search->work - share;
    if (search->paid + more > WORK_OF_TEXT || more > *reserve) {
        return true;
    }
    *reserve -= more;
    search->paid += more;
    return false;
}

static void look_up(struct secret_search *search, uint32_t key, enum reading reading,
                    struct secret_match *best) {
    uint16_t entry = search->secrets_known->index->rows[index_row(key)];
    while (entry != 0 && !costs_too_much(search)) {
        size_t candidate = entry - 1u;
        search->work++;
        const struct known_secret *secret =
            &search->secrets_known->secrets[candidate / SECRET_SET_KEYS];
        if (secret->keys[candidate % SECRET_SET_KEYS] == key) {
            compare(search, candidate, reading, best);
        }
        entry = secret->next[candidate % SECRET_SET_KEYS];
    }
}

static void look_up_hex(struct secret_search *search, struct secret_match *best) {
    const struct secret_index *index = search->secrets_known->index;
    const uint8_t *pair = search->text.data + search->at;
    uint32_t key = 0;
    size_t end = search->at;
    if (!index->begins[index_hex(index, pair[0]) << 4 | index_hex(index, pair[1])]) {
        return;
    }
    for (size_t i = 0; i < INDEX_UNITS; i++) {
        struct unit unit = unit_hex_at(search->text, end, i == 0);
        if (unit.len == 0) {
            return;
        }
        key = key << 8 | unit.value;
        end += unit.len;
    }
    look_up(search, index_bytes_key(key), READ_HEX, best);
}

static void look_up_escaped_digits(struct secret_search *search, struct secret_match *best) {
    uint32_t key = 0;
    size_t end = search->at;
    for (size_t i = 0; i < INDEX_UNITS; i++) {
        struct unit unit = unit_digit_at(search->text, end);
        if (unit.len == 0) {
            return;
        }
        key = key << 6 | unit.value;
        end += unit.len;
    }
    look_up(search, index_sextets_key(key), READ_PLAIN, best);
}

// unit_escape_at or unit_quote_at, sooner where there is none.
static struct unit escape_at(const struct secret_search *search, size_t at) {
    const struct secret_index *index = search->secrets_known->index;
    struct slice text = search->text;
    if (text.len - at < 2 || (index->classes[text.data[at]] & CLASS_ESCAPE) == 0) {
        return (struct unit){0};
    }
    struct unit escape = unit_escape_at(text, at);
    return escape.len > 0 ? escape : unit_quote_at(text, at);
}

// What is at `at` may be an escape sequence or a byte that means itself, so up to sixteen ways
// to read four units are looked up; but for the one without any escape, which the window has.
static void look_up_escaped(struct secret_search *search, struct secret_match *best, size_t at,
                            uint32_t key, unsigned units) {
    const struct secret_index *index = search->secrets_known->index;
    bool escaped = (units & 0x10) != 0;
    if ((units & 0x0F) == 1 && !index->begins[key]) {
        return;
    }
    if ((units & 0x0F) == INDEX_UNITS) {
        if (escaped) {
            look_up(search, index_bytes_key(key), READ_ESCAPED, best);
        }
        return;
    }
    struct unit escape = escape_at(search, at);
    struct unit plain = unit_plain_at(search->text, at);
    if (escape.len > 0) {
        look_up_escaped(search, best, at + escape.len, key << 8 | escape.value, (units + 1) | 0x10);
    }
    if (plain.len > 0) {
        look_up_escaped(search, best, at + 1, key << 8 | plain.value, units + 1);
    }
}

static void match_here(struct secret_search *search, const struct window *window,
                       struct secret_match *best) {
    look_up(search, index_bytes_key(window->bytes), READ_PLAIN, best);
    bool escapes = (window->flags & FLAG_OF_EACH(CLASS_ESCAPE)) != 0;
    if ((window->flags & FLAG_OF_EACH(CLASS_NO_DIGIT)) == 0) {
        look_up(search, index_sextets_key(window->sextets), READ_PLAIN, best);
    } else if (escapes) {
        look_up_escaped_digits(search, best);
    }
    if (escapes) {
        look_up_escaped(search, best, search->at, 0, 0);
    }
    if ((window->flags & FLAG_OF_FIRST_TWO(CLASS_HEX)) == FLAG_OF_FIRST_TWO(CLASS_HEX)) {
        look_up_hex(search, best);
    }
}

bool secret_search_next(struct secret_search *search, struct secret_match *out) {
    size_t len = search->text.len;
    if (search->secrets_known->count == 0 || len < INDEX_UNITS || search->at > len - INDEX_UNITS) {
        return false;
    }
    struct window window = window_before(search);
    for (; search->at <= len - INDEX_UNITS; search->at++) {
        struct secret_match best = {.at = search->at};
        window_push(&window, search->secrets_known->index,
                    search->text.data[search->at + INDEX_UNITS - 1]);
        match_here(search, &window, &best);
        if (costs_too_much(search)) {
            best.len = len - search->at;
        }
        if (best.len > 0) {
            *out = best;
            search->at = best.at + best.len == len ? len : search->at + 1; // the rest is covered
            return true;
        }
    }
    return false;
}
