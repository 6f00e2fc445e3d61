// SPDX-License-Identifier: MIT
#include "net/tunnel.h"

#include "base/address.h"
#include "base/limits.h"
#include "base/memory.h"
#include "net/http_connect.h"
#include "net/socks5.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

const struct tunnel_protocol *tunnel_protocol_of(enum mode mode) {
    switch (mode) {
    case MODE_SOCKS5:
        return &socks5_protocol;
    case MODE_CONNECT:
        return &http_connect_protocol;
    case MODE_REVERSE:
    case MODE_TRANSPARENT:
    case MODE_RUN:
    case MODE_SINK:
        return NULL;
    }
    return NULL;
}

struct tunnel *tunnel_new(const struct tunnel_protocol *protocol) {
    struct tunnel *tunnel = mem_new(sizeof(*tunnel));
    tunnel->protocol = protocol;
    buf_init(&tunnel->input, protocol->request_max);
    buf_init(&tunnel->output, LIMIT_TUNNEL_ANSWER);
    return tunnel;
}

void tunnel_free(struct tunnel *tunnel) {
    if (tunnel != NULL) {
        buf_wipe(&tunnel->input); // A request may have credentials for a proxy.
        buf_cleanup(&tunnel->output);
        free(tunnel);
    }
}

void tunnel_enter(struct tunnel *tunnel, enum tunnel_state state) {
    assert(tunnel->state < TUNNEL_CONNECTED);
    tunnel->state = state;
    buf_wipe_bytes(&tunnel->input);
}

bool tunnel_set_host(struct tunnel *tunnel, struct slice host, uint16_t port) {
    struct sockaddr_storage address;
    if (host.len == 0 || host.len >= TUNNEL_HOST_MAX || slice_find_byte(host, '\0') != SLICE_NONE) {
        return false;
    }
    memcpy(tunnel->host, host.data, host.len);
    tunnel->host[host.len] = '\0';
    tunnel->host_is_name = !address_parse(&address, tunnel->host, port);
    tunnel->port = port;
    return true;
}

// A byte at a time: each message ends where its own bytes say so, and what follows it is the next
// one's, or the client's stream.
size_t tunnel_feed(struct tunnel *tunnel, struct slice bytes) {
    size_t taken = 0;
    while (taken < bytes.len && tunnel->state == TUNNEL_EXPECT_REQUEST) {
        buf_put_byte(&tunnel->input, bytes.data[taken++]);
        tunnel->protocol->read(tunnel);
    }
    return taken;
}

struct slice tunnel_output(const struct tunnel *tunnel) {
    return buf_slice(&tunnel->output);
}

void tunnel_output_sent(struct tunnel *tunnel) {
    buf_clear(&tunnel->output);
}

void tunnel_connected(struct tunnel *tunnel, const struct sockaddr *local) {
    assert(tunnel->state == TUNNEL_CONNECTING);
    tunnel->protocol->connected(tunnel, local);
    tunnel_enter(tunnel, TUNNEL_CONNECTED);
}

void tunnel_failed(struct tunnel *tunnel, int error, const char *reason) {
    assert(tunnel->state == TUNNEL_CONNECTING);
    tunnel->protocol->failed(tunnel, error, reason);
    tunnel_enter(tunnel, TUNNEL_REFUSED);
}
