// SPDX-License-Identifier: MIT
#include "inspect/domain.h"

#include "base/limits.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <string.h>

// Dotted decimal, four numbers of 0 to 255.
static bool domain_is_ipv4(struct slice s) {
    for (int i = 0; i < 4; i++) {
        struct slice part = slice_split(&s, '.');
        uint64_t value;
        if (part.len > 3 || !text_parse_u64(&value, part, 255)) {
            return false;
        }
    }
    return slice_is_null(s);
}

static bool domain_is_ipv6(struct slice s) {
    char text[INET6_ADDRSTRLEN + 1];
    struct in6_addr address;
    if (s.len == 0 || s.len >= sizeof(text) || slice_find_byte(s, '\0') != SLICE_NONE) {
        return false;
    }
    memcpy(text, s.data, s.len);
    text[s.len] = '\0';
    return inet_pton(AF_INET6, text, &address) == 1;
}

static bool is_label_byte(uint8_t byte, bool underscore) {
    return text_is_alnum(byte) || byte == '-' || (underscore && byte == '_');
}

static bool is_label(struct slice label, bool underscore) {
    if (label.len == 0 || label.len > LIMIT_DOMAIN_LABEL || label.data[0] == '-' ||
        label.data[label.len - 1] == '-') {
        return false;
    }
    for (size_t i = 0; i < label.len; i++) {
        if (!is_label_byte(label.data[i], underscore)) {
            return false;
        }
    }
    return true;
}

static bool is_number(struct slice s) {
    for (size_t i = 0; i < s.len; i++) {
        if (!text_is_digit(s.data[i])) {
            return false;
        }
    }
    return s.len > 0;
}

// How many labels the name has, 0 where one of them is none. The last may not be a number: then it
// would be an address (RFC 3696 2).
static int count_labels(struct slice name, bool underscore) {
    int count = 0;
    while (!slice_is_null(name)) {
        struct slice label = slice_split(&name, '.');
        bool last = slice_is_null(name);
        if (!is_label(label, underscore) || (last && is_number(label))) {
            return 0;
        }
        count++;
    }
    return count;
}

// General-address-literal: a tag, a colon, and printable bytes but brackets and backslash.
static bool is_general_literal(struct slice s) {
    struct slice tag = slice_split(&s, ':');
    if (slice_is_null(s) || s.len == 0 || !is_label(tag, false)) {
        return false;
    }
    for (size_t i = 0; i < s.len; i++) {
        uint8_t byte = s.data[i];
        if (byte <= ' ' || byte >= 0x7f || byte == '[' || byte == ']' || byte == '\\') {
            return false;
        }
    }
    return true;
}

static bool is_literal(struct slice inner) {
    if (slice_starts_with_nocase(inner, SLICE("IPv6:"))) {
        return domain_is_ipv6(slice_from(inner, 5));
    }
    if (domain_is_ipv4(inner)) {
        return true;
    }
    return !domain_is_ipv6(inner) && is_general_literal(inner);
}

enum domain_form domain_form_of(struct slice domain) {
    if (domain.len >= 2 && domain.data[0] == '[' && domain.data[domain.len - 1] == ']') {
        return is_literal(slice_sub(domain, 1, domain.len - 2)) ? DOMAIN_LITERAL
                                                                : DOMAIN_BAD_LITERAL;
    }
    if (domain_is_ipv4(domain) || domain_is_ipv6(domain)) {
        return DOMAIN_BARE_ADDRESS;
    }
    int labels = domain.len > LIMIT_DOMAIN ? 0 : count_labels(domain, false);
    if (labels == 0) {
        return count_labels(domain, true) > 0 ? DOMAIN_UNDERSCORE : DOMAIN_MALFORMED;
    }
    return labels == 1 ? DOMAIN_SINGLE : DOMAIN_QUALIFIED;
}
