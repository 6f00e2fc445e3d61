// SPDX-License-Identifier: MIT
// output_parts: what the files of the outputs share: set.c has what is common to all sessions,
// recording.c one session in all outputs, held.c what waits for the end of a session (--only).
#ifndef SCOPE_OBSERVE_OUTPUT_PARTS_H
#define SCOPE_OBSERVE_OUTPUT_PARTS_H

#include "observe/output.h"
#include "spool/writer.h"
#include "transcript/record.h"

#include <pthread.h>

struct output_set {
    struct budget kept;
    struct output_options options; // `specs` is not kept
    struct output *outputs;
    struct output_queue *queues;
    size_t count;
    size_t opened;     // queues that were opened, for cleanup
    bool has_document; // an output takes the document of each session
    bool shares_messages;
    bool has_secrets;
    struct writer *writer;
    bool stopped;
    bool stuck; // the writer's thread hangs in a system call, and may still use all of this
    atomic_bool paused;
    pthread_mutex_t pause_lock;
    int64_t paused_since_ns; // Unix time; guarded by pause_lock
    void (*ended)(void *context, const struct record *session);
    void *ended_context;
    struct event_sink pauses; // hears of spans that were left out; its `take` may be NULL
};

// A session in one output; those that take documents have none.
struct slot {
    struct outlet outlet;
    const struct format_info *ops;
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

// The path of this output for this session, owned by the caller; NULL where it has no placeholders.
char *output_path_expand(const struct output *output, const struct event_session *session);

// Moves what the slot's outlet holds into the batch.
void recording_collect(struct recording *recording, struct slot *slot, struct write_batch *batch);
// Hands the batch to the writer.
void recording_submit(struct recording *recording, struct write_batch *batch);
char *recording_path(struct recording *recording, struct slot *slot); // owned by the caller

// What makes a session large: the text of its messages.
bool event_is_bulk(const struct event *event);
// After an event: bounds what waits for the end.
void held_bound(struct recording *recording, const struct event *event);
// Before the close: says in each output how many events were left out.
void held_report_left_out(struct recording *recording, const struct event *close);
size_t held_bytes(const struct recording *recording); // memory
// At the end, of a session that matches: all of it goes to the writer. Of another one nothing does.
void held_release(struct recording *recording);
void held_discard(struct recording *recording);

#endif
