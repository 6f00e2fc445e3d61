// SPDX-License-Identifier: MIT
#include "certs/constraints.h"

#include "base/boringssl.h"
#include "certs/certificate_names.h"

#include <openssl/asn1.h>
#include <openssl/nid.h>

#include <arpa/inet.h>
#include <assert.h>
#include <string.h>

enum { IPV4_LEN = 4, IPV6_LEN = 16 };

// What no host has: permitted where nothing of its kind is (see shut_the_rest).
static const char NO_HOST[] = "invalid";   // RFC 2606
static const char NO_IPV4[] = "192.0.2.0"; // RFC 5737: documentation
static const char NO_IPV6[] = "100::";     // RFC 6666: discarded

// ── making ──────────────────────────────────────────────────────────────────────────────────────

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
    uint8_t range[2 * NAMES_ADDRESS_LEN];
    memcpy(range, address, len);
    memset(range + len, mask, len);
    return names_make(GEN_IPADD, range, 2 * len);
}

static void exclude_all_addresses(NAME_CONSTRAINTS *constraints, size_t len) {
    static const uint8_t ZERO[NAMES_ADDRESS_LEN];
    add_subtree(&constraints->excludedSubtrees, make_range(ZERO, len, 0));
}

static enum err permit(NAME_CONSTRAINTS *constraints, struct failure *failure, const char *host) {
    uint8_t address[NAMES_ADDRESS_LEN];
    size_t len = names_parse_address(address, host);
    if (len > 0) {
        add_subtree(&constraints->permittedSubtrees, make_range(address, len, 0xff));
        return OK;
    }
    if (!names_is_host(host) || host[0] == '*') {
        return fail(failure, ERR_USAGE, "--ca-hosts: '%s' is neither a host name nor an address",
                    host);
    }
    add_subtree(&constraints->permittedSubtrees, names_make_of(host));
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
// all of it, or, where programs stumble over that, by permitting only what no host has.
static void shut_the_rest(NAME_CONSTRAINTS *constraints, const struct kinds *has) {
    if (!has->host) {
        // An excluded empty name would say "all", but Java refuses to read it.
        permit_nothing_real(constraints, NO_HOST);
    }
    if (!has->ipv4 && !has->ipv6) {
        exclude_all_addresses(constraints, IPV4_LEN);
        exclude_all_addresses(constraints, IPV6_LEN);
        return;
    }
    // Java 17 compares an IPv4 address with an IPv6 range byte by byte: an excluded ::/0 makes it
    // crash on each IPv4 address, and an excluded 0.0.0.0/0 takes all of IPv6 along.
    if (!has->ipv4) {
        permit_nothing_real(constraints, NO_IPV4);
    }
    if (!has->ipv6) {
        permit_nothing_real(constraints, NO_IPV6);
    }
}

enum err constraints_new(NAME_CONSTRAINTS **out, struct failure *failure, const char *const *hosts,
                         size_t count) {
    NAME_CONSTRAINTS *constraints = NAME_CONSTRAINTS_new();
    struct kinds has = {false, false, false};
    for (size_t i = 0; i < count; i++) {
        uint8_t address[NAMES_ADDRESS_LEN];
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

// ── reading ─────────────────────────────────────────────────────────────────────────────────────

static struct slice value_of(const GENERAL_NAME *name) {
    return slice_of(ASN1_STRING_get0_data(name->d.ia5), (size_t)ASN1_STRING_length(name->d.ia5));
}

static bool host_is_below(struct slice host, struct slice base) {
    if (host.len == base.len) {
        return slice_equal_nocase(host, base);
    }
    return host.len > base.len && host.data[host.len - base.len - 1] == '.' &&
           slice_ends_with_nocase(host, base);
}

static bool address_is_in(struct slice address, struct slice range) {
    if (range.len != 2 * address.len) {
        return false;
    }
    for (size_t i = 0; i < address.len; i++) {
        if (((address.data[i] ^ range.data[i]) & range.data[address.len + i]) != 0) {
            return false;
        }
    }
    return true;
}

static bool is_limited_kind(const GENERAL_NAME *name) {
    return name->type == GEN_DNS || name->type == GEN_IPADD;
}

// RFC 5280 4.2.1.10, of the lists that constraints_new makes: every kind has one.
static bool is_permitted(const NAME_CONSTRAINTS *constraints, const GENERAL_NAME *name) {
    size_t count = sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees);
    for (size_t i = 0; i < count; i++) {
        const GENERAL_NAME *base =
            sk_GENERAL_SUBTREE_value(constraints->permittedSubtrees, i)->base;
        if (base->type == name->type &&
            (name->type == GEN_DNS ? host_is_below(value_of(name), value_of(base))
                                   : address_is_in(value_of(name), value_of(base)))) {
            return true;
        }
    }
    return false;
}

static size_t count_permitted(const NAME_CONSTRAINTS *constraints, const GENERAL_NAMES *names) {
    size_t count = 0;
    for (size_t i = 0; i < sk_GENERAL_NAME_num(names); i++) {
        const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        count += is_limited_kind(name) && is_permitted(constraints, name) ? 1 : 0;
    }
    return count;
}

static NAME_CONSTRAINTS *constraints_of(const X509 *ca) {
    return X509_get_ext_d2i(ca, NID_name_constraints, NULL, NULL);
}

void constraints_keep_permitted(GENERAL_NAMES *names, const X509 *ca) {
    NAME_CONSTRAINTS *constraints = constraints_of(ca);
    if (constraints == NULL || count_permitted(constraints, names) == 0) {
        NAME_CONSTRAINTS_free(constraints);
        return;
    }
    for (size_t i = sk_GENERAL_NAME_num(names); i-- > 0;) {
        GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
        if (is_limited_kind(name) && !is_permitted(constraints, name)) {
            GENERAL_NAME_free(sk_GENERAL_NAME_delete(names, i));
        }
    }
    NAME_CONSTRAINTS_free(constraints);
}

static bool is_nothing_real(struct slice text) {
    return slice_is(text, NO_HOST) || slice_is(text, NO_IPV4) || slice_is(text, NO_IPV6);
}

static void put_base(struct buf *out, const GENERAL_NAME *base) {
    char address[INET6_ADDRSTRLEN];
    struct slice value = value_of(base);
    if (base->type == GEN_IPADD) {
        int family = value.len == 2 * IPV4_LEN ? AF_INET : AF_INET6;
        bool whole = value.len == 2 * IPV4_LEN || value.len == 2 * IPV6_LEN;
        value = whole && inet_ntop(family, value.data, address, sizeof(address)) != NULL
                    ? slice_of_string(address)
                    : SLICE("");
    }
    if (value.len > 0 && !is_nothing_real(value)) {
        buf_put_string(out, buf_len(out) > 0 ? ", " : "");
        buf_put(out, value);
    }
}

void constraints_put(struct buf *out, const X509 *ca) {
    NAME_CONSTRAINTS *constraints = constraints_of(ca);
    size_t count = constraints == NULL ? 0 : sk_GENERAL_SUBTREE_num(constraints->permittedSubtrees);
    for (size_t i = 0; i < count; i++) {
        put_base(out, sk_GENERAL_SUBTREE_value(constraints->permittedSubtrees, i)->base);
    }
    NAME_CONSTRAINTS_free(constraints);
}
