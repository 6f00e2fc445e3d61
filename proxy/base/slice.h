// SPDX-License-Identifier: MIT
// slice: a view of bytes with another owner. Wire data travels as slices, never as C strings:
// it may hold NULs, and it is not terminated. A slice is valid as long as what it points into;
// each function that returns one says how long that is.
//
// Comparison folds ASCII only: <ctype.h> would read the locale and is banned on wire bytes.
#ifndef SCOPE_BASE_SLICE_H
#define SCOPE_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
    const uint8_t *data; // may be NULL; `slice_is_null` tells "absent" from "empty"
    size_t len;          // bytes
};

// A range within a slice, in bytes from its start.
struct span {
    size_t offset;
    size_t len;
};

// The position of something that was not found.
#define SLICE_NONE SIZE_MAX

// A slice of a string literal, usable in initialisers.
#define SLICE_INIT(literal)                                                                        \
    { (const uint8_t *)(literal), sizeof(literal) - 1 }
#define SLICE(literal) ((struct slice)SLICE_INIT(literal))

struct slice slice_of(const void *data, size_t len);
struct slice slice_of_string(const char *string); // NULL gives the null slice
bool slice_is_null(struct slice s);

// The part from `offset` on, of at most `len` bytes; out of range is cut, never an error.
struct slice slice_sub(struct slice s, size_t offset, size_t len);
struct slice slice_from(struct slice s, size_t offset);
struct slice slice_trim(struct slice s);       // without SP and HTAB at both ends
struct slice slice_trim_left(struct slice s);  // … at its beginning
struct slice slice_trim_right(struct slice s); // … at its end

bool slice_equal(struct slice a, struct slice b);
bool slice_equal_nocase(struct slice a, struct slice b);
bool slice_is(struct slice s, const char *string);        // equal to a C string
bool slice_is_nocase(struct slice s, const char *string); // the same, ASCII case folded
bool slice_starts_with(struct slice s, struct slice prefix);
bool slice_starts_with_nocase(struct slice s, struct slice prefix);
bool slice_ends_with_nocase(struct slice s, struct slice suffix);

// Offsets of the first occurrence, or SLICE_NONE. An empty needle is never found.
size_t slice_find_byte(struct slice s, uint8_t byte);
size_t slice_find_last_byte(struct slice s, uint8_t byte);
size_t slice_find(struct slice haystack, struct slice needle);
size_t slice_find_nocase(struct slice haystack, struct slice needle);

// Cuts the part before `separator` off the front of `*rest` and returns it; `*rest` is then what
// comes after the separator, or the null slice where there was none left.
struct slice slice_split(struct slice *rest, uint8_t separator);
// Cuts the word up to the first blank (SP or HTAB) off the front of `*rest`, and the blanks after
// it; empty where `*rest` begins with one.
struct slice slice_take_word(struct slice *rest);

#endif
