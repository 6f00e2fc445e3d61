// SPDX-License-Identifier: MIT
#include "transcript/json_read.h"

#include <cjson/cJSON.h>

static bool is_white(struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        if (slice_find_byte(SLICE(" \t\r\n"), text.data[i]) == SLICE_NONE) {
            return false;
        }
    }
    return true;
}

bool json_read_bool(bool *out, struct slice text, const char *key) {
    const char *end = NULL;
    const char *start = (const char *)text.data;
    cJSON *object = cJSON_ParseWithLengthOpts(start, text.len, &end, false);
    bool whole = object != NULL && is_white(slice_from(text, (size_t)(end - start)));
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, key);
    bool known = whole && cJSON_IsBool(member) != 0;
    *out = known && cJSON_IsTrue(member) != 0;
    cJSON_Delete(object);
    return known;
}
