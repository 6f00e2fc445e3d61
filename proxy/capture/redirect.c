// SPDX-License-Identifier: MIT
#include "capture/redirect.h"

#include <errno.h>

static bool is_on_its_way(int error) {
    return error == 0 || error == EINPROGRESS;
}

bool redirect_is_own_error(int error) {
    return error == ENETUNREACH || error == EHOSTUNREACH || error == EINVAL || error == EACCES ||
           error == EPERM || error == ECONNREFUSED || error == EADDRNOTAVAIL;
}

// The record goes where the connection is not on its way.
static int settle(struct pending_connects *pending, const struct pending_key *key, int error) {
    if (!is_on_its_way(error)) {
        pending_connects_drop(pending, key);
    }
    return error;
}

static int redirect_bound6(struct pending_connects *pending, uint16_t listener_port,
                           const struct remote_fd *socket,
                           const struct capture_connection *connection) {
    struct sockaddr_in6 own;
    (void)remote_fd_own_name6(socket, &own);
    struct pending_key key = pending_key_of_client(&own);
    pending_connects_add_at(pending, connection, &key);
    return settle(pending, &key, remote_fd_connect6(socket, htons(listener_port)));
}

int redirect(struct pending_connects *pending, uint16_t listener_port,
             const struct remote_fd *socket, const struct capture_connection *connection) {
    struct sockaddr_in6 own;
    if (remote_fd_own_name6(socket, &own) && !IN6_IS_ADDR_UNSPECIFIED(&own.sin6_addr)) {
        return redirect_bound6(pending, listener_port, socket, connection);
    }
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(listener_port)};
    to.sin_addr = pending_connects_add(pending, connection);
    struct pending_key key = pending_key_of_loopback(to.sin_addr);
    return settle(pending, &key, remote_fd_connect(socket, &to));
}
