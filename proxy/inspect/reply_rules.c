// SPDX-License-Identifier: MIT
// The form of the server's replies (RFC 5321 4.2, 4.3.2, RFC 2034) and their pace.
#include "base/clock.h"
#include "base/limits.h"
#include "inspect/themes.h"

#include <inttypes.h>

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

// LMTP has an answer to a message for each recipient: what is odd of all is said once.
static bool is_first(struct analysis *analysis, enum rule rule, const struct event_reply *reply) {
    return !reply->final || analysis_first_of_message(analysis, rule, reply->message);
}

static bool line_is_whole(const struct event_reply_line *line) {
    return line->line.ending != ENDING_NONE;
}

// A line of several may hold a part of a secret that goes over them.
static struct quote quote_of_line(const struct analysis *analysis, const struct event_line *line) {
    bool part = analysis->now->reply.line_count > 1 && analysis->facts.credentials_seen;
    return part ? quote_literal("(not shown)") : quote_of(analysis, line->text);
}

static bool first_digit_is_odd(int code) {
    return code < 200 || code > 599;
}

static bool code_is_clear(const struct event_reply *reply) {
    for (size_t i = 0; i < reply->line_count; i++) {
        if (reply->lines[i].malformed || reply->lines[i].code_differs) {
            return false;
        }
    }
    return true;
}

static void judge_form(struct analysis *analysis, const struct event_reply *reply) {
    for (size_t i = 0; i < reply->line_count; i++) {
        const struct event_reply_line *line = &reply->lines[i];
        if (!line_is_whole(line)) {
            continue;
        }
        if (line->malformed && line->line.len == 0) {
            analysis_say(analysis, RULE_REPLY_MALFORMED, place_of_reply(reply),
                         "The server sent an empty line, which is no reply; clients stop at it, or "
                         "take it for the answer to their command");
            return;
        }
        if (line->malformed) {
            analysis_say(analysis, RULE_REPLY_MALFORMED, place_of_reply(reply),
                         "The server sent the line '%s', which is no reply: three digits and a "
                         "space or a hyphen must begin it",
                         quote_of_line(analysis, &line->line).text);
            return;
        }
        if (line->code_differs) {
            analysis_say(analysis, RULE_REPLY_MALFORMED, place_of_reply(reply),
                         "Line %zu of the server's reply, '%s', has another code than the first "
                         "line; all lines of one reply must have the same",
                         i + 1, quote_of_line(analysis, &line->line).text);
            return;
        }
    }
    if (!reply->incomplete && first_digit_is_odd(reply->code)) {
        analysis_say(analysis, RULE_REPLY_MALFORMED, place_of_reply(reply),
                     "The server's reply has the code %03d; the first digit must be 2, 3, 4 or 5",
                     reply->code);
    }
}

static void judge_length(struct analysis *analysis, const struct event_reply *reply) {
    size_t limit = reply->code == 334 ? LIMIT_SASL_LINE : LIMIT_REPLY_LINE;
    for (size_t i = 0; i < reply->line_count; i++) {
        const struct event_line *line = &reply->lines[i].line;
        size_t len = line->len + (line->ending == ENDING_CRLF ? 2 : line->ending == ENDING_LF);
        if (len > limit && is_first(analysis, RULE_REPLY_TOO_LONG, reply)) {
            analysis_say(analysis, RULE_REPLY_TOO_LONG, place_of_reply(reply),
                         "A line of the server's reply is %zu bytes long with its line end, where "
                         "%zu are allowed; clients may cut it",
                         len, limit);
            return;
        }
    }
}

static void judge_ending(struct analysis *analysis, const struct event_reply *reply) {
    for (size_t i = 0; i < reply->line_count; i++) {
        const struct event_line *line = &reply->lines[i].line;
        if (line->ending == ENDING_NONE && !reply->incomplete) {
            analysis_say(analysis, RULE_REPLY_BARE_LF, place_of_reply(reply),
                         "The server's line '%s' has no line end: the server ended its stream "
                         "there; a line ends in CR LF",
                         quote_of_line(analysis, line).text);
            return;
        }
        if (line->ending == ENDING_LF && is_first(analysis, RULE_REPLY_BARE_LF, reply)) {
            analysis_say(analysis, RULE_REPLY_BARE_LF, place_of_reply(reply),
                         "The server's line '%s' ends in a bare LF; a line ends in CR LF",
                         quote_of_line(analysis, line).text);
            return;
        }
    }
}

// ── codes ───────────────────────────────────────────────────────────────────────────────────────

// Of what is no reply to a command; 0 ends a row. A row without a code is not judged.
static const short listed_for_greeting[VERB_CODES_MAX] = {220};
static const short listed_for_message[VERB_CODES_MAX] = {250};

static const short *codes_for(const struct event_reply *reply) {
    if (reply->to == 0) {
        return listed_for_greeting;
    }
    if (reply->final) {
        return listed_for_message;
    }
    return verb_info(reply->continuation_reply ? VERB_AUTH : reply->verb)->codes;
}

static const char *name_for(const struct event_reply *reply) {
    if (reply->to == 0) {
        return "the connection";
    }
    if (reply->final) {
        return "the message";
    }
    if (reply->continuation_reply) {
        return "AUTH";
    }
    struct slice name = verb_info(reply->verb)->name;
    return name.len > 0 ? (const char *)name.data : "a command that is none of SMTP's own";
}

static void judge_code(struct analysis *analysis, const struct event_reply *reply) {
    if (reply->to == EVENT_NO_EXCHANGE || reply->code < 200 || reply->code > 399 ||
        !code_is_clear(reply)) {
        return;
    }
    const short *codes = codes_for(reply);
    struct buf due;
    buf_init(&due, 64);
    for (int i = 0; i < VERB_CODES_MAX && codes[i] != 0; i++) {
        if (codes[i] == reply->code) {
            buf_cleanup(&due);
            return;
        }
        buf_putf(&due, "%s%d", i == 0 ? "" : " or ", codes[i]);
    }
    struct slice text = buf_slice(&due);
    if (text.len > 0 && is_first(analysis, RULE_REPLY_CODE_ODD, reply)) {
        analysis_say(analysis, RULE_REPLY_CODE_ODD, place_of_reply(reply),
                     "The server answered %s with %d, where %.*s is due", name_for(reply),
                     reply->code, (int)text.len, (const char *)text.data);
    }
    buf_cleanup(&due);
}

static void say_contradicts(struct analysis *analysis, const struct event_reply *reply) {
    struct quote enhanced = quote_of(analysis, reply->enhanced);
    int class = reply->code / 100;
    if (class == 3) {
        analysis_say(analysis, RULE_ENHANCED_CONTRADICTS, place_of_reply(reply),
                     "The server's reply %d has the enhanced code %s; a 3xx reply has none",
                     reply->code, enhanced.text);
        return;
    }
    analysis_say(analysis, RULE_ENHANCED_CONTRADICTS, place_of_reply(reply),
                 "The server's reply %d has the enhanced code %s, whose first digit should be %d "
                 "like the reply's",
                 reply->code, enhanced.text, class);
}

static void judge_enhanced(struct analysis *analysis, const struct event_reply *reply) {
    int class = reply->code / 100;
    if (!code_is_clear(reply) || first_digit_is_odd(reply->code)) {
        return; // reply-malformed says it; which code was meant is unknown
    }
    if (reply->enhanced.len > 0) {
        if (reply->enhanced.data[0] - '0' != class &&
            is_first(analysis, RULE_ENHANCED_CONTRADICTS, reply)) {
            say_contradicts(analysis, reply);
        }
        return;
    }
    // XCLIENT is answered by a greeting once more.
    bool greets = reply->to == 0 || verb_is_hello(reply->verb) ||
                  (reply->verb == VERB_XCLIENT && reply->code == 220);
    bool due = class == 2 || class == 4 || class == 5;
    if (due && !greets && capabilities_offer(reply->current, "ENHANCEDSTATUSCODES") &&
        is_first(analysis, RULE_ENHANCED_MISSING, reply)) {
        analysis_say(analysis, RULE_ENHANCED_MISSING, place_of_reply(reply),
                     "The server offers ENHANCEDSTATUSCODES, but its reply %d has no enhanced code "
                     "like %d.0.0 in front of its text",
                     reply->code, class);
    }
}

// ── when ────────────────────────────────────────────────────────────────────────────────────────

static void judge_due(struct analysis *analysis, const struct event_reply *reply) {
    const struct facts *facts = &analysis->facts;
    // A server that says goodbye to a client that hung up answers just that.
    bool goodbye = reply->code == 421 || (reply->code == 221 && facts->client_left);
    // What it slips in before a handshake is said by starttls-injection.
    bool due = reply->to != EVENT_NO_EXCHANGE || facts->out_of_step || facts->server_injects;
    if (!due && !goodbye && reply->line_count > 0) {
        analysis_say(analysis, RULE_REPLY_UNEXPECTED, place_of_reply(reply),
                     "The server sent the reply '%s' though no command waited for one; from here "
                     "on client and server may disagree on which reply belongs to which command",
                     quote_of_line(analysis, &reply->lines[0].line).text);
    }
}

// The rest of a message, or of a chunk, was due from the client.
static bool came_early(const struct facts *facts, const struct event_reply *reply) {
    bool within_chunk = facts->text_by_bdat && facts->text_len < facts->chunk_len;
    return reply->in_text && reply->to == facts->text_exchange && (reply->final || within_chunk);
}

static void judge_pace(struct analysis *analysis, const struct event *event) {
    const struct event_reply *reply = &event->reply;
    int64_t took_ns = reply->latency_ns;
    if (reply->to == 0) {
        took_ns = event->at_ns - analysis->facts.ready_ns;
    }
    if (reply->to == EVENT_NO_EXCHANGE || took_ns <= analysis->config.slow_ns ||
        came_early(&analysis->facts, reply)) {
        return;
    }
    if (!is_first(analysis, RULE_SLOW_REPLY, reply)) {
        return;
    }
    analysis_say(analysis, RULE_SLOW_REPLY, place_of_reply(reply),
                 "The server took %" PRId64 " ms to answer %s; more than %" PRId64 " ms is slow",
                 took_ns / NS_PER_MS, name_for(reply), analysis->config.slow_ns / NS_PER_MS);
}

void reply_judge(struct analysis *analysis, const struct event *event) {
    if (event->kind != EVENT_REPLY || event->reply.by_proxy) {
        return;
    }
    const struct event_reply *reply = &event->reply;
    judge_form(analysis, reply);
    judge_length(analysis, reply);
    judge_ending(analysis, reply);
    if (!reply->incomplete) {
        judge_due(analysis, reply);
        judge_code(analysis, reply);
        judge_enhanced(analysis, reply);
        judge_pace(analysis, event);
    }
}
