// SPDX-License-Identifier: MIT
#include "base/clock.h"
#include "net/conn_state.h"
#include "net/origdst.h"
#include "net/sock_diag.h"

#include <string.h>

// A client that ends its stream closes both ways, mostly: it is looked at soon, then less often.
#define LOOK_FIRST_NS (10 * NS_PER_MS)
#define LOOK_MAX_NS   NS_PER_S

bool conn_client_is_local(const struct conn *conn) {
    const struct sockaddr *client = (const struct sockaddr *)&conn->client_name;
    return address_is_loopback(client) ||
           strcmp(conn->client_text.host, conn->client_local_text.host) == 0 ||
           origdst_is_local(client); // redirected from another of our addresses
}

static bool is_out_of_sight(const struct conn *conn) {
    return conn->client != NULL && !conn->client_gone &&
           (conn->client_ended || !conn->client->reading);
}

void conn_watch_client(struct conn *conn) {
    if (!is_out_of_sight(conn)) {
        conn->look_at_ns = INT64_MAX;
    } else if (conn->look_at_ns == INT64_MAX) {
        conn->look_wait_ns = LOOK_FIRST_NS;
        conn->look_at_ns = conn_now_ns(conn) + conn->look_wait_ns;
    }
}

// TCP cannot say whether a peer that has sent its FIN still reads: only a reset shows that it does
// not, and a client that is killed before the server answered has nothing to reset. The kernel of
// this machine knows whether a process still holds the client's socket; a client elsewhere is reset
// by the probes of `peer_probe`, later.
static bool is_orphan(const struct conn *conn) {
    uint64_t inode = 0;
    return conn_client_is_local(conn) &&
           sock_diag_find(&inode, (const struct sockaddr *)&conn->client_name,
                          (const struct sockaddr *)&conn->client_peer) == SOCK_DIAG_ORPHAN;
}

void conn_look_at_client(struct conn *conn) {
    bool reset = peer_is_gone(conn->client);
    if (reset && !conn->client_ended) {
        conn->client_gone = true;
        conn_lose_peer(conn, SIDE_CLIENT);
    } else if (reset || (conn->client_ended && is_orphan(conn))) {
        conn->client_gone = true;
        relay_client_gone(conn->relay, conn_now_ns(conn));
    }
    conn->look_wait_ns =
        conn->look_wait_ns >= LOOK_MAX_NS / 2 ? LOOK_MAX_NS : 2 * conn->look_wait_ns;
    conn->look_at_ns = conn->client_gone ? INT64_MAX : conn_now_ns(conn) + conn->look_wait_ns;
}
