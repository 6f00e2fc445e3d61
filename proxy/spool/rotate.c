// SPDX-License-Identifier: MIT
#include "spool/rotate.h"

#include "base/memory.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A gap in the row of numbers is no error: the older ones stay where they are due.
static int rename_number(const char *path, unsigned from, unsigned to) {
    char *old = from == 0 ? mem_string(path) : mem_format("%s.%u", path, from);
    char *new = mem_format("%s.%u", path, to);
    int error = rename(old, new) == 0 || (errno == ENOENT && from > 0) ? 0 : errno;
    free(old);
    free(new);
    return error;
}

enum err rotate_names(struct failure *failure, const char *path, unsigned keep) {
    int error = 0;
    if (keep == 0) {
        error = unlink(path) == 0 ? 0 : errno;
    }
    for (unsigned to = keep; to > 0 && error == 0; to--) {
        error = rename_number(path, to - 1, to);
    }
    if (error != 0) {
        return fail(failure, ERR_SYSTEM, "cannot rotate '%s': %s", path, strerror(error));
    }
    return OK;
}
