// SPDX-License-Identifier: MIT
// ehlo_reply: the bytes of a whole reply to EHLO, a keyword taken out or added. What a client reads
// still ends where the reply ended, in whatever form the server wrote it; all other lines keep
// their bytes.
//
//      250-mx              250-mx                    250mx            250-mx
//      250-SIZE 5    ──▶   250 SIZE 5                            ──▶  250 STARTTLS
//      250 STARTTLS        (taken out)                                (added)
#ifndef SCOPE_SMTP_EHLO_REPLY_H
#define SCOPE_SMTP_EHLO_REPLY_H

#include "base/buf.h"

// A client may be generous in what it takes for a keyword, so these are: blanks before it and
// anything but a letter, a digit or a hyphen after it are no part of it.
bool ehlo_reply_offers(struct slice reply, struct slice keyword);
void ehlo_reply_take_out(struct buf *out, struct slice reply, struct slice keyword);
// The keyword's line comes after the first one that has a code.
void ehlo_reply_add(struct buf *out, struct slice reply, struct slice keyword);

#endif
