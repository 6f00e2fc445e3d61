// SPDX-License-Identifier: MIT
// server_certificates: certificates of imagined servers, good and bad, for the tests of leaf and
// trust.
#ifndef SCOPE_TEST_CERTS_SERVER_CERTIFICATES_H
#define SCOPE_TEST_CERTS_SERVER_CERTIFICATES_H

#include "certs/build.h"
#include "certs/trust.h"

#include <openssl/x509.h>

#define TEST_NOW_S INT64_C(1795359791) // 2026-11-22
#define TEST_NOW   (TEST_NOW_S * INT64_C(1000000000))
#define TEST_DAY_S INT64_C(86400)

enum { SERVER_DNS_MAX = 4 };

struct server_plan {
    const char *common_name;
    const char *names[SERVER_DNS_MAX]; // DNS names or addresses; none: no extension
    int64_t begins_s;                  // from now; 0 for yesterday
    int64_t ends_s;                    // from now; 0 for in a month
    bool self_signed;
    int purpose;       // NID, 0 for serverAuth
    unsigned rsa_bits; // of its key; 0 for one of P-256
    bool sha1;         // so signed
};

// A root, an intermediate, and room for a leaf.
struct server_world {
    struct issuer root;
    struct issuer intermediate;
    char root_file[64]; // PEM of the root
};

void server_world_init(struct server_world *world);
void server_world_cleanup(struct server_world *world);

// A leaf by this plan, signed by the intermediate. The caller frees it.
CRYPTO_BUFFER *server_leaf(const struct server_world *world, const struct server_plan *plan);

#endif
