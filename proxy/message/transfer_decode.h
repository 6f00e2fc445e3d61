// SPDX-License-Identifier: MIT
// transfer_decode: base64 and quoted-printable text decoded (RFC 2045 6.7, 6.8), as far as
// it goes: what does not decode is passed over, or stays as it is. `transfer_encoding.h` judges it.
#ifndef SCOPE_MESSAGE_TRANSFER_DECODE_H
#define SCOPE_MESSAGE_TRANSFER_DECODE_H

#include "base/buf.h"
#include "message/content_type.h"

// Appends no more than `text` has bytes.
void transfer_decode(struct buf *out, enum transfer_encoding encoding, struct slice text);

#endif
