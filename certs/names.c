// SPDX-License-Identifier: MIT
#include "certs/names.h"

#include "base/boringssl.h"
#include "base/limits.h"
#include "base/text.h"

#include <openssl/asn1.h>
#include <openssl/mem.h>
#include <openssl/nid.h>
#include <openssl/x509.h>

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { IPV4_LEN = 4, IPV6_LEN = 16, LABEL_MAX = 63, HOST_MAX = 253 };

// ── reading ─────────────────────────────────────────────────────────────────────────────────────

size_t names_parse_address(uint8_t out[ADDRESS_MAX], const char *text) {
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

static bool is_label(struct slice label) {
    for (size_t i = 0; i < label.len; i++) {
        uint8_t byte = label.data[i];
        if (!text_is_alnum(byte) && byte != '-' && byte != '_') {
            return false;
        }
    }
    return label.len > 0 && label.len <= LABEL_MAX;
}

bool names_is_host(const char *text) {
    struct slice rest = slice_of_string(text);
    if (rest.len == 0 || rest.len > HOST_MAX) {
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

static GENERAL_NAME *make_name(int type, const uint8_t *data, size_t len) {
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

static GENERAL_NAME *name_of_text(const char *text) {
    uint8_t address[ADDRESS_MAX];
    size_t address_len = names_parse_address(address, text);
    if (address_len > 0) {
        return make_name(GEN_IPADD, address, address_len);
    }
    struct slice host = slice_of_string(text);
    if (host.len > 0 && host.data[host.len - 1] == '.') {
        host.len--; // a root dot never stands in certificates
    }
    return make_name(GEN_DNS, host.data, host.len);
}

static bool has_name(const GENERAL_NAMES *names, GENERAL_NAME *wanted) {
    for (size_t i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(names, i), wanted) == 0) {
            return true;
        }
    }
    return false;
}

// Takes `name`.
static void add_name(GENERAL_NAMES *names, GENERAL_NAME *name) {
    if (name == NULL || has_name(names, name) || sk_GENERAL_NAME_push(names, name) == 0) {
        GENERAL_NAME_free(name);
    }
}

bool names_can_stand(const char *text) {
    uint8_t address[ADDRESS_MAX];
    size_t len = strlen(text);
    if (names_parse_address(address, text) > 0) {
        return true;
    }
    char host[HOST_MAX + 1];
    bool dotted = len > 1 && text[len - 1] == '.';
    if (len - (dotted ? 1 : 0) >= sizeof(host)) {
        return false;
    }
    snprintf(host, sizeof(host), "%.*s", (int)(len - (dotted ? 1 : 0)), text);
    return names_is_host(host);
}

static void add_common_name(GENERAL_NAMES *names, X509 *server) {
    X509_NAME *subject = X509_get_subject_name(server);
    char text[HOST_MAX + 2];
    int len = X509_NAME_get_text_by_NID(subject, NID_commonName, text, sizeof(text));
    if (len > 0 && strlen(text) == (size_t)len && names_can_stand(text)) {
        add_name(names, name_of_text(text));
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
        add_name(names, name_of_text(also));
    }
    if (sk_GENERAL_NAME_num(names) == 0) {
        GENERAL_NAMES_free(names);
        return NULL;
    }
    return names;
}

// ── constraints ─────────────────────────────────────────────────────────────────────────────────

// Takes `base`.
static void add_subtree(STACK_OF(GENERAL_SUBTREE) * *list, GENERAL_NAME *base) {
    GENERAL_SUBTREE *subtree = GENERAL_SUBTREE_new();
    if (*list == NULL) {
        *list = sk_GENERAL_SUBTREE_new_null();
    }
    GENERAL_NAME_free(subtree->base);
    subtree->base = base;
    sk_GENERAL_SUBTREE_push(*list, subtree);
}

// An address range is the address and its mask (RFC 5280 4.2.1.10).
static GENERAL_NAME *make_range(const uint8_t *address, size_t len, uint8_t mask) {
    uint8_t range[2 * ADDRESS_MAX];
    memcpy(range, address, len);
    memset(range + len, mask, len);
    return make_name(GEN_IPADD, range, 2 * len);
}

static void exclude_all_addresses(NAME_CONSTRAINTS *constraints, size_t len) {
    static const uint8_t ZERO[ADDRESS_MAX];
    add_subtree(&constraints->excludedSubtrees, make_range(ZERO, len, 0));
}

static enum err permit(NAME_CONSTRAINTS *constraints, struct failure *failure, const char *host) {
    uint8_t address[ADDRESS_MAX];
    size_t len = names_parse_address(address, host);
    if (len > 0) {
        add_subtree(&constraints->permittedSubtrees, make_range(address, len, 0xff));
        return OK;
    }
    if (!names_is_host(host) || host[0] == '*') {
        return fail(failure, ERR_USAGE, "--ca-hosts: '%s' is neither a host name nor an address",
                    host);
    }
    add_subtree(&constraints->permittedSubtrees, name_of_text(host));
    return OK;
}

struct kinds {
    bool host;
    bool ipv4;
    bool ipv6;
};

static void permit_nothing_real(NAME_CONSTRAINTS *constraints, const char *name) {
    enum err err = permit(constraints, NULL, name);
    assert(err == OK);
}

// What is not constrained is free, so each kind that the list does not name is shut: by excluding
// all of it, or, where programs stumble over that, by permitting only what nobody has.
static void shut_the_rest(NAME_CONSTRAINTS *constraints, const struct kinds *has) {
    if (!has->host) {
        // An excluded empty name would say "all", but Java refuses to read it (RFC 2606).
        permit_nothing_real(constraints, "invalid");
    }
    if (!has->ipv4 && !has->ipv6) {
        exclude_all_addresses(constraints, IPV4_LEN);
        exclude_all_addresses(constraints, IPV6_LEN);
        return;
    }
    // Java 17 compares an IPv4 address with an IPv6 range byte by byte: an excluded ::/0 makes it
    // crash on each IPv4 address, and an excluded 0.0.0.0/0 takes all of IPv6 along.
    if (!has->ipv4) {
        permit_nothing_real(constraints, "192.0.2.0"); // RFC 5737: documentation
    }
    if (!has->ipv6) {
        permit_nothing_real(constraints, "100::"); // RFC 6666: discarded
    }
}

enum err names_constraints(NAME_CONSTRAINTS **out, struct failure *failure,
                           const char *const *hosts, size_t count) {
    NAME_CONSTRAINTS *constraints = NAME_CONSTRAINTS_new();
    struct kinds has = {false, false, false};
    for (size_t i = 0; i < count; i++) {
        uint8_t address[ADDRESS_MAX];
        size_t len = names_parse_address(address, hosts[i]);
        enum err err = permit(constraints, failure, hosts[i]);
        if (err != OK) {
            NAME_CONSTRAINTS_free(constraints);
            return err;
        }
        has.host |= len == 0;
        has.ipv4 |= len == IPV4_LEN;
        has.ipv6 |= len == IPV6_LEN;
    }
    shut_the_rest(constraints, &has);
    *out = constraints;
    return OK;
}
