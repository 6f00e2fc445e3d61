// SPDX-License-Identifier: MIT
#include "transcript/json_read.h"

#include <cjson/cJSON.h>
#include <string.h>

static bool is_white(struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        if (slice_find_byte(SLICE(" \t\r\n"), text.data[i]) == SLICE_NONE) {
            return false;
        }
    }
    return true;
}

// NULL where the text is anything but one value.
static cJSON *read_whole(struct slice text) {
    const char *end = NULL;
    const char *start = (const char *)text.data;
    cJSON *value = cJSON_ParseWithLengthOpts(start, text.len, &end, false);
    if (value != NULL && !is_white(slice_from(text, (size_t)(end - start)))) {
        cJSON_Delete(value);
        return NULL;
    }
    return value;
}

bool json_read_is(struct slice text, const char *key, const char *string) {
    cJSON *object = read_whole(text);
    const char *value = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    bool same = value != NULL && strcmp(value, string) == 0;
    cJSON_Delete(object);
    return same;
}

bool json_read_bool(bool *out, struct slice text, const char *key) {
    cJSON *object = read_whole(text);
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, key);
    bool known = cJSON_IsBool(member) != 0;
    *out = known && cJSON_IsTrue(member) != 0;
    cJSON_Delete(object);
    return known;
}
