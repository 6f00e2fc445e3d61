// SPDX-License-Identifier: MIT
// rules: every rule of the analysis, as `check --rules` prints it.
#ifndef SCOPE_CLI_RULES_H
#define SCOPE_CLI_RULES_H

#include "base/buf.h"

void rules_put(struct buf *out);

#endif
