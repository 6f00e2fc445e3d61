// SPDX-License-Identifier: MIT
#include "inspect/facts.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

void facts_init(struct facts *facts) {
    *facts = (struct facts){.hello_exchange = EVENT_NO_EXCHANGE,
                            .text_exchange = EVENT_NO_EXCHANGE,
                            .content_exchange = EVENT_NO_EXCHANGE,
                            .refused_data = EVENT_NO_EXCHANGE};
}

void facts_cleanup(struct facts *facts) {
    free(facts->waiting.items);
    facts->waiting = (struct waiting_queue){0};
}

// ── the queue of what waits for a reply ─────────────────────────────────────────────────────────

const struct waiting *facts_waiting(const struct facts *facts) {
    const struct waiting_queue *queue = &facts->waiting;
    return queue->start == queue->end ? NULL : &queue->items[queue->start];
}

int facts_message_of(const struct facts *facts, int exchange) {
    const struct waiting_queue *queue = &facts->waiting;
    for (size_t i = queue->start; i < queue->end; i++) {
        if (queue->items[i].text && queue->items[i].exchange == exchange) {
            return queue->items[i].message;
        }
    }
    return EVENT_NO_MESSAGE;
}

static void queue_push(struct waiting_queue *queue, struct waiting item) {
    if (queue->end - queue->start >= LIMIT_PIPELINE) {
        return;
    }
    if (queue->start > 0 && queue->end == queue->capacity) {
        memmove(queue->items, queue->items + queue->start,
                (queue->end - queue->start) * sizeof(item));
        queue->end -= queue->start;
        queue->start = 0;
    }
    if (queue->end == queue->capacity) {
        queue->capacity = queue->capacity == 0 ? 16 : 2 * queue->capacity;
        queue->items = mem_resize(queue->items, queue->capacity, sizeof(item));
    }
    queue->items[queue->end++] = item;
}

static void queue_clear(struct waiting_queue *queue) {
    queue->start = queue->end = 0;
}

// Replies come in the order of the commands, so what stands before the answered one is over too.
static void queue_answer(struct waiting_queue *queue, int exchange, bool text) {
    while (queue->start < queue->end) {
        const struct waiting *item = &queue->items[queue->start];
        if (item->exchange > exchange || (item->exchange == exchange && item->text && !text)) {
            break;
        }
        queue->start++;
    }
    if (queue->start == queue->end) {
        queue_clear(queue);
    }
}

// ── commands ────────────────────────────────────────────────────────────────────────────────────

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
    struct transaction *transaction = &facts->transaction;
    if (transaction->state == TRANSACTION_OPEN || transaction->state == TRANSACTION_ASKED) {
        return; // the server will refuse it; if it does not, its reply starts a new one
    }
    const struct event_parameter *size = command_parameter(&event->command, "SIZE");
    *transaction = (struct transaction){.state = TRANSACTION_ASKED,
                                        .mail_exchange = event->exchange,
                                        .size_limit = limit_of_size(event->offered)};
    transaction->smtputf8 = command_parameter(&event->command, "SMTPUTF8") != NULL;
    transaction->has_size =
        size != NULL && text_parse_u64(&transaction->size, size->value, UINT64_MAX);
    transaction->size_said = transaction->has_size && transaction->size_limit > 0 &&
                             transaction->size > transaction->size_limit;
}

static void end_transaction(struct facts *facts) {
    facts->transaction = (struct transaction){.state = TRANSACTION_NONE};
}

static void learn_hello(struct facts *facts, const struct event_command *event) {
    facts->ehlo_tried |= event->command.verb == VERB_EHLO || event->command.verb == VERB_LHLO;
    facts->hello_exchange = event->exchange;
    end_transaction(facts);
}

static void learn_verb(struct facts *facts, const struct event_command *event) {
    enum verb verb = event->command.verb;
    if (verb == VERB_EHLO || verb == VERB_LHLO || verb == VERB_HELO) {
        learn_hello(facts, event);
    } else if (verb == VERB_MAIL) {
        learn_mail(facts, event);
    } else if (verb == VERB_RCPT) {
        facts->transaction.recipients_asked++;
    } else if (verb == VERB_RSET) {
        end_transaction(facts);
        facts->text = TEXT_NONE;
    } else if (verb == VERB_STARTTLS) {
        facts->starttls_tried = true;
    } else if (verb == VERB_AUTH) {
        facts->credentials_seen = true;
    } else if (verb == VERB_QUIT) {
        facts->quit_sent = true;
        facts->quit_exchange = event->exchange;
    } else if (verb == VERB_BDAT || verb == VERB_DATA) {
        facts->text_exchange = event->exchange;
        facts->text_by_bdat = verb == VERB_BDAT;
        facts->transaction.bdat |= verb == VERB_BDAT;
    }
}

static bool looks_like_text(const struct event_line *line) {
    struct slice text = line->text;
    size_t colon = slice_find_byte(text, ':');
    bool dot = slice_is(text, ".");
    bool field = colon != SLICE_NONE && colon > 0;
    for (size_t i = 0; field && i < colon; i++) {
        field = text.data[i] > ' ' && text.data[i] < 0x7f;
    }
    return text.len == 0 || dot || field || line->has_8bit;
}

static bool is_true_command(const struct event_command *event) {
    enum verb verb = event->command.verb;
    if (verb == VERB_MAIL || verb == VERB_RCPT) {
        return event->command.path.keyword;
    }
    return (verb == VERB_RSET || verb == VERB_QUIT || verb == VERB_DATA || verb == VERB_STARTTLS) &&
           slice_is_null(event->command.argument);
}

bool facts_is_stray_text(const struct facts *facts, const struct event_command *command) {
    if (facts->refused_data == EVENT_NO_EXCHANGE || command->continuation || command->concealed) {
        return false;
    }
    if (facts->stray_text) {
        return !is_true_command(command);
    }
    bool unknown = command->command.verb == VERB_UNKNOWN || command->command.verb == VERB_NONE;
    return unknown && looks_like_text(&command->line);
}

static void learn_stray_text(struct facts *facts, const struct event_command *event) {
    facts->stray_text = true;
    if (slice_is(event->line.text, ".")) {
        facts->stray_text = false;
        facts->refused_data = EVENT_NO_EXCHANGE;
    }
}

static void learn_command(struct facts *facts, const struct event *event) {
    const struct event_command *command = &event->command;
    if (command->by_proxy) {
        return;
    }
    facts->credentials_seen |= command->concealed || command->line.secret_count > 0;
    queue_push(&facts->waiting, (struct waiting){.exchange = command->exchange,
                                                 .verb = command->command.verb,
                                                 .message = EVENT_NO_MESSAGE,
                                                 .at_ns = event->at_ns});
    bool first_answer = !slice_is_null(command->command.initial);
    facts->last = (struct last_command){
        .verb = command->command.verb,
        .exchange = command->exchange,
        .continuation = command->continuation,
        .cancels = command->continuation && slice_is(command->line.text, "*"),
        .one_round_auth = first_answer && mechanism_is_one_round(command->command.mechanism)};
    if (facts_is_stray_text(facts, command)) {
        learn_stray_text(facts, command);
        return;
    }
    facts->refused_data = EVENT_NO_EXCHANGE;
    facts->stray_text = false;
    facts->commands_in_layer++;
    facts->no_check_said |= facts->tls_shown_bad && command->command.verb != VERB_QUIT;
    facts->ehlo_due &= command->command.verb == VERB_NOOP;
    if (!command->continuation) {
        learn_verb(facts, command);
    }
}

// ── replies ─────────────────────────────────────────────────────────────────────────────────────

static bool accepts(const struct event_reply *reply) {
    return reply->code >= 200 && reply->code < 300;
}

static void learn_greeting(struct facts *facts, const struct event_reply *reply) {
    facts->greeted = true;
    for (size_t i = 0; i < reply->line_count && !reply->by_proxy; i++) {
        facts->greeting_lmtp |=
            slice_find_nocase(reply->lines[i].text, SLICE("LMTP")) != SLICE_NONE;
    }
}

static void learn_mail_reply(struct transaction *transaction, const struct event_reply *reply) {
    if (reply->to == transaction->mail_exchange && transaction->state == TRANSACTION_ASKED) {
        transaction->state = accepts(reply) ? TRANSACTION_OPEN : TRANSACTION_NONE;
    } else if (reply->to > transaction->mail_exchange && accepts(reply) &&
               transaction->state == TRANSACTION_OPEN) {
        // A server that takes a second MAIL starts over with it.
        *transaction = (struct transaction){.state = TRANSACTION_OPEN, .mail_exchange = reply->to};
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
        facts->text = TEXT_RUNNING;
        facts->last.answered |= facts->last.exchange == reply->to;
        return;
    }
    facts->refused_data = reply->to;
    if (facts->transaction.state != TRANSACTION_NONE) {
        facts->transaction.state = TRANSACTION_UNCLEAR;
    }
}

static void learn_verb_reply(struct facts *facts, const struct event_reply *reply) {
    if (reply->to == facts->hello_exchange) {
        facts->hello_accepted |= accepts(reply);
        facts->hello_exchange = EVENT_NO_EXCHANGE;
    } else if (reply->verb == VERB_MAIL) {
        learn_mail_reply(&facts->transaction, reply);
    } else if (reply->verb == VERB_RCPT) {
        learn_rcpt_reply(&facts->transaction, reply);
    } else if (reply->verb == VERB_DATA && !reply->final) {
        learn_data_reply(facts, reply);
    } else if (reply->verb == VERB_BDAT && !accepts(reply) &&
               facts->transaction.state != TRANSACTION_NONE) {
        facts->transaction.state = TRANSACTION_UNCLEAR;
    } else if (reply->verb == VERB_STARTTLS) {
        facts->awaits_tls = reply->code == 220;
    } else if (reply->verb == VERB_QUIT) {
        facts->quit_answered = true;
    }
}

static void learn_reply(struct facts *facts, const struct event_reply *reply) {
    if (reply->incomplete) {
        return;
    }
    if (reply->code == 421 && !facts->saw_421) {
        facts->saw_421 = true;
        facts->exchange_421 = reply->to;
    }
    facts->authenticated |= reply->code == 235;
    if (reply->to == 0) {
        learn_greeting(facts, reply);
    } else if (reply->to != EVENT_NO_EXCHANGE) {
        // More answers to the same message may come (LMTP); EVENT_MESSAGE says when all are here.
        queue_answer(&facts->waiting, reply->to, false);
        learn_verb_reply(facts, reply);
    }
}

// ── the rest ────────────────────────────────────────────────────────────────────────────────────

static void learn_client_tls(struct facts *facts, const struct event_tls *tls) {
    facts->client_tls = true;
    facts->tls_shown_bad = tls->shown_bad;
    facts->no_check_said = false;
    facts->awaits_tls = false;
    facts->commands_in_layer = 0;
    facts->hello_accepted = false;
    facts->hello_forgiven = tls->starttls;
    facts->hello_exchange = EVENT_NO_EXCHANGE;
    facts->ehlo_due = tls->starttls;
    facts->authenticated = false;
    facts->last = (struct last_command){.verb = VERB_NONE};
    end_transaction(facts);
    queue_clear(&facts->waiting);
}

static void learn_tls(struct facts *facts, const struct event *event) {
    const struct event_tls *tls = &event->tls;
    facts->ready_ns = event->at_ns;
    if (tls->error != NULL) {
        facts->tls_failed = true;
    } else if (tls->side == SIDE_CLIENT) {
        learn_client_tls(facts, tls);
    } else {
        facts->server_tls = true;
    }
    facts->server_certificate_bad |= tls->side == SIDE_SERVER && tls->has_verify && !tls->verify_ok;
}

static void learn_content_end(struct facts *facts, const struct event *event) {
    facts->text_message = event->content_end.message;
    if (!event->content_end.complete) {
        facts->transaction.state = TRANSACTION_UNCLEAR;
        facts->text = TEXT_CUT;
        facts->text_cut_ns = event->at_ns;
        return;
    }
    end_transaction(facts);
    facts->text = TEXT_NONE;
    queue_push(&facts->waiting,
               (struct waiting){.exchange = facts->text_exchange,
                                .verb = facts->text_by_bdat ? VERB_BDAT : VERB_DATA,
                                .text = true,
                                .message = event->content_end.message,
                                .at_ns = event->at_ns});
}

void facts_learn(struct facts *facts, const struct event *event) {
    if (event->kind == EVENT_CONNECT) {
        facts->connected = event->connect.connected;
        facts->connect_failed = !event->connect.connected;
        facts->ready_ns = event->at_ns;
    } else if (event->kind == EVENT_TLS) {
        learn_tls(facts, event);
    } else if (event->kind == EVENT_COMMAND) {
        learn_command(facts, event);
    } else if (event->kind == EVENT_REPLY) {
        learn_reply(facts, &event->reply);
    } else if (event->kind == EVENT_CONTENT) {
        facts->text = TEXT_RUNNING;
        facts->text_message = event->content.message;
        facts->content_exchange = facts->text_exchange;
    } else if (event->kind == EVENT_FLAW) {
        facts->out_of_step |= event->flaw.kind == FLAW_SMUGGLED_ANSWER;
    } else if (event->kind == EVENT_CONTENT_END) {
        learn_content_end(facts, event);
    } else if (event->kind == EVENT_MESSAGE && event->message.code != 0) {
        queue_answer(&facts->waiting, event->message.exchange, true);
    }
}
