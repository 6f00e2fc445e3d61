// SPDX-License-Identifier: MIT
// dialogue: both streams, interleaved as the fuzzer likes. Each step is a byte that says what
// happens, one for its length, and so many bytes:
//
//   c client bytes · s server bytes · C, S the same with CRLF behind · > < a line of the proxy
//   t u the client's, the server's leg speaks TLS · v a view of STARTTLS
//
// Each input is played twice, with steps whole and byte by byte: the events must be the same, the
// bytes told must be those fed, and no line of a SASL exchange or behind AUTH may be unmarked.
#include "../dialogues/render.h"
#include "smtp/command_parse.h"
#include "smtp/dialogue.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SEEN_MAX = 1 << 26 };

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

struct seen {
    struct buf events;
    struct buf told[2];
    struct buf fed[2];
    struct buf masked; // of the client
};

// What no client means as a SASL response is shown as what it is.
static bool is_no_response(struct slice text) {
    static const char *const words[] = {"*", "QUIT", "RSET", "NOOP"};
    struct slice word = slice_trim(text);
    bool found = false;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        found = found || slice_is_nocase(word, words[i]);
    }
    return found;
}

static void check_command(const struct event_command *event) {
    const struct event_line *line = &event->line;
    bool whole = line->secret_count == 1 && line->secrets[0].offset == 0 &&
                 line->secrets[0].len == line->text.len;
    require(line->text.len <= line->len);
    if (event->continuation) {
        require(whole || is_no_response(line->text));
    } else if (event->concealed) {
        require(whole && event->command.verb == VERB_NONE);
    } else if (!event->by_proxy && command_is_auth_like(line->text)) {
        struct slice mechanism;
        struct slice rest;
        command_auth_parts(&mechanism, &rest, line->text);
        size_t marked = line->secret_count == 0 ? line->text.len : line->secrets[0].offset;
        require(rest.len == 0 || marked <= (size_t)(rest.data - line->text.data));
    }
}

static void take_bytes(struct seen *seen, const struct event_bytes *bytes) {
    size_t end = 0;
    require(bytes->data.len > 0 && bytes->secret_count <= LIMIT_SPANS);
    for (size_t i = 0; i < bytes->secret_count; i++) {
        require(bytes->secrets[i].offset >= end);
        end = bytes->secrets[i].offset + bytes->secrets[i].len;
        require(end <= bytes->data.len);
    }
    if (!bytes->by_proxy) {
        buf_put(&seen->told[bytes->from], bytes->data);
    }
}

static void take(void *context, const struct event *event) {
    struct seen *seen = context;
    if (event->kind == EVENT_BYTES) {
        take_bytes(seen, &event->bytes);
    } else if (event->kind == EVENT_COMMAND) {
        check_command(&event->command);
    }
    render_event(&seen->events, event);
    buf_put_byte(&seen->events,
                 event->kind == EVENT_BYTES || event->kind == EVENT_CONTENT ? ' ' : '\n');
    if (event->kind == EVENT_BYTES || event->kind == EVENT_CONTENT) {
        buf_truncate(&seen->events, buf_len(&seen->events) - 1); // as many as there were pieces
    }
}

static void feed(struct seen *seen, struct dialogue *dialogue, enum side side, struct slice bytes,
                 bool cut) {
    buf_put(&seen->fed[side], bytes);
    while (bytes.len > 0) {
        size_t len = cut ? 1 : bytes.len;
        dialogue_feed(dialogue, side, slice_sub(bytes, 0, len), 0);
        bytes = slice_from(bytes, len);
    }
}

static void step(struct seen *seen, struct dialogue *dialogue, uint8_t what, struct slice bytes,
                 bool cut) {
    switch (what) {
    case 'C':
    case 'c':
    case 'S':
    case 's': {
        enum side side = (what | 32) == 'c' ? SIDE_CLIENT : SIDE_SERVER;
        feed(seen, dialogue, side, bytes, cut);
        feed(seen, dialogue, side, what < 'a' ? SLICE("\r\n") : SLICE(""), cut);
        break;
    }
    case '>':
        dialogue_proxy_command(dialogue, bytes, 0);
        break;
    case '<':
        dialogue_proxy_reply(dialogue, bytes, 0);
        break;
    case 't':
        dialogue_tls_begun(dialogue, SIDE_CLIENT);
        break;
    case 'u':
        dialogue_tls_begun(dialogue, SIDE_SERVER);
        break;
    case 'v':
        dialogue_set_starttls_view(dialogue, (enum starttls_view)(bytes.len % 3));
        break;
    default:
        break;
    }
    (void)dialogue_between_commands(dialogue);
    require(!dialogue_between_commands(dialogue) || dialogue_commands_waiting(dialogue) == 0);
}

static void play(struct seen *seen, struct slice input, bool cut) {
    static const struct event_session session = {.id = 1};
    struct dialogue_config config = {.max_line = input.len > 0 ? 8 + input.data[0] : 100};
    *seen = (struct seen){0};
    buf_init(&seen->events, SEEN_MAX);
    for (int side = 0; side < 2; side++) {
        buf_init(&seen->told[side], SEEN_MAX);
        buf_init(&seen->fed[side], SEEN_MAX);
    }
    struct dialogue *dialogue = dialogue_new(&config, &session, (struct event_sink){take, seen});
    for (size_t at = 1; at + 2 <= input.len;) {
        struct slice bytes = slice_sub(input, at + 2, input.data[at + 1]);
        step(seen, dialogue, input.data[at], bytes, cut);
        at += 2 + bytes.len;
    }
    dialogue_close(dialogue, 0);
    dialogue_free(dialogue);
    for (int side = 0; side < 2; side++) {
        require(slice_equal(buf_slice(&seen->fed[side]), buf_slice(&seen->told[side])));
    }
}

static void clean(struct seen *seen) {
    buf_cleanup(&seen->events);
    for (int side = 0; side < 2; side++) {
        buf_cleanup(&seen->told[side]);
        buf_cleanup(&seen->fed[side]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct seen whole;
    struct seen cut;
    if (size > 1 << 16) {
        return 0;
    }
    play(&whole, slice_of(data, size), false);
    play(&cut, slice_of(data, size), true);
    require(slice_equal(buf_slice(&whole.events), buf_slice(&cut.events)));
    clean(&whole);
    clean(&cut);
    return 0;
}
