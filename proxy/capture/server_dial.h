// SPDX-License-Identifier: MIT
// server_dial: the proxy's own connection to where the command wanted to go, made before the
// command gets its answer, so that a refusal reaches the command as a refusal.
#ifndef SCOPE_CAPTURE_SERVER_DIAL_H
#define SCOPE_CAPTURE_SERVER_DIAL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum dial_result {
    DIAL_CONNECTED,
    DIAL_FAILED,  // `error` says why
    DIAL_PENDING, // patience is over, or `go_on` said so; the dial was given up
};

struct server_dial {
    int fd;              // connected, non-blocking, close-on-exec; else -1
    int error;           // of DIAL_FAILED, an errno
    bool failed_at_once; // DIAL_FAILED: by connect itself, without waiting for the network
};

struct dial_patience {
    int64_t wait_ms;              // how long to wait
    bool (*go_on)(void *context); // asked every now and then while waiting; false gives up
    void *context;
};

// `like` is the command's socket, whose own address, device and mark the dial takes over as far as
// it may; -1 for none.
enum dial_result dial(struct server_dial *out, const struct sockaddr_storage *server, int like,
                      const struct dial_patience *patience);

#endif
