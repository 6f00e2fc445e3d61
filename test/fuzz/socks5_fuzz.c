// SPDX-License-Identifier: MIT
// socks5: any bytes. Fed whole and fed byte by byte the machine must come to the same state, say
// the same and leave the same bytes untaken.
#include "net/socks5.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static size_t feed_bytewise(struct socks5 *socks5, struct slice bytes) {
    size_t taken = 0;
    while (taken < bytes.len && socks5_feed(socks5, slice_sub(bytes, taken, 1)) == 1) {
        taken++;
    }
    return taken;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct socks5 whole = {0};
    struct socks5 bytewise = {0};
    struct slice bytes = slice_of(data, size);
    size_t taken = socks5_feed(&whole, bytes);
    require(taken == feed_bytewise(&bytewise, bytes));
    require(whole.state == bytewise.state);
    require(slice_equal(socks5_output(&whole), socks5_output(&bytewise)));
    require(taken == size || whole.state >= SOCKS5_CONNECTING);
    if (whole.state == SOCKS5_CONNECTING) {
        require(strcmp(whole.host, bytewise.host) == 0 && whole.host[0] != '\0');
        require(whole.port == bytewise.port && whole.host_is_name == bytewise.host_is_name);
        socks5_output_sent(&whole);
        socks5_answer_failed(&whole, SOCKS5_GENERAL_FAILURE);
        require(socks5_output(&whole).len > 0 && whole.state == SOCKS5_REFUSED);
    }
    return 0;
}
