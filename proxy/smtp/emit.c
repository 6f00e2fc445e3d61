// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "base/memory.h"
#include "smtp/dialogue_state.h"

struct event *emit_event(struct dialogue *dialogue) {
    if (dialogue->event == NULL) {
        dialogue->event = mem_new(sizeof(*dialogue->event));
        dialogue->event->session = dialogue->session;
    }
    return dialogue->event;
}

void emit(struct dialogue *dialogue, enum event_kind kind, int64_t at_ns) {
    struct event *event = emit_event(dialogue);
    event->kind = kind;
    event->at_ns = at_ns;
    event_send(&dialogue->sink, event);
}

// A mark that goes past what is shown of the line goes to its end.
static size_t clip_marks(struct span out[LIMIT_SPANS], const struct span *secrets,
                         size_t secret_count, size_t len) {
    size_t count = 0;
    for (size_t i = 0; i < secret_count; i++) {
        struct span span = secrets[i];
        if (span.offset > len) {
            break;
        }
        if (span.len > len - span.offset) {
            span.len = len - span.offset;
        }
        out[count++] = span;
    }
    return count;
}

struct event_line emit_line_of(const struct dialogue *dialogue, const struct line_reader *reader,
                               const struct span *secrets, size_t secret_count) {
    struct event_line line = {
        .text = slice_sub(line_reader_text(reader), 0, dialogue->config.max_line),
        .len = reader->len,
        .ending = reader->ending,
        .has_bare_cr = reader->has_bare_cr,
        .has_nul = reader->has_nul,
        .has_8bit = reader->has_8bit,
    };
    line.secret_count = clip_marks(line.secrets, secrets, secret_count, line.text.len);
    return line;
}

// The server's answer to a command of the proxy's own, which the client never sees.
static bool is_aside(const struct dialogue *dialogue, const struct emit_bytes *bytes) {
    const struct pending_reply *front = queue_front(&dialogue->queue);
    return bytes->from == SIDE_SERVER && !bytes->by_proxy && front != NULL && front->by_proxy;
}

void emit_bytes(struct dialogue *dialogue, const struct emit_bytes *bytes, int64_t at_ns) {
    if (bytes->data.len == 0) {
        return;
    }
    struct event_bytes *event = &emit_event(dialogue)->bytes;
    *event = (struct event_bytes){.from = bytes->from,
                                  .data = bytes->data,
                                  .secret_count = bytes->secret_count,
                                  .secret_goes_on = bytes->secret_goes_on,
                                  .message_text = bytes->message_text,
                                  .starttls = bytes->starttls,
                                  .by_proxy = bytes->by_proxy,
                                  .aside = is_aside(dialogue, bytes)};
    for (size_t i = 0; i < bytes->secret_count; i++) {
        event->secrets[i] = bytes->secrets[i];
    }
    emit(dialogue, EVENT_BYTES, at_ns);
}

// A line that was not emitted so far, with its end.
void emit_line_bytes(struct dialogue *dialogue, enum side from, const struct line_reader *reader,
                     const struct span *secrets, size_t secret_count) {
    struct slice text = line_reader_text(reader);
    struct buf all;
    buf_init(&all, text.len + 2);
    buf_put(&all, text);
    buf_put(&all, line_ending_bytes(reader->ending));
    struct emit_bytes bytes = {
        .from = from, .data = buf_slice(&all), .secrets = secrets, .secret_count = secret_count};
    emit_bytes(dialogue, &bytes, dialogue->now_ns);
    buf_wipe(&all);
}

// Once for each side: plain bytes between STARTTLS and the handshake (RFC 3207 4.2).
void emit_injection(struct dialogue *dialogue, enum side side, int64_t at_ns) {
    if (!dialogue->injection_due[side]) {
        return;
    }
    dialogue->injection_due[side] = false;
    emit_event(dialogue)->flaw = (struct event_flaw){.side = side,
                                                     .message = EVENT_NO_MESSAGE,
                                                     .exchange = dialogue->starttls_exchange,
                                                     .kind = FLAW_INJECTION};
    emit(dialogue, EVENT_FLAW, at_ns);
}

void emit_early_text(struct dialogue *dialogue, const struct mail_data *mail_data, int64_t at_ns) {
    emit_event(dialogue)->flaw = (struct event_flaw){.side = SIDE_CLIENT,
                                                     .message = mail_data->number,
                                                     .exchange = mail_data->exchange,
                                                     .kind = FLAW_EARLY_TEXT};
    emit(dialogue, EVENT_FLAW, at_ns);
}

void emit_tls_record(struct dialogue *dialogue, int64_t at_ns) {
    emit_event(dialogue)->flaw = (struct event_flaw){.side = SIDE_CLIENT,
                                                     .message = EVENT_NO_MESSAGE,
                                                     .exchange = EVENT_NO_EXCHANGE,
                                                     .kind = FLAW_TLS_RECORD};
    emit(dialogue, EVENT_FLAW, at_ns);
}

// Ends a SASL exchange: `auth` is emitted and freed.
void emit_auth(struct dialogue *dialogue, struct auth *auth, int code, int64_t at_ns) {
    struct auth **link = &dialogue->auths;
    while (*link != auth) {
        link = &(*link)->next;
    }
    *link = auth->next;
    for (size_t i = dialogue->queue.start; i < dialogue->queue.end; i++) {
        struct pending_reply *item = &dialogue->queue.items[i];
        item->auth = item->auth == auth ? NULL : item->auth;
    }
    if (auth->declared) {
        auth_describe(&emit_event(dialogue)->auth, auth, code);
        emit(dialogue, EVENT_AUTH, at_ns);
    }
    auth_free(auth);
}

void emit_note(struct dialogue *dialogue, struct slice text, int64_t at_ns) {
    emit_event(dialogue)->note.text = text;
    emit(dialogue, EVENT_NOTE, at_ns);
}
