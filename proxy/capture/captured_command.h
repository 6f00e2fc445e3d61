// SPDX-License-Identifier: MIT
// captured_command: the child process: started under the filter, with what the proxy itself was
// given at its start, and with the environment that makes it trust the CA.
#ifndef SCOPE_CAPTURE_CAPTURED_COMMAND_H
#define SCOPE_CAPTURE_CAPTURED_COMMAND_H

#include "capture/capture.h"
#include "capture/seccomp_filter.h"

struct captured_command {
    pid_t pid;
    int channel; // a word from the child when the program cannot be executed; ends when it was
    struct filter_installed filter;
};

// Forks; the child goes as far as the filter, hands the notifications over and then executes the
// program. ERR_SYSTEM with a sentence where it cannot be put under the filter, or the bundle not be
// mounted.
MUST_USE enum err command_start(struct captured_command *out, struct failure *failure,
                                const struct capture_options *options);

// Waits until the program runs. 0, or the errno of its exec; the child ends then with
// command_exec_status. The supervisor has to run already.
int command_wait_executed(struct captured_command *command);

// 127 for what was not found, 126 for what cannot be executed, as shells do.
int command_exec_status(int error);

// The inherited environment with `additions` ("NAME=value") over it. The array is the caller's to
// free, its strings are not.
char **command_environment(char *const *inherited, const char *const *additions);

#endif
