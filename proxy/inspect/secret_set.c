// SPDX-License-Identifier: MIT
#include "inspect/secret_set.h"

#include "base/array.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "inspect/secret_index.h"

#include <stdlib.h>
#include <string.h>

void secret_set_cleanup(struct secret_set *secrets_known) {
    for (size_t i = 0; i < secrets_known->count; i++) {
        mem_wipe(secrets_known->secrets[i].bytes, secrets_known->secrets[i].len);
        free(secrets_known->secrets[i].bytes);
    }
    free(secrets_known->secrets);
    free(secrets_known->index);
    *secrets_known = (struct secret_set){0};
}

bool secret_set_is_active(const struct secret_set *secrets_known) {
    return secrets_known->count > 0 || secrets_known->overflowed;
}

static bool is_plain_word(struct slice s) {
    for (size_t i = 0; i < s.len; i++) {
        if (!text_is_alpha(s.data[i])) {
            return false;
        }
    }
    return s.len <= LIMIT_PLAIN_WORD;
}

static bool is_stars(struct slice s) {
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] != '*') {
            return false;
        }
    }
    return true;
}

static struct known_secret *new_entry(struct secret_set *secrets_known) {
    secrets_known->secrets = array_grown(secrets_known->secrets, secrets_known->count,
                                         &secrets_known->room, sizeof(secrets_known->secrets[0]));
    return &secrets_known->secrets[secrets_known->count++];
}

// NULL where there is no room for it.
static struct known_secret *keep(struct secret_set *secrets_known, struct slice secret) {
    if (secrets_known->count == LIMIT_SECRETS ||
        secrets_known->bytes + secret.len > LIMIT_SECRET_BYTES) {
        secrets_known->overflowed = true;
        return NULL;
    }
    struct known_secret *kept = new_entry(secrets_known);
    *kept = (struct known_secret){.bytes = mem_new(secret.len),
                                  .len = secret.len,
                                  .fold = !is_plain_word(secret),
                                  .quotes = slice_find_byte(secret, '\'') != SLICE_NONE ||
                                            slice_find_byte(secret, '"') != SLICE_NONE};
    memcpy(kept->bytes, secret.data, secret.len);
    secrets_known->bytes += secret.len;
    secret_index_add(secrets_known, secrets_known->count - 1);
    return kept;
}

static void learn(struct secret_set *secrets_known, struct slice secret, bool open, bool key) {
    if (secret.len < SECRET_SET_SECRET_MIN || is_stars(secret) || secrets_known->overflowed) {
        return;
    }
    struct known_secret *known = secret_index_find(secrets_known, secret);
    known = known != NULL ? known : keep(secrets_known, secret);
    if (known != NULL) {
        known->open = known->open || open;
        known->key = known->key || key;
    }
}

// Appends the low byte of each character, which is what its escape sequence is read as: `ä` is
// \u00e4 and &#228;. False where there is nothing to say so: ASCII, or no UTF-8.
static bool put_low_bytes(struct buf *out, struct slice secret) {
    if (text_is_ascii(secret) || !text_is_utf8(secret)) {
        return false;
    }
    while (secret.len > 0) {
        size_t len = text_utf8_length(secret);
        uint8_t last = secret.data[len - 1];
        unsigned before = len > 1 ? secret.data[len - 2] : 0;
        buf_put_byte(out, len == 1 ? last : (uint8_t)(before << 6 | (last & 0x3F)));
        secret = slice_from(secret, len);
    }
    return true;
}

static void learn_both(struct secret_set *secrets_known, struct slice secret, bool open, bool key) {
    struct buf low_bytes;
    buf_init(&low_bytes, LIMIT_SECRET);
    open = open || secret.len > LIMIT_SECRET;
    secret = slice_sub(secret, 0, LIMIT_SECRET);
    learn(secrets_known, secret, open, key);
    if (put_low_bytes(&low_bytes, secret)) {
        learn(secrets_known, buf_slice(&low_bytes), open, key);
    }
    buf_wipe(&low_bytes);
}

void secret_set_learn(struct secret_set *secrets_known, struct slice secret, bool open) {
    learn_both(secrets_known, secret, open, false);
}

void secret_set_learn_key(struct secret_set *secrets_known, struct slice secret, bool open) {
    learn_both(secrets_known, secret, open, true);
}

void secret_set_give_up(struct secret_set *secrets_known) {
    secrets_known->overflowed = true;
}
