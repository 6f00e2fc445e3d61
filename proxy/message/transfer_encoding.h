// SPDX-License-Identifier: MIT
// transfer_encoding: does a body decode? A checker for base64 and quoted-printable text (RFC
// 2045 6.7, 6.8) that is fed as the bytes stream by and keeps none of them.
#ifndef SCOPE_MESSAGE_TRANSFER_ENCODING_H
#define SCOPE_MESSAGE_TRANSFER_ENCODING_H

#include "message/content_type.h"

struct mime_transfer {
    enum transfer_encoding encoding;
    bool bad;       // what came does not decode …
    uint8_t wrong;  // … from this byte on
    uint64_t count; // base64: characters so far
    unsigned pads;  // base64: = so far
    int expects;    // quoted-printable: what may follow, an enum of transfer.c
};

void mime_transfer_begin(struct mime_transfer *transfer, enum transfer_encoding encoding);
void mime_transfer_feed(struct mime_transfer *transfer, struct slice bytes);
bool mime_transfer_end(struct mime_transfer *transfer); // true where all of it decodes
// The byte that spoils it; null where one is missing: at the end of base64, or half of =XX. Valid
// as long as `transfer`.
struct slice mime_transfer_wrong(const struct mime_transfer *transfer);

#endif
