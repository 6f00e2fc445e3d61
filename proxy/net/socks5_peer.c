// SPDX-License-Identifier: MIT
#include "net/socks5_peer.h"

void socks5_send(struct socks5 *socks5, struct peer *client) {
    struct slice bytes = socks5_output(socks5);
    if (bytes.len > 0 && !client->writing) {
        ssize_t sent = peer_write(client, bytes);
        (void)sent; // A client that is gone shows itself by its reads.
        socks5_output_sent(socks5);
    }
}

void socks5_answer(struct socks5 *socks5, struct peer *client, const struct dial_result *result) {
    if (result->peer != NULL) {
        struct sockaddr_storage local = {0};
        socklen_t len = sizeof(local);
        getsockname(peer_fd(result->peer), (struct sockaddr *)&local, &len);
        socks5_answer_connected(socks5, (struct sockaddr *)&local);
    } else {
        enum socks5_reply reply =
            result->error == 0 ? SOCKS5_UNREACHABLE : socks5_reply_of_errno(result->error);
        socks5_answer_failed(socks5, reply);
    }
    socks5_send(socks5, client);
}
