// SPDX-License-Identifier: MIT
#include "certs/describe.h"

#include "base/boringssl.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ec_key.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/obj.h>
#include <openssl/pool.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

// What `struct event_certificate` points into.
struct owned_facts {
    struct event_certificate view;
    char *subject;
    char *issuer;
    char **names;
    char *key;
    atomic_uint holders;
};

static char *take_text(BIO *bio) {
    const uint8_t *data = NULL;
    size_t len = 0;
    char *text = BIO_mem_contents(bio, &data, &len) ? mem_string_of(slice_of(data, len)) : NULL;
    BIO_free(bio);
    return text != NULL ? text : mem_string("");
}

// RFC 4514: the last part first, UTF-8 as it is.
static char *name_text(const X509_NAME *name) {
    BIO *bio = BIO_new(BIO_s_mem());
    X509_NAME_print_ex(bio, name, 0, XN_FLAG_RFC2253 & ~(unsigned long)ASN1_STRFLGS_ESC_MSB);
    return take_text(bio);
}

// ── names ───────────────────────────────────────────────────────────────────────────────────────

static char *address_text(struct slice address) {
    char text[INET6_ADDRSTRLEN];
    int family = address.len == sizeof(struct in_addr)    ? AF_INET
                 : address.len == sizeof(struct in6_addr) ? AF_INET6
                                                          : AF_UNSPEC;
    if (family == AF_UNSPEC || inet_ntop(family, address.data, text, sizeof(text)) == NULL) {
        return NULL;
    }
    return mem_string(text);
}

// A name may hold anything, a NUL too: what is not printable is shown as such.
static char *host_text(struct slice host) {
    struct buf text;
    buf_init(&text, 4 * CERTIFICATE_NAME_MAX); // a byte that is escaped takes four
    text_escape(&text, slice_sub(host, 0, CERTIFICATE_NAME_MAX));
    char *copy = mem_string_of(buf_slice(&text));
    buf_cleanup(&text);
    return copy;
}

static char *general_name_text(const GENERAL_NAME *name) {
    if (name->type != GEN_DNS && name->type != GEN_IPADD) {
        return NULL;
    }
    const ASN1_STRING *value = name->type == GEN_DNS ? name->d.dNSName : name->d.iPAddress;
    struct slice bytes = slice_of(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
    return name->type == GEN_DNS ? host_text(bytes) : address_text(bytes);
}

static void read_names(struct owned_facts *facts, const X509 *x509) {
    GENERAL_NAMES *names = X509_get_ext_d2i(x509, NID_subject_alt_name, NULL, NULL);
    size_t count = names == NULL ? 0 : sk_GENERAL_NAME_num(names);
    facts->names = mem_new_array(count, sizeof(*facts->names));
    for (size_t i = 0; i < count; i++) {
        char *text = general_name_text(sk_GENERAL_NAME_value(names, i));
        if (text != NULL) {
            facts->names[facts->view.name_count++] = text;
        }
    }
    facts->view.names = (const char *const *)facts->names;
    GENERAL_NAMES_free(names);
}

// ── dates, key, signature ───────────────────────────────────────────────────────────────────────

static int64_t unix_ns(const ASN1_TIME *time) {
    ASN1_TIME *epoch = ASN1_TIME_set(NULL, 0);
    int days = 0, seconds = 0;
    bool known = ASN1_TIME_diff(&days, &seconds, epoch, time);
    ASN1_TIME_free(epoch);
    // Year 9999, which means "never" (RFC 5280 4.1.2.5), does not fit into 64 bits of nanoseconds.
    int64_t total = known ? (int64_t)days * 86400 + seconds : 0;
    int64_t most = INT64_MAX / NS_PER_S;
    total = total > most ? most : total < -most ? -most : total;
    return total * NS_PER_S;
}

static const char *curve_name(int nid) {
    switch (nid) {
    case NID_X9_62_prime256v1:
        return "P-256";
    case NID_secp384r1:
        return "P-384";
    case NID_secp521r1:
        return "P-521";
    case NID_secp224r1:
        return "P-224";
    default: // other curves have no name that people use
        return OBJ_nid2sn(nid);
    }
}

static void read_key(struct owned_facts *facts, X509 *x509) {
    EVP_PKEY *key = X509_get_pubkey(x509);
    switch (key == NULL ? EVP_PKEY_NONE : EVP_PKEY_id(key)) {
    case EVP_PKEY_RSA:
        facts->view.rsa_bits = (unsigned)EVP_PKEY_bits(key);
        facts->key = mem_format("RSA %u", facts->view.rsa_bits);
        break;
    case EVP_PKEY_EC: {
        const EC_GROUP *group = EC_KEY_get0_group(EVP_PKEY_get0_EC_KEY(key));
        facts->key = mem_format("EC %s", curve_name(EC_GROUP_get_curve_name(group)));
        break;
    }
    case EVP_PKEY_ED25519:
        facts->key = mem_string("Ed25519");
        break;
    default: // a kind that BoringSSL does not know: not known, so not said
        break;
    }
    facts->view.key = facts->key;
    EVP_PKEY_free(key);
}

static bool is_sha1(const X509 *x509) {
    int digest = NID_undef, key = NID_undef;
    return OBJ_find_sigid_algs(X509_get_signature_nid(x509), &digest, &key) && digest == NID_sha1;
}

static void read_hash(struct owned_facts *facts, struct slice der) {
    uint8_t hash[SHA256_LEN];
    struct buf hex;
    sha256_of(hash, der);
    buf_init(&hex, HEX_SHA256_LEN);
    text_put_hex(&hex, slice_of(hash, sizeof(hash)));
    memcpy(facts->view.sha256, buf_slice(&hex).data, HEX_SHA256_LEN);
    buf_cleanup(&hex);
}

// ── life ────────────────────────────────────────────────────────────────────────────────────────

struct event_certificate *certificate_facts_new(struct slice der) {
    const uint8_t *at = der.data;
    X509 *x509 = der.len == 0 ? NULL : d2i_X509(NULL, &at, (long)der.len);
    if (x509 == NULL) {
        ERR_clear_error();
        return NULL;
    }
    struct owned_facts *facts = mem_new(sizeof(*facts));
    facts->view.subject = facts->subject = name_text(X509_get_subject_name(x509));
    facts->view.issuer = facts->issuer = name_text(X509_get_issuer_name(x509));
    facts->view.not_before_unix_ns = unix_ns(X509_get0_notBefore(x509));
    facts->view.not_after_unix_ns = unix_ns(X509_get0_notAfter(x509));
    facts->view.sha1_signature = is_sha1(x509);
    read_names(facts, x509);
    read_key(facts, x509);
    read_hash(facts, der);
    atomic_init(&facts->holders, 1);
    X509_free(x509);
    ERR_clear_error();
    return &facts->view;
}

struct event_certificate *certificate_facts_of(const CRYPTO_BUFFER *certificate) {
    return certificate_facts_new(
        slice_of(CRYPTO_BUFFER_data(certificate), CRYPTO_BUFFER_len(certificate)));
}

static struct owned_facts *facts_of(struct event_certificate *view) {
    return (struct owned_facts *)view; // its first member
}

struct event_certificate *certificate_facts_share(struct event_certificate *view) {
    atomic_fetch_add(&facts_of(view)->holders, 1);
    return view;
}

void certificate_facts_free(struct event_certificate *view) {
    if (view == NULL || atomic_fetch_sub(&facts_of(view)->holders, 1) > 1) {
        return;
    }
    struct owned_facts *facts = facts_of(view);
    for (size_t i = 0; i < view->name_count; i++) {
        free(facts->names[i]);
    }
    free(facts->names);
    free(facts->subject);
    free(facts->issuer);
    free(facts->key);
    free(facts);
}
