// SPDX-License-Identifier: MIT
#include "inspect/secret_index.h"

#include "base/memory.h"
#include "base/text.h"
#include "inspect/secret_form.h"

static uint32_t key_of(const struct known_secret *secret, size_t form) {
    uint32_t key = 0;
    for (size_t i = 0; i < INDEX_UNITS; i++) {
        if (form == INDEX_BYTES) {
            key = key << 8 | secret->bytes[i];
            continue;
        }
        uint8_t mask = 0;
        size_t alignment = form - INDEX_BASE64;
        size_t first = secret_first_sextet(alignment);
        key = key << 6 | secret_sextet_of(secret, alignment, first + i, &mask);
    }
    return form == INDEX_BYTES ? index_bytes_key(key) : index_sextets_key(key);
}

static uint16_t class_of(uint8_t byte) {
    int sextet = secret_sextet(byte);
    unsigned class = sextet < 0 ? CLASS_NO_DIGIT : (unsigned)sextet;
    bool folds = byte == '\r' || byte == '\n'; // base64
    class |= secret_is_escape(byte) || folds ? CLASS_ESCAPE : 0;
    int hex = text_hex_value(byte);
    class |= hex >= 0 ? CLASS_HEX | (unsigned)hex << CLASS_HEX_VALUE : 0;
    return (uint16_t) class;
}

static struct secret_index *new_index(void) {
    struct secret_index *index = mem_new(sizeof(*index));
    index->reserve = LIMIT_SEARCH_RESERVE;
    for (unsigned byte = 0; byte < 256; byte++) {
        index->classes[byte] = class_of((uint8_t)byte);
    }
    return index;
}

// ── the whole of a secret ───────────────────────────────────────────────────────────────────────

// FNV-1a.
static uint32_t hash_of(struct slice bytes) {
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < bytes.len; i++) {
        hash = (hash ^ bytes.data[i]) * 16777619u;
    }
    return hash;
}

static uint16_t *known_row(struct secret_index *index, uint32_t hash) {
    return &index->known[index_row(hash)];
}

static void add_known(struct secret_set *secrets_known, size_t index) {
    struct known_secret *secret = &secrets_known->secrets[index];
    secret->hash = hash_of(slice_of(secret->bytes, secret->len));
    uint16_t *row = known_row(secrets_known->index, secret->hash);
    secret->next_known = *row;
    *row = (uint16_t)(index + 1);
}

struct known_secret *secret_index_find(const struct secret_set *secrets_known, struct slice bytes) {
    if (secrets_known->index == NULL) {
        return NULL;
    }
    uint32_t hash = hash_of(bytes);
    uint16_t entry = *known_row(secrets_known->index, hash);
    while (entry != 0) {
        struct known_secret *known = &secrets_known->secrets[entry - 1u];
        if (known->hash == hash && slice_equal(slice_of(known->bytes, known->len), bytes)) {
            return known;
        }
        entry = known->next_known;
    }
    return NULL;
}

// ── both ────────────────────────────────────────────────────────────────────────────────────────

void secret_index_add(struct secret_set *secrets_known, size_t index) {
    struct known_secret *secret = &secrets_known->secrets[index];
    if (secrets_known->index == NULL) {
        secrets_known->index = new_index();
    }
    secrets_known->index->begins[text_lower(secret->bytes[0])] = true;
    secrets_known->index->begins[text_upper(secret->bytes[0])] = true;
    for (size_t form = 0; form < SECRET_SET_KEYS; form++) {
        secret->keys[form] = key_of(secret, form);
        uint16_t *row = &secrets_known->index->rows[index_row(secret->keys[form])];
        secret->next[form] = *row;
        *row = (uint16_t)(index * SECRET_SET_KEYS + form + 1);
    }
    add_known(secrets_known, index);
}
