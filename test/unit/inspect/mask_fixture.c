// SPDX-License-Identifier: MIT
#include "mask_fixture.h"

#include "base/text.h"

#include <string.h>

static void see(struct mask_fixture *fixture, struct slice text) {
    buf_put(&fixture->seen, text);
    buf_put_byte(&fixture->seen, '\n');
}

static void see_last(struct mask_fixture *fixture, struct slice text) {
    buf_clear(&fixture->last);
    buf_put(&fixture->last, text);
    see(fixture, text);
}

static void see_parameters(struct mask_fixture *fixture, const struct event_parameter *list,
                           size_t count) {
    for (size_t i = 0; i < count; i++) {
        see(fixture, list[i].keyword);
        see(fixture, list[i].value);
    }
}

static void see_command(struct mask_fixture *fixture, const struct event_command *event) {
    const struct command *command = &event->command;
    see(fixture, command->name);
    see(fixture, command->argument);
    see(fixture, command->mechanism);
    see(fixture, command->initial);
    see(fixture, command->path.raw);
    see(fixture, command->path.address);
    see(fixture, command->path.route);
    see(fixture, command->path.local);
    see(fixture, command->path.domain);
    if (!slice_is_null(command->parameters)) {
        see(fixture, command->parameters);
    }
    see_last(fixture, event->line.text);
}

static void see_reply(struct mask_fixture *fixture, const struct event_reply *reply) {
    see(fixture, reply->enhanced);
    see(fixture, reply->recipient);
    for (size_t i = 0; i < reply->line_count; i++) {
        see(fixture, reply->lines[i].text);
        see_last(fixture, reply->lines[i].line.text);
    }
}

static void see_message(struct mask_fixture *fixture, const struct event_message *message) {
    see(fixture, message->from);
    see_parameters(fixture, message->from_parameters, message->from_parameter_count);
    for (size_t i = 0; i < message->recipient_count; i++) {
        see_last(fixture, message->recipients[i].to);
        see_parameters(fixture, message->recipients[i].parameters,
                       message->recipients[i].parameter_count);
    }
}

static void see_tls(struct mask_fixture *fixture, const struct event_tls *tls) {
    const struct event_certificate *shown = tls->certificate;
    see(fixture, slice_of_string(tls->sni));
    see(fixture, slice_of_string(tls->alpn));
    see(fixture, slice_of_string(tls->verify_error));
    if (shown != NULL) {
        see(fixture, slice_of_string(shown->subject));
        see(fixture, slice_of_string(shown->issuer));
    }
    for (size_t i = 0; shown != NULL && i < shown->name_count; i++) {
        see(fixture, slice_of_string(shown->names[i]));
    }
    see_last(fixture, slice_of_string(tls->error));
}

static void see_event(struct mask_fixture *fixture, const struct event *event) {
    if (event->kind == EVENT_COMMAND) {
        see_command(fixture, &event->command);
    } else if (event->kind == EVENT_REPLY) {
        see_reply(fixture, &event->reply);
    } else if (event->kind == EVENT_MESSAGE) {
        see_message(fixture, &event->message);
    } else if (event->kind == EVENT_TLS) {
        see_tls(fixture, &event->tls);
    } else if (event->kind == EVENT_AUTH) {
        see(fixture, event->auth.mechanism);
        see_last(fixture, event->auth.identity);
    } else if (event->kind == EVENT_FINDING) {
        see_last(fixture, event->finding.text);
    } else if (event->kind == EVENT_NOTE) {
        see_last(fixture, event->note.text);
    } else if (event->kind == EVENT_CLOSE) {
        see_last(fixture, event->close.error);
    } else if (event->kind == EVENT_LOST) {
        see_last(fixture, event->lost.reason);
    } else if (event->kind == EVENT_TEXT) {
        see_last(fixture, event->text.line.text);
    } else if (event->kind == EVENT_BYTES) {
        see_last(fixture, event->bytes.data);
        buf_put(&fixture->raw, event->bytes.data);
    }
}

static void take(void *context, const struct event *event) {
    struct mask_fixture *fixture = context;
    fixture->copy = *event;
    fixture->passed = event;
    fixture->count++;
    see_event(fixture, event);
}

void fixture_init(struct mask_fixture *fixture, enum auth_view view) {
    *fixture = (struct mask_fixture){0};
    buf_init(&fixture->seen, 64 * MIB);
    buf_init(&fixture->last, MIB);
    buf_init(&fixture->raw, 64 * MIB);
    fixture->mask = mask_new(view, (struct event_sink){take, fixture});
}

void fixture_cleanup(struct mask_fixture *fixture) {
    mask_free(fixture->mask);
    buf_cleanup(&fixture->seen);
    buf_cleanup(&fixture->last);
    buf_cleanup(&fixture->raw);
}

void fixture_clear(struct mask_fixture *fixture) {
    buf_clear(&fixture->seen);
    buf_clear(&fixture->last);
    buf_clear(&fixture->raw);
    fixture->count = 0;
}

void fixture_take(struct mask_fixture *fixture, const struct event *event) {
    mask_take(fixture->mask, event);
}

void fixture_auth(struct mask_fixture *fixture, const char *mechanism, struct slice initial) {
    struct event event = {.kind = EVENT_COMMAND};
    struct event_command *command = &event.command;
    struct buf line;
    buf_init(&line, MIB);
    buf_putf(&line, "AUTH %s%s", mechanism, initial.len > 0 ? " " : "");
    size_t offset = buf_len(&line);
    buf_put(&line, initial);
    command->line.text = buf_slice(&line);
    command->line.len = buf_len(&line);
    command->command.verb = VERB_AUTH;
    command->command.name = slice_sub(command->line.text, 0, 4);
    command->command.argument = slice_from(command->line.text, 5);
    command->command.mechanism = slice_sub(command->line.text, 5, strlen(mechanism));
    if (initial.len > 0) {
        command->command.initial = slice_from(command->line.text, offset);
        command->line.secrets[0] = (struct span){offset, initial.len};
        command->line.secret_count = 1;
    }
    fixture_take(fixture, &event);
    buf_cleanup(&line);
}

void fixture_continue(struct mask_fixture *fixture, struct slice line) {
    struct event event = {.kind = EVENT_COMMAND};
    event.command.continuation = true;
    event.command.line.text = line;
    event.command.line.len = line.len;
    event.command.line.secrets[0] = (struct span){0, line.len};
    event.command.line.secret_count = 1;
    fixture_take(fixture, &event);
}

void fixture_reply(struct mask_fixture *fixture, struct slice line) {
    struct event_reply_line lines[1] = {
        {.line = {.text = line, .len = line.len, .ending = ENDING_CRLF}}};
    struct event event = {.kind = EVENT_REPLY};
    lines[0].text = slice_from(line, 4);
    event.reply.lines = lines;
    event.reply.line_count = 1;
    uint64_t code = 0;
    if (text_parse_u64(&code, slice_sub(line, 0, 3), 999)) {
        event.reply.code = (int)code;
    }
    fixture_take(fixture, &event);
}

void fixture_command(struct mask_fixture *fixture, struct slice line) {
    struct event event = {.kind = EVENT_COMMAND};
    struct slice rest = line;
    event.command.line.text = line;
    event.command.line.len = line.len;
    event.command.line.ending = ENDING_CRLF;
    event.command.command.name = slice_split(&rest, ' ');
    event.command.command.verb = verb_find(event.command.command.name);
    event.command.command.argument = rest;
    fixture_take(fixture, &event);
}

void fixture_bytes(struct mask_fixture *fixture, enum side from, struct slice data) {
    struct event event = {.kind = EVENT_BYTES};
    event.bytes.from = from;
    event.bytes.data = data;
    fixture_take(fixture, &event);
}
