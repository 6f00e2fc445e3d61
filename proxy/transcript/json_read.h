// SPDX-License-Identifier: MIT
// json_read: a small object of JSON that a program sends us, such as the body of a request.
#ifndef SCOPE_TRANSCRIPT_JSON_READ_H
#define SCOPE_TRANSCRIPT_JSON_READ_H

#include "base/slice.h"

#include <stdbool.h>

// The member `key` of the object, where it is a boolean. False where the text is no object, or its
// member none.
bool json_read_bool(bool *out, struct slice text, const char *key);

#endif
