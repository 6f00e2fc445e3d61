// SPDX-License-Identifier: MIT
#include "verdict/expression_parts.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const struct name_row names[] = {
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

struct comparison_row {
    const char *sign;
    enum comparison comparison;
};

// Longer signs stand before those that they begin with.
static const struct comparison_row comparisons[] = {
    {.sign = "==", .comparison = OP_EQUAL},   {.sign = "!=", .comparison = OP_NOT_EQUAL},
    {.sign = "<=", .comparison = OP_AT_MOST}, {.sign = ">=", .comparison = OP_AT_LEAST},
    {.sign = "=", .comparison = OP_EQUAL},    {.sign = "~", .comparison = OP_MATCHES},
    {.sign = "<", .comparison = OP_LESS},     {.sign = ">", .comparison = OP_MORE},
};

static const struct name_row *find_name(struct slice name, enum expression_use use) {
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const struct name_row *row = &names[i];
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

static const struct comparison_row *find_comparison(struct slice s) {
    for (size_t i = 0; i < sizeof(comparisons) / sizeof(comparisons[0]); i++) {
        if (slice_starts_with(s, slice_of_string(comparisons[i].sign))) {
            return &comparisons[i];
        }
    }
    return NULL;
}

static bool is_by_size(enum comparison comparison) {
    return comparison == OP_LESS || comparison == OP_AT_MOST || comparison == OP_MORE ||
           comparison == OP_AT_LEAST;
}

static enum err read_number(struct expression *expression, struct failure *failure) {
    struct slice value = slice_trim(slice_of_string(expression->value));
    if (!text_parse_u64(&expression->number, value, INT64_MAX)) {
        return fail(failure, ERR_USAGE, "'%s' compares %s with '%s', which is no number",
                    expression->text, expression->name->name, expression->value);
    }
    return OK;
}

static enum err read_value(struct expression *expression, struct failure *failure) {
    bool by_size = is_by_size(expression->comparison);
    if (expression->name->kind == VALUE_COUNT) {
        if (expression->comparison == OP_MATCHES) {
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
    if (expression->comparison != OP_MATCHES) {
        return OK;
    }
    struct failure why = {0};
    enum err err = pattern_new(&expression->pattern, &why, expression->value);
    return err == OK
               ? OK
               : fail(failure, err, "'%s': '%s' %s", expression->text, expression->value, why.text);
}

// The length of the name at the start of `s`: up to an comparison or white space.
static size_t name_length(struct slice s) {
    size_t len = 0;
    while (len < s.len && s.data[len] != ' ' && s.data[len] != '\t' &&
           find_comparison(slice_from(s, len)) == NULL) {
        len++;
    }
    return len;
}

// Only in front: white space at the end is the value's.
static struct slice skip_space(struct slice s) {
    while (s.len > 0 && (s.data[0] == ' ' || s.data[0] == '\t')) {
        s = slice_from(s, 1);
    }
    return s;
}

static enum err read_parts(struct expression *expression, struct failure *failure,
                           enum expression_use use) {
    struct slice rest = skip_space(slice_of_string(expression->text));
    if (slice_starts_with(rest, SLICE("all:"))) {
        expression->every = true;
        rest = skip_space(slice_from(rest, 4));
    }
    struct slice name = slice_sub(rest, 0, name_length(rest));
    rest = skip_space(slice_from(rest, name.len));
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
    const struct comparison_row *comparison = find_comparison(rest);
    if (comparison == NULL) {
        return fail(failure, ERR_USAGE, "'%s' has none of = != < <= > >= ~ after '%.*s'",
                    expression->text, (int)name.len, (const char *)name.data);
    }
    expression->comparison = comparison->comparison;
    if (expression->name->subject == MESSAGE_HEADER) {
        struct slice field = slice_from(name, sizeof("header.") - 1);
        expression->header =
            slice_is(name, "subject") ? mem_string("subject") : mem_string_of(field);
    }
    expression->value = mem_string_of(skip_space(slice_from(rest, strlen(comparison->sign))));
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
