// SPDX-License-Identifier: MIT
// observer: decodes and records one session without altering it: the decoder, the message reader,
// the rules, the mask and the sinks, joined into one pipe.
//
//   dialogue ─┐
//   relay ────┼─▶ mask ─▶ sinks
//   reader ───┘     └─▶ findings ─▶ mask ─▶ sinks
//
// It takes copies of plaintext and facts, and gives nothing back but answers to questions.
#ifndef SCOPE_OBSERVE_OBSERVER_H
#define SCOPE_OBSERVE_OBSERVER_H

#include "inspect/findings.h"
#include "inspect/mask.h"
#include "observe/sink.h"
#include "smtp/dialogue.h"

struct secret_set;

// What all observers of the process share; immutable, outlives them.
struct observer_config {
    struct dialogue_config dialogue;
    struct findings_config findings;
    enum auth_view auth_view;
    struct sink_set *sinks;
    // Each TLS secret of either leg as an NSS key log line without its end; NULL for none.
    void (*keylog)(void *context, struct slice line);
    void *keylog_context;
    // What the mask has learnt of a session at its end, for texts of other places in which it may
    // come again: called on the session's thread. NULL for none.
    void (*learnt)(void *context, const struct secret_set *secrets_known);
    void *learnt_context;
};

struct observer;

struct observer_counts {
    unsigned messages;
    unsigned findings;
    uint64_t bytes[2]; // plaintext by enum side
};

// `session` must outlive the observer.
struct observer *observer_new(const struct observer_config *config,
                              const struct event_session *session);
void observer_free(struct observer *observer);

// The decoder, to feed it and to ask it.
struct dialogue *observer_dialogue(struct observer *observer);
void observer_feed(struct observer *observer, enum side from, struct slice plaintext,
                   int64_t at_ns);
// An event of the relay's own: EVENT_CONNECT, EVENT_TLS, EVENT_NOTE, EVENT_WIRE.
void observer_event(struct observer *observer, const struct event *event);
void observer_note(struct observer *observer, int64_t at_ns, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void observer_secret(struct observer *observer, struct slice keylog_line);
// The stream of the first to close has ended: what was said so far is all that this peer waited
// for.
void observer_peer_left(struct observer *observer, enum side side, int64_t at_ns);
// Hands what was formatted since the last call to the writer; once for each batch of bytes.
void observer_flush(struct observer *observer);
// Ends the dialogue, then delivers the close.
void observer_close(struct observer *observer, const struct event_close *close, int64_t at_ns);
bool observer_wants_wire(const struct observer *observer); // EVENT_WIRE is taken
// The sinks are so late that readers should wait.
bool observer_is_congested(const struct observer *observer);
struct observer_counts observer_counts(const struct observer *observer);

#endif
