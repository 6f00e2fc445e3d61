// SPDX-License-Identifier: MIT
#include "cli/console.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/safe_file.h"
#include "base/text.h"
#include "cli/userinfo.h"
#include "spool/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// On a terminal it is broken at words; a program that reads it gets one line.
static void put_sentence(struct buf *out, struct slice sentence) {
    struct terminal terminal;
    terminal_init(&terminal, STDERR_FILENO, false);
    terminal_measure(&terminal);
    const struct screen one_line = {.utf8 = true};
    screen_put_sentence(terminal.is_terminal ? &terminal.screen : &one_line, out,
                        "smtpscope: ", sentence);
    terminal_cleanup(&terminal);
}

void console_say(const char *sentence) {
    struct buf hidden;
    struct buf shown;
    struct buf rows;
    buf_init(&hidden, SENTENCE_MAX);
    buf_init(&shown, SENTENCE_MAX);
    buf_init(&rows, CONSOLE_TEXT_MAX);
    userinfo_put_hidden(&hidden, slice_of_string(sentence));
    text_put_printable(&shown, buf_slice(&hidden));
    put_sentence(&rows, buf_slice(&shown));
    bool written = file_write_all(STDERR_FILENO, buf_slice(&rows));
    (void)written; // where standard error is gone there is no place left to say it
    buf_cleanup(&rows);
    buf_cleanup(&shown);
    buf_wipe(&hidden);
}

void console_sayf(const char *format, ...) {
    char sentence[CONSOLE_SENTENCE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    console_say(sentence);
}

enum exit_status console_failure(enum err err, const struct failure *failure) {
    console_say(failure->text[0] == '\0' ? err_text(err) : failure->text);
    return err == ERR_USAGE ? EXIT_USAGE : EXIT_NOT_STARTED;
}

enum err console_out(struct failure *failure, struct slice bytes) {
    return file_write_all(STDOUT_FILENO, bytes)
               ? OK
               : fail(failure, ERR_SYSTEM, "cannot write to standard output: %s", strerror(errno));
}

enum err console_out_lines(struct failure *failure, struct slice lines) {
    struct buf shown;
    buf_init(&shown, LIMIT_CONSOLE);
    while (lines.len > 0) {
        text_put_printable(&shown, slice_split(&lines, '\n'));
        buf_put_byte(&shown, '\n');
    }
    enum err err = console_out(failure, buf_slice(&shown));
    buf_cleanup(&shown);
    return err;
}

enum err console_err(struct failure *failure, struct slice bytes) {
    return file_write_all(STDERR_FILENO, bytes)
               ? OK
               : fail(failure, ERR_SYSTEM, "cannot write to standard error: %s", strerror(errno));
}

// A pipe, a device, a link to one, and what this process has open are written to as they are.
static bool is_replaced(const char *path) {
    struct stat status;
    return !file_is_descriptor(path) && (stat(path, &status) != 0 || S_ISREG(status.st_mode));
}

static int write_opened(const char *path, int flags, struct slice bytes) {
    int file = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY | flags);
    if (file < 0) {
        return errno;
    }
    int error = file_write_all(file, bytes) ? 0 : errno;
    return close(file) != 0 && error == 0 ? errno : error;
}

enum err console_file(struct failure *failure, const char *path, struct slice bytes, bool for_all) {
    bool replaced = is_replaced(path);
    int error = replaced ? new_file_write(path, bytes, for_all ? 0644 : 0600)
                         : write_opened(path, O_APPEND, bytes);
    if (replaced && (error == EACCES || error == EPERM || error == EROFS)) {
        // The folder takes no new file; the old one may still be ours to write.
        error = write_opened(path, O_TRUNC | O_NOFOLLOW, bytes);
    }
    return error == 0 ? OK
                      : fail(failure, ERR_SYSTEM, "cannot write '%s': %s", path, strerror(error));
}

int console_file_try(const char *path) {
    struct stat status;
    if (stat(path, &status) == 0) {
        return S_ISDIR(status.st_mode) ? EISDIR : access(path, W_OK) == 0 ? 0 : errno;
    }
    if (errno != ENOENT) {
        return errno;
    }
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? mem_string(".") : mem_format("%.*s/", (int)(slash - path), path);
    int error = access(folder, W_OK | X_OK) == 0 ? 0 : errno;
    free(folder);
    return error;
}
