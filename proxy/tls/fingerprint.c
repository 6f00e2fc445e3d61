// SPDX-License-Identifier: MIT
#include "tls/fingerprint.h"

#include "base/boringssl.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"

#include <openssl/ssl.h>

#include <stdlib.h>
#include <string.h>

enum { JA4_HASH_DIGITS = 12 };

// ── JA3 ─────────────────────────────────────────────────────────────────────────────────────────

static void put_decimal_list(struct buf *out, const struct tls_numbers *numbers) {
    const char *separator = "";
    for (size_t i = 0; i < numbers->count; i++) {
        if (!tls_is_grease(numbers->items[i])) {
            buf_put_string(out, separator);
            buf_put_u64(out, numbers->items[i]);
            separator = "-";
        }
    }
}

char *tls_ja3(const struct tls_hello *hello) {
    struct buf text, hex;
    buf_init(&text, LIMIT_FINGERPRINT);
    buf_init(&hex, 2 * MD5_LEN + 1);
    buf_putf(&text, "%u,", hello->version);
    put_decimal_list(&text, &hello->suites);
    buf_put_byte(&text, ',');
    put_decimal_list(&text, &hello->extensions);
    buf_put_byte(&text, ',');
    put_decimal_list(&text, &hello->groups);
    buf_put_byte(&text, ',');
    for (size_t i = 0; i < hello->point_formats.len; i++) {
        buf_putf(&text, "%s%u", i > 0 ? "-" : "", hello->point_formats.data[i]);
    }
    uint8_t md5[MD5_LEN];
    md5_of(md5, buf_slice(&text));
    text_put_hex(&hex, slice_of(md5, sizeof(md5)));
    char *ja3 = mem_string_of(buf_slice(&hex));
    buf_cleanup(&text);
    buf_cleanup(&hex);
    return ja3;
}

// ── JA4 ─────────────────────────────────────────────────────────────────────────────────────────

static const char *ja4_version(uint16_t version) {
    switch (version) {
    case TLS1_3_VERSION:
        return "13";
    case TLS1_2_VERSION:
        return "12";
    case TLS1_1_VERSION:
        return "11";
    case TLS1_VERSION:
        return "10";
    case SSL3_VERSION:
        return "s3";
    case 0x0002:
        return "s2";
    default: // any other number has no name
        return "00";
    }
}

static unsigned count_without_grease(const struct tls_numbers *numbers) {
    unsigned count = 0;
    for (size_t i = 0; i < numbers->count; i++) {
        count += tls_is_grease(numbers->items[i]) ? 0 : 1;
    }
    return count < LIMIT_JA4_COUNT ? count : LIMIT_JA4_COUNT;
}

// First and last byte of the first protocol; of one whose ends are no letters or digits, the ends
// of its hex form.
static void put_alpn_ends(struct buf *out, const struct tls_hello *hello) {
    struct slice wire = hello->alpn_wire;
    struct slice name = wire.len > 0 ? slice_sub(wire, 1, wire.data[0]) : SLICE("");
    if (name.len == 0) {
        buf_put_string(out, "00");
        return;
    }
    uint8_t first = name.data[0], last = name.data[name.len - 1];
    if (text_is_alnum(first) && text_is_alnum(last)) {
        buf_put_byte(out, first);
        buf_put_byte(out, last);
        return;
    }
    buf_putf(out, "%x%x", first >> 4, last & 0xf);
}

static int compare_numbers(const void *a, const void *b) {
    uint16_t left, right;
    memcpy(&left, a, sizeof(left));
    memcpy(&right, b, sizeof(right));
    return (left > right) - (left < right);
}

static void put_hex_list(struct buf *out, const struct tls_numbers *numbers) {
    const char *separator = "";
    for (size_t i = 0; i < numbers->count; i++) {
        if (!tls_is_grease(numbers->items[i])) {
            const uint8_t number[] = {(uint8_t)(numbers->items[i] >> 8),
                                      (uint8_t)numbers->items[i]};
            buf_put_string(out, separator);
            text_put_hex(out, slice_of(number, sizeof(number)));
            separator = ",";
        }
    }
}

// A sorted copy; for extensions without those two whose presence changes from host to host.
static struct tls_numbers sorted_copy(const struct tls_numbers *numbers, bool extensions) {
    struct tls_numbers copy = {.items = mem_new_array(numbers->count + 1, sizeof(uint16_t))};
    for (size_t i = 0; i < numbers->count; i++) {
        uint16_t number = numbers->items[i];
        bool left_out =
            extensions && (number == TLSEXT_TYPE_server_name ||
                           number == TLSEXT_TYPE_application_layer_protocol_negotiation);
        if (!left_out) {
            copy.items[copy.count++] = number;
        }
    }
    qsort(copy.items, copy.count, sizeof(uint16_t), compare_numbers);
    return copy;
}

static void put_short_hash(struct buf *out, struct slice text) {
    if (text.len == 0) {
        buf_put_string(out, "000000000000");
        return;
    }
    uint8_t hash[SHA256_LEN];
    sha256_of(hash, text);
    text_put_hex(out, slice_of(hash, JA4_HASH_DIGITS / 2));
}

char *tls_ja4(const struct tls_hello *hello) {
    struct buf out, list;
    buf_init(&out, JA4_MAX);
    buf_init(&list, LIMIT_FINGERPRINT);
    buf_putf(&out, "t%s%c%02u%02u", ja4_version(hello->version_max),
             hello->has_sni_extension ? 'd' : 'i', count_without_grease(&hello->suites),
             count_without_grease(&hello->extensions));
    put_alpn_ends(&out, hello);

    struct tls_numbers suites = sorted_copy(&hello->suites, false);
    put_hex_list(&list, &suites);
    buf_put_byte(&out, '_');
    put_short_hash(&out, buf_slice(&list));
    free(suites.items);

    struct tls_numbers extensions = sorted_copy(&hello->extensions, true);
    buf_clear(&list);
    put_hex_list(&list, &extensions);
    if (buf_len(&list) > 0 && hello->signatures.count > 0) {
        buf_put_byte(&list, '_');
        put_hex_list(&list, &hello->signatures);
    }
    buf_put_byte(&out, '_');
    put_short_hash(&out, buf_slice(&list));
    free(extensions.items);

    char *ja4 = mem_string_of(buf_slice(&out));
    buf_cleanup(&out);
    buf_cleanup(&list);
    return ja4;
}
