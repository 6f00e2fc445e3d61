// SPDX-License-Identifier: MIT
// defaults: the options that a user wants in every call, as words of a command line: those of
// $SMTPSCOPE_OPTIONS, then those of the file `smtpscope/options` in $XDG_CONFIG_HOME (~/.config).
// It knows no option; options_parse reads the words, and what a call gives itself goes before them.
//
//   SMTPSCOPE_OPTIONS="--body full --ca-dir '/srv/my ca'"     words as a shell would split them
//   ~/.config/smtpscope/options:  body full                   one option a line, dashes or not,
//                                 # a comment                 the rest of the line is its value
#ifndef SCOPE_CLI_DEFAULTS_H
#define SCOPE_CLI_DEFAULTS_H

#include "base/err.h"
#include "base/slice.h"

#include <stddef.h>

enum { DEFAULTS_SOURCES = 2 };

struct default_source {
    char *name;   // for people: "$SMTPSCOPE_OPTIONS" or the path; NULL: there is none. Owned
    char **words; // owned, each of them too
    size_t count;
};

struct defaults {
    struct default_source sources[DEFAULTS_SOURCES]; // the first wins over the second
};

// Reads both from the environment of the process. A file that is not there is none; ERR_INPUT with
// a sentence where it is there and cannot be read, or a quote is not closed.
MUST_USE enum err defaults_read(struct defaults *out, struct failure *failure);
void defaults_cleanup(struct defaults *defaults);

// The two forms, each appending to `source`. ERR_INPUT names the source.
MUST_USE enum err defaults_split_words(struct default_source *source, struct failure *failure,
                                       struct slice text);
void defaults_split_lines(struct default_source *source, struct slice text);

#endif
