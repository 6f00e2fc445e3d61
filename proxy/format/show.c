// SPDX-License-Identifier: MIT
#include "format/show.h"

#include "base/limits.h"
#include "base/lines.h"
#include "format/format.h"
#include "format/text_format.h"

struct page {
    struct terminal *terminal;
    struct buf out;
    uint64_t counter;
    void (*write)(void *context, struct slice lines);
    void *context;
};

static void write_if(struct page *page, bool now) {
    if (now && buf_len(&page->out) > 0) {
        page->write(page->context, buf_slice(&page->out));
        buf_clear(&page->out);
    }
}

static void number(struct page *page, struct slice lines) {
    char counter[LIMIT_COUNTER];
    while (lines.len > 0) {
        size_t len = text_format.framing->put_counter(counter, ++page->counter);
        terminal_put_line(page->terminal, &page->out, slice_of(counter, len), lines_next(&lines));
        write_if(page, buf_len(&page->out) >= LIMIT_WRITE);
    }
}

void show_text(struct reader *reader, const struct show_options *options,
               void (*write)(void *context, struct slice lines), void *context) {
    struct said said = {0};
    struct text_writer text = {.recorded = true,
                               .color = options->color,
                               .quiet = options->quiet,
                               .said = options->terminal->is_terminal ? &said : NULL};
    struct page page = {.terminal = options->terminal, .write = write, .context = context};
    struct buf lines;
    buf_init(&lines, LIMIT_SHOWN);
    buf_init(&page.out, LIMIT_WRITE + LIMIT_SHOWN);
    for (const struct event *event = reader_next(reader); event != NULL;
         event = reader_next(reader)) {
        text_put_event(&lines, &text, event);
        if (options->also.take != NULL) {
            event_send(&options->also, event);
        }
        number(&page, buf_slice(&lines));
        buf_clear(&lines);
    }
    write_if(&page, true);
    buf_cleanup(&page.out);
    buf_cleanup(&lines);
}

static void append(void *context, struct slice lines) {
    buf_put(context, lines);
}

enum err show_document(struct buf *out, struct failure *failure, struct slice document) {
    struct terminal none = {0};
    const struct show_options options = {.terminal = &none};
    struct reader *reader = NULL;
    enum err err = reader_open(&reader, failure, document);
    if (err == OK) {
        show_text(reader, &options, append, out);
    }
    reader_free(reader);
    return err;
}
