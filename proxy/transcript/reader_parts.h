// SPDX-License-Identifier: MIT
// reader_parts: what the files of the reader share.
//
//   reader.c          opens, sorts items into the order of telling, hands them out
//   reader_jsonl.c    finds the items of a jsonl transcript
//   reader_json.c     finds the sessions of a json document
//   reader_timeline.c finds the items of one of them …
//   reader_made_up.c  … also where it has no timeline
//   reader_tell.c     makes an event of an item
//   reader_event.c    fills an event from the JSON that the item points at
//   reader_value.c    from JSON to values
//   reader_lines.c    makes a message's lines of its object
//   reader_documents.c  gives the document of each session
#ifndef SCOPE_TRANSCRIPT_READER_PARTS_H
#define SCOPE_TRANSCRIPT_READER_PARTS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "event/event.h"
#include "transcript/field_read_parts.h"
#include "transcript/reader.h"

#include <cjson/cJSON.h>

// ── from JSON to values ─────────────────────────────────────────────────────────────────────────

struct decoder {
    struct arena *arena;
};

uint64_t json_get_uint(const cJSON *object, const char *key); // 0 where absent
size_t json_count(const cJSON *number);                       // 0 where it is none, or no sane one
bool json_get_bool(const cJSON *object, const char *key);
int64_t json_us(const cJSON *ms); // a number of milliseconds, of a few years at most; else -1
// A time from 1970 to 2199, so that sums of times stay in range; false for anything else.
bool json_get_time(int64_t *out_unix_us, const cJSON *object, const char *key);
// The text of a member, with the bytes of `exact_key` instead where they are there; the null slice
// where absent. Valid as long as the object and the arena.
struct slice decode_text(const struct decoder *decoder, const cJSON *object, const char *key,
                         const char *exact_key);
struct slice decode_string(const struct decoder *decoder, const cJSON *string);
// The bytes of a base64 string; false where it is none.
bool decode_exact(struct slice *out, const struct decoder *decoder, const cJSON *base64);

// ── items ───────────────────────────────────────────────────────────────────────────────────────

struct reader_session {
    struct event_session session; // its strings are owned
    bool connected;               // jsonl: its `connect` has come
    bool closed;
    bool tls;             // jsonl: the client's side speaks TLS by now
    bool answered;        // jsonl: the message to come was answered
    size_t answer;        // jsonl: the item of its first answer
    const cJSON *object;  // json: its document
    enum outcome outcome; // jsonl: `completed` where it has no end
    bool begun;           // jsonl: an event of it has come
};

// The outcome that a text names; `completed` where it names none.
enum outcome reader_outcome(const char *name);

enum item_kind { ITEM_EVENT, ITEM_LINES, ITEM_NOTE };

// One thing to tell. `major`, `minor`, `at_unix_us` and `order` sort them.
struct item {
    enum item_kind kind;
    uint64_t major;
    int minor; // -1 in front of the item that `major` names, 1 behind it
    int64_t at_unix_us;
    int64_t told_unix_us; // json: at_unix_us, never less than that of the item before
    uint64_t order;       // of being found
    size_t session;       // in `sessions`; NO_SESSION for session 0
    // jsonl: the line that holds it.
    struct span line;
    // json: what it is told from.
    const cJSON *node;
    const cJSON *exchange; // of a command or reply
    enum event_kind event;
    enum party by; // EVENT_TLS, EVENT_CLOSE
    bool final;    // EVENT_REPLY
    // ITEM_LINES: which of the message's lines; count 0 is the message's end. `lines_told` is how
    // many the transcript says there are, 0 where it does not say.
    int message;
    size_t first_line;
    size_t line_count;
    size_t lines_told;
};

#define NO_SESSION SIZE_MAX

// The lines of one message, kept while they are told.
struct told_message {
    bool known;
    struct span line;  // jsonl: of its event
    const cJSON *node; // its object
    cJSON *parsed;     // jsonl: owned
    struct arena arena;
    const struct event_text *lines;
    size_t line_count;
};

struct reader {
    struct slice data;
    struct decoder decoder;
    struct arena arena; // of the event told last
    struct reader_session **sessions;
    size_t session_count;
    size_t session_capacity;
    struct item *items;
    size_t item_count;
    size_t item_capacity;
    size_t next;
    size_t next_line; // of an ITEM_LINES
    size_t cut_off;   // where the part that a crash left unfinished begins, or SLICE_NONE
    cJSON *document;  // json
    cJSON *line;      // jsonl: the line of the event told last
    struct event event;
    struct told_message message;
};

struct item *reader_add_item(struct reader *reader, enum item_kind kind);
size_t reader_add_session(struct reader *reader, uint64_t id); // its place
// Says client, server and mode, as `connect` and the document have them.
void reader_session_read(struct event_session *session, const cJSON *object);

MUST_USE enum err reader_index_jsonl(struct reader *reader, struct failure *failure);
MUST_USE enum err reader_index_json(struct reader *reader, struct failure *failure);

// Fills everything of an event but session and time from its members.
void reader_event_read(struct event *out, const struct decoder *decoder, enum event_kind kind,
                       const cJSON *object);
// Makes the event of an item, for ITEM_LINES that of `reader->next_line`; NULL where it has none.
const struct event *reader_tell(struct reader *reader, const struct item *item);
bool reader_event_kind(enum event_kind *out, const char *name);

// The lines of the message that the text output shows, with those that frame them; valid as long as
// the object and the arena.
const struct event_text *reader_message_lines(size_t *out_count, const struct decoder *decoder,
                                              const cJSON *message, size_t told_count);

#endif
