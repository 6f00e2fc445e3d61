// SPDX-License-Identifier: MIT
// line: however the bytes are cut, the lines are the same, and nothing is lost of them.
#include "smtp/line.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEPT_MAX = 16, SEEN_MAX = 1 << 22 };

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

struct seen {
    struct buf facts; // one record a line
    struct buf bytes; // all that the reader gave back
    bool cut;         // of the line under way
};

static void take_line(struct seen *seen, const struct line_reader *reader) {
    require(reader->len >= line_reader_text(reader).len);
    require(line_reader_cut(reader) == (reader->len > line_reader_text(reader).len));
    if (!seen->cut) {
        buf_put(&seen->bytes, line_reader_text(reader));
    }
    buf_put(&seen->bytes, line_ending_bytes(reader->ending));
    buf_putf(&seen->facts, "%zu %d %d %d %d\n", reader->len, reader->ending, reader->has_bare_cr,
             reader->has_nul, reader->has_8bit);
    seen->cut = false;
}

static void feed(struct seen *seen, struct line_reader *reader, struct slice input) {
    while (input.len > 0) {
        struct slice spill = {0};
        size_t before = input.len;
        enum line_step step = line_reader_feed(reader, &spill, &input);
        require(input.len < before || step != LINE_MORE);
        if (step == LINE_SPILL) {
            if (!seen->cut) {
                buf_put(&seen->bytes, line_reader_text(reader));
            }
            seen->cut = true;
            buf_put(&seen->bytes, spill);
        } else if (step == LINE_WHOLE) {
            take_line(seen, reader);
        }
    }
}

static void read_all(struct seen *seen, struct slice input, size_t step) {
    struct line_reader reader;
    line_reader_init(&reader, KEPT_MAX);
    buf_init(&seen->facts, SEEN_MAX);
    buf_init(&seen->bytes, SEEN_MAX);
    seen->cut = false;
    for (size_t at = 0; at < input.len; at += step) {
        feed(seen, &reader, slice_sub(input, at, step));
    }
    struct slice spill = {0};
    if (line_reader_end(&reader, &spill)) {
        if (spill.len > 0 && !seen->cut) {
            buf_put(&seen->bytes, line_reader_text(&reader));
            seen->cut = true;
        }
        buf_put(&seen->bytes, spill);
        take_line(seen, &reader);
    }
    line_reader_cleanup(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice input = slice_of(data, size);
    struct seen whole;
    struct seen cut;
    if (size == 0 || size > 4096) {
        return 0;
    }
    read_all(&whole, input, size);
    read_all(&cut, input, 1 + data[0] % 7);
    require(slice_equal(buf_slice(&whole.facts), buf_slice(&cut.facts)));
    require(slice_equal(buf_slice(&whole.bytes), input));
    buf_cleanup(&whole.facts);
    buf_cleanup(&whole.bytes);
    buf_cleanup(&cut.facts);
    buf_cleanup(&cut.bytes);
    return 0;
}
