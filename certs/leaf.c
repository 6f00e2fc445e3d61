// SPDX-License-Identifier: MIT
#include "certs/leaf.h"

#include "base/boringssl.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "certs/build.h"
#include "certs/certificate_names.h"
#include "certs/constraints.h"
#include "certs/flaw.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/pool.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { LEAF_CHAIN_LEN = 3 };

// BoringSSL cannot sign a handshake with much less.
static const unsigned SMALL_KEY_BITS[] = {768, 1024, 1536};
enum { SMALL_KEY_COUNT = sizeof(SMALL_KEY_BITS) / sizeof(SMALL_KEY_BITS[0]) };

// A leaf is minted again a day before it ends, and where the clock was set back past the half of
// what a leaf is dated back: clients would refuse it as not yet valid until the clock is there once
// more.
#define KEPT_S     ((int64_t)(LEAF_DAYS - 1) * SECONDS_PER_DAY)
#define SET_BACK_S (CLOCK_SKEW_S / 2)

// A leaf with a count of who holds it: the store, and each thread for the one that it asked for
// last. So a leaf that is pushed out of the store is not pulled from under a thread's hands.
struct stored_leaf {
    struct leaf view;
    CRYPTO_BUFFER *chain[LEAF_CHAIN_LEN];
    uint8_t id[SHA256_LEN];
    int64_t minted_s;
    uint64_t used; // by the store's counter; the least is the longest unused
    atomic_uint holders;
};

struct leaf_store {
    const struct authority *authority;
    pthread_mutex_t mutex; // guards all below
    EVP_PKEY *key;
    EVP_PKEY *rsa_key;                     // NULL until a client wants it
    EVP_PKEY *small_keys[SMALL_KEY_COUNT]; // each NULL until a server has such a one
    struct issuer unknown_root;
    struct issuer unknown_issuer; // signed by it
    struct stored_leaf *kept[LIMIT_LEAVES];
    size_t kept_count;
    uint64_t counter;
    pthread_key_t last; // each thread's last leaf
};

// ── who holds what ──────────────────────────────────────────────────────────────────────────────

static void let_go(void *pointer) {
    struct stored_leaf *kept = pointer;
    if (kept == NULL || atomic_fetch_sub(&kept->holders, 1) > 1) {
        return;
    }
    for (size_t i = 0; i < kept->view.chain_len; i++) {
        CRYPTO_BUFFER_free(kept->chain[i]);
    }
    EVP_PKEY_free(kept->view.key);
    free(kept);
}

static void hand_to_thread(struct leaf_store *store, struct stored_leaf *kept) {
    let_go(pthread_getspecific(store->last));
    atomic_fetch_add(&kept->holders, 1);
    pthread_setspecific(store->last, kept);
}

static bool is_good(const struct stored_leaf *kept, int64_t now_s) {
    return now_s < kept->minted_s + KEPT_S && now_s >= kept->minted_s - SET_BACK_S;
}

static struct stored_leaf *find(struct leaf_store *store, const uint8_t id[SHA256_LEN],
                                int64_t now_s) {
    for (size_t i = 0; i < store->kept_count; i++) {
        struct stored_leaf *kept = store->kept[i];
        if (memcmp(kept->id, id, SHA256_LEN) != 0) {
            continue;
        }
        if (is_good(kept, now_s)) {
            return kept;
        }
        store->kept[i] = store->kept[--store->kept_count];
        let_go(kept);
        return NULL;
    }
    return NULL;
}

static size_t longest_unused(const struct leaf_store *store) {
    size_t longest = 0;
    for (size_t i = 1; i < store->kept_count; i++) {
        longest = store->kept[i]->used < store->kept[longest]->used ? i : longest;
    }
    return longest;
}

static void keep(struct leaf_store *store, struct stored_leaf *kept) {
    if (store->kept_count == LIMIT_LEAVES) {
        size_t place = longest_unused(store);
        let_go(store->kept[place]);
        store->kept[place] = kept;
        return;
    }
    store->kept[store->kept_count++] = kept;
}

// ── what a leaf says ────────────────────────────────────────────────────────────────────────────

static bool is_over(const X509 *server, int64_t now_s) {
    time_t now = (time_t)now_s;
    return X509_cmp_time(X509_get0_notAfter(server), &now) < 0;
}

static bool is_ahead(const X509 *server, int64_t now_s) {
    time_t now = (time_t)now_s;
    return X509_cmp_time(X509_get0_notBefore(server), &now) > 0;
}

// The server's own dates where they are the fault; where another certificate of its chain is, the
// leaf takes the fault on itself, and the client names the same one.
static bool set_faulty_dates(X509 *leaf, const X509 *server, unsigned faults, int64_t now_s) {
    bool expired = (faults & TRUST_EXPIRED) != 0;
    if (server != NULL && (expired ? is_over(server, now_s) : is_ahead(server, now_s))) {
        return X509_set1_notBefore(leaf, X509_get0_notBefore(server)) &&
               X509_set1_notAfter(leaf, X509_get0_notAfter(server));
    }
    int64_t begin = expired ? now_s - (LEAF_DAYS + 1) * SECONDS_PER_DAY : now_s + SECONDS_PER_DAY;
    int64_t end = begin + LEAF_DAYS * SECONDS_PER_DAY;
    return ASN1_TIME_set(X509_getm_notBefore(leaf), (time_t)begin) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(leaf), (time_t)end) != NULL;
}

// The client's own name beside the server's, where clients look at the common name alone.
static bool add_common_name(X509 *leaf, const char *name) {
    X509_NAME *subject = X509_NAME_dup(X509_get_subject_name(leaf));
    bool added = subject != NULL &&
                 X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8,
                                            (const uint8_t *)name, -1, -1, 0) &&
                 X509_set_subject_name(leaf, subject);
    X509_NAME_free(subject);
    return added;
}

static bool can_be_common_name(const char *name) {
    uint8_t address[NAMES_ADDRESS_LEN];
    return name != NULL && strlen(name) <= LIMIT_COMMON_NAME && names_is_host(name) &&
           names_parse_address(address, name) == 0;
}

static bool set_server_subject(X509 *leaf, X509 *server, const struct leaf_request *request) {
    bool lacks = (request->faults & TRUST_COMMON_NAME) != 0 && can_be_common_name(request->name) &&
                 !trust_name_fits(request->server, request->name);
    return X509_set_subject_name(leaf, X509_get_subject_name(server)) &&
           (!lacks || add_common_name(leaf, request->name));
}

static bool set_subject(X509 *leaf, X509 *server, const struct leaf_request *request) {
    const char *name = request->name;
    if (server != NULL) {
        return set_server_subject(leaf, server, request);
    }
    // An address stays out of the common name: OpenSSL and GnuTLS take that for a host name, and
    // find it outside of what a limited CA may sign for.
    return can_be_common_name(name) ? build_set_subject(leaf, NID_commonName, name)
                                    : build_set_subject(leaf, NID_organizationName, "smtpscope");
}

static GENERAL_NAMES *names_to_show(X509 *server, const struct leaf_request *request) {
    if (server != NULL && (request->faults & TRUST_COMMON_NAME) != 0) {
        return X509_get_ext_d2i(server, NID_subject_alt_name, NULL, NULL);
    }
    bool wrong = (request->faults & TRUST_WRONG_NAME) != 0;
    GENERAL_NAMES *names = names_of(server, wrong ? NULL : request->name);
    if (!wrong && request->name != NULL && names_is_loopback(request->name)) {
        // A client that sent no name was most likely pointed at this one: Java's library takes a
        // name without a dot for none.
        names_append(names, "localhost");
    }
    return names;
}

// RFC 5280 4.2.1.6: critical where the subject is empty.
static bool add_names(X509 *leaf, X509 *server, const struct leaf_request *request,
                      const X509 *ca) {
    if (flaw_has_own_names(request->flaw)) {
        return flaw_add_names(leaf, request);
    }
    if (!set_subject(leaf, server, request)) {
        return false;
    }
    GENERAL_NAMES *names = names_to_show(server, request);
    if (names == NULL) {
        return true;
    }
    constraints_keep_permitted(names, ca);
    bool critical = X509_NAME_entry_count(X509_get_subject_name(leaf)) == 0;
    bool added = X509_add1_ext_i2d(leaf, NID_subject_alt_name, names, critical, 0);
    GENERAL_NAMES_free(names);
    return added;
}

static bool copy_extension(X509 *leaf, const X509 *server, int nid) {
    int at = X509_get_ext_by_NID(server, nid, -1);
    return at < 0 || X509_add_ext(leaf, X509_get_ext(server, at), -1);
}

// Libraries differ in what they call self-signed: some look at the key usage, some at the basic
// constraints. So a self-signed leaf has just those that the server's has. One whose key usage
// forbids it to sign handshakes cannot be shown, and loses it.
static bool add_own_constraints(X509 *leaf, X509 *server) {
    bool signs = (X509_get_key_usage(server) & KU_DIGITAL_SIGNATURE) != 0;
    return copy_extension(leaf, server, NID_basic_constraints) &&
           (!signs || copy_extension(leaf, server, NID_key_usage));
}

static bool add_constraints(X509 *leaf, EVP_PKEY *key, X509 *server,
                            const struct leaf_request *request) {
    bool own = server != NULL && (request->faults & TRUST_SELF_SIGNED) != 0;
    if (request->flaw == LEAF_FLAW_WRONG_KEY_USAGE) {
        return build_add_no_ca(leaf) && flaw_add_usage(leaf);
    }
    return own ? add_own_constraints(leaf, server) : build_add_leaf(leaf, key);
}

// For a wrong purpose the server's own list of purposes is the fault to show; one that lies in
// another certificate of its chain becomes "e-mail only" here.
static bool add_purpose(X509 *leaf, X509 *server, unsigned faults) {
    if ((faults & TRUST_WRONG_PURPOSE) == 0) {
        return build_add_purpose(leaf, NID_server_auth);
    }
    int at = server == NULL ? -1 : X509_get_ext_by_NID(server, NID_ext_key_usage, -1);
    if (at >= 0 && (X509_get_extended_key_usage(server) & XKU_SSL_SERVER) == 0) {
        return X509_add_ext(leaf, X509_get_ext(server, at), -1);
    }
    return build_add_purpose(leaf, NID_email_protect);
}

// What cannot be mirrored as it is must at least not be trusted, nor what is new in trust.h.
static bool wants_unknown_issuer(unsigned faults) {
    const unsigned mirrored = TRUST_EXPIRED | TRUST_NOT_YET_VALID | TRUST_WRONG_NAME |
                              TRUST_SELF_SIGNED | TRUST_WRONG_PURPOSE | TRUST_ROOT_SENT |
                              TRUST_COMMON_NAME | TRUST_SHA1_SIGNATURE | TRUST_SMALL_KEY;
    return (faults & ~mirrored) != 0;
}

// What is made of a request.
struct minting {
    const struct leaf_store *store;
    const struct leaf_request *request;
    EVP_PKEY *key;
    X509 *server;         // parsed; NULL where there is none
    struct issuer flawed; // what signs the leaf where the fault is there
};

static bool sign(X509 *leaf, const struct minting *minting) {
    const struct leaf_request *request = minting->request;
    const struct leaf_store *store = minting->store;
    bool sha1 = (request->faults & TRUST_SHA1_SIGNATURE) != 0;
    const EVP_MD *digest = sha1 ? EVP_sha1() : EVP_sha256();
    if ((request->faults & TRUST_SELF_SIGNED) != 0) {
        struct issuer itself = {.certificate = leaf, .key = minting->key};
        return build_sign_with(leaf, &itself, digest);
    }
    if (minting->flawed.certificate != NULL) {
        return build_sign_with(leaf, &minting->flawed, digest);
    }
    if (!wants_unknown_issuer(request->faults)) {
        return build_sign_with(leaf, authority_signer(store->authority), digest);
    }
    bool root_sent = (request->faults & TRUST_ROOT_SENT) != 0;
    return build_sign_with(leaf, root_sent ? &store->unknown_root : &store->unknown_issuer, digest);
}

// The certificate that goes along with the leaf; NULL for none.
static X509 *companion(const struct leaf_store *store, const struct leaf_request *request) {
    if ((request->faults & TRUST_SELF_SIGNED) != 0) {
        return NULL;
    }
    if (!wants_unknown_issuer(request->faults)) {
        return authority_intermediate(store->authority);
    }
    if ((request->faults & TRUST_ROOT_SENT) != 0) {
        return store->unknown_root.certificate;
    }
    return request->issuer_sent ? store->unknown_issuer.certificate : NULL;
}

// ── minting ─────────────────────────────────────────────────────────────────────────────────────

static X509 *build_leaf(const struct minting *minting) {
    const struct leaf_request *request = minting->request;
    int64_t now_s = request->now_unix_ns / NS_PER_S;
    struct dates dates = {now_s - CLOCK_SKEW_S, now_s + (int64_t)LEAF_DAYS * SECONDS_PER_DAY};
    bool wrong_dates = (request->faults & (TRUST_EXPIRED | TRUST_NOT_YET_VALID)) != 0;
    const X509 *ca = authority_signer(minting->store->authority)->certificate;
    X509 *leaf = build_certificate(minting->key, &dates), *server = minting->server;
    if (leaf != NULL && (!wrong_dates || set_faulty_dates(leaf, server, request->faults, now_s)) &&
        add_names(leaf, server, request, ca) &&
        add_constraints(leaf, minting->key, server, request) &&
        add_purpose(leaf, server, request->faults) && sign(leaf, minting)) {
        return leaf;
    }
    X509_free(leaf);
    return NULL;
}

// Clients draw their lines at 1024 and 2048 bits, so three keys do for all small ones: a hostile
// server cannot have one made for each size.
static EVP_PKEY *small_key(struct leaf_store *store, unsigned bits) {
    size_t size = 0;
    while (size + 1 < SMALL_KEY_COUNT && SMALL_KEY_BITS[size + 1] <= bits) {
        size++;
    }
    if (store->small_keys[size] == NULL) {
        store->small_keys[size] = build_key_rsa(SMALL_KEY_BITS[size]);
    }
    return store->small_keys[size];
}

static EVP_PKEY *key_for(struct leaf_store *store, const struct leaf_request *request) {
    bool rsa = request->rsa || flaw_needs_rsa(request->flaw);
    if ((request->faults & TRUST_SMALL_KEY) != 0) {
        return small_key(store, request->small_key_bits);
    }
    if (rsa && store->rsa_key == NULL) {
        store->rsa_key = build_key_rsa(RSA_BITS);
    }
    return rsa ? store->rsa_key : store->key;
}

static void put_into_chain(struct stored_leaf *kept, X509 *x509) {
    if (x509 != NULL) {
        kept->chain[kept->view.chain_len++] = build_der(x509);
    }
}

static struct stored_leaf *kept_new(const struct minting *minting, X509 *leaf) {
    struct stored_leaf *kept = mem_new(sizeof(*kept));
    bool sends_flawed = flaw_sends_issuer(minting->request->flaw);
    put_into_chain(kept, leaf);
    put_into_chain(kept, sends_flawed ? minting->flawed.certificate : NULL);
    put_into_chain(kept, companion(minting->store, minting->request));
    kept->view.chain = kept->chain;
    EVP_PKEY_up_ref(minting->key);
    kept->view.key = minting->key;
    kept->minted_s = minting->request->now_unix_ns / NS_PER_S;
    atomic_init(&kept->holders, 1); // the store
    return kept;
}

static bool make_flawed_issuer(struct minting *minting) {
    const struct leaf_request *request = minting->request;
    return !flaw_has_issuer(request->flaw) ||
           flaw_build_issuer(&minting->flawed, request->flaw,
                             authority_signer(minting->store->authority),
                             request->now_unix_ns / NS_PER_S);
}

static struct stored_leaf *mint(struct leaf_store *store, const struct leaf_request *request) {
    struct minting minting = {.store = store, .request = request, .key = key_for(store, request)};
    minting.server = request->server == NULL ? NULL : X509_parse_from_buffer(request->server);
    bool can = minting.key != NULL && make_flawed_issuer(&minting);
    X509 *leaf = can ? build_leaf(&minting) : NULL;
    struct stored_leaf *kept = leaf == NULL ? NULL : kept_new(&minting, leaf);
    X509_free(minting.server);
    X509_free(leaf);
    issuer_cleanup(&minting.flawed);
    return kept;
}

// What decides how a leaf looks: the server's certificate, the names, the faults, the kind of key.
static void identify(uint8_t out[SHA256_LEN], const struct leaf_request *request) {
    uint8_t options[] = {(uint8_t)(request->faults >> 8),
                         (uint8_t)request->faults,
                         (uint8_t)(request->small_key_bits >> 8),
                         (uint8_t)request->small_key_bits,
                         (uint8_t)request->flaw,
                         request->rsa,
                         request->issuer_sent,
                         request->name != NULL,
                         request->server != NULL};
    struct sha256 hash;
    sha256_init(&hash);
    sha256_update(&hash, slice_of(options, sizeof(options)));
    if (request->server != NULL) {
        uint8_t server[SHA256_LEN];
        sha256_of(server, slice_of(CRYPTO_BUFFER_data(request->server),
                                   CRYPTO_BUFFER_len(request->server)));
        sha256_update(&hash, slice_of(server, sizeof(server)));
    }
    sha256_update(&hash, slice_of_string(request->name));
    if (request->flaw == LEAF_FLAW_ADDRESS_FOR_NAME) {
        sha256_update(&hash, SLICE("\0"));
        sha256_update(&hash, slice_of_string(request->address));
    }
    sha256_final(out, &hash);
}

enum err leaf_get(const struct leaf **out, struct failure *failure, struct leaf_store *store,
                  const struct leaf_request *request) {
    uint8_t id[SHA256_LEN];
    identify(id, request);
    pthread_mutex_lock(&store->mutex);
    struct stored_leaf *kept = find(store, id, request->now_unix_ns / NS_PER_S);
    if (kept == NULL) {
        kept = mint(store, request);
        if (kept != NULL) {
            memcpy(kept->id, id, sizeof(id));
            keep(store, kept);
        }
    }
    if (kept != NULL) {
        kept->used = ++store->counter;
        hand_to_thread(store, kept);
    }
    pthread_mutex_unlock(&store->mutex);
    ERR_clear_error();
    if (kept == NULL) {
        return fail(failure, ERR_CRYPTO, "BoringSSL could not make a certificate for %s",
                    request->name != NULL ? request->name : "the client");
    }
    *out = &kept->view;
    return OK;
}

// ── life ────────────────────────────────────────────────────────────────────────────────────────

static bool make_unknown(struct leaf_store *store, int64_t now_s) {
    struct dates dates = {now_s - CA_DAYS * (int64_t)SECONDS_PER_DAY,
                          now_s + 10 * CA_DAYS * (int64_t)SECONDS_PER_DAY};
    return build_issuer(&store->unknown_root, "smtpscope: an untrusted root", &dates, NULL) &&
           build_issuer(&store->unknown_issuer, "smtpscope: an untrusted issuer", &dates,
                        &store->unknown_root);
}

struct leaf_store *leaf_store_new(const struct authority *authority, int64_t now_unix_ns) {
    struct leaf_store *store = mem_new(sizeof(*store));
    store->authority = authority;
    store->key = build_key_p256();
    pthread_mutex_init(&store->mutex, NULL);
    int key_made = pthread_key_create(&store->last, let_go);
    // None of these can fail for a reason that is not the end of the program anyway.
    assert(key_made == 0 && store->key != NULL && make_unknown(store, now_unix_ns / NS_PER_S));
    return store;
}

void leaf_store_free(struct leaf_store *store) {
    if (store == NULL) {
        return;
    }
    let_go(pthread_getspecific(store->last));
    pthread_key_delete(store->last);
    for (size_t i = 0; i < store->kept_count; i++) {
        let_go(store->kept[i]);
    }
    issuer_cleanup(&store->unknown_root);
    issuer_cleanup(&store->unknown_issuer);
    EVP_PKEY_free(store->key);
    EVP_PKEY_free(store->rsa_key);
    for (size_t i = 0; i < SMALL_KEY_COUNT; i++) {
        EVP_PKEY_free(store->small_keys[i]);
    }
    pthread_mutex_destroy(&store->mutex);
    free(store);
}
