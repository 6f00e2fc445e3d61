// SPDX-License-Identifier: MIT
#include "certs/bundle.h"

#include "base/boringssl.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/memory.h"
#include "certs/jks.h"
#include "certs/pkcs12.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/mem.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char BUNDLE_PASS_PHRASE[] = "changeit"; // Java's own default

static const char ALIAS[] = "smtpscope";

enum { PEM_LINE = 64 };

// RFC 7468 2.
static void put_pem(struct buf *out, struct slice der) {
    struct buf base64;
    buf_init(&base64, LIMIT_PEM + 2 * der.len);
    base64_encode(&base64, der);
    struct slice text = buf_slice(&base64);
    buf_put_string(out, "-----BEGIN CERTIFICATE-----\n");
    for (size_t at = 0; at < text.len; at += PEM_LINE) {
        buf_put(out, slice_sub(text, at, PEM_LINE));
        buf_put_byte(out, '\n');
    }
    buf_put_string(out, "-----END CERTIFICATE-----\n");
    buf_cleanup(&base64);
}

static enum err put_alone(struct buf *out, struct failure *failure,
                          const struct bundle_plan *plan) {
    struct jks_entry entry = {ALIAS, plan->ca_der};
    switch (plan->format) {
    case BUNDLE_PEM:
        put_pem(out, plan->ca_der);
        return OK;
    case BUNDLE_DER:
        return buf_append(out, plan->ca_der);
    case BUNDLE_P12:
        return pkcs12_put(out, failure, plan->ca_der, ALIAS, BUNDLE_PASS_PHRASE);
    case BUNDLE_JKS:
        return jks_put(out, &entry, 1, plan->now_unix_ns, BUNDLE_PASS_PHRASE);
    }
    return ERR_USAGE;
}

// ── with the machine's roots ────────────────────────────────────────────────────────────────────

// Certificates with their names in a key store; both owned.
struct roots {
    struct jks_entry entries[LIMIT_ROOTS];
    uint8_t *ders[LIMIT_ROOTS];
    char *aliases[LIMIT_ROOTS];
    size_t count;
};

static void roots_free(struct roots *roots) {
    for (size_t i = 0; i < roots->count; i++) {
        OPENSSL_free(roots->ders[i]);
        free(roots->aliases[i]);
    }
    free(roots);
}

static bool roots_hold(const struct roots *roots, struct slice der) {
    for (size_t i = 0; i < roots->count; i++) {
        if (slice_equal(roots->entries[i].der, der)) {
            return true;
        }
    }
    return false;
}

static void roots_add(struct roots *roots, X509 *x509, struct slice but_not) {
    uint8_t *der = NULL;
    int len = i2d_X509(x509, &der);
    struct slice bytes = slice_of(der, len > 0 ? (size_t)len : 0);
    if (bytes.len == 0 || slice_equal(bytes, but_not) || roots_hold(roots, bytes)) {
        OPENSSL_free(der);
        return;
    }
    size_t place = roots->count++;
    roots->ders[place] = der;
    roots->aliases[place] = mem_format("root-%zu", place + 1);
    roots->entries[place] = (struct jks_entry){roots->aliases[place], bytes};
}

static enum err roots_read_file(struct roots *roots, struct failure *failure, const char *file,
                                struct slice but_not) {
    errno = 0;
    BIO *bio = BIO_new_file(file, "r");
    if (bio == NULL) {
        ERR_clear_error();
        return fail(failure, ERR_INPUT, "cannot read the roots in %s: %s", file, strerror(errno));
    }
    X509 *x509 = NULL;
    // One place is left for the CA.
    while (roots->count + 1 < LIMIT_ROOTS &&
           (x509 = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL)) != NULL) {
        roots_add(roots, x509, but_not);
        X509_free(x509);
    }
    BIO_free(bio);
    ERR_clear_error();
    return OK;
}

static enum err roots_read(struct roots *roots, struct failure *failure,
                           const struct bundle_plan *plan) {
    for (size_t i = 0; i < plan->more_count; i++) {
        struct failure left_out;
        (void)!roots_read_file(roots, &left_out, plan->more_files[i], plan->ca_der);
    }
    return plan->roots_file == NULL
               ? OK
               : roots_read_file(roots, failure, plan->roots_file, plan->ca_der);
}

static enum err put_merged(struct buf *out, struct failure *failure,
                           const struct bundle_plan *plan) {
    assert(plan->format == BUNDLE_PEM || plan->format == BUNDLE_JKS);
    struct roots *roots = mem_new(sizeof(*roots));
    enum err err = roots_read(roots, failure, plan);
    roots->entries[roots->count] = (struct jks_entry){ALIAS, plan->ca_der};
    size_t count = roots->count + 1;
    if (err == OK && plan->format == BUNDLE_JKS) {
        err = jks_put(out, roots->entries, count, plan->now_unix_ns, BUNDLE_PASS_PHRASE);
    }
    for (size_t i = 0; err == OK && plan->format == BUNDLE_PEM && i < count; i++) {
        put_pem(out, roots->entries[i].der);
    }
    roots_free(roots);
    return err;
}

enum err bundle_put(struct buf *out, struct failure *failure, const struct bundle_plan *plan) {
    bool alone = plan->roots_file == NULL && plan->more_count == 0;
    return alone ? put_alone(out, failure, plan) : put_merged(out, failure, plan);
}
