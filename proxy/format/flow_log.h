// SPDX-License-Identifier: MIT
// flow_log: the calls of a flow (flow.h) kept as bytes, and made when its packets are asked for. A
// call takes 16 bytes and its data; the packets of it have 56 to 96 bytes of headers each, and the
// sums of all data.
//
//   pcap's state ── flow_log_begin, _open, _send, _skip, _close ──▶ bytes, kept
//                                     flow_log_play ◀── bytes ──▶ the packets, byte for byte
//
// It is read by the process that wrote it, from memory alone: it is no file.
#ifndef SCOPE_FORMAT_FLOW_LOG_H
#define SCOPE_FORMAT_FLOW_LOG_H

#include "format/flow.h"
#include "format/format.h"

// What is not yet in the log. All-zero is a new one.
struct flow_log {
    uint32_t skipped[2]; // bytes by side, as sequence numbers count them
    bool skips;          // something was skipped, if only nothing
};

// Each appends to `out`; data that has no room there is skipped. The flow is one that flow_init has
// made, before any other call.
void flow_log_begin(struct buf *out, const struct flow *flow);
void flow_log_open(struct flow_log *log, struct buf *out, int64_t unix_ns);
void flow_log_send(struct flow_log *log, struct buf *out, int64_t unix_ns,
                   const struct event_bytes *bytes);
void flow_log_close(struct flow_log *log, struct buf *out, int64_t unix_ns, enum side first);
// Appends nothing, however much is skipped: that comes with the next call.
void flow_log_skip(struct flow_log *log, enum side from, size_t len);

// A format like pcap, whose bytes are such a log. It has no files, and no name for `--output`.
extern const struct format_info pcap_log_format;

// Makes the calls of `log`, whole calls; `flow`, all-zero at first, goes on from run to run.
void flow_log_play(struct flow *flow, struct buf *out, struct slice log);

#endif
