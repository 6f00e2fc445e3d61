// SPDX-License-Identifier: MIT
// audit_input: what the command of an audit reads from standard input, kept so that each case
// begins at its first byte.
#ifndef SCOPE_CLI_AUDIT_INPUT_H
#define SCOPE_CLI_AUDIT_INPUT_H

#include "base/err.h"

// `*out_fd` is a file to be opened again for each case, -1 where there is nothing to read: on a
// terminal, and from a pipe into which nothing comes in time. Owned by the caller.
MUST_USE enum err audit_input_open(int *out_fd, struct failure *failure);

#endif
