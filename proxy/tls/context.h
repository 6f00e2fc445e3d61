// SPDX-License-Identifier: MIT
// context: what all TLS connections of one side share: versions, key log, the certificate that we
// present as a client. Made once at the start, immutable after, shared by all threads.
#ifndef SCOPE_TLS_CONTEXT_H
#define SCOPE_TLS_CONTEXT_H

#include "base/err.h"
#include "event/event.h"

#include <openssl/base.h>

struct tls_context;

enum tls_version { TLS_VERSION_1_0, TLS_VERSION_1_1, TLS_VERSION_1_2, TLS_VERSION_1_3 };

struct tls_version_range {
    enum tls_version min;
    enum tls_version max;
};

const char *tls_version_name(enum tls_version version); // "TLSv1.0" … "TLSv1.3"
uint16_t tls_version_wire(enum tls_version version);    // 0x0301 … 0x0304
// The name of a version as it is on the wire: 0x0303 gives "TLSv1.2", 0x0300 "SSLv3"; NULL for
// numbers that are no version.
const char *tls_wire_version_name(uint16_t wire);

// Reads `1.2`, `1.2-1.3`; false for anything else, a range that runs backwards too.
bool tls_version_range_parse(struct tls_version_range *out, struct slice s);

struct tls_context_options {
    enum side side; // SIDE_CLIENT: we accept clients; SIDE_SERVER: we connect to servers
    struct tls_version_range versions;
    // PEM files of the certificate (chain) and key to give a server that asks; NULL for none.
    const char *certificate_file;
    const char *key_file;
    // Each secret as one NSS key log line without its end; called on the session's thread with the
    // `keylog_context` of its endpoint (tls_endpoint_set_keylog). NULL for none.
    void (*keylog)(void *endpoint_context, struct slice line);
};

// ERR_INPUT with a sentence where certificate or key cannot be read or do not fit.
MUST_USE enum err tls_context_new(struct tls_context **out, struct failure *failure,
                                  const struct tls_context_options *options);
void tls_context_free(struct tls_context *context); // after its endpoints; NULL is fine

// For endpoint.c: what BoringSSL needs, and what it was made from. Borrowed.
SSL_CTX *tls_context_ssl(const struct tls_context *context);
const BIO_METHOD *tls_context_bio_method(const struct tls_context *context);
const struct tls_context_options *tls_context_options(const struct tls_context *context);
bool tls_context_has_certificate(const struct tls_context *context);

// "BoringSSL (API 17)" and the like, for --version; static.
const char *tls_library_version(void);

#endif
