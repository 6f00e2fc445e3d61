// SPDX-License-Identifier: MIT
// app: the two commands that capture. They set the app up, run the proxy until it stops, and
// return what the program exits with.
#ifndef SCOPE_CLI_APP_H
#define SCOPE_CLI_APP_H

#include "capture/capture.h"
#include "cli/options.h"

int command_proxy(const struct options *options);
int command_run(const struct options *options, const struct capture_inherited *inherited);

#endif
