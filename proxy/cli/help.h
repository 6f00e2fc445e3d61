// SPDX-License-Identifier: MIT
// help: the help of the program and of each command, and the version; written from the option
// table.
#ifndef SCOPE_CLI_HELP_H
#define SCOPE_CLI_HELP_H

#include "base/buf.h"
#include "cli/options.h"

// Appends the help of `command`; CLI_NONE is the program's own.
void help_put(struct buf *out, enum cli_command command);

// What the program runs on, as the libraries themselves say it.
struct library_versions {
    const char *program;
    const char *tls; // "BoringSSL (API 17)"
    const char *libuv;
    const char *cjson;
};

void version_put(struct buf *out, const struct library_versions *versions);

#endif
