// SPDX-License-Identifier: MIT
// digest: the hashes and the base64 that the rest of the program needs. This file and its source
// are the one place below `tls` and `certs` that includes BoringSSL, so that no other header does.
#ifndef SCOPE_BASE_DIGEST_H
#define SCOPE_BASE_DIGEST_H

#include "base/buf.h"

#include <stdalign.h>

enum { SHA256_LEN = 32, SHA1_LEN = 20, MD5_LEN = 16, HEX_SHA256_LEN = 64 };

// A SHA-256 that is fed as the bytes stream by. Copying the struct forks it.
struct sha256 {
    alignas(8) uint8_t state[128];
};

void sha256_init(struct sha256 *hash);
void sha256_update(struct sha256 *hash, struct slice s);
void sha256_final(uint8_t out[SHA256_LEN], struct sha256 *hash);

void sha256_of(uint8_t out[SHA256_LEN], struct slice s);
void sha1_of(uint8_t out[SHA1_LEN], struct slice s);
void md5_of(uint8_t out[MD5_LEN], struct slice s);

// Appends the base64 of `s` (RFC 4648 4, padded, no line ends).
void base64_encode(struct buf *out, struct slice s);
// Appends what `s` decodes to; false, with nothing appended, where `s` is not well-formed padded
// base64. The empty slice decodes to nothing.
bool base64_decode(struct buf *out, struct slice s);

#endif
