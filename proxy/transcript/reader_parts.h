// SPDX-License-Identifier: MIT
// reader_parts: what the files of the reader share.
//
//   reader.c          opens, sorts items into the order of telling, hands them out
//   reader_jsonl.c    finds the items of a jsonl transcript
//   reader_json.c     reads the records of a json document; their moments are its items
//   reader_tell.c     makes an event of an item
//   reader_lines.c    makes a message's lines of its record
//   reader_records.c  gives the record of each session
#ifndef SCOPE_TRANSCRIPT_READER_PARTS_H
#define SCOPE_TRANSCRIPT_READER_PARTS_H

#include "base/clock.h"
#include "transcript/field_read_parts.h"
#include "transcript/reader.h"

struct reader_session {
    struct record *record; // json: all of it; jsonl: what its `connect` says
    // jsonl
    bool begun;           // an event of it has come
    bool connected;       // its `connect` has come
    bool closed;          // its `close` has come
    bool tls;             // the client's side speaks TLS by now
    bool answered;        // the message to come was answered
    size_t answer;        // the item of its first answer
    enum outcome outcome; // `completed` where it has no end
};

enum item_kind { ITEM_EVENT, ITEM_LINES };

// One thing to tell. `major`, `minor`, `at_unix_ns` and `order` sort them.
struct item {
    enum item_kind kind;
    uint64_t major;
    int minor; // -1 in front of the item that `major` names
    int64_t at_unix_ns;
    int64_t told_unix_ns; // json: at_unix_ns, never less than that of the item before
    uint64_t order;       // of being found
    size_t session;       // in `sessions`; NO_SESSION for session 0
    enum event_kind event;
    struct span line;                   // jsonl: what holds it
    const struct record_moment *moment; // json: what it is told from
    // ITEM_LINES: which of the message's lines; count 0 is the message's end. `lines_told` is how
    // many the transcript says there are, 0 where it does not say.
    const struct record_message *message; // json
    size_t first_line;
    size_t line_count;
    size_t lines_told;
};

#define NO_SESSION SIZE_MAX

// The lines of one message, kept while they are told.
struct told_message {
    bool known;
    struct span line;                     // jsonl: of its event
    const struct record_message *message; // its record
    struct record_message read;           // jsonl
    struct arena arena;
    const struct event_text *lines;
    size_t line_count;
};

struct reader {
    struct slice data;
    bool is_json;
    struct arena arena; // of the event told last
    struct reader_session *sessions;
    size_t session_count;
    size_t session_room;
    struct item *items;
    size_t item_count;
    size_t item_room;
    size_t next;
    size_t next_line; // of an ITEM_LINES
    size_t cut_off;   // where the part that a crash left unfinished begins, or SLICE_NONE
    struct event event;
    struct record_message message; // jsonl: of an EVENT_MESSAGE
    struct told_message told;
};

struct item *reader_add_item(struct reader *reader, enum item_kind kind, size_t session);
size_t reader_add_session(struct reader *reader, struct record *record); // its place
// Of a message that no item tells the lines of: they come in front of the item `at`, at its time,
// and then what says their number. `own` is the item of the message.
void reader_add_message_lines(struct reader *reader, const struct record_message *message,
                              size_t own, size_t at);

MUST_USE enum err reader_index_jsonl(struct reader *reader, struct failure *failure);
MUST_USE enum err reader_index_json(struct reader *reader, struct failure *failure);

// Makes the event of an item, for ITEM_LINES that of `reader->next_line`; NULL where it has none.
const struct event *reader_tell(struct reader *reader, const struct item *item);

// The lines of the message that the text output shows, with those that frame them; valid as long as
// the message and the arena. `told_count` is how many there were, 0 where that is not known.
const struct event_text *reader_message_lines(size_t *out_count, struct arena *arena,
                                              const struct record_message *message,
                                              size_t told_count);

#endif
