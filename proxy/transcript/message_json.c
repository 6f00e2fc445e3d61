// SPDX-License-Identifier: MIT
// message_json: the object of one message, and whether its header's lines can be told from it.
#include "base/text.h"
#include "transcript/json_parts.h"
#include "transcript/message_log.h"

static struct slice stored(const struct message_record *record, struct span span) {
    struct slice s = slice_sub(buf_slice(&record->store), span.offset, span.len);
    return slice_is_null(s) ? SLICE("") : s;
}

// ── the envelope ────────────────────────────────────────────────────────────────────────────────

enum { KEYWORD_MAX = 64 };

static struct slice upper_keyword(uint8_t out[KEYWORD_MAX], struct slice keyword) {
    keyword = slice_sub(keyword, 0, KEYWORD_MAX);
    for (size_t i = 0; i < keyword.len; i++) {
        out[i] = text_upper(keyword.data[i]);
    }
    return slice_of(out, keyword.len);
}

// A parameter given twice is a finding; an object can hold it once, and the first is what counts.
static bool is_repeated(const struct event_parameter *parameters, size_t i) {
    for (size_t k = 0; k < i; k++) {
        if (slice_equal_nocase(parameters[k].keyword, parameters[i].keyword)) {
            return true;
        }
    }
    return false;
}

static void put_parameters(struct json_writer *json, const struct event_parameter *parameters,
                           size_t count) {
    json_open(json, '{');
    for (size_t i = 0; i < count; i++) {
        uint8_t upper[KEYWORD_MAX];
        if (is_repeated(parameters, i)) {
            continue;
        }
        json_text(json, upper_keyword(upper, parameters[i].keyword));
        buf_put_byte(json->out, ':');
        json->comma = false;
        if (slice_is_null(parameters[i].value)) {
            json_bool(json, true);
        } else {
            json_text(json, parameters[i].value);
        }
    }
    json_close(json, '}');
}

static void put_recipient(struct json_writer *json, const struct event_recipient *recipient) {
    json_open(json, '{');
    json_member_text(json, "to", recipient->to);
    json_member_exact(json, "to_base64", recipient->to);
    json_key(json, "parameters");
    put_parameters(json, recipient->parameters, recipient->parameter_count);
    json_member_uint_or_null(json, "code", (uint64_t)recipient->code);
    json_member_bool(json, "accepted", recipient->accepted);
    json_close(json, '}');
}

static void envelope_members(struct json_writer *json, const struct event_message *message) {
    json_member_uint(json, "n", (uint64_t)message->message);
    json_member_text(json, "from", message->from);
    json_member_exact(json, "from_base64", message->from);
    json_key(json, "from_parameters");
    put_parameters(json, message->from_parameters, message->from_parameter_count);
    json_key(json, "recipients");
    json_open(json, '[');
    for (size_t i = 0; i < message->recipient_count; i++) {
        put_recipient(json, &message->recipients[i]);
    }
    json_close(json, ']');
    if (message->recipients_cut) {
        json_member_bool(json, "recipients_cut", true);
    }
    json_member_string(json, "via", message->bdat ? "BDAT" : "DATA");
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

static void put_field(struct json_writer *json, const struct message_record *record,
                      const struct message_field *field, struct slice as_sent) {
    struct slice value = stored(record, field->value);
    struct slice raw = stored(record, field->raw);
    if (!slice_is_null(as_sent) && !field->cut) {
        raw = slice_trim(as_sent);
    }
    json_open(json, '{');
    json_member_text(json, "name", stored(record, field->name));
    json_member_exact(json, "name_base64", stored(record, field->name));
    json_member_text(json, "value", value);
    json_member_exact(json, "value_base64", value);
    if (!slice_equal(raw, value)) {
        json_member_text(json, "raw", raw);
        json_member_exact(json, "raw_base64", raw);
    }
    json_close(json, '}');
}

// `show` writes a field as "NAME: RAW"; whether these were the very lines.
static bool lines_are_usual(const struct message_record *record) {
    struct slice text = buf_slice(&record->header_text);
    for (size_t i = 0; i < record->field_count; i++) {
        struct slice name = stored(record, record->fields[i].name);
        struct slice before = text;
        struct slice as_sent = find_as_sent(&text, name);
        struct slice value = slice_from(as_sent, 1);
        size_t len = name.len + 1 + as_sent.len + 2;
        if (record->fields[i].cut || slice_is_null(as_sent) || as_sent.len < 2 ||
            as_sent.data[0] != ' ' || !slice_equal(slice_trim(value), value) ||
            (size_t)(text.data - before.data) != len || before.data[len - 2] != '\r' ||
            before.data[name.len] != ':') {
            return false;
        }
    }
    return text.len == 0;
}

static void put_header(struct json_writer *json, const struct message_record *record) {
    struct slice text = buf_slice(&record->header_text);
    json_open(json, '[');
    for (size_t i = 0; i < record->field_count; i++) {
        const struct message_field *field = &record->fields[i];
        // Of a line that was cut only its start is there; the field itself knows more.
        struct slice as_sent = record->cut_line_count > 0
                                   ? (struct slice){0}
                                   : find_as_sent(&text, stored(record, field->name));
        put_field(json, record, field, as_sent);
    }
    json_close(json, ']');
}

static void header_text_members(struct json_writer *json, const struct message_record *record) {
    struct slice text = buf_slice(&record->header_text);
    if (record->cut_line_count > 0 || !lines_are_usual(record)) {
        json_member_text(json, "header_text", text);
        json_member_exact(json, "header_text_base64", text);
    }
}

// ── the whole object ────────────────────────────────────────────────────────────────────────────

static void content_members(struct json_writer *json, const struct message_record *record,
                            enum body_detail body, const struct event_content_end *content) {
    const char *sha256 = content->sha256[0] == '\0' ? NULL : content->sha256;
    struct slice kept = body == BODY_FULL ? buf_slice(&record->body) : (struct slice){0};
    json_member_uint(json, "bytes", content->bytes);
    json_member_uint(json, "lines", content->lines);
    json_member_string(json, "sha256", sha256);
    json_member_bool(json, "complete", content->complete);
    json_key(json, "header");
    if (body == BODY_NONE) {
        json_null(json);
    } else {
        put_header(json, record);
    }
    json_member_text(json, "body", kept);
    json_member_exact(json, "body_base64", kept);
    if (record->cut && body != BODY_NONE) {
        json_member_bool(json, "cut", true);
    }
}

static void put_odd_dots(struct json_writer *json, const struct message_record *record) {
    if (record->odd_dot_count == 0) {
        return;
    }
    json_key(json, "odd_dots");
    json_open(json, '[');
    for (size_t i = 0; i < record->odd_dot_count; i++) {
        json_uint(json, record->odd_dots[i]);
    }
    json_close(json, ']');
}

static void put_cut_lines(struct json_writer *json, const struct message_record *record) {
    if (record->cut_line_count == 0) {
        return;
    }
    json_key(json, "cut_lines");
    json_open(json, '[');
    for (size_t i = 0; i < record->cut_line_count; i++) {
        const struct message_cut_line *line = &record->cut_lines[i];
        json_open(json, '[');
        json_uint(json, line->number);
        json_uint(json, line->len);
        json_uint(json, line->shown);
        json_close(json, ']');
    }
    json_close(json, ']');
}

void message_record_put(struct buf *out, const struct message_record *record, enum body_detail body,
                        const struct event_message *message) {
    struct json_writer json = json_writer_on(out, false);
    json_open(&json, '{');
    envelope_members(&json, message);
    content_members(&json, record, body, &message->content);
    json_member_uint_or_null(&json, "code", (uint64_t)message->code);
    json_member_bool(&json, "accepted", message->accepted);
    if (body != BODY_NONE) {
        header_text_members(&json, record);
        if (!message->bdat) { // chunks have no dots to double
            put_odd_dots(&json, record);
        }
        put_cut_lines(&json, record);
    }
    json_close(&json, '}');
}
