// SPDX-License-Identifier: MIT
// format: what each format of `--output` is. The set of formats is open, so this is the one place
// with function pointers: a format makes a state for each session, takes the session's events and
// leaves bytes in its outlet; the recording hands them to the spool.
//
//   recording ─┬─ outlet 0 ── text state      each outlet collects bytes of its format;
//              ├─ outlet 1 ── jsonl state     the recording makes one batch of all
//              └─ outlet 2 ── eml state
//
// A new format is one file with a `struct format_info`, and its name in FORMATS. Nothing else
// switches on a format.
//
// A state lives on its session's thread. What it knows of the set never changes after the set
// was opened, so it needs no lock.
#ifndef SCOPE_FORMAT_FORMAT_H
#define SCOPE_FORMAT_FORMAT_H

#include "base/buf.h"
#include "base/err.h"
#include "event/event.h"
#include "spool/chunk.h"
#include "spool/destination.h"
#include "transcript/message_log.h"

// One `--output`, fixed once the set is open.
struct output {
    struct destination to;
    const struct format_info *format;
    enum body_detail body;
    bool quiet; // text: what went wrong, and nothing else
};

// Where a format's state leaves its bytes.
struct outlet {
    const struct output *output;
    // text, jsonl: whole lines without their counters. pcap, pcapng: bytes to append. The recording
    // takes what is here after each event, or leaves it until there is more.
    struct buf bytes;
    // eml: chunks of its own, in order; made by outlet_file.
    struct write_batch *files;
    // What the JSON formats of this session share: its messages. Fed by the recording, before them;
    // NULL where neither is wanted.
    struct message_log *messages;
    const struct record *recorded; // replay.h: the session, with its messages; else NULL
};

// Adds an operation on one file of the folder (CHUNK_FILE_*); `bytes` is copied. `offset` is where
// they belong in it, for CHUNK_FILE_FINISH its whole length.
void outlet_file(struct outlet *outlet, enum chunk_kind kind, const char *name, uint64_t offset,
                 struct slice bytes);

struct format_info {
    const char *name;              // as in `--output NAME:PATH`; static
    const char *endings;           // of file names that mean it, "txt|log"; NULL: none
    const struct framing *framing; // of its files
    bool wants_path;               // standard output is no place for it
    bool has_secrets;              // takes EVENT_WIRE and TLS secrets, so it defeats the mask
    bool shares_messages;          // reads the outlet's `messages`, with the digest of each
    bool takes_document;           // has no state: it is given the session's json document
    // Appends the line of an event of session 0 (EVENT_LOST, EVENT_PAUSED), with its '\n' and
    // without its counter. NULL where the format has no such line. Any thread.
    void (*put_notice)(struct buf *out, const struct event *event, bool color);
    // The state of a session; the outlet outlives it. NULL where it takes documents.
    void *(*session_new)(struct outlet *outlet);
    void (*take)(void *state, const struct event *event);
    // The same for an event that comes while the recording is paused: nothing of it may be written,
    // but a state that has to keep step (sequence numbers, a message cut in two) may look. NULL
    // where there is nothing to keep.
    void (*skip)(void *state, const struct event *event);
    // Before the outlet is emptied: what the state still gathers goes into it. NULL where a state
    // gathers nothing.
    void (*flush)(void *state);
    // A line of the TLS key log; NULL where it is not taken.
    void (*secret)(void *state, struct slice line);
    void (*session_free)(void *state);
    // Appends the sessions of a json document as one run would have written them all. An error with
    // a sentence where the document cannot be read. NULL where the format has no such file.
    enum err (*put_document)(struct buf *out, struct failure *failure, struct slice document);
};

// All formats, in the order in which users see them: `NAME_format` is in a file of its own.
#define FORMATS(ROW) ROW(text) ROW(jsonl) ROW(json) ROW(eml) ROW(pcap) ROW(pcapng)

#define FORMAT_DECLARE(name) extern const struct format_info name##_format;
FORMATS(FORMAT_DECLARE)

#define FORMAT_NAMED(name) #name ", "
#define FORMAT_NAMES       FORMATS(FORMAT_NAMED) // "text, …, pcapng, ": a string for sentences

// NULL past the last.
const struct format_info *format_at(size_t index);

// What a format's line about lost lines is made from. `reason` is borrowed.
struct event format_lost_event(uint64_t count, const char *reason, int64_t unix_ns);

#endif
