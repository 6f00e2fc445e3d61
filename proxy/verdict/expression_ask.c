// SPDX-License-Identifier: MIT
#include "verdict/expression_parts.h"

#include "base/memory.h"
#include "base/text.h"

#include <cjson/cJSON.h>

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

static const cJSON *get(const cJSON *object, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

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

static void see(struct unit *unit, const cJSON *value) {
    if (cJSON_IsNumber(value)) {
        char *number = mem_format("%.0f", value->valuedouble);
        see_text(unit, number);
        free(number);
    } else {
        see_text(unit, cJSON_GetStringValue(value));
    }
}

static void see_header(struct unit *unit, const cJSON *message) {
    const cJSON *field = NULL;
    cJSON_ArrayForEach(field, get(message, "header")) {
        const char *name = cJSON_GetStringValue(get(field, "name"));
        if (slice_is_nocase(slice_of_string(name), unit->expression->header)) {
            see(unit, get(field, "value"));
        }
    }
}

static void see_auth(struct unit *unit, const cJSON *session) {
    const cJSON *auth = NULL;
    cJSON_ArrayForEach(auth, get(session, "auth")) {
        const char *outcome = cJSON_GetStringValue(get(auth, "outcome"));
        if (unit->expression->name->subject == SESSION_AUTH_OUTCOME) {
            see_text(unit, outcome);
        } else if (outcome != NULL && strcmp(outcome, "succeeded") == 0) {
            see(unit, get(auth, "mechanism"));
        }
    }
}

static void see_recipients(struct unit *unit, const cJSON *message) {
    const cJSON *recipient = NULL;
    cJSON_ArrayForEach(recipient, get(message, "recipients")) {
        see(unit, get(recipient, "to"));
    }
}

// Looks at one message, or one session, for the values of the expression's name.
static void see_unit(struct unit *unit, const cJSON *item) {
    switch (unit->expression->name->subject) {
    case MESSAGE_FROM:
        see(unit, get(item, "from"));
        break;
    case MESSAGE_TO:
        see_recipients(unit, item);
        break;
    case MESSAGE_HEADER:
        see_header(unit, item);
        break;
    case SESSION_AUTH:
    case SESSION_AUTH_OUTCOME:
        see_auth(unit, item);
        break;
    case SESSION_TLS_CLIENT:
        see(unit, get(get(get(item, "tls"), "client"), "version"));
        break;
    case SESSION_TLS_SERVER:
        see(unit, get(get(get(item, "tls"), "server"), "version"));
        break;
    case SESSION_OUTCOME:
        see(unit, get(item, "outcome"));
        break;
    case SESSION_CLIENT:
        see(unit, get(get(item, "client"), "address"));
        break;
    case SESSION_SERVER:
        see(unit, get(get(item, "server"), "host"));
        see(unit, get(get(item, "server"), "address"));
        break;
    case SESSION_PORT:
        see(unit, get(get(item, "server"), "port"));
        break;
    case COUNT_SESSIONS:
    case COUNT_MESSAGES:
    case COUNT_ACCEPTED:
    case COUNT_RECIPIENTS:
    case COUNT_FINDINGS:
        break;
    }
}

static void ask_unit(struct expression_tally *tally, const struct expression *expression,
                     const cJSON *item) {
    struct unit unit = {.expression = expression, .tally = tally};
    see_unit(&unit, item);
    // A server has two names, its host and its address: it is not X when neither of them is.
    bool all_values = expression->every || (expression->name->subject == SESSION_SERVER &&
                                            expression->comparison == OP_NOT_EQUAL);
    bool has = all_values ? unit.values > 0 && unit.matching == unit.values : unit.matching > 0;
    tally->asked++;
    tally->matching += has ? 1 : 0;
}

uint64_t expression_accepted_messages(const cJSON *session) {
    uint64_t count = 0;
    const cJSON *message = NULL;
    cJSON_ArrayForEach(message, get(session, "messages")) {
        count += cJSON_IsTrue(get(message, "accepted")) ? 1 : 0;
    }
    return count;
}

static uint64_t count_of(enum subject subject, const cJSON *session) {
    uint64_t count = 0;
    const cJSON *message = NULL;
    switch (subject) {
    case COUNT_SESSIONS:
        return 1;
    case COUNT_MESSAGES:
        return (uint64_t)cJSON_GetArraySize(get(session, "messages"));
    case COUNT_ACCEPTED:
        return expression_accepted_messages(session);
    case COUNT_FINDINGS:
        return (uint64_t)cJSON_GetArraySize(get(session, "findings"));
    case COUNT_RECIPIENTS:
        cJSON_ArrayForEach(message, get(session, "messages")) {
            count += (uint64_t)cJSON_GetArraySize(get(message, "recipients"));
        }
        return count;
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
                    const cJSON *session) {
    if (expression->name->kind == VALUE_COUNT) {
        uint64_t count = count_of(expression->name->subject, session);
        tally->sum += count;
        tally->asked++;
        tally->matching += compare(count, expression->comparison, expression->number) ? 1 : 0;
    } else if (expression->name->of_message) {
        const cJSON *message = NULL;
        cJSON_ArrayForEach(message, get(session, "messages")) {
            ask_unit(tally, expression, message);
        }
    } else {
        ask_unit(tally, expression, session);
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

bool expression_matches(const struct expression *expression, const char *session_json) {
    cJSON *session = cJSON_Parse(session_json);
    if (session == NULL) {
        return false;
    }
    struct expression_tally tally = {0};
    expression_ask(&tally, expression, session);
    bool holds = expression_holds(expression, &tally);
    expression_tally_cleanup(&tally);
    cJSON_Delete(session);
    return holds;
}
