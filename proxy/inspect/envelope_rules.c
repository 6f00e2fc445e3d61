// SPDX-License-Identifier: MIT
// `envelope-differs`: who is named in To and Cc but never in RCPT. A later transaction may
// still bring the recipient, so the answer is known when the session ends.
#include "base/array.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "inspect/mail_address.h"
#include "inspect/themes.h"

#include <stdlib.h>
#include <string.h>

struct header_address {
    int message;
    int exchange;
    char *address;
};

struct envelope_facts {
    // RCPTs, as the first bytes of a digest: all that comparing needs.
    uint64_t *recipients;
    size_t recipient_count, recipient_room;
    bool too_many;  // some could not be kept, so nothing can be said
    bool idn_ascii; // a RCPT in the ASCII form of an international domain
    struct header_address *header;
    size_t header_count, header_room;
    size_t whole_count; // of the messages that are complete
    struct buf scratch;
};

// Made by the first address: most sessions of a crowd wait before their first message.
static struct envelope_facts *envelope_of(struct analysis *analysis) {
    if (analysis->envelope == NULL) {
        analysis->envelope = mem_new(sizeof(*analysis->envelope));
        buf_init(&analysis->envelope->scratch, LIMIT_ADDRESS);
    }
    return analysis->envelope;
}

void envelope_free(struct envelope_facts *envelope) {
    if (envelope == NULL) {
        return;
    }
    for (size_t i = 0; i < envelope->header_count; i++) {
        free(envelope->header[i].address);
    }
    free(envelope->header);
    free(envelope->recipients);
    buf_cleanup(&envelope->scratch);
    free(envelope);
}

static uint64_t key_of(struct slice address) {
    uint8_t digest[SHA256_LEN];
    uint64_t key;
    sha256_of(digest, address);
    memcpy(&key, digest, sizeof(key));
    return key;
}

static void keep_recipient(struct envelope_facts *envelope, struct slice address) {
    if (!address_normalise(&envelope->scratch, address)) {
        return;
    }
    if (envelope->recipient_count == LIMIT_RECIPIENTS) {
        envelope->too_many = true;
        return;
    }
    envelope->recipients = array_grown(envelope->recipients, envelope->recipient_count,
                                       &envelope->recipient_room, sizeof(envelope->recipients[0]));
    struct slice normal = buf_slice(&envelope->scratch);
    envelope->idn_ascii |= slice_find(normal, SLICE("xn--")) != SLICE_NONE;
    envelope->recipients[envelope->recipient_count++] = key_of(normal);
}

static void keep_header_address(struct analysis *analysis, const struct event_field *field,
                                struct slice address) {
    struct envelope_facts *envelope = analysis->envelope;
    if (envelope->header_count == LIMIT_HEADER_ADDRESSES) {
        return;
    }
    envelope->header = array_grown(envelope->header, envelope->header_count, &envelope->header_room,
                                   sizeof(envelope->header[0]));
    envelope->header[envelope->header_count++] = (struct header_address){
        .message = field->message, .exchange = field->exchange, .address = mem_string_of(address)};
}

static void learn_field(struct analysis *analysis, const struct event_field *field) {
    bool names = slice_is_nocase(field->name, "To") || slice_is_nocase(field->name, "Cc");
    if (!names || field->cut) {
        return;
    }
    struct envelope_facts *envelope = envelope_of(analysis);
    struct slice rest = field->raw;
    while (address_next(&envelope->scratch, &rest)) {
        keep_header_address(analysis, field, buf_slice(&envelope->scratch));
    }
}

// What an incomplete message named does not count.
static void learn_end(struct envelope_facts *envelope, bool complete) {
    while (!complete && envelope->header_count > envelope->whole_count) {
        free(envelope->header[--envelope->header_count].address);
    }
    envelope->whole_count = envelope->header_count;
}

// ── at the end of the session ───────────────────────────────────────────────────────────────────

static int compare_keys(const void *a, const void *b) {
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return left < right ? -1 : left > right;
}

static bool was_recipient(const struct envelope_facts *envelope, const char *address) {
    struct slice text = slice_of_string(address);
    uint64_t key = key_of(text);
    bool comparable = text_is_ascii(text) || !envelope->idn_ascii;
    return !comparable || (envelope->recipient_count > 0 &&
                           bsearch(&key, envelope->recipients, envelope->recipient_count,
                                   sizeof(key), compare_keys) != NULL);
}

// Judges the addresses of one message, which are together, and returns where the next begins.
static size_t judge_message(struct analysis *analysis, size_t first) {
    const struct envelope_facts *envelope = analysis->envelope;
    const struct header_address *head = &envelope->header[first];
    size_t missing = 0;
    size_t i = first;
    struct buf list;
    buf_init(&list, LIMIT_ADDRESSES_NAMED * sizeof(struct quote));
    for (; i < envelope->whole_count && envelope->header[i].message == head->message; i++) {
        const char *address = envelope->header[i].address;
        if (was_recipient(envelope, address)) {
            continue;
        }
        if (missing++ < LIMIT_ADDRESSES_NAMED) {
            buf_putf(&list, "%s%s", missing > 1 ? ", " : "",
                     quote_of(analysis, slice_of_string(address)).text);
        }
    }
    if (missing > 0) {
        struct slice text = buf_slice(&list);
        analysis_say(analysis, RULE_ENVELOPE_DIFFERS,
                     (struct place){PARTY_CLIENT, head->exchange, head->message},
                     "To or Cc names %.*s%s, but no RCPT of the session does; it does not bring "
                     "the message there, though another session may",
                     (int)text.len, (const char *)text.data,
                     missing > LIMIT_ADDRESSES_NAMED ? " and others" : "");
    }
    buf_cleanup(&list);
    return i;
}

static void judge_all(struct analysis *analysis) {
    struct envelope_facts *envelope = analysis->envelope;
    if (envelope->too_many) {
        return;
    }
    if (envelope->recipient_count > 0) {
        qsort(envelope->recipients, envelope->recipient_count, sizeof(envelope->recipients[0]),
              compare_keys);
    }
    for (size_t i = 0; i < envelope->whole_count;) {
        i = judge_message(analysis, i);
    }
}

void envelope_judge(struct analysis *analysis, const struct event *event) {
    if (event->kind == EVENT_COMMAND && event->command.command.verb == VERB_RCPT &&
        !event->command.continuation && !event->command.by_proxy) {
        keep_recipient(envelope_of(analysis), event->command.command.path.address);
    } else if (event->kind == EVENT_FIELD) {
        learn_field(analysis, &event->field);
    } else if (event->kind == EVENT_CONTENT_END && analysis->envelope != NULL) {
        learn_end(analysis->envelope, event->content_end.complete);
    } else if (event->kind == EVENT_CLOSE && analysis->envelope != NULL) {
        judge_all(analysis);
    }
}
