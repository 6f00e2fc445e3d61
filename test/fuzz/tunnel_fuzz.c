// SPDX-License-Identifier: MIT
// tunnel: any bytes, for each protocol. Fed whole and fed byte by byte the machine must come to the
// same state, say the same and leave the same bytes untaken.
#include "net/http_connect.h"
#include "net/socks5.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static size_t feed_bytewise(struct tunnel *tunnel, struct slice bytes) {
    size_t taken = 0;
    while (taken < bytes.len && tunnel_feed(tunnel, slice_sub(bytes, taken, 1)) == 1) {
        taken++;
    }
    return taken;
}

static void judge(const struct tunnel_protocol *protocol, struct slice bytes) {
    struct tunnel *whole = tunnel_new(protocol);
    struct tunnel *bytewise = tunnel_new(protocol);
    size_t taken = tunnel_feed(whole, bytes);
    require(taken == feed_bytewise(bytewise, bytes));
    require(whole->state == bytewise->state);
    require(slice_equal(tunnel_output(whole), tunnel_output(bytewise)));
    require(taken == bytes.len || whole->state >= TUNNEL_CONNECTING);
    if (whole->state == TUNNEL_CONNECTING) {
        require(strcmp(whole->host, bytewise->host) == 0 && whole->host[0] != '\0');
        require(whole->port == bytewise->port && whole->host_is_name == bytewise->host_is_name);
        tunnel_output_sent(whole);
        tunnel_failed(whole, ECONNREFUSED, "refused");
        require(tunnel_output(whole).len > 0 && whole->state == TUNNEL_REFUSED);
    }
    tunnel_free(whole);
    tunnel_free(bytewise);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    judge(&socks5_protocol, slice_of(data, size));
    judge(&http_connect_protocol, slice_of(data, size));
    return 0;
}
