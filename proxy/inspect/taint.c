// SPDX-License-Identifier: MIT
#include "inspect/taint.h"

#include "base/memory.h"
#include "base/text.h"
#include "inspect/taint_index.h"

#include <stdlib.h>
#include <string.h>

// A plain word this short is looked for in its own case only: a password `password` must not hide
// the `Password` of a server's ordinary sentence.
enum { PLAIN_WORD_MAX = 11 };

void taint_cleanup(struct taint *taint) {
    for (size_t i = 0; i < taint->count; i++) {
        mem_wipe(taint->secrets[i].bytes, taint->secrets[i].len);
        free(taint->secrets[i].bytes);
    }
    free(taint->secrets);
    free(taint->index);
    *taint = (struct taint){0};
}

bool taint_is_active(const struct taint *taint) {
    return taint->count > 0 || taint->overflowed;
}

static bool is_plain_word(struct slice s) {
    for (size_t i = 0; i < s.len; i++) {
        if (!text_is_alpha(s.data[i])) {
            return false;
        }
    }
    return s.len <= PLAIN_WORD_MAX;
}

static bool is_stars(struct slice s) {
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] != '*') {
            return false;
        }
    }
    return true;
}

static struct taint_secret *new_entry(struct taint *taint) {
    if (taint->count == taint->capacity) {
        taint->capacity = taint->capacity == 0 ? 8 : 2 * taint->capacity;
        taint->secrets = mem_resize(taint->secrets, taint->capacity, sizeof(taint->secrets[0]));
    }
    return &taint->secrets[taint->count++];
}

void taint_learn(struct taint *taint, struct slice secret, bool open) {
    if (secret.len > TAINT_SECRET_MAX) {
        secret.len = TAINT_SECRET_MAX;
        open = true;
    }
    if (secret.len < TAINT_SECRET_MIN || is_stars(secret) || taint->overflowed) {
        return;
    }
    struct taint_secret *known = taint_index_find(taint, secret);
    if (known != NULL) {
        known->open = known->open || open;
        return;
    }
    if (taint->count == LIMIT_SECRETS || taint->bytes + secret.len > LIMIT_SECRET_BYTES) {
        taint->overflowed = true;
        return;
    }
    struct taint_secret *kept = new_entry(taint);
    *kept = (struct taint_secret){.bytes = mem_new(secret.len),
                                  .len = secret.len,
                                  .fold = !is_plain_word(secret),
                                  .open = open};
    memcpy(kept->bytes, secret.data, secret.len);
    taint->bytes += secret.len;
    taint_index_add(taint, taint->count - 1);
}

void taint_learn_key(struct taint *taint, struct slice secret, bool open) {
    taint_learn(taint, secret, open);
    struct slice kept = slice_sub(secret, 0, TAINT_SECRET_MAX);
    struct taint_secret *known = taint->overflowed ? NULL : taint_index_find(taint, kept);
    if (known != NULL) {
        known->key = true;
    }
}

void taint_give_up(struct taint *taint) {
    taint->overflowed = true;
}
