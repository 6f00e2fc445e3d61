// SPDX-License-Identifier: MIT
#include "transcript/transcript_reader.h"

#include "base/array.h"
#include "base/lines.h"
#include "base/memory.h"
#include "transcript/reader_parts.h"
#include "transcript/record_event.h"

#include <stdlib.h>

const char *reader_library_version(void) {
    return cJSON_Version();
}

// ── sessions ────────────────────────────────────────────────────────────────────────────────────

size_t reader_add_session(struct reader *reader, struct record *record) {
    reader->sessions = array_grown(reader->sessions, reader->session_count, &reader->session_room,
                                   sizeof(*reader->sessions));
    reader->sessions[reader->session_count] = (struct reader_session){.record = record};
    return reader->session_count++;
}

void reader_end_session(struct reader *reader, size_t session) {
    reader->ended = array_grown(reader->ended, reader->ended_count, &reader->ended_room,
                                sizeof(*reader->ended));
    reader->ended[reader->ended_count++] = session;
}

size_t reader_find_message(const struct record *record, size_t n) {
    size_t place = n > 0 ? n - 1 : 0;
    while (place < record->message_count && (size_t)record->messages[place].event.message != n) {
        place++;
    }
    return place < record->message_count ? place : record->message_count;
}

void reader_records(struct reader *reader, void (*take)(void *context, const struct record *record),
                    void *context) {
    for (size_t i = 0; i < reader->ended_count; i++) {
        take(context, reader->sessions[reader->ended[i]].record);
    }
    for (size_t i = 0; i < reader->session_count; i++) {
        if (!reader->is_json && !reader->sessions[i].record->closed) {
            take(context, reader->sessions[i].record);
        }
    }
}

// ── the order of the text ───────────────────────────────────────────────────────────────────────

static void count_lines(struct reader_session *session) {
    const struct record *record = session->record;
    session->lines = mem_new_array(record->message_count + 1, sizeof(*session->lines));
    for (size_t i = 0; i < record->message_count; i++) {
        session->lines[i].all = NOT_SHOWN;
    }
    for (size_t i = 0; i < record->moment_count; i++) {
        const struct record_moment *moment = &record->moments[i];
        if (moment->kind == EVENT_TEXT) {
            size_t *all = &session->lines[reader_find_message(record, moment->which)].all;
            *all = (*all == NOT_SHOWN ? 0 : *all) + moment->lines;
        }
    }
}

static void add_item(struct reader *reader, struct item item) {
    reader->items =
        array_grown(reader->items, reader->item_count, &reader->item_room, sizeof(*reader->items));
    item.order = reader->item_count;
    reader->items[reader->item_count++] = item;
}

void reader_add_notice(struct reader *reader, const struct event *event, uint64_t line) {
    reader->notices = array_grown(reader->notices, reader->notice_count, &reader->notice_room,
                                  sizeof(*reader->notices));
    reader->notices[reader->notice_count] = *event;
    add_item(reader, (struct item){.key = 2 * line,
                                   .session = NO_SESSION,
                                   .which = reader->notice_count++,
                                   .at_ns = event->at_ns});
}

// Two moments more for a message without any: its lines, and its end.
static void add_message_lines(struct reader *reader, struct record *record, size_t message,
                              struct item before) {
    struct arena arena = {0};
    size_t lines = 0;
    free(reader_message_lines(&lines, &arena, &record->messages[message], 0));
    arena_cleanup(&arena);
    struct record_moment moment = {.kind = EVENT_TEXT,
                                   .which = (size_t)record->messages[message].event.message,
                                   .at_ns = before.at_ns,
                                   .lines = lines};
    for (int i = lines > 0 ? 0 : 1; i < 2; i++, moment.lines = 0) {
        before.which = record->moment_count;
        record_add_moment(record, moment);
        add_item(reader, before);
    }
}

// What a later reply decided was sent before it, and is shown so: where a moment has no time it is
// that of the one before.
static void add_items_of_json(struct reader *reader, size_t place) {
    struct reader_session *session = &reader->sessions[place];
    struct record *record = session->record;
    size_t count = record->moment_count;
    struct item item = {.session = place};
    int64_t last_ns = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t when_ns = record_moment_at(record, &record->moments[i]);
        size_t message = record->moments[i].which;
        last_ns = when_ns > last_ns ? when_ns : last_ns;
        item.key = (uint64_t)(record->session.started_unix_ns + last_ns);
        item.at_ns = when_ns >= 0 ? when_ns : last_ns;
        if (record->moments[i].kind == EVENT_MESSAGE && session->lines[message].all == NOT_SHOWN) {
            add_message_lines(reader, record, message, item);
        }
        item.which = i;
        add_item(reader, item);
    }
}

static bool is_before_its_line(enum event_kind kind) {
    return kind == EVENT_TEXT || kind == EVENT_NOTE;
}

static void add_lines_not_shown(struct reader *reader, const struct reader_session *session,
                                size_t which, struct item answer) {
    if (session->lines[which].all == NOT_SHOWN) {
        add_message_lines(reader, session->record, which, answer);
    }
}

// The lines of a message come before the first answer and at its time, where nothing says when each
// was sent.
static void add_items_of_jsonl(struct reader *reader, size_t place) {
    struct reader_session *session = &reader->sessions[place];
    struct record *record = session->record;
    size_t count = record->moment_count;
    struct item answer = {.session = NO_SESSION};
    for (size_t i = 0; i < count; i++) {
        const struct record_moment moment = record->moments[i];
        struct item item = {.key = 2 * session->sources[i].line,
                            .session = place,
                            .which = i,
                            .at_ns = record_moment_at(record, &moment)};
        item.key -= is_before_its_line(moment.kind) ? 1 : 0;
        add_item(reader, item);
        bool final = moment.kind == EVENT_REPLY &&
                     record_moment_reply(&record->exchanges[moment.which], &moment)->final;
        if (final && answer.session == NO_SESSION) {
            answer = item;
        } else if (moment.kind == EVENT_MESSAGE) {
            answer = answer.session == NO_SESSION ? item : answer;
            answer.key--;
            add_lines_not_shown(reader, session, moment.which, answer);
            answer.session = NO_SESSION;
        }
    }
}

static int by_key(const void *left, const void *right) {
    const struct item *a = left;
    const struct item *b = right;
    if (a->key != b->key) {
        return a->key < b->key ? -1 : 1;
    }
    return (a->order > b->order) - (a->order < b->order);
}

static void order_items(struct reader *reader) {
    for (size_t i = 0; i < reader->session_count; i++) {
        count_lines(&reader->sessions[i]);
        (reader->is_json ? add_items_of_json : add_items_of_jsonl)(reader, i);
    }
    if (reader->item_count > 0) {
        qsort(reader->items, reader->item_count, sizeof(*reader->items), by_key);
    }
}

// ── opening ─────────────────────────────────────────────────────────────────────────────────────

// A transcript of lines starts with an event on its first line.
static bool looks_like_jsonl(struct slice data) {
    struct slice rest = data;
    struct slice line = lines_text(lines_next(&rest));
    while (slice_trim(line).len == 0 && rest.len > 0) {
        line = lines_text(lines_next(&rest));
    }
    cJSON *object = cJSON_ParseWithLength((const char *)line.data, line.len);
    bool yes = json_get_string(object, "event") != NULL;
    cJSON_Delete(object);
    return yes;
}

enum err reader_open(struct reader **out, struct failure *failure, struct slice data) {
    if (slice_find_byte(data, '{') == SLICE_NONE) {
        return fail(failure, ERR_INPUT, data.len == 0 ? "it is empty" : "line 1 is no JSON object");
    }
    struct reader *reader = mem_new(sizeof(*reader));
    reader->data = data;
    reader->cut_off = SLICE_NONE;
    reader->is_json = !looks_like_jsonl(data);
    enum err err = (reader->is_json ? reader_read_json : reader_read_jsonl)(reader, failure);
    if (err != OK) {
        reader_free(reader);
        return err;
    }
    order_items(reader);
    *out = reader;
    return OK;
}

size_t reader_cut_off(const struct reader *reader) {
    return reader->cut_off;
}

void reader_free(struct reader *reader) {
    if (reader == NULL) {
        return;
    }
    for (size_t i = 0; i < reader->session_count; i++) {
        record_free(reader->sessions[i].record);
        free(reader->sessions[i].lines);
        free(reader->sessions[i].sources);
    }
    free(reader->sessions);
    free(reader->ended);
    free(reader->notices);
    free(reader->items);
    arena_cleanup(&reader->notice_arena);
    free(reader->shown.lines);
    arena_cleanup(&reader->shown.arena);
    arena_cleanup(&reader->arena);
    free(reader);
}

// ── events ──────────────────────────────────────────────────────────────────────────────────────

const struct event *reader_next(struct reader *reader) {
    while (reader->next < reader->item_count) {
        const struct event *event =
            reader_emit(reader, &reader->items[reader->next], reader->emitted++);
        if (event != NULL) {
            return event;
        }
        reader->next++;
        reader->emitted = 0;
    }
    return NULL;
}
