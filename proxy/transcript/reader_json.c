// SPDX-License-Identifier: MIT
// reader_json: reads the records of a json document. Its sessions are in the order in which they
// ended; the text showed them as they went, side by side, so their moments are merged by time.
#include "base/text.h"
#include "transcript/reader_parts.h"

#include <string.h>

#define SCHEMA "smtpscope/1"

static enum err read_sessions(struct reader *reader, struct failure *failure,
                              const cJSON *sessions) {
    const cJSON *session = NULL;
    size_t place = 0;
    cJSON_ArrayForEach(session, sessions) {
        if (!cJSON_IsObject(session) || json_number(json_get(session, "id")) == 0) {
            return fail(failure, ERR_INPUT, "entry %zu of \"sessions\" is no session", place);
        }
        reader_end_session(reader, reader_add_session(reader, record_read(session)));
        place++;
    }
    return OK;
}

// ── the document ────────────────────────────────────────────────────────────────────────────────

// Skips what may be between two sessions.
static size_t skip_between(struct slice data, size_t offset) {
    while (offset < data.len && (text_is_space(data.data[offset]) || data.data[offset] == ',')) {
        offset++;
    }
    return offset;
}

// Where the first session of a document that our writer began is; SLICE_NONE if it is not one.
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

// What a crash may leave after the last whole session: a part of the next one, or of `]}`.
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
    while (offset < data.len && text_is_space(data.data[offset])) {
        offset++;
    }
    if (offset < data.len && data.data[offset] != 0) {
        return fail(failure, ERR_INPUT, "something follows the JSON at offset %zu", offset);
    }
    return OK;
}

static enum err read_document(struct reader *reader, struct failure *failure,
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
    return read_sessions(reader, failure, sessions);
}

enum err reader_read_json(struct reader *reader, struct failure *failure) {
    cJSON *document = NULL;
    enum err err = parse_document(&document, reader, failure);
    if (err == OK) {
        err = read_document(reader, failure, document);
    }
    cJSON_Delete(document);
    return err;
}
