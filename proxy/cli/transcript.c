// SPDX-License-Identifier: MIT
#include "cli/transcript.h"

#include "base/limits.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum err transcript_read(struct buf *out, struct failure *failure, const char *path) {
    buf_init(out, SIZE_MAX / 2); // as long as the file is: nobody sends it to us
    bool is_stdin = strcmp(path, "-") == 0;
    const char *name = is_stdin ? "standard input" : path;
    int file = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return fail(failure, ERR_INPUT, "cannot read '%s': %s", name, strerror(errno));
    }
    ssize_t len = 1;
    while (len > 0) {
        len = read(file, buf_reserve(out, MIB), MIB);
        if (len > 0) {
            buf_commit(out, (size_t)len);
        } else if (len < 0 && errno == EINTR) {
            len = 1;
        }
    }
    int error = errno;
    if (!is_stdin) {
        close(file);
    }
    return len == 0 ? OK : fail(failure, ERR_INPUT, "cannot read '%s': %s", name, strerror(error));
}
