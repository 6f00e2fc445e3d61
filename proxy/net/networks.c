// SPDX-License-Identifier: MIT
#include "net/networks.h"

#include "base/address.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

enum { MAPPED_BITS = 96 }; // of ::ffff:0:0/96

// The bytes of the address, in network order; returns how many bits those are.
static unsigned put_bits(uint8_t out[static 16], const struct sockaddr_storage *address) {
    if (address->ss_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, address, sizeof(four));
        memcpy(out, &four.sin_addr, sizeof(four.sin_addr));
        return 32;
    }
    struct sockaddr_in6 six;
    memcpy(&six, address, sizeof(six));
    memcpy(out, &six.sin6_addr, sizeof(six.sin6_addr));
    return 128;
}

// Numeric, and with no zone, which would have to be compared too.
static bool parse_address(struct sockaddr_storage *out, struct slice text) {
    char host[ADDRESS_TEXT_MAX];
    if (text.len >= sizeof(host) || slice_find_byte(text, '%') != SLICE_NONE) {
        return false;
    }
    memcpy(host, text.data, text.len);
    host[text.len] = '\0';
    return address_parse(out, host, 0);
}

static bool parse_network(struct network *out, struct slice text) {
    struct slice prefix = text;
    struct sockaddr_storage address;
    if (!parse_address(&address, slice_split(&prefix, '/'))) {
        return false;
    }
    uint64_t len = put_bits(out->address, &address);
    if (!slice_is_null(prefix) && !text_parse_u64(&len, prefix, len)) {
        return false;
    }
    struct sockaddr_storage plain = address;
    address_unmap(&plain);
    if (plain.ss_family != address.ss_family && len >= MAPPED_BITS) {
        put_bits(out->address, &plain);
        address = plain;
        len -= MAPPED_BITS;
    }
    out->family = address.ss_family;
    out->prefix_len = (unsigned)len;
    return true;
}

bool networks_add(struct networks *networks, struct slice text) {
    while (!slice_is_null(text)) {
        struct network network = {0};
        if (!parse_network(&network, slice_split(&text, ','))) {
            return false;
        }
        networks->items = mem_resize(networks->items, networks->count + 1, sizeof(network));
        networks->items[networks->count++] = network;
    }
    return true;
}

static bool has(const struct network *network, const uint8_t bits[static 16]) {
    unsigned whole = network->prefix_len / 8;
    unsigned mask = 0xFF00U >> network->prefix_len % 8 & 0xFF;
    return memcmp(network->address, bits, whole) == 0 &&
           (mask == 0 || ((network->address[whole] ^ bits[whole]) & mask) == 0);
}

bool networks_have(const struct networks *networks, const struct sockaddr *address) {
    struct sockaddr_storage plain = {0};
    uint8_t bits[16] = {0};
    memcpy(&plain, address, address_len(address));
    address_unmap(&plain);
    put_bits(bits, &plain);
    for (size_t i = 0; i < networks->count; i++) {
        if (networks->items[i].family == plain.ss_family && has(&networks->items[i], bits)) {
            return true;
        }
    }
    return false;
}

void networks_cleanup(struct networks *networks) {
    free(networks->items);
    *networks = (struct networks){0};
}
