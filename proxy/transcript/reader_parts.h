// SPDX-License-Identifier: MIT
// reader_parts: what the files of the transcript reader share.
//
//   reader_json.c        reads the records of a json document
//   reader_jsonl.c       builds records of the lines of jsonl, as the proxy does of its events
//   transcript_reader.c  opens; puts the moments of all records into one order; hands them out
//   reader_emit.c        makes an event of a moment
//   reader_lines.c       makes a message's lines of its record
#ifndef SCOPE_TRANSCRIPT_READER_PARTS_H
#define SCOPE_TRANSCRIPT_READER_PARTS_H

#include "base/clock.h"
#include "transcript/field_read_parts.h"
#include "transcript/transcript_reader.h"

// Where in a jsonl file a moment comes from.
struct source {
    uint64_t line;
    uint32_t pid; // of the client, as far as it was known by then
};

// How many lines of a message the moments of its session show in all, and how many were shown.
struct line_count {
    size_t all; // NOT_SHOWN: of no line it is known when it was sent
    size_t shown;
};

#define NOT_SHOWN SIZE_MAX

struct reader_session {
    size_t greeting_lines; // sent so far
    struct record *record;
    struct line_count *lines; // by place of the message
    // jsonl
    struct source *sources; // by place of the moment
    size_t source_count;
    size_t source_room;
    bool connected; // its `connect` has come
    bool tls;       // the client's side speaks TLS by now
};

// A moment in the order of the text.
struct item {
    uint64_t key;   // json: the time; jsonl: twice the line
    uint64_t order; // among those of the same key
    size_t session; // NO_SESSION: a notice
    size_t which;   // place of the moment, or of the notice
    int64_t at_ns;  // since the accept; of a notice Unix time
};

#define NO_SESSION SIZE_MAX

// The lines of the message that is being shown.
struct shown_lines {
    const struct record_message *message; // NULL for none
    struct arena arena;
    struct event_text *lines;
    size_t count;
};

struct reader {
    struct slice data;
    bool is_json;
    size_t cut_off; // where the part that a crash left unfinished begins, or SLICE_NONE
    struct reader_session *sessions;
    size_t session_count;
    size_t session_room;
    size_t *ended; // places of sessions, in the order in which they ended
    size_t ended_count;
    size_t ended_room;
    struct event *notices; // events of session 0
    size_t notice_count;
    size_t notice_room;
    struct arena notice_arena;
    struct item *items;
    size_t item_count;
    size_t item_room;
    size_t next;
    size_t emitted;     // events of that item
    struct arena arena; // of the event made last, or of the line that is read
    struct event event;
    struct shown_lines shown;
};

size_t reader_add_session(struct reader *reader, struct record *record); // its place
void reader_end_session(struct reader *reader, size_t session);
// An event of session 0, whose texts are in the notice_arena.
void reader_add_notice(struct reader *reader, const struct event *event, uint64_t line);
// The message of this number, most often at its place; its place is the count where there is none.
size_t reader_find_message(const struct record *record, size_t n);

// Fill the sessions and the notices.
MUST_USE enum err reader_read_jsonl(struct reader *reader, struct failure *failure);
MUST_USE enum err reader_read_json(struct reader *reader, struct failure *failure);

// Makes the item's event number `nth`, from 0: lines of a message are several. NULL for no more.
const struct event *reader_emit(struct reader *reader, const struct item *item, size_t nth);

// The lines of the message that the text output shows, with those that frame them; freed by the
// caller, their bytes valid as long as the message and the arena. `shown_count` is how many there
// were, 0 where that is not known.
struct event_text *reader_message_lines(size_t *out_count, struct arena *arena,
                                        const struct record_message *message, size_t shown_count);

#endif
