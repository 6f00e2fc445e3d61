// SPDX-License-Identifier: MIT
#include "inspect/secret_set.h"

#include "base/array.h"
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

void secret_set_learn(struct secret_set *secrets_known, struct slice secret, bool open) {
    if (secret.len > LIMIT_SECRET) {
        secret.len = LIMIT_SECRET;
        open = true;
    }
    if (secret.len < SECRET_SET_SECRET_MIN || is_stars(secret) || secrets_known->overflowed) {
        return;
    }
    struct known_secret *known = secret_index_find(secrets_known, secret);
    if (known != NULL) {
        known->open = known->open || open;
        return;
    }
    if (secrets_known->count == LIMIT_SECRETS ||
        secrets_known->bytes + secret.len > LIMIT_SECRET_BYTES) {
        secrets_known->overflowed = true;
        return;
    }
    struct known_secret *kept = new_entry(secrets_known);
    *kept = (struct known_secret){.bytes = mem_new(secret.len),
                                  .len = secret.len,
                                  .fold = !is_plain_word(secret),
                                  .open = open};
    memcpy(kept->bytes, secret.data, secret.len);
    secrets_known->bytes += secret.len;
    secret_index_add(secrets_known, secrets_known->count - 1);
}

void secret_set_learn_key(struct secret_set *secrets_known, struct slice secret, bool open) {
    secret_set_learn(secrets_known, secret, open);
    struct slice kept = slice_sub(secret, 0, LIMIT_SECRET);
    struct known_secret *known =
        secrets_known->overflowed ? NULL : secret_index_find(secrets_known, kept);
    if (known != NULL) {
        known->key = true;
    }
}

void secret_set_give_up(struct secret_set *secrets_known) {
    secrets_known->overflowed = true;
}
