// SPDX-License-Identifier: MIT
#include "verdict/expression.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "transcript/json_writer.h"
#include "transcript/record.h"
#include "verdict/pattern.h"

#include <stdlib.h>
#include <string.h>

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

// ── reading ──────────────────────────────────────────────────────────────────────────────────────

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

// Longer signs come before those that they begin with.
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
        return fail(failure, ERR_USAGE, "'%s' compares %s with '%s', which is not a number",
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
    while (len < s.len && !text_is_blank(s.data[len]) &&
           find_comparison(slice_from(s, len)) == NULL) {
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
    expression->value = mem_string_of(slice_trim_left(slice_from(rest, strlen(comparison->sign))));
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

// ── asking ──────────────────────────────────────────────────────────────────────────────────────

// What one message or session has, as far as it was looked at.
struct unit {
    const struct expression *expression;
    struct expression_tally *tally;
    size_t values;
    size_t matching;
};

static bool compare(uint64_t left, enum comparison comparison, uint64_t right) {
    switch (comparison) {
    case OP_EQUAL:
        return left == right;
    case OP_NOT_EQUAL:
        return left != right;
    case OP_LESS:
        return left < right;
    case OP_AT_MOST:
        return left <= right;
    case OP_MORE:
        return left > right;
    case OP_AT_LEAST:
        return left >= right;
    case OP_MATCHES:
        break;
    }
    return false;
}

static bool text_matches(const struct expression *expression, const char *value) {
    switch ((unsigned)expression->comparison) {
    case OP_EQUAL:
        return strcmp(value, expression->value) == 0;
    case OP_NOT_EQUAL:
        return strcmp(value, expression->value) != 0;
    case OP_MATCHES:
        return pattern_matches(expression->pattern, value);
    }
    uint64_t number = 0;
    return text_parse_u64(&number, slice_of_string(value), UINT64_MAX) &&
           compare(number, expression->comparison, expression->number);
}

static void remember(struct expression_tally *tally, const char *value) {
    tally->found.max = LIMIT_FOUND_BYTES;
    tally->found_count++;
    if (tally->found_count <= LIMIT_FOUND_VALUES) {
        buf_put_string(&tally->found, tally->found_count > 1 ? ", " : "");
        struct slice whole = slice_of_string(value);
        struct slice shown = text_cut(whole, LIMIT_FOUND_VALUE);
        buf_put(&tally->found, shown);
        buf_put_string(&tally->found, shown.len < whole.len ? "\xE2\x80\xA6" : "");
    }
}

static void see_text(struct unit *unit, const char *value) {
    if (value == NULL) {
        return;
    }
    unit->values++;
    unit->matching += text_matches(unit->expression, value) ? 1 : 0;
    remember(unit->tally, value);
}

// Texts are asked as the document shows them: U+FFFD for what JSON cannot hold.
static void see(struct unit *unit, struct slice value) {
    if (slice_is_null(value)) {
        return;
    }
    struct buf shown;
    buf_init(&shown, 3 * value.len + 1);
    json_put_shown(&shown, value);
    buf_put_byte(&shown, 0);
    see_text(unit, (const char *)buf_slice(&shown).data);
    buf_cleanup(&shown);
}

static void see_port(struct unit *unit, uint16_t port) {
    char *number = port == 0 ? NULL : mem_format("%u", (unsigned)port);
    see_text(unit, number);
    free(number);
}

static void see_header(struct unit *unit, const struct record_message *message) {
    for (size_t i = 0; i < message->field_count; i++) {
        const struct record_field *field = &message->fields[i];
        if (slice_is_nocase(field->name, unit->expression->header)) {
            see(unit, field->value);
        }
    }
}

static void see_recipients(struct unit *unit, const struct record_message *message) {
    for (size_t i = 0; i < message->event.recipient_count; i++) {
        see(unit, message->event.recipients[i].to);
    }
}

static void see_message(struct unit *unit, const struct record_message *message) {
    enum subject subject = unit->expression->name->subject;
    if (subject == MESSAGE_FROM) {
        see(unit, message->event.from);
    } else if (subject == MESSAGE_TO) {
        see_recipients(unit, message);
    } else {
        see_header(unit, message);
    }
}

static void see_auths(struct unit *unit, const struct record *session, bool outcomes) {
    for (size_t i = 0; i < session->auth_count; i++) {
        const struct event_auth *auth = &session->auths[i];
        if (outcomes) {
            see_text(unit, auth_outcome_name(auth->outcome));
        } else if (auth->outcome == AUTH_SUCCEEDED) {
            see(unit, auth->mechanism);
        }
    }
}

static const char *tls_version(const struct event_tls *tls) {
    return tls == NULL ? NULL : tls->version;
}

// Looks at a session for the values of the expression's name.
static void see_session(struct unit *unit, const struct record *session) {
    const struct event_endpoint *server = &session->session.server;
    switch ((unsigned)unit->expression->name->subject) {
    case SESSION_AUTH:
        see_auths(unit, session, false);
        break;
    case SESSION_AUTH_OUTCOME:
        see_auths(unit, session, true);
        break;
    case SESSION_TLS_CLIENT:
        see_text(unit, tls_version(session->tls[SIDE_CLIENT]));
        break;
    case SESSION_TLS_SERVER:
        see_text(unit, tls_version(session->tls[SIDE_SERVER]));
        break;
    case SESSION_OUTCOME:
        see_text(unit, session->closed ? outcome_name(session->close.outcome) : NULL);
        break;
    case SESSION_CLIENT:
        see_text(unit, session->session.client.address);
        break;
    case SESSION_SERVER:
        see_text(unit, session->session.has_server ? server->host : NULL);
        see_text(unit, session->session.has_server ? server->address : NULL);
        break;
    case SESSION_PORT:
        see_port(unit, session->session.has_server ? server->port : 0);
        break;
    }
}

// Of one message, or of the session where that is NULL.
static void ask_unit(struct expression_tally *tally, const struct expression *expression,
                     const struct record *session, const struct record_message *message) {
    struct unit unit = {.expression = expression, .tally = tally};
    if (message != NULL) {
        see_message(&unit, message);
    } else {
        see_session(&unit, session);
    }
    // A server has two names, its host and its address: it is not X when neither of them is.
    bool all_values = expression->every || (expression->name->subject == SESSION_SERVER &&
                                            expression->comparison == OP_NOT_EQUAL);
    bool has = all_values ? unit.values > 0 && unit.matching == unit.values : unit.matching > 0;
    tally->asked++;
    tally->matching += has ? 1 : 0;
}

void expression_count(struct expression_counts *counts, const struct record *session) {
    counts->sessions++;
    counts->messages += session->message_count;
    for (size_t i = 0; i < session->message_count; i++) {
        counts->accepted += session->messages[i].event.accepted ? 1 : 0;
        counts->recipients += session->messages[i].event.recipient_count;
    }
    for (size_t i = 0; i < session->finding_count; i++) {
        counts->findings[session->findings[i].severity]++;
    }
}

void expression_counts_add(struct expression_counts *sum, const struct expression_counts *more) {
    sum->sessions += more->sessions;
    sum->messages += more->messages;
    sum->accepted += more->accepted;
    sum->recipients += more->recipients;
    for (size_t i = 0; i <= SEVERITY_ERROR; i++) {
        sum->findings[i] += more->findings[i];
    }
}

static uint64_t count_of(enum subject subject, const struct expression_counts *counts) {
    switch ((unsigned)subject) {
    case COUNT_SESSIONS:
        return counts->sessions;
    case COUNT_MESSAGES:
        return counts->messages;
    case COUNT_ACCEPTED:
        return counts->accepted;
    case COUNT_FINDINGS:
        return counts->findings[SEVERITY_ERROR] + counts->findings[SEVERITY_WARNING] +
               counts->findings[SEVERITY_INFO];
    case COUNT_RECIPIENTS:
        return counts->recipients;
    }
    return 0;
}

static void ask_count(struct expression_tally *tally, const struct expression *expression,
                      const struct record *session) {
    struct expression_counts counts = {0};
    expression_count(&counts, session);
    uint64_t count = count_of(expression->name->subject, &counts);
    tally->sum += count;
    tally->asked++;
    tally->matching += compare(count, expression->comparison, expression->number) ? 1 : 0;
}

void expression_ask(struct expression_tally *tally, const struct expression *expression,
                    const struct record *session) {
    if (expression->name->kind == VALUE_COUNT) {
        ask_count(tally, expression, session);
    } else if (expression->name->of_message) {
        for (size_t i = 0; i < session->message_count; i++) {
            ask_unit(tally, expression, session, &session->messages[i]);
        }
    } else {
        ask_unit(tally, expression, session, NULL);
    }
}

void expression_ask_counts(struct expression_tally *tally, const struct expression *expression,
                           const struct expression_counts *counts) {
    if (expression->name->kind == VALUE_COUNT) {
        tally->sum += count_of(expression->name->subject, counts);
    }
}

bool expression_holds(const struct expression *expression, const struct expression_tally *tally) {
    if (expression->every) {
        return tally->matching == tally->asked;
    }
    if (expression->name->kind == VALUE_COUNT) {
        return compare(tally->sum, expression->comparison, expression->number);
    }
    return tally->matching > 0;
}

void expression_put_found(struct buf *out, const struct expression *expression,
                          const struct expression_tally *tally) {
    if (expression->name->kind == VALUE_COUNT) {
        buf_putf(out, "%llu", (unsigned long long)tally->sum);
    } else if (tally->found_count == 0) {
        buf_put_string(out, "nothing");
    } else {
        buf_put(out, buf_slice(&tally->found));
        if (tally->found_count > LIMIT_FOUND_VALUES) {
            buf_putf(out, " and %zu more", tally->found_count - LIMIT_FOUND_VALUES);
        }
    }
}

void expression_tally_cleanup(struct expression_tally *tally) {
    buf_cleanup(&tally->found);
    *tally = (struct expression_tally){0};
}

bool expression_matches(const struct expression *expression, const struct record *session) {
    struct expression_tally tally = {0};
    expression_ask(&tally, expression, session);
    bool holds = expression_holds(expression, &tally);
    expression_tally_cleanup(&tally);
    return holds;
}
