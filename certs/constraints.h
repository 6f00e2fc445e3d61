// SPDX-License-Identifier: MIT
// constraints: the names that a limited CA may sign for (--ca-hosts; RFC 5280 4.2.1.10), and what
// follows from them. Only inside `certs`.
#ifndef SCOPE_CERTS_CONSTRAINTS_H
#define SCOPE_CERTS_CONSTRAINTS_H

#include "base/buf.h"
#include "base/err.h"

#include <openssl/base.h>
#include <openssl/x509v3.h>

#include <stddef.h>

// What a CA for these names and addresses only may sign for. ERR_USAGE with a sentence for one that
// is neither.
MUST_USE enum err constraints_new(NAME_CONSTRAINTS **out, struct failure *failure,
                                  const char *const *hosts, size_t count);
// Takes out of `names` what `ca` may not sign for: one such name would make clients refuse all of
// them. Where no name is left by that, it leaves them as they are, to be refused.
void constraints_keep_permitted(GENERAL_NAMES *names, const X509 *ca);
// The names and addresses that `ca` is limited to, joined by ", "; nothing where it is not.
void constraints_put(struct buf *out, const X509 *ca);

#endif
