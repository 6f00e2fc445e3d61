// SPDX-License-Identifier: MIT
#include "certs/certificate_names.h"

#include "base/boringssl.h"
#include "base/limits.h"
#include "base/text.h"

#include <openssl/asn1.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/x509.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { IPV4_LEN = 4, IPV6_LEN = 16 };

// ── reading ─────────────────────────────────────────────────────────────────────────────────────

size_t names_parse_address(uint8_t out[NAMES_ADDRESS_LEN], const char *text) {
    char plain[INET6_ADDRSTRLEN + 2];
    size_t len = strlen(text);
    if (len >= 2 && text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    }
    if (len >= sizeof(plain)) {
        return 0;
    }
    memcpy(plain, text, len);
    plain[len] = '\0';
    if (inet_pton(AF_INET, plain, out) == 1) {
        return IPV4_LEN;
    }
    return inet_pton(AF_INET6, plain, out) == 1 ? IPV6_LEN : 0;
}

bool names_is_loopback(const char *text) {
    static const uint8_t ipv6[IPV6_LEN] = {[IPV6_LEN - 1] = 1};
    uint8_t address[NAMES_ADDRESS_LEN];
    size_t len = names_parse_address(address, text);
    return len == IPV4_LEN ? address[0] == 127
                           : len == IPV6_LEN && memcmp(address, ipv6, IPV6_LEN) == 0;
}

static bool is_label(struct slice label) {
    for (size_t i = 0; i < label.len; i++) {
        uint8_t byte = label.data[i];
        if (!text_is_alnum(byte) && byte != '-' && byte != '_') {
            return false;
        }
    }
    return label.len > 0 && label.len <= LIMIT_DOMAIN_LABEL;
}

bool names_is_host(const char *text) {
    struct slice rest = slice_of_string(text);
    if (rest.len == 0 || rest.len > LIMIT_HOST_NAME) {
        return false;
    }
    if (rest.len > 2 && rest.data[0] == '*' && rest.data[1] == '.') {
        rest = slice_from(rest, 2);
    }
    while (!slice_is_null(rest)) {
        if (!is_label(slice_split(&rest, '.'))) {
            return false;
        }
    }
    return true;
}

// ── making ──────────────────────────────────────────────────────────────────────────────────────

GENERAL_NAME *names_make(int type, const uint8_t *data, size_t len) {
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value =
        ASN1_STRING_type_new(type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    if (name == NULL || value == NULL || !ASN1_STRING_set(value, data, (int)len)) {
        GENERAL_NAME_free(name);
        ASN1_STRING_free(value);
        return NULL;
    }
    GENERAL_NAME_set0_value(name, type, value);
    return name;
}

GENERAL_NAME *names_make_of(const char *text) {
    uint8_t address[NAMES_ADDRESS_LEN];
    size_t address_len = names_parse_address(address, text);
    if (address_len > 0) {
        return names_make(GEN_IPADD, address, address_len);
    }
    struct slice host = slice_of_string(text);
    if (host.len > 0 && host.data[host.len - 1] == '.') {
        host.len--; // a root dot is never in certificates
    }
    return names_make(GEN_DNS, host.data, host.len);
}

// Names are equal where their encodings are; newer versions of BoringSSL have no GENERAL_NAME_cmp.
static bool is_same(GENERAL_NAME *name, struct slice wanted_der) {
    uint8_t *der = NULL;
    int len = i2d_GENERAL_NAME(name, &der);
    bool same = len > 0 && slice_equal(slice_of(der, (size_t)len), wanted_der);
    OPENSSL_free(der);
    return same;
}

static bool has_name(const GENERAL_NAMES *names, GENERAL_NAME *wanted) {
    uint8_t *der = NULL;
    int len = i2d_GENERAL_NAME(wanted, &der);
    bool found = false;
    for (size_t i = 0; len > 0 && !found && i < sk_GENERAL_NAME_num(names); i++) {
        found = is_same(sk_GENERAL_NAME_value(names, i), slice_of(der, (size_t)len));
    }
    OPENSSL_free(der);
    return found;
}

// Takes `name`.
static void add_name(GENERAL_NAMES *names, GENERAL_NAME *name) {
    if (name == NULL || has_name(names, name) || sk_GENERAL_NAME_push(names, name) == 0) {
        GENERAL_NAME_free(name);
    }
}

void names_append(GENERAL_NAMES *names, const char *text) {
    add_name(names, names_make_of(text));
}

// The same, or an address; a dot at its end is fine.
static bool names_can_stand(const char *text) {
    uint8_t address[NAMES_ADDRESS_LEN];
    size_t len = strlen(text);
    if (names_parse_address(address, text) > 0) {
        return true;
    }
    char host[LIMIT_HOST_NAME + 1];
    bool dotted = len > 1 && text[len - 1] == '.';
    if (len - (dotted ? 1 : 0) >= sizeof(host)) {
        return false;
    }
    snprintf(host, sizeof(host), "%.*s", (int)(len - (dotted ? 1 : 0)), text);
    return names_is_host(host);
}

static void add_common_name(GENERAL_NAMES *names, X509 *server) {
    X509_NAME *subject = X509_get_subject_name(server);
    char text[LIMIT_HOST_NAME + 2];
    int len = X509_NAME_get_text_by_NID(subject, NID_commonName, text, sizeof(text));
    if (len > 0 && strlen(text) == (size_t)len && names_can_stand(text)) {
        add_name(names, names_make_of(text));
    }
}

GENERAL_NAMES *names_of(X509 *server, const char *also) {
    GENERAL_NAMES *names =
        server == NULL ? NULL : X509_get_ext_d2i(server, NID_subject_alt_name, NULL, NULL);
    if (names == NULL) {
        names = GENERAL_NAMES_new();
        if (server != NULL) {
            add_common_name(names, server);
        }
    }
    if (also != NULL && names_can_stand(also)) {
        add_name(names, names_make_of(also));
    }
    if (sk_GENERAL_NAME_num(names) == 0) {
        GENERAL_NAMES_free(names);
        return NULL;
    }
    return names;
}
