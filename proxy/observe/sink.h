// SPDX-License-Identifier: MIT
// sink: what takes the masked events of sessions: the outputs, the judge, the page. Any number of
// them, added and taken away while the program runs.
//
//   mask ─▶ sink_sessions ─┬─▶ outputs: recording        a session has a part in each sink that is
//                          ├─▶ …                         in the set when it begins, and keeps it to
//                          └─▶ …                         its end
//
// A sink is called on the session's own thread, so it must not wait. What it is given has been
// through the mask; nothing else of a session ever reaches it but wire bytes and TLS secrets, for a
// sink that says it wants them.
#ifndef SCOPE_OBSERVE_SINK_H
#define SCOPE_OBSERVE_SINK_H

#include "event/event.h"

struct sink_ops {
    // A session begins. What is returned is given back in all other calls.
    void *(*session_new)(void *context);
    // Every event in order, EVENT_CLOSE last; borrowed for the call.
    void (*take)(void *session, const struct event *event);
    // A batch of events is over (a turn of the loop). NULL where nothing is gathered.
    void (*flush)(void *session);
    // One line of an NSS key log without its end. NULL where it is not taken.
    void (*secret)(void *session, struct slice line);
    // Whether it takes EVENT_WIRE too. NULL: no.
    bool (*wants_wire)(const void *session);
    // Whether it is so late that readers should wait. NULL: never.
    bool (*is_congested)(const void *session);
    // The session is over; without EVENT_CLOSE only where the program is torn down. NULL where
    // there is nothing to free.
    void (*session_free)(void *session);
};

struct sink_set; // one for the process; its functions may be called on any thread

struct sink_set *sink_set_new(void);
void sink_set_free(struct sink_set *set); // after the last session; NULL is fine
// `ops` and `context` must live until sink_set_remove and every session that began before it ended.
void sink_set_add(struct sink_set *set, const struct sink_ops *ops, void *context);
// Sessions that begin from now on have no part in it.
void sink_set_remove(struct sink_set *set, void *context);

// A session's part in each sink.
struct sink_sessions;

struct sink_sessions *sink_sessions_new(struct sink_set *set);
// An event_sink.
void sink_sessions_take(void *sessions, const struct event *event);
void sink_sessions_flush(struct sink_sessions *sessions);
void sink_sessions_secret(struct sink_sessions *sessions, struct slice line);
bool sink_sessions_want_wire(const struct sink_sessions *sessions);
bool sink_sessions_are_congested(const struct sink_sessions *sessions);
void sink_sessions_free(struct sink_sessions *sessions); // NULL is fine

#endif
