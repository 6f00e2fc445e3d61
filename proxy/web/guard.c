// SPDX-License-Identifier: MIT
#include "web/guard.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"

#include <string.h>
#include <sys/random.h>

// ── Host ────────────────────────────────────────────────────────────────────────────────────────

// `[2001:db8::1]:2526`, `localhost:2526`: without port and brackets.
static struct slice name_of(struct slice host) {
    if (host.len > 0 && host.data[0] == '[') {
        return slice_sub(host, 1, slice_find_byte(slice_from(host, 1), ']'));
    }
    return slice_sub(host, 0, slice_find_byte(host, ':'));
}

static bool is_named(const struct guard *guard, struct slice name) {
    for (size_t i = 0; i < guard->host_count; i++) {
        if (slice_is_nocase(name, guard->hosts[i])) {
            return true;
        }
    }
    return false;
}

static bool is_our_host(const struct guard *guard, const struct visitor *visitor) {
    struct slice name = name_of(visitor->host);
    return name.len > 0 &&
           (slice_is_nocase(name, "localhost") || slice_is_nocase(name, guard->bound) ||
            (visitor->local != NULL && slice_is_nocase(name, visitor->local)) ||
            is_named(guard, name));
}

// ── Origin ──────────────────────────────────────────────────────────────────────────────────────

// The page's own has the very Host of the request. What ends TLS in front of a --web-host makes it
// https.
static bool is_our_origin(const struct guard *guard, const struct visitor *visitor) {
    struct slice origin = visitor->origin;
    if (slice_starts_with(origin, SLICE("https://")) && is_named(guard, name_of(visitor->host))) {
        return slice_equal_nocase(slice_from(origin, 8), visitor->host);
    }
    return slice_starts_with(origin, SLICE("http://")) &&
           slice_equal_nocase(slice_from(origin, 7), visitor->host);
}

// ── the token ───────────────────────────────────────────────────────────────────────────────────

// Takes as long whatever the two have in common; only their lengths show.
static bool same_secret(struct slice a, struct slice b) {
    volatile uint8_t differs = a.len == b.len ? 0 : 1;
    for (size_t i = 0; i < a.len; i++) {
        uint8_t other = b.len == 0 ? 0 : b.data[i % b.len];
        differs = (uint8_t)(differs | (a.data[i] ^ other));
    }
    return differs == 0 && a.len > 0;
}

static bool has_token(const struct guard *guard, struct slice authorization) {
    struct slice scheme = SLICE("Bearer ");
    if (!slice_starts_with_nocase(authorization, scheme)) {
        return false;
    }
    return same_secret(slice_trim(slice_from(authorization, scheme.len)),
                       slice_of_string(guard->token));
}

enum admission guard_admit(const struct guard *guard, const struct visitor *visitor, bool open) {
    if (!is_our_host(guard, visitor)) {
        return WRONG_HOST;
    }
    if (!slice_is_null(visitor->origin) && !is_our_origin(guard, visitor)) {
        return WRONG_ORIGIN;
    }
    return open || has_token(guard, visitor->authorization) ? ADMITTED : WRONG_TOKEN;
}

enum err guard_check_token(struct failure *failure, const char *token) {
    size_t len = strlen(token);
    if (len < WEB_TOKEN_MIN || len > WEB_TOKEN_MAX) {
        return fail(failure, ERR_USAGE, "a token has %d to %d characters, not %zu", WEB_TOKEN_MIN,
                    WEB_TOKEN_MAX, len);
    }
    for (size_t i = 0; i < len; i++) {
        if (!text_is_alnum((uint8_t)token[i]) && strchr("-._~!$&'()*+,;=:@/?", token[i]) == NULL) {
            return fail(failure, ERR_USAGE,
                        "a token has letters, digits and -._~!$&'()*+,;=:@/? of ASCII, no other "
                        "characters");
        }
    }
    return OK;
}

char *guard_new_token(void) {
    uint8_t bytes[WEB_TOKEN_BYTES];
    while (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes)) { // so few come at once
    }
    struct buf hex;
    buf_init(&hex, 2 * sizeof(bytes));
    text_put_hex(&hex, slice_of(bytes, sizeof(bytes)));
    char *token = mem_string_of(buf_slice(&hex));
    buf_cleanup(&hex);
    return token;
}
