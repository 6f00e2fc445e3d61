// SPDX-License-Identifier: MIT
// reader_value: from JSON to values, whatever the JSON is.
#include "base/digest.h"
#include "transcript/reader_parts.h"

#include <string.h>

// ── from JSON to values ─────────────────────────────────────────────────────────────────────────

uint64_t json_get_uint(const cJSON *object, const char *key) {
    const cJSON *value = json_get(object, key);
    bool sane = cJSON_IsNumber(value) && value->valuedouble >= 0 && value->valuedouble < 0x1p63;
    return sane ? (uint64_t)value->valuedouble : 0;
}

size_t json_count(const cJSON *number) {
    bool sane = cJSON_IsNumber(number) && number->valuedouble >= 0 && number->valuedouble < 0x1p40;
    return sane ? (size_t)number->valuedouble : 0;
}

bool json_get_bool(const cJSON *object, const char *key) {
    return cJSON_IsTrue(json_get(object, key));
}

#define MS_MAX 1e11

bool json_get_time(int64_t *out_unix_us, const cJSON *object, const char *key) {
    const int64_t year_2200_ns = clock_days(2200, 1, 1) * 86400 * NS_PER_S;
    int64_t unix_ns = 0;
    struct slice text = slice_of_string(json_get_string(object, key));
    if (!clock_parse_rfc3339(&unix_ns, text) || unix_ns < 0 || unix_ns >= year_2200_ns) {
        return false;
    }
    *out_unix_us = unix_ns / NS_PER_US;
    return true;
}

int64_t json_us(const cJSON *ms) {
    bool sane = cJSON_IsNumber(ms) && ms->valuedouble >= 0 && ms->valuedouble < MS_MAX;
    return sane ? (int64_t)(ms->valuedouble * 1000 + 0.5) : -1;
}

struct slice decode_string(const struct decoder *decoder, const cJSON *string) {
    if (!cJSON_IsString(string)) {
        return (struct slice){0};
    }
    (void)decoder;
    return slice_of_string(string->valuestring);
}

bool decode_exact(struct slice *out, const struct decoder *decoder, const cJSON *base64) {
    if (!cJSON_IsString(base64)) {
        return false;
    }
    struct slice text = slice_of_string(base64->valuestring);
    struct buf bytes;
    buf_init(&bytes, text.len + 4);
    bool good = base64_decode(&bytes, text);
    if (good) {
        struct slice decoded = buf_slice(&bytes);
        uint8_t *copy = arena_new(decoder->arena, decoded.len + 1, 1);
        memcpy(copy, decoded.data, decoded.len);
        *out = slice_of(copy, decoded.len);
    }
    buf_cleanup(&bytes);
    return good;
}

struct slice decode_text(const struct decoder *decoder, const cJSON *object, const char *key,
                         const char *exact_key) {
    struct slice exact;
    if (exact_key != NULL && decode_exact(&exact, decoder, json_get(object, exact_key))) {
        return exact;
    }
    return decode_string(decoder, json_get(object, key));
}
