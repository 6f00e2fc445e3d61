// SPDX-License-Identifier: MIT
#include "transcript/json_read.h"

#include <cjson/cJSON.h>

bool json_read_bool(bool *out, struct slice text, const char *key) {
    cJSON *object = cJSON_ParseWithLength((const char *)text.data, text.len);
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, key);
    bool known = cJSON_IsBool(member) != 0;
    *out = known && cJSON_IsTrue(member) != 0;
    cJSON_Delete(object);
    return known;
}
