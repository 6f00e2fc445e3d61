// SPDX-License-Identifier: MIT
#include "secret_forms.h"

#include "base/digest.h"
#include "base/text.h"

static void put_each(struct buf *out, struct slice secret, const char *format, bool all) {
    for (size_t i = 0; i < secret.len; i++) {
        if (all || !text_is_alnum(secret.data[i])) {
            buf_putf(out, format, secret.data[i]);
        } else {
            buf_put_byte(out, secret.data[i]);
        }
    }
}

static void put_replaced(struct buf *out, struct slice secret, uint8_t byte, const char *by) {
    for (size_t i = 0; i < secret.len; i++) {
        if (secret.data[i] == byte) {
            buf_put_string(out, by);
        } else {
            buf_put_byte(out, secret.data[i]);
        }
    }
}

static void put_entities(struct buf *out, struct slice secret) {
    static const char *const named[256] = {
        ['&'] = "&amp;", ['<'] = "&lt;", ['>'] = "&gt;", ['"'] = "&quot;", ['\''] = "&#39;"};
    for (size_t i = 0; i < secret.len; i++) {
        if (named[secret.data[i]] != NULL) {
            buf_put_string(out, named[secret.data[i]]);
        } else {
            buf_put_byte(out, secret.data[i]);
        }
    }
}

static void put_folded(struct buf *out, struct slice secret, uint8_t (*fold)(uint8_t)) {
    for (size_t i = 0; i < secret.len; i++) {
        buf_put_byte(out, fold(secret.data[i]));
    }
}

static void put_base64(struct buf *out, struct slice secret, size_t alignment, bool url,
                       const char **out_lead) {
    static const char *const leads[] = {"", "e", "en"}; // base64 of "z", "zz" but for shared digits
    uint8_t plain[256] = "zz";
    struct buf encoded;
    buf_init(&encoded, 1024);
    struct buf whole;
    buf_init(&whole, sizeof(plain));
    buf_put(&whole, slice_of(plain, alignment));
    buf_put(&whole, secret);
    base64_encode(&encoded, buf_slice(&whole));
    *out_lead = leads[alignment];
    struct slice digits = slice_from(buf_slice(&encoded), alignment);
    for (size_t i = 0; i < digits.len; i++) {
        uint8_t byte = digits.data[i];
        buf_put_byte(out, !url ? byte : byte == '+' ? '-' : byte == '/' ? '_' : byte);
    }
    buf_cleanup(&whole);
    buf_cleanup(&encoded);
}

static void put_base64_unpadded(struct buf *out, struct slice secret, const char **out_lead) {
    put_base64(out, secret, 0, false, out_lead);
    struct slice all = buf_slice(out);
    while (all.data[all.len - 1] == '=') {
        all.len--;
    }
    buf_truncate(out, all.len);
}

static void put_base64_percent(struct buf *out, struct slice secret, const char **out_lead) {
    struct buf encoded;
    buf_init(&encoded, 1024);
    put_base64(&encoded, secret, 0, false, out_lead);
    put_each(out, buf_slice(&encoded), "%%%02X", false);
    buf_cleanup(&encoded);
}

void secret_form_put(struct buf *out, struct slice secret, enum secret_form form,
                     const char **out_lead) {
    *out_lead = "";
    switch (form) {
    case FORM_PLAIN:
        buf_put(out, secret);
        break;
    case FORM_LOWER:
        put_folded(out, secret, text_lower);
        break;
    case FORM_UPPER:
        put_folded(out, secret, text_upper);
        break;
    case FORM_PERCENT_ALL:
        put_each(out, secret, "%%%02X", true);
        break;
    case FORM_PERCENT_SOME:
        put_each(out, secret, "%%%02X", false);
        break;
    case FORM_PERCENT_LOWER:
        put_each(out, secret, "%%%02x", true);
        break;
    case FORM_QUOTED_PRINTABLE:
        put_each(out, secret, "=%02X", false);
        break;
    case FORM_XTEXT:
        put_each(out, secret, "+%02X", false);
        break;
    case FORM_BACKSLASH_ALL:
        // Not before letters: `\x41` would be another form.
        put_each(out, secret, "\\%c", false);
        break;
    case FORM_BACKSLASH_SOME:
        for (size_t i = 0; i < secret.len; i++) {
            if (secret.data[i] == '"' || secret.data[i] == '\\') {
                buf_put_byte(out, '\\');
            }
            buf_put_byte(out, secret.data[i]);
        }
        break;
    case FORM_BACKSLASH_X:
        put_each(out, secret, "\\x%02X", true);
        break;
    case FORM_BACKSLASH_U:
        put_each(out, secret, "\\u00%02x", false);
        break;
    case FORM_BACKSLASH_OCTAL:
        put_each(out, secret, "\\%03o", false);
        break;
    case FORM_BACKSLASH_BRACES:
        put_each(out, secret, "\\u{%x}", false);
        break;
    case FORM_ENTITY:
        put_entities(out, secret);
        break;
    case FORM_ENTITY_DECIMAL:
        put_each(out, secret, "&#%d;", false);
        break;
    case FORM_ENTITY_HEX:
        put_each(out, secret, "&#x%04X;", false);
        break;
    case FORM_SHELL_QUOTED:
        put_replaced(out, secret, '\'', "'\\''");
        break;
    case FORM_SHELL_QUOTED_DOUBLE:
        put_replaced(out, secret, '\'', "'\"'\"'");
        break;
    case FORM_QUOTES_DOUBLED:
        put_replaced(out, secret, '"', "\"\"");
        break;
    case FORM_HEX_LOWER:
        put_each(out, secret, "%02x", true);
        break;
    case FORM_HEX_UPPER:
        put_each(out, secret, "%02X", true);
        break;
    case FORM_HEX_COLONS:
        put_each(out, secret, "%02x:", true);
        buf_truncate(out, buf_len(out) - 1);
        break;
    case FORM_BASE64_0:
        put_base64(out, secret, 0, false, out_lead);
        break;
    case FORM_BASE64_0_UNPADDED:
        put_base64_unpadded(out, secret, out_lead);
        break;
    case FORM_BASE64_1:
        put_base64(out, secret, 1, false, out_lead);
        break;
    case FORM_BASE64_2:
        put_base64(out, secret, 2, false, out_lead);
        break;
    case FORM_BASE64URL_0:
        put_base64(out, secret, 0, true, out_lead);
        break;
    case FORM_BASE64URL_1:
        put_base64(out, secret, 1, true, out_lead);
        break;
    case FORM_BASE64URL_2:
        put_base64(out, secret, 2, true, out_lead);
        break;
    case FORM_BASE64_PERCENT:
        put_base64_percent(out, secret, out_lead);
        break;
    case FORM_COUNT:
        break;
    }
}

void secret_make(struct buf *out, unsigned *seed, size_t len) {
    for (size_t i = 1; i < len; i++) {
        *seed = *seed * 1103515245u + 12345u;
        uint8_t byte = (uint8_t)(33 + (*seed >> 16) % 94);
        buf_put_byte(out, byte);
    }
    buf_put_byte(out, '7'); // so that it is no plain word
}
