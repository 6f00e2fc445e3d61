// SPDX-License-Identifier: MIT
#include "certs/pkcs12.h"

#include "base/boringssl.h"
#include "base/limits.h"

#include <openssl/bytestring.h>
#include <openssl/digest.h>
#include <openssl/hmac.h>
#include <openssl/mem.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <string.h>

enum { SALT_LEN = 16, ROUNDS = 2048, SHA1_BLOCK = 64, MAC_KEY_ID = 3 };

#define CONTEXT_0 (CBS_ASN1_CONTEXT_SPECIFIC | CBS_ASN1_CONSTRUCTED | 0u)

static const char OID_DATA[] = "1.2.840.113549.1.7.1";
static const char OID_CERT_BAG[] = "1.2.840.113549.1.12.10.1.3";
static const char OID_X509[] = "1.2.840.113549.1.9.22.1";
static const char OID_FRIENDLY_NAME[] = "1.2.840.113549.1.9.20";
static const char OID_SHA1[] = "1.3.14.3.2.26";
// Java takes a certificate without a key for a trusted one only where it carries this attribute.
static const char OID_ORACLE_TRUSTED[] = "2.16.840.1.113894.746875.1.1";
static const char OID_ANY_PURPOSE[] = "2.5.29.37.0";

static int put_oid(CBB *cbb, const char *oid) {
    CBB value;
    return CBB_add_asn1(cbb, &value, CBS_ASN1_OBJECT) &&
           CBB_add_asn1_oid_from_text(&value, oid, strlen(oid)) && CBB_flush(cbb);
}

// UTF-16BE (RFC 7292 B.1), for ASCII.
static int put_wide(CBB *cbb, const char *text) {
    for (; *text != '\0'; text++) {
        if (!CBB_add_u16(cbb, (uint8_t)*text)) {
            return 0;
        }
    }
    return 1;
}

// ContentInfo of type data; `out` is its OCTET STRING.
static int open_data(CBB *cbb, CBB *info, CBB *explicit_0, CBB *out) {
    return CBB_add_asn1(cbb, info, CBS_ASN1_SEQUENCE) && put_oid(info, OID_DATA) &&
           CBB_add_asn1(info, explicit_0, CONTEXT_0) &&
           CBB_add_asn1(explicit_0, out, CBS_ASN1_OCTETSTRING);
}

static int put_cert_bag(CBB *bag, struct slice der) {
    CBB value, cert_bag, cert_value, octets;
    return put_oid(bag, OID_CERT_BAG) && CBB_add_asn1(bag, &value, CONTEXT_0) &&
           CBB_add_asn1(&value, &cert_bag, CBS_ASN1_SEQUENCE) && put_oid(&cert_bag, OID_X509) &&
           CBB_add_asn1(&cert_bag, &cert_value, CONTEXT_0) &&
           CBB_add_asn1(&cert_value, &octets, CBS_ASN1_OCTETSTRING) &&
           CBB_add_bytes(&octets, der.data, der.len) && CBB_flush(bag);
}

static int put_attributes(CBB *bag, const char *name) {
    CBB set, attribute, values, text;
    return CBB_add_asn1(bag, &set, CBS_ASN1_SET) &&
           CBB_add_asn1(&set, &attribute, CBS_ASN1_SEQUENCE) &&
           put_oid(&attribute, OID_FRIENDLY_NAME) &&
           CBB_add_asn1(&attribute, &values, CBS_ASN1_SET) &&
           CBB_add_asn1(&values, &text, CBS_ASN1_BMPSTRING) && put_wide(&text, name) &&
           CBB_add_asn1(&set, &attribute, CBS_ASN1_SEQUENCE) &&
           put_oid(&attribute, OID_ORACLE_TRUSTED) &&
           CBB_add_asn1(&attribute, &values, CBS_ASN1_SET) && put_oid(&values, OID_ANY_PURPOSE) &&
           CBB_flush(bag);
}

// AuthenticatedSafe: one safe, in the clear, with one bag.
static int make_safe(uint8_t **out, size_t *out_len, struct slice der, const char *name) {
    CBB cbb, all, info, explicit_0, octets, bags, bag;
    CBB_zero(&cbb);
    int made = CBB_init(&cbb, der.len + KIB) && CBB_add_asn1(&cbb, &all, CBS_ASN1_SEQUENCE) &&
               open_data(&all, &info, &explicit_0, &octets) &&
               CBB_add_asn1(&octets, &bags, CBS_ASN1_SEQUENCE) &&
               CBB_add_asn1(&bags, &bag, CBS_ASN1_SEQUENCE) && put_cert_bag(&bag, der) &&
               put_attributes(&bag, name) && CBB_finish(&cbb, out, out_len);
    CBB_cleanup(&cbb);
    return made;
}

// ── the seal ────────────────────────────────────────────────────────────────────────────────────

static void fill(uint8_t out[SHA1_BLOCK], const uint8_t *data, size_t len) {
    for (size_t i = 0; i < SHA1_BLOCK; i++) {
        out[i] = data[i % len];
    }
}

// RFC 7292 B.2 with SHA-1; a key of one hash's length takes one round of it only, and BoringSSL
// keeps its own function to itself.
static void derive_key(uint8_t out[SHA_DIGEST_LENGTH], const uint8_t salt[SALT_LEN],
                       const uint8_t *password, size_t password_len) {
    uint8_t input[3 * SHA1_BLOCK];
    memset(input, MAC_KEY_ID, SHA1_BLOCK);
    fill(input + SHA1_BLOCK, salt, SALT_LEN);
    fill(input + 2 * (size_t)SHA1_BLOCK, password, password_len);
    SHA1(input, sizeof(input), out);
    for (unsigned i = 1; i < ROUNDS; i++) {
        SHA1(out, SHA_DIGEST_LENGTH, out);
    }
}

static int put_mac(CBB *pfx, const uint8_t *safe, size_t safe_len, const char *password) {
    uint8_t salt[SALT_LEN], key[SHA_DIGEST_LENGTH], mac[SHA_DIGEST_LENGTH];
    uint8_t wide[SHA1_BLOCK] = {0}; // with its two closing zeros
    size_t len = strlen(password);
    if (2 * len + 2 > sizeof(wide)) {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        wide[2 * i + 1] = (uint8_t)password[i];
    }
    RAND_bytes(salt, sizeof(salt));
    derive_key(key, salt, wide, 2 * len + 2);
    CBB data, digest_info, algorithm, null, digest, salt_octets;
    return HMAC(EVP_sha1(), key, sizeof(key), safe, safe_len, mac, NULL) != NULL &&
           CBB_add_asn1(pfx, &data, CBS_ASN1_SEQUENCE) &&
           CBB_add_asn1(&data, &digest_info, CBS_ASN1_SEQUENCE) &&
           CBB_add_asn1(&digest_info, &algorithm, CBS_ASN1_SEQUENCE) &&
           put_oid(&algorithm, OID_SHA1) && CBB_add_asn1(&algorithm, &null, CBS_ASN1_NULL) &&
           CBB_add_asn1(&digest_info, &digest, CBS_ASN1_OCTETSTRING) &&
           CBB_add_bytes(&digest, mac, sizeof(mac)) &&
           CBB_add_asn1(&data, &salt_octets, CBS_ASN1_OCTETSTRING) &&
           CBB_add_bytes(&salt_octets, salt, sizeof(salt)) && CBB_add_asn1_uint64(&data, ROUNDS) &&
           CBB_flush(pfx);
}

static int make_pfx(uint8_t **out, size_t *out_len, const uint8_t *safe, size_t safe_len,
                    const char *password) {
    enum { VERSION = 3 };
    CBB cbb, pfx, info, explicit_0, octets;
    CBB_zero(&cbb);
    int made = CBB_init(&cbb, safe_len + KIB) && CBB_add_asn1(&cbb, &pfx, CBS_ASN1_SEQUENCE) &&
               CBB_add_asn1_uint64(&pfx, VERSION) && open_data(&pfx, &info, &explicit_0, &octets) &&
               CBB_add_bytes(&octets, safe, safe_len) && CBB_flush(&pfx) &&
               put_mac(&pfx, safe, safe_len, password) && CBB_finish(&cbb, out, out_len);
    CBB_cleanup(&cbb);
    return made;
}

enum err pkcs12_put(struct buf *out, struct failure *failure, struct slice der, const char *name,
                    const char *password) {
    uint8_t *safe = NULL, *pfx = NULL;
    size_t safe_len = 0, pfx_len = 0;
    enum err err = OK;
    if (make_safe(&safe, &safe_len, der, name) &&
        make_pfx(&pfx, &pfx_len, safe, safe_len, password)) {
        err = buf_append(out, slice_of(pfx, pfx_len));
    } else {
        err = fail(failure, ERR_CRYPTO, "the PKCS#12 file could not be made");
    }
    OPENSSL_free(safe);
    OPENSSL_free(pfx);
    return err;
}
