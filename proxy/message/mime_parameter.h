// SPDX-License-Identifier: MIT
// mime_parameter: `; name="value"` of Content-Type and Content-Disposition (RFC 2045 5.1, RFC
// 2183), with what RFC 2231 adds: another character set, a value in pieces.
//
//   attachment; filename*0*=UTF-8''Gr%C3%BC; filename*1=%C3%9Fe.txt
#ifndef SCOPE_MESSAGE_MIME_PARAMETER_H
#define SCOPE_MESSAGE_MIME_PARAMETER_H

#include "base/buf.h"

// Appends the value of the parameter as UTF-8; bytes that are none stay as they are. Encoded words
// (RFC 2047), which have no place there and are common, are decoded too. False where it is absent.
bool mime_parameter(struct buf *out, struct slice field, const char *name);
// What is in front of the parameters, without white space around it.
struct slice mime_main_value(struct slice field);

#endif
