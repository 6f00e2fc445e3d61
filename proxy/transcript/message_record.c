// SPDX-License-Identifier: MIT
// message_record: the record of one message, and whether its header's lines can be told from it.
#include "base/text.h"
#include "transcript/message_log.h"

#include <string.h>

static struct slice stored(const struct open_message *open, struct span span) {
    struct slice s = slice_sub(buf_slice(&open->store), span.offset, span.len);
    return slice_is_null(s) ? SLICE("") : s;
}

// ── the header ──────────────────────────────────────────────────────────────────────────────────

static struct slice take_line(struct slice *rest) {
    size_t end = slice_find_byte(*rest, '\n');
    size_t len = end == SLICE_NONE ? rest->len : end + 1;
    struct slice line = slice_sub(*rest, 0, len);
    *rest = slice_from(*rest, len);
    return line;
}

static bool is_folded(struct slice line) {
    return line.len > 0 && (line.data[0] == ' ' || line.data[0] == '\t');
}

static struct slice without_line_end(struct slice line) {
    line.len -= line.len > 0 && line.data[line.len - 1] == '\n' ? 1 : 0;
    line.len -= line.len > 0 && line.data[line.len - 1] == '\r' ? 1 : 0;
    return line;
}

// Finds the field's lines in `*text`, goes behind them, and returns its value as it was sent, with
// the folds in it; the null slice, with `*text` left alone, where it is not there.
static struct slice find_as_sent(struct slice *text, struct slice name) {
    struct slice rest = *text;
    while (rest.len > 0) {
        struct slice line = take_line(&rest);
        struct slice field = line;
        if (!slice_starts_with(line, name) ||
            slice_find_byte(slice_trim(slice_from(line, name.len)), ':') != 0) {
            continue;
        }
        struct slice next = rest;
        while (is_folded(take_line(&next))) {
            field.len = (size_t)(next.data - field.data);
            rest = next;
        }
        *text = rest;
        return without_line_end(slice_from(field, slice_find_byte(field, ':') + 1));
    }
    return (struct slice){0};
}

// `show` writes a field as "NAME: RAW"; whether these were the very lines.
static bool lines_are_usual(const struct open_message *open) {
    struct slice text = buf_slice(&open->header_text);
    for (size_t i = 0; i < open->field_count; i++) {
        struct slice name = stored(open, open->fields[i].name);
        struct slice before = text;
        struct slice as_sent = find_as_sent(&text, name);
        struct slice value = slice_from(as_sent, 1);
        size_t len = name.len + 1 + as_sent.len + 2;
        if (open->fields[i].cut || slice_is_null(as_sent) || as_sent.len < 2 ||
            as_sent.data[0] != ' ' || !slice_equal(slice_trim(value), value) ||
            (size_t)(text.data - before.data) != len || before.data[len - 2] != '\r' ||
            before.data[name.len] != ':') {
            return false;
        }
    }
    return text.len == 0;
}

static struct record_field field_of(const struct open_message *open,
                                    const struct message_field *field, struct slice as_sent) {
    struct slice value = stored(open, field->value);
    struct slice raw = stored(open, field->raw);
    if (!slice_is_null(as_sent) && !field->cut) {
        raw = slice_trim(as_sent);
    }
    return (struct record_field){.name = stored(open, field->name),
                                 .value = value,
                                 .raw = slice_equal(raw, value) ? (struct slice){0} : raw};
}

static void add_header(struct record_message *out, struct arena *arena,
                       const struct open_message *open) {
    struct slice text = buf_slice(&open->header_text);
    struct record_field *fields = arena_new(arena, open->field_count + 1, sizeof(*fields));
    for (size_t i = 0; i < open->field_count; i++) {
        const struct message_field *field = &open->fields[i];
        // Of a line that was cut only its start is there; the field itself knows more.
        struct slice as_sent = open->cut_line_count > 0
                                   ? (struct slice){0}
                                   : find_as_sent(&text, stored(open, field->name));
        fields[i] = field_of(open, field, as_sent);
    }
    out->has_header = true;
    out->fields = fields;
    out->field_count = open->field_count;
    if (open->cut_line_count > 0 || !lines_are_usual(open)) {
        out->header_text = buf_slice(&open->header_text);
    }
}

// ── the whole record ────────────────────────────────────────────────────────────────────────────

void open_message_record(struct record_message *out, struct arena *arena,
                         const struct open_message *open, enum body_detail body,
                         const struct event_message *message) {
    *out = (struct record_message){
        .n = message->message,
        .from = message->from,
        .from_parameters = message->from_parameters,
        .from_parameter_count = message->from_parameter_count,
        .recipients = message->recipients,
        .recipient_count = message->recipient_count,
        .recipients_cut = message->recipients_cut,
        .bdat = message->bdat,
        .content = message->content,
        .code = message->code,
        .accepted = message->accepted,
    };
    if (body == BODY_NONE) {
        return;
    }
    add_header(out, arena, open);
    out->body = body == BODY_FULL ? buf_slice(&open->body) : (struct slice){0};
    out->cut = open->cut;
    out->odd_dots = open->odd_dots;
    out->odd_dot_count = message->bdat ? 0 : open->odd_dot_count; // chunks have no dots to double
    out->cut_lines = open->cut_lines;
    out->cut_line_count = open->cut_line_count;
}
