// SPDX-License-Identifier: MIT
#include "smtp/resync.h"

// These codes answer one kind of command and nothing else (RFC 5321 4.3.2, RFC 4954 4).
static bool is_conclusive(int code) {
    return code == 354 || code == 334 || code == 235 || code == 221;
}

static bool takes(const struct pending_reply *item, int code) {
    if (item->kind != WAITING_COMMAND || item->by_proxy) {
        return false;
    }
    if (code == 334 || code == 235) {
        return item->auth != NULL || item->continuation || item->verb == VERB_AUTH;
    }
    return item->verb == (code == 354 ? VERB_DATA : VERB_QUIT);
}

// The place in the queue of the first command that the code can answer; 0 where there is none.
static size_t find_taker(const struct queue *queue, int code) {
    for (size_t i = queue->start; i < queue->end; i++) {
        if (takes(&queue->items[i], code)) {
            return i - queue->start;
        }
    }
    return 0;
}

// What came before the greeting and is no command: a server that says yes does not mean that.
static bool is_preface(const struct pending_reply *item) {
    bool unknown = item->verb == VERB_UNKNOWN || item->verb == VERB_NONE;
    return item->kind == WAITING_COMMAND && item->early && unknown && item->auth == NULL;
}

// How many of them nothing but a later command can have been meant instead of.
static size_t count_preface(const struct queue *queue) {
    size_t count = 0;
    while (queue->start + count + 1 < queue->end &&
           is_preface(&queue->items[queue->start + count])) {
        count++;
    }
    return count;
}

// A server that asks for the text of a message has taken MAIL and RCPT, whatever became of its
// replies: so they stay part of the envelope, unanswered.
static void keep_envelope(struct dialogue *dialogue, struct pending_reply *item) {
    if (item->verb == VERB_MAIL) {
        envelope_answer_mail(&dialogue->envelope, item->path, 0);
    } else if (item->verb == VERB_RCPT) {
        envelope_answer_rcpt(&dialogue->envelope, item->path, 0);
    } else {
        envelope_path_free(item->path);
    }
}

static void drop_front(struct dialogue *dialogue, int code, int64_t at_ns) {
    struct pending_reply item;
    queue_pop(&item, &dialogue->queue);
    if (item.mail_data != NULL) {
        mail_data_emit(dialogue, item.mail_data, true, at_ns);
    }
    if (code == 354) {
        keep_envelope(dialogue, &item);
    } else {
        envelope_path_free(item.path);
    }
}

size_t resync_count(const struct queue *queue, int code) {
    size_t count = is_conclusive(code) ? find_taker(queue, code) : 0;
    bool positive = code >= 200 && code < 400;
    return count == 0 && positive ? count_preface(queue) : count;
}

void resync_to(struct dialogue *dialogue, int code, int64_t at_ns) {
    size_t count = resync_count(&dialogue->queue, code);
    if (count > 0) {
        dialogue->client.doubt = true;
        dialogue->client.conceal = dialogue->client.conceal || dialogue->client.auth_seen;
    }
    while (count > 0) {
        drop_front(dialogue, code, at_ns);
        count--;
    }
}
