// SPDX-License-Identifier: MIT
#include "verdict/expression_tally.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "transcript/json_writer.h"
#include "transcript/record.h"
#include "verdict/pattern.h"

#include <stdlib.h>
#include <string.h>

// What one message or session has, as far as it was looked at.
struct sample {
    const struct expression *expression;
    struct expression_tally *tally;
    size_t values;
    size_t matching;
};

static bool compare(uint64_t left, enum expression_op op, uint64_t right) {
    switch (op) {
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
    switch ((unsigned)expression->op) {
    case OP_EQUAL:
        return strcmp(value, expression->value) == 0;
    case OP_NOT_EQUAL:
        return strcmp(value, expression->value) != 0;
    case OP_MATCHES:
        return pattern_matches(expression->pattern, value);
    }
    uint64_t number = 0;
    return text_parse_u64(&number, slice_of_string(value), UINT64_MAX) &&
           compare(number, expression->op, expression->number);
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

static void see_text(struct sample *sample, const char *value) {
    if (value == NULL) {
        return;
    }
    sample->values++;
    sample->matching += text_matches(sample->expression, value) ? 1 : 0;
    remember(sample->tally, value);
}

// Texts are asked as the document shows them: U+FFFD for what JSON cannot hold.
static void see(struct sample *sample, struct slice value) {
    if (slice_is_null(value)) {
        return;
    }
    struct buf shown;
    buf_init(&shown, 3 * value.len + 1);
    json_put_shown(&shown, value);
    buf_put_byte(&shown, 0);
    see_text(sample, (const char *)buf_slice(&shown).data);
    buf_cleanup(&shown);
}

static void see_port(struct sample *sample, uint16_t port) {
    char *number = port == 0 ? NULL : mem_format("%u", (unsigned)port);
    see_text(sample, number);
    free(number);
}

static void see_header(struct sample *sample, const struct record_message *message) {
    for (size_t i = 0; i < message->field_count; i++) {
        const struct record_field *field = &message->fields[i];
        if (slice_is_nocase(field->name, sample->expression->header)) {
            see(sample, field->value);
        }
    }
}

static void see_recipients(struct sample *sample, const struct record_message *message) {
    for (size_t i = 0; i < message->event.recipient_count; i++) {
        see(sample, message->event.recipients[i].to);
    }
}

static void see_message(struct sample *sample, const struct record_message *message) {
    enum expression_subject subject = sample->expression->name->subject;
    if (subject == MESSAGE_FROM) {
        see(sample, message->event.from);
    } else if (subject == MESSAGE_TO) {
        see_recipients(sample, message);
    } else {
        see_header(sample, message);
    }
}

static void see_auths(struct sample *sample, const struct record *session, bool outcomes) {
    for (size_t i = 0; i < session->auth_count; i++) {
        const struct event_auth *auth = &session->auths[i];
        if (outcomes) {
            see_text(sample, auth_outcome_name(auth->outcome));
        } else if (auth->outcome == AUTH_SUCCEEDED) {
            see(sample, auth->mechanism);
        }
    }
}

static const char *tls_version(const struct event_tls *tls) {
    return tls == NULL ? NULL : tls->version;
}

// Looks at a session for the values of the expression's name.
static void see_session(struct sample *sample, const struct record *session) {
    const struct event_endpoint *server = &session->session.server;
    switch ((unsigned)sample->expression->name->subject) {
    case SESSION_AUTH:
        see_auths(sample, session, false);
        break;
    case SESSION_AUTH_OUTCOME:
        see_auths(sample, session, true);
        break;
    case SESSION_TLS_CLIENT:
        see_text(sample, tls_version(session->tls[SIDE_CLIENT]));
        break;
    case SESSION_TLS_SERVER:
        see_text(sample, tls_version(session->tls[SIDE_SERVER]));
        break;
    case SESSION_OUTCOME:
        see_text(sample, session->closed ? outcome_name(session->close.outcome) : NULL);
        break;
    case SESSION_CLIENT:
        see_text(sample, session->session.client.address);
        break;
    case SESSION_SERVER:
        see_text(sample, session->session.has_server ? server->host : NULL);
        see_text(sample, session->session.has_server ? server->address : NULL);
        break;
    case SESSION_PORT:
        see_port(sample, session->session.has_server ? server->port : 0);
        break;
    }
}

// Of one message, or of the session where that is NULL.
static void ask_one(struct expression_tally *tally, const struct expression *expression,
                    const struct record *session, const struct record_message *message) {
    struct sample sample = {.expression = expression, .tally = tally};
    if (message != NULL) {
        see_message(&sample, message);
    } else {
        see_session(&sample, session);
    }
    // A server has two names, its host and its address: it is not X when neither of them is.
    bool all_values = expression->every || (expression->name->subject == SESSION_SERVER &&
                                            expression->op == OP_NOT_EQUAL);
    bool has =
        all_values ? sample.values > 0 && sample.matching == sample.values : sample.matching > 0;
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

static uint64_t count_of(enum expression_subject subject, const struct expression_counts *counts) {
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
    tally->matching += compare(count, expression->op, expression->number) ? 1 : 0;
}

void expression_ask(struct expression_tally *tally, const struct expression *expression,
                    const struct record *session) {
    if (expression->name->kind == VALUE_COUNT) {
        ask_count(tally, expression, session);
    } else if (expression->name->of_message) {
        for (size_t i = 0; i < session->message_count; i++) {
            ask_one(tally, expression, session, &session->messages[i]);
        }
    } else {
        ask_one(tally, expression, session, NULL);
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
        return compare(tally->sum, expression->op, expression->number);
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
