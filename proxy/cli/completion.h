// SPDX-License-Identifier: MIT
// completion: what may come next on a command line that is being typed, for the scripts that shells
// complete with (scripts/completions). It knows no option by name: all comes from the tables of the
// options, the commands and their words.
//
//   --output<TAB>write one of the formats …    a candidate that begins as the last word does,
//   mask                                       and its help where there is one
//   :file  :folder                             the name of one may come next
//   :command 3                                 the words from there on, counted from 0, are the
//                                              line of another command
#ifndef SCOPE_CLI_COMPLETION_H
#define SCOPE_CLI_COMPLETION_H

#include "base/buf.h"

// `words` are those after the program's name, the one that is being typed last; it may be empty.
void completion_put(struct buf *out, char *const *words, size_t count);

#endif
