// SPDX-License-Identifier: MIT
// app: the two commands that capture. They set the app up, run the proxy until it stops, and
// return what the program exits with.
#ifndef SCOPE_CLI_APP_H
#define SCOPE_CLI_APP_H

#include "capture/capture.h"
#include "cli/options.h"
#include "relay/config.h"

int command_proxy(const struct options *options);
int command_run(const struct options *options, const struct capture_inherited *inherited);
int command_audit(const struct options *options, const struct capture_inherited *inherited);

struct embedded_traits;
struct secret_set;
struct sink_ops;

// What a case of `audit` adds to `run`.
struct run_case {
    struct capture_alone alone;
    const struct embedded_traits *traits; // NULL: a server that does everything right
    enum client_start client_start;       // relay/config.h
    const struct sink_ops *sink;          // takes the sessions
    void *sink_context;
    void (*learnt)(void *context, const struct secret_set *secrets_known); // observe/observer.h
    void *learnt_context;
    // How it ended.
    bool executed;
    bool timed_out;
    int status;                 // of the command
    uint64_t memory;            // of the largest of its processes, in bytes
    struct elsewhere elsewhere; // where it connected to instead
};

// The same for one case, without verdict and summary; an error is not said.
MUST_USE enum err run_one_case(struct run_case *of, struct failure *failure,
                               const struct options *options,
                               const struct capture_inherited *inherited);

#endif
