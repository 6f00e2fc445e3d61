// SPDX-License-Identifier: MIT
// reader_made_up: the order of a session whose document has no timeline, in causal order: by
// exchange, with what it brought about behind it, the message in front of its answer.
#include "transcript/reader_timeline.h"

#include <string.h>

// How far the telling of a session has come.
struct made_up {
    struct json_index *index;
    size_t commands; // exchanges whose command was told
    size_t auths;
    size_t messages;
    bool in_auth;
    bool tls[2]; // by place in `sides`
};

static const char *const sides[] = {"server", "client"};

static bool is_verb(const cJSON *exchange, const char *verb) {
    const char *is = json_get_string(json_get(exchange, "command"), "verb");
    return is != NULL && strcmp(is, verb) == 0;
}

static int64_t at_us(const cJSON *object) {
    return json_us(json_get(object, "at_ms"));
}

static void add_tls(struct made_up *told, size_t side, int64_t when_us) {
    if (!told->tls[side]) {
        told->tls[side] = true;
        timeline_add_tls(told->index, sides[side], NULL, when_us);
    }
}

// Both handshakes that were made in this way; of NULL, all that were not told yet.
static void add_both_tls(struct made_up *told, const char *how) {
    for (size_t i = 0; i < 2; i++) {
        const cJSON *tls = json_get(json_get(told->index->object, "tls"), sides[i]);
        const char *is = json_get_string(tls, "how");
        if (how == NULL || (is != NULL && strcmp(is, how) == 0)) {
            add_tls(told, i, told->index->last_us);
        }
    }
}

static bool same_number(const cJSON *a, const cJSON *b) {
    return cJSON_IsNumber(a) && cJSON_IsNumber(b) && a->valuedouble == b->valuedouble;
}

static void add_findings_of(struct json_index *index, const cJSON *n) {
    for (size_t i = 0; n != NULL && i < index->findings.count; i++) {
        const cJSON *finding = index->findings.nodes[i];
        if (same_number(json_get(finding, "exchange"), n)) {
            timeline_add_event(index, EVENT_FINDING, finding, index->last_us);
        }
    }
}

// Those of no exchange, or of one that the document does not hold.
static void add_other_findings(struct json_index *index) {
    for (size_t i = 0; i < index->findings.count; i++) {
        const cJSON *finding = index->findings.nodes[i];
        bool told = false;
        for (size_t k = 0; k < index->exchanges.count && !told; k++) {
            told = same_number(json_get(index->exchanges.nodes[k], "n"),
                               json_get(finding, "exchange"));
        }
        if (!told) {
            timeline_add_event(index, EVENT_FINDING, finding, index->last_us);
        }
    }
}

static void add_message(struct made_up *told, int64_t when_us) {
    const struct node_list *messages = &told->index->messages;
    timeline_add_event(told->index, EVENT_MESSAGE, messages->nodes[told->messages++], when_us);
}

static void add_auth(struct made_up *told) {
    struct json_index *index = told->index;
    if (told->auths < index->auths.count) {
        timeline_add_event(index, EVENT_AUTH, index->auths.nodes[told->auths++], index->last_us);
    }
}

// An answer 235, 4xx or 5xx to AUTH, or to a line of its exchange, ends it.
static bool ends_auth(const cJSON *exchange, bool *within) {
    uint64_t code = json_get_uint(json_get(exchange, "reply"), "code");
    *within = is_verb(exchange, "AUTH") || (*within && json_get_bool(exchange, "continuation"));
    return *within && code != 0 && code / 100 != 3;
}

static bool is_last_chunk(const cJSON *exchange) {
    const char *line = json_get_string(json_get(exchange, "command"), "line");
    return is_verb(exchange, "BDAT") && line != NULL &&
           slice_find_nocase(slice_of_string(line), SLICE("LAST")) != SLICE_NONE;
}

// The commands that came before this reply: those that did not wait for it.
static void add_commands_before(struct made_up *told, const cJSON *reply) {
    const struct node_list *exchanges = &told->index->exchanges;
    for (; reply != NULL && told->commands < exchanges->count; told->commands++) {
        const cJSON *command = json_get(exchanges->nodes[told->commands], "command");
        int64_t slack_us = json_get_bool(command, "pipelined") ? 1 : 0;
        if (command != NULL && at_us(command) >= at_us(reply) + slack_us) {
            return;
        }
        timeline_add_command(told->index, exchanges->nodes[told->commands]);
    }
}

static const cJSON *final_of(const cJSON *exchange) {
    const cJSON *one = json_get(exchange, "final_reply");
    return one != NULL ? one : cJSON_GetArrayItem(json_get(exchange, "final_replies"), 0);
}

static void make_up_exchange(struct made_up *told, const cJSON *exchange) {
    struct json_index *index = told->index;
    const cJSON *reply = json_get(exchange, "reply");
    const cJSON *final = final_of(exchange);
    bool last_chunk = is_last_chunk(exchange);
    bool message = (final != NULL || last_chunk) && told->messages < index->messages.count;
    add_commands_before(told, reply);
    if (message && last_chunk) {
        add_message(told, at_us(reply));
    }
    timeline_add_reply(index, exchange);
    if (ends_auth(exchange, &told->in_auth)) {
        add_auth(told);
    }
    if (is_verb(exchange, "STARTTLS")) {
        add_both_tls(told, "starttls");
    }
    if (message && !last_chunk) {
        add_message(told, index->last_us);
    }
    if (final != NULL) {
        add_commands_before(told, final);
        while (timeline_add_final(index, exchange)) {
        }
    }
    add_findings_of(index, json_get(exchange, "n"));
}

static const char *closed_by(const cJSON *session) {
    const char *outcome = json_get_string(session, "outcome");
    if (outcome != NULL && strcmp(outcome, "client-closed") == 0) {
        return "client";
    }
    return outcome != NULL && strcmp(outcome, "server-closed") == 0 ? "server" : NULL;
}

void timeline_make_up(struct json_index *index) {
    struct made_up told = {.index = index};
    timeline_add_event(index, EVENT_CONNECT, index->object, 0);
    add_both_tls(&told, "implicit");
    for (size_t i = 0; i < index->exchanges.count; i++) {
        const cJSON *exchange = index->exchanges.nodes[i];
        if (json_get_bool(exchange, "tls")) {
            add_both_tls(&told, NULL);
        }
        if (told.commands <= i) {
            timeline_add_command(index, exchange);
            told.commands = i + 1;
        }
        make_up_exchange(&told, exchange);
    }
    add_both_tls(&told, NULL);
    while (told.messages < index->messages.count) {
        add_message(&told, index->last_us);
    }
    while (told.auths < index->auths.count) {
        add_auth(&told);
    }
    add_other_findings(index);
    timeline_add_close(index, closed_by(index->object),
                       json_us(json_get(index->object, "duration_ms")));
}
