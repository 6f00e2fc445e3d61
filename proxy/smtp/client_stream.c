// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "smtp/lookahead.h"

#include <assert.h>

// ── states ──────────────────────────────────────────────────────────────────────────────────────

void client_set_state(struct dialogue *dialogue, enum client_state state) {
    dialogue->client.state = state;
}

// The meaning of the next bytes depends on a reply that is due.
static bool must_wait(const struct dialogue *dialogue) {
    if (dialogue->client.undecided || dialogue->client.stream_over) {
        return false;
    }
    switch (dialogue->client.state) {
    case CLIENT_AWAIT_DATA:
    case CLIENT_AWAIT_SASL:
    case CLIENT_AWAIT_TLS:
    case CLIENT_AWAIT_END:
        return true;
    case CLIENT_LINES:
    case CLIENT_TEXT:
    case CLIENT_CHUNK:
        return false;
    }
    return false;
}

// ── message bytes ───────────────────────────────────────────────────────────────────────────────

static size_t read_text(struct dialogue *dialogue, struct slice bytes, int64_t at_ns) {
    size_t used = mail_data_feed(dialogue, bytes, at_ns);
    if (dialogue->mail_data == NULL) {
        client_set_state(dialogue, CLIENT_LINES);
    }
    return used;
}

static void end_chunk(struct dialogue *dialogue, int64_t at_ns) {
    struct pending_reply *chunk = queue_back(&dialogue->queue);
    if (chunk != NULL && chunk->exchange == dialogue->mail_data->exchange) {
        chunk->at_ns = at_ns; // The server's time runs from the chunk's last byte.
    }
    client_set_state(dialogue, CLIENT_LINES);
    if (dialogue->client.chunk_last) {
        mail_data_end_text(dialogue, true, at_ns);
    }
}

// RFC 3030 2: a chunk is as long as BDAT said, also where BDAT was refused.
static size_t read_chunk(struct dialogue *dialogue, struct slice bytes, int64_t at_ns) {
    struct client_stream *client = &dialogue->client;
    struct slice chunk = bytes;
    if (chunk.len > client->chunk_left) {
        chunk.len = (size_t)client->chunk_left;
    }
    size_t used = mail_data_feed(dialogue, chunk, at_ns);
    client->chunk_left -= used;
    if (client->chunk_left == 0) {
        end_chunk(dialogue, at_ns);
    }
    return used;
}

void client_emit_starttls(struct dialogue *dialogue, bool accepted) {
    struct emit_bytes bytes = {
        .from = SIDE_CLIENT, .data = buf_slice(&dialogue->starttls_bytes), .starttls = accepted};
    emit_bytes(dialogue, &bytes, dialogue->now_ns);
    buf_clear(&dialogue->starttls_bytes);
}

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

// The reply to what the client said last is still out.
static bool reply_is_due(const struct queue *queue) {
    if (queue->lost_count > 0) {
        return true;
    }
    for (size_t i = queue->end; i > queue->start; i--) {
        const struct pending_reply *item = &queue->items[i - 1];
        if (item->kind != WAITING_MARK && !item->by_proxy) {
            return item->kind != WAITING_GREETING;
        }
    }
    return false;
}

// What is known now is what the client knew when it sent the line.
static void begin_line(struct dialogue *dialogue) {
    struct client_stream *client = &dialogue->client;
    client_emit_starttls(dialogue, false); // Its answer is not waited for any longer.
    client->line_emitted = false;
    client->line_secret = false;
    client->line_pipelined =
        client->releasing || client->early_len > 0 || reply_is_due(&dialogue->queue);
    client->line_in_reply = line_reader_begun(&dialogue->server.line);
    client->line_heard = client->releasing       ? client->held_heard
                         : client->early_len > 0 ? client->early_heard
                                                 : dialogue->heard_count;
    caps_drop(client->line_caps);
    client->line_caps = caps_hold(client->releasing ? client->held_caps : dialogue->caps);
}

static void emit_rest(struct dialogue *dialogue, struct slice rest, bool secret) {
    struct span all = {0, rest.len};
    struct emit_bytes bytes = {.from = SIDE_CLIENT,
                               .data = rest,
                               .secrets = &all,
                               .secret_count = secret ? 1 : 0,
                               .secret_goes_on = secret};
    emit_bytes(dialogue, &bytes, dialogue->now_ns);
}

// A line over the cap is not waited for: its prefix shows what it is.
static void spill(struct dialogue *dialogue, struct slice rest) {
    struct client_stream *client = &dialogue->client;
    struct slice text = line_reader_text(&client->line);
    if (!client->line_emitted) {
        struct span secrets[LIMIT_SPANS];
        client->line_kind = client_line_classify(dialogue, text);
        client->line_kind = client->rest_due && client->rest_secret && !client_line_is_known(text)
                                ? CLIENT_LINE_CONCEALED
                                : client->line_kind;
        size_t count = client_line_secrets(secrets, client->line_kind, text, true);
        client->line_emitted = true;
        client->line_secret =
            count > 0 && secrets[count - 1].offset + secrets[count - 1].len == text.len;
        struct emit_bytes bytes = {
            .from = SIDE_CLIENT, .data = text, .secrets = secrets, .secret_count = count};
        emit_bytes(dialogue, &bytes, dialogue->now_ns);
    }
    emit_rest(dialogue, rest, client->line_secret);
}

// TLS where lines should be: what follows is ciphertext, and no line of it means anything.
static void give_up(struct dialogue *dialogue) {
    struct client_stream *client = &dialogue->client;
    struct slice text = line_reader_text(&client->line);
    struct buf all;
    buf_init(&all, text.len + 2);
    buf_put(&all, client->line_emitted ? SLICE("") : text);
    buf_put(&all, client->line.held_cr ? SLICE("\r") : line_ending_bytes(client->line.ending));
    struct span whole = {0, buf_len(&all)};
    struct emit_bytes bytes = {.from = SIDE_CLIENT,
                               .data = buf_slice(&all),
                               .secrets = &whole,
                               .secret_count = client->auth_seen ? 1 : 0,
                               .secret_goes_on = client->line_emitted && client->line_secret};
    emit_bytes(dialogue, &bytes, dialogue->now_ns);
    buf_wipe(&all);
    client->gave_up = true;
    client->line.whole = true;
    client->line.held_cr = false;
    emit_tls_record(dialogue, dialogue->now_ns);
    emit_note(dialogue, slice_of_string(dialogue_not_smtp_text(dialogue)), dialogue->now_ns);
}

// True where the line under way is no line at all.
static bool is_strange(struct dialogue *dialogue, bool ended) {
    struct client_stream *client = &dialogue->client;
    struct slice head = slice_sub(line_reader_text(&client->line), 0, NOT_SMTP_HEAD);
    bool tls = head.len >= 3 && not_smtp_is_tls(head) && client->challenge == CHALLENGE_NONE;
    if (!tls && (client->spoke_smtp || dialogue->stranger != PARTY_NONE)) {
        return false;
    }
    char text[NOT_SMTP_TEXT_MAX] = "";
    if (not_smtp_is_client(text, head, ended) || tls) {
        dialogue_say_not_smtp(dialogue, text);
        dialogue->stranger = PARTY_CLIENT;
    }
    return tls;
}

static size_t read_lines(struct dialogue *dialogue, struct slice bytes, int64_t at_ns) {
    struct client_stream *client = &dialogue->client;
    struct slice rest = bytes;
    struct slice over = {0};
    if (client->gave_up) {
        emit_rest(dialogue, bytes, client->auth_seen);
        return bytes.len;
    }
    if (!line_reader_begun(&client->line)) {
        begin_line(dialogue);
    }
    enum line_step step = line_reader_feed(&client->line, &over, &rest);
    if (is_strange(dialogue, step != LINE_MORE)) {
        give_up(dialogue);
        return bytes.len - rest.len;
    }
    switch (step) {
    case LINE_MORE:
        break;
    case LINE_SPILL:
        spill(dialogue, over);
        break;
    case LINE_WHOLE:
        client_line_take(dialogue, at_ns);
        break;
    }
    return bytes.len - rest.len;
}

// ── the stream ──────────────────────────────────────────────────────────────────────────────────

// More text came after DATA than can be held until it is answered. A client that sends so much
// takes the answer for granted.
static void assume_text(struct dialogue *dialogue, int64_t at_ns) {
    if (dialogue->mail_data != NULL) {
        mail_data_give_up(dialogue, at_ns);
    }
    mail_data_begin(dialogue, dialogue->exchange_count, false);
    client_set_state(dialogue, CLIENT_TEXT);
}

static size_t read_some(struct dialogue *dialogue, struct slice bytes, int64_t at_ns) {
    switch (dialogue->client.state) {
    case CLIENT_AWAIT_DATA:
        if (dialogue->client.stream_over) {
            return read_lines(dialogue, bytes, at_ns);
        }
        assume_text(dialogue, at_ns);
        return read_text(dialogue, bytes, at_ns);
    case CLIENT_TEXT:
        return read_text(dialogue, bytes, at_ns);
    case CLIENT_CHUNK:
        return read_chunk(dialogue, bytes, at_ns);
    case CLIENT_LINES:
    case CLIENT_AWAIT_SASL:
    case CLIENT_AWAIT_TLS:
    case CLIENT_AWAIT_END:
        return read_lines(dialogue, bytes, at_ns);
    }
    return bytes.len;
}

// Reads up to where the stream must wait; how many bytes that were.
static size_t read_all(struct dialogue *dialogue, struct slice bytes, int64_t at_ns) {
    size_t used = 0;
    if (bytes.len > 0 && dialogue->awaits_tls[SIDE_CLIENT]) {
        emit_injection(dialogue, SIDE_CLIENT, at_ns);
    }
    while (used < bytes.len && !must_wait(dialogue)) {
        used += read_some(dialogue, slice_from(bytes, used), at_ns);
    }
    return used;
}

void client_release(struct dialogue *dialogue) {
    struct client_stream *client = &dialogue->client;
    client->releasing = true;
    while (buf_len(&client->held) > 0 && !must_wait(dialogue)) {
        size_t used = read_all(dialogue, buf_slice(&client->held), client->held_ns);
        buf_consume_wiped(&client->held, used);
        lookahead_consume(client, used);
    }
    client->releasing = false;
    if (buf_len(&client->held) == 0 && client->held_caps != NULL) {
        caps_drop(client->held_caps);
        client->held_caps = NULL;
    }
}

// Whether it is text or commands the reply decides; here is said when it came.
static void emit_early(struct dialogue *dialogue, int64_t at_ns) {
    static const struct slice note = SLICE_INIT("The client goes on without waiting for the reply "
                                                "to DATA; what it sends is shown when that "
                                                "reply is here, which decides whether it is text");
    if (dialogue->client.state == CLIENT_AWAIT_DATA) {
        emit_note(dialogue, note, at_ns);
    }
}

static size_t room_to_hold(const struct client_stream *client) {
    size_t limit = client->state == CLIENT_AWAIT_DATA ? LIMIT_UNDECIDED_TEXT : LIMIT_UNDECIDED;
    size_t held = buf_len(&client->held);
    return held < limit ? limit - held : 0;
}

static size_t hold(struct dialogue *dialogue, struct slice bytes, int64_t at_ns) {
    struct client_stream *client = &dialogue->client;
    if (buf_len(&client->held) == 0) {
        emit_early(dialogue, at_ns);
        client->held_caps = caps_hold(dialogue->caps);
        client->held_heard = dialogue->heard_count;
    }
    client->held_ns = at_ns;
    size_t used = buf_append_some(&client->held, slice_sub(bytes, 0, room_to_hold(client)));
    lookahead_look(dialogue);
    if (used < bytes.len) {
        client->undecided = true;
        client_release(dialogue);
    }
    return used;
}

void client_feed(struct dialogue *dialogue, struct slice bytes, int64_t at_ns) {
    struct client_stream *client = &dialogue->client;
    if (bytes.len > 0) {
        server_settle_reply(dialogue);
    }
    while (bytes.len > 0) {
        bool waits = must_wait(dialogue) || buf_len(&client->held) > 0;
        size_t used = waits ? hold(dialogue, bytes, at_ns) : read_all(dialogue, bytes, at_ns);
        bytes = slice_from(bytes, used);
    }
}

// ── ends ────────────────────────────────────────────────────────────────────────────────────────

static void end_line(struct dialogue *dialogue, int64_t at_ns) {
    struct client_stream *client = &dialogue->client;
    bool in_text = client->state == CLIENT_TEXT || client->state == CLIENT_CHUNK;
    struct slice over = {0};
    if (!in_text && !client->gave_up && line_reader_end(&client->line, &over)) {
        if (over.len > 0) {
            spill(dialogue, over);
        }
        client_line_take(dialogue, at_ns);
    }
}

void client_end(struct dialogue *dialogue, int64_t at_ns) {
    if (dialogue->client.state == CLIENT_LINES && buf_len(&dialogue->client.held) == 0) {
        end_line(dialogue, at_ns);
    }
}

void client_answer_begun(struct dialogue *dialogue, int64_t at_ns) {
    struct client_stream *client = &dialogue->client;
    if (client->state != CLIENT_LINES || client->rest_due || !line_reader_begun(&client->line)) {
        return;
    }
    struct slice text = line_reader_text(&client->line);
    enum client_line kind =
        client->line_emitted ? client->line_kind : client_line_classify(dialogue, text);
    client->rest_secret = client_line_goes_on_secret(kind, text);
    client->answering = true;
    end_line(dialogue, at_ns);
    client->answering = false;
    client->rest_due = true;
}

bool client_finish(struct dialogue *dialogue, int64_t at_ns) {
    assert(dialogue->client.stream_over);
    client_emit_starttls(dialogue, false);
    client_release(dialogue);
    end_line(dialogue, at_ns);
    client_emit_starttls(dialogue, false);
    bool in_text = mail_data_is_open(dialogue);
    if (dialogue->mail_data != NULL) {
        mail_data_give_up(dialogue, at_ns);
    }
    return in_text;
}

void client_begin_tls(struct dialogue *dialogue, int64_t at_ns) {
    dialogue->client.stream_over = true;
    client_finish(dialogue, at_ns);
    dialogue->client.stream_over = false; // The stream inside TLS is another one.
    client_set_state(dialogue, CLIENT_LINES);
    dialogue->client.challenge = CHALLENGE_NONE;
    dialogue->client.undecided = false;
    dialogue->client.text_refused = false;
    dialogue->client.rest_due = false;
    dialogue->client.early_len = 0;
    dialogue->client.promise = (struct body_promise){0};
}

void client_cleanup(struct client_stream *client) {
    line_reader_cleanup(&client->line);
    buf_wipe(&client->held);
    caps_drop(client->line_caps);
    caps_drop(client->held_caps);
}
