// SPDX-License-Identifier: MIT
#include "smtp/envelope.h"

#include "base/array.h"
#include "base/memory.h"
#include "event/reply_line.h"

#include <stdlib.h>
#include <string.h>

// ── one path ────────────────────────────────────────────────────────────────────────────────────

static struct slice copy(uint8_t **at, struct slice text) {
    if (slice_is_null(text)) {
        return text;
    }
    struct slice kept = slice_of(*at, text.len);
    if (text.len > 0) {
        memcpy(*at, text.data, text.len);
    }
    *at += text.len;
    return kept;
}

static size_t count_parameters(const struct command *command) {
    struct slice rest = command->parameters;
    struct event_parameter parameter;
    size_t count = 0;
    while (command_next_parameter(&parameter, &rest)) {
        count++;
    }
    return count;
}

static void copy_parameters(struct envelope_path *path, uint8_t *at, struct slice rest) {
    struct event_parameter parameter;
    for (size_t i = 0; i < path->parameter_count && command_next_parameter(&parameter, &rest);
         i++) {
        path->parameters[i].keyword = copy(&at, parameter.keyword);
        path->parameters[i].value = copy(&at, parameter.value);
    }
}

struct envelope_path *envelope_path_new(const struct command *command) {
    size_t count = count_parameters(command);
    size_t table = count * sizeof(struct event_parameter);
    // An empty address is not null.
    size_t text = command->path.address.len + 1 + command->parameters.len;
    size_t size = sizeof(struct envelope_path) + table + text;
    struct envelope_path *path = mem_new(size);
    path->size = size;
    path->parameters = (struct event_parameter *)(path + 1);
    path->parameter_count = count;
    uint8_t *at = (uint8_t *)(path + 1) + table;
    path->address =
        copy(&at, slice_is_null(command->path.address) ? SLICE("") : command->path.address);
    copy_parameters(path, at, command->parameters);
    return path;
}

void envelope_path_free(struct envelope_path *path) {
    free(path);
}

// ── the transaction ─────────────────────────────────────────────────────────────────────────────

void envelope_clear(struct envelope *envelope) {
    for (size_t i = 0; i < envelope->count; i++) {
        envelope_path_free(envelope->paths[i]);
    }
    envelope_path_free(envelope->from);
    free(envelope->paths);
    free(envelope->recipients);
    *envelope = (struct envelope){0};
}

static bool has_parameter(const struct envelope_path *path, const char *keyword) {
    for (size_t i = 0; path != NULL && i < path->parameter_count; i++) {
        if (slice_is_nocase(path->parameters[i].keyword, keyword)) {
            return true;
        }
    }
    return false;
}

// A MAIL that is refused within a transaction leaves it as it was (RFC 5321 4.1.4).
void envelope_answer_mail(struct envelope *envelope, struct envelope_path *path, int code) {
    if (envelope->open && !reply_code_is_positive(code)) {
        envelope_path_free(path);
        return;
    }
    envelope_clear(envelope);
    envelope->from = path;
    envelope->open = reply_code_is_positive(code);
    envelope->smtputf8 = has_parameter(path, "SMTPUTF8");
}

static void grow(struct envelope *envelope) {
    size_t room = envelope->room;
    envelope->paths =
        array_grown(envelope->paths, envelope->count, &room, sizeof(struct envelope_path *));
    envelope->recipients = array_grown(envelope->recipients, envelope->count, &envelope->room,
                                       sizeof(envelope->recipients[0]));
}

void envelope_answer_rcpt(struct envelope *envelope, struct envelope_path *path, int code) {
    bool fits = path != NULL && envelope->count < LIMIT_RECIPIENTS &&
                envelope->bytes + path->size <= LIMIT_ENVELOPE_BYTES;
    if (!fits) {
        envelope->cut = true;
        envelope_path_free(path);
        return;
    }
    grow(envelope);
    envelope->bytes += path->size;
    envelope->paths[envelope->count] = path;
    envelope->recipients[envelope->count++] =
        (struct event_recipient){.to = path->address,
                                 .parameters = path->parameters,
                                 .parameter_count = path->parameter_count,
                                 .code = code,
                                 .accepted = reply_code_is_positive(code)};
    envelope->accepted_count += reply_code_is_positive(code);
}

struct event_recipient *envelope_next_accepted(const struct envelope *envelope, size_t *cursor) {
    while (*cursor < envelope->count) {
        struct event_recipient *recipient = &envelope->recipients[(*cursor)++];
        if (recipient->accepted) {
            return recipient;
        }
    }
    return NULL;
}

void envelope_describe(struct event_message *out, const struct envelope *envelope) {
    out->from = envelope->from != NULL ? envelope->from->address : (struct slice){0};
    out->from_parameters = envelope->from == NULL ? NULL : envelope->from->parameters;
    out->from_parameter_count = envelope->from == NULL ? 0 : envelope->from->parameter_count;
    out->recipients = envelope->recipients;
    out->recipient_count = envelope->count;
    out->recipients_cut = envelope->cut;
    out->smtputf8 = envelope->smtputf8;
}
