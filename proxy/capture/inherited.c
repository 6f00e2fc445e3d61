// SPDX-License-Identifier: MIT
#include "capture/capture.h"
#include "capture/reaper.h"

#include <stddef.h>
#include <string.h>

static bool is_ignored(int signal_number) {
    struct sigaction current;
    return sigaction(signal_number, NULL, &current) == 0 && current.sa_handler == SIG_IGN;
}

void capture_inherited_take(struct capture_inherited *out) {
    memset(out, 0, sizeof(*out));
    out->sigpipe_ignored = is_ignored(SIGPIPE);
    out->sigchld_ignored = is_ignored(SIGCHLD);
    getrlimit(RLIMIT_NOFILE, &out->descriptors);
    // A parent that ignores SIGCHLD does not learn how its children ended.
    struct sigaction plain = {.sa_handler = SIG_DFL};
    sigaction(SIGCHLD, &plain, NULL);
    sigset_t kept;
    reaper_signals(&kept);
    sigprocmask(SIG_BLOCK, &kept, &out->signal_mask);
}
