// SPDX-License-Identifier: MIT
// leaf: the certificate that a client is shown in the server's place. It carries the names of the
// server's own certificate, its subject, and under `--verify mirror` its faults. Minted once for a
// server certificate, name and set of faults, and kept, so that a client sees the same one each
// time.
#ifndef SCOPE_CERTS_LEAF_H
#define SCOPE_CERTS_LEAF_H

#include "certs/authority.h"
#include "certs/certificate_fault.h"
#include "certs/trust.h"

struct leaf_store; // safe for use by many threads

struct leaf {
    CRYPTO_BUFFER *const *chain; // the leaf, then what helps a client to its verdict
    size_t chain_len;
    EVP_PKEY *key;
};

struct leaf_request {
    CRYPTO_BUFFER
    *server;          // the server's certificate; NULL where there is none (sink, plain server)
    unsigned faults;  // of enum trust_fault, those to show; 0 for a good leaf
    const char *name; // also carried: the client's SNI, or the address that it connected to, with
                      // `localhost` where that is a loopback one; NULL for none. Left out when
                      // `faults` has TRUST_WRONG_NAME, and a host name is in the common name alone
                      // when it has TRUST_COMMON_NAME.
    bool rsa;         // an RSA 2048 leaf, for clients that cannot take an ECDSA one (`rsa_only` of
                      // their hello); its key is made when it is first asked for
    // The server sent more than its own certificate; so does the mirrored unknown issuer, since
    // clients distinguish "the first certificate's issuer is missing" from "a later one's is".
    bool issuer_sent;
    enum leaf_flaw flaw; // one more fault, which no server's chain has
    const char *address; // of the server, as the client sees it; NULL where it is not known
    unsigned
        small_key_bits; // where `faults` has TRUST_SMALL_KEY: the leaf's RSA key is about so small
    int64_t now_unix_ns;
};

// `now_unix_ns` dates the issuers that no client trusts.
struct leaf_store *leaf_store_new(const struct authority *authority, int64_t now_unix_ns);
void leaf_store_free(struct leaf_store *store);

// ERR_CRYPTO with a sentence where it cannot be minted. `*out` is borrowed from the store, valid
// until the same thread's next call of leaf_get on it.
MUST_USE enum err leaf_get(const struct leaf **out, struct failure *failure,
                           struct leaf_store *store, const struct leaf_request *request);

#endif
