// SPDX-License-Identifier: MIT
// pcapng: both legs of a session as they were on the wire, still encrypted, with the TLS secrets in
// the file (contract, "Outputs"): Wireshark opens it decrypted with no setting.
//
//   client ◀── leg ──▶ proxy ◀── leg ──▶ server
//
// A reader decrypts a packet with the secrets that come before it, but the proxy learns them
// from those very packets. So from a ClientHello until the handshake has ended, packets wait in
// `held`, and secrets overtake them. Secrets wait for a packet, too: a session that goes by while
// the recording is paused leaves nothing in the file.
#include "format/format.h"

#include "base/limits.h"
#include "base/memory.h"
#include "format/capture_file.h"
#include "format/flow.h"

#include <stdlib.h>

enum { TLS_HANDSHAKE_RECORD = 0x16 }; // the first byte of TLS; no line of SMTP begins with it

struct pcapng {
    struct outlet *outlet;
    struct flow legs[2]; // by enum side
    bool ready[2];
    bool shaking[2]; // a handshake is under way
    bool secure[2];  // its handshake has ended
    struct buf held;
    struct buf secrets; // blocks that no packet followed yet
};

static void *pcapng_new(struct outlet *outlet) {
    struct pcapng *pcapng = mem_new(sizeof(*pcapng));
    pcapng->outlet = outlet;
    buf_init(&pcapng->held, LIMIT_HANDSHAKE + LIMIT_EVENT_OUTPUT);
    buf_init(&pcapng->secrets, LIMIT_SECRET_BYTES);
    return pcapng;
}

static void make_ready(struct pcapng *pcapng, const struct event_session *session, enum side leg) {
    if (pcapng->ready[leg]) {
        return;
    }
    // On each leg the one that connects is the client: the client itself, then the proxy.
    bool first = leg == SIDE_CLIENT;
    flow_init(&pcapng->legs[leg], pcapng_put_packet, 2 * session->id + leg,
              first ? &session->client : &session->server_local,
              first ? &session->client_local : &session->server);
    pcapng->ready[leg] = true;
}

// Who sent these bytes, on a leg that has a client and a server of its own.
static enum side sender(const struct event_wire *wire) {
    return wire->from_peer ? wire->leg : side_other(wire->leg);
}

static void move(struct buf *to, struct buf *from) {
    buf_put(to, buf_slice(from));
    buf_clear(from);
}

static void let_go(struct pcapng *pcapng) {
    bool wait = pcapng->shaking[SIDE_CLIENT] || pcapng->shaking[SIDE_SERVER];
    if (buf_len(&pcapng->held) == 0 || (wait && buf_len(&pcapng->held) <= LIMIT_HANDSHAKE)) {
        return;
    }
    move(&pcapng->outlet->bytes, &pcapng->secrets);
    move(&pcapng->outlet->bytes, &pcapng->held);
    buf_shrink(&pcapng->held);
}

static void end_handshake(struct pcapng *pcapng, enum side leg) {
    pcapng->secure[leg] = true;
    pcapng->shaking[leg] = false;
    let_go(pcapng);
}

static void take_wire(struct pcapng *pcapng, const struct event *event) {
    const struct event_wire *wire = &event->wire;
    make_ready(pcapng, event->session, wire->leg);
    if (!pcapng->secure[wire->leg] && wire->data.len > 0 &&
        wire->data.data[0] == TLS_HANDSHAKE_RECORD) {
        pcapng->shaking[wire->leg] = true;
    }
    flow_send(&pcapng->legs[wire->leg], &pcapng->held, event_unix_ns(event), sender(wire),
              wire->data);
    let_go(pcapng);
}

// The peer that closed first closes its own leg; on the other one the proxy acts in its place.
static void close_leg(struct pcapng *pcapng, const struct event *event, enum side leg) {
    const struct event_close *close = &event->close;
    bool reset = leg == SIDE_CLIENT ? close->client_reset : close->server_reset;
    enum side first = close->by == PARTY_SERVER ? SIDE_SERVER : SIDE_CLIENT;
    if (reset) {
        flow_reset(&pcapng->legs[leg], &pcapng->held, event_unix_ns(event), leg);
    } else {
        flow_close(&pcapng->legs[leg], &pcapng->held, event_unix_ns(event), first);
    }
}

static void pcapng_take(void *state, const struct event *event) {
    struct pcapng *pcapng = state;
    if (event->kind == EVENT_WIRE) {
        take_wire(pcapng, event);
    } else if (event->kind == EVENT_TLS) {
        end_handshake(pcapng, event->tls.side);
    } else if (event->kind == EVENT_CLOSE) {
        close_leg(pcapng, event, SIDE_CLIENT);
        close_leg(pcapng, event, SIDE_SERVER);
        end_handshake(pcapng, SIDE_CLIENT);
        end_handshake(pcapng, SIDE_SERVER);
    }
}

static void pcapng_skip(void *state, const struct event *event) {
    struct pcapng *pcapng = state;
    if (event->kind == EVENT_WIRE) {
        make_ready(pcapng, event->session, event->wire.leg);
        flow_skip(&pcapng->legs[event->wire.leg], sender(&event->wire), event->wire.data.len);
    } else if (event->kind == EVENT_TLS) {
        end_handshake(pcapng, event->tls.side);
    } else if (event->kind == EVENT_CLOSE) {
        end_handshake(pcapng, SIDE_CLIENT);
        end_handshake(pcapng, SIDE_SERVER);
    }
}

static void pcapng_secret(void *state, struct slice line) {
    struct pcapng *pcapng = state;
    struct buf keylog;
    buf_init(&keylog, line.len + 1);
    buf_put(&keylog, line);
    buf_put_byte(&keylog, '\n');
    pcapng_put_secrets(&pcapng->secrets, buf_slice(&keylog));
    buf_wipe(&keylog);
}

static void pcapng_free(void *state) {
    struct pcapng *pcapng = state;
    buf_cleanup(&pcapng->held);
    buf_wipe(&pcapng->secrets);
    free(pcapng);
}

static const struct framing framing = {
    .name = "pcapng",
    .shape = SHAPE_RECORDS,
    .secret = true,
    .put_head = pcapng_put_head,
    .whole_records = pcapng_whole_records,
    .is_ours = pcapng_is_ours,
};

const struct format_info pcapng_format = {
    .name = "pcapng",
    .endings = "pcapng",
    .framing = &framing,
    .wants_path = true,
    .has_secrets = true,
    .session_new = pcapng_new,
    .take = pcapng_take,
    .skip = pcapng_skip,
    .secret = pcapng_secret,
    .session_free = pcapng_free,
};
