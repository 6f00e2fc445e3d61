// SPDX-License-Identifier: MIT
// peer: one TCP stream of a connection on a libuv loop. It moves bytes and knows nothing of them.
// A peer frees itself in its close callback, and nowhere else.
#ifndef SCOPE_NET_PEER_H
#define SCOPE_NET_PEER_H

#include "base/slice.h"
#include "event/event.h"

#include <uv.h>

struct peer_handlers {
    void (*received)(void *owner, enum side side, struct slice bytes);
    void (*ended)(void *owner, enum side side, int error); // 0: the stream ended well
    void (*written)(void *owner, enum side side);          // `writing` is false again
    // Room for one read; none where this turn of the loop is to take no more from this peer.
    uv_buf_t (*buffer)(void *owner, enum side side);
};

struct peer {
    uv_tcp_t tcp;
    enum side side;
    void *owner; // NULL before there is one, and once it was closed
    const struct peer_handlers *handlers;
    bool reading; // … where it is not held
    bool held;
    bool writing; // a write is under way
    bool shut;
    bool probed;
};

// Takes the connected socket. NULL where the loop cannot have it: it is closed, and `out_error` is
// the errno.
struct peer *peer_new(int *out_error, uv_loop_t *loop, enum side side, int fd);
// One that is to be connected with uv_tcp_connect. NULL where there is no socket to be had;
// `out_error` is the errno then.
struct peer *peer_new_unconnected(int *out_error, uv_loop_t *loop, enum side side, int family);
void peer_send_at_once(struct peer *peer); // without Nagle's wait for more
void peer_set_owner(struct peer *peer, const struct peer_handlers *handlers, void *owner);
void peer_read(struct peer *peer, bool on);
// From within `buffer`, which lends no room: it is not even watched, until peer_go_on.
void peer_hold(struct peer *peer);
void peer_go_on(struct peer *peer);
// Writes as much as goes at once and returns it. What did not go is copied up to some KiB and
// written later (`writing`); that counts as written too. A negative result is the error.
ssize_t peer_write(struct peer *peer, struct slice bytes);
void peer_shutdown(struct peer *peer); // FIN; not while something is being written
void peer_close(struct peer *peer);    // NULL is fine
void peer_close_reset(struct peer *peer);
// Whether something of the peer, its end included, has arrived that the loop has yet to come to
// read: a peer that is read is not silent then, however late the loop is. False for NULL.
bool peer_has_unread(const struct peer *peer);
size_t peer_unread(const struct peer *peer); // bytes
// Like peer_has_unread for one that is being connected: the connection was made, or has failed.
bool peer_is_answered(const struct peer *peer);
bool peer_has_unsent(const struct peer *peer); // bytes that the peer's kernel has not got yet
// Whether the peer, whose FIN has come, has not acknowledged all that we sent.
bool peer_has_unacked(const struct peer *peer);
// Whether the peer answered what we sent by a RST: it closed both ways. To be asked before the
// shutdown, after which every connection ends in the same state.
bool peer_got_reset(const struct peer *peer);
// From here the kernel asks the peer's every few seconds whether the connection still exists. One
// that its process closed is forgotten there after a minute or so, and then it is reset. Asked for
// again it does nothing.
void peer_probe(struct peer *peer);
int peer_fd(const struct peer *peer);

#endif
