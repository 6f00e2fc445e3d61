// SPDX-License-Identifier: MIT
#include "net/tunnel_peer.h"

void tunnel_send(struct tunnel *tunnel, struct peer *client) {
    struct slice bytes = tunnel_output(tunnel);
    if (bytes.len > 0 && !client->writing) {
        ssize_t sent = peer_write(client, bytes);
        (void)sent; // A client that is gone shows itself by its reads.
        tunnel_output_sent(tunnel);
    }
}

void tunnel_answer(struct tunnel *tunnel, struct peer *client, const struct dial_result *result) {
    if (result->peer != NULL) {
        struct sockaddr_storage local = {0};
        socklen_t len = sizeof(local);
        getsockname(peer_fd(result->peer), (struct sockaddr *)&local, &len);
        tunnel_connected(tunnel, (struct sockaddr *)&local);
    } else {
        tunnel_failed(tunnel, result->error, result->failure->text);
    }
    tunnel_send(tunnel, client);
}
