// SPDX-License-Identifier: MIT
// console: what the commands print. One line on standard error for a person, whole documents on
// standard output or into a file. Nothing of a session is said here: that goes through the mask to
// the outputs.
#ifndef SCOPE_CLI_CONSOLE_H
#define SCOPE_CLI_CONSOLE_H

#include "base/buf.h"
#include "base/err.h"
#include "cli/options.h"

// `smtpscope: SENTENCE` on standard error; control characters in it are made visible,
// and a password before the `@` of a URL is not.
void console_say(const char *sentence);
void console_sayf(const char *format, ...) __attribute__((format(printf, 1, 2)));
// Says the failure and gives what the program exits with: 2 for ERR_USAGE, else 3.
enum exit_status console_failure(enum err err, const struct failure *failure);

// Writes all of `bytes` to standard output, or to standard error. ERR_SYSTEM with a sentence where
// that cannot be done.
MUST_USE enum err console_out(struct failure *failure, struct slice bytes);
MUST_USE enum err console_err(struct failure *failure, struct slice bytes);
// Lines for a person on standard output: escaped, but for their ends.
MUST_USE enum err console_out_lines(struct failure *failure, struct slice lines);
// Replaces the file at `path` by `bytes`; the file is made 0600, or 0644 where all may read it.
MUST_USE enum err console_file(struct failure *failure, const char *path, struct slice bytes,
                               bool for_all);
// 0 where that could be done now, as far as that is known without doing it, else errno.
int console_file_try(const char *path);

#endif
