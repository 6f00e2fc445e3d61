// SPDX-License-Identifier: MIT
#include "net/peer.h"

#include "base/limits.h"
#include "base/memory.h"

#include <assert.h>
#include <errno.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { PROBE_S = 5, PROBES_UNANSWERED = 12 };

struct write_request {
    uv_write_t write;
    uint8_t bytes[]; // flexible: what is being written
};

static struct peer *init_peer(struct peer *peer, enum side side) {
    peer->tcp.data = peer;
    peer->side = side;
    return peer;
}

struct peer *peer_new(int *out_error, uv_loop_t *loop, enum side side, int fd) {
    struct peer *peer = init_peer(mem_new(sizeof(*peer)), side);
    uv_tcp_init(loop, &peer->tcp); // Without a family it asks the system for nothing.
    int error = uv_tcp_open(&peer->tcp, fd);
    if (error != 0) {
        *out_error = -error;
        close(fd);
        peer_close(peer);
        return NULL;
    }
    return peer;
}

struct peer *peer_new_unconnected(int *out_error, uv_loop_t *loop, enum side side, int family) {
    struct peer *peer = mem_new(sizeof(*peer));
    int error = uv_tcp_init_ex(loop, &peer->tcp, (unsigned)family);
    if (error != 0) {
        *out_error = -error;
        free(peer);
        return NULL;
    }
    return init_peer(peer, side);
}

void peer_send_at_once(struct peer *peer) {
    int on = 1;
    setsockopt(peer_fd(peer), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void peer_set_owner(struct peer *peer, const struct peer_handlers *handlers, void *owner) {
    peer->handlers = handlers;
    peer->owner = owner;
}

static void give_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *out) {
    struct peer *peer = handle->data;
    (void)suggested;
    *out = peer->owner == NULL ? uv_buf_init(NULL, 0)
                               : peer->handlers->buffer(peer->owner, peer->side);
}

// libuv takes a hang-up after a short read for an end of the stream without asking the socket. That
// may have been a reset, which must pass as one, and bytes may still lie in front of it: the next
// turn reads on.
static bool is_only_a_guess(ssize_t len, const uv_buf_t *buffer) {
    return len == UV_EOF && buffer->base == NULL;
}

static void end_reading(struct peer *peer, int error, const uv_buf_t *buffer) {
    peer_read(peer, false);
    if (is_only_a_guess(error, buffer)) {
        peer_read(peer, true);
    } else {
        peer->handlers->ended(peer->owner, peer->side, error == UV_EOF ? 0 : error);
    }
}

static void take_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer);

static void read_or_stop(struct peer *peer) {
    if (peer->reading && !peer->held) {
        uv_read_start((uv_stream_t *)&peer->tcp, give_buffer, take_read);
    } else {
        uv_read_stop((uv_stream_t *)&peer->tcp);
    }
}

static void take_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer) {
    struct peer *peer = stream->data;
    if (peer->held) {
        read_or_stop(peer);
    }
    if (peer->owner == NULL || len == 0 || len == UV_ENOBUFS) {
        return; // UV_ENOBUFS: it has had its share of this turn, and libuv asks again in the next.
    }
    if (len > 0) {
        peer->handlers->received(peer->owner, peer->side, slice_of(buffer->base, (size_t)len));
    } else {
        end_reading(peer, (int)len, buffer);
    }
}

void peer_read(struct peer *peer, bool on) {
    if (peer->reading != on) {
        peer->reading = on;
        read_or_stop(peer);
    }
}

void peer_hold(struct peer *peer) {
    peer->held = true; // libuv still has a callback to make of this read.
}

void peer_go_on(struct peer *peer) {
    if (peer->held) {
        peer->held = false;
        read_or_stop(peer);
    }
}

static void after_write(uv_write_t *write, int status) {
    struct peer *peer = write->data;
    free(write);
    peer->writing = false;
    if (peer->owner == NULL) {
        return;
    }
    if (status < 0) {
        peer->handlers->ended(peer->owner, peer->side, status);
    } else {
        peer->handlers->written(peer->owner, peer->side);
    }
}

static ssize_t write_later(struct peer *peer, struct slice bytes) {
    struct slice part = slice_sub(bytes, 0, LIMIT_READ);
    struct write_request *request = mem_new(sizeof(*request) + part.len);
    memcpy(request->bytes, part.data, part.len);
    request->write.data = peer;
    uv_buf_t buffer = uv_buf_init((char *)request->bytes, (unsigned)part.len);
    int error = uv_write(&request->write, (uv_stream_t *)&peer->tcp, &buffer, 1, after_write);
    if (error < 0) {
        free(request);
        return error;
    }
    peer->writing = true;
    return (ssize_t)part.len;
}

ssize_t peer_write(struct peer *peer, struct slice bytes) {
    assert(!peer->writing);
    // libuv asks for a pointer to non-const and does not write through it.
    uv_buf_t buffer = {.base = (char *)(uintptr_t)bytes.data, .len = bytes.len};
    int sent = uv_try_write((uv_stream_t *)&peer->tcp, &buffer, 1);
    if (sent == UV_EAGAIN) {
        return write_later(peer, bytes);
    }
    return sent;
}

// Not by uv_shutdown, which takes two more system calls to wait for writes: there are none.
void peer_shutdown(struct peer *peer) {
    assert(!peer->writing);
    if (!peer->shut) {
        peer->shut = true;
        shutdown(peer_fd(peer), SHUT_WR); // A peer that is gone shows itself by its reads.
    }
}

static void free_peer(uv_handle_t *handle) {
    free(handle->data);
}

void peer_close(struct peer *peer) {
    if (peer == NULL) {
        return;
    }
    peer->owner = NULL;
    if (!uv_is_closing((uv_handle_t *)&peer->tcp)) {
        uv_close((uv_handle_t *)&peer->tcp, free_peer);
    }
}

void peer_close_reset(struct peer *peer) {
    if (peer == NULL) {
        return;
    }
    peer->owner = NULL;
    if (uv_tcp_close_reset(&peer->tcp, free_peer) < 0) {
        peer_close(peer);
    }
}

static bool get_tcp_info(const struct peer *peer, struct tcp_info *out) {
    socklen_t len = sizeof(*out);
    *out = (struct tcp_info){0};
    return getsockopt(peer_fd(peer), IPPROTO_TCP, TCP_INFO, out, &len) == 0;
}

static bool has_event(const struct peer *peer, short event) {
    struct pollfd look = {.fd = peer_fd(peer), .events = event};
    return poll(&look, 1, 0) > 0;
}

bool peer_has_unread(const struct peer *peer) {
    return peer != NULL && peer->reading && has_event(peer, POLLIN);
}

size_t peer_unread(const struct peer *peer) {
    int unread = 0;
    return ioctl(peer_fd(peer), FIONREAD, &unread) == 0 ? (size_t)unread : 0;
}

bool peer_is_answered(const struct peer *peer) {
    return has_event(peer, POLLOUT);
}

// What lies in the socket of a connection that the peer reset will never arrive.
bool peer_has_unsent(const struct peer *peer) {
    struct tcp_info info;
    int unsent = 0;
    return ioctl(peer_fd(peer), SIOCOUTQ, &unsent) == 0 && unsent > 0 &&
           get_tcp_info(peer, &info) && info.tcpi_state != TCP_CLOSE;
}

// A peer that read all that we sent has acknowledged it with its FIN.
bool peer_has_unacked(const struct peer *peer) {
    struct tcp_info info;
    return get_tcp_info(peer, &info) && (info.tcpi_unacked > 0 || info.tcpi_state == TCP_CLOSE);
}

bool peer_got_reset(const struct peer *peer) {
    struct tcp_info info;
    return get_tcp_info(peer, &info) && info.tcpi_state == TCP_CLOSE;
}

static void set_option(const struct peer *peer, int level, int name, int value) {
    setsockopt(peer_fd(peer), level, name, &value, sizeof(value));
}

void peer_probe(struct peer *peer) {
    if (!peer->probed) {
        peer->probed = true;
        set_option(peer, IPPROTO_TCP, TCP_KEEPIDLE, PROBE_S);
        set_option(peer, IPPROTO_TCP, TCP_KEEPINTVL, PROBE_S);
        set_option(peer, IPPROTO_TCP, TCP_KEEPCNT, PROBES_UNANSWERED);
        set_option(peer, SOL_SOCKET, SO_KEEPALIVE, 1);
    }
}

int peer_fd(const struct peer *peer) {
    uv_os_fd_t fd = -1;
    uv_fileno((const uv_handle_t *)&peer->tcp, &fd);
    return fd;
}
