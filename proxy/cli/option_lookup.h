// SPDX-License-Identifier: MIT
// option_lookup: which row of the table a word of a command means. Two rows may have one name,
// where two commands each have an option of their own by it: `--timeout` of `ctl` and of `audit`.
// So a row is looked up for a command, never by its name alone.
#ifndef SCOPE_CLI_OPTION_LOOKUP_H
#define SCOPE_CLI_OPTION_LOOKUP_H

#include "cli/option_table.h"

// CLI_NONE is the program itself, which has --help and --version.
bool option_is_of(const struct option_row *row, enum cli_command command);
// The rows of a command, by name or letter; NULL where it has none such.
const struct option_row *option_find(enum cli_command command, struct slice name);
const struct option_row *option_find_letter(enum cli_command command, char letter);

#endif
