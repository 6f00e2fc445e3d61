// SPDX-License-Identifier: MIT
// verdict: what a judge found, written as the options ask for it, and the exit status that it
// makes. `check` and the end of `proxy` and `run` share it.
#ifndef SCOPE_CLI_VERDICT_H
#define SCOPE_CLI_VERDICT_H

#include "cli/options.h"
#include "output/judge.h"

// Writes the reports. EXIT_CHECK_FAILED where something failed, else `otherwise`, which is also
// returned for no judge at all. EXIT_NOT_STARTED where a report cannot be written.
int verdict_give(const struct options *options, struct judge *judge, int otherwise);

#endif
