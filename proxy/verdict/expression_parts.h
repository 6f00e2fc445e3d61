// SPDX-License-Identifier: MIT
// expression_parts: an expression taken apart; for its reader (expression.c) and for what asks
// records (expression_ask.c) alone.
#ifndef SCOPE_VERDICT_EXPRESSION_PARTS_H
#define SCOPE_VERDICT_EXPRESSION_PARTS_H

#include "verdict/expression.h"
#include "verdict/pattern.h"

enum comparison { OP_EQUAL, OP_NOT_EQUAL, OP_MATCHES, OP_LESS, OP_AT_MOST, OP_MORE, OP_AT_LEAST };

// What a name is asked of, and how its value is read.
enum subject {
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

enum value_kind { VALUE_COUNT, VALUE_TEXT, VALUE_PORT };

struct name_row {
    const char *name;
    enum subject subject;
    enum value_kind kind;
    bool of_message; // asked of each message, else of each session
    bool only;       // known to --only alone
};

struct expression {
    char *text;
    const struct name_row *name;
    char *header; // MESSAGE_HEADER: the field's name
    bool every;   // `all:`
    enum comparison comparison;
    char *value;
    uint64_t number;         // of a count, or of a port that is compared by size
    struct pattern *pattern; // of OP_MATCHES, else NULL
};

#endif
