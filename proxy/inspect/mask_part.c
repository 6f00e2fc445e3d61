// SPDX-License-Identifier: MIT
#include "inspect/mask_part.h"

#include "base/memory.h"
#include "inspect/seam.h"

#include <string.h>

// ── commands ────────────────────────────────────────────────────────────────────────────────────

// Where too much is secret to be searched for, nothing of a command is shown but its known verb.
static size_t conceal_command_from(const struct veil *veil, const struct event_command *command) {
    if (command->concealed || (command->continuation && command->line.secret_count > 0)) {
        return 0;
    }
    if (!veil->taint->overflowed) {
        return SLICE_NONE;
    }
    enum verb verb = command->command.verb;
    bool known = verb != VERB_NONE && verb != VERB_UNKNOWN;
    return known ? command->command.name.len : 0;
}

static void mask_parameters(struct veil *veil, struct slice line, struct command *command) {
    for (size_t i = 0; i < command->parameter_count; i++) {
        veil_part(veil, line, &command->parameters[i].keyword);
        veil_part(veil, line, &command->parameters[i].value);
    }
}

static void mask_path(struct veil *veil, struct slice line, struct event_path *path) {
    veil_part(veil, line, &path->raw);
    veil_part(veil, line, &path->address);
    veil_part(veil, line, &path->route);
    veil_part(veil, line, &path->local);
    veil_part(veil, line, &path->domain);
}

void mask_command(struct veil *veil, struct event_command *command) {
    struct slice line = command->line.text;
    struct command *parts = &command->command;
    command->offered = NULL; // the rules have seen it, outputs do not want it
    if (!veil_line(veil, &command->line, conceal_command_from(veil, command))) {
        return;
    }
    if (command->concealed || command->continuation) {
        *parts = (struct command){.verb = VERB_NONE};
        return;
    }
    if (veil_part(veil, line, &parts->name) && parts->verb != VERB_NONE) {
        parts->verb = VERB_UNKNOWN;
    }
    veil_part(veil, line, &parts->argument);
    veil_part(veil, line, &parts->mechanism);
    veil_part(veil, line, &parts->initial);
    mask_path(veil, line, &parts->path);
    mask_parameters(veil, line, parts);
}

// ── replies ─────────────────────────────────────────────────────────────────────────────────────

enum { REPLY_CODE_LEN = 4 }; // with its separator

static bool mask_reply_line(struct veil *veil, struct event_reply_line *line) {
    struct slice whole = line->line.text;
    size_t conceal_from = line->malformed ? 0 : REPLY_CODE_LEN;
    if (!veil_line(veil, &line->line, veil->taint->overflowed ? conceal_from : SLICE_NONE)) {
        return false;
    }
    veil_part(veil, whole, &line->text);
    return true;
}

// NULL where there is nothing to find.
static struct seam_line *find_seams(struct veil *veil, const struct event_reply *reply) {
    if (reply->line_count < 2 || veil->taint->count == 0 || veil->taint->overflowed) {
        return NULL;
    }
    struct seam_line *seams = veil_room(veil, reply->line_count * sizeof(*seams));
    for (size_t i = 0; i < reply->line_count; i++) {
        seams[i].text = reply->lines[i].line.text;
    }
    seam_find(veil->taint, seams, reply->line_count);
    return seams;
}

// A reply's lines have no marks of their own.
static void take_marks(struct event_line *line, const struct seam_line *seam) {
    for (size_t i = 0; line->secret_count == 0 && i < seam->mark_count; i++) {
        line->secrets[i] = seam->marks[i];
    }
    line->secret_count = line->secret_count == 0 ? seam->mark_count : line->secret_count;
}

void mask_reply(struct veil *veil, struct event_reply *reply) {
    struct event_reply_line *lines = NULL;
    const struct seam_line *seams = find_seams(veil, reply);
    for (size_t i = 0; i < reply->line_count; i++) {
        struct event_reply_line line = reply->lines[i];
        if (seams != NULL) {
            take_marks(&line.line, &seams[i]);
        }
        if (!mask_reply_line(veil, &line)) {
            continue;
        }
        if (lines == NULL) {
            lines = veil_room(veil, reply->line_count * sizeof(*lines));
            memcpy(lines, reply->lines, reply->line_count * sizeof(*lines));
        }
        lines[i] = line;
    }
    reply->lines = lines == NULL ? reply->lines : lines;
    veil_slice(veil, &reply->enhanced);
    veil_slice(veil, &reply->recipient);
    reply->offered = NULL;
    reply->current = NULL;
}

// ── messages ────────────────────────────────────────────────────────────────────────────────────

static const struct event_parameter *
mask_parameter_list(struct veil *veil, const struct event_parameter *list, size_t count) {
    struct event_parameter *copy = veil_room(veil, count * sizeof(*copy));
    for (size_t i = 0; i < count; i++) {
        copy[i] = list[i];
        veil_slice(veil, &copy[i].keyword);
        veil_slice(veil, &copy[i].value);
    }
    return copy;
}

void mask_message(struct veil *veil, struct event_message *message) {
    struct event_recipient *copy = veil_room(veil, message->recipient_count * sizeof(*copy));
    for (size_t i = 0; i < message->recipient_count; i++) {
        copy[i] = message->recipients[i];
        veil_slice(veil, &copy[i].to);
        copy[i].parameters = mask_parameter_list(veil, copy[i].parameters, copy[i].parameter_count);
    }
    message->recipients = copy;
    veil_slice(veil, &message->from);
    message->from_parameters =
        mask_parameter_list(veil, message->from_parameters, message->from_parameter_count);
}

// ── handshakes ──────────────────────────────────────────────────────────────────────────────────

static const struct event_certificate *mask_certificate(struct veil *veil,
                                                        const struct event_certificate *shown) {
    struct event_certificate *copy = veil_room(veil, sizeof(*copy));
    *copy = *shown;
    veil_string(veil, &copy->subject);
    veil_string(veil, &copy->issuer);
    const char **names = veil_room(veil, shown->name_count * sizeof(*names));
    for (size_t i = 0; i < shown->name_count; i++) {
        names[i] = shown->names[i];
        veil_string(veil, &names[i]);
    }
    copy->names = names;
    return copy;
}

void mask_tls(struct veil *veil, struct event_tls *tls) {
    veil_string(veil, &tls->sni);
    veil_string(veil, &tls->alpn);
    if (tls->certificate != NULL) {
        tls->certificate = mask_certificate(veil, tls->certificate);
    }
}

// ── sentences ───────────────────────────────────────────────────────────────────────────────────

bool mask_tls_error(struct veil *veil, struct event_tls *tls) {
    struct slice error = slice_of_string(tls->error);
    if (!veil_sentence(veil, NULL, &error)) {
        return false;
    }
    tls->error = (const char *)error.data;
    return true;
}

bool mask_proxy_reply(struct veil *veil, struct event_reply *reply) {
    struct event_reply_line *lines = veil_room(veil, reply->line_count * sizeof(*lines));
    bool rewritten = false;
    for (size_t i = 0; i < reply->line_count; i++) {
        lines[i] = reply->lines[i];
        rewritten |= veil_sentence(veil, NULL, &lines[i].text);
        rewritten |= veil_sentence(veil, NULL, &lines[i].line.text);
        lines[i].line.len = lines[i].line.text.len;
    }
    reply->lines = rewritten ? lines : reply->lines;
    return rewritten;
}
