// SPDX-License-Identifier: MIT
// reader_json: reads the records of a json document. Its sessions are in the order in which they
// ended; the text told them as they went, side by side, so their moments are merged by time.
#include "base/memory.h"
#include "transcript/reader_parts.h"
#include "transcript/record_event.h"

#include <stdlib.h>
#include <string.h>

#define SCHEMA "smtpscope/1"

// ── sessions ────────────────────────────────────────────────────────────────────────────────────

// The message of this number, most often at its place; its place is the count where there is none.
static size_t place_of_message(const struct record *record, size_t n) {
    size_t place = n > 0 ? n - 1 : 0;
    while (place < record->message_count && (size_t)record->messages[place].n != n) {
        place++;
    }
    return place < record->message_count ? place : record->message_count;
}

// How many lines each message was told to have; NOT_TOLD for those of none.
#define NOT_TOLD SIZE_MAX

static void number_lines(struct item *item, const struct record *record, size_t *told) {
    size_t place = (size_t)(item->message - record->messages);
    told[place] = told[place] == NOT_TOLD ? 0 : told[place];
    item->first_line = told[place];
    told[place] += item->line_count;
}

// What a reply that came later has decided was sent before it, and is told so: where a moment has
// no time it is that of the one before.
static void add_moments(struct reader *reader, size_t session, size_t *told) {
    const struct record *record = reader->sessions[session].record;
    int64_t last_ns = 0;
    for (size_t i = 0; i < record->moment_count; i++) {
        const struct record_moment *moment = &record->moments[i];
        bool is_text = moment->kind == EVENT_TEXT;
        size_t place = is_text ? place_of_message(record, moment->which) : 0;
        if (is_text && place == record->message_count) {
            continue; // its message is not in the transcript
        }
        struct item *item = reader_add_item(reader, is_text ? ITEM_LINES : ITEM_EVENT, session);
        int64_t when_ns = record_moment_at(record, moment);
        last_ns = when_ns > last_ns ? when_ns : last_ns;
        item->at_unix_ns = record->session.started_unix_ns + (when_ns >= 0 ? when_ns : last_ns);
        item->moment = moment;
        item->event = moment->kind;
        if (is_text) {
            item->message = &record->messages[place];
            item->line_count = moment->lines;
            number_lines(item, record, told);
        }
    }
}

// Where the timeline does not tell of a message's lines they came before the answer.
static void add_message_lines(struct reader *reader, size_t first, const struct record *record,
                              const size_t *told) {
    size_t end = reader->item_count;
    for (size_t own = first; own < end; own++) {
        struct item *item = &reader->items[own];
        if (item->kind == ITEM_LINES) {
            item->lines_told = told[item->message - record->messages];
        } else if (item->event == EVENT_MESSAGE && told[item->moment->which] == NOT_TOLD) {
            reader_add_message_lines(reader, &record->messages[item->moment->which], own, own);
        }
    }
}

static void index_session(struct reader *reader, const cJSON *object) {
    struct record *record = record_read(object);
    size_t session = reader_add_session(reader, record);
    size_t first = reader->item_count;
    size_t *told = mem_new_array(record->message_count, sizeof(*told));
    for (size_t i = 0; i < record->message_count; i++) {
        told[i] = NOT_TOLD;
    }
    add_moments(reader, session, told);
    add_message_lines(reader, first, record, told);
    free(told);
}

static enum err index_sessions(struct reader *reader, struct failure *failure,
                               const cJSON *sessions) {
    const cJSON *session = NULL;
    size_t place = 0;
    cJSON_ArrayForEach(session, sessions) {
        if (!cJSON_IsObject(session) || json_number(json_get(session, "id")) == 0) {
            return fail(failure, ERR_INPUT, "entry %zu of \"sessions\" is no session", place);
        }
        index_session(reader, session);
        place++;
    }
    return OK;
}

// ── the document ────────────────────────────────────────────────────────────────────────────────

static bool is_space(uint8_t byte) {
    return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r';
}

// Skips what may stand between two sessions.
static size_t skip_between(struct slice data, size_t offset) {
    while (offset < data.len && (is_space(data.data[offset]) || data.data[offset] == ',')) {
        offset++;
    }
    return offset;
}

// Where the first session of a document that our writer began stands; SLICE_NONE if it is not one.
static size_t sessions_start(struct slice data) {
    size_t schema = slice_find(slice_sub(data, 0, 256), SLICE("\"" SCHEMA "\""));
    size_t sessions = slice_find(slice_sub(data, 0, 256), SLICE("\"sessions\""));
    size_t bracket =
        sessions == SLICE_NONE ? SLICE_NONE : slice_find_byte(slice_from(data, sessions), '[');
    bool ours = schema != SLICE_NONE && bracket != SLICE_NONE && bracket < 16;
    return ours ? sessions + bracket + 1 : SLICE_NONE;
}

// Whether the object that begins here is still open where the data ends.
static bool is_open_object(struct slice rest) {
    size_t depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < rest.len; i++) {
        uint8_t byte = rest.data[i];
        if (quoted && byte == '\\') {
            i++;
        } else if (byte == '"') {
            quoted = !quoted;
        } else if (!quoted && (byte == '{' || byte == '[')) {
            depth++;
        } else if (!quoted && (byte == '}' || byte == ']') && --depth == 0) {
            return false;
        }
    }
    return true;
}

// What a crash may leave behind the last whole session: a part of the next one, or of `]}`.
static bool is_cut_off(struct slice rest) {
    if (rest.len > 0 && rest.data[0] == '{') {
        return is_open_object(rest);
    }
    return slice_trim(slice_from(rest, rest.len > 0 && rest.data[0] == ']' ? 1 : 0)).len == 0;
}

// Reads the sessions that are whole; where that ends is the result.
static size_t parse_sessions(cJSON *sessions, struct slice data, size_t offset) {
    for (offset = skip_between(data, offset); offset < data.len;
         offset = skip_between(data, offset)) {
        const char *start = (const char *)data.data + offset;
        const char *stop = NULL;
        cJSON *session = cJSON_ParseWithLengthOpts(start, data.len - offset, &stop, false);
        if (session == NULL) {
            break;
        }
        cJSON_AddItemToArray(sessions, session);
        offset += (size_t)(stop - start);
    }
    return offset;
}

// A document that a crash cut off while it was written: its sessions up to there are whole. `wrong`
// is where it is not JSON, in case it is something else.
static enum err parse_cut_off(cJSON **out, struct reader *reader, struct failure *failure,
                              size_t wrong) {
    struct slice data = reader->data;
    size_t start = sessions_start(data);
    cJSON *sessions = cJSON_CreateArray();
    reader->cut_off = start == SLICE_NONE ? data.len : parse_sessions(sessions, data, start);
    *out = cJSON_CreateObject();
    cJSON_AddStringToObject(*out, "schema", SCHEMA);
    cJSON_AddItemToObject(*out, "sessions", sessions);
    if (start == SLICE_NONE || !is_cut_off(slice_from(data, reader->cut_off))) {
        return fail(failure, ERR_INPUT, "it is not JSON at offset %zu", wrong);
    }
    if (cJSON_GetArraySize(sessions) == 0) {
        return fail(failure, ERR_INPUT,
                    "it is cut off at offset %zu, before its first session ends", data.len);
    }
    return OK;
}

static enum err parse_document(cJSON **out, struct reader *reader, struct failure *failure) {
    struct slice data = reader->data;
    const char *start = (const char *)data.data;
    const char *stop = start;
    *out = cJSON_ParseWithLengthOpts(start, data.len, &stop, false);
    size_t offset = (size_t)(stop - start);
    if (*out == NULL) {
        return parse_cut_off(out, reader, failure, offset);
    }
    while (offset < data.len && is_space(data.data[offset])) {
        offset++;
    }
    if (offset < data.len && data.data[offset] != 0) {
        return fail(failure, ERR_INPUT, "something follows the JSON at offset %zu", offset);
    }
    return OK;
}

static enum err index_document(struct reader *reader, struct failure *failure,
                               const cJSON *document) {
    const char *schema = json_get_string(document, "schema");
    if (schema == NULL) {
        return fail(failure, ERR_INPUT, "it has no \"schema\"");
    }
    if (strcmp(schema, SCHEMA) != 0) {
        return fail(failure, ERR_INPUT, "its schema is '%.64s', this program reads " SCHEMA,
                    schema);
    }
    const cJSON *sessions = json_get(document, "sessions");
    if (!cJSON_IsArray(sessions)) {
        return fail(failure, ERR_INPUT, "it has no list of \"sessions\"");
    }
    return index_sessions(reader, failure, sessions);
}

enum err reader_index_json(struct reader *reader, struct failure *failure) {
    cJSON *document = NULL;
    enum err err = parse_document(&document, reader, failure);
    if (err == OK) {
        err = index_document(reader, failure, document);
    }
    cJSON_Delete(document);
    return err;
}
