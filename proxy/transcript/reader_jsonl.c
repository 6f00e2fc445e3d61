// SPDX-License-Identifier: MIT
// reader_jsonl: builds the records of a jsonl transcript, by the very builder that the proxy uses.
// Lines of different sessions are in the order of their counters, which is the order of the text
// too; what the text shows between two events is a member of the later one (format/jsonl.c).
#include "transcript/reader_parts.h"
#include "transcript/record_fields.h"

#include "base/array.h"
#include "base/lines.h"
#include "base/memory.h"

#include <stdlib.h>

#include <uthash.h>

// Which session an id means now: after a restart, ids start again in the same file.
struct session_place {
    uint64_t id;
    size_t place;
    UT_hash_handle hh;
};

struct jsonl_reading {
    struct reader *reader;
    struct failure *failure;
    struct session_place *places;
    uint64_t line; // the number of the line that is read
};

static enum err not_an_event(const struct jsonl_reading *jsonl, const char *why) {
    return fail(jsonl->failure, ERR_INPUT, "line %llu is no event of a transcript: %s",
                (unsigned long long)jsonl->line, why);
}

// ── sessions ────────────────────────────────────────────────────────────────────────────────────

// NOLINTNEXTLINE(readability-function-size): what nests are the macros of uthash
static struct session_place *place_of(struct jsonl_reading *jsonl, uint64_t id) {
    struct session_place *place = NULL;
    HASH_FIND(hh, jsonl->places, &id, sizeof(id), place);
    if (place == NULL) {
        place = mem_new(sizeof(*place));
        place->id = id;
        place->place = NO_SESSION;
        HASH_ADD(hh, jsonl->places, id, sizeof(place->id), place);
    }
    return place;
}

static void free_places(struct jsonl_reading *jsonl) {
    struct session_place *place = jsonl->places;
    HASH_CLEAR(hh, jsonl->places);
    while (place != NULL) {
        struct session_place *next = place->hh.next;
        free(place);
        place = next;
    }
}

static size_t session_of(struct jsonl_reading *jsonl, uint64_t id, enum event_kind kind,
                         int64_t unix_ns) {
    struct reader *reader = jsonl->reader;
    struct session_place *place = place_of(jsonl, id);
    const struct reader_session *known =
        place->place == NO_SESSION ? NULL : &reader->sessions[place->place];
    // A client may talk before the server is connected.
    if (known == NULL || known->record->closed || (kind == EVENT_CONNECT && known->connected)) {
        struct record *record = record_new(NULL);
        record->whole = true;
        record->begun = true;
        record->session.id = id;
        record->session.has_server = true;
        record->session.started_unix_ns = unix_ns;
        place->place = reader_add_session(reader, record);
    }
    return place->place;
}

// ── events ──────────────────────────────────────────────────────────────────────────────────────

static void read(struct reader *reader, const struct field_table *table, void *out,
                 const cJSON *line) {
    fields_read(&reader->arena, table, out, line, FIELD_JSONL);
}

static void take_command(struct reader *reader, const struct reader_session *session,
                         const cJSON *line, int64_t at_ns) {
    struct record_command command = {0};
    read(reader, &command_table, &command, line);
    command.at_ns = at_ns;
    record_add_command(session->record, &command, session->tls);
}

static void take_reply(struct reader *reader, const struct reader_session *session,
                       const cJSON *line, int64_t at_ns) {
    struct record_reply reply = {0};
    read(reader, &reply_table, &reply, line);
    reply.at_ns = at_ns;
    record_add_reply(session->record, &reply, session->tls, -1);
}

// The start is known exactly when the session has ended; until then it is its first event's.
static void take_close(struct reader *reader, struct reader_session *session, struct event *event,
                       const cJSON *line) {
    struct event_close *close = &event->close;
    int64_t unix_ns = event_unix_ns(event);
    read(reader, &close_table, close, line);
    close->bytes_from_client = RECORD_BYTES_UNKNOWN;
    close->bytes_from_server = RECORD_BYTES_UNKNOWN;
    if (close->duration_ns >= 0) {
        record_set_start(session->record, unix_ns - close->duration_ns);
        event->at_ns = close->duration_ns;
    }
    close->duration_ns = event->at_ns;
    reader_end_session(reader, (size_t)(session - reader->sessions));
}

static void take_event(struct reader *reader, struct reader_session *session, enum event_kind kind,
                       const cJSON *line, int64_t at_ns) {
    struct record *record = session->record;
    struct event event = {.kind = kind, .session = &record->session, .at_ns = at_ns};
    struct record_message message = {0};
    switch ((unsigned)kind) {
    case EVENT_COMMAND:
        take_command(reader, session, line, at_ns);
        return;
    case EVENT_REPLY:
        take_reply(reader, session, line, at_ns);
        return;
    case EVENT_CONNECT:
        session->connected = true;
        fields_read(&record->arena, &connect_table, &record->session, line, FIELD_JSONL);
        break;
    case EVENT_MESSAGE:
        read(reader, &message_table, &message, line);
        break;
    case EVENT_CLOSE:
        take_close(reader, session, &event, line);
        break;
    default:
        read(reader, record_event_table(kind), &event.tls, line); // or another of the union
        session->tls |=
            kind == EVENT_TLS && event.tls.side == SIDE_CLIENT && event.tls.error == NULL;
    }
    record_take(record, &event, &message);
}

static void take_notice(struct reader *reader, enum event_kind kind, const cJSON *object,
                        int64_t unix_ns, uint64_t line) {
    struct event event = {.kind = kind, .at_ns = unix_ns};
    fields_read(&reader->notice_arena, record_event_table(kind), &event.lost, object, FIELD_JSONL);
    reader_add_notice(reader, &event, line);
}

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

static void add_source(struct reader_session *session, struct source source) {
    while (session->source_count < session->record->moment_count) {
        session->sources = array_grown(session->sources, session->source_count,
                                       &session->source_room, sizeof(*session->sources));
        session->sources[session->source_count++] = source;
    }
}

// The line of the session's event that is `back` events before the one that is read.
static uint64_t line_back(const struct reader_session *session, uint64_t back, uint64_t line) {
    for (size_t i = session->source_count; i > 0 && back > 0; i--) {
        enum event_kind kind = session->record->moments[i - 1].kind;
        if (kind != EVENT_TEXT && kind != EVENT_NOTE && kind != EVENT_GREETING) {
            line = session->sources[i - 1].line;
            back--;
        }
    }
    return line;
}

// What the text shows before this event, or before one of those before it.
static void take_before(struct reader_session *session, const cJSON *before, int64_t at_ns,
                        struct source source) {
    const cJSON *entry = NULL;
    cJSON_ArrayForEach(entry, before) {
        struct record_moment moment;
        uint64_t back = json_number(cJSON_GetArrayItem(entry, 0));
        if (record_read_moment(&moment, session->record, cJSON_GetArrayItem(entry, 1)) &&
            (moment.kind == EVENT_TEXT || moment.kind == EVENT_NOTE ||
             moment.kind == EVENT_GREETING)) {
            moment.at_ns = moment.at_ns > at_ns ? 0 : at_ns - moment.at_ns;
            record_add_moment(session->record, moment);
            add_source(session, (struct source){line_back(session, back, source.line), source.pid});
        }
    }
}

static enum err take_object(struct jsonl_reading *jsonl, const cJSON *object) {
    struct reader *reader = jsonl->reader;
    int64_t unix_ns = 0;
    const char *name = json_get_string(object, "event");
    const cJSON *id = json_get(object, "session");
    if (!cJSON_IsObject(object) || name == NULL) {
        return not_an_event(jsonl, "it has no \"event\"");
    }
    if (!json_time(&unix_ns, json_get(object, "time"))) {
        return not_an_event(jsonl, "its \"time\" is none");
    }
    if (!cJSON_IsNumber(id) || id->valuedouble < 0) {
        return not_an_event(jsonl, "it has no \"session\"");
    }
    enum event_kind kind = event_kind_find(slice_of_string(name));
    if (kind == EVENT_LOST || kind == EVENT_PAUSED) {
        take_notice(reader, kind, object, unix_ns, jsonl->line);
    }
    // Another kind is of a later version.
    if (kind >= EVENT_LOST || json_number(id) == 0) {
        return OK;
    }
    size_t place = session_of(jsonl, json_number(id), kind, unix_ns);
    struct reader_session *session = &reader->sessions[place];
    int64_t at_ns = unix_ns - session->record->session.started_unix_ns;
    struct source source = {jsonl->line, (uint32_t)json_number(json_get(object, "pid"))};
    take_before(session, json_get(object, "before"), at_ns, source);
    take_event(reader, session, kind, object, at_ns);
    add_source(session, source);
    return OK;
}

static enum err take_line(struct jsonl_reading *jsonl, struct slice line) {
    struct slice text = lines_text(line);
    if (slice_trim(text).len == 0) {
        return OK;
    }
    cJSON *object = cJSON_ParseWithLength((const char *)text.data, text.len);
    if (object == NULL && !lines_ended(line)) { // what a crash left of the line being written
        jsonl->reader->cut_off = (size_t)(line.data - jsonl->reader->data.data);
        return OK;
    }
    if (object == NULL) {
        return not_an_event(jsonl, "it is not JSON");
    }
    arena_clear(&jsonl->reader->arena);
    enum err err = take_object(jsonl, object);
    cJSON_Delete(object);
    return err;
}

enum err reader_read_jsonl(struct reader *reader, struct failure *failure) {
    struct jsonl_reading jsonl = {.reader = reader, .failure = failure};
    enum err err = OK;
    for (struct slice rest = reader->data; err == OK && rest.len > 0;) {
        jsonl.line++;
        err = take_line(&jsonl, lines_next(&rest));
    }
    free_places(&jsonl);
    return err;
}
