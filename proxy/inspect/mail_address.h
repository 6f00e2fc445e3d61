// SPDX-License-Identifier: MIT
// mail_address: the mail addresses in a To, Cc or Bcc field (RFC 5322 3.4), read leniently:
// comments, display names, groups, quoted local parts and source routes may surround them.
#ifndef SCOPE_INSPECT_MAIL_ADDRESS_H
#define SCOPE_INSPECT_MAIL_ADDRESS_H

#include "base/buf.h"

// Reads the next address off the front of `*rest`, an unfolded field, and leaves it in `out` in the
// form by which addresses are compared: lower case, no comments, no white space outside quotes, no
// quotes that are not needed. False when there is none left. `out` needs LIMIT_ADDRESS bytes; a
// longer address is passed over.
bool address_next(struct buf *out, struct slice *rest);

// The same form of a lone address, as in RCPT. False where it is too long.
bool address_normalise(struct buf *out, struct slice address);

#endif
