// SPDX-License-Identifier: MIT
#include "inspect/mail_address.h"

#include "base/limits.h"
#include "base/text.h"

// Where a token that begins at `at` ends: a quoted string, a comment, a domain literal, or one
// byte.
static size_t token_end(struct slice s, size_t at) {
    uint8_t open = s.data[at];
    uint8_t close = open == '"' ? '"' : open == '(' ? ')' : open == '[' ? ']' : 0;
    if (close == 0) {
        return at + 1;
    }
    int depth = 1;
    for (size_t i = at + 1; i < s.len; i++) {
        uint8_t byte = s.data[i];
        if (byte == '\\') {
            i++;
        } else if (byte == close) {
            depth--;
        } else if (byte == '(' && open == '(') {
            depth++;
        }
        if (depth == 0) {
            return i + 1;
        }
    }
    return s.len;
}

// Up to the comma or semicolon that ends a mailbox, or after the colon that opens a group.
static struct slice take_mailbox(struct slice *rest) {
    size_t at = 0;
    bool angle = false;
    while (at < rest->len) {
        uint8_t byte = rest->data[at];
        if (!angle && (byte == ',' || byte == ';' || byte == ':')) {
            break;
        }
        angle = byte == '<' || (angle && byte != '>');
        at = token_end(*rest, at);
    }
    at = at < rest->len ? at : rest->len;
    struct slice mailbox = slice_sub(*rest, 0, at);
    bool group_name = at < rest->len && rest->data[at] == ':';
    *rest = at < rest->len ? slice_from(*rest, at + 1) : (struct slice){NULL, 0};
    return group_name ? (struct slice){NULL, 0} : mailbox;
}

// What is between < and >, without a source route; all of it where there is no <.
static struct slice inside_angle(struct slice mailbox) {
    size_t at = 0;
    while (at < mailbox.len && mailbox.data[at] != '<') {
        at = token_end(mailbox, at);
    }
    if (at >= mailbox.len) {
        return mailbox;
    }
    struct slice inner = slice_from(mailbox, at + 1);
    size_t end = 0;
    size_t route = 0;
    while (end < inner.len && inner.data[end] != '>') {
        route = inner.data[end] == ':' ? end + 1 : route;
        end = token_end(inner, end);
    }
    end = end < inner.len ? end : inner.len;
    return slice_from(slice_sub(inner, 0, end), route);
}

static bool is_plain(uint8_t byte) {
    return text_is_alnum(byte) || byte >= 0x80 || byte == '.' ||
           slice_find_byte(SLICE("!#$%&'*+-/=?^_`{|}~"), byte) != SLICE_NONE;
}

static void put_lower(struct buf *out, struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        buf_put_byte(out, text_lower(text.data[i]));
    }
}

// "bob" is bob (RFC 5321 4.1.2); "a b" needs its quotes.
static void put_quoted(struct buf *out, struct slice quoted) {
    struct slice inner = slice_sub(quoted, 1, quoted.len < 2 ? 0 : quoted.len - 2);
    bool plain = inner.len > 0;
    for (size_t i = 0; i < inner.len; i++) {
        plain = plain && is_plain(inner.data[i]);
    }
    put_lower(out, plain ? inner : quoted);
}

static void put_address(struct buf *out, struct slice address) {
    size_t at = 0;
    while (at < address.len) {
        size_t end = token_end(address, at);
        uint8_t byte = address.data[at];
        if (byte == '"') {
            put_quoted(out, slice_sub(address, at, end - at));
        } else if (byte == '[') {
            put_lower(out, slice_sub(address, at, end - at));
        } else if (byte != '(' && !text_is_blank(byte)) {
            buf_put_byte(out, text_lower(byte));
        }
        at = end;
    }
}

bool address_normalise(struct buf *out, struct slice address) {
    buf_clear(out);
    put_address(out, address);
    struct slice text = buf_slice(out);
    return text.len > 0 && text.len < LIMIT_ADDRESS;
}

static bool is_address(struct slice text) {
    size_t at = 0;
    while (at < text.len && text.data[at] != '@') {
        at = token_end(text, at);
    }
    return at > 0 && at + 1 < text.len;
}

bool address_next(struct buf *out, struct slice *rest) {
    while (rest->len > 0) {
        struct slice mailbox = take_mailbox(rest);
        if (address_normalise(out, inside_angle(mailbox)) && is_address(buf_slice(out))) {
            return true;
        }
    }
    return false;
}
