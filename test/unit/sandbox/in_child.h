// SPDX-License-Identifier: MIT
// in_child: what a process does that has given something up for good. The child gives its verdict
// as its exit status, since a failed assertion in it would be lost.
#ifndef SCOPE_TEST_SANDBOX_IN_CHILD_H
#define SCOPE_TEST_SANDBOX_IN_CHILD_H

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_SKIPPED = 77 };

// The line of the first claim that did not hold, 0 where all held.
static inline int in_child(void (*body)(void)) {
    pid_t pid = fork();
    int status = 0;
    if (pid == 0) {
        body();
        _exit(0);
    }
    return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 255;
}

// In the child: lines count modulo 200, so that they fit into a status and are never 0.
#define CLAIM(holds)                                                                               \
    do {                                                                                           \
        if (!(holds)) {                                                                            \
            _exit(__LINE__ % 200 + 1);                                                             \
        }                                                                                          \
    } while (0)

#endif
