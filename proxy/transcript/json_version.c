// SPDX-License-Identifier: MIT
#include "transcript/json_version.h"

#include <cjson/cJSON.h>

const char *json_library_version(void) {
    return cJSON_Version();
}
