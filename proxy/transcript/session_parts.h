// SPDX-License-Identifier: MIT
// session_parts: what a session's document consists of while it is built; session.c and
// session_exchange.c fill it, session_json.c writes it out.
#ifndef SCOPE_TRANSCRIPT_SESSION_PARTS_H
#define SCOPE_TRANSCRIPT_SESSION_PARTS_H

#include "base/buf.h"
#include "event/event.h"
#include "transcript/session.h"

enum { NO_EXCHANGE_N = -1 };

#define NO_PLACE SIZE_MAX

// Room that one more part may need beyond the bytes counted for it.
#define SESSION_SLACK ((size_t)4096)

struct session_exchange {
    int n;               // NO_EXCHANGE_N: a reply with no command due
    struct span command; // JSON in `store`; empty: null
    struct span reply;
    struct span final_reply;
    size_t first_final; // LMTP: places in `finals`, NO_PLACE for none
    size_t last_final;
    int64_t command_us; // -1 where not known
    int64_t latency_us; // -1 where not known
    bool tls;
    bool continuation;
    bool bdat; // its answer to the message is the reply itself
};

// One recipient's answer to a message (LMTP).
struct session_final {
    struct span reply;
    size_t next; // of the same exchange, NO_PLACE behind the last
};

// A line of the timeline: the event, which of its kind, and when.
struct session_moment {
    enum event_kind kind;
    bool final;         // EVENT_REPLY
    size_t which;       // place of the exchange, auth, message or finding; the side; the party
    int64_t at_us;      // -1 where the object itself says it
    uint64_t lines;     // EVENT_TEXT: of message `which`, 0 for its end
    struct span object; // EVENT_TLS: overtaken by a later one of the side; EVENT_NOTE: its text
};

struct session_document {
    const struct budget_share *share;
    struct event_session session; // a copy; its strings are owned
    bool begun;
    bool connected;
    struct buf store; // finished JSON that spans point into
    struct session_exchange *exchanges;
    size_t exchange_count;
    size_t exchange_capacity;
    size_t greeting; // its place, NO_PLACE before it came
    size_t last_hit; // place of the exchange found last: replies come in order
    int last_n;      // of the last command
    struct session_final *finals;
    size_t final_count;
    size_t final_capacity;
    struct session_moment *moments;
    size_t moment_count;
    size_t moment_capacity;
    struct span tls[2]; // by side; empty: null
    struct buf auths;   // members of their arrays
    struct buf messages;
    struct buf findings;
    size_t auth_count;
    size_t message_count;
    size_t finding_count;
    bool full; // LIMIT_DOCUMENT or the share was met: nothing more is taken
    bool truncated;
    bool closed;
    struct event_close close;
    struct buf error; // of the close
    struct buf likely;
};

// An array with room for one more.
void *session_grown(void *array, size_t count, size_t *capacity, size_t size);
// Whether something of about `bytes` may still be kept; says `truncated` where not.
bool session_has_room(struct session_document *document, size_t bytes);
void session_note_moment(struct session_document *document, struct session_moment moment);
int64_t session_at_us(const struct event *event);
struct span session_span_since(const struct buf *buf, size_t start);

void session_take_command(struct session_document *document, const struct event *event);
void session_take_reply(struct session_document *document, const struct event *event);

#endif
