// SPDX-License-Identifier: MIT
// command_parse: takes a client line apart (RFC 5321 4.1.1, 4.1.2), as leniently as a reader must:
// it never refuses, and says nothing about what is wrong with the line.
#ifndef SCOPE_SMTP_COMMAND_PARSE_H
#define SCOPE_SMTP_COMMAND_PARSE_H

#include "event/command.h"

// Fills `*out`; its slices point into `line`, which is a line without its line end.
void command_parse(struct command *out, struct slice line);
// The verb alone, for a caller that needs no more. `VERB_UNKNOWN` for a word that is none.
enum verb command_verb(struct slice line);
// The first word of the line, after white space; empty where there is none.
struct slice command_word(struct slice line);

// (command_auth.c) Whether a line begins, after white space, with AUTH in any case, or another
// name of it (event/sasl.h). Such a line holds credentials, whatever else is odd about it
// (`AUTH=PLAIN …`, `AUTHPLAIN …`). White space is all that is not printable ASCII.
bool command_is_auth_like(struct slice line);
// Where such a line begins after a bare CR within `line`, which some servers take for a line's
// end; SLICE_NONE where there is none.
size_t command_find_hidden_auth(struct slice line);
// The words after AUTH, or after a longer word that begins with it: `*out_mechanism` the first
// (an `=` of old servers left out), `*out_rest` all after it. What is stuck to AUTH and makes no
// word with it comes as the first. Null where there is none.
void command_auth_parts(struct slice *out_mechanism, struct slice *out_rest, struct slice line);
// Whether the parts of a word between hyphens are in one case, or capitalised: what is written in
// mixed case is rather base64.
bool command_has_case_of_words(struct slice word);

#endif
