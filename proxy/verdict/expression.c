// SPDX-License-Identifier: MIT
#include "verdict/expression.h"

#include "base/memory.h"
#include "base/text.h"
#include "verdict/pattern.h"

#include <stdlib.h>
#include <string.h>

static const struct expression_name names[] = {
    {.name = "sessions", .subject = COUNT_SESSIONS},
    {.name = "messages", .subject = COUNT_MESSAGES},
    {.name = "accepted", .subject = COUNT_ACCEPTED},
    {.name = "recipients", .subject = COUNT_RECIPIENTS},
    {.name = "findings", .subject = COUNT_FINDINGS},
    {.name = "from", .subject = MESSAGE_FROM, .kind = VALUE_TEXT, .of_message = true},
    {.name = "to", .subject = MESSAGE_TO, .kind = VALUE_TEXT, .of_message = true},
    {.name = "subject", .subject = MESSAGE_HEADER, .kind = VALUE_TEXT, .of_message = true},
    {.name = "header.", .subject = MESSAGE_HEADER, .kind = VALUE_TEXT, .of_message = true},
    {.name = "auth", .subject = SESSION_AUTH, .kind = VALUE_TEXT},
    {.name = "auth.outcome", .subject = SESSION_AUTH_OUTCOME, .kind = VALUE_TEXT},
    {.name = "tls.client.version", .subject = SESSION_TLS_CLIENT, .kind = VALUE_TEXT},
    {.name = "tls.server.version", .subject = SESSION_TLS_SERVER, .kind = VALUE_TEXT},
    {.name = "outcome", .subject = SESSION_OUTCOME, .kind = VALUE_TEXT},
    {.name = "client", .subject = SESSION_CLIENT, .kind = VALUE_TEXT, .only = true},
    {.name = "server", .subject = SESSION_SERVER, .kind = VALUE_TEXT, .only = true},
    {.name = "port", .subject = SESSION_PORT, .kind = VALUE_PORT, .only = true},
};

struct op_row {
    const char *sign;
    enum expression_op op;
};

// Longer signs come before those that they begin with.
static const struct op_row ops[] = {
    {.sign = "==", .op = OP_EQUAL},   {.sign = "!=", .op = OP_NOT_EQUAL},
    {.sign = "<=", .op = OP_AT_MOST}, {.sign = ">=", .op = OP_AT_LEAST},
    {.sign = "=", .op = OP_EQUAL},    {.sign = "~", .op = OP_MATCHES},
    {.sign = "<", .op = OP_LESS},     {.sign = ">", .op = OP_MORE},
};

static const struct expression_name *find_name(struct slice name, enum expression_use use) {
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct expression_name *row = &names[i];
        struct slice known = slice_of_string(row->name);
        bool is_prefix = known.data[known.len - 1] == '.';
        bool same = is_prefix ? slice_starts_with(name, known) && name.len > known.len
                              : slice_equal(name, known);
        if (same && (use == EXPRESSION_ONLY || !row->only)) {
            return row;
        }
    }
    return NULL;
}

static const struct op_row *find_op(struct slice s) {
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
        if (slice_starts_with(s, slice_of_string(ops[i].sign))) {
            return &ops[i];
        }
    }
    return NULL;
}

static bool is_by_size(enum expression_op op) {
    return op == OP_LESS || op == OP_AT_MOST || op == OP_MORE || op == OP_AT_LEAST;
}

static enum err read_number(struct expression *expression, struct failure *failure) {
    struct slice value = slice_trim(slice_of_string(expression->value));
    if (!text_parse_u64(&expression->number, value, INT64_MAX)) {
        return fail(failure, ERR_USAGE, "'%s' compares %s with '%s', which is not a number",
                    expression->text, expression->name->name, expression->value);
    }
    return OK;
}

static enum err read_value(struct expression *expression, struct failure *failure) {
    bool by_size = is_by_size(expression->op);
    if (expression->name->kind == VALUE_COUNT) {
        if (expression->op == OP_MATCHES) {
            return fail(failure, ERR_USAGE,
                        "'%s': %s is a number, which takes = != < <= > >=", expression->text,
                        expression->name->name);
        }
        return read_number(expression, failure);
    }
    if (by_size && expression->name->kind == VALUE_PORT) {
        return read_number(expression, failure);
    }
    if (by_size) {
        return fail(failure, ERR_USAGE, "'%s': this name takes = != ~", expression->text);
    }
    if (expression->op != OP_MATCHES) {
        return OK;
    }
    struct failure why = {0};
    enum err err = pattern_new(&expression->pattern, &why, expression->value);
    return err == OK
               ? OK
               : fail(failure, err, "'%s': '%s' %s", expression->text, expression->value, why.text);
}

// The length of the name at the start of `s`: up to an operator or white space.
static size_t name_length(struct slice s) {
    size_t len = 0;
    while (len < s.len && !text_is_blank(s.data[len]) && find_op(slice_from(s, len)) == NULL) {
        len++;
    }
    return len;
}

// White space at the end is the value's.
static enum err read_parts(struct expression *expression, struct failure *failure,
                           enum expression_use use) {
    struct slice rest = slice_trim_left(slice_of_string(expression->text));
    if (slice_starts_with(rest, SLICE("all:"))) {
        expression->every = true;
        rest = slice_trim_left(slice_from(rest, 4));
    }
    struct slice name = slice_sub(rest, 0, name_length(rest));
    rest = slice_trim_left(slice_from(rest, name.len));
    expression->name = find_name(name, use);
    if (expression->name == NULL) {
        return fail(
            failure, ERR_USAGE,
            "'%s': there is no name '%.*s'; known are sessions, "
            "messages, accepted, recipients, findings, from, to, subject, header.NAME, auth, "
            "auth.outcome, tls.client.version, tls.server.version, outcome%s",
            expression->text, (int)name.len, (const char *)name.data,
            use == EXPRESSION_ONLY ? ", client, server, port" : "");
    }
    const struct op_row *op = find_op(rest);
    if (op == NULL) {
        return fail(failure, ERR_USAGE, "'%s' has none of = != < <= > >= ~ after '%.*s'",
                    expression->text, (int)name.len, (const char *)name.data);
    }
    expression->op = op->op;
    if (expression->name->subject == MESSAGE_HEADER) {
        struct slice field = slice_from(name, sizeof("header.") - 1);
        expression->header =
            slice_is(name, "subject") ? mem_string("subject") : mem_string_of(field);
    }
    expression->value = mem_string_of(slice_trim_left(slice_from(rest, strlen(op->sign))));
    return read_value(expression, failure);
}

enum err expression_parse(struct expression **out, struct failure *failure, const char *text,
                          enum expression_use use) {
    struct expression *expression = mem_new(sizeof(*expression));
    expression->text = mem_string(text);
    enum err err = read_parts(expression, failure, use);
    if (err != OK) {
        expression_free(expression);
        expression = NULL;
    }
    *out = expression;
    return err;
}

void expression_free(struct expression *expression) {
    if (expression == NULL) {
        return;
    }
    pattern_free(expression->pattern);
    free(expression->text);
    free(expression->header);
    free(expression->value);
    free(expression);
}

const char *expression_text(const struct expression *expression) {
    return expression->text;
}
