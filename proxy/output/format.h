// SPDX-License-Identifier: MIT
// format: what each format of `--output` is to a recording. The set of formats is open, so this is
// the one place with function pointers: a format makes a state for each session, takes the
// session's events and leaves bytes in its outlet; the recording hands them to the writer.
//
//   recording ─┬─ outlet 0 ── text state      each outlet collects bytes of its format;
//              ├─ outlet 1 ── jsonl state     recording_flush makes one batch of them all
//              └─ outlet 2 ── eml state
//
// A state lives on its session's thread. What it is told about the set never changes after the set
// was opened, so it needs no lock.
#ifndef SCOPE_OUTPUT_FORMAT_H
#define SCOPE_OUTPUT_FORMAT_H

#include "base/buf.h"
#include "output/message_log.h"
#include "output/output.h"
#include "output/piece.h"

// One `--output`, fixed once the set is open.
struct output {
    size_t index;
    enum output_format format;
    const char *path;  // as it was given, "-" too
    bool placeholders; // the path holds {session} and the like
    bool color;        // text: decided by --color, NO_COLOR and the terminal
    enum body_detail body;
};

// Where a format's state leaves its bytes.
struct outlet {
    const struct output *output;
    // text, jsonl: whole lines without their counters. pcap, pcapng: bytes to append. The recording
    // takes what stands here after each event, or leaves it until there is more.
    struct buf bytes;
    // eml: pieces of its own, in order; made by outlet_file.
    struct batch *files;
    // What the JSON formats of this session share: its messages. Fed by the recording, before them;
    // NULL where neither is wanted.
    struct message_log *messages;
};

// Adds an operation on one file of the folder (PIECE_FILE_*); `bytes` is copied. `offset` is where
// they belong in it, for PIECE_FILE_FINISH its whole length.
void outlet_file(struct outlet *outlet, enum piece_kind kind, const char *name, uint64_t offset,
                 struct slice bytes);

struct format_ops {
    // The outlet outlives the state.
    void *(*session_new)(struct outlet *outlet);
    void (*take)(void *state, const struct event *event);
    // The same for an event that comes while the recording is paused: nothing of it may be written,
    // but a state that has to keep step (sequence numbers, a message cut in two) may look. NULL
    // where there is nothing to keep.
    void (*skip)(void *state, const struct event *event);
    // Before the outlet is emptied: what the state still gathers goes into it. NULL where a state
    // gathers nothing.
    void (*flush)(void *state);
    // A line of the TLS key log; NULL for all but pcapng.
    void (*secret)(void *state, struct slice line);
    void (*session_free)(void *state);
};

extern const struct format_ops text_format;
extern const struct format_ops jsonl_format;
extern const struct format_ops eml_format;
extern const struct format_ops pcap_format;
extern const struct format_ops pcapng_format;
// NULL for `json`: the recording builds the session's document once for all who want it.
const struct format_ops *format_ops_of(enum output_format format);

// The line of an event of session 0 (EVENT_LOST, EVENT_PAUSED) for text and jsonl, with its '\n'
// and without its counter; false, with nothing appended, for the other formats. Any thread.
bool format_notice(struct buf *out, const struct output *output, const struct event *event);

// ── what the set tells a recording; see set.c ───────────────────────────────────────────────────

size_t output_set_count(const struct output_set *set);
const struct output *output_set_at(const struct output_set *set, size_t index);
const struct output_options *output_set_options(const struct output_set *set);
// The path of this output for this session, owned by the caller; NULL where it has no placeholders.
char *output_path_expand(const struct output *output, const struct event_session *session);
// Takes the batch for the writer thread. Never waits.
void output_set_submit(struct output_set *set, struct batch *batch);
// Whether somebody wants the document of each session though no `json` output does.
bool output_set_wants_document(const struct output_set *set);
// Tells whoever asked by output_set_on_session.
void output_set_session_ended(struct output_set *set, const char *session_json);

#endif
