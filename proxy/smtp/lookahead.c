// SPDX-License-Identifier: MIT
#include "smtp/lookahead.h"

#include "base/limits.h"
#include "base/lines.h"
#include "smtp/command_parse.h"
#include "smtp/credentials.h"

static enum lookahead first_expectation(enum client_state state) {
    switch (state) {
    case CLIENT_AWAIT_SASL:
        return LOOKAHEAD_SASL;
    case CLIENT_AWAIT_TLS:
    case CLIENT_AWAIT_END:
        return LOOKAHEAD_COMMANDS;
    case CLIENT_AWAIT_DATA:
    case CLIENT_LINES:
    case CLIENT_TEXT:
    case CLIENT_CHUNK:
        break;
    }
    return LOOKAHEAD_TEXT;
}

static enum lookahead expectation_behind(enum lookahead ahead, struct slice line) {
    if (command_is_auth_like(line)) {
        return LOOKAHEAD_SASL;
    }
    enum verb verb = command_verb(line);
    if (verb == VERB_DATA || verb == VERB_BDAT) {
        return LOOKAHEAD_TEXT;
    }
    return verb == VERB_UNKNOWN ? ahead : LOOKAHEAD_COMMANDS;
}

bool lookahead_emit(struct dialogue *dialogue, enum client_line kind, struct slice line,
                    bool begun) {
    struct event_command *event = &emit_event(dialogue)->command;
    if (dialogue->ahead.take == NULL) {
        return false;
    }
    *event = (struct event_command){.continuation = kind == CLIENT_LINE_SASL,
                                    .concealed = kind == CLIENT_LINE_CONCEALED};
    event->line = (struct event_line){.text = line, .len = line.len + (begun ? 1 : 0)};
    event->line.secret_count = client_line_secrets(event->line.secrets, kind, line, begun);
    if (event->line.secret_count == 0 && !command_is_auth_like(line)) {
        return false;
    }
    command_parse(&event->command, line);
    emit_event(dialogue)->kind = EVENT_COMMAND;
    event_send(&dialogue->ahead, emit_event(dialogue));
    return true;
}

static enum client_line kind_of(enum lookahead ahead, struct slice line) {
    bool known = command_is_auth_like(line) || command_verb(line) != VERB_UNKNOWN;
    return ahead == LOOKAHEAD_SASL && !known ? CLIENT_LINE_SASL : CLIENT_LINE_COMMAND;
}

void lookahead_look(struct dialogue *dialogue) {
    struct client_stream *client = &dialogue->client;
    if (client->ahead_len == 0) {
        client->ahead = first_expectation(client->state);
    }
    for (;;) {
        struct slice rest = slice_from(buf_slice(&client->held), client->ahead_len);
        size_t end = slice_find_byte(rest, '\n');
        if (end == SLICE_NONE || client->ahead == LOOKAHEAD_TEXT) {
            return;
        }
        struct slice line = lines_without_cr(slice_sub(rest, 0, end));
        lookahead_emit(dialogue, kind_of(client->ahead, line), line, false);
        client->ahead = expectation_behind(client->ahead, line);
        client->ahead_len += end + 1;
    }
}

void lookahead_consume(struct client_stream *client, size_t len) {
    client->ahead_len -= len < client->ahead_len ? len : client->ahead_len;
}

// ── a line that is under way ────────────────────────────────────────────────────────────────────

void lookahead_give_up(struct dialogue *dialogue) {
    if (dialogue->ahead.take == NULL) {
        return;
    }
    emit_event(dialogue)->command = (struct event_command){.unread = true};
    emit_event(dialogue)->kind = EVENT_COMMAND;
    event_send(&dialogue->ahead, emit_event(dialogue));
}

// A look costs the line's length. So after a few there is none but where the line has doubled; of
// one that had a secret by then it is not known what it is by now.
static void look_at_begun(struct dialogue *dialogue, enum client_line kind, struct slice line) {
    struct client_stream *client = &dialogue->client;
    if (line.len < client->looked_len) { // another line
        client->looks = 0;
        client->looked_secret = false;
    }
    bool often = client->looks >= LIMIT_LOOKS_AHEAD;
    if (often && client->looked_secret) {
        lookahead_give_up(dialogue);
    } else if (!often || line.len / 2 >= client->looked_len) {
        client->looked_secret = lookahead_emit(dialogue, kind, line, true);
        client->looked_len = line.len;
        client->looks++;
    }
}

void lookahead_look_at_begun(struct dialogue *dialogue) {
    struct client_stream *client = &dialogue->client;
    bool held = buf_len(&client->held) > 0;
    bool begun = line_reader_begun(&client->line) && !client->line_emitted;
    bool text = held ? client->ahead == LOOKAHEAD_TEXT
                     : client->state == CLIENT_TEXT || client->state == CLIENT_CHUNK;
    struct slice line = held ? slice_from(buf_slice(&client->held), client->ahead_len)
                             : line_reader_text(&client->line);
    if (text || client->gave_up || (!held && !begun) || line.len == 0 ||
        line.len == client->looked_len) {
        return;
    }
    look_at_begun(dialogue,
                  held ? kind_of(client->ahead, line) : client_line_classify(dialogue, line), line);
}
