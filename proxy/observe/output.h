// SPDX-License-Identifier: MIT
// output: where masked events become text, JSON, mail files and captures. A set of outputs is made
// once; for each session it makes a recording on the session's own thread, which formats, and hands
// finished chunks to the one writer thread, which numbers and writes them. No locks but the
// writer's queue.
//
//   recording (a session) ── chunks ──▶ writer (one thread) ── numbered lines ──▶ files
#ifndef SCOPE_OBSERVE_OUTPUT_H
#define SCOPE_OBSERVE_OUTPUT_H

#include "base/budget.h"
#include "base/err.h"
#include "format/format.h"
#include "observe/sink.h"

enum color_choice { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER }; // --color

struct output_spec {
    const struct format_info *format;
    const char *path; // "-" for standard output; may hold {session}, {date}, {client}, {server}
};

struct output_options {
    const struct output_spec *specs;
    size_t spec_count;
    enum body_detail body;
    enum color_choice color;
    bool quiet; // of the text that a person reads as it comes, "-"
    struct spool_options spool;
    bool paused;       // --paused
    bool starts_later; // by output_set_start
    // Session filter of --only, NULL for all: asked when the session ended. Called on the session's
    // thread.
    bool (*only)(void *context, const struct record *session);
    void *only_context;
};

struct output_set; // all outputs of the process and their writer thread

// Opens every output. ERR_INPUT or ERR_SYSTEM with a sentence (exit 3) where one cannot be written
// or holds something that is not ours; ERR_USAGE where a path is given twice.
MUST_USE enum err output_set_open(struct output_set **out, struct failure *failure,
                                  const struct output_options *options);
// Starts the thread that writes: once, where it was to start later. ERR_SYSTEM with a sentence.
MUST_USE enum err output_set_start(struct output_set *set, struct failure *failure);
// Flushes and closes all files, after the last session ended. The status can still be asked for.
void output_set_stop(struct output_set *set);
// The same, where it was not done, and frees the set.
void output_set_close(struct output_set *set);

// Sessions are recorded by adding this to the sinks, with the set as its context. Their lines go
// to the writer when a session is flushed, when there are 16 KiB of them, or when it ends.
extern const struct sink_ops output_sink;

// Whether text has colour: --color, and by default on a screen where NO_COLOR is not set.
bool output_wants_color(enum color_choice choice, bool screen);
bool output_set_wants_wire(const struct output_set *set); // an output takes EVENT_WIRE
// The disk is slower than the mail: readers should wait until this is false. It becomes false by
// itself, at the latest when the writer gives the queue up as lost.
bool output_set_congested(const struct output_set *set);

void output_set_reopen(struct output_set *set); // SIGHUP, ctl rotate; may be called on any thread
void output_set_pause(struct output_set *set, bool paused, int64_t unix_ns);
// `pauses` takes the EVENT_PAUSED of each span that was left out, on the thread that ends it, up to
// output_set_close. Before the sessions.
void output_set_on_pause(struct output_set *set, struct event_sink pauses);
bool output_set_paused(const struct output_set *set);

// A screen that may have a status line below its lines: `text` on a terminal that is ours alone
// (not shared with the command of `run`). `text` is shown from now on, as often as it is set it is
// measured each time, so a few times a second is right. Any thread.
bool output_set_has_status_line(const struct output_set *set);
void output_set_status_line(struct output_set *set, const char *text);

struct output_status {
    const char *format;
    const char *path;
    uint64_t lines;
    uint64_t bytes;
    uint64_t lost;
    bool failing;
};
// Fills at most `max` entries; returns how many there are.
size_t output_set_status(const struct output_set *set, struct output_status *out, size_t max);

// For --fail-on and --expect at the end of a capture. Called on the session's thread with the
// record of each finished session.
void output_set_on_session(struct output_set *set,
                           void (*ended)(void *context, const struct record *session),
                           void *context);

#endif
