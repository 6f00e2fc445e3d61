// SPDX-License-Identifier: MIT
#include "cli/audit_input.h"

#include "base/limits.h"
#include "base/safe_file.h"
#include "cli/console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

// A pipe that no one closes and no one writes to is what many a shell of CI gives.
static bool something_comes(void) {
    struct pollfd standard = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&standard, 1, AUDIT_INPUT_WAIT_MS) > 0;
}

static enum err copy(int to, struct failure *failure) {
    uint8_t bytes[LIMIT_AUDIT_READ];
    size_t total = 0;
    ssize_t len;
    while ((len = read(STDIN_FILENO, bytes, sizeof(bytes))) > 0) {
        total += (size_t)len;
        if (total > LIMIT_AUDIT_INPUT) {
            return fail(failure, ERR_INPUT, "standard input is larger than %zu MiB",
                        LIMIT_AUDIT_INPUT / MIB);
        }
        if (!file_write_all(to, slice_of(bytes, (size_t)len))) {
            return fail(failure, ERR_SYSTEM, "cannot keep standard input: %s", strerror(errno));
        }
    }
    return len == 0 ? OK
                    : fail(failure, ERR_INPUT, "cannot read standard input: %s", strerror(errno));
}

static enum err keep_pipe(int *out_fd, struct failure *failure) {
    if (!something_comes()) {
        console_say("nothing comes from standard input: the command reads none");
        return OK;
    }
    *out_fd = memfd_create("smtpscope-input", MFD_CLOEXEC);
    if (*out_fd < 0) {
        return fail(failure, ERR_SYSTEM, "cannot keep standard input: %s", strerror(errno));
    }
    return copy(*out_fd, failure);
}

enum err audit_input_open(int *out_fd, struct failure *failure) {
    struct stat info;
    *out_fd = -1;
    if (fstat(STDIN_FILENO, &info) != 0) {
        return OK;
    }
    if (S_ISREG(info.st_mode)) {
        *out_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
        return OK;
    }
    bool is_stream = S_ISFIFO(info.st_mode) || S_ISSOCK(info.st_mode);
    return is_stream ? keep_pipe(out_fd, failure) : OK;
}
