// SPDX-License-Identifier: MIT
// kept: one session as the page keeps it: its record, the text of its messages, what its packets
// are made of. The thread of the session adds to it, the threads that show it look at it:
//
//   session's thread ── kept_take, kept_text, kept_capture ──▶ kept ──▶ view ── the page, a wait
//
// What was added does not change any more: a record's parts, a message that has ended, a piece of
// the capture. So a view is a copy of the lists alone, made under the lock, and whatever is slow is
// done after it. Several own a session; the last one frees it.
//
// Where there is no page only expectations ask for a session. Then its record has what they can ask
// for, and is made with the first event that brings more of it than the versions of TLS and a few
// findings: a session that is idle after STARTTLS has none.
#ifndef SCOPE_WEB_KEPT_H
#define SCOPE_WEB_KEPT_H

#include "base/budget.h"
#include "base/buf.h"
#include "event/event.h"
#include "transcript/message_log.h"
#include "transcript/record.h"

struct kept;

enum { TLS_VERSION_SIZE = 16 }; // room for "TLSv1.3"
enum kept_detail { KEPT_FOR_EXPECTATIONS, KEPT_FOR_PAGE };

// `share` bounds it while the session lives; it is borrowed until kept_end.
struct kept *kept_new(const struct event_session *session, const struct budget_share *share,
                      enum kept_detail detail);
// A session that was read from a file. The record is borrowed, and outlives it.
struct kept *kept_of_record(struct record *record, uint64_t id);
struct kept *kept_hold(struct kept *kept); // one more owner
void kept_release(struct kept *kept);      // NULL is fine

uint64_t kept_id(const struct kept *kept);
bool kept_has_ended(const struct kept *kept);
size_t kept_bytes(const struct kept *kept); // memory, as it was when this was last counted

// ── the session's thread ────────────────────────────────────────────────────────────────────────

void kept_take(struct kept *kept, const struct event *event, struct message_log *messages);
void kept_skip(struct kept *kept, const struct event *event); // the recording is paused
// Bytes of a message, or its end. `missed`: they are left out, and so it is cut.
void kept_take_content(struct kept *kept, const struct event *event, bool missed);
void kept_take_capture(struct kept *kept, struct slice log); // of its flow; each call whole
size_t kept_count(struct kept *kept);                        // counts the memory, and returns it
void kept_end(struct kept *kept);                            // nothing is added after it

// ── those that look ─────────────────────────────────────────────────────────────────────────────

// What is known at one moment; valid until kept_view_close, whatever the session does.
struct kept_view {
    const struct record *record;
    struct record copy; // of a session that lives
    struct event_tls tls[2];
    char tls_versions[2][TLS_VERSION_SIZE];
};

// False where nothing of the session was recorded yet; then there is nothing to close.
bool kept_view_open(struct kept_view *view, struct kept *kept);
void kept_view_close(struct kept_view *view);

// The text of message `n` as the client meant it, valid as long as the session is held; the null
// slice where none is kept, or it is still under way. `*out_cut`: there was more of it.
struct slice kept_message_text(bool *out_cut, struct kept *kept, int n);
// Appends the packets without the head of their file; false where there are none.
bool kept_put_capture(struct buf *out, struct kept *kept);

#endif
