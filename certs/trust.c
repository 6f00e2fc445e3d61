// SPDX-License-Identifier: MIT
#include "certs/trust.h"

#include "base/boringssl.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/thread.h"
#include "certs/certificate_names.h"
#include "certs/roots.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/pool.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { SMALL_KEY_BITS = 2048 };

struct stored_verdict {
    uint8_t id[SHA256_LEN];
    int64_t until_ns;
    struct trust_verdict verdict;
};

enum loading {
    LOADING_NOT_BEGUN,
    LOADING_UNDER_WAY,
    LOADING_DONE,
};

struct trust_store {
    X509_STORE *roots; // changed by the thread that loads, before LOADING_DONE
    struct system_roots system;
    pthread_cond_t loaded;
    pthread_mutex_t mutex; // guards what follows
    enum loading loading;
    bool abandoned; // freed while the roots were being loaded: the thread cleans up
    struct stored_verdict kept[LIMIT_VERDICTS_KEPT];
};

// ── what OpenSSL's errors are to us ─────────────────────────────────────────────────────────────

static unsigned fault_of(int error) {
    switch (error) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return TRUST_EXPIRED;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return TRUST_NOT_YET_VALID;
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return TRUST_WRONG_NAME;
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        return TRUST_SELF_SIGNED;
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        return TRUST_UNKNOWN_ISSUER | TRUST_ROOT_SENT;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_UNTRUSTED:
        return TRUST_UNKNOWN_ISSUER;
    case X509_V_ERR_INVALID_PURPOSE:
        return TRUST_WRONG_PURPOSE;
    default: // several dozen more
        return TRUST_OTHER;
    }
}

// ── collecting ──────────────────────────────────────────────────────────────────────────────────

static void put_error(struct trust_verdict *verdict, const char *text) {
    size_t len = strlen(verdict->error), more = strlen(text);
    if (strstr(verdict->error, text) != NULL || len + more + 3 > sizeof(verdict->error)) {
        return;
    }
    if (len > 0) {
        memcpy(verdict->error + len, "; ", 2);
        len += 2;
    }
    memcpy(verdict->error + len, text, more + 1);
}

static void put_fault(struct trust_verdict *verdict, int error) {
    unsigned fault = fault_of(error);
    // "unable to verify the first certificate" follows on "unable to get local issuer certificate"
    // and says nothing more.
    bool echo = error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE &&
                (verdict->faults & TRUST_UNKNOWN_ISSUER) != 0;
    verdict->faults |= fault;
    if (!echo) {
        put_error(verdict, X509_verify_cert_error_string(error));
    }
}

static bool is_signed_by_itself(X509 *x509) {
    EVP_PKEY *key = X509_get_pubkey(x509);
    bool is = key != NULL &&
              X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) == 0 &&
              X509_verify(x509, key) == 1;
    EVP_PKEY_free(key);
    return is;
}

// This BoringSSL takes no certificate for self-signed whose key usage lacks keyCertSign, and looks
// for its issuer; OpenSSL 3 and people see it for what it is.
static int true_error(X509_STORE_CTX *context) {
    int error = X509_STORE_CTX_get_error(context);
    bool missing = error == X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY ||
                   error == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE;
    bool leaf = X509_STORE_CTX_get_error_depth(context) == 0;
    if (missing && leaf && is_signed_by_itself(X509_STORE_CTX_get_current_cert(context))) {
        return X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT;
    }
    return error;
}

// Every fault is asked for, not only the first: going on after each.
static int on_fault(int ok, X509_STORE_CTX *context) {
    if (!ok) {
        put_fault(X509_STORE_CTX_get_app_data(context), true_error(context));
    }
    return 1;
}

// ── names ───────────────────────────────────────────────────────────────────────────────────────

enum fit { FITS, FITS_BY_COMMON_NAME, FITS_NO_HOST, FITS_NO_ADDRESS };

static bool has_alternative_dns_name(X509 *leaf) {
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    bool found = false;
    for (size_t i = 0; names != NULL && i < sk_GENERAL_NAME_num(names); i++) {
        found |= sk_GENERAL_NAME_value(names, i)->type == GEN_DNS;
    }
    GENERAL_NAMES_free(names);
    return found;
}

// BoringSSL looks at the common name only where there is no alternative name at all.
static bool common_name_fits(X509 *leaf, const char *host, size_t len) {
    X509 *bare = X509_new();
    bool fits = bare != NULL && X509_set_subject_name(bare, X509_get_subject_name(leaf)) &&
                X509_check_host(bare, host, len, 0, NULL) == 1;
    X509_free(bare);
    return fits;
}

// RFC 6125 6.4.4: the common name counts only where there is no alternative name of the kind.
static enum fit fit_of_host(X509 *leaf, const char *host) {
    size_t len = strlen(host);
    len -= len > 1 && host[len - 1] == '.' ? 1 : 0;
    if (!has_alternative_dns_name(leaf)) {
        return common_name_fits(leaf, host, len) ? FITS_BY_COMMON_NAME : FITS_NO_HOST;
    }
    return X509_check_host(leaf, host, len, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1
               ? FITS
               : FITS_NO_HOST;
}

static enum fit fit_of(X509 *leaf, const char *name) {
    uint8_t address[NAMES_ADDRESS_LEN];
    size_t len = names_parse_address(address, name);
    if (len > 0) {
        return X509_check_ip(leaf, address, len, 0) == 1 ? FITS : FITS_NO_ADDRESS;
    }
    return fit_of_host(leaf, name);
}

static void check_name(struct trust_verdict *verdict, X509 *leaf, const char *name) {
    switch (fit_of(leaf, name)) {
    case FITS:
        break;
    case FITS_BY_COMMON_NAME:
        verdict->faults |= TRUST_COMMON_NAME;
        put_error(verdict, "the host name is only in the common name, where clients such as Go do "
                           "not look for it, and not in subjectAltName (RFC 9525 6.3)");
        break;
    case FITS_NO_HOST:
        put_fault(verdict, X509_V_ERR_HOSTNAME_MISMATCH);
        break;
    case FITS_NO_ADDRESS:
        put_fault(verdict, X509_V_ERR_IP_ADDRESS_MISMATCH);
        break;
    }
}

bool trust_name_fits(CRYPTO_BUFFER *certificate, const char *name) {
    X509 *x509 = X509_parse_from_buffer(certificate);
    enum fit fit = x509 == NULL ? FITS_NO_HOST : fit_of(x509, name);
    bool fits = fit == FITS || fit == FITS_BY_COMMON_NAME;
    X509_free(x509);
    ERR_clear_error();
    return fits;
}

// ── weaknesses ──────────────────────────────────────────────────────────────────────────────────

static bool has_sha1_signature(const X509 *x509) {
    int digest = NID_undef, key = NID_undef;
    return OBJ_find_sigid_algs(X509_get_signature_nid(x509), &digest, &key) && digest == NID_sha1;
}

static unsigned small_key_bits(X509 *x509) {
    EVP_PKEY *key = X509_get_pubkey(x509);
    bool rsa = key != NULL && EVP_PKEY_id(key) == EVP_PKEY_RSA;
    unsigned bits = rsa ? (unsigned)EVP_PKEY_bits(key) : 0;
    EVP_PKEY_free(key);
    return bits < SMALL_KEY_BITS ? bits : 0;
}

static unsigned smaller(unsigned a, unsigned b) {
    return a == 0 || (b != 0 && b < a) ? b : a;
}

// A root's signature proves nothing, so it may be of any kind; its key counts as all others do.
static void check_weakness(struct trust_verdict *verdict, X509 *x509, bool is_leaf) {
    bool sha1 = has_sha1_signature(x509) &&
                X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) != 0;
    unsigned bits = small_key_bits(x509);
    verdict->faults |=
        (sha1 ? (unsigned)TRUST_SHA1_SIGNATURE : 0) | (bits != 0 ? (unsigned)TRUST_SMALL_KEY : 0);
    verdict->small_key_bits = smaller(verdict->small_key_bits, bits);
    if (!is_leaf) {
        verdict->issuer_sha1 |= sha1;
        verdict->issuer_key_bits = smaller(verdict->issuer_key_bits, bits);
    }
}

static void check_weaknesses(struct trust_verdict *verdict, X509_STORE_CTX *context) {
    const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);
    for (size_t i = 0; chain != NULL && i < sk_X509_num(chain); i++) {
        check_weakness(verdict, sk_X509_value(chain, i), i == 0);
    }
}

// ── verifying ───────────────────────────────────────────────────────────────────────────────────

static STACK_OF(X509) * parse_chain(CRYPTO_BUFFER *const *chain, size_t chain_len) {
    STACK_OF(X509) *certificates = sk_X509_new_null();
    for (size_t i = 0; i < chain_len; i++) {
        X509 *x509 = X509_parse_from_buffer(chain[i]);
        if (x509 != NULL && sk_X509_push(certificates, x509) == 0) {
            X509_free(x509);
        } else if (x509 == NULL && i == 0) {
            break; // a leaf that cannot be read leaves nothing to verify
        }
    }
    return certificates;
}

static void verify_chain(struct trust_verdict *out, struct trust_store *store,
                         STACK_OF(X509) * certificates, int64_t now_unix_ns) {
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509 *leaf = sk_X509_value(certificates, 0);
    if (context == NULL || !X509_STORE_CTX_init(context, store->roots, leaf, certificates) ||
        !X509_STORE_CTX_set_default(context, "ssl_server") ||
        !X509_STORE_CTX_set_app_data(context, out)) {
        put_fault(out, X509_V_ERR_UNSPECIFIED);
        X509_STORE_CTX_free(context);
        return;
    }
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context),
                               (time_t)(now_unix_ns / NS_PER_S));
    X509_STORE_CTX_set_verify_cb(context, on_fault);
    if (X509_verify_cert(context) <= 0 && out->faults == 0) {
        put_fault(out, X509_STORE_CTX_get_error(context)); // one that the callback is not asked for
    }
    check_weaknesses(out, context);
    X509_STORE_CTX_free(context);
}

// X509_verify_cert does not look at the dates of a leaf whose issuer it did not find.
static void check_dates(struct trust_verdict *verdict, const X509 *leaf, int64_t now_unix_ns) {
    time_t now = (time_t)(now_unix_ns / NS_PER_S);
    if (X509_cmp_time(X509_get0_notAfter(leaf), &now) < 0) {
        put_fault(verdict, X509_V_ERR_CERT_HAS_EXPIRED);
    }
    if (X509_cmp_time(X509_get0_notBefore(leaf), &now) > 0) {
        put_fault(verdict, X509_V_ERR_CERT_NOT_YET_VALID);
    }
}

static void judge(struct trust_verdict *out, struct trust_store *store,
                  STACK_OF(X509) * certificates, const char *name, int64_t now_unix_ns) {
    *out = (struct trust_verdict){.faults = 0};
    if (sk_X509_num(certificates) == 0) {
        out->faults = TRUST_OTHER;
        put_error(out, "the server's certificate cannot be read");
        return;
    }
    verify_chain(out, store, certificates, now_unix_ns);
    check_dates(out, sk_X509_value(certificates, 0), now_unix_ns);
    if (name != NULL) {
        check_name(out, sk_X509_value(certificates, 0), name);
    }
}

// ── keeping ─────────────────────────────────────────────────────────────────────────────────────

static void identify(uint8_t out[SHA256_LEN], CRYPTO_BUFFER *const *chain, size_t chain_len,
                     const char *name) {
    struct sha256 hash;
    sha256_init(&hash);
    for (size_t i = 0; i < chain_len; i++) {
        uint8_t one[SHA256_LEN];
        sha256_of(one, slice_of(CRYPTO_BUFFER_data(chain[i]), CRYPTO_BUFFER_len(chain[i])));
        sha256_update(&hash, slice_of(one, sizeof(one)));
    }
    sha256_update(&hash, slice_of_string(name));
    sha256_final(out, &hash);
}

static struct stored_verdict *place_of(struct trust_store *store, const uint8_t id[SHA256_LEN]) {
    return &store->kept[((size_t)id[0] << 8 | id[1]) % LIMIT_VERDICTS_KEPT];
}

static bool find(struct trust_verdict *out, struct trust_store *store, const uint8_t id[SHA256_LEN],
                 int64_t now_unix_ns) {
    pthread_mutex_lock(&store->mutex);
    const struct stored_verdict *kept = place_of(store, id);
    // Both bounds: a clock that was set back must not make a verdict last.
    bool found = memcmp(kept->id, id, SHA256_LEN) == 0 && now_unix_ns < kept->until_ns &&
                 now_unix_ns >= kept->until_ns - VERDICT_KEPT_NS;
    if (found) {
        *out = kept->verdict;
    }
    pthread_mutex_unlock(&store->mutex);
    return found;
}

static void keep(struct trust_store *store, const uint8_t id[SHA256_LEN],
                 const struct trust_verdict *verdict, int64_t now_unix_ns) {
    pthread_mutex_lock(&store->mutex);
    struct stored_verdict *kept = place_of(store, id);
    memcpy(kept->id, id, SHA256_LEN);
    kept->until_ns = now_unix_ns + VERDICT_KEPT_NS;
    kept->verdict = *verdict;
    pthread_mutex_unlock(&store->mutex);
}

static void wait_for_roots(struct trust_store *store) {
    pthread_mutex_lock(&store->mutex);
    while (store->loading != LOADING_DONE) {
        pthread_cond_wait(&store->loaded, &store->mutex);
    }
    pthread_mutex_unlock(&store->mutex);
}

void trust_verify(struct trust_verdict *out, struct trust_store *store, CRYPTO_BUFFER *const *chain,
                  size_t chain_len, const char *name, int64_t now_unix_ns) {
    uint8_t id[SHA256_LEN];
    identify(id, chain, chain_len, name);
    if (find(out, store, id, now_unix_ns)) {
        return;
    }
    trust_prepare(store);
    wait_for_roots(store);
    STACK_OF(X509) *certificates = parse_chain(chain, chain_len);
    judge(out, store, certificates, name, now_unix_ns);
    sk_X509_pop_free(certificates, X509_free);
    ERR_clear_error();
    keep(store, id, out, now_unix_ns);
}

bool trust_holds(const struct trust_verdict *verdict) {
    return (verdict->faults & ~TRUST_WEAKNESSES) == 0;
}

// ── the machine's roots ─────────────────────────────────────────────────────────────────────────

static void store_destroy(struct trust_store *store) {
    X509_STORE_free(store->roots);
    roots_cleanup_system(&store->system);
    pthread_cond_destroy(&store->loaded);
    pthread_mutex_destroy(&store->mutex);
    free(store);
}

// Says whether the store was freed meanwhile, and is ours to destroy.
static bool load(struct trust_store *store) {
    roots_add_system(store->roots, &store->system);
    pthread_mutex_lock(&store->mutex);
    store->loading = LOADING_DONE;
    bool abandoned = store->abandoned;
    pthread_cond_broadcast(&store->loaded);
    pthread_mutex_unlock(&store->mutex);
    return abandoned;
}

static void *load_on_thread(void *context) {
    struct trust_store *store = context;
    if (load(store)) {
        store_destroy(store);
    }
    return NULL;
}

void trust_prepare(struct trust_store *store) {
    pthread_mutex_lock(&store->mutex);
    bool begins = store->loading == LOADING_NOT_BEGUN;
    store->loading = begins ? LOADING_UNDER_WAY : store->loading;
    pthread_mutex_unlock(&store->mutex);
    pthread_t thread;
    if (!begins) {
        return;
    }
    if (thread_start(&thread, load_on_thread, store) == 0) {
        pthread_detach(thread);
    } else {
        (void)load(store); // on this thread: slower, and the caller still has the store
    }
}

void trust_load(struct trust_store *store) {
    pthread_mutex_lock(&store->mutex);
    bool begins = store->loading == LOADING_NOT_BEGUN;
    store->loading = begins ? LOADING_UNDER_WAY : store->loading;
    pthread_mutex_unlock(&store->mutex);
    if (begins) {
        (void)load(store);
    }
    wait_for_roots(store);
}

bool trust_is_prepared(struct trust_store *store) {
    pthread_mutex_lock(&store->mutex);
    bool done = store->loading == LOADING_DONE;
    pthread_mutex_unlock(&store->mutex);
    return done;
}

// ── life ────────────────────────────────────────────────────────────────────────────────────────

enum err trust_store_new(struct trust_store **out, struct failure *failure,
                         const char *extra_file) {
    X509_STORE *roots = X509_STORE_new();
    if (roots == NULL) {
        return fail(failure, ERR_CRYPTO, "BoringSSL could not make a trust store");
    }
    enum err err = extra_file == NULL ? OK : roots_add_named(roots, failure, extra_file);
    if (err != OK) {
        X509_STORE_free(roots);
        return err;
    }
    struct trust_store *store = mem_new(sizeof(*store));
    store->roots = roots;
    store->system = roots_find_system();
    pthread_mutex_init(&store->mutex, NULL);
    pthread_cond_init(&store->loaded, NULL);
    *out = store;
    return OK;
}

// A disk that hangs holds the thread that reads it, not the end of the program.
void trust_store_free(struct trust_store *store) {
    if (store == NULL) {
        return;
    }
    pthread_mutex_lock(&store->mutex);
    store->abandoned = store->loading == LOADING_UNDER_WAY;
    bool abandoned = store->abandoned;
    pthread_mutex_unlock(&store->mutex);
    if (!abandoned) {
        store_destroy(store);
    }
}
