// SPDX-License-Identifier: MIT
#include "net/pair.h"

#include "base/limits.h"

#include <sys/socket.h>

int64_t pair_now_ns(const struct pair *pair) {
    return (int64_t)uv_hrtime() - pair->began_ns;
}

// A peer that is gone may have said why before it went (552 in the middle of a message): that lies
// unread in the socket, while a write already fails. True if there was something.
static bool read_last_words(struct pair *pair, enum side side) {
    char *buffer = pair->buffer;
    bool any = false;
    while (relay_wants_read(pair->relay, side)) {
        ssize_t len = recv(peer_fd(pair->peers[side]), buffer, LIMIT_READ, MSG_DONTWAIT);
        if (len <= 0) {
            break;
        }
        relay_receive(pair->relay, side, slice_of(buffer, (size_t)len), pair_now_ns(pair));
        any = true;
    }
    return any;
}

bool pair_lose(struct pair *pair, enum side side) {
    bool any = read_last_words(pair, side);
    relay_reset(pair->relay, side, pair_now_ns(pair));
    return any;
}

static bool pump(struct pair *pair, enum side side) {
    struct peer *peer = pair->peers[side];
    bool moved = false;
    while (peer != NULL && !peer->writing) {
        struct slice bytes = relay_output(pair->relay, side);
        if (bytes.len == 0) {
            break;
        }
        ssize_t sent = peer_write(peer, bytes);
        if (sent < 0) {
            return pair_lose(pair, side) || moved;
        }
        relay_sent(pair->relay, side, (size_t)sent, pair_now_ns(pair));
        moved = true;
    }
    return moved;
}

// A reset throws away what our kernel has not sent yet, and that is mail: it waits for it to
// arrive, but not for ever for a peer that does not read.
static bool must_arrive_first(struct pair *pair, const struct peer *peer) {
    int64_t at_ns = pair_now_ns(pair);
    if (!peer_has_unsent(peer)) {
        return false;
    }
    if (pair->reset_by_ns == 0) {
        pair->reset_by_ns = at_ns + (pair->stopped ? RELAY_STOP_LINGER_NS : RELAY_LINGER_NS);
    }
    return at_ns < pair->reset_by_ns;
}

// True where the end of the stream is to be sent.
static bool close_side(struct pair *pair, enum side side) {
    struct peer *peer = pair->peers[side];
    if (peer == NULL) {
        return false;
    }
    bool shuts = relay_wants_shutdown(pair->relay, side) && !peer->writing;
    if (shuts) {
        if (side == SIDE_CLIENT && peer_got_reset(peer)) {
            relay_client_closed_read(pair->relay, pair_now_ns(pair));
        }
        relay_shutdown_done(pair->relay, side);
    }
    bool resets = relay_wants_reset(pair->relay, side) && !peer->writing;
    if (resets && !must_arrive_first(pair, peer)) {
        pair->peers[side] = NULL;
        peer_close_reset(peer);
        return false;
    }
    return shuts;
}

static bool reset_waits(const struct pair *pair, enum side side) {
    return pair->peers[side] != NULL && pair->reset_by_ns != 0 &&
           relay_wants_reset(pair->relay, side);
}

// A peer that was given up is not waited for: one that never reads would hold its write for ever.
static bool write_pends(const struct pair *pair, enum side side) {
    const struct peer *peer = pair->peers[side];
    return peer != NULL && peer->writing && !relay_gave_up(pair->relay, side);
}

void pair_move(struct pair *pair) {
    bool moved = true;
    while (moved) {
        moved = pump(pair, SIDE_CLIENT);
        moved = pump(pair, SIDE_SERVER) || moved;
    }
    bool shuts_client = close_side(pair, SIDE_CLIENT);
    bool shuts_server = close_side(pair, SIDE_SERVER);
    if (pair_is_done(pair)) {
        return; // The close that follows sends the end.
    }
    if (shuts_client) {
        peer_shutdown(pair->peers[SIDE_CLIENT]);
    }
    if (shuts_server) {
        peer_shutdown(pair->peers[SIDE_SERVER]);
    }
}

bool pair_is_done(const struct pair *pair) {
    bool pending = write_pends(pair, SIDE_CLIENT) || write_pends(pair, SIDE_SERVER) ||
                   reset_waits(pair, SIDE_CLIENT) || reset_waits(pair, SIDE_SERVER);
    return relay_is_done(pair->relay) && !pending;
}

void pair_read(struct pair *pair, bool on) {
    for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
        struct peer *peer = pair->peers[side];
        if (peer != NULL) {
            peer_read(peer, on && relay_wants_read(pair->relay, side));
        }
    }
}

void pair_stop(struct pair *pair) {
    pair->stopped = true;
    pair->reset_by_ns = pair->reset_by_ns == 0 ? 0 : pair_now_ns(pair) + RELAY_STOP_LINGER_NS;
    relay_stop(pair->relay, pair_now_ns(pair));
}

void pair_close(struct pair *pair) {
    peer_close(pair->peers[SIDE_CLIENT]);
    peer_close(pair->peers[SIDE_SERVER]);
    relay_free(pair->relay);
}
