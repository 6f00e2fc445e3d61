// SPDX-License-Identifier: MIT
// server_stream: the server's lines become replies, each reply finds what it answers.
#include "smtp/lookahead.h"
#include "smtp/reply_match.h"

// ── bytes ───────────────────────────────────────────────────────────────────────────────────────

// Whether the reply under way answers STARTTLS: then its bytes are emitted when it is known how.
static bool answers_starttls(const struct dialogue *dialogue) {
    const struct pending_reply *front = queue_front(&dialogue->queue);
    return front != NULL && front->kind == WAITING_COMMAND && front->verb == VERB_STARTTLS;
}

static void emit_raw(struct dialogue *dialogue, struct slice bytes, bool starttls) {
    struct emit_bytes raw = {.from = SIDE_SERVER, .data = bytes, .starttls = starttls};
    emit_bytes(dialogue, &raw, dialogue->now_ns);
}

void server_emit_held(struct dialogue *dialogue, bool starttls) {
    emit_raw(dialogue, buf_slice(&dialogue->server.raw), starttls);
    buf_clear(&dialogue->server.raw);
}

static void pass_bytes(struct dialogue *dialogue, struct slice bytes) {
    struct buf *raw = &dialogue->server.raw;
    if (answers_starttls(dialogue) && buf_room(raw) >= bytes.len) {
        buf_put(raw, bytes);
        return;
    }
    server_emit_held(dialogue, false);
    emit_raw(dialogue, bytes, false);
}

static void pass_line(struct dialogue *dialogue) {
    struct server_stream *server = &dialogue->server;
    if (!server->line_emitted) {
        struct buf all;
        buf_init(&all, line_reader_text(&server->line).len + 2);
        buf_put(&all, line_reader_text(&server->line));
        buf_put(&all, line_ending_bytes(server->line.ending));
        pass_bytes(dialogue, buf_slice(&all));
        buf_cleanup(&all);
    } else {
        pass_bytes(dialogue, line_ending_bytes(server->line.ending));
    }
    server->line_emitted = false;
}

static void spill(struct dialogue *dialogue, struct slice rest) {
    struct server_stream *server = &dialogue->server;
    if (!server->line_emitted) {
        server->line_emitted = true;
        pass_bytes(dialogue, line_reader_text(&server->line));
    }
    pass_bytes(dialogue, rest);
}

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

static void judge_stranger(struct dialogue *dialogue, bool ended) {
    struct server_stream *server = &dialogue->server;
    struct slice text = line_reader_text(&server->line);
    struct reply_line line;
    reply_line_parse(&line, text);
    if (ended && line.code != 0) {
        server->spoke_smtp = true;
        if (dialogue->stranger == PARTY_SERVER) {
            dialogue->stranger = PARTY_NONE;
        }
    }
    if (server->spoke_smtp || dialogue->stranger != PARTY_NONE) {
        return;
    }
    struct slice head = slice_sub(text, 0, NOT_SMTP_HEAD);
    char why[NOT_SMTP_TEXT_MAX];
    if (not_smtp_is_server(why, head, ended)) {
        dialogue_say_not_smtp(dialogue, why);
        dialogue->stranger = PARTY_SERVER;
    }
}

static bool client_is_silent(const struct dialogue *dialogue) {
    return dialogue->exchange_count == 0 && buf_len(&dialogue->client.held) == 0 &&
           !line_reader_begun(&dialogue->client.line);
}

// Some servers take long over their greeting, so that clients which do not wait show themselves.
static void emit_greeting(struct dialogue *dialogue, const struct event_line *line, int64_t at_ns) {
    const struct pending_reply *front = queue_front(&dialogue->queue);
    struct reply *reply = &dialogue->server.reply;
    bool greeting = front != NULL && front->kind == WAITING_GREETING;
    if (greeting && !reply->pending && reply->emitted + 1 == reply->count && !reply->cut &&
        client_is_silent(dialogue)) {
        reply->emitted++;
        emit_event(dialogue)->greeting.line = *line;
        emit_event(dialogue)->greeting.line.text =
            slice_sub(line->text, 0, dialogue->config.max_line);
        emit(dialogue, EVENT_GREETING, at_ns);
    }
}

void server_take_line(struct dialogue *dialogue, const struct event_line *line, bool by_proxy,
                      int64_t at_ns) {
    if (reply_add(&dialogue->server.reply, line)) {
        reply_match_answer(dialogue, &(struct answer){.by_proxy = by_proxy, .at_ns = at_ns});
    } else if (!by_proxy) {
        emit_greeting(dialogue, line, at_ns);
    }
}

// All that was kept: --max-line says what is shown, not what is read.
static struct event_line whole_line(const struct line_reader *reader) {
    return (struct event_line){.text = line_reader_text(reader),
                               .len = reader->len,
                               .ending = reader->ending,
                               .has_bare_cr = reader->has_bare_cr,
                               .has_nul = reader->has_nul,
                               .has_8bit = reader->has_8bit};
}

static void take_line(struct dialogue *dialogue, int64_t at_ns) {
    pass_line(dialogue);
    dialogue->server.line_ns = at_ns;
    struct event_line line = whole_line(&dialogue->server.line);
    server_take_line(dialogue, &line, false, at_ns);
}

// A record after the 220 to STARTTLS: what a server says that gave up waiting for a ClientHello.
// No reply begins with such a byte.
static bool begins_tls(const struct dialogue *dialogue, struct slice bytes) {
    enum { CHANGE_CIPHER_SPEC = 0x14, APPLICATION_DATA = 0x17 }; // and alert, handshake between
    return dialogue->awaits_tls[SIDE_SERVER] && !line_reader_begun(&dialogue->server.line) &&
           bytes.data[0] >= CHANGE_CIPHER_SPEC && bytes.data[0] <= APPLICATION_DATA;
}

void server_feed(struct dialogue *dialogue, struct slice bytes, int64_t at_ns) {
    struct server_stream *server = &dialogue->server;
    lookahead_look_at_begun(dialogue);
    while (bytes.len > 0) {
        server->speaks_tls = server->speaks_tls || begins_tls(dialogue, bytes);
        if (server->speaks_tls) {
            pass_bytes(dialogue, bytes);
            return;
        }
        if (dialogue->awaits_tls[SIDE_SERVER]) {
            emit_injection(dialogue, SIDE_SERVER, at_ns);
        }
        struct slice over = {0};
        enum line_step step = line_reader_feed(&server->line, &over, &bytes);
        judge_stranger(dialogue, step != LINE_MORE);
        switch (step) {
        case LINE_MORE:
            break;
        case LINE_SPILL:
            spill(dialogue, over);
            break;
        case LINE_WHOLE:
            take_line(dialogue, at_ns);
            break;
        }
    }
}

// ── ends ────────────────────────────────────────────────────────────────────────────────────────

static void settle(struct dialogue *dialogue, bool plain) {
    if (dialogue->server.reply.open && dialogue->server.reply.pending) {
        reply_match_answer(dialogue,
                           &(struct answer){.plain = plain, .at_ns = dialogue->server.line_ns});
    }
}

void server_settle_reply(struct dialogue *dialogue) {
    settle(dialogue, false);
}

// A line that ends with the stream, where it is clear that it would be the last of its reply: a
// client that reads to the end takes it for one.
static bool is_whole_reply(struct slice text) {
    enum { CODE_LEN = 3 };
    struct reply_line line;
    reply_line_parse(&line, text);
    return line.code != 0 && !line.malformed && !line.goes_on && text.len > CODE_LEN;
}

static void finish(struct dialogue *dialogue, bool plain, bool good_order, int64_t at_ns) {
    struct server_stream *server = &dialogue->server;
    bool whole = false;
    settle(dialogue, plain);
    struct slice over = {0};
    if (line_reader_end(&server->line, &over)) {
        if (over.len > 0) {
            spill(dialogue, over);
        }
        pass_line(dialogue);
        struct event_line line = whole_line(&server->line);
        reply_add(&server->reply, &line);
        whole = good_order && is_whole_reply(line.text);
    }
    if (server->reply.open) {
        reply_match_answer(dialogue,
                           &(struct answer){.incomplete = !whole, .plain = plain, .at_ns = at_ns});
    }
    server_emit_held(dialogue, false);
}

void server_finish(struct dialogue *dialogue, int64_t at_ns) {
    finish(dialogue, false, false, at_ns);
}

void server_end(struct dialogue *dialogue, int64_t at_ns) {
    if (!dialogue->server.speaks_tls) {
        finish(dialogue, false, true, at_ns);
    }
}

// RFC 3207 4.2: what came in the clear is no part of what comes inside TLS.
void server_begin_tls(struct dialogue *dialogue, int64_t at_ns) {
    finish(dialogue, true, false, at_ns);
    dialogue->server.speaks_tls = false;
}

void server_cleanup(struct server_stream *server) {
    line_reader_cleanup(&server->line);
    reply_cleanup(&server->reply);
    buf_wipe(&server->raw);
}
