// SPDX-License-Identifier: MIT
#include "smtp/mail_data.h"

#include "base/memory.h"
#include "event/reply_line.h"
#include "smtp/dialogue_state.h"

#include <assert.h>
#include <stdlib.h>

static struct content_rules rules_of(const struct client_stream *client, bool bdat) {
    return (struct content_rules){
        .chunks = bdat,
        .binary = bdat && client->promise.binary,
        .utf8_header = client->promise.smtputf8,
        .eight_bits = client->promise.eight_bits || (bdat && client->promise.binary),
    };
}

void mail_data_begin(struct dialogue *dialogue, int exchange, bool bdat) {
    assert(dialogue->mail_data == NULL);
    struct mail_data *mail_data = mem_new(sizeof(*mail_data));
    struct content_rules rules = rules_of(&dialogue->client, bdat);
    rules.header_lines_only = dialogue->config.header_lines_only;
    rules.no_digest = dialogue->config.no_digests;
    mail_data->number = ++dialogue->message_count;
    mail_data->exchange = exchange;
    mail_data->bdat = bdat;
    content_begin(&mail_data->content, &rules, dialogue->config.max_line, &dialogue->sink,
                  emit_event(dialogue));
    mail_data->content.message = mail_data->number;
    mail_data->content.exchange = exchange;
    mail_data->next = dialogue->mail_data_list;
    mail_data->link = &dialogue->mail_data_list;
    if (mail_data->next != NULL) {
        mail_data->next->link = &mail_data->next;
    }
    dialogue->mail_data_list = mail_data;
    dialogue->mail_data = mail_data;
}

static void forget(struct dialogue *dialogue, struct mail_data *mail_data) {
    *mail_data->link = mail_data->next;
    if (mail_data->next != NULL) {
        mail_data->next->link = mail_data->link;
    }
    if (dialogue->mail_data == mail_data) {
        dialogue->mail_data = NULL;
    }
    content_cleanup(&mail_data->content);
    free(mail_data);
}

void mail_data_free_all(struct dialogue *dialogue) {
    struct mail_data *next = NULL;
    for (struct mail_data *mail_data = dialogue->mail_data_list; mail_data != NULL;
         mail_data = next) {
        next = mail_data->next;
        forget(dialogue, mail_data);
    }
}

bool mail_data_is_open(const struct dialogue *dialogue) {
    return dialogue->mail_data != NULL && !dialogue->mail_data->abandoned;
}

void mail_data_abandon(struct dialogue *dialogue) {
    if (dialogue->mail_data != NULL) {
        dialogue->mail_data->abandoned = true;
    }
}

// ── the text ────────────────────────────────────────────────────────────────────────────────────

size_t mail_data_feed(struct dialogue *dialogue, struct slice bytes, int64_t at_ns) {
    struct mail_data *mail_data = dialogue->mail_data;
    bool ended = false;
    mail_data->abandoned = false;
    size_t used = content_feed(&mail_data->content, &ended, bytes, at_ns);
    struct emit_bytes raw = {
        .from = SIDE_CLIENT, .data = slice_sub(bytes, 0, used), .message_text = true};
    emit_bytes(dialogue, &raw, at_ns);
    if (ended) {
        mail_data_end_text(dialogue, true, at_ns);
    }
    return used;
}

static void end_content(struct dialogue *dialogue, struct mail_data *mail_data, bool complete,
                        int64_t at_ns) {
    mail_data->content.in_text = mail_data == dialogue->mail_data && mail_data_is_open(dialogue);
    content_end(&mail_data->content, complete, at_ns);
    content_numbers(&mail_data->numbers, &mail_data->content);
    content_cleanup(&mail_data->content);
    mail_data->numbers.complete = complete;
    mail_data->complete = complete;
    mail_data->text_over = true;
    mail_data->end_ns = at_ns;
    dialogue->mail_data = NULL;
}

void mail_data_end_text(struct dialogue *dialogue, bool complete, int64_t at_ns) {
    struct mail_data *mail_data = dialogue->mail_data;
    end_content(dialogue, mail_data, complete, at_ns);
    mail_data->unheard = mail_data->unheard || (!mail_data->bdat && queue_full(&dialogue->queue));
    if (!mail_data->bdat && !mail_data->answered && !mail_data->unheard) {
        queue_push(&dialogue->queue, &(struct pending_reply){.kind = WAITING_FINAL,
                                                             .exchange = mail_data->exchange,
                                                             .verb = VERB_DATA,
                                                             .at_ns = at_ns,
                                                             .mail_data = mail_data});
    }
    mail_data_emit(dialogue, mail_data, mail_data->unheard, at_ns);
}

// A last chunk that was cut off has no answer that would be the message's.
static void forget_last_chunk(struct queue *queue, const struct mail_data *mail_data) {
    for (size_t i = queue->start; i < queue->end; i++) {
        if (queue->items[i].mail_data == mail_data) {
            queue->items[i].mail_data = NULL;
            queue->items[i].chunk_last = false;
        }
    }
}

void mail_data_give_up(struct dialogue *dialogue, int64_t at_ns) {
    struct mail_data *mail_data = dialogue->mail_data;
    mail_data->content.within_chunk = dialogue->client.state == CLIENT_CHUNK;
    end_content(dialogue, mail_data, false, at_ns);
    forget_last_chunk(&dialogue->queue, mail_data);
    if (queue_full(&dialogue->queue)) {
        mail_data_emit(dialogue, mail_data, true, at_ns);
        return;
    }
    queue_push(&dialogue->queue, &(struct pending_reply){.kind = WAITING_MARK,
                                                         .exchange = mail_data->exchange,
                                                         .at_ns = at_ns,
                                                         .mail_data = mail_data});
    server_pass_marks(dialogue, at_ns);
}

void mail_data_refuse(struct dialogue *dialogue, struct mail_data *mail_data, int64_t at_ns) {
    mail_data->given_up = true;
    if (!mail_data->text_over) {
        end_content(dialogue, mail_data, false, at_ns);
        forget(dialogue, mail_data);
        return;
    }
    // Its place in the queue is no longer one where a reply is due.
    for (size_t i = dialogue->queue.start; i < dialogue->queue.end; i++) {
        struct pending_reply *item = &dialogue->queue.items[i];
        if (item->mail_data == mail_data) {
            queue_mark(&dialogue->queue, item);
        }
    }
}

// ── the answers ─────────────────────────────────────────────────────────────────────────────────

// RFC 2033 4.2: one answer for each accepted recipient, in the order of the RCPTs.
bool transfer_answer(struct dialogue *dialogue, struct mail_data *mail_data, int code,
                     struct slice *out_recipient) {
    bool positive = reply_code_is_positive(code);
    struct event_recipient *recipient = NULL;
    if (mail_data->answers_due == 0) {
        size_t accepted = dialogue->envelope.accepted_count;
        mail_data->answers_due = dialogue->lmtp && accepted > 0 ? accepted : 1;
    }
    if (dialogue->lmtp) {
        recipient = envelope_next_accepted(&dialogue->envelope, &mail_data->recipient);
    }
    if (recipient != NULL) {
        recipient->code = code;
        recipient->accepted = positive;
        *out_recipient = recipient->to;
    }
    mail_data->code = positive || !mail_data->accepted ? code : mail_data->code;
    mail_data->accepted = mail_data->accepted || positive;
    mail_data->answers++;
    mail_data->answered = mail_data->answers >= mail_data->answers_due;
    return mail_data->answered;
}

void mail_data_emit(struct dialogue *dialogue, struct mail_data *mail_data, bool force,
                    int64_t at_ns) {
    if (!mail_data->text_over || !(mail_data->answered || force)) {
        return;
    }
    if (!mail_data->given_up) {
        emit_event(dialogue)->message = (struct event_message){
            .message = mail_data->number,
            .exchange = mail_data->exchange,
            .bdat = mail_data->bdat,
            .content = mail_data->numbers,
            .code = mail_data->complete ? mail_data->code : 0,
            .accepted = mail_data->complete && mail_data->accepted,
        };
        envelope_describe(&emit_event(dialogue)->message, &dialogue->envelope);
        emit(dialogue, EVENT_MESSAGE, at_ns);
        envelope_clear(&dialogue->envelope);
    }
    forget(dialogue, mail_data);
}
