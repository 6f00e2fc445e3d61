// SPDX-License-Identifier: MIT
#include "smtp/transfer.h"

#include "base/memory.h"
#include "smtp/state.h"

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

void transfer_begin(struct dialogue *dialogue, int exchange, bool bdat) {
    assert(dialogue->transfer == NULL);
    struct transfer *transfer = mem_new(sizeof(*transfer));
    struct content_rules rules = rules_of(&dialogue->client, bdat);
    rules.header_lines_only = dialogue->config.header_lines_only;
    rules.no_digest = dialogue->config.no_digests;
    transfer->number = ++dialogue->message_count;
    transfer->exchange = exchange;
    transfer->bdat = bdat;
    content_begin(&transfer->content, &rules, dialogue->config.max_line, &dialogue->sink,
                  &dialogue->event);
    transfer->content.message = transfer->number;
    transfer->content.exchange = exchange;
    transfer->next = dialogue->transfers;
    transfer->link = &dialogue->transfers;
    if (transfer->next != NULL) {
        transfer->next->link = &transfer->next;
    }
    dialogue->transfers = transfer;
    dialogue->transfer = transfer;
}

static void forget(struct dialogue *dialogue, struct transfer *transfer) {
    *transfer->link = transfer->next;
    if (transfer->next != NULL) {
        transfer->next->link = transfer->link;
    }
    if (dialogue->transfer == transfer) {
        dialogue->transfer = NULL;
    }
    content_cleanup(&transfer->content);
    free(transfer);
}

void transfer_free_all(struct dialogue *dialogue) {
    while (dialogue->transfers != NULL) {
        forget(dialogue, dialogue->transfers);
    }
}

// ── the text ────────────────────────────────────────────────────────────────────────────────────

size_t transfer_feed(struct dialogue *dialogue, struct slice bytes, int64_t at_ns) {
    struct transfer *transfer = dialogue->transfer;
    bool ended = false;
    size_t used = content_feed(&transfer->content, &ended, bytes, at_ns);
    struct tell_bytes raw = {
        .from = SIDE_CLIENT, .data = slice_sub(bytes, 0, used), .message_text = true};
    tell_bytes(dialogue, &raw, at_ns);
    if (ended) {
        transfer_end_text(dialogue, true, at_ns);
    }
    return used;
}

static void end_content(struct dialogue *dialogue, struct transfer *transfer, bool complete,
                        int64_t at_ns) {
    content_end(&transfer->content, complete, at_ns);
    content_numbers(&transfer->numbers, &transfer->content);
    content_cleanup(&transfer->content);
    transfer->numbers.complete = complete;
    transfer->complete = complete;
    transfer->text_over = true;
    transfer->end_ns = at_ns;
    dialogue->transfer = NULL;
}

void transfer_end_text(struct dialogue *dialogue, bool complete, int64_t at_ns) {
    struct transfer *transfer = dialogue->transfer;
    end_content(dialogue, transfer, complete, at_ns);
    transfer->unheard = transfer->unheard || (!transfer->bdat && queue_full(&dialogue->queue));
    if (!transfer->bdat && !transfer->answered && !transfer->unheard) {
        queue_push(&dialogue->queue, &(struct waiting){.kind = WAITING_FINAL,
                                                       .exchange = transfer->exchange,
                                                       .verb = VERB_DATA,
                                                       .at_ns = at_ns,
                                                       .transfer = transfer});
    }
    transfer_tell(dialogue, transfer, transfer->unheard, at_ns);
}

// A last chunk that was cut off has no answer that would be the message's.
static void forget_last_chunk(struct queue *queue, const struct transfer *transfer) {
    for (size_t i = queue->start; i < queue->end; i++) {
        if (queue->items[i].transfer == transfer) {
            queue->items[i].transfer = NULL;
            queue->items[i].chunk_last = false;
        }
    }
}

void transfer_give_up(struct dialogue *dialogue, int64_t at_ns) {
    struct transfer *transfer = dialogue->transfer;
    transfer->content.within_chunk = dialogue->client.state == CLIENT_CHUNK;
    end_content(dialogue, transfer, false, at_ns);
    forget_last_chunk(&dialogue->queue, transfer);
    if (queue_full(&dialogue->queue)) {
        transfer_tell(dialogue, transfer, true, at_ns);
        return;
    }
    queue_push(&dialogue->queue, &(struct waiting){.kind = WAITING_MARK,
                                                   .exchange = transfer->exchange,
                                                   .at_ns = at_ns,
                                                   .transfer = transfer});
    server_pass_marks(dialogue, at_ns);
}

void transfer_refuse(struct dialogue *dialogue, struct transfer *transfer, int64_t at_ns) {
    transfer->given_up = true;
    if (!transfer->text_over) {
        end_content(dialogue, transfer, false, at_ns);
        forget(dialogue, transfer);
        return;
    }
    // Its place in the queue is no longer one where a reply is due.
    for (size_t i = dialogue->queue.start; i < dialogue->queue.end; i++) {
        struct waiting *item = &dialogue->queue.items[i];
        if (item->transfer == transfer) {
            queue_mark(&dialogue->queue, item);
        }
    }
}

// ── the answers ─────────────────────────────────────────────────────────────────────────────────

// RFC 2033 4.2: one answer for each accepted recipient, in the order of the RCPTs.
bool transfer_answer(struct dialogue *dialogue, struct transfer *transfer, int code,
                     struct slice *out_recipient) {
    bool positive = code >= 200 && code < 300;
    struct event_recipient *recipient = NULL;
    if (transfer->answers_due == 0) {
        size_t accepted = dialogue->envelope.accepted_count;
        transfer->answers_due = dialogue->lmtp && accepted > 0 ? accepted : 1;
    }
    if (dialogue->lmtp) {
        recipient = envelope_next_accepted(&dialogue->envelope, &transfer->recipient);
    }
    if (recipient != NULL) {
        recipient->code = code;
        recipient->accepted = positive;
        *out_recipient = recipient->to;
    }
    transfer->code = positive || !transfer->accepted ? code : transfer->code;
    transfer->accepted = transfer->accepted || positive;
    transfer->answers++;
    transfer->answered = transfer->answers >= transfer->answers_due;
    return transfer->answered;
}

void transfer_tell(struct dialogue *dialogue, struct transfer *transfer, bool force,
                   int64_t at_ns) {
    if (!transfer->text_over || !(transfer->answered || force)) {
        return;
    }
    if (!transfer->given_up) {
        dialogue->event.message = (struct event_message){
            .message = transfer->number,
            .exchange = transfer->exchange,
            .bdat = transfer->bdat,
            .content = transfer->numbers,
            .code = transfer->complete ? transfer->code : 0,
            .accepted = transfer->complete && transfer->accepted,
        };
        envelope_tell(&dialogue->event.message, &dialogue->envelope);
        tell(dialogue, EVENT_MESSAGE, at_ns);
        envelope_clear(&dialogue->envelope);
    }
    forget(dialogue, transfer);
}
