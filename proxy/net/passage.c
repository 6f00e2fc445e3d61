// SPDX-License-Identifier: MIT
#include "net/passage.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "net/peer.h"
#include "net/route.h"
#include "net/worker.h"

#include <stdlib.h>

enum { PORT_FTP = 21, CODE_LEN = 3, VERB_LEN = 4 };

// What one side has sent and the other has not got yet.
struct passage_stream {
    struct buf pending;
    struct share share;
    bool ended;
};

struct passage {
    struct live live; // first: the worker knows no more of it
    struct worker *worker;
    struct accepted accepted;
    bool decided;
    struct peer *peers[2];            // by enum side
    struct passage_stream streams[2]; // by the side that sends
};

// ── what it is ──────────────────────────────────────────────────────────────────────────────────

bool passage_port_is_mail(uint16_t port) {
    return port == 25 || port == 465 || port == 587 || port == 2525;
}

static enum passage_verdict judge_server(struct slice bytes, uint16_t port) {
    struct slice code = slice_sub(bytes, 0, CODE_LEN);
    if (port == PORT_FTP) {
        return PASSAGE_OTHER; // Its greeting is 220 too.
    }
    for (size_t i = 0; i < code.len; i++) {
        if (!text_is_digit(code.data[i])) {
            return PASSAGE_OTHER;
        }
    }
    if (code.data[0] != '2' && code.data[0] != '4' && code.data[0] != '5') {
        return PASSAGE_OTHER;
    }
    if (bytes.len <= CODE_LEN) {
        return PASSAGE_MORE;
    }
    uint8_t next = bytes.data[CODE_LEN];
    bool reply = next == ' ' || next == '-' || next == '\r' || next == '\n';
    return reply && (code.data[0] != '2' || slice_is(code, "220")) ? PASSAGE_MAIL : PASSAGE_OTHER;
}

static enum passage_verdict judge_client(struct slice bytes) {
    static const char *const verbs[] = {"EHLO", "HELO", "LHLO"};
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        struct slice verb = slice_sub(slice_of_string(verbs[i]), 0, bytes.len);
        if (slice_starts_with_nocase(bytes, verb)) {
            return bytes.len >= VERB_LEN ? PASSAGE_MAIL : PASSAGE_MORE;
        }
    }
    return PASSAGE_OTHER;
}

enum passage_verdict passage_judge(enum side side, struct slice bytes, uint16_t port) {
    return side == SIDE_SERVER ? judge_server(bytes, port) : judge_client(bytes);
}

// ── the end ─────────────────────────────────────────────────────────────────────────────────────

static void free_passage(struct passage *passage) {
    buf_cleanup(&passage->streams[SIDE_CLIENT].pending);
    buf_cleanup(&passage->streams[SIDE_SERVER].pending);
    free(passage);
}

static void end(struct passage *passage, void (*close)(struct peer *peer)) {
    close(passage->peers[SIDE_CLIENT]);
    close(passage->peers[SIDE_SERVER]);
    route_free(passage->accepted.route);
    worker_session_ended(passage->worker, &passage->live, false);
    free_passage(passage);
}

static void stop(struct live *live) {
    end((struct passage *)live, peer_close);
}

// ── passing on ──────────────────────────────────────────────────────────────────────────────────

static enum side other(enum side side) {
    return side == SIDE_CLIENT ? SIDE_SERVER : SIDE_CLIENT;
}

// False where the peer is gone.
static bool pass_on(struct passage *passage, enum side from) {
    struct passage_stream *stream = &passage->streams[from];
    struct peer *to = passage->peers[other(from)];
    while (buf_len(&stream->pending) > 0 && !to->writing) {
        ssize_t sent = peer_write(to, buf_slice(&stream->pending));
        if (sent < 0) {
            return false;
        }
        buf_consume(&stream->pending, (size_t)sent);
    }
    bool empty = buf_len(&stream->pending) == 0;
    if (empty && stream->ended && !to->writing) {
        peer_shutdown(to);
    }
    peer_read(passage->peers[from], empty && !stream->ended);
    return true;
}

static bool is_over(const struct passage *passage, enum side from) {
    const struct passage_stream *stream = &passage->streams[from];
    return stream->ended && buf_len(&stream->pending) == 0 && !passage->peers[other(from)]->writing;
}

// Nothing may touch the passage after this.
static void update(struct passage *passage) {
    if (!pass_on(passage, SIDE_CLIENT) || !pass_on(passage, SIDE_SERVER)) {
        end(passage, peer_close_reset);
    } else if (is_over(passage, SIDE_CLIENT) && is_over(passage, SIDE_SERVER)) {
        end(passage, peer_close);
    }
}

// The session has both peers, and begins with what they have said.
static void become_session(struct passage *passage) {
    struct early early = {{buf_slice(&passage->streams[SIDE_CLIENT].pending),
                           buf_slice(&passage->streams[SIDE_SERVER].pending)}};
    conn_begin(passage->worker, &passage->live, &passage->accepted, NULL, &early);
    free_passage(passage);
}

// ── what the sockets say ────────────────────────────────────────────────────────────────────────

static uv_buf_t lend_buffer(void *owner, enum side side) {
    struct passage *passage = owner;
    size_t len = share_take(&passage->streams[side].share, &passage->worker->turn, 0);
    return uv_buf_init(passage->worker->read_buffer, (unsigned)len);
}

static void on_received(void *owner, enum side side, struct slice bytes) {
    struct passage *passage = owner;
    struct passage_stream *stream = &passage->streams[side];
    share_spent(&stream->share, &passage->worker->turn, bytes.len, 0);
    buf_put(&stream->pending, bytes);
    if (!passage->decided) {
        uint16_t port = passage->accepted.route->port;
        enum passage_verdict verdict = passage_judge(side, buf_slice(&stream->pending), port);
        if (verdict == PASSAGE_MAIL) {
            become_session(passage);
            return;
        }
        passage->decided = verdict == PASSAGE_OTHER;
    }
    if (passage->decided) {
        update(passage);
    }
}

static void on_ended(void *owner, enum side side, int error) {
    struct passage *passage = owner;
    if (error != 0) {
        end(passage, peer_close_reset);
        return;
    }
    passage->decided = true;
    passage->streams[side].ended = true;
    update(passage);
}

static void on_written(void *owner, enum side side) {
    (void)side;
    update(owner);
}

static const struct peer_handlers peer_handlers = {
    .received = on_received,
    .ended = on_ended,
    .written = on_written,
    .buffer = lend_buffer,
};

static void adopt(struct passage *passage, struct peer *peer) {
    passage->peers[peer->side] = peer;
    buf_init(&passage->streams[peer->side].pending, 2 * LIMIT_READ);
    peer_set_owner(peer, &peer_handlers, passage);
    peer_read(peer, true);
}

void passage_begin(struct worker *worker, struct live *arrival, const struct accepted *accepted) {
    static const struct live_ops ops = {.stop = stop};
    struct passage *passage = mem_new(sizeof(*passage));
    passage->live.ops = &ops;
    passage->worker = worker;
    passage->accepted = *accepted;
    passage->decided = worker->stopping;
    worker_session_replaced(worker, arrival, &passage->live);
    adopt(passage, accepted->peer);
    adopt(passage, accepted->route->result.peer);
}
