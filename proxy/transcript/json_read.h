// SPDX-License-Identifier: MIT
// json_read: one member of an object of JSON, such as the body of a request.
#ifndef SCOPE_TRANSCRIPT_JSON_READ_H
#define SCOPE_TRANSCRIPT_JSON_READ_H

#include "base/slice.h"

#include <stdbool.h>

// The member `key` of the object, where it is a boolean. False where the text is no object, or its
// member none.
bool json_read_bool(bool *out, struct slice text, const char *key);
// Whether the text is an object whose member `key` is this string.
bool json_read_is(struct slice text, const char *key, const char *string);

#endif
