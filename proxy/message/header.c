// SPDX-License-Identifier: MIT
#include "message/header.h"

#include "base/limits.h"
#include "base/text.h"

void header_begin(struct header *header) {
    buf_cleanup(&header->field);
    *header = (struct header){.open = false};
    buf_init(&header->field, LIMIT_HEADER_BYTES);
}

void header_cleanup(struct header *header) {
    buf_cleanup(&header->field);
    *header = (struct header){.open = false};
}

static void report(const struct header_sink *sink, enum header_flaw flaw, struct slice detail,
                   uint64_t number) {
    if (sink->flaw != NULL) {
        sink->flaw(sink->context, flaw, detail, number);
    }
}

static struct slice name_of(const struct header *header) {
    return slice_sub(buf_slice(&header->field), 0, header->name_len);
}

static void flush(struct header *header, const struct header_sink *sink) {
    if (header->open) {
        struct slice value = slice_from(buf_slice(&header->field), header->name_len + 1);
        sink->field(sink->context, name_of(header), slice_trim(value), header->cut);
    }
    header->open = false;
    header->cut = false;
    buf_clear(&header->field);
}

static void append(struct header *header, struct slice text, size_t len) {
    size_t kept = buf_append_some(&header->field, text);
    header->cut |= kept < len;
}

// The length of the name in front of the colon, without space after it; 0 where there is none.
static size_t read_name(struct slice line, size_t *out_colon) {
    size_t colon = slice_find_byte(line, ':');
    if (colon == SLICE_NONE) {
        return 0;
    }
    *out_colon = colon;
    struct slice name = slice_trim_right(slice_sub(line, 0, colon));
    for (size_t i = 0; i < name.len; i++) {
        if (name.data[i] <= ' ' || name.data[i] >= 0x7f) {
            return 0;
        }
    }
    return name.len;
}

static void open_field(struct header *header, struct slice line, size_t len,
                       const struct header_sink *sink) {
    size_t colon = 0;
    size_t name_len = read_name(line, &colon);
    flush(header, sink);
    header->passes_over = name_len == 0;
    if (name_len == 0) {
        report(sink, HEADER_LINE_MALFORMED, line, len);
        return;
    }
    struct slice name = slice_sub(line, 0, name_len);
    if (name_len < colon) {
        report(sink, HEADER_SPACE_IN_NAME, name, 0);
    }
    header->open = true;
    header->name_len = name_len;
    append(header, name, name_len);
    append(header, SLICE(":"), 1);
    append(header, slice_from(line, colon + 1), len - colon - 1);
}

static void fold(struct header *header, struct slice line, size_t len,
                 const struct header_sink *sink) {
    if (header->open) {
        append(header, line, len);
    } else if (!header->passes_over) {
        header->passes_over = true;
        report(sink, HEADER_LINE_MALFORMED, line, len);
    }
}

static void judge_bytes(const struct header *header, struct slice line, size_t len,
                        const struct header_sink *sink) {
    struct slice name = header->open ? name_of(header) : (struct slice){NULL, 0};
    if (len > LIMIT_HEADER_LINE) {
        report(sink, HEADER_LINE_LONG, name, len);
    }
    size_t ascii = 0;
    while (ascii < line.len && line.data[ascii] < 0x80) {
        ascii++;
    }
    if (ascii < line.len && header->open) {
        report(sink, HEADER_LINE_8BIT, name, line.data[ascii]);
    }
}

bool header_line(struct header *header, struct slice line, size_t len,
                 const struct header_sink *sink) {
    if (len == 0) {
        return true;
    }
    if (text_is_blank(line.data[0])) {
        fold(header, line, len, sink);
    } else {
        open_field(header, line, len, sink);
    }
    judge_bytes(header, line, len, sink);
    return false;
}

void header_end(struct header *header, const struct header_sink *sink) {
    flush(header, sink);
    header_cleanup(header);
}
