// SPDX-License-Identifier: MIT
#include "fault/filter.h"

#include "base/array.h"
#include "base/limits.h"
#include "base/lines.h"
#include "base/memory.h"
#include "base/text.h"
#include "fault/pace.h"
#include "smtp/command.h"
#include "smtp/ehlo_reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// A reply that a rule waits for.
struct plan {
    int exchange; // of due.exchange: the greeting's is 0
    bool final;   // the answer to the message of this exchange
    const struct fault_rule *rule;
};

struct message_watch {
    bool under_way;
    bool bdat;
    bool cut_off;                   // by a rule: the session is over
    bool decided;                   // the rules have seen its Subject
    struct buf header;              // … until then it waits here
    size_t header_sent;             // so much of it went on
    const struct fault_rule *rule;  // for its answer; NULL for none
    const struct fault_rule *close; // after so many bytes; NULL for none
    uint64_t len;                   // bytes passed so far
};

struct fault_filter {
    const struct faults *faults;
    struct fault_session *session;
    struct filter_port port;
    int decided; // exchanges up to this one were
    bool greeting_decided;
    const struct fault_rule *kept; // answers the line that was decided last; NULL: it goes on
    bool in_auth;                  // client lines that are no commands belong to AUTH
    struct plan *plans;
    size_t plan_count;
    size_t plan_room;
    // An answer in the server's place that waits for its turn.
    const struct fault_rule *answer;
    int answer_exchange;
    bool cancels_auth; // … after which the server must leave its exchange of AUTH
    bool cancelling;   // the server's answer to that is due
    bool drops_text;   // of a chunk whose BDAT was answered here
    bool lost_server;  // it was dropped within a message
    struct message_watch message;
    struct buf reply;    // lines of a reply to act on, until it is whole
    struct pace pace[2]; // by the side that it goes to
    bool silent;         // nothing goes to the client any more
};

// ── saying so ───────────────────────────────────────────────────────────────────────────────────

static void report(struct fault_filter *filter, const struct fault_rule *rule, int exchange,
                   int64_t at_ns) {
    struct event_fault fault = fault_rule_event(rule, exchange);
    filter->port.fault(&filter->port, &fault, at_ns);
}

static void end(struct fault_filter *filter, const struct fault_rule *rule, enum filter_end how,
                int64_t at_ns) {
    char why[FAILURE_MAX];
    snprintf(why, sizeof(why), "the proxy ended the session, as --fault '%s' wants", rule->text);
    filter->port.end(&filter->port, how, why, at_ns);
}

// ── deciding ────────────────────────────────────────────────────────────────────────────────────

static void plan(struct fault_filter *filter, int exchange, bool final,
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

static void begin_message(struct message_watch *message, bool bdat) {
    if (!message->under_way) {
        message->under_way = true;
        message->bdat = bdat;
        message->cut_off = false;
        message->decided = false;
        message->rule = NULL;
        message->close = NULL;
        message->len = 0;
        message->header_sent = 0;
        buf_wipe_bytes(&message->header);
    }
}

// The Subject unfolded, as it was sent; the caller cleans `out` up.
static struct slice put_subject(struct buf *out, struct slice header) {
    bool within = false;
    buf_init(out, header.len);
    while (header.len > 0) {
        struct slice line = lines_text(lines_next(&header));
        bool folded = line.len > 0 && text_is_blank(line.data[0]);
        bool begins = slice_starts_with_nocase(line, SLICE("Subject:"));
        if (line.len == 0 || (within && !folded)) {
            break;
        }
        struct slice value = begins ? slice_from(line, sizeof("Subject:") - 1) : line;
        within = within || begins;
        if (within) {
            buf_put(out, slice_trim(value));
            buf_put_byte(out, ' ');
        }
    }
    return slice_trim(buf_slice(out));
}

static void decide_message(struct fault_filter *filter, int64_t at_ns) {
    struct message_watch *message = &filter->message;
    struct buf subject;
    struct fault_occasion occasion = {.point = FAULT_MESSAGE, .at_ns = at_ns};
    occasion.subject = put_subject(&subject, buf_slice(&message->header));
    message->rule = fault_session_decide(filter->session, &occasion);
    message->decided = true;
    if (message->rule != NULL && message->rule->action.kind == FAULT_CLOSE_AFTER) {
        message->close = message->close != NULL ? message->close : message->rule;
        message->rule = NULL;
    }
    buf_cleanup(&subject);
}

// `BDAT 0 LAST` ends a message without a byte of text.
static void decide_empty_chunk(struct fault_filter *filter, const struct filter_line *line,
                               const struct command *command) {
    struct message_watch *message = &filter->message;
    bool ends = line->verb == VERB_BDAT && command->chunk_last && command->chunk_valid &&
                command->chunk_len == 0;
    if (!ends || filter->kept != NULL) {
        return;
    }
    if (!message->decided) {
        decide_message(filter, line->at_ns);
    }
    message->under_way = false;
    if (message->rule != NULL && message->rule->action.kind == FAULT_ANSWER) {
        filter->kept = message->rule;
    } else if (message->rule != NULL) {
        plan(filter, line->exchange, true, message->rule);
    }
}

// What a rule says of a command, or of a line of AUTH, is decided once, however often it is judged.
static void decide_line(struct fault_filter *filter, const struct filter_line *line) {
    struct command command;
    command_parse(&command, lines_text(line->bytes));
    bool sasl = line->kind == FILTER_OPAQUE;
    const struct fault_rule *rule =
        fault_session_decide(filter->session, &(struct fault_occasion){
                                                  .point = FAULT_COMMAND,
                                                  .verb = sasl ? SLICE("AUTH") : command.name,
                                                  .subject = sasl ? SLICE("") : command.argument,
                                                  .at_ns = line->at_ns,
                                              });
    filter->decided = line->exchange;
    filter->in_auth = sasl || line->verb == VERB_AUTH;
    filter->kept = rule != NULL && rule->action.kind == FAULT_ANSWER ? rule : NULL;
    bool begins = line->verb == VERB_DATA || line->verb == VERB_MAIL;
    filter->message.under_way = filter->message.under_way && !begins;
    if (line->verb == VERB_DATA || line->verb == VERB_BDAT) {
        begin_message(&filter->message, line->verb == VERB_BDAT);
    }
    if (rule != NULL && rule->action.kind == FAULT_CLOSE_AFTER) {
        filter->message.close = rule;
    } else if (rule != NULL && filter->kept == NULL) {
        plan(filter, line->exchange, false, rule);
    }
    decide_empty_chunk(filter, line, &command);
}

static void decide_greeting(struct fault_filter *filter, const struct filter_line *line) {
    filter->greeting_decided = true;
    const struct fault_rule *rule = fault_session_decide(
        filter->session, &(struct fault_occasion){.point = FAULT_GREETING, .at_ns = line->at_ns});
    if (rule != NULL) {
        plan(filter, line->due.exchange, false, rule);
    }
}

// ── judging ─────────────────────────────────────────────────────────────────────────────────────

// Whether a line, or the first bytes of one, may be an occasion of a rule; else it need not wait.
static bool concerns(const struct fault_filter *filter, const struct filter_line *line) {
    bool login = filter->in_auth && faults_concern(filter->faults, SLICE("AUTH"), NULL);
    if (login || faults_have_point(filter->faults, FAULT_MESSAGE)) {
        return true;
    }
    struct slice text = lines_text(line->bytes);
    bool cr = text.len > 0 && text.data[text.len - 1] == '\r'; // the first byte of its end
    text.len -= cr ? 1 : 0;
    struct command command;
    command_parse(&command, text);
    return faults_concern(filter->faults, command.name, line->whole ? &command.argument : NULL);
}

static bool watches_text(const struct fault_filter *filter) {
    return filter->message.close != NULL || faults_have_point(filter->faults, FAULT_MESSAGE);
}

static enum filter_verdict judge_text(const struct fault_filter *filter,
                                      const struct filter_line *line) {
    if (watches_text(filter) && line->may_be_last && !line->last) {
        return FILTER_MORE; // the start of a line that may end the text
    }
    bool paced = filter->pace[SIDE_SERVER].rate > 0;
    return watches_text(filter) || filter->drops_text || paced ? FILTER_TAKE : FILTER_PASS;
}

static enum filter_verdict judge_client(struct fault_filter *filter,
                                        const struct filter_line *line) {
    bool dropped = filter->drops_text && line->kind == FILTER_TEXT;
    // A line must not be answered before what came before it.
    bool waits = (filter->answer != NULL || filter->cancelling) && !dropped;
    if (waits || pace_is_full(&filter->pace[SIDE_SERVER])) {
        return FILTER_HOLD;
    }
    if (line->kind == FILTER_TEXT) {
        return judge_text(filter, line);
    }
    bool paced = filter->pace[SIDE_SERVER].rate > 0;
    bool waiting_matters = paced || filter->lost_server || concerns(filter, line);
    if (line->kind == FILTER_UNDECIDED && waiting_matters) {
        return FILTER_HOLD;
    }
    if (!line->whole) {
        return waiting_matters ? FILTER_MORE : FILTER_PASS;
    }
    if (line->kind == FILTER_UNDECIDED) {
        return FILTER_PASS;
    }
    bool is_occasion = line->kind == FILTER_COMMAND || filter->in_auth;
    if (is_occasion && line->exchange > filter->decided && !filter->lost_server) {
        decide_line(filter, line);
    }
    return filter->kept != NULL || paced || filter->lost_server ? FILTER_TAKE : FILTER_PASS;
}

static void announce_edit(struct fault_filter *filter, const struct fault_rule *rule) {
    if (rule != NULL && rule->action.kind == FAULT_STRIP) {
        filter->port.edit_offer(&filter->port, &(struct offer_edit){.strip = rule->action.text});
    } else if (rule != NULL && rule->action.kind == FAULT_ADD) {
        filter->port.edit_offer(&filter->port, &(struct offer_edit){.add = rule->action.text});
    }
}

static enum filter_verdict judge_server(struct fault_filter *filter,
                                        const struct filter_line *line) {
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
        return FILTER_MORE; // The code is part of what tells what is answered.
    }
    bool under_way = buf_len(&filter->reply) > 0;
    announce_edit(filter, planned(filter, &line->due));
    return waits || under_way || planned(filter, &line->due) != NULL ? FILTER_TAKE : FILTER_PASS;
}

static enum filter_verdict judge(void *self, const struct filter_line *line) {
    return line->from == SIDE_CLIENT ? judge_client(self, line) : judge_server(self, line);
}

// ── what goes on ────────────────────────────────────────────────────────────────────────────────

static void release(struct fault_filter *filter, enum side to, int64_t at_ns) {
    struct slice bytes = pace_next(&filter->pace[to], at_ns);
    while (bytes.len > 0) {
        filter->port.send(&filter->port, to, bytes);
        bytes = pace_next(&filter->pace[to], at_ns);
    }
}

// A line, or text, that was taken goes on after all.
static void pass_on(struct fault_filter *filter, const struct filter_line *line, int64_t at_ns) {
    enum side to = side_other(line->from);
    if (!filter->port.offer(&filter->port, line, at_ns)) {
        pace_put(&filter->pace[to], line->bytes, at_ns, 0);
        release(filter, to, at_ns);
    }
}

static void pace_line(struct fault_filter *filter, const char *line, int64_t at_ns) {
    pace_put(&filter->pace[SIDE_CLIENT], slice_of_string(line), at_ns, 0);
    pace_put(&filter->pace[SIDE_CLIENT], SLICE("\r\n"), at_ns, 0);
    release(filter, SIDE_CLIENT, at_ns);
}

// A line of the proxy's own, after what waits.
static void put_line(struct fault_filter *filter, const char *line, int64_t at_ns) {
    if (filter->silent) {
        return;
    }
    filter->port.record_reply(&filter->port, line, at_ns);
    pace_line(filter, line, at_ns);
}

// The start of a reply that will not be whole, or is too long to be kept.
static void let_go_of_reply(struct fault_filter *filter, int64_t at_ns) {
    pace_put(&filter->pace[SIDE_CLIENT], buf_slice(&filter->reply), at_ns, 0);
    buf_clear(&filter->reply);
}

// ── answers in the server's place ───────────────────────────────────────────────────────────────

static void begin_answer(struct fault_filter *filter, const struct fault_rule *rule,
                         const struct filter_line *line, int64_t at_ns) {
    filter->answer = rule;
    filter->answer_exchange = line->exchange;
    filter->drops_text = line->verb == VERB_BDAT;
    filter->cancels_auth = line->kind == FILTER_OPAQUE;
    filter->in_auth = false; // the server knows of none, or of none any more
    report(filter, rule, line->exchange, at_ns);
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
    // LMTP has an answer for each recipient of a message (RFC 2033 4.2).
    do {
        put_line(filter, rule->action.text, at_ns);
    } while (is_answers_turn(filter));
    filter->port.held_was_early(&filter->port);
    filter->answer = NULL;
    if (filter->cancels_auth) {
        filter->cancels_auth = false;
        cancel_auth(filter, at_ns);
    }
}

// ── message text ────────────────────────────────────────────────────────────────────────────────

// Text goes on, up to the byte that is the last one if a rule says so.
static void send_text(struct fault_filter *filter, struct slice text, int exchange, int64_t at_ns) {
    struct message_watch *message = &filter->message;
    const struct fault_rule *close = message->close;
    if (message->cut_off) {
        return;
    }
    bool closes = close != NULL && message->len + text.len >= close->action.count;
    if (closes) {
        text = slice_sub(text, 0, (size_t)(close->action.count - message->len));
    }
    message->len += text.len;
    pace_put(&filter->pace[SIDE_SERVER], text, at_ns, 0);
    release(filter, SIDE_SERVER, at_ns);
    message->cut_off = closes;
    if (closes) {
        report(filter, close, exchange, at_ns);
        end(filter, close, FILTER_END_FIN, at_ns);
    }
}

static bool header_is_over(const struct message_watch *message) {
    struct slice header = buf_slice(&message->header);
    return slice_find(header, SLICE("\r\n\r\n")) != SLICE_NONE ||
           slice_starts_with(header, SLICE("\r\n")) || buf_room(&message->header) == 0;
}

// What waits of the header goes on.
static void send_header(struct fault_filter *filter, int exchange, int64_t at_ns) {
    struct message_watch *message = &filter->message;
    struct slice waiting = slice_from(buf_slice(&message->header), message->header_sent);
    message->header_sent += waiting.len;
    send_text(filter, waiting, exchange, at_ns);
}

// The header waits here until the rules have seen the Subject; not longer than a chunk, whose
// answer the client may wait for.
static void take_header(struct fault_filter *filter, const struct filter_line *line,
                        int64_t at_ns) {
    struct message_watch *message = &filter->message;
    struct slice text = line->last ? SLICE("") : line->bytes;
    struct slice rest = slice_from(text, buf_append_some(&message->header, text));
    bool chunk_is_over = filter->port.text_left(&filter->port) == 0;
    bool decides = line->last || header_is_over(message) ||
                   !faults_have_pattern(filter->faults, FAULT_MESSAGE);
    if (decides) {
        decide_message(filter, at_ns);
    }
    if (decides || chunk_is_over) {
        send_header(filter, line->exchange, at_ns);
        send_text(filter, rest, line->exchange, at_ns);
    }
}

static void lose_server(struct fault_filter *filter, int64_t at_ns) {
    filter->lost_server = true;
    filter->port.drop_server(&filter->port, at_ns);
}

// The server has not had the end of the message, so it does not take it (RFC 5321 4.1.1.4). Of a
// chunk that is its last byte.
static void refuse_message(struct fault_filter *filter, const struct filter_line *line,
                           int64_t at_ns) {
    if (filter->message.bdat && line->bytes.len > 0) {
        struct slice text = slice_sub(line->bytes, 0, line->bytes.len - 1);
        send_text(filter, text, line->exchange, at_ns);
    }
    begin_answer(filter, filter->message.rule, line, at_ns);
    lose_server(filter, at_ns);
}

static void end_message(struct fault_filter *filter, const struct filter_line *line,
                        int64_t at_ns) {
    const struct fault_rule *rule = filter->message.rule;
    filter->message.under_way = false;
    if (rule != NULL && rule->action.kind == FAULT_ANSWER) {
        refuse_message(filter, line, at_ns);
        return;
    }
    if (rule != NULL) {
        plan(filter, line->exchange, true, rule);
    }
    send_text(filter, line->bytes, line->exchange, at_ns);
}

static void take_text(struct fault_filter *filter, const struct filter_line *line, int64_t at_ns) {
    struct message_watch *message = &filter->message;
    bool dropped = filter->drops_text || filter->lost_server;
    if (dropped || filter->port.offer(&filter->port, line, at_ns)) {
        return; // as of a dry run, to whose answer no rule at `message` applies
    }
    if (!message->decided) {
        take_header(filter, line, at_ns);
    } else if (!line->last) {
        send_text(filter, line->bytes, line->exchange, at_ns);
    }
    if (line->last) {
        end_message(filter, line, at_ns);
    }
}

// ── commands ────────────────────────────────────────────────────────────────────────────────────

// The session goes on without a server, as long as the client has no more than a farewell.
static void answer_alone(struct fault_filter *filter, const struct filter_line *line,
                         int64_t at_ns) {
    if (line->verb == VERB_QUIT || line->verb == VERB_RSET || line->verb == VERB_NOOP) {
        bool quits = line->verb == VERB_QUIT;
        put_line(filter, quits ? "221 2.0.0 smtpscope: bye" : "250 2.0.0 Ok", at_ns);
        if (quits) {
            filter->port.end(&filter->port, FILTER_END_FIN, NULL, at_ns);
        }
        return;
    }
    put_line(filter, "421 4.3.0 smtpscope: the connection to the server was dropped by --fault",
             at_ns);
    filter->port.end(&filter->port, FILTER_END_FIN,
                     "the proxy dropped the connection to the server, as a --fault at 'message' "
                     "wants, and the client went on",
                     at_ns);
}

static void take_command(struct fault_filter *filter, const struct filter_line *line,
                         int64_t at_ns) {
    if (filter->lost_server) {
        answer_alone(filter, line, at_ns);
    } else if (filter->kept != NULL) {
        const struct fault_rule *rule = filter->kept;
        filter->kept = NULL;
        begin_answer(filter, rule, line, at_ns);
        if (rule->point == FAULT_MESSAGE) {
            lose_server(filter, at_ns);
        }
    } else {
        pass_on(filter, line, at_ns);
    }
}

// ── replies ─────────────────────────────────────────────────────────────────────────────────────

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
        struct slice keyword = slice_split(&words, ' ');
        buf_clear(&rest);
        buf_put(&rest, buf_slice(out));
        buf_clear(out);
        ehlo_reply_take_out(out, buf_slice(&rest), keyword);
    }
    buf_cleanup(&rest);
}

static void edit_reply(struct fault_filter *filter, const struct fault_rule *rule,
                       struct slice reply, int64_t at_ns) {
    struct buf edited;
    buf_init(&edited, reply.len + LIMIT_REPLY_LINE + strlen(rule->action.text));
    put_edited(&edited, &rule->action, reply);
    if (rule->action.kind == FAULT_ADD) {
        char *line = mem_format("250-%s", rule->action.text);
        filter->port.record_substitute(&filter->port, line, at_ns);
        free(line);
    }
    pace_put(&filter->pace[SIDE_CLIENT], buf_slice(&edited), at_ns, 0);
    buf_cleanup(&edited);
}

// After such a reply the server waits for something else than a command.
static bool asks_for_more(const struct filter_line *line) {
    bool tls = line->due.verb == VERB_STARTTLS && line->reply.code / 100 == 2;
    return line->reply.code / 100 == 3 || tls;
}

static void replace(struct fault_filter *filter, const struct fault_rule *rule,
                    const struct filter_line *line, struct slice reply, int64_t at_ns) {
    bool auth = line->reply.code == 334;
    if (asks_for_more(line) && !auth) {
        pace_put(&filter->pace[SIDE_CLIENT], reply, at_ns, 0);
        return;
    }
    report(filter, rule, line->due.exchange, at_ns);
    filter->port.record_substitute(&filter->port, rule->action.text, at_ns);
    pace_line(filter, rule->action.text, at_ns);
    if (auth) {
        cancel_auth(filter, at_ns);
    }
}

static bool is_hello(enum verb verb) {
    return verb == VERB_EHLO || verb == VERB_LHLO;
}

// What the rule makes of a whole reply; `line` is its last line.
static void act(struct fault_filter *filter, const struct fault_rule *rule,
                const struct filter_line *line, struct slice reply, int64_t at_ns) {
    struct pace *pace = &filter->pace[SIDE_CLIENT];
    const struct fault_action *action = &rule->action;
    if (action->kind != FAULT_REPLACE && action->kind != FAULT_ANSWER) {
        report(filter, rule, line->due.exchange, at_ns);
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
        end(filter, rule, FILTER_END_FIN, at_ns);
        break;
    case FAULT_RESET:
        end(filter, rule, FILTER_END_RESET, at_ns);
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
        edit_reply(filter, rule, reply, at_ns);
        break;
    case FAULT_CLOSE_AFTER:
    case FAULT_ALERT:
    case FAULT_CERTIFICATE:
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
    if (edits && !(is_hello(line->due.verb) && line->reply.code / 100 == 2)) {
        pace_put(&filter->pace[SIDE_CLIENT], buf_slice(&reply), at_ns, 0);
    } else {
        act(filter, rule, line, buf_slice(&reply), at_ns);
    }
    buf_cleanup(&reply);
    forget_plans_before(filter, line->due.final ? line->due.exchange : line->due.exchange + 1);
}

static void take_reply(struct fault_filter *filter, const struct filter_line *line, int64_t at_ns) {
    const struct fault_rule *rule = planned(filter, &line->due);
    if (line->due.by_proxy && filter->cancelling) {
        filter->cancelling = !reply_line_is_last(&line->reply);
        return;
    }
    if (filter->silent) {
        return;
    }
    if (rule == NULL || buf_room(&filter->reply) < line->bytes.len) {
        let_go_of_reply(filter, at_ns);
        pace_put(&filter->pace[SIDE_CLIENT], line->bytes, at_ns, 0);
    } else {
        buf_put(&filter->reply, line->bytes);
        if (reply_line_is_last(&line->reply)) {
            act_on_reply(filter, rule, line, at_ns);
        }
    }
    release(filter, SIDE_CLIENT, at_ns);
}

// ── as a filter ─────────────────────────────────────────────────────────────────────────────────

static void take(void *self, const struct filter_line *line, int64_t at_ns) {
    struct fault_filter *filter = self;
    if (line->from == SIDE_SERVER) {
        take_reply(filter, line, at_ns);
    } else if (line->kind == FILTER_TEXT) {
        take_text(filter, line, at_ns);
    } else {
        take_command(filter, line, at_ns);
    }
}

static void progress(void *self, int64_t at_ns) {
    struct fault_filter *filter = self;
    bool chunk_is_over = !filter->drops_text || filter->port.text_left(&filter->port) == 0;
    bool waits = filter->answer != NULL && !filter->silent; // after a silence nothing is said
    if (waits && chunk_is_over && is_answers_turn(filter)) {
        filter->drops_text = false;
        give_answer(filter, at_ns);
    }
    release(filter, SIDE_CLIENT, at_ns);
    release(filter, SIDE_SERVER, at_ns);
}

static void let_go(void *self, enum side side, int64_t at_ns) {
    struct fault_filter *filter = self;
    if (side == SIDE_SERVER) {
        let_go_of_reply(filter, at_ns);
    } else if (!filter->message.decided && !filter->lost_server) {
        send_header(filter, filter->decided, at_ns);
    }
    release(filter, side_other(side), at_ns);
}

// Whatever pieces the text came in, it is cut where a rule decides, and where one closes.
static uint64_t text_max(const void *self) {
    const struct fault_filter *filter = self;
    const struct message_watch *message = &filter->message;
    if (!message->decided && faults_have_pattern(filter->faults, FAULT_MESSAGE)) {
        return FILTER_TEXT_LINE;
    }
    return message->close == NULL ? UINT64_MAX : message->close->action.count - message->len;
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
    return client_ns < server_ns ? client_ns : server_ns;
}

static void filter_free(void *self) {
    struct fault_filter *filter = self;
    free(filter->plans);
    buf_wipe(&filter->message.header);
    buf_wipe(&filter->reply);
    pace_cleanup(&filter->pace[SIDE_CLIENT]);
    pace_cleanup(&filter->pace[SIDE_SERVER]);
    free(filter);
}

struct filter fault_filter_new(struct fault_session *session, struct filter_port port) {
    static const struct filter_ops ops = {.judge = judge,
                                          .take = take,
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
    buf_init(&filter->message.header, LIMIT_HEADER_BYTES);
    buf_init(&filter->reply, LIMIT_REPLY_BYTES);
    pace_init(&filter->pace[SIDE_CLIENT]);
    pace_init(&filter->pace[SIDE_SERVER]);
    return (struct filter){&ops, filter};
}
