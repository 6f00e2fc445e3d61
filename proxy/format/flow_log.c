// SPDX-License-Identifier: MIT
#include "format/flow_log.h"

#include <assert.h>
#include <string.h>

enum call_kind { CALL_BEGIN, CALL_OPEN, CALL_SEND, CALL_SKIP, CALL_CLOSE };

struct flow_call {
    int64_t unix_ns;
    uint32_t len; // of the data after it; of a skip: how many bytes were skipped
    uint8_t kind;
    uint8_t side;
    uint16_t unused; // all its bytes are copied
};

// Left free by data, for the calls that may follow: what was skipped on either side, and the close.
enum { SPARE = 3 * sizeof(struct flow_call) };

static void put_call(struct buf *out, struct flow_call call, struct slice data) {
    buf_put(out, slice_of(&call, sizeof(call)));
    buf_put(out, data);
}

// ── keeping ─────────────────────────────────────────────────────────────────────────────────────

void flow_log_begin(struct buf *out, const struct flow *flow) {
    put_call(out, (struct flow_call){.kind = CALL_BEGIN, .len = sizeof(*flow)},
             slice_of(flow, sizeof(*flow)));
}

void flow_log_skip(struct flow_log *log, enum side from, size_t len) {
    log->skips = true;
    log->skipped[from] += (uint32_t)len;
}

static void put_skipped(struct flow_log *log, struct buf *out) {
    if (!log->skips) {
        return;
    }
    for (int side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
        put_call(
            out,
            (struct flow_call){.kind = CALL_SKIP, .side = (uint8_t)side, .len = log->skipped[side]},
            slice_of(NULL, 0));
    }
    *log = (struct flow_log){0};
}

void flow_log_open(struct flow_log *log, struct buf *out, int64_t unix_ns) {
    put_skipped(log, out);
    put_call(out, (struct flow_call){.kind = CALL_OPEN, .unix_ns = unix_ns}, slice_of(NULL, 0));
}

void flow_log_send(struct flow_log *log, struct buf *out, int64_t unix_ns,
                   const struct event_bytes *bytes) {
    if (buf_room(out) < 2 * SPARE + bytes->data.len) { // a call is whole, or not there
        flow_log_skip(log, bytes->from, bytes->data.len);
        return;
    }
    put_skipped(log, out);
    put_call(out,
             (struct flow_call){.kind = CALL_SEND,
                                .side = (uint8_t)bytes->from,
                                .unix_ns = unix_ns,
                                .len = (uint32_t)bytes->data.len},
             bytes->data);
}

void flow_log_close(struct flow_log *log, struct buf *out, int64_t unix_ns, enum side first) {
    put_skipped(log, out);
    put_call(out,
             (struct flow_call){.kind = CALL_CLOSE, .side = (uint8_t)first, .unix_ns = unix_ns},
             slice_of(NULL, 0));
}

// ── playing ─────────────────────────────────────────────────────────────────────────────────────

static void play(struct flow *flow, struct buf *out, const struct flow_call *call,
                 struct slice data) {
    enum side side = call->side == SIDE_CLIENT ? SIDE_CLIENT : SIDE_SERVER;
    switch ((enum call_kind)call->kind) {
    case CALL_BEGIN:
        memcpy(flow, data.data, sizeof(*flow));
        return;
    case CALL_OPEN:
        flow_open(flow, out, call->unix_ns);
        return;
    case CALL_SEND:
        flow_send(flow, out, call->unix_ns, side, data);
        return;
    case CALL_SKIP:
        flow_skip(flow, side, call->len);
        return;
    case CALL_CLOSE:
        flow_close(flow, out, call->unix_ns, side);
        return;
    }
}

void flow_log_play(struct flow *flow, struct buf *out, struct slice log) {
    while (log.len > 0) {
        struct flow_call call;
        assert(log.len >= sizeof(call));
        memcpy(&call, log.data, sizeof(call));
        log = slice_from(log, sizeof(call));
        size_t len = call.kind == CALL_SKIP ? 0 : call.len;
        assert(log.len >= len);
        play(flow, out, &call, slice_sub(log, 0, len));
        log = slice_from(log, len);
    }
}
