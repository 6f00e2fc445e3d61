// SPDX-License-Identifier: MIT
// reply_fault: a reply that a rule waits for, and what the rule makes of it; and an answer in the
// server's place, which goes out when it is its turn.
#include "base/array.h"
#include "base/limits.h"
#include "base/memory.h"
#include "event/reply_line.h"
#include "fault/filter_state.h"
#include "smtp/ehlo_reply.h"

#include <stdlib.h>
#include <string.h>

// ── what waits for a reply ───────────────────────────────────────────────────────────────────────

void reply_fault_plan(struct fault_filter *filter, int exchange, bool final,
                      const struct fault_rule *rule) {
    filter->plans =
        array_grown(filter->plans, filter->plan_count, &filter->plan_room, sizeof(*filter->plans));
    filter->plans[filter->plan_count++] = (struct plan){exchange, final, rule};
}

static const struct fault_rule *planned(const struct fault_filter *filter,
                                        const struct dialogue_next_reply *due) {
    for (size_t i = 0; i < filter->plan_count; i++) {
        const struct plan *candidate = &filter->plans[i];
        // The last chunk has one reply, to its command and to the message.
        bool fits = candidate->final == due->final || due->verb == VERB_BDAT;
        if (candidate->exchange == due->exchange && fits) {
            return candidate->rule;
        }
    }
    return NULL;
}

// Replies come in order: what was planned for an exchange before this one is over.
static void forget_plans_before(struct fault_filter *filter, int exchange) {
    size_t kept = 0;
    for (size_t i = 0; i < filter->plan_count; i++) {
        if (filter->plans[i].exchange >= exchange) {
            filter->plans[kept++] = filter->plans[i];
        }
    }
    filter->plan_count = kept;
}

// What was planned up to this reply is over; the answer to a message may come again (LMTP).
static void forget_plans_of(struct fault_filter *filter, const struct filter_line *line) {
    forget_plans_before(filter, line->due.final ? line->due.exchange : line->due.exchange + 1);
}

static void decide_greeting(struct fault_filter *filter, const struct filter_line *line) {
    filter->greeting_decided = true;
    const struct fault_rule *rule = fault_session_decide(
        filter->session, &(struct fault_occasion){.point = FAULT_GREETING, .at_ns = line->at_ns});
    if (rule != NULL) {
        reply_fault_plan(filter, line->due.exchange, false, rule);
    }
}

static void announce_edit(struct fault_filter *filter, const struct fault_rule *rule) {
    if (rule != NULL && rule->action.kind == FAULT_STRIP) {
        filter->port.edit_offer(&filter->port, &(struct offer_edit){.strip = rule->action.text});
    } else if (rule != NULL && rule->action.kind == FAULT_ADD) {
        filter->port.edit_offer(&filter->port, &(struct offer_edit){.add = rule->action.text});
    }
}

enum filter_verdict reply_fault_judge(struct fault_filter *filter, const struct filter_line *line) {
    const struct pace *pace = &filter->pace[SIDE_CLIENT];
    if (pace_is_full(pace)) {
        return FILTER_HOLD;
    }
    if (line->due.by_proxy) {
        return !filter->cancelling ? FILTER_PASS : line->whole ? FILTER_TAKE : FILTER_MORE;
    }
    if (line->due.greeting && !filter->greeting_decided) {
        decide_greeting(filter, line);
    }
    bool waits = filter->silent || !pace_is_empty(pace) || pace->rate > 0;
    if (!waits && filter->plan_count == 0) {
        return FILTER_PASS;
    }
    if (!line->whole) {
        return FILTER_MORE; // The code helps to find what is answered.
    }
    bool under_way = buf_len(&filter->reply) > 0;
    announce_edit(filter, planned(filter, &line->due));
    return waits || under_way || planned(filter, &line->due) != NULL ? FILTER_TAKE : FILTER_PASS;
}

// The start of a reply that will not be whole, or is too long to be kept.
void reply_fault_let_go(struct fault_filter *filter, int64_t at_ns) {
    pace_put(&filter->pace[SIDE_CLIENT], buf_slice(&filter->reply), at_ns, 0);
    buf_clear(&filter->reply);
}

// ── answers in the server's place ───────────────────────────────────────────────────────────────

void reply_fault_begin_answer(struct fault_filter *filter, const struct fault_rule *rule,
                              const struct filter_line *line, int64_t at_ns) {
    filter->answer = rule;
    filter->answer_exchange = line->exchange;
    filter->drops_text = line->verb == VERB_BDAT;
    filter->cancels_auth = line->kind == FILTER_OPAQUE;
    filter->in_auth = false; // the server knows of none, or of none any more
    fault_filter_report(filter, rule, line->exchange, at_ns);
}

// A server that waits for a line of AUTH takes whatever comes for one (RFC 4954 4: `*` cancels).
static void cancel_auth(struct fault_filter *filter, int64_t at_ns) {
    filter->cancelling = true;
    filter->port.say(&filter->port, SIDE_SERVER, "*", at_ns);
}

static bool is_answers_turn(const struct fault_filter *filter) {
    return filter_port_is_turn(&filter->port, filter->answer_exchange);
}

static void give_answer(struct fault_filter *filter, int64_t at_ns) {
    const struct fault_rule *rule = filter->answer;
    filter->port.held_was_early(&filter->port);
    // LMTP has an answer for each recipient of a message (RFC 2033 4.2).
    do {
        fault_filter_say(filter, rule->action.text, at_ns);
    } while (is_answers_turn(filter));
    filter->answer = NULL;
    if (filter->cancels_auth) {
        filter->cancels_auth = false;
        cancel_auth(filter, at_ns);
    }
}

void reply_fault_progress(struct fault_filter *filter, int64_t at_ns) {
    bool chunk_is_over = !filter->drops_text || filter->port.text_left(&filter->port) == 0;
    bool waits = filter->answer != NULL && !filter->silent; // after a silence nothing is said
    if (waits && chunk_is_over && is_answers_turn(filter)) {
        filter->drops_text = false;
        give_answer(filter, at_ns);
    }
}

// ── what a rule makes of a reply ────────────────────────────────────────────────────────────────

static void put_edited(struct buf *out, const struct fault_action *action, struct slice reply) {
    if (action->kind == FAULT_ADD) {
        ehlo_reply_add(out, reply, slice_of_string(action->text));
        return;
    }
    struct slice words = slice_of_string(action->text);
    struct buf rest;
    buf_init(&rest, out->max);
    buf_put(out, reply);
    while (words.len > 0) {
        struct slice keyword = fault_word_next(&words);
        buf_clear(&rest);
        buf_put(&rest, buf_slice(out));
        buf_clear(out);
        ehlo_reply_take_out(out, buf_slice(&rest), keyword);
    }
    buf_cleanup(&rest);
}

static void edit_reply(struct fault_filter *filter, const struct fault_rule *rule,
                       const struct filter_line *line, struct slice reply, int64_t at_ns) {
    struct buf edited;
    buf_init(&edited, reply.len + LIMIT_REPLY_LINE + strlen(rule->action.text));
    put_edited(&edited, &rule->action, reply);
    if (!slice_equal(buf_slice(&edited), reply)) {
        fault_filter_report(filter, rule, line->due.exchange, at_ns);
    }
    if (rule->action.kind == FAULT_ADD) {
        bool alone = line->bytes.len == reply.len;
        char *added =
            mem_format("%03d%c%s", line->reply.code, alone ? ' ' : '-', rule->action.text);
        filter->port.record_substitute(&filter->port, added, at_ns);
        free(added);
    }
    pace_put(&filter->pace[SIDE_CLIENT], buf_slice(&edited), at_ns, 0);
    buf_cleanup(&edited);
}

// After such a reply the server waits for something else than a command.
static bool asks_for_more(const struct filter_line *line) {
    bool tls = line->due.verb == VERB_STARTTLS && reply_code_is_positive(line->reply.code);
    return line->reply.code / 100 == 3 || tls;
}

static void replace(struct fault_filter *filter, const struct fault_rule *rule,
                    const struct filter_line *line, struct slice reply, int64_t at_ns) {
    bool auth = line->reply.code == 334;
    if (asks_for_more(line) && !auth) {
        pace_put(&filter->pace[SIDE_CLIENT], reply, at_ns, 0);
        return;
    }
    fault_filter_report(filter, rule, line->due.exchange, at_ns);
    filter->port.record_substitute(&filter->port, rule->action.text, at_ns);
    fault_filter_send_line(filter, rule->action.text, at_ns);
    if (auth) {
        cancel_auth(filter, at_ns);
    }
}

// Whether the action changes this reply, whatever it says; the others report for themselves.
static bool acts_always(const struct fault_action *action, struct slice reply) {
    bool by_content = action->kind == FAULT_REPLACE || action->kind == FAULT_ANSWER ||
                      action->kind == FAULT_STRIP || action->kind == FAULT_ADD;
    bool one_segment = action->kind == FAULT_SLICE && reply.len <= action->count;
    return !by_content && !one_segment;
}

// What the rule makes of a whole reply; `line` is its last line.
static void act(struct fault_filter *filter, const struct fault_rule *rule,
                const struct filter_line *line, struct slice reply, int64_t at_ns) {
    struct pace *pace = &filter->pace[SIDE_CLIENT];
    const struct fault_action *action = &rule->action;
    if (acts_always(action, reply)) {
        fault_filter_report(filter, rule, line->due.exchange, at_ns);
    }
    switch (action->kind) {
    case FAULT_ANSWER: // of a greeting, which answers no command
    case FAULT_REPLACE:
        replace(filter, rule, line, reply, at_ns);
        break;
    case FAULT_DELAY:
        pace_put(pace, reply, at_ns + action->time_ns, 0);
        break;
    case FAULT_SILENCE:
        filter->silent = true;
        break;
    case FAULT_CLOSE:
        fault_filter_end(filter, rule, FILTER_END_FIN, at_ns);
        break;
    case FAULT_RESET:
        fault_filter_end(filter, rule, FILTER_END_RESET, at_ns);
        break;
    case FAULT_SLICE:
        pace_put(pace, reply, at_ns, action->count);
        break;
    case FAULT_RATE:
        pace_set_rate(&filter->pace[SIDE_CLIENT], action->count);
        pace_set_rate(&filter->pace[SIDE_SERVER], action->count);
        pace_put(pace, reply, at_ns, 0);
        break;
    case FAULT_STRIP:
    case FAULT_ADD:
        edit_reply(filter, rule, line, reply, at_ns);
        break;
    case FAULT_CLOSE_AFTER:
    case FAULT_ALERT:
    case FAULT_CERTIFICATE:
    case FAULT_VERSION:
    case FAULT_PLAIN:
    case FAULT_REFUSE:
    case FAULT_UNREACHABLE:
    case FAULT_ACTION_COUNT:
        break; // never planned for a reply
    }
}

static void act_on_reply(struct fault_filter *filter, const struct fault_rule *rule,
                         const struct filter_line *line, int64_t at_ns) {
    struct buf reply = filter->reply;
    buf_init(&filter->reply, reply.max);
    bool edits = rule->action.kind == FAULT_STRIP || rule->action.kind == FAULT_ADD;
    if (edits && !(verb_is_ehlo(line->due.verb) && reply_code_is_positive(line->reply.code))) {
        pace_put(&filter->pace[SIDE_CLIENT], buf_slice(&reply), at_ns, 0);
    } else {
        act(filter, rule, line, buf_slice(&reply), at_ns);
    }
    buf_cleanup(&reply);
    forget_plans_of(filter, line);
}

const char *reply_fault_in_place(void *self, const struct filter_line *line, int64_t at_ns) {
    struct fault_filter *filter = self;
    const struct fault_rule *rule = planned(filter, &line->due);
    bool says = rule != NULL && !filter->silent && buf_len(&filter->reply) == 0 &&
                (rule->action.kind == FAULT_REPLACE || rule->action.kind == FAULT_ANSWER);
    if (!says || !reply_line_is_last(&line->reply) || asks_for_more(line)) {
        return NULL;
    }
    fault_filter_report(filter, rule, line->due.exchange, at_ns);
    forget_plans_of(filter, line);
    return rule->action.text;
}

void reply_fault_take(struct fault_filter *filter, const struct filter_line *line, int64_t at_ns) {
    const struct fault_rule *rule = planned(filter, &line->due);
    if (line->due.by_proxy && filter->cancelling) {
        filter->cancelling = !reply_line_is_last(&line->reply);
        return;
    }
    if (filter->silent) {
        return;
    }
    if (rule == NULL || buf_room(&filter->reply) < line->bytes.len) {
        reply_fault_let_go(filter, at_ns);
        pace_put(&filter->pace[SIDE_CLIENT], line->bytes, at_ns, 0);
    } else {
        buf_put(&filter->reply, line->bytes);
        if (reply_line_is_last(&line->reply)) {
            act_on_reply(filter, rule, line, at_ns);
        }
    }
    fault_filter_release(filter, SIDE_CLIENT, at_ns);
}
