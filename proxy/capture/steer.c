// SPDX-License-Identifier: MIT
#include "capture/steer.h"

#include <errno.h>
#include <unistd.h>

static bool is_on_its_way(int error) {
    return error == 0 || error == EINPROGRESS;
}

bool steer_is_own_error(int error) {
    return error == ENETUNREACH || error == EHOSTUNREACH || error == EINVAL || error == EACCES ||
           error == EPERM || error == ECONNREFUSED || error == EADDRNOTAVAIL;
}

// Takes the record back where the connection is not on its way; nobody will come for it.
static int settle(struct records *records, const struct record_key *key, int error) {
    struct capture_connection connection;
    if (!is_on_its_way(error) && records_take(records, key, &connection) &&
        connection.server_fd >= 0) {
        close(connection.server_fd);
    }
    return error;
}

static int steer_bound6(struct records *records, uint16_t listener_port,
                        const struct borrowed *socket,
                        const struct capture_connection *connection) {
    struct sockaddr_in6 own;
    (void)borrowed_own_name6(socket, &own);
    struct record_key key = record_key_of_client(&own);
    records_add_at(records, connection, &key);
    return settle(records, &key, borrowed_connect6(socket, htons(listener_port)));
}

int steer(struct records *records, uint16_t listener_port, const struct borrowed *socket,
          const struct capture_connection *connection) {
    struct sockaddr_in6 own;
    if (borrowed_own_name6(socket, &own) && !IN6_IS_ADDR_UNSPECIFIED(&own.sin6_addr)) {
        return steer_bound6(records, listener_port, socket, connection);
    }
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(listener_port)};
    to.sin_addr = records_add(records, connection);
    struct record_key key = record_key_of_loopback(to.sin_addr);
    return settle(records, &key, borrowed_connect(socket, &to));
}
