// SPDX-License-Identifier: MIT
// trust: whether a server's chain verifies as a mail client would see it (RFC 5280, 6125): a
// verdict as data, never a refusal. What to do about it is decided above.
#ifndef SCOPE_CERTS_TRUST_H
#define SCOPE_CERTS_TRUST_H

#include "base/err.h"
#include "base/limits.h"
#include "event/event.h"

#include <openssl/base.h>

enum trust_fault { // bits: a certificate can have several
    TRUST_EXPIRED = 1 << 0,
    TRUST_NOT_YET_VALID = 1 << 1,
    TRUST_WRONG_NAME = 1 << 2,
    TRUST_UNKNOWN_ISSUER = 1 << 3, // untrusted or missing issuer, incomplete chain
    TRUST_SELF_SIGNED = 1 << 4,    // the leaf itself
    TRUST_OTHER = 1 << 5,          // anything else: bad signature, outside a name constraint, …
    TRUST_WRONG_PURPOSE = 1 << 6,  // an extended key usage without serverAuth
    // No fault of its own, only beside UNKNOWN_ISSUER: the chain holds the untrusted root, which
    // clients tell from one that ends early.
    TRUST_ROOT_SENT = 1 << 7,
    // What only some clients refuse.
    TRUST_COMMON_NAME = 1 << 8,    // the name is in the common name alone (RFC 9525 6.3)
    TRUST_SHA1_SIGNATURE = 1 << 9, // of a certificate of the chain that is no root
    TRUST_SMALL_KEY = 1 << 10,     // an RSA key under 2048 bits anywhere in the chain
    // … and what only leaves of certificate_fault.h have; no verdict has it.
    TRUST_ODD_NAME = 1 << 11,  // RFC 9525 does not let it match, RFC 6125 did
    TRUST_ODD_USAGE = 1 << 12, // a key usage that clients do not look at
};

// Weak, but no reason not to verify.
#define TRUST_WEAKNESSES ((unsigned)TRUST_SHA1_SIGNATURE | TRUST_SMALL_KEY)
// No client that goes on with these alone has failed to check.
#define TRUST_DISPUTED (TRUST_WEAKNESSES | TRUST_COMMON_NAME | TRUST_ODD_NAME | TRUST_ODD_USAGE)

struct trust_verdict {
    unsigned faults;         // see trust_holds
    unsigned small_key_bits; // TRUST_SMALL_KEY: of the smallest key
    // What of the weaknesses lies above the server's own certificate.
    unsigned issuer_key_bits; // the smallest RSA key under 2048 bits; 0: none
    bool issuer_sha1;
    // All faults in words, OpenSSL's own where there are such: "certificate has expired", joined by
    // "; ". Empty where it verifies.
    char error[VERDICT_ERROR_MAX];
};

struct trust_store; // the roots; safe for use by many threads

// System roots (SSL_CERT_FILE, SSL_CERT_DIR, else the machine's bundle) and, if not NULL, those of
// `extra_file`. ERR_INPUT with a sentence where `extra_file` cannot be read or has no certificate.
// The system's are read later: parsing them is most of what a start costs.
MUST_USE enum err trust_store_new(struct trust_store **out, struct failure *failure,
                                  const char *extra_file);
void trust_store_free(struct trust_store *store);
// Begins to read the system's roots, on a thread of its own; once, however often it is called.
void trust_prepare(struct trust_store *store);
// The same, and waits for it: for a process that will not be able to read them.
void trust_load(struct trust_store *store);
bool trust_is_prepared(struct trust_store *store);

// `name` is a host name or an address (its form says which); NULL: no name is checked. A verdict
// is kept for a chain and name for about a minute. Waits for the system's roots, where they are not
// prepared.
void trust_verify(struct trust_verdict *out, struct trust_store *store, CRYPTO_BUFFER *const *chain,
                  size_t chain_len, const char *name, int64_t now_unix_ns);
// Whether it verifies.
bool trust_holds(const struct trust_verdict *verdict);
// Whether a certificate is good for this host name or address.
bool trust_name_fits(CRYPTO_BUFFER *certificate, const char *name);

#endif
