// SPDX-License-Identifier: MIT
// recording: one session in all outputs. Each event goes to what all formats share (the message
// log, the session's record), then to the state of each format; what they leave in their outlets
// is handed to the writer in batches.
//
//   event ─▶ message log ─▶ record ─▶ format states ─▶ outlets ─▶ batch ─▶ writer
//
// What a session keeps until its end counts against a budget that all sessions share (LIMIT_KEPT).
#include "base/memory.h"
#include "observe/output_parts.h"
#include "transcript/message_log.h"

#include <assert.h>
#include <stdlib.h>

static void slot_init(struct slot *slot, struct recording *recording, const struct output *output) {
    slot->ops = output->format;
    slot->outlet = (struct outlet){
        .output = output, .files = write_batch_new(), .messages = recording->messages};
    buf_init(&slot->outlet.bytes, LIMIT_CHUNK);
    slot->state = slot->ops->session_new(&slot->outlet);
}

static void *session_new(void *context) {
    struct output_set *set = context;
    const struct output_options *options = &set->options;
    struct recording *recording = mem_new(sizeof(*recording));
    recording->set = set;
    recording->slots = mem_new_array(set->count, sizeof(*recording->slots));
    budget_join(&recording->share, &set->kept);
    if (options->only != NULL || set->ended != NULL || set->has_document) {
        recording->record = record_new(&recording->share);
    }
    if (recording->record != NULL || set->shares_messages) {
        recording->messages = message_log_new(options->body, &recording->share);
    }
    if (options->only != NULL) {
        recording->held = write_batch_new();
    }
    for (size_t i = 0; i < set->count; i++) {
        if (!set->outputs[i].format->takes_document) {
            slot_init(&recording->slots[recording->slot_count++], recording, &set->outputs[i]);
        }
    }
    return recording;
}

// ── from outlets to batches ─────────────────────────────────────────────────────────────────────

char *recording_path(struct recording *recording, struct slot *slot) {
    if (!slot->path_known && recording->session != NULL) {
        slot->path = output_path_expand(slot->outlet.output, recording->session);
        slot->path_known = true;
    }
    return mem_string(slot->path);
}

static enum chunk_kind kind_of(const struct output *output) {
    return output->to.framing->shape == SHAPE_LINES ? CHUNK_LINES : CHUNK_APPEND;
}

// Moves what the slot's outlet holds into `batch`.
void recording_collect(struct recording *recording, struct slot *slot, struct write_batch *batch) {
    struct outlet *outlet = &slot->outlet;
    if (slot->ops->flush != NULL) {
        slot->ops->flush(slot->state);
    }
    for (size_t i = 0; i < outlet->files->count; i++) {
        outlet->files->chunks[i].path = recording_path(recording, slot);
    }
    write_batch_join(batch, outlet->files);
    if (buf_len(&outlet->bytes) == 0) {
        return;
    }
    struct chunk chunk = {.kind = kind_of(outlet->output),
                          .output = outlet->output->to.index,
                          .path = recording_path(recording, slot)};
    chunk.bytes = buf_take(&outlet->bytes, &chunk.len);
    write_batch_add(batch, chunk);
}

void recording_submit(struct recording *recording, struct write_batch *batch) {
    if (batch->count == 0) {
        write_batch_free(batch);
        return;
    }
    writer_submit(recording->set->writer, batch);
}

static void flush(struct recording *recording) {
    if (recording->held != NULL || recording->session == NULL) {
        return;
    }
    struct write_batch *batch = write_batch_new();
    for (size_t i = 0; i < recording->slot_count; i++) {
        recording_collect(recording, &recording->slots[i], batch);
    }
    recording_submit(recording, batch);
}

// ── what is kept ────────────────────────────────────────────────────────────────────────────────

static void count_kept(struct recording *recording) {
    size_t kept = held_bytes(recording);
    if (recording->record != NULL) {
        kept += record_reserved(recording->record);
    }
    if (recording->messages != NULL) {
        kept += message_log_bytes(recording->messages);
    }
    budget_hold(&recording->share, kept);
}

// ── the end of a session ────────────────────────────────────────────────────────────────────────

static struct chunk document_of(const struct recording *recording, const struct output *output) {
    struct chunk chunk = {.kind = CHUNK_DOCUMENT,
                          .output = output->to.index,
                          .path = output_path_expand(output, recording->session)};
    struct buf document;
    buf_init(&document, LIMIT_DOCUMENT + LIMIT_EVENT_OUTPUT);
    record_put_json(&document, recording->record);
    chunk.bytes = buf_take(&document, &chunk.len);
    return chunk;
}

static void submit_documents(struct recording *recording) {
    struct write_batch *batch = write_batch_new();
    for (size_t i = 0; i < recording->set->count; i++) {
        const struct output *output = &recording->set->outputs[i];
        if (output->format->takes_document) {
            write_batch_add(batch, document_of(recording, output));
        }
    }
    recording_submit(recording, batch);
}

// Where nothing of the session was recorded nothing matches.
static bool is_wanted(const struct recording *recording, bool known) {
    const struct output_options *options = &recording->set->options;
    return options->only == NULL ||
           (known && options->only(options->only_context, recording->record));
}

static void end(struct recording *recording) {
    recording->ended = true;
    bool known = recording->record != NULL && recording->record->begun;
    bool wanted = is_wanted(recording, known);
    if (recording->held != NULL) {
        (wanted ? held_release : held_discard)(recording);
    }
    flush(recording);
    if (known && wanted) {
        submit_documents(recording);
        if (recording->set->ended != NULL) {
            recording->set->ended(recording->set->ended_context, recording->record);
        }
    }
}

// ── events ──────────────────────────────────────────────────────────────────────────────────────

// Nothing of an event goes into the slot, but its state keeps step.
static void skip(struct slot *slot, const struct event *event) {
    if (slot->ops->skip != NULL) {
        slot->ops->skip(slot->state, event);
    }
}

static void give_slots(struct recording *recording, const struct event *event) {
    bool left_out = recording->full && event->kind != EVENT_CLOSE;
    recording->left_out += left_out && !event_is_bulk(event) ? 1 : 0;
    if (recording->full && !left_out && recording->left_out > 0) {
        held_report_left_out(recording, event);
    }
    for (size_t i = 0; i < recording->slot_count; i++) {
        struct slot *slot = &recording->slots[i];
        if (left_out) {
            skip(slot, event);
        } else if (!(slot->over && event_is_bulk(event))) {
            slot->ops->take(slot->state, event);
        }
    }
}

static void give(struct recording *recording, const struct event *event) {
    recording->begun = true;
    if (recording->messages != NULL) {
        message_log_take(recording->messages, event);
    }
    if (recording->record != NULL) {
        record_take_logged(recording->record, event, recording->messages);
    }
    give_slots(recording, event);
}

// While the recording is paused nothing of an event is kept, but how a session that was recorded in
// part has ended.
static void give_skipped(struct recording *recording, const struct event *event) {
    if (recording->record != NULL && recording->begun) {
        record_skip(recording->record, event);
    }
    for (size_t i = 0; i < recording->slot_count; i++) {
        skip(&recording->slots[i], event);
    }
}

static bool is_full(const struct recording *recording) {
    for (size_t i = 0; i < recording->slot_count; i++) {
        const struct outlet *outlet = &recording->slots[i].outlet;
        if (buf_len(&outlet->bytes) + outlet->files->bytes >= LIMIT_FLUSH) {
            return true;
        }
    }
    return false;
}

static void take(void *context, const struct event *event) {
    struct recording *recording = context;
    assert(event->session != NULL && !recording->ended);
    recording->session = event->session;
    (output_set_paused(recording->set) ? give_skipped : give)(recording, event);
    if (recording->held != NULL) {
        held_bound(recording, event);
    } else if (is_full(recording)) {
        flush(recording);
    }
    count_kept(recording);
    if (event->kind == EVENT_CLOSE) {
        end(recording);
    }
}

static void secret(void *context, struct slice line) {
    struct recording *recording = context;
    for (size_t i = 0; i < recording->slot_count; i++) {
        struct slot *slot = &recording->slots[i];
        if (slot->ops->secret != NULL) {
            slot->ops->secret(slot->state, line);
        }
    }
}

static void slot_cleanup(struct slot *slot) {
    slot->ops->session_free(slot->state);
    buf_cleanup(&slot->outlet.bytes);
    write_batch_free(slot->outlet.files);
    free(slot->path);
}

static void session_free(void *context) {
    struct recording *recording = context;
    if (!recording->ended && recording->session != NULL) {
        end(recording); // a session without its close: what there is of it is kept
    }
    for (size_t i = 0; i < recording->slot_count; i++) {
        slot_cleanup(&recording->slots[i]);
    }
    free(recording->slots);
    message_log_free(recording->messages);
    record_free(recording->record);
    write_batch_free(recording->held);
    budget_leave(&recording->share);
    free(recording);
}

// ── as a sink ───────────────────────────────────────────────────────────────────────────────────

static void flush_session(void *context) {
    flush(context);
}

static bool wants_wire(const void *context) {
    const struct recording *recording = context;
    return output_set_wants_wire(recording->set);
}

static bool is_congested(const void *context) {
    const struct recording *recording = context;
    return output_set_congested(recording->set);
}

const struct sink_ops output_sink = {
    .session_new = session_new,
    .take = take,
    .flush = flush_session,
    .secret = secret,
    .wants_wire = wants_wire,
    .is_congested = is_congested,
    .session_free = session_free,
};
