// SPDX-License-Identifier: MIT
#include "transcript/fields.h"

#include "base/clock.h"
#include "transcript/field_parts.h"

#include <string.h>

enum { MEMBER_BYTES = 24 }; // about what a member has beside its text

static const void *field_at(const struct field *field, const void *object) {
    return (const uint8_t *)object + field->offset;
}

static size_t field_count(const struct field *field, const void *object) {
    return *(const size_t *)(const void *)((const uint8_t *)object + field->count);
}

static const void *field_pointer(const struct field *field, const void *object) {
    const void *pointer = NULL;
    memcpy(&pointer, field_at(field, object), sizeof(pointer));
    return pointer;
}

static struct slice field_text(const struct field *field, const void *object) {
    return *(const struct slice *)field_at(field, object);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "the first bytes of a number are its low");

static uint64_t field_number(const struct field *field, const void *object) {
    uint64_t number = 0;
    memcpy(&number, field_at(field, object), field->size);
    return number;
}

bool field_is_in(const struct field *field, unsigned output) {
    unsigned only = field->flags & (FIELD_JSON | FIELD_JSONL);
    return only == 0 || only == output;
}

struct field field_item(const struct field *array) {
    if (array->item != NULL) {
        return *array->item;
    }
    return (struct field){.kind = FIELD_OBJECT, .table = array->table, .size = array->table->size};
}

// ── null ────────────────────────────────────────────────────────────────────────────────────────

static bool is_null_number(const struct field *field, const void *object) {
    uint64_t number = field_number(field, object);
    uint64_t minus = field->size == 4 ? UINT32_MAX : UINT64_MAX;
    return ((field->flags & FIELD_0_IS_NULL) != 0 && number == 0) ||
           ((field->flags & FIELD_MINUS_IS_NULL) != 0 && number == minus);
}

static bool is_null(const struct field *field, const void *object) {
    if (field->known != 0 && !*((const bool *)object + field->known)) {
        return true;
    }
    switch ((unsigned)field->kind) {
    case FIELD_COUNT:
    case FIELD_MS:
        return is_null_number(field, object);
    case FIELD_STRING:
    case FIELD_POINTER:
        return field_pointer(field, object) == NULL;
    case FIELD_CHARS:
        return *(const char *)field_at(field, object) == '\0';
    case FIELD_TEXT:
        return slice_is_null(field_text(field, object));
    case FIELD_NAME:
        return field->name_of((unsigned)field_number(field, object)) == NULL;
    }
    return false;
}

// Of a member that may be left out.
static bool is_left_out(const struct field *field, const void *object) {
    if ((field->flags & FIELD_OPTIONAL) == 0) {
        return false;
    }
    bool is_flag = field->kind == FIELD_BOOL || field->kind == FIELD_WHICH;
    return is_null(field, object) ||
           (field->kind == FIELD_ARRAY && field_count(field, object) == 0) ||
           (is_flag && field_number(field, object) == 0);
}

// ── writing ─────────────────────────────────────────────────────────────────────────────────────

static void write_value(struct json_writer *json, const struct field *field, const void *object,
                        unsigned output);

static void write_object(struct json_writer *json, const struct field_table *table,
                         const void *object, unsigned output) {
    json_open(json, '{');
    fields_write(json, table, object, output);
    json_close(json, '}');
}

static void write_array(struct json_writer *json, const struct field *field, const void *object,
                        unsigned output) {
    const uint8_t *items = field_pointer(field, object);
    const struct field item = field_item(field);
    json_open(json, '[');
    for (size_t i = 0; i < field_count(field, object); i++) {
        write_value(json, &item, items + i * item.size, output);
    }
    json_close(json, ']');
}

static void write_row(struct json_writer *json, const struct field *field, const void *object) {
    const uint64_t *numbers = field_at(field, object);
    json_open(json, '[');
    for (size_t i = 0; i < field->size / sizeof(*numbers); i++) {
        json_uint(json, numbers[i]);
    }
    json_close(json, ']');
}

static void write_time(struct json_writer *json, int64_t unix_ns, enum clock_precision precision) {
    json_open(json, '"');
    clock_put_rfc3339(json->out, unix_ns, precision);
    json_close(json, '"');
}

static void write_text(struct json_writer *json, const struct field *field, const void *object) {
    struct slice text = field_text(field, object);
    if (!json_text(json, text) && (field->flags & FIELD_EXACT) != 0) {
        json_member_exact(json, field->name, text);
    }
}

static void write_number(struct json_writer *json, const struct field *field, uint64_t number) {
    switch ((unsigned)field->kind) {
    case FIELD_BOOL:
        json_bool(json, number != 0);
        return;
    case FIELD_COUNT:
        json_uint(json, number);
        return;
    case FIELD_MS:
        json_ms(json, (int64_t)number / NS_PER_US);
        return;
    case FIELD_TIME:
        write_time(json, (int64_t)number, CLOCK_MICROSECONDS);
        return;
    case FIELD_DATE:
        write_time(json, (int64_t)number, CLOCK_SECONDS);
        return;
    case FIELD_NAME:
        json_string(json, field->name_of((unsigned)number));
        return;
    case FIELD_WHICH:
        json_string(json, field->words[number != 0]);
        return;
    }
}

// The value of a member that is not null.
static void write_value(struct json_writer *json, const struct field *field, const void *object,
                        unsigned output) {
    switch ((unsigned)field->kind) {
    case FIELD_STRING:
        json_string(json, field_pointer(field, object));
        return;
    case FIELD_CHARS:
        json_string(json, field_at(field, object));
        return;
    case FIELD_TEXT:
        write_text(json, field, object);
        return;
    case FIELD_OBJECT:
        write_object(json, field->table, field_at(field, object), output);
        return;
    case FIELD_POINTER:
        write_object(json, field->table, field_pointer(field, object), output);
        return;
    case FIELD_ROW:
        write_row(json, field, object);
        return;
    case FIELD_ARRAY:
        write_array(json, field, object, output);
        return;
    case FIELD_PARAMETERS:
        field_write_parameters(json, field_pointer(field, object), field_count(field, object));
        return;
    case FIELD_TIMELINE:
        record_write_timeline(json, object);
        return;
    }
    write_number(json, field, field_number(field, object));
}

static void write_member(struct json_writer *json, const struct field *field, const void *object,
                         unsigned output) {
    if (field->kind == FIELD_LINE) {
        field_write_line(json, field_at(field, object));
        return;
    }
    if (field->kind == FIELD_LINES) {
        field_write_lines(json, field_pointer(field, object), field_count(field, object));
        return;
    }
    if (is_left_out(field, object)) {
        return;
    }
    json_key(json, field->name);
    if (is_null(field, object)) {
        json_null(json);
        return;
    }
    write_value(json, field, object, output);
}

void fields_write(struct json_writer *json, const struct field_table *table, const void *object,
                  unsigned output) {
    for (size_t i = 0; i < table->count; i++) {
        if (field_is_in(&table->fields[i], output)) {
            write_member(json, &table->fields[i], object, output);
        }
    }
}

// ── keeping, and how much that would be ─────────────────────────────────────────────────────────

// The one walk over all that a struct points at: with an arena it copies it, without one it leaves
// the struct as it is and adds up the bytes.
struct walk {
    struct arena *arena;
    size_t size;
};

static void walk_table(struct walk *walk, const struct field_table *table, void *object);

static void walk_text(struct walk *walk, struct slice *text) {
    if (walk->arena != NULL) {
        *text = arena_copy(walk->arena, *text);
    } else {
        walk->size += json_text_size(*text);
    }
}

static void walk_string(struct walk *walk, void *member) {
    const char *string = NULL;
    memcpy(&string, member, sizeof(string));
    if (walk->arena != NULL) {
        string = arena_string(walk->arena, string);
        memcpy(member, &string, sizeof(string));
    } else {
        walk->size += json_text_size(slice_of_string(string));
    }
}

// The items that `member` points at, to be walked in their turn: their copies, or they themselves.
static uint8_t *walk_items(struct walk *walk, void *member, size_t count, size_t size) {
    uint8_t *items = NULL;
    memcpy(&items, member, sizeof(items));
    walk->size += count * size;
    if (walk->arena == NULL) {
        return items;
    }
    uint8_t *copy = arena_new(walk->arena, count + 1, size);
    if (count > 0) {
        memcpy(copy, items, count * size);
    }
    memcpy(member, &copy, sizeof(copy));
    return copy;
}

static void walk_pointer(struct walk *walk, const struct field *field, void *object) {
    void *member = (uint8_t *)object + field->offset;
    if (field_pointer(field, object) != NULL) {
        walk_table(walk, field->table, walk_items(walk, member, 1, field->table->size));
    }
}

static void walk_line(struct walk *walk, struct record_line *line) {
    walk_text(walk, &line->text);
    walk_text(walk, &line->prefix);
}

static void walk_member(struct walk *walk, const struct field *field, void *object);

static void walk_array(struct walk *walk, const struct field *field, void *member, size_t count) {
    const struct field item = field_item(field);
    uint8_t *items = walk_items(walk, member, count, item.size);
    for (size_t i = 0; i < count; i++) {
        walk_member(walk, &item, items + i * item.size);
    }
}

static void walk_lines(struct walk *walk, void *member, size_t count) {
    struct record_line *lines = (void *)walk_items(walk, member, count, sizeof(*lines));
    for (size_t i = 0; i < count; i++) {
        walk_line(walk, &lines[i]);
    }
}

static void walk_parameters(struct walk *walk, void *member, size_t count) {
    struct event_parameter *parameters =
        (void *)walk_items(walk, member, count, sizeof(*parameters));
    for (size_t i = 0; i < count; i++) {
        walk_text(walk, &parameters[i].keyword);
        walk_text(walk, &parameters[i].value);
    }
}

static void walk_member(struct walk *walk, const struct field *field, void *object) {
    void *member = (uint8_t *)object + field->offset;
    switch ((unsigned)field->kind) {
    case FIELD_STRING:
        walk_string(walk, member);
        return;
    case FIELD_TEXT:
        walk_text(walk, member);
        return;
    case FIELD_OBJECT:
        walk_table(walk, field->table, member);
        return;
    case FIELD_POINTER:
        walk_pointer(walk, field, object);
        return;
    case FIELD_ARRAY:
        walk_array(walk, field, member, field_count(field, object));
        return;
    case FIELD_PARAMETERS:
        walk_parameters(walk, member, field_count(field, object));
        return;
    case FIELD_LINE:
        walk_line(walk, member);
        return;
    case FIELD_LINES:
        walk_lines(walk, member, field_count(field, object));
        return;
    }
}

static void walk_table(struct walk *walk, const struct field_table *table, void *object) {
    walk->size += table->count * MEMBER_BYTES;
    for (size_t i = 0; i < table->count; i++) {
        walk_member(walk, &table->fields[i], object);
    }
}

void fields_keep(struct arena *arena, const struct field_table *table, void *object) {
    struct walk walk = {.arena = arena};
    walk_table(&walk, table, object);
}

size_t fields_size(const struct field_table *table, const void *object) {
    struct walk walk = {.arena = NULL};
    walk_table(&walk, table, (void *)(uintptr_t)object);
    return walk.size;
}
