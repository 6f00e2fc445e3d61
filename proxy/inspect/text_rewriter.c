// SPDX-License-Identifier: MIT
#include "inspect/text_rewriter.h"

#include "base/array.h"
#include "base/sentence.h"
#include "base/text.h"
#include "inspect/mask.h"

#include <stdlib.h>
#include <string.h>

struct slice text_rewriter_stars(void) {
    return SLICE(MASK_STARS);
}

void text_rewriter_init(struct text_rewriter *rewriter, const struct secret_set *secrets_known) {
    *rewriter = (struct text_rewriter){.secrets_known = secrets_known};
}

void text_rewriter_clear(struct text_rewriter *rewriter) {
    arena_cleanup(&rewriter->arena);
}

void text_rewriter_cleanup(struct text_rewriter *rewriter) {
    text_rewriter_clear(rewriter);
    redaction_cleanup(&rewriter->redaction);
}

// ── redactions
// ──────────────────────────────────────────────────────────────────────────────────────

void redaction_cleanup(struct redaction *redaction) {
    free(redaction->spans);
    *redaction = (struct redaction){0};
}

void redaction_add(struct redaction *redaction, size_t start, size_t end) {
    while (redaction->count > 0) {
        struct span *last = &redaction->spans[redaction->count - 1];
        size_t last_end = last->offset + last->len;
        if (start >= last_end) {
            break;
        }
        start = last->offset < start ? last->offset : start;
        end = last_end > end ? last_end : end;
        redaction->count--;
    }
    redaction->spans = array_grown(redaction->spans, redaction->count, &redaction->room,
                                   sizeof(redaction->spans[0]));
    redaction->spans[redaction->count++] = (struct span){start, end - start};
}

// `text_len`: a mark may reach beyond what was kept of a line.
static void cover_mark(struct redaction *redaction, struct span mark, size_t text_len) {
    size_t room = text_len - mark.offset;
    redaction_add(redaction, mark.offset, mark.offset + (mark.len < room ? mark.len : room));
}

void redaction_find(struct redaction *redaction, struct secret_search *search,
                    const struct span *marks, size_t mark_count) {
    struct secret_match match;
    size_t next = 0;
    redaction->count = 0;
    while (secret_search_next(search, &match)) {
        for (; next < mark_count && marks[next].offset <= match.at; next++) {
            cover_mark(redaction, marks[next], search->text.len);
        }
        redaction_add(redaction, match.at - match.before, match.at + match.len);
    }
    for (; next < mark_count; next++) {
        cover_mark(redaction, marks[next], search->text.len);
    }
}

static bool touches(struct span covered, size_t from, size_t to) {
    size_t end = covered.offset + covered.len;
    if (covered.len == 0) { // an empty SASL line has its stars too
        return covered.offset >= from && covered.offset <= to;
    }
    return covered.offset < to && end > from;
}

static void put_range(struct buf *out, const struct redaction *redaction, struct slice text,
                      size_t from, size_t to) {
    size_t shown = from;
    for (size_t i = 0; i < redaction->count; i++) {
        struct span covered = redaction->spans[i];
        if (!touches(covered, from, to)) {
            continue;
        }
        if (covered.offset > shown) {
            buf_put(out, slice_sub(text, shown, covered.offset - shown));
        }
        buf_put(out, text_rewriter_stars());
        size_t end = covered.offset + covered.len;
        shown = end > shown ? end : shown;
    }
    if (to > shown) {
        buf_put(out, slice_sub(text, shown, to - shown));
    }
}

void redaction_put(struct buf *out, const struct redaction *redaction, struct slice text) {
    put_range(out, redaction, text, 0, text.len);
}

// ── texts ───────────────────────────────────────────────────────────────────────────────────────

static bool covers(const struct redaction *redaction, size_t from, size_t to) {
    for (size_t i = 0; i < redaction->count; i++) {
        if (touches(redaction->spans[i], from, to)) {
            return true;
        }
    }
    return false;
}

static struct slice seen(struct text_rewriter *rewriter, const struct redaction *redaction,
                         struct slice text, struct span part) {
    struct buf out;
    buf_init(&out, part.len + (redaction->count + 1) * text_rewriter_stars().len);
    put_range(&out, redaction, text, part.offset, part.offset + part.len);
    struct slice result = arena_copy(&rewriter->arena, buf_slice(&out));
    buf_cleanup(&out);
    return result;
}

bool text_rewriter_slice(struct text_rewriter *rewriter, struct slice *text) {
    if (text->len == 0) {
        return false;
    }
    if (rewriter->secrets_known->overflowed) {
        *text = text_rewriter_stars();
        return true;
    }
    struct redaction redaction = {0};
    struct secret_search search = {.secrets_known = rewriter->secrets_known, .text = *text};
    redaction_find(&redaction, &search, NULL, 0);
    bool hidden = redaction.count > 0;
    if (hidden) {
        *text = seen(rewriter, &redaction, *text, (struct span){0, text->len});
    }
    redaction_cleanup(&redaction);
    return hidden;
}

bool text_rewriter_string(struct text_rewriter *rewriter, const char **string) {
    struct slice text = slice_of_string(*string);
    if (!text_rewriter_slice(rewriter, &text)) {
        return false;
    }
    *string = (const char *)text.data;
    return true;
}

bool text_rewriter_sentence(struct text_rewriter *rewriter, struct text_rewriter *words,
                            struct slice *sentence) {
    struct slice rest = *sentence;
    struct buf out;
    bool is_value = false;
    if (slice_find_byte(rest, SENTENCE_VALUE_BEGINS) == SLICE_NONE) {
        return false;
    }
    buf_init(&out, (rest.len + 1) * text_rewriter_stars().len);
    while (rest.len > 0) {
        struct slice part = sentence_next(&is_value, &rest);
        if (is_value) {
            text_rewriter_slice(rewriter, &part);
        }
        if (is_value && words != NULL) {
            text_rewriter_slice(words, &part);
        }
        buf_put(&out, part);
    }
    *sentence = arena_copy(&rewriter->arena, buf_slice(&out));
    buf_cleanup(&out);
    return true;
}

// What followed a secret that was cut off is not known, so its length is not shown: it would be
// the secret's.
static size_t seen_len(const struct redaction *redaction, const struct event_line *line,
                       size_t seen) {
    struct span last = redaction->spans[redaction->count - 1];
    bool cut_part_is_secret = last.offset + last.len >= line->text.len;
    return cut_part_is_secret ? seen : seen + (line->len - line->text.len);
}

// A secret that is cut off there goes on in what is concealed.
static void cover_rest(struct redaction *redaction, size_t from, size_t end) {
    const struct span *last = redaction->count > 0 ? &redaction->spans[redaction->count - 1] : NULL;
    if (last != NULL && last->offset + last->len == from) {
        from = last->offset;
        redaction->count--;
    }
    redaction_add(redaction, from, end);
}

bool text_rewriter_line(struct text_rewriter *rewriter, struct event_line *line,
                        size_t conceal_from) {
    bool cut = line->len > line->text.len || line->ending == ENDING_NONE;
    struct slice shown = slice_sub(line->text, 0, conceal_from); // the rest need not be searched
    struct secret_search search = {.secrets_known = rewriter->secrets_known,
                                   .text = shown,
                                   .cut = cut || shown.len < line->text.len};
    redaction_find(&rewriter->redaction, &search, line->secrets, line->secret_count);
    bool empty = line->text.len == 0 && rewriter->redaction.count == 0;
    if (conceal_from < line->text.len || (conceal_from == 0 && empty)) {
        cover_rest(&rewriter->redaction, conceal_from, line->text.len);
    }
    if (rewriter->redaction.count == 0) {
        return false;
    }
    struct slice text =
        seen(rewriter, &rewriter->redaction, line->text, (struct span){0, line->text.len});
    line->was_no_utf8 = line->was_no_utf8 || !text_is_utf8(line->text);
    line->len = seen_len(&rewriter->redaction, line, text.len);
    line->text = text;
    line->secret_count = 0;
    memset(line->secrets, 0, sizeof(line->secrets));
    return true;
}

bool text_rewriter_part(struct text_rewriter *rewriter, struct slice line, struct slice *part) {
    if (slice_is_null(*part)) {
        return false;
    }
    uintptr_t start = (uintptr_t)line.data;
    uintptr_t at = (uintptr_t)part->data;
    if (at < start || at + part->len > start + line.len) {
        return text_rewriter_slice(rewriter, part);
    }
    struct span span = {at - start, part->len};
    if (!covers(&rewriter->redaction, span.offset, span.offset + span.len)) {
        return false;
    }
    *part = seen(rewriter, &rewriter->redaction, line, span);
    return true;
}
