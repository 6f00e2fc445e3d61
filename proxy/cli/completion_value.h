// SPDX-License-Identifier: MIT
// completion_value: the words that may be the value of an option, as far as they can be listed.
#ifndef SCOPE_CLI_COMPLETION_VALUE_H
#define SCOPE_CLI_COMPLETION_VALUE_H

#include "base/buf.h"
#include "cli/option_table.h"

enum completion_place { PLACE_NONE, PLACE_FILE, PLACE_FOLDER };

// Whether a file or a folder may be the value of an option that takes one.
enum completion_place completion_place(const struct option_row *row);

// Appends the words that may be its value, each on a line; nothing where they cannot be listed.
void completion_put_values(struct buf *out, const struct option_row *row);

#endif
