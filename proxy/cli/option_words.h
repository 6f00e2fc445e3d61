// SPDX-License-Identifier: MIT
// option_words: the words of a command line that are not options: a server, a FILE, what `ca` and
// `ctl` are to do.
#ifndef SCOPE_CLI_OPTION_WORDS_H
#define SCOPE_CLI_OPTION_WORDS_H

#include "cli/options.h"

// ERR_USAGE with a sentence that names the word.
MUST_USE enum err words_take(struct options *options, struct failure *failure, const char *word);

// The words that may come next, after `word` of those of this command (NULL: after none). NULL and
// a count of 0 where there is no list of them.
const char *const *words_after(enum cli_command command, const char *word, size_t *out_count);
// Whether they are names of files.
bool words_are_files(enum cli_command command);

// Once all of them are read: ERR_USAGE where the command lacks one that it needs.
MUST_USE enum err words_check(const struct options *options, struct failure *failure);

#endif
