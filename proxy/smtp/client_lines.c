// SPDX-License-Identifier: MIT
// client_lines: what the originator's lines are. Secrecy is decided here, before anything is
// emitted.
#include "smtp/lookahead.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "smtp/command_parse.h"
#include "smtp/credentials.h"

#include <assert.h>

// ── what a line is ──────────────────────────────────────────────────────────────────────────────

bool client_line_is_known(struct slice text) {
    return command_verb(text) != VERB_UNKNOWN || command_is_auth_like(text);
}

// Once credentials have passed, an unknown line is shown only where its first word cannot be
// base64: letters of one case (and hyphens), and no more than a verb would have.
static bool looks_like_command(const struct caps *caps, struct slice text) {
    struct slice word = command_word(text);
    bool upper = false;
    bool lower = false;
    for (size_t i = 0; i < word.len; i++) {
        if (!text_is_alpha(word.data[i]) && word.data[i] != '-') {
            return false;
        }
        upper = upper || text_is_upper(word.data[i]);
        lower = lower || word.data[i] >= 'a';
    }
    for (size_t i = 0; caps != NULL && i < caps->list.count; i++) {
        if (slice_equal_nocase(caps->list.items[i].keyword, word)) {
            return true;
        }
    }
    return text.len == 0 || (word.len > 0 && word.len <= LIMIT_VERB && !(upper && lower));
}

enum client_line client_line_classify(const struct dialogue *dialogue, struct slice text) {
    const struct client_stream *client = &dialogue->client;
    if (client->challenge != CHALLENGE_NONE) {
        return CLIENT_LINE_SASL;
    }
    if (client_line_is_known(text)) {
        return CLIENT_LINE_COMMAND;
    }
    if (client->state == CLIENT_AWAIT_SASL) {
        return CLIENT_LINE_SASL;
    }
    bool message_text = client->text_refused || client->state == CLIENT_AWAIT_DATA;
    bool unsure = client->auth_seen && (client->doubt || !message_text);
    bool shown = !client->doubt && looks_like_command(dialogue->caps, text);
    if (client->conceal || (unsure && !shown)) {
        return CLIENT_LINE_CONCEALED;
    }
    return CLIENT_LINE_COMMAND;
}

size_t client_line_secrets(struct span out[LIMIT_SPANS], enum client_line kind, struct slice text,
                           bool cut) {
    switch (kind) {
    case CLIENT_LINE_COMMAND:
        return credentials_find(out, text, cut);
    case CLIENT_LINE_SASL:
        if (!cut && sasl_is_no_response(text)) {
            return 0;
        }
        break;
    case CLIENT_LINE_CONCEALED:
        break;
    }
    out[0] = (struct span){0, text.len};
    return 1;
}

bool client_line_goes_on_secret(enum client_line kind, struct slice text) {
    struct span secrets[LIMIT_SPANS];
    size_t count = client_line_secrets(secrets, kind, text, true);
    return count > 0 && secrets[count - 1].offset + secrets[count - 1].len == text.len;
}

// ── emitting it ──────────────────────────────────────────────────────────────────────────────────

// `command` was read from all that was kept of the line; where less is shown, so is less of it.
static void emit_command(struct dialogue *dialogue, const struct event_line *line,
                         const struct command *command, enum client_line kind, int64_t at_ns) {
    struct event_command *event = &emit_event(dialogue)->command;
    event->by_proxy = false;
    event->exchange = dialogue->exchange_count;
    event->line = *line;
    event->pipelined = dialogue->client.line_pipelined;
    event->heard = dialogue->client.line_heard;
    event->after_421 = event->heard >= dialogue->ordinal_421;
    event->due = queue_awaited(&dialogue->queue);
    event->answers = dialogue->client.challenge;
    event->in_reply = dialogue->client.line_in_reply;
    event->sasl_flaw = dialogue->client.sasl.flaw;
    event->sasl_doubt = dialogue->client.sasl.doubt;
    dialogue->client.sasl = (struct sasl_judgement){0};
    event->continuation = kind == CLIENT_LINE_SASL;
    event->concealed = kind == CLIENT_LINE_CONCEALED;
    event->begun = dialogue->client.answering;
    event->not_smtp = dialogue->stranger == PARTY_CLIENT;
    event->tls = dialogue->tls[SIDE_CLIENT];
    event->offered = caps_list(dialogue->client.line_caps);
    if (kind != CLIENT_LINE_COMMAND) {
        event->command = (struct command){.verb = VERB_NONE};
    } else {
        command_parse(&event->command, line->text);
        event->command.verb = command->verb;
        event->command.mechanism = command->mechanism;
    }
    emit(dialogue, EVENT_COMMAND, at_ns);
}

static void emit_raw(struct dialogue *dialogue, enum verb verb, const struct span *secrets,
                     size_t secret_count) {
    struct client_stream *client = &dialogue->client;
    struct slice ending = line_ending_bytes(client->line.ending);
    if (client->line_emitted) {
        struct emit_bytes bytes = {.from = SIDE_CLIENT, .data = ending};
        emit_bytes(dialogue, &bytes, dialogue->now_ns);
    } else if (verb == VERB_STARTTLS) {
        buf_put(&dialogue->starttls_bytes, line_reader_text(&client->line));
        buf_put(&dialogue->starttls_bytes, ending);
    } else {
        emit_line_bytes(dialogue, SIDE_CLIENT, &client->line, secrets, secret_count);
    }
}

// ── what follows from a command when it is sent ─────────────────────────────────────────────────

static struct body_promise promise_of(const struct command *command) {
    struct event_parameter body = {0};
    command_parameter(&body, command, "BODY");
    return (struct body_promise){
        .eight_bits = slice_is_nocase(body.value, "8BITMIME"),
        .binary = slice_is_nocase(body.value, "BINARYMIME"),
        .smtputf8 = command_has_parameter(command, "SMTPUTF8"),
    };
}

// These end a message that was sent in chunks, before its last one (RFC 3030 2), where the server
// takes them.
static bool ends_chunks(enum verb verb) {
    return verb == VERB_MAIL || verb == VERB_RSET || verb_is_hello(verb) || verb == VERB_DATA ||
           verb == VERB_QUIT || verb == VERB_STARTTLS;
}

// What is left of a response is not all that was to come: it is read, but not judged.
static bool is_part(const struct line_reader *line) {
    return line_reader_cut(line) || line->ending == ENDING_NONE;
}

// Takes `auth`; NULL where so many are under way that this one is not followed.
static struct auth *remember_auth(struct dialogue *dialogue, struct auth *auth) {
    struct auth **link = &dialogue->auths;
    size_t count = 0;
    while (*link != NULL) {
        link = &(*link)->next;
        count++;
    }
    if (count >= LIMIT_AUTHS) {
        auth_free(auth);
        return NULL;
    }
    *link = auth;
    return auth;
}

// What is to be said of the response, where it is one of AUTH itself.
static void take_response(struct dialogue *dialogue, struct auth *auth, struct slice response,
                          bool initial) {
    const char *flaw = auth_response(auth, response, initial, is_part(&dialogue->client.line));
    if (auth->declared) {
        dialogue->client.sasl = (struct sasl_judgement){.flaw = flaw, .doubt = auth->doubt};
    }
}

// Reads AUTH and its initial response.
static struct auth *read_auth(struct dialogue *dialogue, struct slice text) {
    struct slice mechanism;
    struct slice initial;
    command_auth_parts(&mechanism, &initial, text);
    if (!slice_is_null(mechanism) && !credentials_is_mechanism(mechanism)) {
        mechanism = (struct slice){0};
    }
    struct auth *auth = auth_new(dialogue->exchange_count, mechanism);
    auth->declared = command_verb(text) == VERB_AUTH;
    auth->now_s = (dialogue->session->started_unix_ns + dialogue->now_ns) / NS_PER_S;
    initial = slice_trim_right(initial);
    if (initial.len > 0) {
        take_response(dialogue, auth, initial, true);
    }
    return auth;
}

static void begin_chunk(struct dialogue *dialogue, const struct command *command, int exchange) {
    struct client_stream *client = &dialogue->client;
    if (dialogue->mail_data == NULL) {
        mail_data_begin(dialogue, exchange, true);
    }
    dialogue->mail_data->exchange = exchange;
    dialogue->mail_data->abandoned = false;
    dialogue->mail_data->content.exchange = exchange;
    client->chunk_left = command->chunk_len;
    client->chunk_last = command->chunk_last;
}

// Takes `auth`, which is there where the command is AUTH or begins like it.
static void prepare(struct dialogue *dialogue, struct pending_reply *item,
                    const struct command *command, struct auth *auth) {
    struct client_stream *client = &dialogue->client;
    enum verb verb = command->verb;
    if (verb == VERB_MAIL) {
        item->promise = client->promise;
        client->promise = promise_of(command);
    }
    if (verb == VERB_MAIL || verb == VERB_RCPT) {
        item->path = envelope_path_new(command);
    }
    if (auth != NULL) {
        client->auth_seen = true;
        client_set_state(dialogue, CLIENT_AWAIT_SASL);
        item->auth = remember_auth(dialogue, auth);
    } else if (verb == VERB_DATA) {
        client_set_state(dialogue, CLIENT_AWAIT_DATA);
    } else if (verb == VERB_STARTTLS) {
        client_set_state(dialogue, CLIENT_AWAIT_TLS);
        dialogue->starttls_exchange = item->exchange;
    } else if (verb == VERB_BDAT && command->chunk_valid) {
        begin_chunk(dialogue, command, item->exchange);
        item->chunk_last = command->chunk_last;
        dialogue->mail_data->unheard = command->chunk_last && queue_full(&dialogue->queue);
        item->mail_data =
            command->chunk_last && !dialogue->mail_data->unheard ? dialogue->mail_data : NULL;
        client_set_state(dialogue, CLIENT_CHUNK);
    } else if (item->ends_message != 0) {
        client_set_state(dialogue, CLIENT_AWAIT_END);
    }
}

// An empty chunk is over as soon as it is announced.
static void finish_empty_chunk(struct dialogue *dialogue, int64_t at_ns) {
    struct client_stream *client = &dialogue->client;
    if (client->state != CLIENT_CHUNK || client->chunk_left > 0) {
        return;
    }
    client_set_state(dialogue, CLIENT_LINES);
    if (client->chunk_last) {
        mail_data_end_text(dialogue, true, at_ns);
    }
}

// Text may have lines that begin like commands; these are commands beyond doubt, or its end.
static bool ends_refused_text(const struct command *command, struct slice text) {
    bool alone = (command->verb == VERB_RSET || command->verb == VERB_QUIT) &&
                 slice_is_null(command->argument);
    return alone || (command->verb == VERB_MAIL && command->path.keyword) ||
           command_is_auth_like(text) || command_find_hidden_auth(text) != SLICE_NONE ||
           slice_is(text, ".");
}

// AUTH after a bare CR, or after more blanks than are kept of a line.
static bool may_hide_auth(const struct client_stream *client, struct slice text) {
    bool blank = slice_trim(text).len == 0 && line_reader_cut(&client->line);
    return blank || command_find_hidden_auth(text) != SLICE_NONE;
}

// What waits for the reply to a line of the client.
static struct pending_reply new_item(struct dialogue *dialogue, enum verb verb, int64_t at_ns) {
    const struct client_stream *client = &dialogue->client;
    return (struct pending_reply){
        .kind = WAITING_COMMAND,
        .exchange = dialogue_next_exchange(dialogue),
        .verb = verb,
        .unended = client->line.ending == ENDING_NONE && !client->answering,
        .at_ns = at_ns,
    };
}

static void take_command(struct dialogue *dialogue, const struct event_line *line, int64_t at_ns) {
    struct client_stream *client = &dialogue->client;
    struct slice text = line_reader_text(&client->line);
    struct command command;
    command_parse(&command, text);
    if (command.verb != VERB_UNKNOWN) {
        client->conceal = false;
    }
    if (may_hide_auth(client, text)) {
        client->auth_seen = client->conceal = true;
    }
    client->text_refused = client->text_refused && !ends_refused_text(&command, text);
    bool ends = dialogue->mail_data != NULL && ends_chunks(command.verb);
    if (ends && command.verb == VERB_QUIT) {
        mail_data_give_up(dialogue, at_ns);
        ends = false;
    }
    if (command.verb == VERB_RSET || (command.verb == VERB_BURL && command.chunk_last)) {
        mail_data_abandon(dialogue); // RFC 4468 3.3: BURL LAST ends it as BDAT LAST does
    }
    struct pending_reply item = new_item(dialogue, command.verb, at_ns);
    item.ends_message = ends ? dialogue->mail_data->number : 0;
    struct auth *auth = command_is_auth_like(text) ? read_auth(dialogue, text) : NULL;
    emit_command(dialogue, line, &command, CLIENT_LINE_COMMAND, at_ns);
    prepare(dialogue, &item, &command, auth);
    queue_push(&dialogue->queue, &item);
    finish_empty_chunk(dialogue, at_ns);
}

static struct auth *latest_auth(const struct dialogue *dialogue) {
    struct auth *auth = dialogue->auths;
    while (auth != NULL && auth->next != NULL) {
        auth = auth->next;
    }
    return auth;
}

static void take_sasl(struct dialogue *dialogue, const struct event_line *line, int64_t at_ns) {
    struct client_stream *client = &dialogue->client;
    struct pending_reply item = new_item(dialogue, VERB_NONE, at_ns);
    item.continuation = true;
    item.auth = latest_auth(dialogue);
    if (item.auth != NULL) {
        if (client->line_pipelined) { // it does not go by the question
            auth_challenge(item.auth, SLICE(""));
        }
        take_response(dialogue, item.auth, line_reader_text(&client->line), false);
    }
    emit_command(dialogue, line, NULL, CLIENT_LINE_SASL, at_ns);
    if (!item.unended) { // Half a line is no answer.
        client->challenge = CHALLENGE_NONE;
    }
    queue_push(&dialogue->queue, &item);
    client_set_state(dialogue, CLIENT_AWAIT_SASL);
}

static void take_concealed(struct dialogue *dialogue, const struct event_line *line,
                           int64_t at_ns) {
    struct pending_reply item = new_item(dialogue, VERB_NONE, at_ns);
    dialogue->client.conceal =
        dialogue->client.conceal ||
        may_hide_auth(&dialogue->client, line_reader_text(&dialogue->client.line));
    emit_command(dialogue, line, NULL, CLIENT_LINE_CONCEALED, at_ns);
    queue_push(&dialogue->queue, &item);
}

// What follows on a line that was answered before its end is no separate command, unless it
// begins like one: then the client has given the line up.
static bool is_rest(const struct client_stream *client, struct slice text) {
    return client->rest_due && !client_line_is_known(text);
}

static void take_rest(struct dialogue *dialogue) {
    struct client_stream *client = &dialogue->client;
    struct span all = {0, line_reader_text(&client->line).len};
    bool secret = client->rest_secret && all.len > 0;
    emit_raw(dialogue, VERB_NONE, &all, secret ? 1 : 0);
    if (secret) {
        lookahead_give_up(dialogue);
    }
}

void client_line_take(struct dialogue *dialogue, int64_t at_ns) {
    struct client_stream *client = &dialogue->client;
    struct slice text = line_reader_text(&client->line);
    bool rest = is_rest(client, text);
    client->rest_due = false;
    if (rest) {
        take_rest(dialogue);
        return;
    }
    struct span secrets[LIMIT_SPANS];
    enum client_line kind =
        client->line_emitted ? client->line_kind : client_line_classify(dialogue, text);
    size_t count = client_line_secrets(secrets, kind, text, line_reader_cut(&client->line));
    enum verb verb = kind == CLIENT_LINE_COMMAND ? command_verb(text) : VERB_NONE;
    emit_raw(dialogue, verb, secrets, count);
    if (count > 0 && text.len > dialogue->config.max_line) {
        lookahead_emit(dialogue, kind, text, false);
    }
    struct event_line line = emit_line_of(dialogue, &client->line, secrets, count);
    switch (kind) {
    case CLIENT_LINE_COMMAND:
        take_command(dialogue, &line, at_ns);
        break;
    case CLIENT_LINE_SASL:
        take_sasl(dialogue, &line, at_ns);
        break;
    case CLIENT_LINE_CONCEALED:
        take_concealed(dialogue, &line, at_ns);
        break;
    }
}
