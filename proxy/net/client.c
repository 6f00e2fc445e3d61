// SPDX-License-Identifier: MIT
#include "net/client.h"

#include "net/origdst.h"
#include "net/sock_diag.h"

#include <string.h>

void client_init(struct client *out, const struct sockaddr *name, const struct sockaddr *local) {
    *out = (struct client){
        .name = net_address(name),
        .peer = net_address(local),
        .text = address_text(name),
        .local_text = address_text(local),
    };
}

void client_use_header(struct client *client, const struct proxy_header *header) {
    *client = (struct client){
        .name = net_address((const struct sockaddr *)&header->client),
        .peer = net_address((const struct sockaddr *)&header->server),
        .header = header->version,
        .text = address_text((const struct sockaddr *)&header->client),
        .local_text = address_text((const struct sockaddr *)&header->server),
    };
}

bool client_is_local(const struct client *client) {
    const struct sockaddr *name = &client->name.any;
    return address_is_loopback(name) || strcmp(client->text.host, client->local_text.host) == 0 ||
           origdst_is_local(name); // redirected from another of our addresses
}

bool client_is_orphan(const struct client *client, int accepted_fd) {
    struct sock_diag diag = {0};
    uint64_t inode = 0;
    struct client balancer;
    if (client->header != PROXY_HEADER_NONE) {
        union net_address name = {0};
        union net_address local = address_local(accepted_fd);
        socklen_t len = sizeof(name);
        getpeername(accepted_fd, &name.any, &len);
        client_init(&balancer, &name.any, &local.any);
        client = &balancer;
    }
    bool orphan = client_is_local(client) && sock_diag_find(&diag, &inode, &client->name.any,
                                                            &client->peer.any) == SOCK_DIAG_ORPHAN;
    sock_diag_cleanup(&diag);
    return orphan;
}
