// SPDX-License-Identifier: MIT
// command: takes a client line apart (RFC 5321 4.1.1, 4.1.2), as leniently as a reader must: it
// never refuses, and says nothing about what is wrong with the line.
#ifndef SCOPE_SMTP_COMMAND_H
#define SCOPE_SMTP_COMMAND_H

#include "event/command.h"

// Fills `*out`; its slices point into `line`, which is a line without its line end.
void command_parse(struct command *out, struct slice line);
// The verb alone, for a caller that needs no more. `VERB_UNKNOWN` for a word that is none.
enum verb command_verb(struct slice line);
// The first word of the line, behind white space; empty where there is none.
struct slice command_word(struct slice line);

// Whether a line begins, behind white space, with AUTH in any case. Such a line holds credentials,
// whatever else is odd about it (`AUTH=PLAIN …`, `AUTHPLAIN …`).
bool command_is_auth_like(struct slice line);
// What stands behind the word AUTH: `*out_mechanism` the first word there, an `=` of old servers
// left out, and `*out_rest` all behind it. Null where there is none.
void command_auth_parts(struct slice *out_mechanism, struct slice *out_rest, struct slice line);

#endif
