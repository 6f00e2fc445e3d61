// SPDX-License-Identifier: MIT
// position: the positions of the two streams, for what has to decide about their next bytes before
// they go on.
#include "smtp/resync.h"

// A reply that is due says what the client's next bytes are.
static bool is_undecided(const struct dialogue *dialogue) {
    const struct client_stream *client = &dialogue->client;
    bool awaits = client->state == CLIENT_AWAIT_DATA || client->state == CLIENT_AWAIT_SASL ||
                  client->state == CLIENT_AWAIT_TLS || client->state == CLIENT_AWAIT_END;
    return (awaits && !client->undecided) || buf_len(&client->held) > 0;
}

uint64_t dialogue_text_left(const struct dialogue *dialogue) {
    if (is_undecided(dialogue)) {
        return 0;
    }
    switch (dialogue->client.state) {
    case CLIENT_TEXT:
    case CLIENT_AWAIT_DATA: // so much came that it is taken for text
        return UINT64_MAX;
    case CLIENT_CHUNK:
        return dialogue->client.chunk_left;
    case CLIENT_LINES:
    case CLIENT_AWAIT_SASL:
    case CLIENT_AWAIT_TLS:
    case CLIENT_AWAIT_END:
        break;
    }
    return 0;
}

size_t dialogue_accepted_recipients(const struct dialogue *dialogue) {
    return dialogue->envelope.accepted_count;
}

int dialogue_latest_exchange(const struct dialogue *dialogue) {
    return dialogue->exchange_count;
}

// RFC 5321 4.5.2: CRLF . CRLF and nothing else; the text begins after a CRLF.
bool dialogue_may_end_text(const struct dialogue *dialogue, struct slice bytes) {
    const struct client_stream *client = &dialogue->client;
    if (client->state == CLIENT_CHUNK) {
        return client->chunk_last && bytes.len >= client->chunk_left;
    }
    return client->state == CLIENT_TEXT && dialogue->mail_data != NULL &&
           content_is_at_line_start(&dialogue->mail_data->content) &&
           slice_starts_with(SLICE(".\r\n"), bytes);
}

bool dialogue_ends_text(const struct dialogue *dialogue, struct slice bytes) {
    bool chunk = dialogue->client.state == CLIENT_CHUNK;
    return dialogue_may_end_text(dialogue, bytes) && (chunk || bytes.len == sizeof(".\r\n") - 1);
}

enum dialogue_line dialogue_line_kind(const struct dialogue *dialogue, struct slice line) {
    if (dialogue->client.gave_up) {
        return DIALOGUE_LINE_OPAQUE;
    }
    if (is_undecided(dialogue)) {
        return DIALOGUE_LINE_UNDECIDED;
    }
    bool command = client_line_classify(dialogue, line) == CLIENT_LINE_COMMAND;
    return command ? DIALOGUE_LINE_COMMAND : DIALOGUE_LINE_OPAQUE;
}

// Messages that were given up leave marks, to which no reply is due.
static const struct pending_reply *first_due(const struct queue *queue, int code) {
    for (size_t i = queue->start + resync_count(queue, code); i < queue->end; i++) {
        if (queue->items[i].kind != WAITING_MARK) {
            return &queue->items[i];
        }
    }
    return NULL;
}

bool dialogue_next_reply(struct dialogue_next_reply *out, const struct dialogue *dialogue,
                         int code) {
    const struct pending_reply *item = first_due(&dialogue->queue, code);
    *out = (struct dialogue_next_reply){.exchange = EVENT_NO_EXCHANGE};
    if (item == NULL) {
        return false;
    }
    *out = (struct dialogue_next_reply){
        .exchange = item->exchange,
        .verb = item->verb,
        .greeting = item->kind == WAITING_GREETING,
        .by_proxy = item->by_proxy,
        .final = item->kind == WAITING_FINAL || item->chunk_last,
    };
    return true;
}

bool dialogue_within_reply(const struct dialogue *dialogue) {
    return dialogue->server.reply.open || line_reader_begun(&dialogue->server.line);
}
