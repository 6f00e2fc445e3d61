// SPDX-License-Identifier: MIT
#include "net/recent_places.h"

#include "base/address.h"
#include "tcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// ── the looks ───────────────────────────────────────────────────────────────────────────────────

static unsigned looks;

// Called in the place of readlinkat (the linker's --wrap).
ssize_t __wrap_readlinkat(int folder, const char *path, char *out, size_t size);
ssize_t __real_readlinkat(int folder, const char *path, char *out, size_t size);

ssize_t __wrap_readlinkat(int folder, const char *path, char *out, size_t size) {
    looks++;
    return __real_readlinkat(folder, path, out, size);
}

// ── connections ─────────────────────────────────────────────────────────────────────────────────

struct connection {
    int client;
    int server;
    struct sockaddr_storage own;
    struct sockaddr_storage peer;
};

static struct {
    int listener;
    struct sockaddr_in name;
    struct recent_places recent;
} scene;

// The client's descriptor is the lowest that is free.
static void open_connection(struct connection *out) {
    socklen_t own_len = sizeof(out->own);
    socklen_t peer_len = sizeof(out->peer);
    memset(out, 0, sizeof(*out));
    out->client = tcp_connect(&scene.name);
    out->server = accept(scene.listener, NULL, NULL);
    assert_true(out->server >= 0);
    getsockname(out->client, (struct sockaddr *)&out->own, &own_len);
    getpeername(out->client, (struct sockaddr *)&out->peer, &peer_len);
}

static void close_connection(const struct connection *connection) {
    close(connection->client);
    close(connection->server);
}

static uint16_t port_of(const struct connection *connection) {
    return address_port((const struct sockaddr *)&connection->own);
}

static struct socket_place place_of(const struct connection *connection) {
    struct stat status;
    assert_int_equal(fstat(connection->client, &status), 0);
    return (struct socket_place){.inode = status.st_ino,
                                 .pid = (uint32_t)getpid(),
                                 .fd = (uint32_t)connection->client,
                                 .port = port_of(connection)};
}

static void note(const struct connection *connection) {
    struct socket_place place = place_of(connection);
    recent_places_note(&scene.recent, &place);
}

static struct place_query query_of(const struct connection *connection) {
    return (struct place_query){.own = (const struct sockaddr *)&connection->own,
                                .peer = (const struct sockaddr *)&connection->peer};
}

static uint32_t find(const struct connection *connection) {
    struct place_query query = query_of(connection);
    looks = 0;
    recent_places_find(&scene.recent, &query, 1);
    return query.pid;
}

static int open_scene(void **state) {
    (void)state;
    recent_places_init(&scene.recent, NULL);
    scene.listener = tcp_listen(&scene.name);
    return 0;
}

static int close_scene(void **state) {
    (void)state;
    recent_places_cleanup(&scene.recent);
    close(scene.listener);
    return 0;
}

// ── tests ───────────────────────────────────────────────────────────────────────────────────────

static void knows_nothing_at_first(void **state) {
    (void)state;
    struct connection connection;
    open_connection(&connection);
    assert_int_equal(find(&connection), 0);
    assert_int_equal(looks, 0);
    close_connection(&connection);
}

static void one_look_finds_the_next_connection_of_a_client(void **state) {
    (void)state;
    struct connection connection;
    open_connection(&connection);
    note(&connection);
    for (unsigned i = 0; i < 5; i++) {
        int fd = connection.client;
        close_connection(&connection);
        open_connection(&connection);
        assert_int_equal(connection.client, fd); // The kernel gives the lowest number.
        assert_int_equal(find(&connection), getpid());
        assert_int_equal(looks, 1);
    }
    close_connection(&connection);
}

static void what_goes_on_is_looked_at_last(void **state) {
    (void)state;
    enum { COUNT = 4 };
    struct connection connections[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        open_connection(&connections[i]);
        note(&connections[i]);
    }
    // The last place is the one that another connection has now.
    close_connection(&connections[COUNT - 1]);
    open_connection(&connections[COUNT - 1]);
    assert_int_equal(find(&connections[COUNT - 1]), getpid());
    assert_int_equal(looks, COUNT);
    assert_int_equal(find(&connections[COUNT - 1]), getpid());
    assert_int_equal(looks, 1);
    for (size_t i = 0; i < COUNT; i++) {
        close_connection(&connections[i]);
    }
}

static void the_place_of_a_client_that_is_gone_is_looked_at_first(void **state) {
    (void)state;
    enum { COUNT = 4, GONE = 2 };
    struct connection connections[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        open_connection(&connections[i]);
        note(&connections[i]);
    }
    for (size_t i = GONE; i < COUNT; i++) {
        close_connection(&connections[i]);
    }
    for (size_t i = COUNT; i > GONE; i--) { // in any order: the lowest descriptor is the next one
        recent_places_ended(&scene.recent, port_of(&connections[i - 1]));
    }
    for (size_t i = GONE; i < COUNT; i++) {
        open_connection(&connections[i]);
        assert_int_equal(find(&connections[i]), getpid());
        assert_int_equal(looks, 1);
    }
    recent_places_ended(&scene.recent, 1); // one that was never found
    assert_int_equal(scene.recent.count, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        close_connection(&connections[i]);
    }
}

static void a_look_for_one_tells_of_another(void **state) {
    (void)state;
    struct connection first;
    struct connection second;
    open_connection(&first);
    open_connection(&second);
    note(&first);
    note(&second);
    close_connection(&first);
    close_connection(&second);
    open_connection(&first);
    open_connection(&second);
    assert_int_equal(find(&second), getpid());
    assert_int_equal(looks, 2); // It met the first one.
    assert_int_equal(find(&first), getpid());
    assert_int_equal(looks, 1);
    close_connection(&first);
    close_connection(&second);
}

static void one_search_finds_several(void **state) {
    (void)state;
    enum { COUNT = 3 };
    struct connection connections[COUNT];
    struct place_query queries[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        open_connection(&connections[i]);
    }
    note(&connections[2]);
    note(&connections[0]);
    for (size_t i = 0; i < COUNT; i++) {
        queries[i] = query_of(&connections[i]);
    }
    looks = 0;
    recent_places_find(&scene.recent, queries, COUNT);
    assert_int_equal(queries[0].pid, getpid());
    assert_int_equal(queries[1].pid, 0); // It is at neither place.
    assert_int_equal(queries[2].pid, getpid());
    assert_int_equal(looks, 2);
    for (size_t i = 0; i < COUNT; i++) {
        close_connection(&connections[i]);
    }
}

static void looks_are_few_whatever_is_known(void **state) {
    (void)state;
    struct connection connection;
    open_connection(&connection);
    for (uint32_t fd = 0; fd < 2 * LIMIT_RECENT_PLACES; fd++) {
        recent_places_note(
            &scene.recent,
            &(struct socket_place){.inode = 1, .pid = (uint32_t)getpid(), .fd = 1000 + fd});
    }
    assert_int_equal(scene.recent.count, LIMIT_RECENT_PLACES);
    unsigned searches = 0;
    while (scene.recent.count > 0) { // What holds no socket again and again is forgotten.
        assert_int_equal(find(&connection), 0);
        assert_true(looks <= LIMIT_PLACE_LOOKS);
        searches++;
    }
    assert_true(searches > LIMIT_RECENT_PLACES / LIMIT_PLACE_LOOKS);
    close_connection(&connection);
}

// Our own descriptor has the number that the child's has, and another socket.
static void the_process_is_the_one_that_holds_it(void **state) {
    (void)state;
    struct connection connection;
    int gate[2];
    assert_int_equal(pipe(gate), 0);
    open_connection(&connection);
    note(&connection);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        close(gate[1]);
        _exit((int)read(gate[0], &byte, 1));
    }
    close(connection.client); // Only the child holds it now.
    assert_int_equal(find(&connection), 0);
    recent_places_note(&scene.recent, &(struct socket_place){.inode = 1,
                                                             .pid = (uint32_t)child,
                                                             .fd = (uint32_t)connection.client});
    assert_int_equal(find(&connection), child);
    close(gate[1]);
    waitpid(child, NULL, 0);
    close(gate[0]);
    assert_int_equal(find(&connection), 0);
    close(connection.server);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(knows_nothing_at_first, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(one_look_finds_the_next_connection_of_a_client, open_scene,
                                        close_scene),
        cmocka_unit_test_setup_teardown(what_goes_on_is_looked_at_last, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(the_place_of_a_client_that_is_gone_is_looked_at_first,
                                        open_scene, close_scene),
        cmocka_unit_test_setup_teardown(a_look_for_one_tells_of_another, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(one_search_finds_several, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(looks_are_few_whatever_is_known, open_scene, close_scene),
        cmocka_unit_test_setup_teardown(the_process_is_the_one_that_holds_it, open_scene,
                                        close_scene),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
