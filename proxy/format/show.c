// SPDX-License-Identifier: MIT
#include "format/show.h"

#include "base/limits.h"
#include "format/text.h"

#define WRITE_BYTES (64 * KIB)

struct page {
    struct buf out;
    uint64_t counter;
    void (*write)(void *context, struct slice lines);
    void *context;
};

// Puts the counter in front of each line.
static void number(struct page *page, struct slice lines) {
    while (lines.len > 0) {
        size_t len = slice_find_byte(lines, '\n') + 1;
        buf_putf(&page->out, "%llu ", (unsigned long long)++page->counter);
        buf_put(&page->out, slice_sub(lines, 0, len));
        lines = slice_from(lines, len);
    }
}

static void write_if(struct page *page, bool now) {
    if (now && buf_len(&page->out) > 0) {
        page->write(page->context, buf_slice(&page->out));
        buf_clear(&page->out);
    }
}

void show_text(struct reader *reader, bool color, void (*write)(void *context, struct slice lines),
               void *context) {
    struct text_writer text = {.recorded = true, .color = color};
    struct page page = {.write = write, .context = context};
    struct buf lines;
    buf_init(&lines, SIZE_MAX / 2);
    buf_init(&page.out, SIZE_MAX / 2);
    for (const struct event *event = reader_next(reader); event != NULL;
         event = reader_next(reader)) {
        text_put_event(&lines, &text, event);
        number(&page, buf_slice(&lines));
        buf_clear(&lines);
        write_if(&page, buf_len(&page.out) >= WRITE_BYTES);
    }
    write_if(&page, true);
    buf_cleanup(&page.out);
    buf_cleanup(&lines);
}
