// SPDX-License-Identifier: MIT
// `message-repeated`: a message that was sent in the session before, to the same recipients, and
// had not been refused. What is compared is its size and a digest of its beginning, taken here,
// since the outputs may want none.
#include "base/array.h"
#include "base/limits.h"
#include "base/memory.h"
#include "inspect/themes.h"

#include <stdlib.h>
#include <string.h>

struct sent_message {
    int number;
    uint8_t digest[SHA256_LEN]; // of the envelope, the size and the beginning
};

struct sent_messages {
    int number; // of the message under way
    struct sha256 text;
    uint64_t hashed;
    struct sent_message *items; // LIMIT_SENT_MESSAGES at most
    size_t count;
    size_t room;
};

static struct sent_messages *sent_messages_new(void) {
    return mem_new(sizeof(struct sent_messages));
}

void sent_messages_free(struct sent_messages *sent) {
    if (sent != NULL) {
        free(sent->items);
        free(sent);
    }
}

static void take_text(struct sent_messages *sent, const struct event_content *content) {
    if (sent->number != content->message) {
        sent->number = content->message;
        sent->hashed = 0;
        sha256_init(&sent->text);
    }
    if (sent->hashed < LIMIT_COMPARED) {
        struct slice part = slice_sub(content->bytes, 0, (size_t)(LIMIT_COMPARED - sent->hashed));
        sha256_update(&sent->text, part);
        sent->hashed += part.len;
    }
}

static void put_address(struct sha256 *hash, struct slice address) {
    sha256_update(hash, address);
    sha256_update(hash, SLICE("\n"));
}

static void digest_of(uint8_t out[SHA256_LEN], struct sent_messages *sent,
                      const struct event_message *message) {
    struct sha256 hash = sent->text;
    sha256_update(&hash, slice_of(&message->content.bytes, sizeof(message->content.bytes)));
    put_address(&hash, message->from);
    for (size_t i = 0; i < message->recipient_count; i++) {
        put_address(&hash, message->recipients[i].to);
    }
    sha256_final(out, &hash);
}

static const struct sent_message *find(const struct sent_messages *sent,
                                       const uint8_t digest[SHA256_LEN]) {
    for (size_t i = 0; i < sent->count; i++) {
        if (memcmp(sent->items[i].digest, digest, SHA256_LEN) == 0) {
            return &sent->items[i];
        }
    }
    return NULL;
}

static void add(struct sent_messages *sent, int number, const uint8_t digest[SHA256_LEN]) {
    sent->items = array_grown(sent->items, sent->count, &sent->room, sizeof(*sent->items));
    struct sent_message *item = &sent->items[sent->count++];
    item->number = number;
    memcpy(item->digest, digest, SHA256_LEN);
}

static void take_message(struct analysis *analysis, const struct event_message *message) {
    struct sent_messages *sent = analysis->sent;
    bool refused = message->code >= 400 || !message->content.complete;
    if (refused || message->content.bytes == 0 || sent->number != message->message) {
        return;
    }
    uint8_t digest[SHA256_LEN];
    digest_of(digest, sent, message);
    const struct sent_message *same = find(sent, digest);
    if (same != NULL) {
        analysis_say(analysis, RULE_MESSAGE_REPEATED,
                     (struct place){PARTY_CLIENT, message->exchange, message->message},
                     "The same message as message %d was sent again to the same recipients, which "
                     "the server had not refused; they get it twice",
                     same->number);
    } else if (sent->count < LIMIT_SENT_MESSAGES) {
        add(sent, message->message, digest);
    }
}

void repeated_judge(struct analysis *analysis, const struct event *event) {
    if (event->kind == EVENT_CONTENT) {
        analysis->sent = analysis->sent == NULL ? sent_messages_new() : analysis->sent;
        take_text(analysis->sent, &event->content);
    } else if (event->kind == EVENT_MESSAGE && analysis->sent != NULL) {
        take_message(analysis, &event->message);
    }
}
