// SPDX-License-Identifier: MIT
// target: where a stopped call wants to connect to, read from the caller's memory, and whether that
// is to be captured.
#ifndef SCOPE_CAPTURE_TARGET_H
#define SCOPE_CAPTURE_TARGET_H

#include "capture/notification.h"
#include "capture/port_list.h"

#include <stdint.h>
#include <sys/socket.h>

enum target_kind {
    TARGET_OTHER,    // not ours: no TCP address, or a port that is not watched
    TARGET_CONNECT,  // connect to a watched port (whether by TCP is not known yet)
    TARGET_FASTOPEN, // a sendto that connects to a watched port
    TARGET_HIDDEN,   // the caller's memory cannot be read
};

struct target {
    int socket_number;               // in the caller's table of descriptors
    uint64_t address_at;             // in the caller's memory
    int family;                      // as the caller gave it
    struct sockaddr_storage address; // v4-mapped as AF_INET
};

enum target_kind target_read(struct target *out, const struct notification *notification,
                             const struct port_list *watched);

// The bytes of an address of either family.
socklen_t target_address_len(const struct sockaddr_storage *address);

#endif
