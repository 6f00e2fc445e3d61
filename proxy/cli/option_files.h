// SPDX-License-Identifier: MIT
// option_files: the files that a command line names. No file is written by two of them, and none
// holds secrets unless the user asked for that.
#ifndef SCOPE_CLI_OPTION_FILES_H
#define SCOPE_CLI_OPTION_FILES_H

#include "cli/options.h"

// ERR_USAGE with a sentence that names the option and the path. Adds the output that there is where
// none was given.
MUST_USE enum err files_check(struct options *options, struct failure *failure);

#endif
