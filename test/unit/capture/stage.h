// SPDX-License-Identifier: MIT
// stage: a proxy that is none, for the tests of capture: it starts a command (this very program,
// with a scene's name as argument), accepts and claims what is redirected to it, greets each client
// with "220 captured" and notes what the handlers are told.
#ifndef SCOPE_TEST_CAPTURE_STAGE_H
#define SCOPE_TEST_CAPTURE_STAGE_H

#include "capture/capture.h"

enum { STAGE_EVENTS_MAX = 64 };

struct stage_result {
    int status; // as `ended` said it
    size_t claimed_count;
    struct capture_connection
        claimed[STAGE_EVENTS_MAX]; // server_fd: 1 if it was connected, else -1
    size_t failed_count;
    int failed[STAGE_EVENTS_MAX]; // errnos
    size_t warned_count;
    char warned[STAGE_EVENTS_MAX][FAILURE_MAX];
    size_t unclaimed_count;
};

struct stage_setting {
    char *const *command;
    struct port_list ports;
    int64_t connect_timeout_ms;
    const struct capture_inherited *inherited;
};

// Plays to the end of the command and all that it left behind.
void stage_play(struct stage_result *out, const struct stage_setting *setting);

// A server on loopback that greets with "220 real"; its port. Runs until the process ends.
uint16_t stage_server(int family);
// A loopback port that answers no SYN.
uint16_t stage_silent_port(void);
// A loopback port that refuses.
uint16_t stage_refusing_port(void);

#endif
