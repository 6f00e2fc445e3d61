// SPDX-License-Identifier: MIT
#include "tls/context.h"

#include "base/boringssl.h"
#include "base/limits.h"
#include "base/memory.h"
#include "tls/handshake.h"
#include "tls/wire.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_OF(number)       TEXT_OF_VALUE(number)
#define TEXT_OF_VALUE(number) #number

struct tls_context {
    struct tls_context_options options;
    CRYPTO_BUFFER_POOL *certificates; // of the peers: sessions with one server share its chain
    SSL_CTX *ssl;
    BIO_METHOD *method;
    bool has_certificate;
};

// ── versions ────────────────────────────────────────────────────────────────────────────────────

static const struct version {
    const char *option;
    const char *name;
    uint16_t wire;
} VERSIONS[] = {
    [TLS_VERSION_1_0] = {"1.0", "TLSv1.0", TLS1_VERSION},
    [TLS_VERSION_1_1] = {"1.1", "TLSv1.1", TLS1_1_VERSION},
    [TLS_VERSION_1_2] = {"1.2", "TLSv1.2", TLS1_2_VERSION},
    [TLS_VERSION_1_3] = {"1.3", "TLSv1.3", TLS1_3_VERSION},
};

enum { VERSION_COUNT = sizeof(VERSIONS) / sizeof(VERSIONS[0]) };

const char *tls_version_name(enum tls_version version) {
    return VERSIONS[version].name;
}

uint16_t tls_version_wire(enum tls_version version) {
    return VERSIONS[version].wire;
}

const char *tls_wire_version_name(uint16_t wire) {
    for (size_t i = 0; i < VERSION_COUNT; i++) {
        if (VERSIONS[i].wire == wire) {
            return VERSIONS[i].name;
        }
    }
    return wire == SSL3_VERSION ? "SSLv3" : NULL;
}

static bool version_parse(enum tls_version *out, struct slice s) {
    for (size_t i = 0; i < VERSION_COUNT; i++) {
        if (slice_is(s, VERSIONS[i].option)) {
            *out = (enum tls_version)i;
            return true;
        }
    }
    return false;
}

bool tls_version_range_parse(struct tls_version_range *out, struct slice s) {
    struct slice max = s;
    struct slice min = slice_split(&max, '-');
    if (slice_is_null(max)) {
        max = min;
    }
    struct tls_version_range range;
    if (!version_parse(&range.min, min) || !version_parse(&range.max, max) ||
        range.min > range.max) {
        return false;
    }
    *out = range;
    return true;
}

// ── what both sides have in common ──────────────────────────────────────────────────────────────

// All that BoringSSL can check or make. Its default leaves Ed25519, P-521 and ECDSA with SHA-1 out,
// and a server with such a certificate would look broken where only our offer was short.
static const uint16_t SIGNATURES[] = {
    SSL_SIGN_ECDSA_SECP256R1_SHA256, SSL_SIGN_RSA_PSS_RSAE_SHA256,
    SSL_SIGN_RSA_PKCS1_SHA256,       SSL_SIGN_ECDSA_SECP384R1_SHA384,
    SSL_SIGN_RSA_PSS_RSAE_SHA384,    SSL_SIGN_RSA_PKCS1_SHA384,
    SSL_SIGN_ECDSA_SECP521R1_SHA512, SSL_SIGN_RSA_PSS_RSAE_SHA512,
    SSL_SIGN_RSA_PKCS1_SHA512,       SSL_SIGN_ED25519,
    SSL_SIGN_RSA_PKCS1_SHA1,         SSL_SIGN_ECDSA_SHA1,
};

enum { SIGNATURE_COUNT = sizeof(SIGNATURES) / sizeof(SIGNATURES[0]) };

static bool configure(struct tls_context *context) {
    SSL_CTX *ssl = context->ssl;
    struct tls_version_range versions = context->options.versions;
    // No tickets and no cache: each handshake is a full one, so each transcript has certificates.
    SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set0_buffer_pool(ssl, context->certificates);
    SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return SSL_CTX_set_min_proto_version(ssl, VERSIONS[versions.min].wire) &&
           SSL_CTX_set_max_proto_version(ssl, VERSIONS[versions.max].wire) &&
           SSL_CTX_set1_curves_list(ssl, "X25519:P-256:P-384:P-521") &&
           SSL_CTX_set_verify_algorithm_prefs(ssl, SIGNATURES, SIGNATURE_COUNT) &&
           SSL_CTX_set_signing_algorithm_prefs(ssl, SIGNATURES, SIGNATURE_COUNT);
}

// ── the certificate for servers that ask ────────────────────────────────────────────────────────

// With no buffer in between: one that held a key would be freed as it is.
static BIO *open_pem(const char *file) {
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? NULL : BIO_new_fd(fd, BIO_CLOSE);
}

static enum err read_chain(CRYPTO_BUFFER *chain[LIMIT_OWN_CHAIN], size_t *out_len,
                           struct failure *failure, const char *file) {
    errno = 0;
    BIO *bio = open_pem(file);
    if (bio == NULL) {
        return fail(failure, ERR_INPUT, "cannot read the certificate file %s: %s", file,
                    strerror(errno));
    }
    X509 *certificate = NULL;
    *out_len = 0;
    while (*out_len < LIMIT_OWN_CHAIN &&
           (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        uint8_t *der = NULL;
        int der_len = i2d_X509(certificate, &der);
        if (der_len > 0) {
            chain[(*out_len)++] = CRYPTO_BUFFER_new(der, (size_t)der_len, NULL);
        }
        OPENSSL_free(der);
        X509_free(certificate);
    }
    BIO_free(bio);
    ERR_clear_error();
    return *out_len > 0 ? OK
                        : fail(failure, ERR_INPUT, "%s holds no certificate in PEM form", file);
}

static enum err read_key(EVP_PKEY **out, struct failure *failure, const char *file) {
    errno = 0;
    BIO *bio = open_pem(file);
    if (bio == NULL) {
        return fail(failure, ERR_INPUT, "cannot read the key file %s: %s", file, strerror(errno));
    }
    // BoringSSL asks no terminal for a pass phrase: a key that has one cannot be read.
    *out = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    ERR_clear_error();
    return *out != NULL ? OK
                        : fail(failure, ERR_INPUT,
                               "%s holds no private key in PEM form without a pass phrase", file);
}

static enum err load_certificate(struct tls_context *context, struct failure *failure,
                                 const struct tls_context_options *options) {
    const char *certificate_file = options->certificate_file;
    const char *key_file = options->key_file;
    if (certificate_file == NULL || key_file == NULL) {
        return OK;
    }
    CRYPTO_BUFFER *chain[LIMIT_OWN_CHAIN];
    size_t chain_len = 0;
    EVP_PKEY *key = NULL;
    enum err err = read_chain(chain, &chain_len, failure, certificate_file);
    if (err == OK) {
        err = read_key(&key, failure, key_file);
    }
    if (err == OK && !SSL_CTX_set_chain_and_key(context->ssl, chain, chain_len, key, NULL)) {
        err = fail(failure, ERR_INPUT, "the key in %s does not fit the certificate in %s", key_file,
                   certificate_file);
        ERR_clear_error();
    }
    for (size_t i = 0; i < chain_len; i++) {
        CRYPTO_BUFFER_free(chain[i]);
    }
    EVP_PKEY_free(key);
    context->has_certificate = err == OK;
    return err;
}

// ── life ────────────────────────────────────────────────────────────────────────────────────────

enum err tls_context_new(struct tls_context **out, struct failure *failure,
                         const struct tls_context_options *options) {
    struct tls_context *context = mem_new(sizeof(*context));
    context->options = *options;
    context->options.certificate_file = NULL; // read below; the caller's strings may go
    context->options.key_file = NULL;
    context->certificates = CRYPTO_BUFFER_POOL_new();
    context->ssl = SSL_CTX_new(TLS_with_buffers_method());
    context->method = tls_wire_method_new();
    enum err err = OK;
    if (context->certificates == NULL || context->ssl == NULL || context->method == NULL ||
        !configure(context)) {
        err = fail(failure, ERR_CRYPTO, "BoringSSL could not be set up for TLS");
        ERR_clear_error();
    } else {
        tls_endpoint_hook(context);
        err = load_certificate(context, failure, options);
    }
    if (err != OK) {
        tls_context_free(context);
        return err;
    }
    *out = context;
    return OK;
}

void tls_context_free(struct tls_context *context) {
    if (context == NULL) {
        return;
    }
    SSL_CTX_free(context->ssl);
    CRYPTO_BUFFER_POOL_free(context->certificates); // after all that hold one of them
    BIO_meth_free(context->method);
    free(context);
}

SSL_CTX *tls_context_ssl(const struct tls_context *context) {
    return context->ssl;
}

const BIO_METHOD *tls_context_bio_method(const struct tls_context *context) {
    return context->method;
}

const struct tls_context_options *tls_context_options(const struct tls_context *context) {
    return &context->options;
}

bool tls_context_has_certificate(const struct tls_context *context) {
    return context->has_certificate;
}

const char *tls_library_version(void) {
    return "BoringSSL (API " TEXT_OF(BORINGSSL_API_VERSION) ")";
}
