// SPDX-License-Identifier: MIT
// reader_jsonl: finds what a jsonl transcript tells. Lines of different sessions stand in the order
// of their counters, which is the order of the text too. The lines of a message, which its
// `message` event holds, are put in front of its answer. `### …` lines of the text that no event
// stands for are not in such a transcript.
#include "transcript/reader_parts.h"
#include "transcript/record_fields.h"

#include "base/memory.h"

#include <uthash.h>

// Which entry of `sessions` an id means now: after a restart, ids begin anew in the same file.
struct session_place {
    uint64_t id;
    size_t place;
    UT_hash_handle hh;
};

struct jsonl_index {
    struct reader *reader;
    struct failure *failure;
    struct session_place *places;
    size_t line_number;
};

static enum err not_an_event(const struct jsonl_index *index, const char *why) {
    return fail(index->failure, ERR_INPUT, "line %zu is no event of a transcript: %s",
                index->line_number, why);
}

// ── sessions ────────────────────────────────────────────────────────────────────────────────────

static struct session_place *place_of(struct jsonl_index *index, uint64_t id) {
    struct session_place *place = NULL;
    HASH_FIND(hh, index->places, &id, sizeof(id), place);
    if (place == NULL) {
        place = mem_new(sizeof(*place));
        place->id = id;
        place->place = NO_SESSION;
        HASH_ADD(hh, index->places, id, sizeof(place->id), place);
    }
    return place;
}

static void free_places(struct jsonl_index *index) {
    struct session_place *place = NULL;
    struct session_place *next = NULL;
    HASH_ITER(hh, index->places, place, next) {
        HASH_DEL(index->places, place);
        free(place);
    }
}

static size_t session_of(struct jsonl_index *index, uint64_t id, enum event_kind kind) {
    struct reader *reader = index->reader;
    if (id == 0) {
        return NO_SESSION;
    }
    struct session_place *place = place_of(index, id);
    const struct reader_session *known =
        place->place == NO_SESSION ? NULL : &reader->sessions[place->place];
    // A client may talk before the server is connected.
    if (known == NULL || known->closed || (kind == EVENT_CONNECT && known->connected)) {
        struct record *record = record_new(NULL);
        record->session.id = id;
        record->session.has_server = true;
        place->place = reader_add_session(reader, record);
    }
    return place->place;
}

// ── a message's lines ───────────────────────────────────────────────────────────────────────────

// They come before the first answer and at its time, since no event says when each was sent.
static void add_message_lines(struct jsonl_index *index, const cJSON *object, size_t own) {
    struct reader *reader = index->reader;
    const struct reader_session *session = &reader->sessions[reader->items[own].session];
    struct record_message message = {0};
    arena_clear(&reader->arena);
    fields_read(&reader->arena, &message_table, &message, object, FIELD_JSONL);
    reader_add_message_lines(reader, &message, own, session->answered ? session->answer : own);
}

// The first answer to a message, which its `message` event, behind the last one, belongs in front
// of.
static void note_answer(struct reader_session *session, size_t own, const cJSON *reply) {
    if (!session->answered && cJSON_IsTrue(json_get(reply, "final"))) {
        session->answered = true;
        session->answer = own;
    }
}

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

static void learn_close(struct reader_session *session, const cJSON *object, int64_t unix_ns) {
    struct event_close close = {0};
    struct arena arena = {0};
    fields_read(&arena, &close_table, &close, object, FIELD_JSONL);
    arena_cleanup(&arena);
    session->closed = true;
    session->outcome = close.outcome;
    if (close.duration_ns >= 0) {
        session->record->session.started_unix_ns = unix_ns - close.duration_ns;
    }
}

static void learn_session(struct reader_session *session, enum event_kind kind, const cJSON *object,
                          int64_t unix_ns) {
    struct record *record = session->record;
    if (!session->begun) {
        session->begun = true;
        record->session.started_unix_ns = unix_ns;
    }
    if (kind == EVENT_CONNECT) {
        session->connected = true;
        fields_read(&record->arena, &connect_table, &record->session, object, FIELD_JSONL);
    }
    if (kind == EVENT_CLOSE) {
        learn_close(session, object, unix_ns);
    }
}

static bool kind_named(enum event_kind *out, const char *name) {
    for (enum event_kind kind = EVENT_CONNECT; kind < EVENT_KIND_COUNT; kind++) {
        const char *known = event_kind_name(kind);
        if (known != NULL && slice_is(slice_of_string(name), known)) {
            *out = kind;
            return true;
        }
    }
    return false;
}

static enum err take_event(struct jsonl_index *index, const cJSON *object, struct span line) {
    struct reader *reader = index->reader;
    int64_t unix_ns = 0;
    enum event_kind kind = EVENT_KIND_COUNT;
    const cJSON *session = json_get(object, "session");
    if (!cJSON_IsObject(object) || json_get_string(object, "event") == NULL) {
        return not_an_event(index, "it has no \"event\"");
    }
    if (!json_time(&unix_ns, json_get(object, "time"))) {
        return not_an_event(index, "its \"time\" is none");
    }
    if (!cJSON_IsNumber(session) || session->valuedouble < 0) {
        return not_an_event(index, "it has no \"session\"");
    }
    if (!kind_named(&kind, json_get_string(object, "event"))) {
        return OK; // of a later version
    }
    size_t own = reader->item_count;
    size_t place = session_of(index, json_number(session), kind);
    struct item *item = reader_add_item(reader, ITEM_EVENT, place);
    item->line = line;
    item->event = kind;
    item->at_unix_ns = unix_ns;
    if (place == NO_SESSION) {
        return OK;
    }
    struct reader_session *of = &reader->sessions[place];
    learn_session(of, kind, object, unix_ns);
    if (kind == EVENT_REPLY) {
        note_answer(of, own, object);
    }
    if (kind == EVENT_MESSAGE) {
        add_message_lines(index, object, own);
        of->answered = false;
    }
    return OK;
}

static enum err take_line(struct jsonl_index *index, struct span line, bool last) {
    struct slice text = slice_sub(index->reader->data, line.offset, line.len);
    cJSON *object = cJSON_ParseWithLength((const char *)text.data, text.len);
    if (object == NULL && last) { // what a crash left of the line that was being written
        index->reader->cut_off = line.offset;
        return OK;
    }
    if (object == NULL) {
        return not_an_event(index, "it is not JSON");
    }
    enum err err = take_event(index, object, line);
    cJSON_Delete(object);
    return err;
}

enum err reader_index_jsonl(struct reader *reader, struct failure *failure) {
    struct jsonl_index index = {.reader = reader, .failure = failure};
    size_t offset = 0;
    enum err err = OK;
    while (err == OK && offset < reader->data.len) {
        struct slice rest = slice_from(reader->data, offset);
        size_t end = slice_find_byte(rest, '\n');
        size_t len = end == SLICE_NONE ? rest.len : end;
        index.line_number++;
        if (slice_trim(slice_sub(rest, 0, len)).len > 0) {
            err = take_line(&index, (struct span){offset, len}, end == SLICE_NONE);
        }
        offset += len + 1;
    }
    free_places(&index);
    return err;
}
