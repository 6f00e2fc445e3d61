// SPDX-License-Identifier: MIT
// reader_made_up: the order of a session whose document has no timeline, in causal order: by
// exchange, with what it brought about behind it, the message in front of its answer.
#include "output/reader_timeline.h"

#include <string.h>

static bool is_verb(const cJSON *exchange, const char *verb) {
    const char *is = json_get_string(json_get(exchange, "command"), "verb");
    return is != NULL && strcmp(is, verb) == 0;
}

static int64_t reply_us(const cJSON *exchange) {
    int64_t at_us = json_us(json_get(json_get(exchange, "reply"), "at_ms"));
    return at_us;
}

static void add_both_tls(struct json_index *index, const char *how, int64_t at_us) {
    static const char *const sides[] = {"server", "client"};
    for (size_t i = 0; i < 2; i++) {
        const cJSON *tls = json_get(json_get(index->object, "tls"), sides[i]);
        const char *is = json_get_string(tls, "how");
        if (is != NULL && strcmp(is, how) == 0) {
            timeline_add_tls(index, sides[i], NULL, at_us);
        }
    }
}

static void add_findings_of(struct json_index *index, const cJSON *n) {
    for (size_t i = 0; i < index->findings.count; i++) {
        const cJSON *exchange = json_get(index->findings.nodes[i], "exchange");
        bool same = n == NULL ? exchange == NULL
                              : cJSON_IsNumber(exchange) && exchange->valuedouble == n->valuedouble;
        if (same) {
            timeline_add_event(index, EVENT_FINDING, index->findings.nodes[i], index->last_us);
        }
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

static void make_up_exchange(struct json_index *index, const cJSON *exchange, bool *auth,
                             size_t told[2]) {
    bool answers_message =
        json_get(exchange, "final_reply") != NULL || json_get(exchange, "final_replies") != NULL;
    bool last_chunk = is_last_chunk(exchange);
    bool message = (answers_message || last_chunk) && told[1] < index->messages.count;
    timeline_add_command(index, exchange);
    if (message && last_chunk) {
        timeline_add_event(index, EVENT_MESSAGE, index->messages.nodes[told[1]++],
                           reply_us(exchange));
    }
    timeline_add_reply(index, exchange);
    if (ends_auth(exchange, auth) && told[0] < index->auths.count) {
        timeline_add_event(index, EVENT_AUTH, index->auths.nodes[told[0]++], index->last_us);
    }
    if (is_verb(exchange, "STARTTLS")) {
        add_both_tls(index, "starttls", index->last_us);
    }
    if (message && !last_chunk) {
        timeline_add_event(index, EVENT_MESSAGE, index->messages.nodes[told[1]++], index->last_us);
        while (timeline_add_final(index, exchange)) {
        }
    }
    add_findings_of(index, json_get(exchange, "n"));
}

void timeline_make_up(struct json_index *index) {
    bool auth = false;
    size_t told[2] = {0, 0}; // auths, messages
    timeline_add_event(index, EVENT_CONNECT, index->object, 0);
    add_both_tls(index, "implicit", 0);
    for (size_t i = 0; i < index->exchanges.count; i++) {
        make_up_exchange(index, index->exchanges.nodes[i], &auth, told);
    }
    while (told[1] < index->messages.count) {
        timeline_add_event(index, EVENT_MESSAGE, index->messages.nodes[told[1]++], index->last_us);
    }
    add_findings_of(index, NULL);
    timeline_add_close(index, NULL, json_us(json_get(index->object, "duration_ms")));
}
