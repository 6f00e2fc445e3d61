// SPDX-License-Identifier: MIT
#include "base/slice.h"

#include "base/text.h"

#include <string.h>

struct slice slice_of(const void *data, size_t len) {
    return (struct slice){data, len};
}

struct slice slice_of_string(const char *string) {
    return string != NULL ? slice_of(string, strlen(string)) : (struct slice){0};
}

bool slice_is_null(struct slice s) {
    return s.data == NULL;
}

struct slice slice_sub(struct slice s, size_t offset, size_t len) {
    if (offset > s.len) {
        offset = s.len;
    }
    if (len > s.len - offset) {
        len = s.len - offset;
    }
    return s.data == NULL ? s : slice_of(s.data + offset, len);
}

struct slice slice_from(struct slice s, size_t offset) {
    return slice_sub(s, offset, SIZE_MAX);
}

struct slice slice_trim_right(struct slice s) {
    while (s.len > 0 && text_is_blank(s.data[s.len - 1])) {
        s.len--;
    }
    return s;
}

struct slice slice_trim_left(struct slice s) {
    size_t start = 0;
    while (start < s.len && text_is_blank(s.data[start])) {
        start++;
    }
    return slice_from(s, start);
}

struct slice slice_trim(struct slice s) {
    return slice_trim_left(slice_trim_right(s));
}

bool slice_equal(struct slice a, struct slice b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

bool slice_equal_nocase(struct slice a, struct slice b) {
    return a.len == b.len && slice_starts_with_nocase(a, b);
}

bool slice_is(struct slice s, const char *string) {
    return slice_equal(s, slice_of_string(string));
}

bool slice_is_nocase(struct slice s, const char *string) {
    return slice_equal_nocase(s, slice_of_string(string));
}

bool slice_starts_with(struct slice s, struct slice prefix) {
    return s.len >= prefix.len && slice_equal(slice_sub(s, 0, prefix.len), prefix);
}

bool slice_starts_with_nocase(struct slice s, struct slice prefix) {
    if (s.len < prefix.len) {
        return false;
    }
    for (size_t i = 0; i < prefix.len; i++) {
        if (text_lower(s.data[i]) != text_lower(prefix.data[i])) {
            return false;
        }
    }
    return true;
}

bool slice_ends_with_nocase(struct slice s, struct slice suffix) {
    return s.len >= suffix.len && slice_equal_nocase(slice_from(s, s.len - suffix.len), suffix);
}

size_t slice_find_byte(struct slice s, uint8_t byte) {
    const uint8_t *at = s.len == 0 ? NULL : memchr(s.data, byte, s.len);
    return at == NULL ? SLICE_NONE : (size_t)(at - s.data);
}

size_t slice_find_last_byte(struct slice s, uint8_t byte) {
    const uint8_t *at = s.len == 0 ? NULL : memrchr(s.data, byte, s.len);
    return at == NULL ? SLICE_NONE : (size_t)(at - s.data);
}

size_t slice_find(struct slice haystack, struct slice needle) {
    if (haystack.len == 0 || needle.len == 0) {
        return SLICE_NONE;
    }
    const uint8_t *at = memmem(haystack.data, haystack.len, needle.data, needle.len);
    return at == NULL ? SLICE_NONE : (size_t)(at - haystack.data);
}

size_t slice_find_nocase(struct slice haystack, struct slice needle) {
    if (needle.len == 0) {
        return SLICE_NONE;
    }
    for (size_t i = 0; i + needle.len <= haystack.len; i++) {
        if (slice_starts_with_nocase(slice_from(haystack, i), needle)) {
            return i;
        }
    }
    return SLICE_NONE;
}

struct slice slice_split(struct slice *rest, uint8_t separator) {
    struct slice whole = *rest;
    size_t at = slice_find_byte(whole, separator);
    if (at == SLICE_NONE) {
        *rest = (struct slice){0};
        return whole;
    }
    *rest = slice_from(whole, at + 1);
    return slice_sub(whole, 0, at);
}

struct slice slice_take_word(struct slice *rest) {
    size_t len = 0;
    while (len < rest->len && !text_is_blank(rest->data[len])) {
        len++;
    }
    struct slice word = slice_sub(*rest, 0, len);
    *rest = slice_trim_left(slice_from(*rest, len));
    return word;
}
