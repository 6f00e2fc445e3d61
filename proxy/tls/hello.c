// SPDX-License-Identifier: MIT
#include "tls/hello.h"

#include "base/boringssl.h"
#include "base/limits.h"
#include "base/memory.h"
#include "tls/fingerprint.h"
#include "tls/suite.h"

#include <openssl/bytestring.h>
#include <openssl/ssl.h>

#include <stdlib.h>
#include <string.h>

// What `struct tls_hello` points into.
struct hello {
    struct tls_hello view;
    char *sni;
    uint8_t *alpn_wire;
    char *ja3;
    char *ja4;
};

bool tls_is_grease(uint16_t number) {
    return (number & 0x0f0f) == 0x0a0a && (number >> 8) == (number & 0xff);
}

static bool tls_numbers_have(const struct tls_numbers *numbers, uint16_t number) {
    for (size_t i = 0; i < numbers->count; i++) {
        if (numbers->items[i] == number) {
            return true;
        }
    }
    return false;
}

static bool read_numbers(struct tls_numbers *out, CBS list) {
    free(out->items);
    *out = (struct tls_numbers){.items = mem_new_array(CBS_len(&list) / 2 + 1, sizeof(uint16_t))};
    while (CBS_len(&list) > 0) {
        if (!CBS_get_u16(&list, &out->items[out->count])) {
            return false;
        }
        out->count++;
    }
    return true;
}

// ServerNameList: the first entry of type host_name (0).
static bool read_sni(struct hello *hello, CBS extension) {
    CBS list;
    hello->view.has_sni_extension = true;
    if (!CBS_get_u16_length_prefixed(&extension, &list)) {
        return false;
    }
    while (CBS_len(&list) > 0) {
        uint8_t type;
        CBS name;
        if (!CBS_get_u8(&list, &type) || !CBS_get_u16_length_prefixed(&list, &name)) {
            return false;
        }
        if (type == 0 && hello->sni == NULL && CBS_len(&name) > 0) {
            hello->sni = mem_string_of(slice_of(CBS_data(&name), CBS_len(&name)));
        }
    }
    return true;
}

// Of two, which RFC 8446 4.2 forbids, the first counts.
static bool read_alpn(struct hello *hello, CBS extension) {
    CBS list;
    if (hello->view.has_alpn_extension) {
        return true;
    }
    hello->view.has_alpn_extension = true;
    if (!CBS_get_u16_length_prefixed(&extension, &list)) {
        return false;
    }
    hello->view.alpn_wire = slice_of(CBS_data(&list), CBS_len(&list));
    while (CBS_len(&list) > 0) {
        CBS name;
        if (!CBS_get_u8_length_prefixed(&list, &name)) {
            return false;
        }
    }
    return true;
}

static bool read_extension(struct hello *hello, uint16_t type, CBS body) {
    CBS list;
    switch (type) {
    case TLSEXT_TYPE_server_name:
        return read_sni(hello, body);
    case TLSEXT_TYPE_supported_groups:
        return CBS_get_u16_length_prefixed(&body, &list) && read_numbers(&hello->view.groups, list);
    case TLSEXT_TYPE_ec_point_formats:
        if (!CBS_get_u8_length_prefixed(&body, &list)) {
            return false;
        }
        hello->view.point_formats = slice_of(CBS_data(&list), CBS_len(&list));
        return true;
    case TLSEXT_TYPE_signature_algorithms:
        return CBS_get_u16_length_prefixed(&body, &list) &&
               read_numbers(&hello->view.signatures, list);
    case TLSEXT_TYPE_application_layer_protocol_negotiation:
        return read_alpn(hello, body);
    case TLSEXT_TYPE_supported_versions:
        return CBS_get_u8_length_prefixed(&body, &list) &&
               read_numbers(&hello->view.versions, list);
    default: // every number is possible here, and all others say nothing that we need
        return true;
    }
}

static bool read_extensions(struct hello *hello, CBS hello_rest) {
    CBS all;
    if (CBS_len(&hello_rest) == 0) {
        return true; // a hello of TLS 1.0 may end here
    }
    if (!CBS_get_u16_length_prefixed(&hello_rest, &all)) {
        return false;
    }
    struct tls_numbers *types = &hello->view.extensions;
    types->items = mem_new_array(CBS_len(&all) / 4 + 1, sizeof(uint16_t));
    while (CBS_len(&all) > 0) {
        uint16_t type;
        CBS body;
        if (!CBS_get_u16(&all, &type) || !CBS_get_u16_length_prefixed(&all, &body) ||
            !read_extension(hello, type, body)) {
            return false;
        }
        types->items[types->count++] = type;
    }
    return true;
}

static bool read_hello(struct hello *hello, CBS body) {
    CBS session_id, suites, compression;
    return CBS_get_u16(&body, &hello->view.version) && CBS_skip(&body, SSL3_RANDOM_SIZE) &&
           CBS_get_u8_length_prefixed(&body, &session_id) &&
           CBS_get_u16_length_prefixed(&body, &suites) &&
           CBS_get_u8_length_prefixed(&body, &compression) &&
           read_numbers(&hello->view.suites, suites) && read_extensions(hello, body);
}

static uint16_t highest_version(const struct tls_hello *hello) {
    uint16_t highest = hello->versions.count > 0 ? 0 : hello->version;
    for (size_t i = 0; i < hello->versions.count; i++) {
        uint16_t version = hello->versions.items[i];
        if (!tls_is_grease(version) && version > highest) {
            highest = version;
        }
    }
    return highest;
}

static bool offers_ecdsa_suite(const struct tls_hello *hello) {
    for (size_t i = 0; i < hello->suites.count; i++) {
        if (tls_suite_is_ecdsa(hello->suites.items[i])) {
            return true;
        }
    }
    return false;
}

static bool takes_ecdsa_signature(const struct tls_hello *hello) {
    return tls_numbers_have(&hello->signatures, SSL_SIGN_ECDSA_SECP256R1_SHA256) ||
           tls_numbers_have(&hello->signatures, SSL_SIGN_ECDSA_SECP384R1_SHA384) ||
           tls_numbers_have(&hello->signatures, SSL_SIGN_ECDSA_SECP521R1_SHA512) ||
           tls_numbers_have(&hello->signatures, SSL_SIGN_ECDSA_SHA1);
}

// RFC 8446 4.2.3 binds the curve to the signature algorithm; before it, the suite names ECDSA and
// the groups must hold the leaf's curve (RFC 8422 5.1). No signature_algorithms in TLS 1.2 means
// SHA-1 with any key (RFC 5246 7.4.1.4.1).
static bool takes_ecdsa_leaf(const struct tls_hello *hello, uint16_t allowed_max) {
    if (hello->version_max >= TLS1_3_VERSION && allowed_max >= TLS1_3_VERSION) {
        return tls_numbers_have(&hello->signatures, SSL_SIGN_ECDSA_SECP256R1_SHA256);
    }
    if (!offers_ecdsa_suite(hello) || !tls_numbers_have(&hello->groups, SSL_CURVE_SECP256R1)) {
        return false;
    }
    return hello->signatures.count == 0 || takes_ecdsa_signature(hello);
}

void tls_hello_limit(struct tls_hello *hello, uint16_t allowed_max) {
    hello->rsa_only = !takes_ecdsa_leaf(hello, allowed_max);
}

// The hello lives as long as the session, its bytes do not.
static void stop_borrowing(struct hello *hello) {
    struct tls_hello *view = &hello->view;
    size_t len = view->alpn_wire.len;
    if (len > 0) {
        hello->alpn_wire = mem_new(len);
        memcpy(hello->alpn_wire, view->alpn_wire.data, len);
    }
    view->alpn_wire = slice_of(hello->alpn_wire, len);
    view->point_formats = (struct slice){0};
}

struct tls_hello *tls_hello_new(struct slice body, uint16_t allowed_max) {
    struct hello *hello = mem_new(sizeof(*hello));
    CBS cbs;
    CBS_init(&cbs, body.data, body.len);
    if (!read_hello(hello, cbs)) {
        tls_hello_free(&hello->view);
        return NULL;
    }
    struct tls_hello *view = &hello->view;
    view->sni = hello->sni;
    view->version_max = highest_version(view);
    tls_hello_limit(view, allowed_max);
    view->ja3 = hello->ja3 = tls_ja3(view);
    view->ja4 = hello->ja4 = tls_ja4(view);
    stop_borrowing(hello);
    return view;
}

static void shed(struct tls_numbers *numbers) {
    free(numbers->items);
    *numbers = (struct tls_numbers){0};
}

void tls_hello_shed(struct tls_hello *hello) {
    if (hello == NULL) {
        return;
    }
    shed(&hello->suites);
    shed(&hello->extensions);
    shed(&hello->groups);
    shed(&hello->signatures);
    shed(&hello->versions);
}

void tls_hello_free(struct tls_hello *view) {
    if (view == NULL) {
        return;
    }
    struct hello *hello = (struct hello *)view; // `view` is its first member
    tls_hello_shed(view);
    free(hello->sni);
    free(hello->alpn_wire);
    free(hello->ja3);
    free(hello->ja4);
    free(hello);
}
