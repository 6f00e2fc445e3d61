// SPDX-License-Identifier: MIT
#include "smtp/dialogue.h"

#include "base/memory.h"
#include "smtp/command_parse.h"
#include "smtp/dialogue_state.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>

// What a line is shows in its first bytes: so many are kept of it, however small --max-line is and
// however many blanks it begins with.
enum { PREFIX_MIN = 8 * 1024 };

static size_t prefix_max(const struct dialogue_config *config) {
    return config->max_line > PREFIX_MIN ? config->max_line : PREFIX_MIN;
}

struct dialogue *dialogue_new(const struct dialogue_config *config,
                              const struct event_session *session, struct event_sink sink) {
    struct dialogue *dialogue = mem_new(sizeof(*dialogue));
    dialogue->config = *config;
    dialogue->session = session;
    dialogue->sink = sink;
    dialogue->ordinal_421 = EVENT_UNHEARD;
    line_reader_init(&dialogue->client.line, prefix_max(config));
    line_reader_init(&dialogue->server.line, prefix_max(config));
    buf_init(&dialogue->client.held, LIMIT_UNDECIDED_TEXT);
    buf_init(&dialogue->server.raw, LIMIT_REPLY_BYTES);
    buf_init(&dialogue->starttls_bytes, prefix_max(config) + 2);
    reply_init(&dialogue->server.reply);
    queue_push(&dialogue->queue, &(struct pending_reply){.kind = WAITING_GREETING, .at_ns = -1});
    return dialogue;
}

void dialogue_look_ahead(struct dialogue *dialogue, struct event_sink sink) {
    dialogue->ahead = sink;
}

void dialogue_free(struct dialogue *dialogue) {
    if (dialogue == NULL) {
        return;
    }
    client_cleanup(&dialogue->client);
    server_cleanup(&dialogue->server);
    queue_cleanup(&dialogue->queue);
    envelope_clear(&dialogue->envelope);
    mail_data_free_all(dialogue);
    caps_drop(dialogue->caps);
    buf_wipe(&dialogue->starttls_bytes);
    while (dialogue->auths != NULL) {
        struct auth *auth = dialogue->auths;
        dialogue->auths = auth->next;
        auth_free(auth);
    }
    free(dialogue->event);
    free(dialogue->not_smtp_text);
    mem_wipe(dialogue, sizeof(*dialogue));
    free(dialogue);
}

static void give_back(struct buf *buf) {
    if (buf_len(buf) == 0) {
        buf_wipe(buf);
    }
}

// Most sessions of a busy proxy wait: none of them holds memory for what comes next. One in the
// middle of a line does not wait: more of it is on its way.
static void give_back_buffers(struct dialogue *dialogue) {
    if (line_reader_begun(&dialogue->client.line) || line_reader_begun(&dialogue->server.line)) {
        return;
    }
    line_reader_give_back(&dialogue->client.line);
    line_reader_give_back(&dialogue->server.line);
    reply_give_back(&dialogue->server.reply);
    queue_give_back(&dialogue->queue);
    give_back(&dialogue->client.held);
    give_back(&dialogue->server.raw);
    give_back(&dialogue->starttls_bytes);
    if (dialogue->mail_data_list == NULL) { // They fill it in, too.
        free(dialogue->event);
        dialogue->event = NULL;
    }
}

void dialogue_feed(struct dialogue *dialogue, enum side from, struct slice bytes, int64_t at_ns) {
    assert(!dialogue->closed);
    dialogue->now_ns = at_ns;
    if (from == SIDE_CLIENT) {
        size_t *early_len = &dialogue->client.early_len;
        client_feed(dialogue, bytes, at_ns);
        *early_len -= bytes.len < *early_len ? bytes.len : *early_len;
    } else {
        server_feed(dialogue, bytes, at_ns);
    }
    give_back_buffers(dialogue);
}

void dialogue_expect_early(struct dialogue *dialogue, size_t len) {
    struct client_stream *client = &dialogue->client;
    client->early_heard = client->early_len > 0 ? client->early_heard : dialogue->heard_count;
    client->early_len = len;
}

void dialogue_say_not_smtp(struct dialogue *dialogue, const char *text) {
    free(dialogue->not_smtp_text);
    dialogue->not_smtp_text = mem_string(text);
}

int dialogue_next_exchange(struct dialogue *dialogue) {
    if (dialogue->exchange_count < INT_MAX) {
        dialogue->exchange_count++;
    }
    return dialogue->exchange_count;
}

// ── what the proxy says ─────────────────────────────────────────────────────────────────────────

// A 220 of the proxy's own to the client's STARTTLS.
static bool accepts_starttls(const struct dialogue *dialogue, enum side from, struct slice line) {
    const struct pending_reply *front = queue_front(&dialogue->queue);
    return from == SIDE_SERVER && front != NULL && front->verb == VERB_STARTTLS &&
           slice_starts_with(line, SLICE("220"));
}

static void emit_proxy_bytes(struct dialogue *dialogue, enum side from, struct slice line) {
    struct buf all;
    buf_init(&all, line.len + 2);
    buf_put(&all, line);
    buf_put_string(&all, "\r\n");
    struct emit_bytes bytes = {.from = from,
                               .data = buf_slice(&all),
                               .starttls = accepts_starttls(dialogue, from, line),
                               .by_proxy = true};
    emit_bytes(dialogue, &bytes, dialogue->now_ns);
    buf_cleanup(&all);
}

// The client was sent a reply that ends its login.
static void cancel_auth(struct dialogue *dialogue) {
    dialogue->client.challenge = CHALLENGE_NONE;
    if (dialogue->auths != NULL) {
        dialogue->auths->cancelled = true;
        struct event_command kept = emit_event(dialogue)->command;
        emit_auth(dialogue, dialogue->auths, 0, dialogue->now_ns);
        emit_event(dialogue)->command = kept;
    }
}

static void emit_proxy_command(struct dialogue *dialogue, struct slice line, int64_t at_ns) {
    dialogue->now_ns = at_ns;
    emit_proxy_bytes(dialogue, SIDE_CLIENT, line);
    struct event_command *event = &emit_event(dialogue)->command;
    *event = (struct event_command){
        .by_proxy = true,
        .exchange = dialogue_next_exchange(dialogue),
        .line = {.text = line, .len = line.len, .ending = ENDING_CRLF},
        .tls = dialogue->tls[SIDE_SERVER],
    };
    command_parse(&event->command, line);
    if (slice_is(line, "*")) {
        cancel_auth(dialogue);
    }
    emit(dialogue, EVENT_COMMAND, at_ns);
}

void dialogue_proxy_substitute_command(struct dialogue *dialogue, struct slice line,
                                       int64_t at_ns) {
    emit_proxy_command(dialogue, line, at_ns);
}

void dialogue_proxy_command(struct dialogue *dialogue, struct slice line, int64_t at_ns) {
    emit_proxy_command(dialogue, line, at_ns);
    const struct event_command *event = &emit_event(dialogue)->command;
    struct pending_reply item = {.kind = WAITING_COMMAND,
                                 .exchange = event->exchange,
                                 .verb = event->command.verb,
                                 .by_proxy = true,
                                 .at_ns = at_ns};
    queue_push(&dialogue->queue, &item);
}

void dialogue_proxy_reply(struct dialogue *dialogue, struct slice line, int64_t at_ns) {
    struct event_line whole = {.text = line, .len = line.len, .ending = ENDING_CRLF};
    dialogue->now_ns = at_ns;
    server_settle_reply(dialogue);
    emit_proxy_bytes(dialogue, SIDE_SERVER, line);
    server_take_line(dialogue, &whole, true, at_ns);
}

void dialogue_note_heard(struct dialogue *dialogue, int code, unsigned ordinal) {
    if (code == 421 && ordinal < dialogue->ordinal_421) {
        dialogue->ordinal_421 = ordinal;
    }
}

void dialogue_proxy_substitute(struct dialogue *dialogue, struct slice line, int64_t at_ns) {
    struct reply_line parsed;
    reply_line_parse(&parsed, line);
    dialogue->now_ns = at_ns;
    emit_proxy_bytes(dialogue, SIDE_SERVER, line);
    struct event_reply_line shown = {.text = parsed.text};
    shown.line = (struct event_line){.text = line, .len = line.len, .ending = ENDING_CRLF};
    emit_event(dialogue)->reply = (struct event_reply){
        .by_proxy = true,
        .to = EVENT_NO_EXCHANGE,
        .ordinal = dialogue->heard_count,
        .code = parsed.code,
        .enhanced = reply_line_enhanced(parsed.text),
        .lines = &shown,
        .line_count = 1,
        .in_text = mail_data_is_open(dialogue),
        .latency_ns = -1,
        .tls = dialogue->tls[SIDE_CLIENT],
    };
    emit(dialogue, EVENT_REPLY, at_ns);
    dialogue_note_heard(dialogue, parsed.code, dialogue->heard_count);
}

// ── TLS ─────────────────────────────────────────────────────────────────────────────────────────

bool dialogue_awaits_tls(const struct dialogue *dialogue) {
    return dialogue->awaits_tls[SIDE_CLIENT] || dialogue->awaits_tls[SIDE_SERVER];
}

// What still waits will not get a reply; the greeting may yet come.
static void forget_waiting(struct dialogue *dialogue, int64_t at_ns) {
    struct pending_reply item;
    bool greeting = false;
    while (queue_pop(&item, &dialogue->queue)) {
        greeting = greeting || item.kind == WAITING_GREETING;
        envelope_path_free(item.path);
        if (item.mail_data != NULL) {
            mail_data_emit(dialogue, item.mail_data, true, at_ns);
        }
    }
    while (dialogue->auths != NULL) {
        emit_auth(dialogue, dialogue->auths, 0, at_ns);
    }
    if (greeting) {
        queue_push(&dialogue->queue,
                   &(struct pending_reply){.kind = WAITING_GREETING, .at_ns = -1});
    }
}

void dialogue_tls_begun(struct dialogue *dialogue, enum side side) {
    if (side == SIDE_CLIENT) {
        client_begin_tls(dialogue, dialogue->now_ns);
        forget_waiting(dialogue, dialogue->now_ns);
        envelope_clear(&dialogue->envelope);
        caps_drop(dialogue->caps);
        dialogue->caps = NULL;
    }
    if (side == SIDE_SERVER) {
        server_begin_tls(dialogue, dialogue->now_ns);
    }
    dialogue->tls[side] = true;
    dialogue->awaits_tls[side] = false;
    dialogue->injection_due[side] = false;
}

void dialogue_tls_withdrawn(struct dialogue *dialogue) {
    dialogue->tls[SIDE_CLIENT] = dialogue->tls[SIDE_SERVER] = false;
}

void dialogue_edit_next_offer(struct dialogue *dialogue, const struct offer_edit *edit) {
    dialogue->offer_edit = *edit;
}

void dialogue_set_starttls_view(struct dialogue *dialogue, enum starttls_view view) {
    dialogue->view = view;
}

// ── questions ───────────────────────────────────────────────────────────────────────────────────

size_t dialogue_commands_waiting(const struct dialogue *dialogue) {
    const struct pending_reply *front = queue_front(&dialogue->queue);
    bool greeting = front != NULL && front->kind == WAITING_GREETING;
    return queue_due(&dialogue->queue) - (greeting ? 1 : 0);
}

bool dialogue_between_commands(const struct dialogue *dialogue) {
    return dialogue->client.state == CLIENT_LINES && !dialogue_awaits_tls(dialogue) &&
           queue_due(&dialogue->queue) == 0 && dialogue->client.challenge == CHALLENGE_NONE &&
           !line_reader_begun(&dialogue->client.line) &&
           !line_reader_begun(&dialogue->server.line) && !dialogue->server.reply.open;
}

static enum dialogue_due due_reply(enum verb *out_verb, const struct queue *queue) {
    for (size_t i = queue->start; i < queue->end; i++) {
        const struct pending_reply *waiting = &queue->items[i];
        *out_verb = waiting->verb;
        switch (waiting->kind) {
        case WAITING_GREETING:
            return DUE_GREETING;
        case WAITING_COMMAND:
            return waiting->continuation ? DUE_SASL : DUE_REPLY;
        case WAITING_FINAL:
            return DUE_FINAL;
        case WAITING_MARK:
            break;
        }
    }
    *out_verb = VERB_NONE;
    return queue->lost_count > 0 ? DUE_REPLY : DUE_NOTHING;
}

enum dialogue_due dialogue_due(enum verb *out_verb, const struct dialogue *dialogue) {
    enum client_state state = dialogue->client.state;
    enum dialogue_due due = due_reply(out_verb, &dialogue->queue);
    bool chunks_to_come = due == DUE_NOTHING && dialogue->mail_data != NULL;
    if (state == CLIENT_TEXT || state == CLIENT_CHUNK || chunks_to_come) {
        return DUE_TEXT;
    }
    return due == DUE_NOTHING && dialogue->client.challenge != CHALLENGE_NONE ? DUE_SASL : due;
}

struct event_progress dialogue_progress(const struct dialogue *dialogue) {
    struct event_progress now = {.due = queue_awaited(&dialogue->queue),
                                 .challenge = dialogue->client.challenge,
                                 .greeted = dialogue->greeted,
                                 .quit_answered = dialogue->quit_answered,
                                 .in_text = mail_data_is_open(dialogue)};
    now = dialogue->closed ? dialogue->left_at : now;
    now.saw_421 = dialogue->saw_421 || dialogue_heard_421(dialogue);
    return now;
}

bool dialogue_greeted(const struct dialogue *dialogue) {
    return dialogue->greeted;
}

bool dialogue_quit_answered(const struct dialogue *dialogue) {
    return dialogue->quit_answered;
}

bool dialogue_saw_421(const struct dialogue *dialogue) {
    return dialogue->saw_421;
}

bool dialogue_heard_421(const struct dialogue *dialogue) {
    return dialogue->ordinal_421 != EVENT_UNHEARD;
}

bool dialogue_saw_tls_record(const struct dialogue *dialogue) {
    return dialogue->client.gave_up;
}

bool dialogue_awaits_command(const struct dialogue *dialogue) {
    const struct client_stream *client = &dialogue->client;
    return client->state == CLIENT_LINES && client->challenge == CHALLENGE_NONE &&
           buf_len(&client->held) == 0 && !line_reader_begun(&client->line);
}

enum party dialogue_not_smtp(const struct dialogue *dialogue) {
    return dialogue->stranger;
}

const char *dialogue_not_smtp_text(const struct dialogue *dialogue) {
    return dialogue->not_smtp_text == NULL ? "" : dialogue->not_smtp_text;
}

// ── the end ─────────────────────────────────────────────────────────────────────────────────────

void dialogue_end(struct dialogue *dialogue, enum side side, int64_t at_ns) {
    dialogue->now_ns = at_ns;
    if (side == SIDE_CLIENT) {
        client_end(dialogue, at_ns);
    } else {
        server_end(dialogue, at_ns);
    }
}

void dialogue_close(struct dialogue *dialogue, int64_t at_ns) {
    assert(!dialogue->closed);
    dialogue->now_ns = at_ns;
    dialogue->client.stream_over = true;
    server_finish(dialogue, at_ns);
    bool in_text = client_finish(dialogue, at_ns);
    dialogue->left_at = dialogue_progress(dialogue);
    dialogue->left_at.in_text = in_text;
    dialogue->closed = true;
    forget_waiting(dialogue, at_ns);
}
