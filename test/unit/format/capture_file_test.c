// SPDX-License-Identifier: MIT
#include "format/capture_file.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const int64_t when_ns = INT64_C(1795359791586123999);

static int enter(void **state) {
    static struct buf buf;
    buf_init(&buf, 1 << 16);
    *state = &buf;
    return 0;
}

static int leave(void **state) {
    buf_cleanup(*state);
    return 0;
}

static void pcap_is_laid_out_as_its_draft_says(void **state) {
    struct buf *out = *state;
    pcap_put_head(out);
    assert_int_equal(buf_len(out), 24);
    assert_memory_equal(buf_slice(out).data, "\xD4\xC3\xB2\xA1\x02\x00\x04\x00", 8);
    assert_memory_equal(buf_slice(out).data + 20, "\x65\x00\x00\x00", 4);
    buf_clear(out);
    pcap_put_packet(out, when_ns, SLICE("head"), SLICE("body!"));
    // 1795359791 is 0x6B03042F, 586123 is 0x0008F18B.
    assert_memory_equal(buf_slice(out).data,
                        "\x2F\x04\x03\x6B\x8B\xF1\x08\x00\x09\x00\x00\x00\x09\x00\x00\x00headbody!",
                        25);
}

// Each block is as long as both its ends say, and padded to four bytes.
static void pcapng_blocks_frame_themselves(void **state) {
    struct buf *out = *state;
    pcapng_put_head(out);
    pcapng_put_secrets(out, SLICE("CLIENT_RANDOM a b\n"));
    pcapng_put_packet(out, when_ns, SLICE("head"), SLICE("b"));
    struct slice rest = buf_slice(out);
    const uint8_t types[] = {0x0A, 1, 10, 6};
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(rest.data[0], types[i]);
        size_t len = rest.data[4];
        assert_int_equal(len % 4, 0);
        assert_true(len <= rest.len);
        assert_memory_equal(rest.data + 4, rest.data + len - 4, 4);
        rest = slice_from(rest, len);
    }
    assert_int_equal(rest.len, 0);
}

static void a_file_of_ours_is_recognised(void **state) {
    struct buf *out = *state;
    pcap_put_head(out);
    assert_true(pcap_is_ours(buf_slice(out)));
    assert_false(pcap_is_ours(slice_sub(buf_slice(out), 0, 23)));
    assert_false(pcapng_is_ours(buf_slice(out)));
    // The same format of another program: tcpdump's snapshot length.
    assert_false(pcap_is_ours(SLICE("\xD4\xC3\xB2\xA1\x02\x00\x04\x00\0\0\0\0\0\0\0\0"
                                    "\x00\x00\x04\x00\x65\x00\x00\x00")));
    buf_clear(out);
    pcapng_put_head(out);
    assert_true(pcapng_is_ours(buf_slice(out)));
    assert_false(pcapng_is_ours(slice_sub(buf_slice(out), 0, 30)));
    assert_false(pcap_is_ours(buf_slice(out)));
}

static void whole_records_are_counted(void **state) {
    struct buf *out = *state;
    pcap_put_packet(out, when_ns, SLICE("head"), SLICE("body"));
    pcap_put_packet(out, when_ns, SLICE("head"), SLICE(""));
    for (size_t len = 0; len <= 44; len++) {
        size_t whole = pcap_whole_records(slice_sub(buf_slice(out), 0, len), false);
        assert_int_equal(whole, len < 24 ? 0 : len < 44 ? 24 : 44);
    }
    buf_clear(out);
    pcap_put_head(out);
    pcap_put_packet(out, when_ns, SLICE("head"), SLICE("body"));
    for (size_t len = 0; len <= 48; len++) {
        size_t whole = pcap_whole_records(slice_sub(buf_slice(out), 0, len), true);
        assert_int_equal(whole, len < 24 ? 0 : len < 48 ? 24 : 48);
    }
    buf_clear(out);
    pcapng_put_secrets(out, SLICE("a"));
    assert_int_equal(buf_len(out), 24);
    assert_int_equal(pcapng_whole_records(slice_sub(buf_slice(out), 0, 23), false), 0);
    assert_int_equal(pcapng_whole_records(buf_slice(out), false), 24);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pcap_is_laid_out_as_its_draft_says, enter, leave),
        cmocka_unit_test_setup_teardown(pcapng_blocks_frame_themselves, enter, leave),
        cmocka_unit_test_setup_teardown(a_file_of_ours_is_recognised, enter, leave),
        cmocka_unit_test_setup_teardown(whole_records_are_counted, enter, leave),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
