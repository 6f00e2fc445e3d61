// SPDX-License-Identifier: MIT
#include "base/digest.h"

#include "base/text.h"

#include "check.h"

static void check_hex(const uint8_t *digest, size_t len, const char *expected) {
    struct buf hex;
    buf_init(&hex, 100);
    text_put_hex(&hex, slice_of(digest, len));
    check_slice(buf_slice(&hex), expected);
    buf_cleanup(&hex);
}

// The examples of FIPS 180-2 and RFC 1321.
static void hashes(void **state) {
    (void)state;
    uint8_t digest[SHA256_LEN];
    sha256_of(digest, SLICE("abc"));
    check_hex(digest, SHA256_LEN,
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha1_of(digest, SLICE("abc"));
    check_hex(digest, SHA1_LEN, "a9993e364706816aba3e25717850c26c9cd0d89d");
    md5_of(digest, SLICE("abc"));
    check_hex(digest, MD5_LEN, "900150983cd24fb0d6963f7d28e17f72");
}

static void hashes_in_pieces_and_forks(void **state) {
    (void)state;
    struct sha256 hash;
    uint8_t digest[SHA256_LEN];
    sha256_init(&hash);
    sha256_update(&hash, SLICE("a"));
    struct sha256 fork = hash;
    sha256_update(&hash, SLICE("bc"));
    sha256_final(digest, &hash);
    check_hex(digest, SHA256_LEN,
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_final(digest, &fork);
    check_hex(digest, SHA256_LEN,
              "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb");
}

static void check_base64(struct slice bytes, const char *text) {
    struct buf out;
    buf_init(&out, 100);
    base64_encode(&out, bytes);
    check_slice(buf_slice(&out), text);
    buf_clear(&out);
    assert_true(base64_decode(&out, slice_of_string(text)));
    assert_true(slice_equal(buf_slice(&out), bytes));
    buf_cleanup(&out);
}

static void writes_and_reads_base64(void **state) {
    (void)state;
    check_base64(SLICE(""), "");
    check_base64(SLICE("f"), "Zg==");
    check_base64(SLICE("fo"), "Zm8=");
    check_base64(SLICE("foobar"), "Zm9vYmFy");
    check_base64(SLICE("\xFB\xFF"), "+/8=");
}

static void refuses_what_is_no_base64(void **state) {
    (void)state;
    static const char *const bad[] = {"Zg", "Zg=", "Zg===", "Z", "Zm9v YmFy", "Zm9v\n", "Zm-_"};
    struct buf out;
    buf_init(&out, 100);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_false(base64_decode(&out, slice_of_string(bad[i])));
        assert_int_equal(buf_len(&out), 0);
    }
    buf_cleanup(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes),
        cmocka_unit_test(hashes_in_pieces_and_forks),
        cmocka_unit_test(writes_and_reads_base64),
        cmocka_unit_test(refuses_what_is_no_base64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
