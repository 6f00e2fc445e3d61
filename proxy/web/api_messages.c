// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "message/parts.h"
#include "transcript/json_writer.h"
#include "web/api_parts.h"

#include <stdlib.h>
#include <string.h>

// A message of a session that is kept, held while it is answered from.
struct found {
    struct kept *kept;
    struct kept_view view;
    const struct record_message *message;
    struct slice text; // null where none is kept
    bool cut;
    struct buf made; // the text, where it had to be put together
};

static void found_cleanup(struct found *found) {
    if (found->kept != NULL) {
        kept_view_close(&found->view);
    }
    kept_release(found->kept);
    buf_cleanup(&found->made);
}

// ── its text ────────────────────────────────────────────────────────────────────────────────────

// A recorded transcript has the fields and, by --body full, the body: put together they are the
// message, or near it.
static void make_text(struct found *found) {
    const struct record_message *message = found->message;
    struct buf *out = &found->made;
    buf_init(out, LIMIT_WEB_ANSWER);
    buf_put(out, message->header_text);
    for (size_t i = 0; slice_is_null(message->header_text) && i < message->field_count; i++) {
        const struct record_field *field = &message->fields[i];
        buf_put(out, field->name);
        buf_put_string(out, ": ");
        buf_put(out, slice_is_null(field->raw) ? field->value : field->raw);
        buf_put_string(out, "\r\n");
    }
    buf_put_string(out, "\r\n");
    buf_put(out, message->body);
    found->text = buf_slice(out);
}

// Whether the text is that of the message to the last byte.
static bool is_exact(const struct found *found) {
    uint8_t hash[SHA256_LEN];
    struct buf hex;
    buf_init(&hex, HEX_SHA256_LEN);
    sha256_of(hash, found->text);
    text_put_hex(&hex, slice_of(hash, sizeof(hash)));
    bool same = slice_is(buf_slice(&hex), found->message->event.content.sha256);
    buf_cleanup(&hex);
    return same;
}

static void find_text(struct found *found) {
    const struct record_message *message = found->message;
    found->text = kept_message_text(&found->cut, found->kept, message->event.message);
    if (slice_is_null(found->text) && message->has_header) {
        make_text(found);
        found->cut = !is_exact(found);
    }
    if (found->cut && found->made.max > 0 && slice_is_null(message->body)) { // the header alone
        found->text = (struct slice){0};
    }
}

// False, with the response made, where it is not kept.
static bool find(struct found *out, struct api_response *response, const struct api_call *call) {
    struct kept *kept = store_find(call->api->store, call->numbers[0]);
    *out = (struct found){0};
    if (kept != NULL && kept_view_open(&out->view, kept)) {
        const struct record *record = out->view.record;
        out->kept = kept;
        for (size_t i = 0; i < record->message_count; i++) {
            bool same = (uint64_t)record->messages[i].event.message == call->numbers[1];
            out->message = same ? &record->messages[i] : out->message;
        }
    } else {
        kept_release(kept);
    }
    if (out->message == NULL) {
        api_fail(response, STATUS_NOT_FOUND, "message %llu of session %llu is not kept",
                 (unsigned long long)call->numbers[1], (unsigned long long)call->numbers[0]);
        found_cleanup(out);
        return false;
    }
    find_text(out);
    return true;
}

// ── answers ─────────────────────────────────────────────────────────────────────────────────────

static void write_header(struct json_writer *json, const struct record_message *message) {
    json_key(json, "header");
    json_open(json, '[');
    for (size_t i = 0; i < message->field_count; i++) {
        const struct record_field *field = &message->fields[i];
        json_open(json, '{');
        json_member_text(json, "name", field->name);
        json_member_text(json, "value", field->value);
        if (!slice_is_null(field->raw)) {
            json_member_text(json, "raw", field->raw);
        }
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void write_part(struct json_writer *json, const struct message_part *part, size_t n) {
    struct buf decoded;
    buf_init(&decoded, LIMIT_WEB_ANSWER);
    message_part_put(&decoded, part);
    json_open(json, '{');
    json_member_uint(json, "n", n);
    json_member_string(json, "type", part->type);
    json_member_text(json, "name", slice_of_string(part->name));
    json_member_uint(json, "bytes", buf_len(&decoded));
    json_member_text(json, "cid", slice_of_string(part->cid));
    json_member_string(json, "disposition", part->disposition);
    json_close(json, '}');
    buf_cleanup(&decoded);
}

static void write_parts(struct json_writer *json, const struct found *found) {
    struct message_parts parts = {0};
    json_key(json, "parts");
    json_open(json, '[');
    if (!slice_is_null(found->text)) {
        message_parts_read(&parts, found->text);
    }
    for (size_t i = 0; i < parts.count; i++) {
        write_part(json, &parts.parts[i], i + 1);
    }
    json_close(json, ']');
    if (found->cut || parts.cut) {
        json_member_bool(json, "cut", true);
    }
    message_parts_cleanup(&parts);
}

void answer_message(struct api_response *response, const struct api_call *call) {
    struct found found;
    if (!find(&found, response, call)) {
        return;
    }
    api_begin(response, STATUS_OK, TYPE_JSON);
    struct json_writer json = json_writer_on(&response->body, false);
    json_open(&json, '{');
    write_header(&json, found.message);
    write_parts(&json, &found);
    json_close(&json, '}');
    buf_put_byte(&response->body, '\n');
    found_cleanup(&found);
}

void answer_message_source(struct api_response *response, const struct api_call *call) {
    struct found found;
    if (!find(&found, response, call)) {
        return;
    }
    bool made = found.made.max > 0; // of a recorded transcript, which may lack something
    if (slice_is_null(found.text) || (made && found.cut)) {
        api_fail(response, STATUS_NOT_FOUND, "the text of this message was not recorded");
    } else {
        api_begin(response, STATUS_OK, "message/rfc822");
        response->policy = POLICY_PART;
        buf_put(&response->body, found.text);
        response->file_name =
            mem_format("%llu-%llu.eml%s", (unsigned long long)call->numbers[0],
                       (unsigned long long)call->numbers[1], found.cut ? ".partial" : "");
    }
    found_cleanup(&found);
}

// A name from a message is sent by RFC 8187 alone, where each byte but a few is escaped; a path in
// front of it is left out.
static char *disposition_of(const struct message_part *part) {
    struct buf out;
    struct slice name = slice_of_string(part->name);
    struct slice rest = name;
    while (!slice_is_null(rest)) {
        name = slice_split(&rest, '/');
    }
    buf_init(&out, 16 * LIMIT_MIME_NAME);
    bool saved = part->disposition != NULL && strcmp(part->disposition, "attachment") == 0;
    buf_put_string(&out, saved ? "attachment" : "inline");
    buf_put_string(&out, name.len > 0 ? "; filename*=UTF-8''" : "");
    for (size_t i = 0; i < name.len; i++) {
        bool plain = text_is_alnum(name.data[i]) || strchr("-._~", name.data[i]) != NULL;
        buf_putf(&out, plain && name.data[i] != 0 ? "%c" : "%%%02X", name.data[i]);
    }
    char *text = mem_string_of(buf_slice(&out));
    buf_cleanup(&out);
    return text;
}

// A type that a browser would take for more than one thing to show is none for it.
static char *type_of(const struct message_part *part) {
    if (strncmp(part->type, "multipart/", 10) == 0) {
        return mem_string("application/octet-stream");
    }
    return strncmp(part->type, "text/", 5) != 0 || part->charset == NULL
               ? mem_string(part->type)
               : mem_format("%s; charset=%s", part->type, part->charset);
}

void answer_part(struct api_response *response, const struct api_call *call) {
    struct found found;
    struct message_parts parts = {0};
    if (!find(&found, response, call)) {
        return;
    }
    if (!slice_is_null(found.text)) {
        message_parts_read(&parts, found.text);
    }
    uint64_t n = call->numbers[2];
    if (n == 0 || n > parts.count) {
        api_fail(response, STATUS_NOT_FOUND, "the message has no part %llu", (unsigned long long)n);
    } else {
        const struct message_part *part = &parts.parts[n - 1];
        api_begin(response, STATUS_OK, NULL);
        response->own_type = type_of(part);
        response->type = response->own_type;
        response->policy = POLICY_PART;
        response->disposition = disposition_of(part);
        message_part_put(&response->body, part);
    }
    message_parts_cleanup(&parts);
    found_cleanup(&found);
}
