// SPDX-License-Identifier: MIT
#include "verdict/expression_parts.h"

#include "base/memory.h"
#include "base/text.h"
#include "transcript/json_writer.h"
#include "transcript/record.h"

#include <stdlib.h>
#include <string.h>

enum { FOUND_MAX = 10, FOUND_BYTES = 4096, FOUND_VALUE_BYTES = 256 };

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
    switch (expression->comparison) {
    case OP_EQUAL:
        return strcmp(value, expression->value) == 0;
    case OP_NOT_EQUAL:
        return strcmp(value, expression->value) != 0;
    case OP_MATCHES:
        return pattern_matches(expression->pattern, value);
    case OP_LESS:
    case OP_AT_MOST:
    case OP_MORE:
    case OP_AT_LEAST:
        break;
    }
    uint64_t number = 0;
    return text_parse_u64(&number, slice_of_string(value), UINT64_MAX) &&
           compare(number, expression->comparison, expression->number);
}

// A value for a person to see; a long one is cut between two characters.
static void put_start(struct buf *out, struct slice value) {
    size_t len = value.len;
    if (len > FOUND_VALUE_BYTES) {
        len = FOUND_VALUE_BYTES;
        while (len > 0 && (value.data[len] & 0xC0) == 0x80) {
            len--;
        }
    }
    buf_put(out, slice_sub(value, 0, len));
    buf_put_string(out, len < value.len ? "\xE2\x80\xA6" : "");
}

static void remember(struct expression_tally *tally, const char *value) {
    tally->found.max = FOUND_BYTES;
    tally->found_count++;
    if (tally->found_count <= FOUND_MAX) {
        buf_put_string(&tally->found, tally->found_count > 1 ? ", " : "");
        put_start(&tally->found, slice_of_string(value));
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
    for (size_t i = 0; i < message->recipient_count; i++) {
        see(unit, message->recipients[i].to);
    }
}

static void see_message(struct unit *unit, const struct record_message *message) {
    enum subject subject = unit->expression->name->subject;
    if (subject == MESSAGE_FROM) {
        see(unit, message->from);
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
    switch (unit->expression->name->subject) {
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
        see_text(unit, session->closed ? outcome_name(session->outcome) : NULL);
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
    case MESSAGE_FROM:
    case MESSAGE_TO:
    case MESSAGE_HEADER:
    case COUNT_SESSIONS:
    case COUNT_MESSAGES:
    case COUNT_ACCEPTED:
    case COUNT_RECIPIENTS:
    case COUNT_FINDINGS:
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

uint64_t expression_accepted_messages(const struct record *session) {
    uint64_t count = 0;
    for (size_t i = 0; i < session->message_count; i++) {
        count += session->messages[i].accepted ? 1 : 0;
    }
    return count;
}

static uint64_t count_recipients(const struct record *session) {
    uint64_t count = 0;
    for (size_t i = 0; i < session->message_count; i++) {
        count += session->messages[i].recipient_count;
    }
    return count;
}

static uint64_t count_of(enum subject subject, const struct record *session) {
    switch (subject) {
    case COUNT_SESSIONS:
        return 1;
    case COUNT_MESSAGES:
        return session->message_count;
    case COUNT_ACCEPTED:
        return expression_accepted_messages(session);
    case COUNT_FINDINGS:
        return session->finding_count;
    case COUNT_RECIPIENTS:
        return count_recipients(session);
    case MESSAGE_FROM:
    case MESSAGE_TO:
    case MESSAGE_HEADER:
    case SESSION_AUTH:
    case SESSION_AUTH_OUTCOME:
    case SESSION_TLS_CLIENT:
    case SESSION_TLS_SERVER:
    case SESSION_OUTCOME:
    case SESSION_CLIENT:
    case SESSION_SERVER:
    case SESSION_PORT:
        break;
    }
    return 0;
}

void expression_ask(struct expression_tally *tally, const struct expression *expression,
                    const struct record *session) {
    if (expression->name->kind == VALUE_COUNT) {
        uint64_t count = count_of(expression->name->subject, session);
        tally->sum += count;
        tally->asked++;
        tally->matching += compare(count, expression->comparison, expression->number) ? 1 : 0;
    } else if (expression->name->of_message) {
        for (size_t i = 0; i < session->message_count; i++) {
            ask_unit(tally, expression, session, &session->messages[i]);
        }
    } else {
        ask_unit(tally, expression, session, NULL);
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
        if (tally->found_count > FOUND_MAX) {
            buf_putf(out, " and %zu more", tally->found_count - FOUND_MAX);
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
