// SPDX-License-Identifier: MIT
#include "base/memory.h"
#include "net/conn_state.h"

#include <stdlib.h>

static void send_socks5(struct conn *conn) {
    struct slice bytes = socks5_output(conn->socks5);
    if (bytes.len > 0 && !conn->client->writing) {
        ssize_t sent = peer_write(conn->client, bytes);
        (void)sent; // A client that is gone shows itself by its reads.
        socks5_output_sent(conn->socks5);
    }
}

// The answer goes out before anything else of the session.
void conn_answer_socks5(struct conn *conn) {
    if (conn->socks5 == NULL) {
        return;
    }
    if (conn->dial_result.fd >= 0) {
        struct sockaddr_storage local = {0};
        socklen_t len = sizeof(local);
        getsockname(conn->dial_result.fd, (struct sockaddr *)&local, &len);
        socks5_answer_connected(conn->socks5, (struct sockaddr *)&local);
    } else {
        int error = conn->dial_result.error;
        enum socks5_reply reply = error == 0 ? SOCKS5_UNREACHABLE : socks5_reply_of_errno(error);
        socks5_answer_failed(conn->socks5, reply);
    }
    send_socks5(conn);
    free(conn->socks5);
    conn->socks5 = NULL;
}

static void set_socks5_target(struct conn *conn) {
    const struct socks5 *socks5 = conn->socks5;
    conn->server_port = socks5->port;
    if (socks5->host_is_name) {
        conn->server_host = mem_string(socks5->host);
    } else if (!address_parse(&conn->destination, socks5->host, socks5->port)) {
        conn->server_host = mem_string(socks5->host);
    }
    address_unmap(&conn->destination);
}

// A client that does not wait for our answer has its first words behind the request; the relay
// holds them, as all that comes while the server is being dialled.
void conn_take_socks5(struct conn *conn, struct slice bytes) {
    struct socks5 *socks5 = conn->socks5;
    size_t taken = socks5_feed(socks5, bytes);
    send_socks5(conn);
    if (socks5->state == SOCKS5_REFUSED) {
        if (!conn->client->writing) {
            conn_end(conn);
        }
        return;
    }
    if (socks5->state == SOCKS5_CONNECTING) {
        peer_read(conn->client, false);
        conn->early = slice_from(bytes, taken);
        set_socks5_target(conn);
        conn_start_dial(conn);
        conn_start_session(conn);
    }
}
