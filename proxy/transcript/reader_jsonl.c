// SPDX-License-Identifier: MIT
// reader_jsonl: finds what a jsonl transcript tells. Lines of different sessions stand in the order
// of their counters, which is the order of the text too; the lines of a message, which its
// `message` event holds, are put where they were seen.
#include "transcript/reader_parts.h"

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
        place->place == NO_SESSION ? NULL : reader->sessions[place->place];
    // A client may talk before the server is connected.
    if (known == NULL || known->closed || (kind == EVENT_CONNECT && known->connected)) {
        place->place = reader_add_session(reader, id);
    }
    return place->place;
}

// ── what an event brings along ──────────────────────────────────────────────────────────────────

// Lines of other sessions may stand between an event and the one before it of its session; what was
// seen between the two stands among them by its time.
static size_t place_of_time(const struct reader *reader, size_t own, int64_t at_unix_us) {
    const struct reader_session *of = reader->sessions[reader->items[own].session];
    size_t first = of->event_count > 0 ? of->last_event + 1 : own;
    size_t place = own;
    for (size_t i = own; i > first; i--) {
        const struct item *before = &reader->items[i - 1];
        if (before->kind == ITEM_EVENT && before->at_unix_us <= at_unix_us) {
            break;
        }
        place = before->kind == ITEM_EVENT ? i - 1 : place;
    }
    return place;
}

static struct item *add_beside(struct jsonl_index *index, enum item_kind kind, size_t own,
                               const cJSON *ms_before) {
    struct item *item = reader_add_item(index->reader, kind);
    const struct item *event = &index->reader->items[own];
    int64_t before_us = json_us(ms_before);
    item->session = event->session;
    item->line = event->line;
    item->at_unix_us = event->at_unix_us - (before_us < 0 ? 0 : before_us);
    item->major = place_of_time(index->reader, own, item->at_unix_us);
    item->minor = -1;
    return item;
}

// Without a note of them, the lines came before the answer and at its time.
static void add_lines_in_front(struct jsonl_index *index, const cJSON *object, size_t own) {
    struct reader *reader = index->reader;
    const struct reader_session *of = reader->sessions[reader->items[own].session];
    size_t answer = of->answered ? of->answer : own;
    size_t lines = 0;
    reader_message_lines(&lines, &reader->decoder, object, 0);
    for (int i = lines > 0 ? 0 : 1; i < 2; i++) { // the lines, then what says their number
        struct item *item = add_beside(index, ITEM_LINES, own, NULL);
        item->line_count = i == 0 ? lines : 0;
        item->major = answer;
        item->at_unix_us = reader->items[answer].at_unix_us;
    }
}

static size_t lines_told(const struct reader *reader, const struct reader_session *of,
                         int message) {
    size_t told = 0;
    for (size_t i = 0; i < of->text_count; i++) {
        const struct item *item = &reader->items[of->texts[i]];
        told += item->message == message ? item->line_count : 0;
    }
    return told;
}

// The object of the message has come: it has the lines that notes have told of.
static void add_message_lines(struct jsonl_index *index, const cJSON *object, size_t own) {
    struct reader *reader = index->reader;
    struct reader_session *of = reader->sessions[reader->items[own].session];
    int message = (int)json_count(json_get(object, "n"));
    size_t told = lines_told(reader, of, message);
    size_t before = of->text_count;
    size_t first = 0;
    of->text_count = 0;
    for (size_t i = 0; i < before; i++) {
        struct item *item = &reader->items[of->texts[i]];
        if (item->message != message) {
            of->texts[of->text_count++] = of->texts[i];
            continue;
        }
        item->line = reader->items[own].line;
        item->first_line = first;
        item->lines_told = told;
        first += item->line_count;
    }
    if (of->text_count == before) {
        add_lines_in_front(index, object, own);
    }
}

// The first answer to a message, which its `message` event, behind the last one, belongs in front
// of.
static void note_answer(struct reader_session *session, size_t own, const cJSON *reply) {
    if (!session->answered && json_get_bool(reply, "final")) {
        session->answered = true;
        session->answer = own;
    }
}

static void add_text(struct jsonl_index *index, const cJSON *note, size_t own) {
    struct item *item = add_beside(index, ITEM_LINES, own, cJSON_GetArrayItem(note, 0));
    struct reader_session *of = index->reader->sessions[item->session];
    item->line.len = 0; // that of the message, which has yet to come
    item->message = (int)json_count(cJSON_GetArrayItem(note, 1));
    item->line_count = json_count(cJSON_GetArrayItem(note, 2));
    if (of->text_count == of->text_capacity) {
        of->text_capacity = of->text_capacity == 0 ? 16 : 2 * of->text_capacity;
        of->texts = mem_resize(of->texts, of->text_capacity, sizeof(*of->texts));
    }
    of->texts[of->text_count++] = (size_t)(item - index->reader->items);
}

static void add_notes(struct jsonl_index *index, const cJSON *object, size_t own) {
    size_t place = 0;
    const cJSON *note = NULL;
    cJSON_ArrayForEach(note, json_get(object, "notes")) {
        if (cJSON_IsNumber(cJSON_GetArrayItem(note, 1))) {
            add_text(index, note, own);
        } else {
            add_beside(index, ITEM_NOTE, own, cJSON_GetArrayItem(note, 0))->first_line = place;
        }
        place++;
    }
}

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

static void learn_session(struct reader_session *session, enum event_kind kind, const cJSON *object,
                          int64_t unix_us) {
    if (session->event_count == 0) {
        session->session.started_unix_ns = unix_us * NS_PER_US;
    }
    if (kind == EVENT_CONNECT) {
        session->connected = true;
        reader_session_read(&session->session, object);
    }
    if (kind == EVENT_CLOSE) {
        const char *outcome = json_get_string(object, "outcome");
        int64_t duration_us = json_us(json_get(object, "duration_ms"));
        session->closed = true;
        session->refused = slice_is(slice_of_string(outcome), outcome_name(OUTCOME_CONNECT_FAILED));
        if (duration_us >= 0) {
            session->session.started_unix_ns = (unix_us - duration_us) * NS_PER_US;
        }
    }
}

static enum err take_event(struct jsonl_index *index, const cJSON *object, struct span line) {
    struct reader *reader = index->reader;
    int64_t unix_us = 0;
    enum event_kind kind = EVENT_KIND_COUNT;
    const cJSON *session = json_get(object, "session");
    if (!cJSON_IsObject(object) || json_get_string(object, "event") == NULL) {
        return not_an_event(index, "it has no \"event\"");
    }
    if (!json_get_time(&unix_us, object, "time")) {
        return not_an_event(index, "its \"time\" is none");
    }
    if (!cJSON_IsNumber(session) || session->valuedouble < 0) {
        return not_an_event(index, "it has no \"session\"");
    }
    if (!reader_event_kind(&kind, json_get_string(object, "event"))) {
        return OK; // of a later version
    }
    size_t own = reader->item_count;
    struct item *item = reader_add_item(reader, ITEM_EVENT);
    item->session = session_of(index, json_get_uint(object, "session"), kind);
    item->line = line;
    item->event = kind;
    item->at_unix_us = unix_us;
    item->major = own;
    if (item->session == NO_SESSION) {
        return OK;
    }
    struct reader_session *of = reader->sessions[item->session];
    learn_session(of, kind, object, item->at_unix_us);
    add_notes(index, object, own);
    of->event_count++;
    of->last_event = own;
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
