// SPDX-License-Identifier: MIT
// mask: whatever a client's credential and a server's text are, the credential does not stand in
// what comes out, as it is or in base64, and the mask survives any marks and splits.
#include "base/digest.h"
#include "base/sentence.h"
#include "inspect/mask.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEEN_MAX = 1 << 20, SECRET_MIN = 4, SECRET_MAX = 64 };

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void take(void *context, const struct event *event) {
    struct buf *seen = context;
    if (event->kind == EVENT_BYTES) {
        buf_put(seen, event->bytes.data);
    } else if (event->kind == EVENT_COMMAND) {
        buf_put(seen, event->command.line.text);
    } else if (event->kind == EVENT_NOTE) {
        buf_put(seen, event->note.text);
        buf_put(seen, SLICE("\n"));
    }
}

static void auth(struct mask *mask, struct slice secret) {
    struct buf plain;
    struct buf line;
    buf_init(&plain, 256);
    buf_init(&line, 512);
    buf_put(&plain, slice_of("\0tim\0", 5));
    buf_put(&plain, secret);
    base64_encode(&line, buf_slice(&plain));
    struct event event = {.kind = EVENT_COMMAND};
    event.command.continuation = true;
    event.command.line.text = buf_slice(&line);
    event.command.line.len = buf_len(&line);
    event.command.line.secrets[0] = (struct span){0, buf_len(&line)};
    event.command.line.secret_count = 1;
    mask_take(mask, &event);
    buf_cleanup(&plain);
    buf_cleanup(&line);
}

static void note(struct mask *mask, struct slice text) {
    struct event event = {.kind = EVENT_NOTE};
    struct buf sentence;
    buf_init(&sentence, SEEN_MAX);
    sentence_put_value(&sentence, text); // only what is marked as of the wire is searched
    event.note.text = buf_slice(&sentence);
    mask_take(mask, &event);
    buf_cleanup(&sentence);
}

static void bytes(struct mask *mask, struct slice data) {
    struct event event = {.kind = EVENT_BYTES};
    event.bytes.from = SIDE_SERVER;
    event.bytes.data = data;
    mask_take(mask, &event);
}

// What the fuzzer says, with the secret set into it where it likes, as it is and in base64.
static void put_echo(struct buf *out, struct slice secret, struct slice text) {
    size_t at = text.len == 0 ? 0 : text.data[0] % (text.len + 1);
    buf_put(out, slice_sub(text, 0, at));
    buf_put(out, secret);
    buf_put(out, slice_from(text, at));
    buf_put_byte(out, ' ');
    base64_encode(out, secret);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice all = slice_of(data, size);
    if (size < 2) {
        return 0;
    }
    struct slice secret = slice_sub(all, 1, data[0] % SECRET_MAX);
    struct slice text = slice_from(all, 1 + secret.len);
    // Stars in a secret could meet ours; a line end in it is no secret of one line; and a NUL is
    // where PLAIN takes it apart.
    bool fit = secret.len >= SECRET_MIN && slice_find_byte(secret, '*') == SLICE_NONE &&
               slice_find_byte(secret, '\n') == SLICE_NONE &&
               slice_find_byte(secret, 0) == SLICE_NONE;
    if (!fit || slice_find_byte(secret, '\r') != SLICE_NONE) {
        return 0;
    }
    struct buf seen;
    struct buf echo;
    buf_init(&seen, SEEN_MAX);
    buf_init(&echo, SEEN_MAX);
    struct mask *mask = mask_new(AUTH_VIEW_MASK, (struct event_sink){take, &seen});
    auth(mask, secret);
    put_echo(&echo, secret, text);
    note(mask, buf_slice(&echo));
    size_t half = buf_len(&echo) / 2;
    bytes(mask, slice_sub(buf_slice(&echo), 0, half));
    bytes(mask, slice_from(buf_slice(&echo), half));
    mask_take(mask, &(struct event){.kind = EVENT_CLOSE});
    require(slice_find(buf_slice(&seen), secret) == SLICE_NONE);
    mask_free(mask);
    buf_cleanup(&seen);
    buf_cleanup(&echo);
    return 0;
}
