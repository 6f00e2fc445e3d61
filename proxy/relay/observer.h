// SPDX-License-Identifier: MIT
// observer: everything that watches one session, behind the mail's back: the decoder, the message
// reader, the rules, the mask and the recording, joined into one pipe.
//
//   dialogue ─┐
//   relay ────┼─▶ tap ─▶ mask ─▶ recording
//   reader ───┘     └─▶ findings ─▶ mask ─▶ recording
//
// It takes copies of plaintext and facts, and gives nothing back but answers to questions.
#ifndef SCOPE_RELAY_OBSERVER_H
#define SCOPE_RELAY_OBSERVER_H

#include "relay/config.h"

struct observer;

struct observer_counts {
    unsigned messages;
    unsigned findings;
    uint64_t bytes[2]; // plaintext by enum side
};

// `session` must outlive the observer. `tap` sees every event of the dialogue before anybody else,
// unmasked; it is how the relay learns what a line was. It may be all-zero.
struct observer *observer_new(const struct relay_config *config,
                              const struct event_session *session, struct event_sink tap);
void observer_free(struct observer *observer);

// The decoder, to feed it and to ask it.
struct dialogue *observer_dialogue(struct observer *observer);
void observer_feed(struct observer *observer, enum side from, struct slice plaintext,
                   int64_t at_ns);
// An event of the relay's own: EVENT_CONNECT, EVENT_TLS, EVENT_NOTE, EVENT_WIRE.
void observer_tell(struct observer *observer, const struct event *event);
void observer_note(struct observer *observer, int64_t at_ns, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void observer_secret(struct observer *observer, struct slice keylog_line);
// The stream of the first to close has ended: what was said so far is all that this peer waited
// for.
void observer_peer_left(struct observer *observer, enum side side, int64_t at_ns);
// Hands what was formatted since the last call to the writer; once for each batch of bytes.
void observer_flush(struct observer *observer);
// Ends the dialogue, then tells the close.
void observer_close(struct observer *observer, const struct event_close *close, int64_t at_ns);
struct observer_counts observer_counts(const struct observer *observer);

#endif
