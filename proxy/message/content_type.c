// SPDX-License-Identifier: MIT
#include "message/content_type.h"

#include "base/limits.h"
#include "base/text.h"

// ── tokens, with white space and comments between them ──────────────────────────────────────────

static struct slice skip_space(struct slice s) {
    int depth = 0;
    size_t i = 0;
    for (; i < s.len; i++) {
        uint8_t byte = s.data[i];
        if (byte == '\\' && depth > 0) {
            i++;
        } else if (byte == '(') {
            depth++;
        } else if (byte == ')' && depth > 0) {
            depth--;
        } else if (depth == 0 && !text_is_blank(byte)) {
            break;
        }
    }
    return slice_from(s, i);
}

static bool is_token_byte(uint8_t byte) {
    return byte > ' ' && byte != 0x7f &&
           slice_find_byte(SLICE("()<>@,;:\\\"/[]?="), byte) == SLICE_NONE;
}

static struct slice take_token(struct slice *rest) {
    *rest = skip_space(*rest);
    size_t len = 0;
    while (len < rest->len && is_token_byte(rest->data[len])) {
        len++;
    }
    struct slice token = slice_sub(*rest, 0, len);
    *rest = slice_from(*rest, len);
    return token;
}

static bool take_byte(struct slice *rest, uint8_t byte) {
    *rest = skip_space(*rest);
    if (rest->len == 0 || rest->data[0] != byte) {
        return false;
    }
    *rest = slice_from(*rest, 1);
    return true;
}

// ── the value of a parameter, quoted or not ─────────────────────────────────────────────────────

struct value {
    char text[LIMIT_BOUNDARY + 1];
    size_t len; // may be over LIMIT_BOUNDARY: then `text` is not whole
};

static void put(struct value *value, uint8_t byte) {
    if (value->len < LIMIT_BOUNDARY) {
        value->text[value->len] = (char)byte;
    }
    value->len++;
}

static void take_quoted(struct value *out, struct slice *rest) {
    size_t i = 0;
    for (; i < rest->len && rest->data[i] != '"'; i++) {
        i += rest->data[i] == '\\' && i + 1 < rest->len;
        put(out, rest->data[i]);
    }
    *rest = slice_from(*rest, i + 1);
}

// Unquoted, whatever comes up to a semicolon or space counts: many boundaries hold `=` or `/`.
static void take_bare(struct value *out, struct slice *rest) {
    size_t i = 0;
    for (; i < rest->len && rest->data[i] != ';' && !text_is_blank(rest->data[i]); i++) {
        put(out, rest->data[i]);
    }
    *rest = slice_from(*rest, i);
}

static struct value take_value(struct slice *rest) {
    struct value value = {.len = 0};
    if (take_byte(rest, '"')) {
        take_quoted(&value, rest);
    } else {
        take_bare(&value, rest);
    }
    value.text[value.len < LIMIT_BOUNDARY ? value.len : LIMIT_BOUNDARY] = '\0';
    return value;
}

static void keep_boundary(struct content_type *out, const struct value *value) {
    out->boundary_unreadable = value->len > LIMIT_BOUNDARY;
    out->boundary_len = out->boundary_unreadable ? 0 : value->len;
    for (size_t i = 0; i <= out->boundary_len; i++) {
        out->boundary[i] = i < out->boundary_len ? value->text[i] : '\0';
    }
    while (out->boundary_len > 0 && out->boundary[out->boundary_len - 1] == ' ') {
        out->boundary[--out->boundary_len] = '\0';
    }
    out->has_boundary = out->boundary_len > 0 || out->boundary_unreadable;
}

static void read_parameter(struct content_type *out, struct slice name, struct slice *rest) {
    struct value value = take_value(rest);
    if (slice_is_nocase(name, "boundary") && !out->has_boundary) {
        keep_boundary(out, &value);
    } else if (slice_starts_with_nocase(name, SLICE("boundary*"))) {
        out->boundary_unreadable = true;
    }
}

void content_type_parse(struct content_type *out, struct slice value) {
    *out = (struct content_type){.multipart = false};
    struct slice start = skip_space(value);
    struct slice rest = value;
    struct slice type = take_token(&rest);
    bool slash = take_byte(&rest, '/');
    struct slice subtype = take_token(&rest);
    out->multipart = slash && slice_is_nocase(type, "multipart") && subtype.len > 0;
    size_t shown = (size_t)(subtype.data + subtype.len - start.data);
    for (size_t i = 0; out->multipart && i < shown && i + 1 < sizeof(out->name); i++) {
        out->name[i] = (char)start.data[i];
    }
    while (rest.len > 0) {
        size_t before = rest.len;
        (void)take_byte(&rest, ';');
        struct slice name = take_token(&rest);
        if (take_byte(&rest, '=')) {
            read_parameter(out, name, &rest);
        } else if (rest.len == before) {
            rest = slice_from(rest, 1); // what cannot be read is passed over
        }
    }
}

enum transfer_encoding transfer_encoding_parse(struct slice value) {
    struct slice rest = value;
    struct slice name = take_token(&rest);
    if (slice_is_nocase(name, "base64")) {
        return TRANSFER_BASE64;
    }
    return slice_is_nocase(name, "quoted-printable") ? TRANSFER_QUOTED_PRINTABLE : TRANSFER_PLAIN;
}
