// SPDX-License-Identifier: MIT
#include "net/peer.h"

#include "tcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

enum { ROOM = 1000, SENT = 20 * ROOM };

// The owner of a peer that gives room for one read a turn.
struct taker {
    char room[ROOM];
    bool had_its_read;
    size_t got;
    bool ended;
    int error;
};

static uv_buf_t lend(void *owner, enum side side) {
    struct taker *taker = owner;
    bool none = taker->had_its_read;
    (void)side;
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

static const struct peer_handlers handlers = {.buffer = lend, .received = received, .ended = ended};

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
    struct peer *peer = peer_new(&loop, SIDE_CLIENT, pair[1]);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_read_a_turn),
        cmocka_unit_test(a_reset_shows_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
