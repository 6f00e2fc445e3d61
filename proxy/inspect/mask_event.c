// SPDX-License-Identifier: MIT
#include "inspect/mask_event.h"

#include "base/memory.h"
#include "inspect/folded_secret.h"

#include <string.h>

// ── commands ────────────────────────────────────────────────────────────────────────────────────

// Where too much is secret to be searched for, nothing of a command is shown but its known verb.
static size_t conceal_command_from(const struct text_rewriter *rewriter,
                                   const struct event_command *command) {
    if (command->concealed || (command->continuation && command->line.secret_count > 0)) {
        return 0;
    }
    if (!rewriter->secrets_known->overflowed) {
        return SLICE_NONE;
    }
    enum verb verb = command->command.verb;
    bool known = verb != VERB_NONE && verb != VERB_UNKNOWN;
    return known ? command->command.name.len : 0;
}

static void mask_path(struct text_rewriter *rewriter, struct slice line, struct event_path *path) {
    text_rewriter_part(rewriter, line, &path->raw);
    text_rewriter_part(rewriter, line, &path->address);
    text_rewriter_part(rewriter, line, &path->route);
    text_rewriter_part(rewriter, line, &path->local);
    text_rewriter_part(rewriter, line, &path->domain);
}

void mask_command(struct text_rewriter *rewriter, struct event_command *command) {
    struct slice line = command->line.text;
    struct command *parts = &command->command;
    command->offered = NULL; // the rules have seen it, outputs do not want it
    if (!text_rewriter_line(rewriter, &command->line, conceal_command_from(rewriter, command))) {
        return;
    }
    if (command->concealed || command->continuation) {
        *parts = (struct command){.verb = VERB_NONE};
        return;
    }
    if (text_rewriter_part(rewriter, line, &parts->name) && parts->verb != VERB_NONE) {
        parts->verb = VERB_UNKNOWN;
    }
    text_rewriter_part(rewriter, line, &parts->argument);
    text_rewriter_part(rewriter, line, &parts->mechanism);
    text_rewriter_part(rewriter, line, &parts->initial);
    mask_path(rewriter, line, &parts->path);
    text_rewriter_part(rewriter, line, &parts->parameters);
}

// ── replies ─────────────────────────────────────────────────────────────────────────────────────

static bool mask_reply_line(struct text_rewriter *rewriter, struct event_reply_line *line) {
    struct slice whole = line->line.text;
    size_t conceal_from = line->malformed ? 0 : whole.len - line->text.len;
    if (!text_rewriter_line(rewriter, &line->line,
                            rewriter->secrets_known->overflowed ? conceal_from : SLICE_NONE)) {
        return false;
    }
    text_rewriter_part(rewriter, whole, &line->text);
    return true;
}

// NULL where there is nothing to find.
static struct folded_line *find_seams(struct text_rewriter *rewriter,
                                      const struct event_reply *reply) {
    if (reply->line_count < 2 || rewriter->secrets_known->count == 0 ||
        rewriter->secrets_known->overflowed) {
        return NULL;
    }
    struct folded_line *seams = arena_new(&rewriter->arena, reply->line_count, sizeof(*seams));
    for (size_t i = 0; i < reply->line_count; i++) {
        seams[i].text = reply->lines[i].line.text;
    }
    folded_secret_find(rewriter->secrets_known, seams, reply->line_count);
    return seams;
}

// A reply's lines have no marks of their own.
static void take_marks(struct event_line *line, const struct folded_line *folded) {
    for (size_t i = 0; line->secret_count == 0 && i < folded->mark_count; i++) {
        line->secrets[i] = folded->marks[i];
    }
    line->secret_count = line->secret_count == 0 ? folded->mark_count : line->secret_count;
}

void mask_reply(struct text_rewriter *rewriter, struct event_reply *reply) {
    struct event_reply_line *lines = NULL;
    const struct folded_line *seams = find_seams(rewriter, reply);
    for (size_t i = 0; i < reply->line_count; i++) {
        struct event_reply_line line = reply->lines[i];
        if (seams != NULL) {
            take_marks(&line.line, &seams[i]);
        }
        if (!mask_reply_line(rewriter, &line)) {
            continue;
        }
        if (lines == NULL) {
            lines = arena_new(&rewriter->arena, reply->line_count, sizeof(*lines));
            memcpy(lines, reply->lines, reply->line_count * sizeof(*lines));
        }
        lines[i] = line;
    }
    reply->lines = lines == NULL ? reply->lines : lines;
    text_rewriter_slice(rewriter, &reply->enhanced);
    text_rewriter_slice(rewriter, &reply->recipient);
    reply->offered = NULL;
    reply->current = NULL;
}

// ── messages ────────────────────────────────────────────────────────────────────────────────────

static const struct event_parameter *mask_parameter_list(struct text_rewriter *rewriter,
                                                         const struct event_parameter *list,
                                                         size_t count) {
    struct event_parameter *copy = arena_new(&rewriter->arena, count, sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        copy[i] = list[i];
        text_rewriter_slice(rewriter, &copy[i].keyword);
        text_rewriter_slice(rewriter, &copy[i].value);
    }
    return copy;
}

void mask_message(struct text_rewriter *rewriter, struct event_message *message) {
    struct event_recipient *copy =
        arena_new(&rewriter->arena, message->recipient_count, sizeof(*copy));
    for (size_t i = 0; i < message->recipient_count; i++) {
        copy[i] = message->recipients[i];
        text_rewriter_slice(rewriter, &copy[i].to);
        copy[i].parameters =
            mask_parameter_list(rewriter, copy[i].parameters, copy[i].parameter_count);
    }
    message->recipients = copy;
    text_rewriter_slice(rewriter, &message->from);
    message->from_parameters =
        mask_parameter_list(rewriter, message->from_parameters, message->from_parameter_count);
}

// ── handshakes ──────────────────────────────────────────────────────────────────────────────────

static const struct event_certificate *mask_certificate(struct text_rewriter *rewriter,
                                                        const struct event_certificate *shown) {
    struct event_certificate *copy = arena_new(&rewriter->arena, 1, sizeof(*copy));
    *copy = *shown;
    text_rewriter_string(rewriter, &copy->subject);
    text_rewriter_string(rewriter, &copy->issuer);
    const char **names = arena_new(&rewriter->arena, shown->name_count, sizeof(*names));
    for (size_t i = 0; i < shown->name_count; i++) {
        names[i] = shown->names[i];
        text_rewriter_string(rewriter, &names[i]);
    }
    copy->names = names;
    return copy;
}

void mask_tls(struct text_rewriter *rewriter, struct event_tls *tls) {
    text_rewriter_string(rewriter, &tls->sni);
    text_rewriter_string(rewriter, &tls->alpn);
    if (tls->certificate != NULL) {
        tls->certificate = mask_certificate(rewriter, tls->certificate);
    }
}

// ── sentences ───────────────────────────────────────────────────────────────────────────────────

bool mask_tls_error(struct text_rewriter *rewriter, struct event_tls *tls) {
    struct slice error = slice_of_string(tls->error);
    if (!text_rewriter_sentence(rewriter, NULL, &error)) {
        return false;
    }
    tls->error = (const char *)error.data;
    return true;
}

bool mask_proxy_reply(struct text_rewriter *rewriter, struct event_reply *reply) {
    struct event_reply_line *lines = arena_new(&rewriter->arena, reply->line_count, sizeof(*lines));
    bool rewritten = false;
    for (size_t i = 0; i < reply->line_count; i++) {
        lines[i] = reply->lines[i];
        rewritten |= text_rewriter_sentence(rewriter, NULL, &lines[i].text);
        rewritten |= text_rewriter_sentence(rewriter, NULL, &lines[i].line.text);
        lines[i].line.len = lines[i].line.text.len;
    }
    reply->lines = rewritten ? lines : reply->lines;
    return rewritten;
}
