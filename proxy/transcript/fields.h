// SPDX-License-Identifier: MIT
// fields: a struct as an object of JSON, by a table of its members. The one table writes the
// object, reads it back, copies what the struct points at, and says how large the object is.
//
//   static const struct field auth_fields[] = {
//       {"outcome", FIELD_NAME, AT(event_auth, outcome), NAMES(auth_outcome)},
//       {"code", FIELD_COUNT, AT(event_auth, code), .flags = FIELD_0_IS_NULL}, …
//
// Text is kept as the bytes that it was. JSON cannot hold all of them: where it is not UTF-8 or has
// a NUL each bad byte is written as U+FFFD, and FIELD_EXACT writes the bytes beside it.
#ifndef SCOPE_TRANSCRIPT_FIELDS_H
#define SCOPE_TRANSCRIPT_FIELDS_H

#include "base/arena.h"
#include "transcript/json_writer.h"

struct cJSON;

enum field_kind {
    FIELD_BOOL,
    FIELD_COUNT,      // a number that is not negative, of any size of integer
    FIELD_MS,         // int64_t in nanoseconds, written as milliseconds
    FIELD_TIME,       // int64_t, Unix time in nanoseconds, written to the microsecond
    FIELD_DATE,       // the same, to the second
    FIELD_NAME,       // an enum
    FIELD_WHICH,      // bool, written as one of two words
    FIELD_STRING,     // const char *
    FIELD_CHARS,      // char[], terminated; empty is null
    FIELD_TEXT,       // struct slice
    FIELD_OBJECT,     // a struct within the struct
    FIELD_POINTER,    // a pointer to a struct; NULL is null
    FIELD_ROW,        // a struct of uint64_t, written as an array
    FIELD_ARRAY,      // a pointer to items, and a count; an item is `item`, or an object of `table`
    FIELD_PARAMETERS, // const struct event_parameter *, and a count
    FIELD_LINE,       // struct record_line
    FIELD_LINES,      // const struct record_line *, and a count
    FIELD_TIMELINE,   // struct record; see record_timeline.c
};

enum field_flags {
    FIELD_0_IS_NULL = 1,
    FIELD_MINUS_IS_NULL = 2, // -1, or all bits of an unsigned number
    FIELD_OPTIONAL = 4,      // left out instead of null, false or empty
    FIELD_EXACT = 8,         // text: with NAME_base64 where JSON cannot hold it
    FIELD_REQUIRED = 16,     // a string: "unknown" where there is none
    FIELD_JSON = 32,         // in the document of a session alone
    FIELD_JSONL = 64,        // in the line of an event alone
};

struct field {
    const char *name;
    enum field_kind kind;
    size_t offset;
    size_t size;    // of the member
    unsigned flags; // of enum field_flags
    size_t count;   // offset of the count
    size_t known;   // offset of a bool: false is null; 0 for none
    const struct field *item;
    const struct field_table *table;
    // FIELD_NAME: the names of 0 to `last`, and the value where the name is none of them.
    const char *(*name_of)(unsigned value);
    unsigned last;
    unsigned absent;
    const char *words[2]; // FIELD_WHICH: of false, of true
};

struct field_table {
    const struct field *fields;
    size_t count;
    size_t size; // of the struct
};

#define AT(type, member)                                                                           \
    .offset = offsetof(struct type, member), .size = sizeof(((struct type *)0)->member)
#define POINTER_AT(type, member) .offset = offsetof(struct type, member)
#define COUNTED_BY(type, member) .count = offsetof(struct type, member)
#define KNOWN_BY(type, member)   .known = offsetof(struct type, member)
#define FIELD_TABLE(type, list)                                                                    \
    { (list), sizeof(list) / sizeof((list)[0]), sizeof(struct type) }

// Which output: FIELD_JSON or FIELD_JSONL. Writes the members of an object that is open.
void fields_write(struct json_writer *json, const struct field_table *table, const void *object,
                  unsigned output);
// Fills the struct from the object; what is absent, or of another type, is as it would be for null.
// Texts are copied.
void fields_read(struct arena *arena, const struct field_table *table, void *object,
                 const struct cJSON *from, unsigned output);
// Copies all that the struct points at, so that the arena holds it.
void fields_keep(struct arena *arena, const struct field_table *table, void *object);
// About how many bytes the object has in JSON; no less than what fields_keep copies.
size_t fields_size(const struct field_table *table, const void *object);

#endif
