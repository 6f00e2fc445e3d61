// SPDX-License-Identifier: MIT
#include "inspect/veil.h"

#include "base/memory.h"
#include "base/sentence.h"
#include "base/text.h"
#include "inspect/mask.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

struct veil_block {
    struct veil_block *next;
    alignas(max_align_t) uint8_t bytes[];
};

struct slice veil_stars(void) {
    return SLICE(MASK_STARS);
}

void veil_init(struct veil *veil, const struct taint *taint) {
    *veil = (struct veil){.taint = taint};
}

void veil_clear(struct veil *veil) {
    while (veil->blocks != NULL) {
        struct veil_block *block = veil->blocks;
        veil->blocks = block->next;
        free(block);
    }
}

void veil_cleanup(struct veil *veil) {
    veil_clear(veil);
    cover_cleanup(&veil->cover);
}

void *veil_room(struct veil *veil, size_t size) {
    struct veil_block *block = mem_new(sizeof(*block) + size);
    block->next = veil->blocks;
    veil->blocks = block;
    return block->bytes;
}

// ── covers ──────────────────────────────────────────────────────────────────────────────────────

void cover_cleanup(struct cover *cover) {
    free(cover->spans);
    *cover = (struct cover){0};
}

void cover_add(struct cover *cover, size_t start, size_t end) {
    while (cover->count > 0) {
        struct span *last = &cover->spans[cover->count - 1];
        size_t last_end = last->offset + last->len;
        if (start >= last_end) {
            break;
        }
        start = last->offset < start ? last->offset : start;
        end = last_end > end ? last_end : end;
        cover->count--;
    }
    if (cover->count == cover->capacity) {
        cover->capacity = cover->capacity == 0 ? 8 : 2 * cover->capacity;
        cover->spans = mem_resize(cover->spans, cover->capacity, sizeof(cover->spans[0]));
    }
    cover->spans[cover->count++] = (struct span){start, end - start};
}

// Covers the marks from `*next` on that begin at or before `at`.
static void cover_marks(struct cover *cover, const struct event_line *marks, size_t *next,
                        struct slice text, size_t at) {
    while (marks != NULL && *next < marks->secret_count && marks->secrets[*next].offset <= at) {
        struct span mark = marks->secrets[*next];
        size_t room = text.len - mark.offset;
        cover_add(cover, mark.offset, mark.offset + (mark.len < room ? mark.len : room));
        ++*next;
    }
}

void cover_find(struct cover *cover, const struct taint *taint, struct slice text,
                const struct event_line *marks, bool cut) {
    struct taint_search search = {.taint = taint, .text = text, .cut = cut};
    struct taint_match match;
    size_t next = 0;
    cover->count = 0;
    while (taint_search_next(&search, &match)) {
        cover_marks(cover, marks, &next, text, match.at);
        cover_add(cover, match.at - match.before, match.at + match.len);
    }
    cover_marks(cover, marks, &next, text, text.len);
}

static bool touches(struct span covered, size_t from, size_t to) {
    size_t end = covered.offset + covered.len;
    if (covered.len == 0) { // an empty SASL line has its stars too
        return covered.offset >= from && covered.offset <= to;
    }
    return covered.offset < to && end > from;
}

static void put_range(struct buf *out, const struct cover *cover, struct slice text, size_t from,
                      size_t to) {
    size_t shown = from;
    for (size_t i = 0; i < cover->count; i++) {
        struct span covered = cover->spans[i];
        if (!touches(covered, from, to)) {
            continue;
        }
        if (covered.offset > shown) {
            buf_put(out, slice_sub(text, shown, covered.offset - shown));
        }
        buf_put(out, veil_stars());
        size_t end = covered.offset + covered.len;
        shown = end > shown ? end : shown;
    }
    if (to > shown) {
        buf_put(out, slice_sub(text, shown, to - shown));
    }
}

void cover_put(struct buf *out, const struct cover *cover, struct slice text) {
    put_range(out, cover, text, 0, text.len);
}

// ── texts ───────────────────────────────────────────────────────────────────────────────────────

static bool covers(const struct cover *cover, size_t from, size_t to) {
    for (size_t i = 0; i < cover->count; i++) {
        if (touches(cover->spans[i], from, to)) {
            return true;
        }
    }
    return false;
}

// A copy that is terminated, for veil_string.
static struct slice kept(struct veil *veil, struct slice text) {
    uint8_t *copy = veil_room(veil, text.len + 1);
    if (text.len > 0) {
        memcpy(copy, text.data, text.len);
    }
    return slice_of(copy, text.len);
}

static struct slice seen(struct veil *veil, const struct cover *cover, struct slice text,
                         struct span part) {
    struct buf out;
    buf_init(&out, part.len + (cover->count + 1) * veil_stars().len);
    put_range(&out, cover, text, part.offset, part.offset + part.len);
    struct slice result = kept(veil, buf_slice(&out));
    buf_cleanup(&out);
    return result;
}

bool veil_slice(struct veil *veil, struct slice *text) {
    if (text->len == 0) {
        return false;
    }
    if (veil->taint->overflowed) {
        *text = veil_stars();
        return true;
    }
    struct cover cover = {0};
    cover_find(&cover, veil->taint, *text, NULL, false);
    bool hidden = cover.count > 0;
    if (hidden) {
        *text = seen(veil, &cover, *text, (struct span){0, text->len});
    }
    cover_cleanup(&cover);
    return hidden;
}

bool veil_string(struct veil *veil, const char **string) {
    struct slice text = slice_of_string(*string);
    if (!veil_slice(veil, &text)) {
        return false;
    }
    *string = (const char *)text.data;
    return true;
}

bool veil_sentence(struct veil *veil, struct veil *words, struct slice *sentence) {
    struct slice rest = *sentence;
    struct buf out;
    bool is_value = false;
    if (slice_find_byte(rest, SENTENCE_VALUE_BEGINS) == SLICE_NONE) {
        return false;
    }
    buf_init(&out, (rest.len + 1) * veil_stars().len);
    while (rest.len > 0) {
        struct slice part = sentence_next(&is_value, &rest);
        if (is_value) {
            veil_slice(veil, &part);
        }
        if (is_value && words != NULL) {
            veil_slice(words, &part);
        }
        buf_put(&out, part);
    }
    *sentence = kept(veil, buf_slice(&out));
    buf_cleanup(&out);
    return true;
}

// What stood behind a secret that was cut off is not known, so its length is not told: it would be
// the secret's.
static size_t seen_len(const struct cover *cover, const struct event_line *line, size_t seen) {
    struct span last = cover->spans[cover->count - 1];
    bool cut_part_is_secret = last.offset + last.len >= line->text.len;
    return cut_part_is_secret ? seen : seen + (line->len - line->text.len);
}

// A secret that is cut off there goes on in what is concealed.
static void cover_rest(struct cover *cover, size_t from, size_t end) {
    const struct span *last = cover->count > 0 ? &cover->spans[cover->count - 1] : NULL;
    if (last != NULL && last->offset + last->len == from) {
        from = last->offset;
        cover->count--;
    }
    cover_add(cover, from, end);
}

bool veil_line(struct veil *veil, struct event_line *line, size_t conceal_from) {
    bool cut = line->len > line->text.len || line->ending == ENDING_NONE;
    struct slice shown = slice_sub(line->text, 0, conceal_from); // the rest need not be searched
    cover_find(&veil->cover, veil->taint, shown, line, cut || shown.len < line->text.len);
    bool empty = line->text.len == 0 && veil->cover.count == 0;
    if (conceal_from < line->text.len || (conceal_from == 0 && empty)) {
        cover_rest(&veil->cover, conceal_from, line->text.len);
    }
    if (veil->cover.count == 0) {
        return false;
    }
    struct slice text = seen(veil, &veil->cover, line->text, (struct span){0, line->text.len});
    line->was_no_utf8 = line->was_no_utf8 || !text_is_utf8(line->text);
    line->len = seen_len(&veil->cover, line, text.len);
    line->text = text;
    line->secret_count = 0;
    memset(line->secrets, 0, sizeof(line->secrets));
    return true;
}

bool veil_part(struct veil *veil, struct slice line, struct slice *part) {
    if (slice_is_null(*part)) {
        return false;
    }
    uintptr_t start = (uintptr_t)line.data;
    uintptr_t at = (uintptr_t)part->data;
    if (at < start || at + part->len > start + line.len) {
        return veil_slice(veil, part);
    }
    struct span span = {at - start, part->len};
    if (!covers(&veil->cover, span.offset, span.offset + span.len)) {
        return false;
    }
    *part = seen(veil, &veil->cover, line, span);
    return true;
}
