// SPDX-License-Identifier: MIT
// header: a message read whole and read in pieces gives the same fields and flaws, whatever it is.
// The first byte chooses the size of the pieces.
#include "message/message_reader.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *context, const struct event *event) {
    struct sha256 *hash = context;
    if (event->kind == EVENT_FIELD) {
        sha256_update(hash, event->field.name);
        sha256_update(hash, event->field.raw);
        sha256_update(hash, event->field.value);
    } else {
        uint8_t kind = (uint8_t)event->flaw.kind;
        sha256_update(hash, slice_of(&kind, 1));
        sha256_update(hash, event->flaw.detail);
    }
}

static void read_in_steps(uint8_t out[SHA256_LEN], struct slice message, size_t step) {
    struct sha256 hash;
    struct event_session session = {.id = 1};
    sha256_init(&hash);
    struct message_reader *reader = message_reader_new(&session, (struct event_sink){take, &hash});
    struct event event = {.kind = EVENT_CONTENT};
    for (size_t at = 0; at < message.len; at += step) {
        event.content = (struct event_content){.message = 1, .bytes = slice_sub(message, at, step)};
        message_reader_take(reader, &event);
    }
    event =
        (struct event){.kind = EVENT_CONTENT_END, .content_end = {.message = 1, .complete = true}};
    message_reader_take(reader, &event);
    message_reader_free(reader);
    sha256_final(out, &hash);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size == 0) {
        return 0;
    }
    uint8_t whole[SHA256_LEN];
    uint8_t split[SHA256_LEN];
    struct slice message = slice_of(data + 1, size - 1);
    read_in_steps(whole, message, size);
    read_in_steps(split, message, 1 + data[0] % 64);
    if (!slice_equal(slice_of(whole, sizeof(whole)), slice_of(split, sizeof(split)))) {
        abort();
    }
    return 0;
}
