// SPDX-License-Identifier: MIT
#include "inspect/taint_index.h"

#include "base/memory.h"
#include "base/text.h"
#include "inspect/taint_form.h"

static uint32_t key_of(const struct taint_secret *secret, size_t form) {
    uint32_t key = 0;
    for (size_t i = 0; i < INDEX_UNITS; i++) {
        if (form == INDEX_BYTES) {
            key = key << 8 | secret->bytes[i];
            continue;
        }
        uint8_t mask = 0;
        size_t alignment = form - INDEX_BASE64;
        size_t first = taint_first_sextet(alignment);
        key = key << 6 | taint_sextet_of(secret, alignment, first + i, &mask);
    }
    return form == INDEX_BYTES ? index_bytes_key(key) : index_sextets_key(key);
}

static uint16_t class_of(uint8_t byte) {
    int sextet = taint_sextet(byte);
    unsigned class = sextet < 0 ? CLASS_NO_DIGIT : (unsigned)sextet;
    class |= taint_is_escape(byte) ? CLASS_ESCAPE : 0;
    int hex = text_hex_value(byte);
    class |= hex >= 0 ? CLASS_HEX | (unsigned)hex << CLASS_HEX_VALUE : 0;
    return (uint16_t) class;
}

static struct taint_index *new_index(void) {
    struct taint_index *index = mem_new(sizeof(*index));
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

static uint16_t *known_row(struct taint_index *index, uint32_t hash) {
    return &index->known[index_row(hash)];
}

static void add_known(struct taint *taint, size_t index) {
    struct taint_secret *secret = &taint->secrets[index];
    secret->hash = hash_of(slice_of(secret->bytes, secret->len));
    uint16_t *row = known_row(taint->index, secret->hash);
    secret->next_known = *row;
    *row = (uint16_t)(index + 1);
}

struct taint_secret *taint_index_find(const struct taint *taint, struct slice bytes) {
    if (taint->index == NULL) {
        return NULL;
    }
    uint32_t hash = hash_of(bytes);
    uint16_t entry = *known_row(taint->index, hash);
    while (entry != 0) {
        struct taint_secret *known = &taint->secrets[entry - 1u];
        if (known->hash == hash && slice_equal(slice_of(known->bytes, known->len), bytes)) {
            return known;
        }
        entry = known->next_known;
    }
    return NULL;
}

// ── both ────────────────────────────────────────────────────────────────────────────────────────

void taint_index_add(struct taint *taint, size_t index) {
    struct taint_secret *secret = &taint->secrets[index];
    if (taint->index == NULL) {
        taint->index = new_index();
    }
    taint->index->begins[text_lower(secret->bytes[0])] = true;
    taint->index->begins[text_upper(secret->bytes[0])] = true;
    for (size_t form = 0; form < TAINT_KEYS; form++) {
        secret->keys[form] = key_of(secret, form);
        uint16_t *row = &taint->index->rows[index_row(secret->keys[form])];
        secret->next[form] = *row;
        *row = (uint16_t)(index * TAINT_KEYS + form + 1);
    }
    add_known(taint, index);
}
