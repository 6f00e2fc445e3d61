// SPDX-License-Identifier: MIT
// content_type: what the reader must know of Content-Type and Content-Transfer-Encoding
// (RFC 2045 5, 6).
#ifndef SCOPE_MESSAGE_CONTENT_TYPE_H
#define SCOPE_MESSAGE_CONTENT_TYPE_H

#include "base/limits.h"
#include "base/slice.h"

struct content_type {
    bool multipart;
    char name[64]; // "multipart/mixed", as sent, for a person
    bool has_boundary;
    bool boundary_unreadable; // continued (RFC 2231) or too long: not judged
    char boundary[LIMIT_BOUNDARY + 1];
    size_t boundary_len;
};

void content_type_parse(struct content_type *out, struct slice value);

enum transfer_encoding { TRANSFER_PLAIN, TRANSFER_BASE64, TRANSFER_QUOTED_PRINTABLE };
enum transfer_encoding transfer_encoding_parse(struct slice value);

#endif
