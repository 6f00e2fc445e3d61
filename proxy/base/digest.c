// SPDX-License-Identifier: MIT
#include "base/digest.h"

#include "base/boringssl.h"

#include <assert.h>
#include <openssl/base64.h>
#include <openssl/md5.h>
#include <openssl/sha.h>
#include <string.h>

static_assert(sizeof(SHA256_CTX) <= sizeof(((struct sha256 *)0)->state), "state is too small");

void sha256_init(struct sha256 *hash) {
    SHA256_Init((SHA256_CTX *)(void *)hash->state);
}

void sha256_update(struct sha256 *hash, struct slice s) {
    SHA256_Update((SHA256_CTX *)(void *)hash->state, s.data, s.len);
}

void sha256_final(uint8_t out[SHA256_LEN], struct sha256 *hash) {
    SHA256_Final(out, (SHA256_CTX *)(void *)hash->state);
}

void sha256_of(uint8_t out[SHA256_LEN], struct slice s) {
    SHA256(s.data, s.len, out);
}

void sha1_of(uint8_t out[SHA1_LEN], struct slice s) {
    SHA1(s.data, s.len, out);
}

void md5_of(uint8_t out[MD5_LEN], struct slice s) {
    MD5(s.data, s.len, out);
}

void base64_encode(struct buf *out, struct slice s) {
    size_t needed = 0;
    if (s.len == 0 || !EVP_EncodedLength(&needed, s.len)) {
        return;
    }
    uint8_t *room = buf_reserve(out, needed); // EVP_EncodeBlock writes a NUL after the text
    if (room != NULL) {
        buf_commit(out, EVP_EncodeBlock(room, s.data, s.len));
    }
}

bool base64_decode(struct buf *out, struct slice s) {
    size_t max = 0;
    if (s.len == 0) {
        return true;
    }
    if (!EVP_DecodedLength(&max, s.len)) {
        return false;
    }
    uint8_t *room = buf_reserve(out, max);
    size_t len = 0;
    if (room == NULL || !EVP_DecodeBase64(room, &len, max, s.data, s.len)) {
        return false;
    }
    buf_commit(out, len);
    return true;
}
