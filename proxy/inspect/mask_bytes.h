// SPDX-License-Identifier: MIT
// mask_bytes: the raw bytes of `pcap` with their secrets hidden, one direction at a time. It sees
// the bytes as EVENT_BYTES has them, with the spans marked that the decoder knows to be secret.
#ifndef SCOPE_INSPECT_MASK_BYTES_H
#define SCOPE_INSPECT_MASK_BYTES_H

#include "event/event.h"
#include "inspect/text_rewriter.h"

// One direction. Once secrets are known, a line that has not come whole waits here: the secret that
// it echoes may be split between two events.
struct mask_stream {
    struct buf waiting;       // marked spans are stars already
    size_t looked_at;         // so much of it was searched for ends, up to the begin of a line
    size_t whole;             // … and so much of that has come whole
    struct event_bytes about; // the flags of what waits
    bool skipping;            // within the rest of a line that was too long to wait
    bool concealing;          // within a reply that was
};

// The marked bytes of the client as they come, so that a SASL line longer than what an event_line
// keeps is learnt whole.
struct mask_run {
    struct buf bytes;
    bool open;         // it was longer than what is kept
    bool closed;       // its end was seen
    size_t looked_len; // so much of it was looked at while it was under way
    unsigned looks;
};

struct mask_stream *mask_stream_new(void);
void mask_stream_free(struct mask_stream *stream); // NULL is fine
void mask_run_init(struct mask_run *run);
void mask_run_cleanup(struct mask_run *run);

// Wipes a run that ended, once its command has come.
void mask_run_forget(struct mask_run *run);

// Follows the marked bytes of `bytes`; true each time a run ended, which `run` then holds. Call it
// again with the `*index` it left until it is false; `*index` starts at 0.
bool mask_run_next(struct mask_run *run, const struct event_bytes *bytes, size_t *index);

// What is known of a run that is still under way, before the server says something: it may repeat
// it. Each look costs a run's length, so there are few.
enum run_look { RUN_KNOWN, RUN_GREW, RUN_TOO_MUCH };
enum run_look mask_run_look(struct mask_run *run);

// Takes in `bytes`, and sends to `sink` in the form of `event` what may be seen by now.
void mask_stream_take(struct mask_stream *stream, struct text_rewriter *rewriter,
                      const struct event *event, const struct event_sink *sink);
// Sends what waits. NULL is fine.
void mask_stream_flush(struct mask_stream *stream, struct text_rewriter *rewriter,
                       const struct event *event, const struct event_sink *sink);

#endif
