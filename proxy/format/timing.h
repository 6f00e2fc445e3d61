// SPDX-License-Identifier: MIT
// timing: where the time of a session went, as plain text; the same as the waterfall of the page
// (web/page/waterfall.js), by the same rules:
//
//   step                reply        from   server   client    proxy
//   connect                       0.00 ms  8.10 ms                   |SS          |
//   EHLO                250       8.10 ms  10.1 ms  0.21 ms          |  CSSSS     |
//
// Each moment of a record ends a step or a part of one. The time since the moment before it is the
// server's where a connection, a handshake or a reply was due, the proxy's where it spoke itself,
// else the client's. Steps of pipelined commands lie over one another; the sums count each moment
// once.
#ifndef SCOPE_FORMAT_TIMING_H
#define SCOPE_FORMAT_TIMING_H

#include "transcript/record.h"

struct timing_segment {
    size_t step;
    enum party who; // was waited for
    int64_t from_ns;
    int64_t to_ns;
};

struct timing_step {
    const char *label;                      // of what is no exchange, else NULL
    const struct record_exchange *exchange; // … then this
    const char *detail;                     // TLS version, who closed; NULL for none
    int code;                               // of the latest reply; 0 for none
    int64_t from_ns;
    int64_t asked_ns; // from then on its reply is waited for; -1 for not yet
    size_t last;      // its latest segment; SLICE_NONE for none
};

// The steps of a session. They point at the record.
struct timing {
    struct timing_step *steps;
    size_t step_count;
    struct timing_segment *segments; // in the order of time of each step
    size_t segment_count;
    int64_t sums_ns[PARTY_PROXY + 1];
    int64_t total_ns;
};

void timing_init(struct timing *out, const struct record *record);
void timing_cleanup(struct timing *timing);

// Appends the session's picture, as wide as `columns`; 0 for a width of its own. Calls `write` with
// one or more whole lines at a time.
void timing_write(const struct record *record, unsigned columns,
                  void (*write)(void *context, struct slice lines), void *context);

#endif
