// SPDX-License-Identifier: MIT
// session: the document of one session (contract, "json: a session"), built from its events as they
// come. What is finished is kept as JSON text at once, so that the end of a session has little to
// do and a document costs about its own size.
//
//   command 1 ─┐                     ┌ {"n":0, greeting}
//   command 2 ─┼─▶ exchanges, in ────┼ {"n":1, command 1, its reply}
//   reply to 1 ┘   order of commands └ {"n":2, command 2, …}
//
// Behind the contract's members stands `timeline`: the events of the session in their order, so
// that `show` can tell them as they came, each as [event, which, ms]: which exchange (its place in
// the list), side, auth, message or finding. Lines of a message's text are ["text", message number,
// ms, how many], its end is the same with none. It is bounded by what the document keeps.
#ifndef SCOPE_TRANSCRIPT_SESSION_H
#define SCOPE_TRANSCRIPT_SESSION_H

#include "base/budget.h"
#include "base/buf.h"
#include "event/event.h"
#include "transcript/message_log.h"

// Bytes from a recorded transcript that does not say how many there were.
#define SESSION_BYTES_UNKNOWN UINT64_MAX

struct session_document;

// `share` bounds what it keeps beside LIMIT_DOCUMENT; it is borrowed, and NULL where nothing does.
struct session_document *session_document_new(const struct budget_share *share);
void session_document_free(struct session_document *document); // NULL is fine
// Takes every event of the session; `message` is the object of an EVENT_MESSAGE.
void session_document_take(struct session_document *document, const struct event *event,
                           struct slice message);
// What an event shows of a message in the text output.
void session_document_take_shown(struct session_document *document,
                                 const struct message_shown *shown);
// An event that came while the recording was paused: all that is kept of it is that something is
// missing, and of EVENT_CLOSE how the session ended.
void session_document_skip(struct session_document *document, const struct event *event);
size_t session_document_bytes(const struct session_document *document); // that it has reserved
// Appends the document as one JSON object. Without EVENT_CLOSE what only the end tells is null.
// False, with nothing appended, when no event has come.
bool session_document_put(struct buf *out, const struct session_document *document);

#endif
