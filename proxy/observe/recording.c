// SPDX-License-Identifier: MIT
// recording: one session in all outputs. Each event goes to what all formats share (the message
// log, the session's record), then to the state of each format; what they leave in their outlets
// is handed to the writer in batches.
//
//   event ─▶ message log ─▶ record ─▶ format states ─▶ outlets ─▶ batch ─▶ writer
//
// What a session keeps until its end counts against a budget that all sessions share
// (LIMIT_KEPT). Under --only nothing is handed on until the session has ended and its record
// matches; only the data of `eml` goes ahead, into temporary files that are taken away again if it
// does not.
#include "base/memory.h"
#include "observe/output.h"
#include "transcript/message_log.h"
#include "transcript/record.h"

#include <assert.h>
#include <stdlib.h>

// What a chunk that is held back costs beside its bytes.
#define HELD_PIECE 160
// Room that the lines of one more event need.
#define EVENT_SLACK KIB

struct slot {
    struct outlet outlet;
    const struct format_info *ops; // NULL where it has no state
    void *state;
    char *path; // expanded; NULL where it has no placeholders
    bool path_known;
    bool over; // LIMIT_HELD_LINES was met
};

struct recording {
    struct output_set *set;
    struct slot *slots;
    size_t slot_count;
    struct message_log *messages; // NULL where no output or expression needs it
    struct record *record;        // the same
    struct write_batch *held;     // --only: chunks that wait for the end; NULL without
    struct budget_share share;    // of what all sessions keep
    bool full;                    // --only: the share was met
    uint64_t left_out;            // … events since then
    const struct event_session *session;
    bool begun; // something of it was recorded
    bool ended;
};

static bool has_document(const struct output_set *set) {
    for (size_t i = 0; i < output_set_count(set); i++) {
        if (output_set_at(set, i)->format->takes_document) {
            return true;
        }
    }
    return false;
}

static bool shares_messages(const struct output_set *set) {
    for (size_t i = 0; i < output_set_count(set); i++) {
        if (output_set_at(set, i)->format->shares_messages) {
            return true;
        }
    }
    return false;
}

static bool wants_record(const struct output_set *set) {
    return output_set_options(set)->only != NULL || output_set_wants_record(set) ||
           has_document(set);
}

static void slot_init(struct slot *slot, struct recording *recording, const struct output *output) {
    slot->ops = output->format->takes_document ? NULL : output->format;
    slot->outlet = (struct outlet){
        .output = output, .files = write_batch_new(), .messages = recording->messages};
    buf_init(&slot->outlet.bytes, LIMIT_CHUNK);
    if (slot->ops != NULL) {
        slot->state = slot->ops->session_new(&slot->outlet);
    }
}

static void *session_new(void *context) {
    struct output_set *set = context;
    struct recording *recording = mem_new(sizeof(*recording));
    const struct output_options *options = output_set_options(set);
    recording->set = set;
    recording->slot_count = output_set_count(set);
    recording->slots = mem_new_array(recording->slot_count, sizeof(*recording->slots));
    budget_join(&recording->share, output_set_budget(set));
    if (wants_record(set)) {
        recording->record = record_new(&recording->share);
    }
    if (recording->record != NULL || shares_messages(set)) {
        recording->messages = message_log_new(options->body, &recording->share);
    }
    if (options->only != NULL) {
        recording->held = write_batch_new();
    }
    for (size_t i = 0; i < recording->slot_count; i++) {
        slot_init(&recording->slots[i], recording, output_set_at(set, i));
    }
    return recording;
}

// ── from outlets to batches ─────────────────────────────────────────────────────────────────────

static char *path_of(struct slot *slot, const struct event_session *session) {
    if (!slot->path_known && session != NULL) {
        slot->path = output_path_expand(slot->outlet.output, session);
        slot->path_known = true;
    }
    return mem_string(slot->path);
}

static enum chunk_kind kind_of(const struct output *output) {
    return output->to.framing->shape == SHAPE_LINES ? CHUNK_LINES : CHUNK_APPEND;
}

// Moves what the slot's outlet holds into `batch`.
static void collect(struct recording *recording, struct slot *slot, struct write_batch *batch) {
    struct outlet *outlet = &slot->outlet;
    if (slot->ops != NULL && slot->ops->flush != NULL) {
        slot->ops->flush(slot->state);
    }
    for (size_t i = 0; i < outlet->files->count; i++) {
        outlet->files->chunks[i].path = path_of(slot, recording->session);
    }
    write_batch_join(batch, outlet->files);
    if (buf_len(&outlet->bytes) == 0) {
        return;
    }
    struct chunk chunk = {.kind = kind_of(outlet->output),
                          .output = outlet->output->to.index,
                          .path = path_of(slot, recording->session)};
    chunk.bytes = buf_take(&outlet->bytes, &chunk.len);
    write_batch_add(batch, chunk);
}

static void submit(struct recording *recording, struct write_batch *batch) {
    if (batch->count == 0) {
        write_batch_free(batch);
        return;
    }
    output_set_submit(recording->set, batch);
}

static void flush(struct recording *recording) {
    if (recording->held != NULL || recording->session == NULL) {
        return;
    }
    struct write_batch *batch = write_batch_new();
    for (size_t i = 0; i < recording->slot_count; i++) {
        collect(recording, &recording->slots[i], batch);
    }
    submit(recording, batch);
}

// ── --only ──────────────────────────────────────────────────────────────────────────────────────

// A message's data need not wait in memory: it goes ahead into its temporary file. Whether that
// file gets its name is decided at the end.
static void send_file_data(struct recording *recording, struct slot *slot) {
    struct write_batch *files = slot->outlet.files;
    struct write_batch *ahead = write_batch_new();
    for (size_t i = 0; i < files->count; i++) {
        struct chunk *chunk = &files->chunks[i];
        bool decides = chunk->kind == CHUNK_FILE_FINISH || chunk->kind == CHUNK_FILE_PARTIAL ||
                       chunk->kind == CHUNK_FILE_DROP;
        chunk->path = path_of(slot, recording->session);
        write_batch_add(decides ? recording->held : ahead, *chunk);
    }
    files->count = 0;
    files->bytes = 0;
    submit(recording, ahead);
}

// What makes a session large: the text of its messages.
static bool is_bulk(enum event_kind kind) {
    return kind == EVENT_TEXT || kind == EVENT_BYTES || kind == EVENT_WIRE;
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

static void hold_back(struct recording *recording, const struct event *event) {
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
static void say_left_out(struct recording *recording, const struct event *event) {
    struct event lost = {.kind = EVENT_LOST, .at_ns = event_unix_ns(event)};
    lost.lost.count = recording->left_out;
    lost.lost.reason = SLICE("the sessions that wait for --only fill the memory kept for them");
    for (size_t i = 0; i < recording->slot_count; i++) {
        struct slot *slot = &recording->slots[i];
        if (slot->ops != NULL && slot->outlet.output->to.framing->shape == SHAPE_LINES) {
            slot->ops->take(slot->state, &lost);
        }
    }
}

// ── what is kept ────────────────────────────────────────────────────────────────────────────────

static size_t held_bytes(const struct recording *recording) {
    size_t bytes = 0;
    for (size_t i = 0; recording->held != NULL && i < recording->slot_count; i++) {
        bytes += recording->slots[i].outlet.bytes.capacity;
    }
    return recording->held == NULL
               ? 0
               : bytes + recording->held->bytes + recording->held->count * HELD_PIECE;
}

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

static void release(struct recording *recording) {
    struct write_batch *batch = recording->held;
    recording->held = NULL;
    for (size_t i = 0; i < recording->slot_count; i++) {
        collect(recording, &recording->slots[i], batch);
    }
    submit(recording, batch);
}

static void discard(struct recording *recording) {
    struct write_batch *batch = recording->held;
    recording->held = NULL;
    for (size_t i = 0; i < batch->count; i++) {
        batch->chunks[i].kind = CHUNK_FILE_DROP;
    }
    submit(recording, batch);
    for (size_t i = 0; i < recording->slot_count; i++) {
        buf_clear(&recording->slots[i].outlet.bytes);
    }
}

// ── the end of a session ────────────────────────────────────────────────────────────────────────

static struct chunk document_of(const struct recording *recording, struct slot *slot) {
    struct chunk chunk = {.kind = CHUNK_DOCUMENT,
                          .output = slot->outlet.output->to.index,
                          .path = path_of(slot, recording->session)};
    struct buf document;
    buf_init(&document, LIMIT_DOCUMENT + LIMIT_EVENT_OUTPUT);
    record_put_json(&document, recording->record);
    chunk.bytes = buf_take(&document, &chunk.len);
    return chunk;
}

static void submit_documents(struct recording *recording) {
    struct write_batch *batch = write_batch_new();
    for (size_t i = 0; i < recording->slot_count; i++) {
        struct slot *slot = &recording->slots[i];
        if (slot->outlet.output->format->takes_document) {
            write_batch_add(batch, document_of(recording, slot));
        }
    }
    submit(recording, batch);
}

// Where nothing of the session was recorded nothing matches.
static bool is_wanted(const struct recording *recording, bool known) {
    const struct output_options *options = output_set_options(recording->set);
    return options->only == NULL ||
           (known && options->only(options->only_context, recording->record));
}

static void end(struct recording *recording) {
    recording->ended = true;
    bool known = recording->record != NULL && recording->record->begun;
    bool wanted = is_wanted(recording, known);
    if (recording->held != NULL) {
        (wanted ? release : discard)(recording);
    }
    flush(recording);
    if (known && wanted) {
        submit_documents(recording);
        output_set_session_ended(recording->set, recording->record);
    }
}

// ── events ──────────────────────────────────────────────────────────────────────────────────────

static void give_record(struct recording *recording, const struct event *event) {
    struct message_shown shown;
    record_take(recording->record, event, message_log_message(recording->messages));
    if (message_log_shown(recording->messages, &shown)) {
        record_take_shown(recording->record, &shown);
    }
}

// Nothing of an event goes into the slot, but its state keeps step.
static void skip(struct slot *slot, const struct event *event) {
    if (slot->ops != NULL && slot->ops->skip != NULL) {
        slot->ops->skip(slot->state, event);
    }
}

static void give_slots(struct recording *recording, const struct event *event) {
    bool left_out = recording->full && event->kind != EVENT_CLOSE;
    recording->left_out += left_out && !is_bulk(event->kind) ? 1 : 0;
    if (recording->full && !left_out && recording->left_out > 0) {
        say_left_out(recording, event);
    }
    for (size_t i = 0; i < recording->slot_count; i++) {
        struct slot *slot = &recording->slots[i];
        if (left_out) {
            skip(slot, event);
        } else if (slot->ops != NULL && !(slot->over && is_bulk(event->kind))) {
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
        give_record(recording, event);
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
        hold_back(recording, event);
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
        if (slot->ops != NULL && slot->ops->secret != NULL) {
            slot->ops->secret(slot->state, line);
        }
    }
}

static void slot_cleanup(struct slot *slot) {
    if (slot->ops != NULL) {
        slot->ops->session_free(slot->state);
    }
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
