// SPDX-License-Identifier: MIT
#include "net/peer.h"

#include "tcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

enum { ROOM = 1000, SENT = 20 * ROOM };

// The owner of a peer that gives room for one read a turn.
struct taker {
    char room[ROOM];
    bool had_its_read;
    struct peer *held; // whom every question for room holds; or NULL
    unsigned asked;    // for room
    size_t got;
    bool ended;
    int error;
    unsigned written;
};

static uv_buf_t lend(void *owner, enum side side) {
    struct taker *taker = owner;
    bool none = taker->had_its_read || taker->held != NULL;
    (void)side;
    taker->asked++;
    if (taker->held != NULL) {
        peer_hold(taker->held);
    }
    taker->had_its_read = true;
    return uv_buf_init(taker->room, none ? 0 : ROOM);
}

static void received(void *owner, enum side side, struct slice bytes) {
    struct taker *taker = owner;
    (void)side;
    taker->got += bytes.len;
}

static void ended(void *owner, enum side side, int error) {
    struct taker *taker = owner;
    (void)side;
    taker->ended = true;
    taker->error = error;
}

static void written(void *owner, enum side side) {
    struct taker *taker = owner;
    (void)side;
    taker->written++;
}

static const struct peer_handlers handlers = {
    .buffer = lend, .received = received, .ended = ended, .written = written};

// All that the peer sent before it ended its stream comes, one read a turn, then the end.
static void read_all(bool reset) {
    uv_loop_t loop;
    struct taker taker = {.error = 1};
    static const char bytes[SENT];
    int pair[2];
    uv_loop_init(&loop);
    tcp_pair(pair);
    assert_int_equal(write(pair[0], bytes, SENT), SENT);
    if (reset) {
        struct linger linger = {.l_onoff = 1, .l_linger = 0};
        setsockopt(pair[0], SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    }
    close(pair[0]);
    int error = 0;
    struct peer *peer = peer_new(&error, &loop, SIDE_CLIENT, pair[1]);
    peer_set_owner(peer, &handlers, &taker);
    peer_read(peer, true);
    for (int turns = 0; !taker.ended && turns < 2 * SENT / ROOM; turns++) {
        size_t before = taker.got;
        taker.had_its_read = false;
        uv_run(&loop, UV_RUN_NOWAIT);
        assert_true(taker.got - before <= ROOM);
    }
    assert_true(taker.ended);
    if (reset) {
        assert_int_equal(taker.error, UV_ECONNRESET);
    } else {
        assert_int_equal(taker.error, 0);
        assert_int_equal(taker.got, SENT);
    }
    peer_close(peer);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void one_read_a_turn(void **state) {
    (void)state;
    read_all(false);
}

static void a_reset_shows_itself(void **state) {
    (void)state;
    read_all(true);
}

// It is asked for no more until it goes on, and has lost nothing.
static void one_that_is_held_is_not_watched(void **state) {
    (void)state;
    uv_loop_t loop;
    struct taker taker = {.error = 1};
    int pair[2];
    uv_loop_init(&loop);
    tcp_pair(pair);
    int error = 0;
    struct peer *peer = peer_new(&error, &loop, SIDE_CLIENT, pair[1]);
    peer_set_owner(peer, &handlers, &taker);
    peer_read(peer, true);
    taker.held = peer;
    assert_int_equal(write(pair[0], "abc", 3), 3);
    close(pair[0]);
    for (int turns = 0; turns < 5; turns++) {
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(taker.asked, 1);
    assert_int_equal(taker.got, 0);
    taker.held = NULL;
    peer_go_on(peer);
    while (!taker.ended) {
        taker.had_its_read = false;
        uv_run(&loop, UV_RUN_NOWAIT);
    }
    assert_int_equal(taker.got, 3);
    peer_close(peer);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
}

// ── writing ─────────────────────────────────────────────────────────────────────────────────────

struct writing {
    uv_loop_t loop;
    struct taker taker;
    struct peer *peer;
    int other; // the end that reads, or does not
    size_t sent;
};

static const char block[ROOM];

// Until its socket takes no more, and what is too much waits.
static void begin_writing(struct writing *w) {
    int pair[2];
    *w = (struct writing){.taker = {.error = 1}};
    uv_loop_init(&w->loop);
    tcp_pair(pair);
    w->other = pair[0];
    int error = 0;
    w->peer = peer_new(&error, &w->loop, SIDE_SERVER, pair[1]);
    peer_set_owner(w->peer, &handlers, &w->taker);
    while (!w->peer->writing) {
        ssize_t sent = peer_write(w->peer, slice_of(block, ROOM));
        assert_true(sent > 0);
        w->sent += (size_t)sent;
    }
}

static void end_writing(struct writing *w) {
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    close(w->other);
}

// All of it; then there was the end, or a reset.
static size_t read_the_other_end(struct writing *w, bool *out_reset) {
    size_t got = 0;
    char bytes[ROOM];
    for (;;) {
        uv_run(&w->loop, UV_RUN_NOWAIT);
        ssize_t len = recv(w->other, bytes, ROOM, MSG_DONTWAIT);
        if (len == 0 || (len < 0 && errno != EAGAIN)) {
            *out_reset = len < 0;
            return got;
        }
        got += len > 0 ? (size_t)len : 0;
        if (w->taker.written > 0 && !w->peer->shut) {
            peer_shutdown(w->peer);
            peer_shutdown(w->peer); // One FIN is enough.
        }
    }
}

static void what_does_not_fit_is_written_when_there_is_room(void **state) {
    (void)state;
    bool reset = true;
    struct writing w;
    begin_writing(&w);
    assert_true(peer_has_unsent(w.peer));
    assert_int_equal(w.taker.written, 0);
    assert_int_equal(read_the_other_end(&w, &reset), w.sent);
    assert_false(reset);
    assert_int_equal(w.taker.written, 1);
    assert_false(w.peer->writing);
    peer_close(w.peer);
    end_writing(&w);
}

static void a_write_that_waits_fails_with_its_peer(void **state) {
    (void)state;
    struct writing w;
    struct linger linger = {.l_onoff = 1, .l_linger = 0};
    begin_writing(&w);
    assert_false(peer_got_reset(w.peer));
    setsockopt(w.other, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
    close(w.other);
    w.other = -1;
    while (!w.taker.ended) {
        uv_run(&w.loop, UV_RUN_ONCE);
    }
    assert_true(w.taker.error < 0);
    assert_true(peer_got_reset(w.peer));
    assert_false(peer_has_unsent(w.peer)); // It will never arrive, so it is not waited for.
    assert_int_equal(w.taker.written, 0);
    peer_close(w.peer);
    end_writing(&w);
}

// Its owner is gone before the write is over: it is not told.
static void a_reset_drops_what_waits(void **state) {
    (void)state;
    bool reset = false;
    struct writing w;
    begin_writing(&w);
    peer_close_reset(w.peer);
    uv_run(&w.loop, UV_RUN_DEFAULT);
    char bytes[ROOM];
    ssize_t len = 1;
    while (len > 0) {
        len = recv(w.other, bytes, ROOM, MSG_DONTWAIT);
    }
    reset = len < 0 && errno == ECONNRESET;
    assert_true(reset);
    assert_int_equal(w.taker.written, 0);
    assert_false(w.taker.ended);
    end_writing(&w);
}

static void a_reset_after_the_end_of_the_stream_is_one_too(void **state) {
    (void)state;
    uv_loop_t loop;
    int pair[2];
    char byte = 0;
    uv_loop_init(&loop);
    tcp_pair(pair);
    int error = 0;
    struct peer *peer = peer_new(&error, &loop, SIDE_CLIENT, pair[1]);
    peer_shutdown(peer);
    uv_run(&loop, UV_RUN_NOWAIT);
    assert_int_equal(recv(pair[0], &byte, 1, 0), 0);
    peer_close_reset(peer);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    // A read goes on to see the end of the stream.
    assert_int_equal(send(pair[0], &byte, 1, MSG_NOSIGNAL), -1);
    assert_int_equal(errno, EPIPE);
    close(pair[0]);
}

// Here there is none.
static void a_socket_that_the_loop_cannot_have_is_closed(void **state) {
    (void)state;
    uv_loop_t loop;
    int pair[2];
    int error = 0;
    char byte = 0;
    uv_loop_init(&loop);
    tcp_pair(pair);
    close(pair[1]);
    assert_null(peer_new(&error, &loop, SIDE_CLIENT, pair[1]));
    assert_int_equal(error, EBADF);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(recv(pair[0], &byte, 1, 0), 0);
    close(pair[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_read_a_turn),
        cmocka_unit_test(a_reset_shows_itself),
        cmocka_unit_test(one_that_is_held_is_not_watched),
        cmocka_unit_test(what_does_not_fit_is_written_when_there_is_room),
        cmocka_unit_test(a_write_that_waits_fails_with_its_peer),
        cmocka_unit_test(a_reset_drops_what_waits),
        cmocka_unit_test(a_reset_after_the_end_of_the_stream_is_one_too),
        cmocka_unit_test(a_socket_that_the_loop_cannot_have_is_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
