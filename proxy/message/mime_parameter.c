// SPDX-License-Identifier: MIT
#include "message/mime_parameter.h"

#include "base/limits.h"
#include "base/text.h"
#include "message/charset.h"
#include "message/encoded_word.h"

#include <string.h>

// ── one parameter ───────────────────────────────────────────────────────────────────────────────

struct parameter {
    struct slice name;
    struct slice value; // between its quotes, where it has them
    bool quoted;
};

// Where the next semicolon outside quotes is; the length where there is none.
static size_t find_end(struct slice s) {
    bool quoted = false;
    size_t i = 0;
    for (; i < s.len && (quoted || s.data[i] != ';'); i++) {
        quoted = quoted != (s.data[i] == '"');
        i += quoted && s.data[i] == '\\' ? 1 : 0;
    }
    return i < s.len ? i : s.len;
}

static bool next_parameter(struct parameter *out, struct slice *rest) {
    if (rest->len == 0) {
        return false;
    }
    size_t len = find_end(*rest);
    struct slice value = slice_trim(slice_sub(*rest, 0, len));
    *rest = slice_from(*rest, len + 1);
    *out = (struct parameter){.name = slice_trim(slice_split(&value, '='))};
    out->value = slice_trim(value);
    out->quoted = out->value.len > 0 && out->value.data[0] == '"';
    if (out->quoted) {
        out->value = slice_from(out->value, 1);
        size_t last = out->value.len;
        bool closed = last > 0 && out->value.data[last - 1] == '"';
        out->value = slice_sub(out->value, 0, closed ? last - 1 : last);
    }
    return true;
}

static void put_unquoted(struct buf *out, const struct parameter *parameter) {
    struct slice value = parameter->value;
    for (size_t i = 0; i < value.len; i++) {
        i += parameter->quoted && value.data[i] == '\\' && i + 1 < value.len ? 1 : 0;
        buf_put_byte(out, value.data[i]);
    }
}

static void put_percent_decoded(struct buf *out, struct slice value) {
    for (size_t i = 0; i < value.len; i++) {
        bool whole = value.data[i] == '%' && i + 2 < value.len;
        int high = whole ? text_hex_value(value.data[i + 1]) : -1;
        int low = whole ? text_hex_value(value.data[i + 2]) : -1;
        if (high >= 0 && low >= 0) {
            buf_put_byte(out, (uint8_t)(high * 16 + low));
            i += 2;
        } else {
            buf_put_byte(out, value.data[i]);
        }
    }
}

// ── the whole value ─────────────────────────────────────────────────────────────────────────────

// The pieces of RFC 2231, joined.
struct joined {
    struct buf bytes;
    struct slice charset;
    unsigned next; // number of the piece that is due
    bool any;
};

// Whether the name is `name*`, `name*N` or `name*N*`; N is then `joined->next`.
static bool is_piece(const struct joined *joined, struct slice given, const char *name,
                     bool *out_encoded) {
    struct slice rest = slice_from(given, strlen(name) + 1);
    *out_encoded = rest.len == 0 || rest.data[rest.len - 1] == '*';
    uint64_t number = 0;
    if (rest.len == 0) {
        return joined->next == 0;
    }
    rest = slice_sub(rest, 0, *out_encoded ? rest.len - 1 : rest.len);
    return text_parse_u64(&number, rest, LIMIT_MIME_PIECES) && number == joined->next;
}

static void take_piece(struct joined *joined, const struct parameter *parameter, bool encoded) {
    struct slice value = parameter->value;
    if (encoded && joined->next == 0) { // charset'language'value
        struct slice rest = value;
        struct slice charset = slice_split(&rest, '\'');
        (void)slice_split(&rest, '\'');
        if (!slice_is_null(rest)) {
            joined->charset = charset;
            value = rest;
        }
    }
    if (encoded) {
        put_percent_decoded(&joined->bytes, value);
    } else {
        put_unquoted(&joined->bytes, parameter);
    }
    joined->any = true;
    joined->next++;
}

static void put_joined(struct buf *out, const struct joined *joined) {
    struct slice bytes = buf_slice(&joined->bytes);
    if (joined->charset.len == 0 || !charset_decode(out, joined->charset, bytes)) {
        buf_append_some(out, bytes);
    }
}

static bool take_pieces(struct buf *out, struct slice rest, const char *name) {
    struct joined joined = {.next = 0};
    struct parameter parameter;
    buf_init(&joined.bytes, LIMIT_MIME_NAME);
    while (next_parameter(&parameter, &rest)) {
        bool encoded = false;
        bool starts = slice_starts_with_nocase(parameter.name, slice_of_string(name)) &&
                      parameter.name.len > strlen(name) && parameter.name.data[strlen(name)] == '*';
        if (starts && is_piece(&joined, parameter.name, name, &encoded) &&
            parameter.value.len <= buf_room(&joined.bytes)) {
            take_piece(&joined, &parameter, encoded);
        }
    }
    if (joined.any) {
        put_joined(out, &joined);
    }
    buf_cleanup(&joined.bytes);
    return joined.any;
}

bool mime_parameter(struct buf *out, struct slice field, const char *name) {
    struct slice rest = slice_from(field, find_end(field) + 1);
    struct parameter parameter;
    if (take_pieces(out, rest, name)) {
        return true;
    }
    while (next_parameter(&parameter, &rest)) {
        if (slice_is_nocase(parameter.name, name)) {
            struct buf value;
            buf_init(&value, LIMIT_MIME_NAME);
            parameter.value = slice_sub(parameter.value, 0, LIMIT_MIME_NAME);
            put_unquoted(&value, &parameter);
            struct buf decoded;
            buf_init(&decoded, 4 * LIMIT_MIME_NAME);
            encoded_word_decode(&decoded, buf_slice(&value));
            buf_append_some(out, buf_slice(&decoded));
            buf_cleanup(&decoded);
            buf_cleanup(&value);
            return true;
        }
    }
    return false;
}

struct slice mime_main_value(struct slice field) {
    return slice_trim(slice_sub(field, 0, find_end(field)));
}
