// SPDX-License-Identifier: MIT
// jsonl: one JSON object an event, as it happens.
#include "transcript/jsonl.h"

#include "base/limits.h"
#include "base/memory.h"
#include "format/format.h"
#include "transcript/json_parts.h"

#include <stdio.h>
#include <stdlib.h>

enum { NOTES_MAX = 2000 }; // of one event; more than any session has

// A happening, or lines of a message's text.
struct note {
    int64_t at_us;
    struct span text; // in `texts`
    struct message_shown shown;
};

struct jsonl_state {
    struct outlet *outlet;
    struct note *notes; // that the next event will have
    size_t note_count;
    size_t note_capacity;
    struct buf texts;
    int begun;     // the last message that anything was shown of
    int noted;     // the last message that notes were written of
    int finished;  // the last message whose event was written
    bool answered; // the next one's first answer was written
};

static void *session_new(struct outlet *outlet) {
    struct jsonl_state *state = mem_new(sizeof(*state));
    state->outlet = outlet;
    buf_init(&state->texts, 64 * KIB);
    return state;
}

static void session_free(void *context) {
    struct jsonl_state *state = context;
    buf_cleanup(&state->texts);
    free(state->notes);
    free(state);
}

// ── notes ───────────────────────────────────────────────────────────────────────────────────────

static void add_note(struct jsonl_state *state, struct note note) {
    if (state->note_count == NOTES_MAX) {
        return;
    }
    if (state->note_count == state->note_capacity) {
        state->note_capacity = state->note_capacity == 0 ? 4 : 2 * state->note_capacity;
        state->notes = mem_resize(state->notes, state->note_capacity, sizeof(*state->notes));
    }
    state->notes[state->note_count++] = note;
}

static void take_note(struct jsonl_state *state, const struct event *event) {
    struct span text = {.offset = buf_len(&state->texts)};
    text.len = buf_append_some(&state->texts, event->note.text);
    add_note(state, (struct note){.at_us = json_at_us(event->session, event->at_ns), .text = text});
}

static void take_shown(struct jsonl_state *state, const struct message_shown *shown) {
    struct note *last = state->note_count == 0 ? NULL : &state->notes[state->note_count - 1];
    state->begun = shown->message > state->begun ? shown->message : state->begun;
    if (last != NULL && last->shown.message == shown->message && last->at_us == shown->at_us &&
        last->shown.lines > 0 && shown->lines > 0) {
        last->shown.lines += shown->lines;
        return;
    }
    add_note(state, (struct note){.at_us = shown->at_us, .shown = *shown});
}

// `show` puts a message's lines in front of its first answer, at the same time, unless a note says
// otherwise; so nothing need be said where it was just like that.
static bool goes_without_saying(const struct jsonl_state *state, const struct event *event) {
    const struct note *end = &state->notes[state->note_count - 1];
    bool answer =
        event->kind == EVENT_MESSAGE || (event->kind == EVENT_REPLY && event->reply.final);
    int n = end->shown.message;
    bool only_one = n == state->finished + 1 && n == state->begun && n > state->noted &&
                    n == state->notes[0].shown.message && state->note_count <= 2;
    bool whole = end->shown.lines == 0 && !end->shown.cut;
    if (!answer || state->answered || !only_one || !whole) {
        return false;
    }
    int64_t at_us = json_at_us(event->session, event->at_ns);
    return json_same_ms(event->session, at_us, end->at_us) &&
           json_same_ms(event->session, at_us, state->notes[0].at_us);
}

static void put_note(struct json_writer *json, const struct jsonl_state *state,
                     const struct note *note, int64_t at_us) {
    json_open(json, '[');
    json_ms(json, at_us - note->at_us);
    if (note->shown.message > 0) {
        json_uint(json, (uint64_t)note->shown.message);
        json_uint(json, note->shown.lines);
    } else {
        json_text(json, slice_sub(buf_slice(&state->texts), note->text.offset, note->text.len));
    }
    json_close(json, ']');
}

static void put_notes(struct buf *out, const struct jsonl_state *state, int64_t at_us) {
    struct json_writer json = json_writer_on(out, false);
    json_open(&json, '[');
    for (size_t i = 0; i < state->note_count; i++) {
        put_note(&json, state, &state->notes[i], at_us);
    }
    json_close(&json, ']');
}

// ── events ──────────────────────────────────────────────────────────────────────────────────────

static void take_with_notes(struct jsonl_state *state, const struct event *event,
                            struct slice message) {
    struct buf notes;
    buf_init(&notes, SIZE_MAX / 2);
    put_notes(&notes, state, json_at_us(event->session, event->at_ns));
    jsonl_put_event(&state->outlet->bytes, event, message, buf_slice(&notes));
    buf_cleanup(&notes);
    state->noted = state->begun;
}

static void take_event(struct jsonl_state *state, const struct event *event) {
    struct outlet *outlet = state->outlet;
    struct slice message = {0};
    if (event->kind == EVENT_MESSAGE) {
        message = message_log_object(outlet->messages);
    }
    if (state->note_count == 0 || goes_without_saying(state, event)) {
        jsonl_put_event(&outlet->bytes, event, message, (struct slice){0});
    } else {
        take_with_notes(state, event, message);
    }
    if (event->kind == EVENT_MESSAGE) {
        state->finished = event->message.message;
        state->answered = false;
    } else if (event->kind == EVENT_REPLY && event->reply.final) {
        state->answered = true;
    }
    buf_clear(&state->texts);
    state->note_count = 0;
}

static void take(void *context, const struct event *event) {
    struct jsonl_state *state = context;
    struct message_shown shown;
    if (message_log_shown(state->outlet->messages, &shown)) {
        take_shown(state, &shown);
    } else if (event->kind == EVENT_NOTE) {
        take_note(state, event);
    } else if (event->kind == EVENT_DATA) { // it has no line in the text, and so no notes
        jsonl_put_event(&state->outlet->bytes, event, (struct slice){0}, (struct slice){0});
    } else if (event_kind_name(event->kind) != NULL) {
        take_event(state, event);
    }
}

// ── its files ───────────────────────────────────────────────────────────────────────────────────

static int put_counter(char *out, size_t max, uint64_t counter) {
    return snprintf(out, max, "{\"counter\":%llu,", (unsigned long long)counter);
}

static void put_notice(struct buf *out, const struct event *event, bool color) {
    (void)color;
    jsonl_put_event(out, event, (struct slice){0}, (struct slice){0});
}

static void put_lost(struct buf *out, uint64_t count, const char *reason, int64_t unix_ns,
                     bool color) {
    const struct event event = format_lost_event(count, reason, unix_ns);
    put_notice(out, &event, color);
}

static const struct framing framing = {
    .name = "jsonl",
    .shape = SHAPE_LINES,
    .put_counter = put_counter,
    .put_lost = put_lost,
};

const struct format_info jsonl_format = {
    .name = "jsonl",
    .framing = &framing,
    .shares_messages = true,
    .put_notice = put_notice,
    .session_new = session_new,
    .take = take,
    .session_free = session_free,
};
