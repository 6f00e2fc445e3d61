// SPDX-License-Identifier: MIT
// held: what a session has in its outputs while it waits for --only: nothing is handed on until the
// session has ended and its record matches. Only the data of `eml` goes ahead, into temporary files
// that are taken away again if it does not.
#include "observe/output_parts.h"

// What a chunk that is held back costs beside its bytes.
#define HELD_CHUNK 160
// Room that the lines of one more event need.
#define EVENT_SLACK KIB

// A message's data need not wait in memory: it goes ahead into its temporary file. Whether that
// file gets its name is decided at the end.
static void send_file_data(struct recording *recording, struct slot *slot) {
    struct write_batch *files = slot->outlet.files;
    struct write_batch *ahead = write_batch_new();
    for (size_t i = 0; i < files->count; i++) {
        struct chunk *chunk = &files->chunks[i];
        chunk->path = recording_path(recording, slot);
        write_batch_add(chunk_ends_message(chunk) ? recording->held : ahead, *chunk);
    }
    files->count = 0;
    files->bytes = 0;
    recording_submit(recording, ahead);
}

// What makes a session large: the text of its messages.
bool event_is_bulk(const struct event *event) {
    return event->kind == EVENT_TEXT || event->kind == EVENT_BYTES || event->kind == EVENT_WIRE;
}

static void leave_out_bulk(struct slot *slot, const struct event *event) {
    const struct event note = {.kind = EVENT_NOTE,
                               .session = event->session,
                               .at_ns = event->at_ns,
                               .note = {SLICE("More of this session waits for --only than is kept: "
                                              "the text of its messages is left out from here")}};
    slot->over = true;
    slot->ops->take(slot->state, &note);
}

// What the lines of one more event may take: what is full is doubled.
static size_t growth(const struct recording *recording) {
    size_t bytes = 0;
    for (size_t i = 0; i < recording->slot_count; i++) {
        const struct buf *lines = &recording->slots[i].outlet.bytes;
        bytes += EVENT_SLACK + (lines->end + EVENT_SLACK > lines->capacity ? lines->capacity : 0);
    }
    return bytes;
}

void held_bound(struct recording *recording, const struct event *event) {
    for (size_t i = 0; i < recording->slot_count; i++) {
        struct slot *slot = &recording->slots[i];
        send_file_data(recording, slot);
        if (buf_len(&slot->outlet.bytes) > LIMIT_HELD_LINES && !slot->over) {
            leave_out_bulk(slot, event);
        }
    }
    recording->full = recording->full || !budget_allows(&recording->share, growth(recording));
}

// How much was left out is said at the end, where it is known.
void held_report_left_out(struct recording *recording, const struct event *event) {
    struct event lost = {.kind = EVENT_LOST, .at_ns = event_unix_ns(event)};
    lost.lost.count = recording->left_out;
    lost.lost.reason = SLICE("the sessions that wait for --only fill the memory kept for them");
    for (size_t i = 0; i < recording->slot_count; i++) {
        struct slot *slot = &recording->slots[i];
        if (slot->outlet.output->to.framing->shape == SHAPE_LINES) {
            slot->ops->take(slot->state, &lost);
        }
    }
}

size_t held_bytes(const struct recording *recording) {
    size_t bytes = 0;
    for (size_t i = 0; recording->held != NULL && i < recording->slot_count; i++) {
        bytes += recording->slots[i].outlet.bytes.capacity;
    }
    return recording->held == NULL
               ? 0
               : bytes + recording->held->bytes + recording->held->count * HELD_CHUNK;
}

void held_release(struct recording *recording) {
    struct write_batch *batch = recording->held;
    recording->held = NULL;
    for (size_t i = 0; i < recording->slot_count; i++) {
        recording_collect(recording, &recording->slots[i], batch);
    }
    recording_submit(recording, batch);
}

void held_discard(struct recording *recording) {
    struct write_batch *batch = recording->held;
    recording->held = NULL;
    for (size_t i = 0; i < batch->count; i++) {
        batch->chunks[i].kind = CHUNK_FILE_DROP;
    }
    recording_submit(recording, batch);
    for (size_t i = 0; i < recording->slot_count; i++) {
        buf_clear(&recording->slots[i].outlet.bytes);
    }
}
