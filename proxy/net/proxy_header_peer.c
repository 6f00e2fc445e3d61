// SPDX-License-Identifier: MIT
#include "net/proxy_header_peer.h"

void proxy_header_send(struct peer *server, enum proxy_header_version version,
                       const struct address_text *client, const struct address_text *connected_to) {
    struct sockaddr_storage ends[2];
    struct buf header;
    if (!address_parse(&ends[0], client->host, client->port) ||
        !address_parse(&ends[1], connected_to->host, connected_to->port)) {
        return; // A socket that is gone already has no name.
    }
    buf_init(&header, PROXY_HEADER_MAX);
    proxy_header_put(&header, version, (struct sockaddr *)&ends[0], (struct sockaddr *)&ends[1]);
    ssize_t sent = peer_write(server, buf_slice(&header));
    (void)sent; // A server that is gone shows itself by its reads.
    buf_cleanup(&header);
}
