// SPDX-License-Identifier: MIT
#include "fault/fault_filter.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/lines.h"
#include "base/memory.h"
#include "base/sentence.h"
#include "fault/filter_state.h"
#include "smtp/command_parse.h"

#include <stdlib.h>
#include <string.h>

// ── saying so ───────────────────────────────────────────────────────────────────────────────────

void fault_filter_report(struct fault_filter *filter, const struct fault_rule *rule, int exchange,
                         int64_t at_ns) {
    struct event_fault fault = fault_rule_event(rule, exchange);
    fault_session_note_acted(filter->session, rule);
    filter->port.fault(&filter->port, &fault, at_ns);
}

void fault_filter_end(struct fault_filter *filter, const struct fault_rule *rule,
                      enum filter_end how, int64_t at_ns) {
    struct buf why;
    buf_init(&why, strlen(rule->text) * 4 + FAILURE_MAX);
    buf_put_string(&why, "the proxy ended the session, as --fault '");
    sentence_put_value(&why, slice_of_string(rule->text));
    buf_put(&why, SLICE("' wants\0"));
    filter->port.end(&filter->port, how, (const char *)buf_slice(&why).data, at_ns);
    buf_cleanup(&why);
}

// ── deciding ────────────────────────────────────────────────────────────────────────────────────

// Of a login each line is an occasion, with the argument that its AUTH had.
static const struct fault_rule *rule_for(struct fault_filter *filter,
                                         const struct filter_line *line,
                                         const struct command *command) {
    filter->in_auth = line->kind == FILTER_OPAQUE || line->verb == VERB_AUTH;
    if (line->kind != FILTER_OPAQUE) {
        buf_wipe_bytes(&filter->auth);
        buf_append_some(&filter->auth, filter->in_auth ? command->argument : SLICE(""));
    }
    struct fault_occasion occasion = {
        .point = FAULT_COMMAND, .verb = command->name, .subject = command->argument};
    if (filter->in_auth) {
        occasion.verb = SLICE("AUTH");
        occasion.subject = buf_slice(&filter->auth);
    }
    occasion.at_ns = line->at_ns;
    return fault_session_decide(filter->session, &occasion);
}

// What a rule says of a command, or of a line of AUTH, is decided once, however often it is judged.
static void decide_line(struct fault_filter *filter, const struct filter_line *line) {
    struct command command;
    command_parse(&command, lines_text(line->bytes));
    const struct fault_rule *rule = rule_for(filter, line, &command);
    filter->decided = line->exchange;
    filter->kept = rule != NULL && rule->action.kind == FAULT_ANSWER ? rule : NULL;
    message_fault_begin(filter, line);
    if (rule != NULL && rule->action.kind == FAULT_CLOSE_AFTER) {
        filter->message.close = rule;
    } else if (rule != NULL && filter->kept == NULL) {
        reply_fault_plan(filter, line->exchange, false, rule);
    }
    message_fault_end_empty(filter, line);
}

// ── judging ─────────────────────────────────────────────────────────────────────────────────────

// Whether these are the first bytes of the word, or all of it.
static bool may_be(struct slice word, struct slice begun, bool whole) {
    return whole ? slice_equal_nocase(word, begun) : slice_starts_with_nocase(word, begun);
}

// Whether a command, or what begins as one, matters to the rules at `message`.
static bool concerns_message(const struct fault_filter *filter, struct slice verb, bool whole) {
    return faults_have_point(filter->faults, FAULT_MESSAGE) &&
           (may_be(SLICE("DATA"), verb, whole) || may_be(SLICE("BDAT"), verb, whole) ||
            may_be(SLICE("MAIL"), verb, whole));
}

// Whether a line, or the first bytes of one, may be an occasion of a rule; else it need not wait.
static bool concerns(const struct fault_filter *filter, const struct filter_line *line) {
    bool text = line->kind == FILTER_UNDECIDED && faults_have_point(filter->faults, FAULT_MESSAGE);
    if (text || (filter->in_auth && faults_concern(filter->faults, SLICE("AUTH"), NULL))) {
        return true;
    }
    struct slice bytes = lines_text(line->bytes);
    bool cr = bytes.len > 0 && bytes.data[bytes.len - 1] == '\r'; // the first byte of its end
    bytes.len -= cr ? 1 : 0;
    struct command command;
    command_parse(&command, bytes);
    return concerns_message(filter, command.name, line->whole) ||
           faults_concern(filter->faults, command.name, line->whole ? &command.argument : NULL);
}

// A reply that is due says what the line is: it waits for that, but not for ever.
static bool waits_for_reply(struct fault_filter *filter, const struct filter_line *line) {
    if (line->kind != FILTER_UNDECIDED) {
        filter->undecided_until_ns = INT64_MAX;
        filter->undecided_past = false;
        return false;
    }
    if (filter->undecided_until_ns == INT64_MAX) {
        filter->undecided_until_ns = line->at_ns + FAULT_UNDECIDED_NS;
    }
    return !filter->undecided_past;
}

static enum filter_verdict judge_line(struct fault_filter *filter, const struct filter_line *line) {
    bool paced = filter->pace[SIDE_SERVER].rate > 0;
    // Whether a rule may act is asked only where it makes a difference: a whole line that is known
    // for what it is does not wait.
    bool may_wait = !line->whole || line->kind == FILTER_UNDECIDED ||
                    filter->undecided_until_ns != INT64_MAX || filter->undecided_past;
    bool waiting_matters = may_wait && (paced || filter->lost_server || concerns(filter, line));
    if (waiting_matters && waits_for_reply(filter, line)) {
        return FILTER_HOLD;
    }
    if (!line->whole) {
        return waiting_matters ? FILTER_MORE : FILTER_PASS;
    }
    bool is_occasion =
        line->kind == FILTER_COMMAND || (line->kind == FILTER_OPAQUE && filter->in_auth);
    if (is_occasion && line->exchange > filter->decided && !filter->lost_server) {
        decide_line(filter, line);
    }
    bool kept = is_occasion && filter->kept != NULL;
    return kept || paced || filter->lost_server ? FILTER_TAKE : FILTER_PASS;
}

static enum filter_verdict judge_client(struct fault_filter *filter,
                                        const struct filter_line *line) {
    bool dropped = filter->drops_text && line->kind == FILTER_TEXT;
    // A line must not be answered before what came before it.
    bool waits = (filter->answer != NULL || filter->cancelling) && !dropped;
    if (waits || pace_is_full(&filter->pace[SIDE_SERVER])) {
        return FILTER_HOLD;
    }
    enum filter_verdict verdict =
        line->kind == FILTER_TEXT ? message_fault_judge(filter, line) : judge_line(filter, line);
    bool goes_on = verdict == FILTER_TAKE && !dropped && !filter->lost_server;
    if (!goes_on) {
        return verdict;
    }
    // What is taken here is offered to the next filters, which then cannot hold it any more. A line
    // of a login that one of them takes ends the session, and no rule answers it.
    enum filter_verdict next = filter->port.next_verdict(&filter->port, line);
    bool ends = line->kind == FILTER_OPAQUE && next == FILTER_TAKE;
    return next == FILTER_HOLD ? FILTER_HOLD : ends ? FILTER_PASS : verdict;
}

static enum filter_verdict judge(void *self, const struct filter_line *line) {
    return line->from == SIDE_CLIENT ? judge_client(self, line) : reply_fault_judge(self, line);
}

// ── what goes on ────────────────────────────────────────────────────────────────────────────────

void fault_filter_release(struct fault_filter *filter, enum side to, int64_t at_ns) {
    struct slice bytes = pace_next(&filter->pace[to], at_ns);
    while (bytes.len > 0) {
        filter->port.send(&filter->port, to, bytes);
        bytes = pace_next(&filter->pace[to], at_ns);
    }
}

void fault_filter_send(struct fault_filter *filter, enum side to, struct slice bytes,
                       int64_t at_ns) {
    if (pace_is_idle(&filter->pace[to], at_ns)) {
        filter->port.send(&filter->port, to, bytes); // without a copy
        return;
    }
    pace_put(&filter->pace[to], bytes, at_ns, 0);
    fault_filter_release(filter, to, at_ns);
}

// A line, or text, that was taken goes on after all.
static void pass_on(struct fault_filter *filter, const struct filter_line *line, int64_t at_ns) {
    if (!filter->port.offer(&filter->port, line, at_ns)) {
        fault_filter_send(filter, side_other(line->from), line->bytes, at_ns);
    }
}

void fault_filter_send_line(struct fault_filter *filter, const char *line, int64_t at_ns) {
    pace_put(&filter->pace[SIDE_CLIENT], slice_of_string(line), at_ns, 0);
    pace_put(&filter->pace[SIDE_CLIENT], SLICE("\r\n"), at_ns, 0);
    fault_filter_release(filter, SIDE_CLIENT, at_ns);
}

// A line of the proxy's own, after what waits.
void fault_filter_say(struct fault_filter *filter, const char *line, int64_t at_ns) {
    if (filter->silent) {
        return;
    }
    filter->port.record_reply(&filter->port, line, at_ns);
    fault_filter_send_line(filter, line, at_ns);
}

void fault_filter_lose_server(struct fault_filter *filter, int64_t at_ns) {
    filter->lost_server = true;
    filter->port.drop_server(&filter->port, at_ns);
}

// ── commands ────────────────────────────────────────────────────────────────────────────────────

// The session goes on without a server, as long as the client has no more than a farewell.
static void answer_alone(struct fault_filter *filter, const struct filter_line *line,
                         int64_t at_ns) {
    if (line->verb == VERB_QUIT || line->verb == VERB_RSET || line->verb == VERB_NOOP) {
        bool quits = line->verb == VERB_QUIT;
        fault_filter_say(filter, quits ? "221 2.0.0 smtpscope: bye" : "250 2.0.0 Ok", at_ns);
        if (quits) {
            filter->port.end(&filter->port, FILTER_END_FIN, NULL, at_ns);
        }
        return;
    }
    fault_filter_say(
        filter, "421 4.3.0 smtpscope: the connection to the server was dropped by --fault", at_ns);
    filter->port.end(&filter->port, FILTER_END_FIN,
                     "the proxy dropped the connection to the server, as a --fault at 'message' "
                     "asks, and the client continued",
                     at_ns);
}

static void take_command(struct fault_filter *filter, const struct filter_line *line,
                         int64_t at_ns) {
    if (filter->lost_server) {
        answer_alone(filter, line, at_ns);
    } else if (filter->kept != NULL) {
        const struct fault_rule *rule = filter->kept;
        filter->kept = NULL;
        if (rule->point == FAULT_MESSAGE && filter->port.offer(&filter->port, line, at_ns)) {
            reply_fault_plan(filter, line->exchange, true, rule); // on the answer to come
            return;
        }
        reply_fault_begin_answer(filter, rule, line, at_ns);
        if (rule->point == FAULT_MESSAGE) {
            fault_filter_lose_server(filter, at_ns);
        }
    } else {
        pass_on(filter, line, at_ns);
    }
}

// ── as a filter ─────────────────────────────────────────────────────────────────────────────────

static void take(void *self, const struct filter_line *line, int64_t at_ns) {
    struct fault_filter *filter = self;
    if (line->from == SIDE_SERVER) {
        reply_fault_take(filter, line, at_ns);
    } else if (line->kind == FILTER_TEXT) {
        message_fault_take(filter, line, at_ns);
    } else {
        take_command(filter, line, at_ns);
    }
}

static void progress(void *self, int64_t at_ns) {
    struct fault_filter *filter = self;
    if (at_ns >= filter->undecided_until_ns && !filter->undecided_past) {
        filter->undecided_past = true;
        filter->port.note(&filter->port,
                          "The server does not say what the client's next lines are: they are "
                          "passed on, unchecked by --fault",
                          at_ns);
    }
    message_fault_progress(filter, at_ns);
    reply_fault_progress(filter, at_ns);
    fault_filter_release(filter, SIDE_CLIENT, at_ns);
    fault_filter_release(filter, SIDE_SERVER, at_ns);
}

static void let_go(void *self, enum side side, int64_t at_ns) {
    struct fault_filter *filter = self;
    if (side == SIDE_SERVER) {
        reply_fault_let_go(filter, at_ns);
    } else {
        message_fault_let_go(filter, at_ns);
    }
    fault_filter_release(filter, side_other(side), at_ns);
}

static uint64_t text_max(const void *self) {
    return message_fault_text_max(self);
}

// The other filters' own lines keep their place, too.
static bool queue(void *self, enum side to, struct slice bytes) {
    struct fault_filter *filter = self;
    struct pace *pace = &filter->pace[to];
    if (to == SIDE_CLIENT && filter->silent) {
        return true;
    }
    bool waits = !pace_is_empty(pace) || pace->rate > 0;
    if (waits) {
        pace_put(pace, bytes, 0, 0);
    }
    return waits;
}

static bool holds(const void *self, enum side side) {
    const struct fault_filter *filter = self;
    return !pace_is_empty(&filter->pace[side_other(side)]);
}

static int64_t deadline_ns(const void *self) {
    const struct fault_filter *filter = self;
    int64_t client_ns = pace_due_ns(&filter->pace[SIDE_CLIENT]);
    int64_t server_ns = pace_due_ns(&filter->pace[SIDE_SERVER]);
    int64_t due_ns = client_ns < server_ns ? client_ns : server_ns;
    due_ns = filter->message.header_due_ns < due_ns ? filter->message.header_due_ns : due_ns;
    bool undecided = !filter->undecided_past && filter->undecided_until_ns < due_ns;
    return undecided ? filter->undecided_until_ns : due_ns;
}

static void filter_free(void *self) {
    struct fault_filter *filter = self;
    free(filter->plans);
    message_watch_cleanup(&filter->message);
    buf_wipe(&filter->auth);
    buf_wipe(&filter->reply);
    pace_cleanup(&filter->pace[SIDE_CLIENT]);
    pace_cleanup(&filter->pace[SIDE_SERVER]);
    free(filter);
}

struct filter fault_filter_new(struct fault_session *session, struct filter_port port) {
    static const struct filter_ops ops = {.judge = judge,
                                          .take = take,
                                          .in_place = reply_fault_in_place,
                                          .progress = progress,
                                          .let_go = let_go,
                                          .text_max = text_max,
                                          .queue = queue,
                                          .holds = holds,
                                          .deadline_ns = deadline_ns,
                                          .free = filter_free};
    struct fault_filter *filter = mem_new(sizeof(*filter));
    filter->faults = fault_session_rules(session);
    filter->session = session;
    filter->port = port;
    filter->decided = -1;
    message_watch_init(&filter->message);
    filter->undecided_until_ns = INT64_MAX;
    buf_init(&filter->auth, LIMIT_SASL_LINE);
    buf_init(&filter->reply, LIMIT_REPLY_BYTES);
    pace_init(&filter->pace[SIDE_CLIENT]);
    pace_init(&filter->pace[SIDE_SERVER]);
    return (struct filter){&ops, filter};
}
