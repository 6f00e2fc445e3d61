// SPDX-License-Identifier: MIT
// expression: one `NAME OP VALUE` of `--expect` and `--only`, read from its text.
//
//   all:to ~ @example\.net$
//   ─── ── ─ ──────────────
//   every  op value, to the end of the word
//       name
//
// It knows no session: what records have of it, and whether it holds, is expression_tally's.
#ifndef SCOPE_VERDICT_EXPRESSION_H
#define SCOPE_VERDICT_EXPRESSION_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct pattern;

// Which names are known: those of `check`, or also `client`, `server` and `port`.
enum expression_use { EXPRESSION_CHECK, EXPRESSION_ONLY };

enum expression_op {
    OP_EQUAL,
    OP_NOT_EQUAL,
    OP_MATCHES,
    OP_LESS,
    OP_AT_MOST,
    OP_MORE,
    OP_AT_LEAST
};

// What a name is asked of, and how its value is read.
enum expression_subject {
    COUNT_SESSIONS,
    COUNT_MESSAGES,
    COUNT_ACCEPTED,
    COUNT_RECIPIENTS,
    COUNT_FINDINGS,
    MESSAGE_FROM,
    MESSAGE_TO,
    MESSAGE_HEADER,
    SESSION_AUTH,
    SESSION_AUTH_OUTCOME,
    SESSION_TLS_CLIENT,
    SESSION_TLS_SERVER,
    SESSION_OUTCOME,
    SESSION_CLIENT,
    SESSION_SERVER,
    SESSION_PORT,
};

enum expression_kind { VALUE_COUNT, VALUE_TEXT, VALUE_PORT };

// A name, and what is known of it.
struct expression_name {
    const char *name;
    enum expression_subject subject;
    enum expression_kind kind;
    bool of_message; // asked of each message, else of each session
    bool only;       // known to --only alone
};

// Immutable: many threads may ask it.
struct expression {
    char *text;
    const struct expression_name *name;
    char *header; // MESSAGE_HEADER: the field's name
    bool every;   // `all:`
    enum expression_op op;
    char *value;
    uint64_t number;         // of a count, or of a port that is compared by size
    struct pattern *pattern; // of OP_MATCHES, else NULL
};

// ERR_USAGE with a sentence that names what is wrong in `text`.
MUST_USE enum err expression_parse(struct expression **out, struct failure *failure,
                                   const char *text, enum expression_use use);
void expression_free(struct expression *expression); // NULL is fine
const char *expression_text(const struct expression *expression);

#endif
