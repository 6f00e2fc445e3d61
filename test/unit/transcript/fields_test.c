// SPDX-License-Identifier: MIT
// The tables of json and jsonl have the members of the schemas: the same names, types, and the same
// of them that may be null or left out. And the README has the names of all.
#include "transcript/fields.h"

#include "base/limits.h"
#include "transcript/record_fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

static cJSON *schemas[2]; // session, event

// A file of proxy/transcript; valid until the next one is read.
static const char *read_file(const char *name) {
    char path[512];
    static char text[MIB];
    snprintf(path, sizeof(path), "%s/%s", SCHEMA_FOLDER, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    return text;
}

static cJSON *load(const char *name) {
    cJSON *schema = cJSON_Parse(read_file(name));
    assert_non_null(schema);
    return schema;
}

static const cJSON *get(const cJSON *object, const char *key) {
    return cJSON_GetObjectItemCaseSensitive(object, key);
}

static const cJSON *definition(size_t schema, const char *name) {
    const cJSON *found = get(get(schemas[schema], "$defs"), name);
    if (found == NULL) {
        fail_msg("the schema does not define %s", name);
    }
    return found;
}

// What a reference stands for; both schemas refer to definitions alone, by their name at the end.
static const cJSON *resolved(const cJSON *value) {
    const char *reference = cJSON_GetStringValue(get(value, "$ref"));
    if (reference == NULL) {
        return value;
    }
    const char *name = strrchr(reference, '/') + 1;
    const cJSON *own = get(get(schemas[1], "$defs"), name);
    return reference[0] == '#' && own != NULL && get(get(schemas[0], "$defs"), name) == NULL
               ? own
               : definition(0, name);
}

// ── what a schema allows ────────────────────────────────────────────────────────────────────────

static bool type_is(const cJSON *type, const char *name) {
    const char *string = cJSON_GetStringValue(type);
    return string != NULL && strcmp(string, name) == 0;
}

static bool constant_is(const cJSON *value, const char *type) {
    return (cJSON_IsNull(value) && strcmp(type, "null") == 0) ||
           (cJSON_IsString(value) && strcmp(type, "string") == 0) ||
           (cJSON_IsBool(value) && strcmp(type, "boolean") == 0);
}

static bool allows(const cJSON *value, const char *type) {
    value = resolved(value);
    const cJSON *each = NULL;
    const cJSON *types = get(value, "type");
    bool yes = type_is(types, type);
    cJSON_ArrayForEach(each, types) {
        yes = yes || type_is(each, type);
    }
    cJSON_ArrayForEach(each, get(value, "anyOf")) {
        yes = yes || allows(each, type);
    }
    cJSON_ArrayForEach(each, get(value, "enum")) {
        yes = yes || constant_is(each, type);
    }
    const cJSON *constant = get(value, "const");
    return yes || (constant != NULL && constant_is(constant, type));
}

// ── what a table writes ─────────────────────────────────────────────────────────────────────────

static const char *type_of(const struct field *field) {
    switch (field->kind) {
    case FIELD_BOOL:
        return "boolean";
    case FIELD_COUNT:
        return "integer";
    case FIELD_MS:
        return "number";
    case FIELD_TIME:
    case FIELD_DATE:
    case FIELD_STRING:
    case FIELD_CHARS:
    case FIELD_TEXT:
    case FIELD_NAME:
    case FIELD_WHICH:
    case FIELD_LINE:
        return "string";
    case FIELD_OBJECT:
    case FIELD_POINTER:
    case FIELD_PARAMETERS:
        return "object";
    case FIELD_ARRAY:
    case FIELD_ROW:
    case FIELD_LINES:
    case FIELD_TIMELINE:
        return "array";
    }
    return "";
}

// Whether it can be null for sure; strings and texts may be, if the struct says nothing.
static bool must_allow_null(const struct field *field) {
    bool flagged = (field->flags & (FIELD_0_IS_NULL | FIELD_MINUS_IS_NULL)) != 0;
    return (flagged || field->known != 0 || field->kind == FIELD_POINTER) &&
           (field->flags & FIELD_OPTIONAL) == 0;
}

static bool may_be_null(const struct field *field) {
    return must_allow_null(field) || field->kind == FIELD_STRING || field->kind == FIELD_CHARS ||
           field->kind == FIELD_TEXT || field->kind == FIELD_NAME;
}

static bool is_in(const struct field *field, unsigned output) {
    unsigned only = field->flags & (FIELD_JSON | FIELD_JSONL);
    return only == 0 || only == output;
}

static bool has_name(const struct field *field, const char *name) {
    static const char *const line[] = {"line", "line_base64", "cut", "line_bytes"};
    static const char *const lines[] = {"lines",      "lines_base64", "cut",
                                        "line_bytes", "lines_bytes",  "prefixes"};
    const char *const *names = field->kind == FIELD_LINES ? lines : line;
    size_t count = field->kind == FIELD_LINES ? 6 : field->kind == FIELD_LINE ? 4 : 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    size_t len = strlen(field->name);
    if (strncmp(name, field->name, len) != 0) {
        return false;
    }
    bool exact = (field->flags & FIELD_EXACT) != 0 && strcmp(name + len, "_base64") == 0;
    return name[len] == '\0' || exact;
}

// ── comparing ───────────────────────────────────────────────────────────────────────────────────

// An object may be put together of several: `allOf`, `$ref` beside `properties`.
struct object {
    const cJSON *parts[4];
    size_t count;
};

static void add_parts(struct object *object, const cJSON *schema) {
    const cJSON *each = NULL;
    if (get(schema, "$ref") != NULL) {
        add_parts(object, resolved(schema));
    }
    cJSON_ArrayForEach(each, get(schema, "allOf")) {
        add_parts(object, each);
    }
    cJSON_ArrayForEach(each, get(schema, "anyOf")) {
        if (!allows(each, "null")) {
            add_parts(object, each);
        }
    }
    if (get(schema, "properties") != NULL) {
        assert_true(object->count < 4);
        object->parts[object->count++] = schema;
    }
}

static const cJSON *property_of(const struct object *object, const char *name) {
    const cJSON *found = NULL;
    for (size_t i = 0; i < object->count && found == NULL; i++) {
        found = get(get(object->parts[i], "properties"), name);
    }
    return found;
}

static bool requires(const struct object *object, const char *name) {
    for (size_t i = 0; i < object->count; i++) {
        const cJSON *each = NULL;
        cJSON_ArrayForEach(each, get(object->parts[i], "required")) {
            if (strcmp(each->valuestring, name) == 0) {
                return true;
            }
        }
    }
    return false;
}

static void compare(const struct field_table *table, const cJSON *schema, unsigned output,
                    const char *where);

static void compare_member(const struct field *field, const struct object *object, unsigned output,
                           const char *where) {
    const cJSON *property = property_of(object, field->name);
    if (property == NULL || !allows(property, type_of(field))) {
        fail_msg("%s.%s is no %s in the schema", where, field->name, type_of(field));
    }
    if (requires(object, field->name) == ((field->flags & FIELD_OPTIONAL) != 0)) {
        fail_msg("%s.%s is left out in one and required in the other", where, field->name);
    }
    bool null = allows(property, "null");
    if ((must_allow_null(field) && !null) || (null && !may_be_null(field))) {
        fail_msg("%s.%s is null in one and not in the other", where, field->name);
    }
    if (field->table != NULL) {
        const cJSON *items = get(resolved(property), "items");
        const cJSON *each = NULL;
        cJSON_ArrayForEach(each, get(property, "anyOf")) {
            items = get(each, "items") != NULL ? get(each, "items") : items;
        }
        compare(field->table, items != NULL ? items : property, output, field->name);
    }
}

// What the schema has is in the table.
static void compare_names(const struct field_table *table, const struct object *object,
                          unsigned output, const char *where) {
    for (size_t part = 0; part < object->count; part++) {
        const cJSON *property = NULL;
        cJSON_ArrayForEach(property, get(object->parts[part], "properties")) {
            bool found = false;
            for (size_t i = 0; i < table->count && !found; i++) {
                found = is_in(&table->fields[i], output) &&
                        has_name(&table->fields[i], property->string);
            }
            static const char common[] = " counter time pid session event before ";
            if (!found && strstr(common, property->string) == NULL) {
                fail_msg("%s.%s is in the schema alone", where, property->string);
            }
        }
    }
}

static void compare(const struct field_table *table, const cJSON *schema, unsigned output,
                    const char *where) {
    struct object object = {0};
    add_parts(&object, schema);
    if (object.count == 0) {
        fail_msg("%s has no properties in the schema", where);
    }
    for (size_t i = 0; i < table->count; i++) {
        if (is_in(&table->fields[i], output)) {
            compare_member(&table->fields[i], &object, output, where);
        }
    }
    compare_names(table, &object, output, where);
}

static void the_session_is_that_of_its_schema(void **state) {
    (void)state;
    compare(&record_table, definition(0, "session"), FIELD_JSON, "session");
}

static void each_event_is_that_of_its_schema(void **state) {
    (void)state;
    static const struct {
        const char *name;
        const struct field_table *table;
    } rows[] = {
        {"connect", &connect_table}, {"tls", &tls_table},         {"command", &command_table},
        {"reply", &reply_table},     {"auth", &auth_table},       {"data", &data_table},
        {"message", &message_table}, {"finding", &finding_table}, {"close", &close_table},
        {"lost", &lost_table},       {"paused", &paused_table}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        compare(rows[i].table, definition(1, rows[i].name), FIELD_JSONL, rows[i].name);
    }
}

// ── the README ──────────────────────────────────────────────────────────────────────────────────

// The exact bytes of a member are said once, of all.
static bool is_sibling(const char *name, const cJSON *properties) {
    const char *end = strstr(name, "_base64");
    char plain[64];
    snprintf(plain, sizeof(plain), "%.*s", end == NULL ? 0 : (int)(end - name), name);
    return end != NULL && get(properties, plain) != NULL;
}

static void find_properties(const cJSON *schema, const char *readme) {
    const cJSON *properties = get(schema, "properties");
    const cJSON *each = NULL;
    cJSON_ArrayForEach(each, properties) {
        char quoted[64];
        snprintf(quoted, sizeof(quoted), "`%s`", each->string);
        if (!is_sibling(each->string, properties) && strstr(readme, quoted) == NULL) {
            fail_msg("proxy/transcript/README.md says nothing of the member %s", quoted);
        }
    }
    cJSON_ArrayForEach(each, schema) {
        find_properties(each, readme);
    }
}

static void the_readme_has_every_member(void **state) {
    (void)state;
    const char *readme = read_file("README.md");
    find_properties(schemas[0], readme);
    find_properties(schemas[1], readme);
}

static int load_schemas(void **state) {
    (void)state;
    schemas[0] = load("session.schema.json");
    schemas[1] = load("event.schema.json");
    return 0;
}

static int free_schemas(void **state) {
    (void)state;
    cJSON_Delete(schemas[0]);
    cJSON_Delete(schemas[1]);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_session_is_that_of_its_schema),
        cmocka_unit_test(each_event_is_that_of_its_schema),
        cmocka_unit_test(the_readme_has_every_member),
    };
    return cmocka_run_group_tests(tests, load_schemas, free_schemas);
}
