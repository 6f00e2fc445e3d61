// SPDX-License-Identifier: MIT
// pkcs12: one certificate as PKCS#12 (RFC 7292), in the form that Java reads as a trusted one: with
// Oracle's attribute, which BoringSSL's own writer cannot put in. Only inside `certs`.
#ifndef SCOPE_CERTS_PKCS12_H
#define SCOPE_CERTS_PKCS12_H

#include "base/buf.h"

// `name` is what key stores show; ASCII. The certificate is in the clear; `password` (ASCII) guards
// only against damage.
MUST_USE enum err pkcs12_put(struct buf *out, struct failure *failure, struct slice der,
                             const char *name, const char *password);

#endif
