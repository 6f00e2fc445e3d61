// SPDX-License-Identifier: MIT
// encoded_word: RFC 2047, `=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=`, in header fields.
#ifndef SCOPE_MESSAGE_ENCODED_WORD_H
#define SCOPE_MESSAGE_ENCODED_WORD_H

#include "base/buf.h"

// Appends `text` with its encoded words decoded to UTF-8; white space between two of them goes
// (6.2), and a character split over two of the same charset is put together. A word that does not
// decode stays as it is.
void encoded_word_decode(struct buf *out, struct slice text);

#endif
