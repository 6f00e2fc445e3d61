// SPDX-License-Identifier: MIT
// commands: everything but `proxy` and `run`, each in a file of its own name. They say what is
// wrong and return what the program exits with.
#ifndef SCOPE_CLI_COMMANDS_H
#define SCOPE_CLI_COMMANDS_H

#include "cli/options.h"

int command_ca(const struct options *options);
int command_ca_remove(const struct options *options); // `ca remove`
int command_check(const struct options *options);
int command_ctl(const struct options *options);
int command_doctor(const struct options *options);
int command_help(const struct options *options); // all requests but REQUEST_COMMAND
int command_view(const struct options *options);
int command_show(const struct options *options);

#endif
