// SPDX-License-Identifier: MIT
// option_check: the options as a whole, once each is read: what a command needs, which options
// exclude each other, and the defaults that depend on other options.
#ifndef SCOPE_CLI_OPTION_CHECK_H
#define SCOPE_CLI_OPTION_CHECK_H

#include "cli/options.h"

// ERR_USAGE with one sentence that names the option.
MUST_USE enum err options_check(struct options *options, struct failure *failure);

#endif
