// SPDX-License-Identifier: MIT
#include "certs/jks.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/limits.h"

#include <string.h>

#define MAGIC 0xfeedfeedU

enum { VERSION = 2, TRUSTED_CERTIFICATE = 2 };

// All numbers are big-endian.
static void put_number(struct buf *out, uint64_t number, unsigned bytes) {
    for (unsigned i = bytes; i > 0; i--) {
        buf_put_byte(out, (uint8_t)(number >> (8 * (i - 1))));
    }
}

static void put_text(struct buf *out, const char *text) {
    struct slice s = slice_of_string(text);
    put_number(out, s.len, 2);
    buf_put(out, s);
}

// The seal: SHA-1 of the password in UTF-16BE, a greeting, and all that comes before.
static enum err put_seal(struct buf *out, const char *password) {
    uint8_t seal[SHA1_LEN];
    struct buf text;
    buf_init(&text, out->max + JKS_SEAL_MAX);
    for (const char *at = password; *at != '\0'; at++) {
        put_number(&text, (uint8_t)*at, 2);
    }
    buf_put_string(&text, "Mighty Aphrodite");
    buf_put(&text, buf_slice(out));
    sha1_of(seal, buf_slice(&text));
    buf_cleanup(&text);
    return buf_append(out, slice_of(seal, sizeof(seal)));
}

// `out` must be empty: the seal is over all of it.
enum err jks_put(struct buf *out, const struct jks_entry *entries, size_t count,
                 int64_t now_unix_ns, const char *password) {
    put_number(out, MAGIC, 4);
    put_number(out, VERSION, 4);
    put_number(out, count, 4);
    for (size_t i = 0; i < count; i++) {
        put_number(out, TRUSTED_CERTIFICATE, 4);
        put_text(out, entries[i].alias);
        put_number(out, (uint64_t)(now_unix_ns / NS_PER_MS), 8);
        put_text(out, "X.509");
        put_number(out, entries[i].der.len, 4);
        enum err err = buf_append(out, entries[i].der);
        if (err != OK) {
            return err;
        }
    }
    return put_seal(out, password);
}
