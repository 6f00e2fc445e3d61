// SPDX-License-Identifier: MIT
// charset: text of another character set as UTF-8. The common ones are here; the others are the
// libc's (iconv), by a list of names: a peer's word never reaches iconv_open.
#ifndef SCOPE_MESSAGE_CHARSET_H
#define SCOPE_MESSAGE_CHARSET_H

#include "base/buf.h"

// Appends `text`, which is in `charset`, as UTF-8. False, with nothing appended, where the charset
// is not known or the text does not belong to it, or where it does not fit.
bool charset_decode(struct buf *out, struct slice charset, struct slice text);

#endif
