// SPDX-License-Identifier: MIT
#include "inspect/facts.h"

#include "base/memory.h"
#include "base/text.h"
#include "event/reply_line.h"
#include "inspect/esmtp_parameter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void facts_init(struct facts *facts) {
    *facts = (struct facts){.greeting_ordinal = EVENT_UNHEARD,
                            .hello_exchange = EVENT_NO_EXCHANGE,
                            .auth_refused = EVENT_NO_EXCHANGE,
                            .auth_cancel = EVENT_NO_EXCHANGE,
                            .text_exchange = EVENT_NO_EXCHANGE,
                            .content_exchange = EVENT_NO_EXCHANGE,
                            .stray.exchange = EVENT_NO_EXCHANGE};
}

void facts_cleanup(struct facts *facts) {
    free(facts->shown_faults);
    free(facts->put_in.rule);
}

// ── commands ────────────────────────────────────────────────────────────────────────────────────

bool facts_heard(unsigned ordinal, const struct event_command *command) {
    return command->heard >= ordinal;
}

bool facts_server_speaks_lmtp(const struct facts *facts) {
    return facts->greeting_lmtp || facts->lhlo_accepted;
}

bool facts_recipient_accepted(const struct facts *facts) {
    return facts->accepted_rcpt > facts->text_mail;
}

bool facts_is_telnet(const struct event_command *command) {
    enum { IAC = 255, WILL = 251 };
    struct slice text = command->line.text;
    return text.len >= 2 && text.data[0] == IAC && text.data[1] >= WILL && text.data[1] < IAC;
}

bool facts_ends_in_cr(const struct event_line *line) {
    struct slice text = line->text;
    return line->ending == ENDING_NONE && text.len > 0 && text.len == line->len &&
           text.data[text.len - 1] == '\r';
}

static bool mechanism_is_one_round(struct slice mechanism) {
    return slice_is_nocase(mechanism, "PLAIN") || slice_is_nocase(mechanism, "EXTERNAL") ||
           slice_is_nocase(mechanism, "ANONYMOUS");
}

static uint64_t limit_of_size(const struct capabilities *offered) {
    const struct capability *size = capabilities_find(offered, "SIZE");
    uint64_t limit = 0;
    if (size == NULL || !text_parse_u64(&limit, slice_trim(size->parameters), UINT64_MAX)) {
        return 0;
    }
    return limit;
}

static void learn_mail(struct facts *facts, const struct event_command *event) {
    enum transaction_state state = facts->transaction.state;
    bool inside = state == TRANSACTION_OPEN || state == TRANSACTION_ASKED;
    struct transaction *transaction = inside ? &facts->second : &facts->transaction;
    struct event_parameter size;
    struct event_parameter body;
    *transaction = (struct transaction){.state = TRANSACTION_ASKED,
                                        .mail_exchange = event->exchange,
                                        .size_limit = limit_of_size(event->offered)};
    transaction->binary = command_parameter(&body, &event->command, "BODY") &&
                          slice_is_nocase(body.value, "BINARYMIME");
    transaction->smtputf8 = command_has_parameter(&event->command, "SMTPUTF8");
    transaction->path_8bit = event->line.has_8bit;
    facts->ended_by = VERB_NONE;
    transaction->has_size = command_parameter(&size, &event->command, "SIZE") &&
                            text_parse_u64(&transaction->size, size.value, UINT64_MAX);
    transaction->size_said = transaction->has_size && transaction->size_limit > 0 &&
                             transaction->size > transaction->size_limit;
}

static void end_transaction(struct facts *facts, enum verb by) {
    if (facts->transaction.state != TRANSACTION_NONE) {
        facts->ended_by = by;
    }
    facts->transaction = (struct transaction){.state = TRANSACTION_NONE};
}

// RFC 4468 3.3: BURL LAST ends the message as BDAT LAST does.
static void learn_undo(struct facts *facts, const struct event_command *event) {
    facts->undo_exchange = event->exchange;
    facts->undone = facts->transaction;
    end_transaction(facts, event->command.verb);
}

static void learn_hello(struct facts *facts, const struct event_command *event) {
    facts->ehlo_tried |= verb_is_ehlo(event->command.verb);
    if (facts->hello_exchange == EVENT_NO_EXCHANGE) {
        facts->interrupted = facts->transaction;
    }
    facts->hello_exchange = event->exchange;
    end_transaction(facts, event->command.verb);
}

static void learn_auth(struct facts *facts, const struct event_command *event) {
    facts->credentials_seen = true;
    facts->auth_exchange = event->exchange;
    facts->auth_heard = event->heard;
}

static void learn_text(struct facts *facts, const struct event_command *event) {
    bool bdat = event->command.verb == VERB_BDAT;
    bool chunk = bdat && event->command.chunk_valid;
    facts->text_exchange = event->exchange;
    facts->text_mail = facts->transaction.state == TRANSACTION_NONE
                           ? event->exchange
                           : facts->transaction.mail_exchange;
    facts->text_by_bdat = bdat;
    facts->transaction.bdat |= bdat;
    if (!bdat) {
        stray_expect(&facts->stray, STRAY_REFUSED, event->exchange);
    }
    facts->chunk_len = chunk ? event->command.chunk_len : 0;
    facts->text_len = chunk ? 0 : facts->text_len;
}

static void learn_verb(struct facts *facts, const struct event_command *event) {
    enum verb verb = event->command.verb;
    if (verb_is_hello(verb)) {
        learn_hello(facts, event);
    } else if (verb == VERB_MAIL) {
        learn_mail(facts, event);
    } else if (verb == VERB_RCPT) {
        facts->transaction.recipients_asked++;
        facts->transaction.path_8bit |= event->line.has_8bit;
    } else if (verb == VERB_RSET || (verb == VERB_BURL && event->command.chunk_last)) {
        learn_undo(facts, event);
    } else if (verb == VERB_STARTTLS) {
        facts->starttls_tried = true;
    } else if (verb == VERB_AUTH) {
        learn_auth(facts, event);
    } else if (verb == VERB_QUIT) {
        facts->quit_sent = true;
        facts->quit_exchange = event->exchange;
    } else if (verb == VERB_BDAT || verb == VERB_DATA) {
        learn_text(facts, event);
    }
}

// After a fault the client may have been sent something else.
enum event_challenge facts_challenge(const struct facts *facts, enum event_challenge challenge) {
    bool as_sent = facts->latest_ordinal > facts->put_in.ordinal;
    return as_sent && challenge != CHALLENGE_STRAY ? challenge : CHALLENGE_NONE;
}

static bool is_of_base64(struct slice text) {
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.data[i];
        if (!text_is_alnum(byte) && byte != '+' && byte != '/' && byte != '=') {
            return false;
        }
    }
    return text.len > 0;
}

bool facts_is_rest_of_response(const struct facts *facts, const struct event_command *command) {
    return command->concealed && !command->continuation &&
           facts->auth_refused != EVENT_NO_EXCHANGE && is_of_base64(command->line.text);
}

bool facts_is_stray_text(const struct facts *facts, const struct event_command *command) {
    return stray_cause_of(&facts->stray, command) != STRAY_NONE;
}

static bool parameters_are_offered(const struct event_command *command) {
    struct slice rest = command->command.parameters;
    struct event_parameter parameter;
    while (command_next_parameter(&parameter, &rest)) {
        const struct parameter_info *info =
            parameter_find(command->command.verb, parameter.keyword);
        if (info == NULL ||
            !capabilities_offer(command->offered, parameter_extension(info, parameter.value))) {
            return false;
        }
    }
    return !slice_is_null(command->command.parameters);
}

// A path that cannot be read may have parameters after it.
static bool is_bare(const struct command *command) {
    bool path = command->verb == VERB_MAIL || command->verb == VERB_RCPT;
    return path ? slice_is_null(command->parameters) &&
                      slice_ends_with_nocase(command->argument, SLICE(">"))
                : slice_is_null(command->argument);
}

static void learn_command(struct facts *facts, const struct event *event) {
    const struct event_command *command = &event->command;
    if (command->by_proxy) {
        return;
    }
    facts->credentials_seen |= command->concealed || command->line.secret_count > 0;
    enum verb verb = command->command.verb;
    facts->tried |=
        !verb_is_hello(verb) && verb != VERB_QUIT && verb != VERB_STARTTLS && verb != VERB_NOOP;
    facts->hello_last &= verb == VERB_QUIT;
    bool first_answer = !slice_is_null(command->command.initial);
    facts->last = (struct last_command){
        .verb = verb,
        .exchange = command->exchange,
        .continuation = command->continuation,
        .mechanism = command->command.mechanism.len > 0,
        .first_answer = first_answer,
        .parameters = parameters_are_offered(command),
        .bare = is_bare(&command->command),
        .idle_ns = event->at_ns - facts->latest_ns,
        .one_round_auth = first_answer && mechanism_is_one_round(command->command.mechanism)};
    // A server that takes CR for the end of a line answers lines that are none here.
    facts->out_of_step |= command->begun && facts_ends_in_cr(&command->line);
    bool stray = facts_is_stray_text(facts, command);
    stray_learn(&facts->stray, command);
    if (stray) {
        return;
    }
    facts->no_check_said |= facts->tls_shown_bad && verb != VERB_QUIT;
    facts->ehlo_due &= verb == VERB_NOOP;
    facts->auth_refused = command->concealed ? facts->auth_refused : EVENT_NO_EXCHANGE;
    if (command->continuation && slice_is(command->line.text, "*")) {
        facts->auth_cancel = command->exchange;
        facts->auth_cancel_late = command->answers == CHALLENGE_REFUSES;
    }
    if (!command->continuation) {
        learn_verb(facts, command);
    }
}

void facts_learn_half_line(struct facts *facts, const struct event_command *command) {
    facts->half_line = true;
    facts->half_line_quit = !command->continuation && command->command.verb == VERB_QUIT;
    facts->half_line_cr = facts_ends_in_cr(&command->line);
    facts->last.exchange = command->exchange;
}

// ── replies ─────────────────────────────────────────────────────────────────────────────────────

static bool accepts(const struct event_reply *reply) {
    return reply_code_is_positive(reply->code);
}

// `220 **********0*2******0***`: what a firewall leaves of a greeting.
static bool is_blanked(struct slice text) {
    size_t stars = 0;
    for (size_t i = 0; i < text.len; i++) {
        stars += text.data[i] == '*';
        if (text.data[i] != '*' && text.data[i] != ' ' && !text_is_digit(text.data[i])) {
            return false;
        }
    }
    enum { STARS_MIN = 4 };
    return stars >= STARS_MIN;
}

static bool is_of_name(struct slice text, size_t at) {
    return at < text.len && (text_is_alnum(text.data[at]) || text.data[at] == '-');
}

// As a word of its own: in `lmtp.example.com` and `filmtp` it is a part of a name.
static bool says_lmtp(struct slice text) {
    static const struct slice lmtp = SLICE_INIT("LMTP");
    for (size_t at = 0; at + lmtp.len <= text.len; at++) {
        size_t end = at + lmtp.len;
        bool before = at > 0 && (is_of_name(text, at - 1) || text.data[at - 1] == '.');
        bool dot = end < text.len && text.data[end] == '.';
        bool after = is_of_name(text, end) || (dot && is_of_name(text, end + 1));
        if (!before && !after && slice_equal_nocase(slice_sub(text, at, lmtp.len), lmtp)) {
            return true;
        }
    }
    return false;
}

static void learn_greeting(struct facts *facts, const struct event_reply *reply) {
    facts->greeting_lines = false;
    facts->greeting_ordinal = reply->ordinal;
    facts->greeting_blanked = reply->line_count > 0 && is_blanked(reply->lines[0].text);
    for (size_t i = 0; i < reply->line_count && !reply->by_proxy; i++) {
        facts->greeting_lmtp |= says_lmtp(reply->lines[i].text);
    }
}

// What is left of a transaction whose message was refused the RFC does not say.
static void make_unclear(struct transaction *transaction) {
    if (transaction->state != TRANSACTION_NONE) {
        transaction->state = TRANSACTION_UNCLEAR;
    }
}

// What MAIL was answered while it was suspended is not known.
static void resume(struct facts *facts, const struct transaction *transaction) {
    if (transaction->state != TRANSACTION_NONE) {
        facts->transaction = *transaction;
        facts->ended_by = VERB_NONE;
    }
    if (transaction->state == TRANSACTION_ASKED) {
        make_unclear(&facts->transaction);
    }
}

// A RSET that is refused has undone nothing. What was sent after it the server may see either way.
static void learn_undo_reply(struct facts *facts, const struct event_reply *reply) {
    if (accepts(reply) || facts->transaction.state != TRANSACTION_NONE) {
        return;
    }
    resume(facts, &facts->undone);
    if (reply->verb != VERB_RSET || facts->last.exchange != reply->to) {
        make_unclear(&facts->transaction);
    }
}

// RFC 5321 4.1.1.1: after a refusal the server is in the state that it was in before.
static void learn_hello_reply(struct facts *facts, const struct event_reply *reply) {
    facts->hello_accepted |= accepts(reply);
    facts->lhlo_accepted |= accepts(reply) && reply->verb == VERB_LHLO;
    facts->hello_exchange = EVENT_NO_EXCHANGE;
    if (!accepts(reply) && facts->transaction.state == TRANSACTION_NONE) {
        resume(facts, &facts->interrupted);
    }
    facts->interrupted = (struct transaction){.state = TRANSACTION_NONE};
}

static void learn_mail_reply(struct facts *facts, const struct event_reply *reply) {
    struct transaction *transaction = &facts->transaction;
    if (reply->to == transaction->mail_exchange && transaction->state == TRANSACTION_ASKED) {
        transaction->state = accepts(reply) ? TRANSACTION_OPEN : TRANSACTION_NONE;
    } else if (reply->to == facts->second.mail_exchange && accepts(reply) &&
               (transaction->state == TRANSACTION_OPEN ||
                transaction->state == TRANSACTION_UNCLEAR)) {
        *transaction = facts->second;
        transaction->state = TRANSACTION_OPEN;
    }
}

static void learn_rcpt_reply(struct transaction *transaction, const struct event_reply *reply) {
    if (transaction->state == TRANSACTION_NONE || reply->to < transaction->mail_exchange) {
        return; // of a transaction that is over
    }
    transaction->recipients_asked -= transaction->recipients_asked > 0;
    transaction->recipients_accepted += accepts(reply);
}

static void learn_data_reply(struct facts *facts, const struct event_reply *reply) {
    if (reply->code == 354) {
        facts->last.answered |= facts->last.exchange == reply->to;
        if (facts->content_exchange != reply->to) { // else its text came before this reply
            stray_forget(&facts->stray);
        }
        return;
    }
    if (facts->stray.cause != STRAY_REFUSED || facts->stray.exchange != reply->to) {
        stray_expect(&facts->stray, STRAY_REFUSED, reply->to);
    }
    make_unclear(&facts->transaction);
}

static void learn_verb_reply(struct facts *facts, const struct event_reply *reply) {
    if (reply->to == facts->hello_exchange) {
        learn_hello_reply(facts, reply);
    } else if (reply->to == facts->undo_exchange) {
        learn_undo_reply(facts, reply);
    } else if (reply->verb == VERB_MAIL) {
        learn_mail_reply(facts, reply);
    } else if (reply->verb == VERB_RCPT) {
        facts->accepted_rcpt = accepts(reply) ? reply->to : facts->accepted_rcpt;
        learn_rcpt_reply(&facts->transaction, reply);
    } else if (reply->verb == VERB_DATA && !reply->final) {
        learn_data_reply(facts, reply);
    } else if (reply->verb == VERB_BDAT && !accepts(reply)) {
        facts->refused_chunk = reply->to;
        make_unclear(&facts->transaction);
    } else if (reply->verb == VERB_STARTTLS) {
        facts->tls_due = reply->code == 220;
    }
}

static void learn_auth_reply(struct facts *facts, const struct event_reply *reply) {
    bool named = facts->last.verb == VERB_AUTH && facts->last.first_answer &&
                 facts->last.exchange == reply->to;
    if (reply->code >= 400 && (reply->continuation_reply || named)) {
        facts->auth_refused = reply->to;
    }
}

static void learn_offer(struct facts *facts, const struct capabilities *offered) {
    const struct capability *auth = capabilities_find(offered, "AUTH");
    struct slice shown =
        slice_sub(auth == NULL ? SLICE("") : auth->parameters, 0, sizeof(facts->auth_offer) - 1);
    snprintf(facts->auth_offer, sizeof(facts->auth_offer), "%.*s", (int)shown.len,
             (const char *)shown.data);
    facts->hello_last = true;
}

// The commands that follow need what it refuses.
static void learn_refusal(struct facts *facts, const struct event_reply *reply) {
    bool needed =
        verb_is_hello(reply->verb) || reply->verb == VERB_MAIL || reply->verb == VERB_RCPT;
    if (needed && !accepts(reply) && reply->ordinal != EVENT_UNHEARD) {
        facts->refusal_ordinal = reply->ordinal;
    }
}

static void learn_reply(struct facts *facts, const struct event_reply *reply) {
    if (reply->by_proxy && reply->code >= 400 && facts->put_in.rule != NULL) {
        facts->put_in.refused = true;
    }
    if (reply->incomplete) {
        return;
    }
    if (reply->code == 235 && !facts->authenticated) {
        facts->authenticated = true;
        facts->ordinal_235 = reply->ordinal;
    }
    if (reply->verb == VERB_AUTH || reply->continuation_reply) {
        learn_auth_reply(facts, reply);
    }
    if (reply->current != NULL && reply->to == facts->last.exchange && accepts(reply) &&
        reply->verb == VERB_EHLO) {
        learn_offer(facts, reply->current);
    }
    if (reply->offered != NULL) {
        facts->server_offers_starttls = capabilities_offer(reply->offered, "STARTTLS");
    }
    if (reply->final && reply->in_text && reply->code >= 400) {
        facts->refused_text = reply->message;
    }
    facts->latest_ordinal =
        reply->ordinal != EVENT_UNHEARD ? reply->ordinal : facts->latest_ordinal;
    learn_refusal(facts, reply);
    if (reply->to == 0) {
        learn_greeting(facts, reply);
    } else if (reply->to != EVENT_NO_EXCHANGE) {
        learn_verb_reply(facts, reply);
    }
}

// ── the rest ────────────────────────────────────────────────────────────────────────────────────

static void learn_client_tls(struct facts *facts, const struct event_tls *tls) {
    facts->client_tls = true;
    facts->tls_shown_bad = tls->shown_bad;
    facts->tls_shown_by_fault = tls->shown_by_fault;
    free(facts->shown_faults);
    facts->shown_faults = mem_string(tls->shown_faults);
    facts->no_check_said = false;
    facts->hello_accepted = false;
    facts->hello_forgiven = tls->starttls;
    facts->hello_exchange = EVENT_NO_EXCHANGE;
    facts->ehlo_due = tls->starttls;
    facts->authenticated = false;
    facts->last = (struct last_command){.verb = VERB_NONE};
    stray_forget(&facts->stray);
    facts->second = facts->interrupted = (struct transaction){.state = TRANSACTION_NONE};
    end_transaction(facts, VERB_STARTTLS);
}

static void learn_tls(struct facts *facts, const struct event *event) {
    const struct event_tls *tls = &event->tls;
    facts->ready_ns = event->at_ns;
    facts->server_injects = facts->tls_due = false;
    if (tls->error != NULL) {
        facts->tls_failed = true;
    } else if (tls->side == SIDE_CLIENT) {
        learn_client_tls(facts, tls);
    } else {
        facts->server_tls = true;
    }
}

static void learn_content_end(struct facts *facts, const struct event *event) {
    facts->text_message = event->content_end.message;
    facts->half_dot = event->content_end.half_dot;
    facts->text_cut = event->content_end.in_text;
    if (!event->content_end.complete) {
        facts->transaction.state = TRANSACTION_UNCLEAR;
        facts->text_cut_in_chunk = event->content_end.within_chunk;
        return;
    }
    end_transaction(facts, VERB_DATA);
    stray_expect(&facts->stray, facts->text_by_bdat ? STRAY_CHUNK : STRAY_DOT,
                 facts->text_exchange);
}

static void learn_tail(struct facts *facts, struct slice bytes) {
    enum { TAIL = sizeof(facts->text_tail) };
    if (bytes.len == 0) {
        return;
    }
    size_t kept = bytes.len < TAIL ? TAIL - bytes.len : 0;
    memmove(facts->text_tail, facts->text_tail + TAIL - kept, kept);
    memcpy(facts->text_tail + kept, bytes.data + bytes.len - (TAIL - kept), TAIL - kept);
}

static void learn_content(struct facts *facts, const struct event *event) {
    bool begins = !facts->text_by_bdat && facts->text_message != event->content.message;
    if (begins) {
        facts->text_len = 0;
        memset(facts->text_tail, 0, sizeof(facts->text_tail));
    }
    facts->text_cut = false;
    facts->text_len += event->content.bytes.len;
    facts->text_ns = event->at_ns;
    facts->text_message = event->content.message;
    facts->content_exchange = facts->text_exchange;
    learn_tail(facts, event->content.bytes);
    stray_expect(&facts->stray, facts->text_by_bdat ? STRAY_CHUNK : STRAY_NONE,
                 facts->text_exchange);
}

static void learn_flaw(struct facts *facts, const struct event_flaw *flaw) {
    facts->early_text = flaw->kind == FLAW_EARLY_TEXT ? flaw->message : facts->early_text;
    facts->server_injects |= flaw->kind == FLAW_INJECTION && flaw->side == SIDE_SERVER;
    facts->out_of_step |= flaw->kind == FLAW_SMUGGLED_ANSWER || flaw->kind == FLAW_TLS_RECORD;
}

static void learn_time(struct facts *facts, const struct event *event) {
    bool reply = event->kind == EVENT_REPLY;
    if (reply || event->kind == EVENT_COMMAND || event->kind == EVENT_CONTENT) {
        bool parting = reply && event->reply.to == EVENT_NO_EXCHANGE && event->reply.code >= 400;
        facts->latest_ns = event->at_ns;
        facts->parting_code = parting ? event->reply.code : 0;
    }
}

static void learn_fault(struct facts *facts, const struct event *event) {
    const struct event_fault *fault = &event->fault;
    facts->put_in.ordinal = facts->latest_ordinal;
    if (slice_starts_with(fault->rule, SLICE("--"))) {
        return; // another option, which puts in what was asked for and no fault
    }
    bool for_ever = fault->holds_ns == INT64_MAX;
    int64_t until_ns = for_ever ? INT64_MAX : event->at_ns + fault->holds_ns;
    if (fault->holds_ns > 0 && until_ns > facts->put_in.held_until_ns) {
        facts->put_in.held_until_ns = until_ns;
    }
    facts->put_in.changed = facts->put_in.changed || fault->holds_ns == 0 || for_ever;
    free(facts->put_in.rule);
    facts->put_in.rule = mem_string_of(fault->rule);
}

void facts_learn(struct facts *facts, const struct event *event) {
    if (event->kind == EVENT_CONNECT && !event->connect.given_up) {
        facts->connected = event->connect.connected;
        facts->connect_failed = !event->connect.connected;
        facts->ready_ns = event->at_ns;
    } else if (event->kind == EVENT_TLS) {
        learn_tls(facts, event);
    } else if (event->kind == EVENT_COMMAND) {
        learn_command(facts, event);
    } else if (event->kind == EVENT_REPLY) {
        learn_reply(facts, &event->reply);
    } else if (event->kind == EVENT_GREETING) {
        facts->greeting_lines = true;
    } else if (event->kind == EVENT_FAULT) {
        learn_fault(facts, event);
    } else if (event->kind == EVENT_CONTENT) {
        learn_content(facts, event);
    } else if (event->kind == EVENT_FLAW) {
        learn_flaw(facts, &event->flaw);
    } else if (event->kind == EVENT_CONTENT_END) {
        learn_content_end(facts, event);
    }
    learn_time(facts, event);
}

// ── the end ─────────────────────────────────────────────────────────────────────────────────────

struct end_state facts_end_state(const struct facts *facts, const struct event_progress *progress,
                                 int64_t at_ns) {
    return (struct end_state){
        .at_ns = at_ns,
        .progress = *progress,
        .held = at_ns < facts->put_in.held_until_ns,
    };
}

void facts_peer_left(struct facts *facts, enum side side, const struct event_progress *progress,
                     int64_t at_ns) {
    if (side == SIDE_CLIENT) {
        facts->client_left = true;
        facts->left = facts_end_state(facts, progress, at_ns);
    } else {
        facts->server_left = true;
        facts->left_by_quit = facts->quit_sent;
        facts->server_left_at = facts_end_state(facts, progress, at_ns);
    }
}
