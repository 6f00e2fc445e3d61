// SPDX-License-Identifier: MIT
// auth_identity: who logs in, read from one decoded SASL response.
#ifndef SCOPE_SMTP_AUTH_IDENTITY_H
#define SCOPE_SMTP_AUTH_IDENTITY_H

#include "base/buf.h"
#include "smtp/sasl_mechanism.h"

// Appends the identity that the client's `nth` response (from 1) of `mechanism` names; appends
// nothing where it names none. A response of LOGIN is taken for the name: which one that is
// depends on the server's challenge.
void auth_identity_read(struct buf *out, enum sasl_mechanism mechanism, unsigned nth,
                        struct slice response);

#endif
