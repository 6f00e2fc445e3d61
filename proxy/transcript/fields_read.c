// SPDX-License-Identifier: MIT
// fields_read: from JSON to structs, whatever the JSON is.
#include "base/clock.h"
#include "base/digest.h"
#include "base/limits.h"
#include "transcript/field_read_parts.h"

#include <stdio.h>
#include <string.h>

// ── values ──────────────────────────────────────────────────────────────────────────────────────

const cJSON *json_get(const cJSON *object, const char *key) {
    const cJSON *value = cJSON_GetObjectItemCaseSensitive(object, key);
    return cJSON_IsNull(value) ? NULL : value;
}

const char *json_get_string(const cJSON *object, const char *key) {
    return cJSON_GetStringValue(json_get(object, key));
}

uint64_t json_number(const cJSON *number) {
    double value = cJSON_GetNumberValue(number); // not a number: NaN, which no comparison holds for
    return value >= 0 && value < 0x1p63 ? (uint64_t)value : 0;
}

int64_t json_ms_read(const cJSON *ms) {
    double value = cJSON_GetNumberValue(ms);
    return value >= 0 && value < LIMIT_READ_MS ? (int64_t)(value * 1000 + 0.5) * NS_PER_US : -1;
}

bool json_time(int64_t *out_unix_ns, const cJSON *time) {
    const int64_t year_2200_ns = clock_days(2200, 1, 1) * 86400 * NS_PER_S;
    struct slice text = slice_of_string(cJSON_GetStringValue(time));
    int64_t unix_ns = 0;
    if (!clock_parse_rfc3339(&unix_ns, text) || unix_ns < 0 || unix_ns >= year_2200_ns) {
        return false;
    }
    *out_unix_ns = unix_ns / NS_PER_US * NS_PER_US;
    return true;
}

struct slice json_text_read(struct arena *arena, const cJSON *string) {
    return arena_copy(arena, slice_of_string(cJSON_GetStringValue(string)));
}

// The bytes of a base64 string; false where it is none.
static bool read_base64(struct slice *out, struct arena *arena, const cJSON *base64) {
    struct slice text = slice_of_string(cJSON_GetStringValue(base64));
    if (slice_is_null(text)) {
        return false;
    }
    struct buf bytes;
    buf_init(&bytes, text.len + 4);
    bool good = base64_decode(&bytes, text);
    if (good) {
        struct slice decoded = buf_slice(&bytes);
        *out = arena_copy(arena, slice_is_null(decoded) ? SLICE("") : decoded);
    }
    buf_cleanup(&bytes);
    return good;
}

static struct slice read_text(struct arena *arena, const cJSON *object, const char *name,
                              bool exact) {
    struct slice bytes;
    if (exact) {
        char key[64];
        snprintf(key, sizeof(key), "%s_base64", name);
        exact = read_base64(&bytes, arena, json_get(object, key));
    }
    return exact ? bytes : json_text_read(arena, json_get(object, name));
}

// The items of an array and their number.
struct list {
    void *items;
    size_t count;
};

static int count_of(const cJSON *array, int max) {
    int count = cJSON_IsArray(array) ? cJSON_GetArraySize(array) : 0;
    return count > max ? max : count;
}

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

static void read_line(struct record_line *out, struct arena *arena, const cJSON *object) {
    out->text = read_text(arena, object, "line", true);
    out->len = (size_t)json_number(json_get(object, "line_bytes"));
    out->was_no_utf8 = json_get(object, "line_base64") != NULL;
}

static const cJSON *first_of(const cJSON *object, const char *name) {
    const cJSON *array = json_get(object, name);
    return cJSON_IsArray(array) ? array->child : NULL;
}

static const cJSON *next_of(const cJSON *item) {
    return item == NULL ? NULL : item->next;
}

// Arrays beside each other: the text of each line, and what is odd about it.
static struct list read_lines(struct arena *arena, const cJSON *object) {
    int count = count_of(json_get(object, "lines"), (int)LIMIT_REPLY_LINES);
    const cJSON *text = first_of(object, "lines");
    const cJSON *exact = first_of(object, "lines_base64");
    const cJSON *bytes = first_of(object, "lines_bytes");
    const cJSON *prefix = first_of(object, "prefixes");
    struct record_line *lines = arena_new(arena, (size_t)count + 1, sizeof(*lines));
    for (int i = 0; i < count; i++) {
        lines[i].was_no_utf8 = read_base64(&lines[i].text, arena, exact);
        if (!lines[i].was_no_utf8) {
            lines[i].text = json_text_read(arena, text);
        }
        lines[i].len = (size_t)json_number(bytes);
        lines[i].prefix = json_text_read(arena, prefix);
        text = next_of(text);
        exact = next_of(exact);
        bytes = next_of(bytes);
        prefix = next_of(prefix);
    }
    return (struct list){lines, (size_t)count};
}

// ── numbers and names ───────────────────────────────────────────────────────────────────────────

static uint64_t read_count(const struct field *field, const cJSON *value) {
    if (!cJSON_IsNumber(value) && (field->flags & FIELD_MINUS_IS_NULL) != 0) {
        return UINT64_MAX;
    }
    return field->size == 4 ? json_number(value) & INT32_MAX : json_number(value);
}

static uint64_t read_ms(const struct field *field, const cJSON *value) {
    int64_t ns = json_ms_read(value);
    return ns < 0 && (field->flags & FIELD_0_IS_NULL) != 0 ? 0 : (uint64_t)ns;
}

static uint64_t read_name(const struct field *field, const cJSON *value) {
    struct slice name = slice_of_string(cJSON_GetStringValue(value));
    for (unsigned each = 0; each <= field->last && !slice_is_null(name); each++) {
        const char *known = field->name_of(each);
        if (known != NULL && slice_is(name, known)) {
            return each;
        }
    }
    return field->absent;
}

static uint64_t read_time(const cJSON *value) {
    int64_t unix_ns = 0;
    return json_time(&unix_ns, value) ? (uint64_t)unix_ns : 0;
}

static uint64_t read_date(const cJSON *value) {
    int64_t unix_ns = 0;
    clock_parse_rfc3339(&unix_ns, slice_of_string(cJSON_GetStringValue(value)));
    return (uint64_t)unix_ns;
}

static uint64_t read_number(const struct field *field, const cJSON *value) {
    struct slice text = slice_of_string(cJSON_GetStringValue(value));
    switch ((unsigned)field->kind) {
    case FIELD_COUNT:
        return read_count(field, value);
    case FIELD_MS:
        return read_ms(field, value);
    case FIELD_TIME:
        return read_time(value);
    case FIELD_DATE:
        return read_date(value);
    case FIELD_NAME:
        return read_name(field, value);
    case FIELD_WHICH:
        return !slice_is_null(text) && slice_is(text, field->words[1]);
    }
    return cJSON_IsTrue(value) != 0;
}

// ── members ─────────────────────────────────────────────────────────────────────────────────────

static void read_value(struct arena *arena, const struct field *field, void *object,
                       const cJSON *value, unsigned output);

static void set_pointer(void *member, const void *pointer) {
    memcpy(member, &pointer, sizeof(pointer));
}

static void set_list(const struct field *field, void *object, struct list list) {
    set_pointer((uint8_t *)object + field->offset, list.items);
    memcpy((uint8_t *)object + field->count, &list.count, sizeof(list.count));
}

static struct list read_array(struct arena *arena, const struct field *field, const cJSON *array,
                              unsigned output) {
    const struct field item = field_item(field);
    size_t count = (size_t)count_of(array, INT_MAX);
    struct list list = {.items = arena_new(arena, count + 1, item.size)};
    const cJSON *value = cJSON_IsArray(array) ? array->child : NULL;
    for (; value != NULL; value = value->next) {
        if (item.kind != FIELD_STRING || cJSON_IsString(value)) {
            void *member = (uint8_t *)list.items + list.count++ * item.size;
            read_value(arena, &item, member, value, output);
        }
    }
    return list;
}

static struct list read_parameters(struct arena *arena, const cJSON *object) {
    size_t count = cJSON_IsObject(object) ? (size_t)cJSON_GetArraySize(object) : 0;
    struct event_parameter *parameters = arena_new(arena, count + 1, sizeof(*parameters));
    const cJSON *item = count == 0 ? NULL : object->child;
    for (size_t i = 0; i < count; i++, item = next_of(item)) {
        parameters[i].keyword = arena_copy(arena, slice_of_string(item->string));
        parameters[i].value = json_text_read(arena, item);
    }
    return (struct list){parameters, count};
}

static void read_row(uint64_t *numbers, size_t count, const cJSON *row) {
    const cJSON *number = cJSON_IsArray(row) ? row->child : NULL;
    for (size_t i = 0; i < count; i++, number = next_of(number)) {
        numbers[i] = json_number(number);
    }
}

static const void *read_pointer(struct arena *arena, const struct field *field, const cJSON *value,
                                unsigned output) {
    if (!cJSON_IsObject(value)) {
        return NULL;
    }
    void *object = arena_new(arena, 1, field->table->size);
    fields_read(arena, field->table, object, value, output);
    return object;
}

static const char *read_string(struct arena *arena, const struct field *field, const cJSON *value) {
    const char *string = cJSON_GetStringValue(value);
    bool needed = string == NULL && (field->flags & FIELD_REQUIRED) != 0;
    return needed ? "unknown" : arena_string(arena, string);
}

static void read_chars(char *out, size_t size, const cJSON *value) {
    struct slice text = slice_sub(slice_of_string(cJSON_GetStringValue(value)), 0, size - 1);
    if (text.len > 0) {
        memcpy(out, text.data, text.len);
    }
}

static void read_value(struct arena *arena, const struct field *field, void *object,
                       const cJSON *value, unsigned output) {
    void *member = (uint8_t *)object + field->offset;
    uint64_t number = 0;
    switch ((unsigned)field->kind) {
    case FIELD_STRING:
        set_pointer(member, read_string(arena, field, value));
        return;
    case FIELD_CHARS:
        read_chars(member, field->size, value);
        return;
    case FIELD_OBJECT:
        fields_read(arena, field->table, member, value, output);
        return;
    case FIELD_POINTER:
        set_pointer(member, read_pointer(arena, field, value, output));
        return;
    case FIELD_ROW:
        read_row(member, field->size / sizeof(uint64_t), value);
        return;
    case FIELD_ARRAY:
        set_list(field, object, read_array(arena, field, value, output));
        return;
    case FIELD_PARAMETERS:
        set_list(field, object, read_parameters(arena, value));
        return;
    case FIELD_TIMELINE:
        record_read_timeline(object, value);
        return;
    }
    number = read_number(field, value);
    memcpy(member, &number, field->size);
}

// These are more than one member.
static void read_member(struct arena *arena, const struct field *field, void *object,
                        const cJSON *from, unsigned output) {
    void *member = (uint8_t *)object + field->offset;
    switch ((unsigned)field->kind) {
    case FIELD_TEXT:
        *(struct slice *)member =
            read_text(arena, from, field->name, (field->flags & FIELD_EXACT) != 0);
        return;
    case FIELD_LINE:
        read_line(member, arena, from);
        return;
    case FIELD_LINES:
        set_list(field, object, read_lines(arena, from));
        return;
    }
    read_value(arena, field, object, json_get(from, field->name), output);
}

void fields_read(struct arena *arena, const struct field_table *table, void *object,
                 const cJSON *from, unsigned output) {
    for (size_t i = 0; i < table->count; i++) {
        const struct field *field = &table->fields[i];
        if (!field_is_in(field, output)) {
            continue;
        }
        read_member(arena, field, object, from, output);
        if (field->known != 0) {
            *((bool *)object + field->known) = json_get(from, field->name) != NULL;
        }
    }
}
