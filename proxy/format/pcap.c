// SPDX-License-Identifier: MIT
// pcap: the masked conversation as if it had never been encrypted: one TCP connection a session
// between the client's and the server's real addresses (contract, "Outputs"). The STARTTLS line and
// its 220 are left out, so that a dissector does not wait for TLS. What only the server saw,
// because the proxy said it by itself, is not part of it: this is the client's view.
#include "format/format.h"

#include "base/limits.h"
#include "base/memory.h"
#include "format/capture_file.h"
#include "format/flow.h"
#include "format/flow_log.h"

#include <stdlib.h>
#include <string.h>

struct pcap {
    struct outlet *outlet;
    struct flow flow;
    bool ready; // the flow has its addresses
    bool logs;  // the calls of the flow are kept, their packets are made later
    struct flow_log log;
    struct buf gathered;
    enum side from; // who sent it,
    int64_t at_ns;  // and when, in Unix time
};

static struct pcap *new_state(struct outlet *outlet, bool logs) {
    struct pcap *pcap = mem_new(sizeof(*pcap));
    pcap->outlet = outlet;
    pcap->logs = logs;
    buf_init(&pcap->gathered, LIMIT_GATHERED);
    return pcap;
}

static void *pcap_new(struct outlet *outlet) {
    return new_state(outlet, false);
}

static void *log_new(struct outlet *outlet) {
    return new_state(outlet, true);
}

// ── packets, or the calls that make them ────────────────────────────────────────────────────────

static void flow_begins(struct pcap *pcap) {
    if (pcap->logs) {
        flow_log_begin(&pcap->outlet->bytes, &pcap->flow);
    }
}

static void flow_opens(struct pcap *pcap, int64_t unix_ns) {
    struct buf *out = &pcap->outlet->bytes;
    if (pcap->logs) {
        flow_log_open(&pcap->log, out, unix_ns);
    } else {
        flow_open(&pcap->flow, out, unix_ns);
    }
}

static void flow_sends(struct pcap *pcap, int64_t unix_ns, const struct event_bytes *bytes) {
    struct buf *out = &pcap->outlet->bytes;
    if (pcap->logs) {
        flow_log_send(&pcap->log, out, unix_ns, bytes);
    } else {
        flow_send(&pcap->flow, out, unix_ns, bytes->from, bytes->data);
    }
}

static void flow_skips(struct pcap *pcap, const struct event_bytes *bytes) {
    if (pcap->logs) {
        flow_log_skip(&pcap->log, bytes->from, bytes->data.len);
    } else {
        flow_skip(&pcap->flow, bytes->from, bytes->data.len);
    }
}

static void flow_closes(struct pcap *pcap, int64_t unix_ns, enum side first) {
    struct buf *out = &pcap->outlet->bytes;
    if (pcap->logs) {
        flow_log_close(&pcap->log, out, unix_ns, first);
    } else {
        flow_close(&pcap->flow, out, unix_ns, first);
    }
}

// ── what is sent ────────────────────────────────────────────────────────────────────────────────

static void pcap_flush(void *state) {
    struct pcap *pcap = state;
    if (buf_len(&pcap->gathered) > 0) {
        struct event_bytes bytes = {.from = pcap->from, .data = buf_slice(&pcap->gathered)};
        flow_sends(pcap, pcap->at_ns, &bytes);
        buf_cleanup(&pcap->gathered);
    }
}

static void gather(struct pcap *pcap, const struct event_bytes *bytes, int64_t unix_ns) {
    if (pcap->from != bytes->from || pcap->at_ns != unix_ns) {
        pcap_flush(pcap);
    }
    pcap->from = bytes->from;
    pcap->at_ns = unix_ns;
    struct slice rest = bytes->data;
    while (rest.len > 0) {
        rest = slice_from(rest, buf_append_some(&pcap->gathered, rest));
        if (rest.len > 0) {
            pcap_flush(pcap);
        }
    }
}

// The server, or what spoke in its place: the address that the client connected to.
static struct event_endpoint server_end(const struct event_session *session) {
    struct event_endpoint server = session->server;
    bool six = session->client.address != NULL && strchr(session->client.address, ':') != NULL;
    if (session->has_server && server.address != NULL) {
        return server;
    }
    if (session->client_local.address != NULL) {
        return session->client_local;
    }
    server.address = six ? "::1" : "127.0.0.1";
    server.port = server.port != 0 ? server.port : 25;
    return server;
}

static void make_ready(struct pcap *pcap, const struct event_session *session) {
    if (!pcap->ready) {
        struct event_endpoint server = server_end(session);
        flow_init(&pcap->flow, pcap_put_packet, session->id, &session->client, &server);
        pcap->ready = true;
        flow_begins(pcap);
    }
}

// Bytes that the client neither sent nor saw.
static bool is_behind(const struct event_bytes *bytes) {
    return bytes->starttls || bytes->aside || (bytes->by_proxy && bytes->from == SIDE_CLIENT);
}

// A reset closes like any other end: it is about the connections, of which this draws none.
static void take_close(struct pcap *pcap, const struct event *event) {
    enum side first = event->close.by == PARTY_CLIENT ? SIDE_CLIENT : SIDE_SERVER;
    pcap_flush(pcap);
    flow_closes(pcap, event_unix_ns(event), first);
}

static void pcap_take(void *state, const struct event *event) {
    struct pcap *pcap = state;
    int64_t unix_ns = event_unix_ns(event);
    if (event->kind == EVENT_CONNECT && event->connect.connected) {
        make_ready(pcap, event->session);
        flow_opens(pcap, unix_ns);
    } else if (event->kind == EVENT_BYTES && !is_behind(&event->bytes)) {
        make_ready(pcap, event->session);
        gather(pcap, &event->bytes, unix_ns);
    } else if (event->kind == EVENT_CLOSE) {
        take_close(pcap, event);
    }
}

static void pcap_skip(void *state, const struct event *event) {
    struct pcap *pcap = state;
    if (event->kind == EVENT_BYTES && !is_behind(&event->bytes)) {
        make_ready(pcap, event->session);
        pcap_flush(pcap);
        flow_skips(pcap, &event->bytes);
    }
}

static void pcap_free(void *state) {
    struct pcap *pcap = state;
    buf_cleanup(&pcap->gathered);
    free(pcap);
}

static const struct framing framing = {
    .name = "pcap",
    .shape = SHAPE_RECORDS,
    .put_head = pcap_put_head,
    .whole_records = pcap_whole_records,
    .is_ours = pcap_is_ours,
};

const struct format_info pcap_format = {
    .name = "pcap",
    .endings = "pcap",
    .framing = &framing,
    .wants_path = true,
    .session_new = pcap_new,
    .take = pcap_take,
    .skip = pcap_skip,
    .flush = pcap_flush,
    .session_free = pcap_free,
};

// The page's: what flow_log_play makes of its bytes are the packets of pcap.
const struct format_info pcap_log_format = {
    .name = "pcap log",
    .framing = &framing,
    .session_new = log_new,
    .take = pcap_take,
    .skip = pcap_skip,
    .flush = pcap_flush,
    .session_free = pcap_free,
};
