// SPDX-License-Identifier: MIT
// connect_request: where a stopped call wants to connect to, read from the caller's memory, and
// whether that is to be captured.
#ifndef SCOPE_CAPTURE_CONNECT_REQUEST_H
#define SCOPE_CAPTURE_CONNECT_REQUEST_H

#include "capture/notification.h"
#include "capture/port_list.h"

#include <netinet/in.h>
#include <stdint.h>
#include <sys/socket.h>

enum connect_request_kind {
    CONNECT_REQUEST_OTHER,    // not ours: no TCP address, or a port that is not watched
    CONNECT_REQUEST_CONNECT,  // connect to a watched port (whether by TCP is not known yet)
    CONNECT_REQUEST_FASTOPEN, // a sendto that connects to a watched port
    CONNECT_REQUEST_HIDDEN,   // the caller's memory cannot be read
};

struct connect_request {
    int socket_number;               // in the caller's table of descriptors
    uint64_t address_at;             // in the caller's memory
    int family;                      // as the caller gave it
    uint16_t port;                   // also of a connect to one that is not watched; 0: unknown
    struct sockaddr_storage address; // v4-mapped as AF_INET
};

enum connect_request_kind connect_request_read(struct connect_request *out,
                                               const struct notification *notification,
                                               const struct port_list *watched);

#endif
