// SPDX-License-Identifier: MIT
#include "smtp/line.h"

#include "base/text.h"

#include <string.h>

void line_reader_init(struct line_reader *reader, size_t max) {
    *reader = (struct line_reader){.ending = ENDING_NONE};
    buf_init(&reader->kept, max);
}

void line_reader_cleanup(struct line_reader *reader) {
    buf_wipe(&reader->kept);
}

void line_reader_forget(struct line_reader *reader) {
    struct buf kept = reader->kept;
    buf_wipe_bytes(&kept); // it may have been a credential
    *reader = (struct line_reader){.kept = kept, .ending = ENDING_NONE};
}

void line_reader_give_back(struct line_reader *reader) {
    if (reader->whole) {
        line_reader_forget(reader);
    }
    if (reader->len == 0 && !reader->held_cr) {
        buf_wipe(&reader->kept);
    }
}

// Counts and keeps bytes of the line; what did not fit is returned.
static struct slice keep(struct line_reader *reader, struct slice bytes) {
    reader->len += bytes.len;
    reader->has_nul = reader->has_nul || slice_find_byte(bytes, 0) != SLICE_NONE;
    reader->has_8bit = reader->has_8bit || !text_is_ascii(bytes);
    reader->has_bare_cr = reader->has_bare_cr || slice_find_byte(bytes, '\r') != SLICE_NONE;
    return slice_from(bytes, buf_append_some(&reader->kept, bytes));
}

static enum line_step spill(struct slice *out_spill, struct slice rest) {
    *out_spill = rest;
    return rest.len > 0 ? LINE_SPILL : LINE_MORE;
}

// The byte after a held CR shows whether that CR was part of the line's end.
static enum line_step settle_cr(struct line_reader *reader, struct slice *out_spill,
                                struct slice *input) {
    reader->held_cr = false;
    if (input->data[0] == '\n') {
        *input = slice_from(*input, 1);
        reader->ending = ENDING_CRLF;
        reader->whole = true;
        return LINE_WHOLE;
    }
    return spill(out_spill, keep(reader, SLICE("\r")));
}

enum line_step line_reader_feed(struct line_reader *reader, struct slice *out_spill,
                                struct slice *input) {
    if (reader->whole) {
        line_reader_forget(reader);
    }
    if (input->len == 0) {
        return LINE_MORE;
    }
    if (reader->held_cr && settle_cr(reader, out_spill, input) != LINE_MORE) {
        return reader->whole ? LINE_WHOLE : LINE_SPILL;
    }
    size_t lf = slice_find_byte(*input, '\n');
    struct slice body = slice_sub(*input, 0, lf);
    bool cr = body.len > 0 && body.data[body.len - 1] == '\r';
    body.len -= cr ? 1 : 0;
    *input = slice_from(*input, body.len);
    struct slice rest = keep(reader, body);
    if (rest.len > 0) {
        return spill(out_spill, rest);
    }
    if (lf == SLICE_NONE) {
        reader->held_cr = cr;
        *input = slice_from(*input, cr ? 1 : 0);
        return LINE_MORE;
    }
    *input = slice_from(*input, cr ? 2 : 1);
    reader->ending = cr ? ENDING_CRLF : ENDING_LF;
    reader->whole = true;
    return LINE_WHOLE;
}

bool line_reader_end(struct line_reader *reader, struct slice *out_spill) {
    *out_spill = SLICE("");
    if (!line_reader_begun(reader)) {
        return false;
    }
    if (reader->held_cr) {
        reader->held_cr = false;
        *out_spill = keep(reader, SLICE("\r"));
    }
    reader->whole = true;
    return true;
}

bool line_reader_begun(const struct line_reader *reader) {
    return !reader->whole && (reader->len > 0 || reader->held_cr);
}

bool line_reader_cut(const struct line_reader *reader) {
    return reader->len > buf_len(&reader->kept);
}

struct slice line_reader_text(const struct line_reader *reader) {
    return buf_slice(&reader->kept);
}

struct slice line_ending_bytes(enum line_ending ending) {
    switch (ending) {
    case ENDING_NONE:
        return SLICE("");
    case ENDING_CRLF:
        return SLICE("\r\n");
    case ENDING_LF:
        return SLICE("\n");
    }
    return SLICE("");
}
