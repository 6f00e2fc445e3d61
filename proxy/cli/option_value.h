// SPDX-License-Identifier: MIT
// option_value: the word after one option, read into the options by the option's row.
#ifndef SCOPE_CLI_OPTION_VALUE_H
#define SCOPE_CLI_OPTION_VALUE_H

#include "cli/option_table.h"

// `word` is NULL for an option that takes none. ERR_USAGE with a sentence that names the word.
// The caller sees to OPTION_HELP and OPTION_VERSION itself.
MUST_USE enum err option_read(struct options *options, struct failure *failure,
                              const struct option_row *row, const char *word);

void text_list_add(struct text_list *list, struct slice text); // copies

// The KINDs of --report; NULL past the last.
const char *option_report_name(size_t index);

// A server in the place of a --mode: see mode_parse_short.
MUST_USE enum err option_read_server(struct options *options, struct failure *failure,
                                     const char *word);

#endif
