// SPDX-License-Identifier: MIT
#include "cli/say.h"

#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool write_all(int file, struct slice bytes) {
    while (bytes.len > 0) {
        ssize_t written = write(file, bytes.data, bytes.len);
        if (written < 0 && errno != EINTR) {
            return false;
        }
        bytes = slice_from(bytes, written < 0 ? 0 : (size_t)written);
    }
    return true;
}

void say(const char *sentence) {
    struct buf line;
    buf_init(&line, 64 * KIB);
    buf_put_string(&line, "smtpscope: ");
    text_put_printable(&line, slice_of_string(sentence));
    buf_truncate(&line, buf_len(&line) < line.max ? buf_len(&line) : line.max - 1);
    buf_put_byte(&line, '\n');
    // Where standard error is gone there is nobody left to tell.
    (void)write_all(STDERR_FILENO, buf_slice(&line));
    buf_cleanup(&line);
}

enum exit_status say_failure(enum err err, const struct failure *failure) {
    say(failure->text[0] == '\0' ? err_text(err) : failure->text);
    return err == ERR_USAGE ? EXIT_USAGE : EXIT_NOT_STARTED;
}

enum err say_out(struct failure *failure, struct slice bytes) {
    return write_all(STDOUT_FILENO, bytes)
               ? OK
               : fail(failure, ERR_SYSTEM, "cannot write to standard output: %s", strerror(errno));
}

enum err say_err(struct failure *failure, struct slice bytes) {
    return write_all(STDERR_FILENO, bytes)
               ? OK
               : fail(failure, ERR_SYSTEM, "cannot write to standard error: %s", strerror(errno));
}

enum err say_file(struct failure *failure, const char *path, struct slice bytes, bool for_all) {
    int file =
        open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, for_all ? 0644 : 0600);
    bool good = file >= 0 && write_all(file, bytes);
    int error = errno;
    if (file >= 0 && close(file) != 0 && good) {
        good = false;
        error = errno;
    }
    return good ? OK : fail(failure, ERR_SYSTEM, "cannot write '%s': %s", path, strerror(error));
}
