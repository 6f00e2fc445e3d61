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

static uint64_t field_number(const struct field *field, const void *object) {
    const void *at = field_at(field, object);
    switch (field->size) {
    case 1:
        return *(const uint8_t *)at;
    case 2:
        return *(const uint16_t *)at;
    case 4:
        return *(const uint32_t *)at;
    default:
        return *(const uint64_t *)at;
    }
}

bool field_is_in(const struct field *field, unsigned output) {
    unsigned only = field->flags & (FIELD_JSON | FIELD_JSONL);
    return only == 0 || only == output;
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
    switch (field->kind) {
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
    case FIELD_BOOL:
    case FIELD_TIME:
    case FIELD_DATE:
    case FIELD_WHICH:
    case FIELD_OBJECT:
    case FIELD_ARRAY:
    case FIELD_STRINGS:
    case FIELD_NUMBERS:
    case FIELD_ROWS:
    case FIELD_PARAMETERS:
    case FIELD_LINE:
    case FIELD_LINES:
    case FIELD_TIMELINE:
        return false;
    }
    return false;
}

// Of a member that may be left out.
static bool is_left_out(const struct field *field, const void *object) {
    if ((field->flags & FIELD_OPTIONAL) == 0) {
        return false;
    }
    bool is_list =
        field->kind == FIELD_ARRAY || field->kind == FIELD_NUMBERS || field->kind == FIELD_ROWS;
    bool is_flag = field->kind == FIELD_BOOL || field->kind == FIELD_WHICH;
    return is_null(field, object) || (is_list && field_count(field, object) == 0) ||
           (is_flag && field_number(field, object) == 0);
}

// ── writing ─────────────────────────────────────────────────────────────────────────────────────

static void write_object(struct json_writer *json, const struct field_table *table,
                         const void *object, unsigned output) {
    json_open(json, '{');
    fields_write(json, table, object, output);
    json_close(json, '}');
}

static void write_array(struct json_writer *json, const struct field *field, const void *object,
                        unsigned output) {
    const uint8_t *items = field_pointer(field, object);
    json_open(json, '[');
    for (size_t i = 0; i < field_count(field, object); i++) {
        write_object(json, field->table, items + i * field->table->size, output);
    }
    json_close(json, ']');
}

static void write_strings(struct json_writer *json, const struct field *field, const void *object) {
    const char *const *strings = field_pointer(field, object);
    json_open(json, '[');
    for (size_t i = 0; i < field_count(field, object); i++) {
        json_string(json, strings[i]);
    }
    json_close(json, ']');
}

static void write_numbers(struct json_writer *json, const uint64_t *numbers, size_t count) {
    json_open(json, '[');
    for (size_t i = 0; i < count; i++) {
        json_uint(json, numbers[i]);
    }
    json_close(json, ']');
}

static void write_rows(struct json_writer *json, const struct field *field, const void *object) {
    const uint64_t *rows = field_pointer(field, object);
    json_open(json, '[');
    for (size_t i = 0; i < field_count(field, object); i++) {
        write_numbers(json, rows + i * field->row, field->row);
    }
    json_close(json, ']');
}

static void write_time(struct json_writer *json, const struct field *field, const void *object,
                       enum clock_precision precision) {
    json_open(json, '"');
    clock_put_rfc3339(json->out, (int64_t)field_number(field, object), precision);
    json_close(json, '"');
}

static void write_text(struct json_writer *json, const struct field *field, const void *object) {
    struct slice text = field_text(field, object);
    if (!json_text(json, text) && (field->flags & FIELD_EXACT) != 0) {
        json_member_exact(json, field->name, text);
    }
}

// The value of a member that is not null.
static void write_value(struct json_writer *json, const struct field *field, const void *object,
                        unsigned output) {
    switch (field->kind) {
    case FIELD_BOOL:
        json_bool(json, field_number(field, object) != 0);
        return;
    case FIELD_COUNT:
        json_uint(json, field_number(field, object));
        return;
    case FIELD_MS:
        json_ms(json, (int64_t)field_number(field, object) / NS_PER_US);
        return;
    case FIELD_TIME:
        write_time(json, field, object, CLOCK_MICROSECONDS);
        return;
    case FIELD_DATE:
        write_time(json, field, object, CLOCK_SECONDS);
        return;
    case FIELD_STRING:
        json_string(json, field_pointer(field, object));
        return;
    case FIELD_CHARS:
        json_string(json, field_at(field, object));
        return;
    case FIELD_TEXT:
        write_text(json, field, object);
        return;
    case FIELD_NAME:
        json_string(json, field->name_of((unsigned)field_number(field, object)));
        return;
    case FIELD_WHICH:
        json_string(json, field->words[field_number(field, object) != 0]);
        return;
    case FIELD_OBJECT:
        write_object(json, field->table, field_at(field, object), output);
        return;
    case FIELD_POINTER:
        write_object(json, field->table, field_pointer(field, object), output);
        return;
    case FIELD_ARRAY:
        write_array(json, field, object, output);
        return;
    case FIELD_STRINGS:
        write_strings(json, field, object);
        return;
    case FIELD_NUMBERS:
        write_numbers(json, field_pointer(field, object), field_count(field, object));
        return;
    case FIELD_ROWS:
        write_rows(json, field, object);
        return;
    case FIELD_PARAMETERS:
        field_write_parameters(json, field_pointer(field, object), field_count(field, object));
        return;
    case FIELD_TIMELINE:
        record_write_timeline(json, object);
        return;
    case FIELD_LINE:
    case FIELD_LINES:
        return; // more than one member
    }
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

// ── keeping ─────────────────────────────────────────────────────────────────────────────────────

static void *copy_of(struct arena *arena, const void *items, size_t count, size_t size) {
    void *copy = arena_new(arena, count + 1, size);
    if (count > 0) {
        memcpy(copy, items, count * size);
    }
    return copy;
}

static void keep_objects(struct arena *arena, const struct field *field, void *member,
                         const void *items, size_t count) {
    const struct field_table *table = field->table;
    uint8_t *copy = items == NULL ? NULL : copy_of(arena, items, count, table->size);
    memcpy(member, &copy, sizeof(copy));
    for (size_t i = 0; copy != NULL && i < count; i++) {
        fields_keep(arena, table, copy + i * table->size);
    }
}

static const char *const *keep_strings(struct arena *arena, const char *const *strings,
                                       size_t count) {
    const char **copy = arena_new(arena, count + 1, sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        copy[i] = arena_string(arena, strings[i]);
    }
    return copy;
}

static void set_pointer(void *member, const void *pointer) {
    memcpy(member, &pointer, sizeof(pointer));
}

static void keep_member(struct arena *arena, const struct field *field, void *object) {
    void *member = (uint8_t *)object + field->offset;
    const void *items = NULL;
    switch (field->kind) {
    case FIELD_STRING:
        set_pointer(member, arena_string(arena, field_pointer(field, object)));
        return;
    case FIELD_TEXT:
        *(struct slice *)member = arena_copy(arena, field_text(field, object));
        return;
    case FIELD_OBJECT:
        fields_keep(arena, field->table, member);
        return;
    case FIELD_POINTER:
        keep_objects(arena, field, member, field_pointer(field, object), 1);
        return;
    case FIELD_ARRAY:
        keep_objects(arena, field, member, field_pointer(field, object),
                     field_count(field, object));
        return;
    case FIELD_STRINGS:
        items = keep_strings(arena, field_pointer(field, object), field_count(field, object));
        set_pointer(member, items);
        return;
    case FIELD_NUMBERS:
    case FIELD_ROWS:
        items = copy_of(arena, field_pointer(field, object), field_count(field, object),
                        sizeof(uint64_t) * (field->row == 0 ? 1 : field->row));
        set_pointer(member, items);
        return;
    case FIELD_PARAMETERS:
        items =
            field_keep_parameters(arena, field_pointer(field, object), field_count(field, object));
        set_pointer(member, items);
        return;
    case FIELD_LINE:
        field_keep_line(arena, member);
        return;
    case FIELD_LINES:
        items = field_keep_lines(arena, field_pointer(field, object), field_count(field, object));
        set_pointer(member, items);
        return;
    case FIELD_BOOL:
    case FIELD_COUNT:
    case FIELD_MS:
    case FIELD_TIME:
    case FIELD_DATE:
    case FIELD_CHARS:
    case FIELD_NAME:
    case FIELD_WHICH:
    case FIELD_TIMELINE:
        return;
    }
}

void fields_keep(struct arena *arena, const struct field_table *table, void *object) {
    for (size_t i = 0; i < table->count; i++) {
        keep_member(arena, &table->fields[i], object);
    }
}

// ── size ────────────────────────────────────────────────────────────────────────────────────────

static size_t size_of_objects(const struct field *field, const void *items, size_t count) {
    size_t size = 0;
    for (size_t i = 0; items != NULL && i < count; i++) {
        const void *item = (const uint8_t *)items + i * field->table->size;
        size += field->table->size + fields_size(field->table, item);
    }
    return size;
}

static size_t size_of_strings(const char *const *strings, size_t count) {
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        size += sizeof(strings[i]) + MEMBER_BYTES + json_text_size(slice_of_string(strings[i]));
    }
    return size;
}

static size_t size_of_member(const struct field *field, const void *object) {
    switch (field->kind) {
    case FIELD_STRING:
        return json_text_size(slice_of_string(field_pointer(field, object)));
    case FIELD_TEXT:
        return json_text_size(field_text(field, object));
    case FIELD_OBJECT:
        return fields_size(field->table, field_at(field, object));
    case FIELD_POINTER:
        return size_of_objects(field, field_pointer(field, object), 1);
    case FIELD_ARRAY:
        return size_of_objects(field, field_pointer(field, object), field_count(field, object));
    case FIELD_STRINGS:
        return size_of_strings(field_pointer(field, object), field_count(field, object));
    case FIELD_NUMBERS:
        return field_count(field, object) * sizeof(uint64_t);
    case FIELD_ROWS:
        return field_count(field, object) * field->row * sizeof(uint64_t);
    case FIELD_PARAMETERS:
        return field_size_of_parameters(field_pointer(field, object), field_count(field, object));
    case FIELD_LINE:
        return field_size_of_lines(field_at(field, object), 1);
    case FIELD_LINES:
        return field_size_of_lines(field_pointer(field, object), field_count(field, object));
    case FIELD_BOOL:
    case FIELD_COUNT:
    case FIELD_MS:
    case FIELD_TIME:
    case FIELD_DATE:
    case FIELD_CHARS:
    case FIELD_NAME:
    case FIELD_WHICH:
    case FIELD_TIMELINE:
        return 0;
    }
    return 0;
}

size_t fields_size(const struct field_table *table, const void *object) {
    size_t size = table->count * MEMBER_BYTES;
    for (size_t i = 0; i < table->count; i++) {
        size += size_of_member(&table->fields[i], object);
    }
    return size;
}
