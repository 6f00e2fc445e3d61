// SPDX-License-Identifier: MIT
// flaw: how the leaves of certificate_fault.h differ from good ones: in their names, their key's
// use, their issuer. Only inside `certs`.
#ifndef SCOPE_CERTS_FLAW_H
#define SCOPE_CERTS_FLAW_H

#include "certs/build.h"
#include "certs/leaf.h"

#include <openssl/x509v3.h>

bool flaw_has_own_names(enum leaf_flaw flaw); // the server's are not shown
bool flaw_needs_rsa(enum leaf_flaw flaw);     // BoringSSL shows no other key with it

// Adds the subject and the alternative names of such a leaf. This, and what adds or builds below,
// is false where BoringSSL fails: it is out of memory.
bool flaw_add_names(X509 *leaf, const struct leaf_request *request);
// Adds the key usage, and that it is no CA.
bool flaw_add_usage(X509 *leaf);

// Whether the leaf has an issuer of its own, below the CA that the client trusts.
bool flaw_has_issuer(enum leaf_flaw flaw);
bool flaw_sends_issuer(enum leaf_flaw flaw); // … and the server's chain has it
// Makes that issuer with a new key, signed by `parent`, and valid from shortly before `now_s`
// (seconds since 1970). The caller cleans it up; after a failure it is empty.
bool flaw_build_issuer(struct issuer *out, enum leaf_flaw flaw, const struct issuer *parent,
                       int64_t now_s);

#endif
