// SPDX-License-Identifier: MIT
#include "net/owner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <netinet/in.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

// A connection within this machine: `client` is connected to `listener`'s address.
struct pair {
    int listener;
    int client;
    struct sockaddr_storage client_name;
    struct sockaddr_storage server_name;
};

static void listen_on_loopback(struct pair *pair, int family) {
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = in6addr_loopback};
    struct sockaddr_in four = {.sin_family = AF_INET};
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bool v6 = family == AF_INET6;
    socklen_t len = v6 ? sizeof(six) : sizeof(four);
    pair->listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (bind(pair->listener, v6 ? (struct sockaddr *)&six : (struct sockaddr *)&four, len) != 0) {
        skip(); // no IPv6 here
    }
    assert_int_equal(listen(pair->listener, 1000), 0);
    len = sizeof(pair->server_name);
    getsockname(pair->listener, (struct sockaddr *)&pair->server_name, &len);
}

static void connect_pair(struct pair *pair, int family) {
    socklen_t len = sizeof(struct sockaddr_storage);
    pair->client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(
        connect(pair->client, (struct sockaddr *)&pair->server_name,
                family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in)),
        0);
    getsockname(pair->client, (struct sockaddr *)&pair->client_name, &len);
}

static void pair_open(struct pair *pair, int family) {
    memset(pair, 0, sizeof(*pair));
    listen_on_loopback(pair, family);
    connect_pair(pair, family);
}

static void pair_close(struct pair *pair) {
    close(pair->client);
    close(pair->listener);
}

// A query that is waited for.
struct asked {
    struct owner_query query;
    sem_t *done;
};

static void answered(struct owner_query *query) {
    sem_post(((struct asked *)query)->done);
}

static void ask(struct owner *owner, struct asked *asked, const struct pair *pair, sem_t *done) {
    *asked = (struct asked){.done = done};
    asked->query.client = pair->client_name;
    asked->query.server = pair->server_name;
    asked->query.answered = answered;
    owner_ask(owner, &asked->query);
}

static bool find(struct owner *owner, struct process_identity *out, const struct pair *pair) {
    struct asked asked;
    sem_t done;
    sem_init(&done, 0, 0);
    ask(owner, &asked, pair, &done);
    while (sem_wait(&done) != 0) {
    }
    sem_destroy(&done);
    *out = asked.query.found;
    return out->pid != 0;
}

static void finds_ourselves(void **state) {
    const int family = *(int *)*state;
    struct owner *owner = owner_new(NULL);
    struct pair pair;
    struct process_identity found;
    pair_open(&pair, family);
    for (int again = 0; again < 2; again++) { // the second time from what it remembers
        assert_true(find(owner, &found, &pair));
        assert_int_equal(found.pid, getpid());
        assert_string_equal(found.program, "owner_test");
    }
    pair_close(&pair);
    owner_free(owner);
}

// An IPv6 socket that speaks IPv4 stands in the kernel's table of IPv4.
static void finds_mapped_addresses(void **state) {
    (void)state;
    struct owner *owner = owner_new(NULL);
    struct pair pair;
    struct process_identity found;
    memset(&pair, 0, sizeof(pair));
    listen_on_loopback(&pair, AF_INET);
    struct sockaddr_in four;
    memcpy(&four, &pair.server_name, sizeof(four));
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = four.sin_port};
    const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
    memcpy(&six.sin6_addr, mapped, sizeof(mapped));
    pair.client = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (pair.client < 0) {
        skip(); // no IPv6 here
    }
    assert_int_equal(connect(pair.client, (struct sockaddr *)&six, sizeof(six)), 0);
    socklen_t len = sizeof(pair.client_name);
    getsockname(pair.client, (struct sockaddr *)&pair.client_name, &len);
    assert_true(find(owner, &found, &pair));
    assert_int_equal(found.pid, getpid());
    pair_close(&pair);
    owner_free(owner);
}

static void finds_a_child(void **state) {
    (void)state;
    struct owner *owner = owner_new(NULL);
    struct pair pair;
    struct process_identity found;
    int gate[2];
    assert_int_equal(pipe(gate), 0);
    pair_open(&pair, AF_INET);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        close(gate[1]);
        _exit((int)read(gate[0], &byte, 1));
    }
    close(pair.client); // only the child holds it now
    assert_true(find(owner, &found, &pair));
    assert_int_equal(found.pid, child);
    close(gate[1]);
    close(gate[0]);
    waitpid(child, NULL, 0);
    close(pair.listener);
    owner_free(owner);
}

static void finds_nobody_for_a_connection_that_is_not_here(void **state) {
    (void)state;
    struct owner *owner = owner_new(NULL);
    struct pair pair;
    struct process_identity found;
    pair_open(&pair, AF_INET);
    struct sockaddr_in elsewhere = {.sin_family = AF_INET, .sin_port = htons(4711)};
    elsewhere.sin_addr.s_addr = htonl(0xc0000207); // 192.0.2.7
    memcpy(&pair.client_name, &elsewhere, sizeof(elsewhere));
    assert_false(find(owner, &found, &pair));
    assert_int_equal(found.pid, 0);
    assert_string_equal(found.program, "");
    pair_close(&pair);
    owner_free(owner);
}

// ── the cost ────────────────────────────────────────────────────────────────────────────────────

static atomic_size_t links_read;

// Called in the place of readlinkat (the linker's --wrap).
ssize_t __wrap_readlinkat(int folder, const char *path, char *out, size_t size);
ssize_t __real_readlinkat(int folder, const char *path, char *out, size_t size);

ssize_t __wrap_readlinkat(int folder, const char *path, char *out, size_t size) {
    atomic_fetch_add(&links_read, 1);
    return __real_readlinkat(folder, path, out, size);
}

enum { BURST = 400 };

// Descriptors are read once for all the connections of a burst, not once for each.
static void a_burst_costs_one_reading(void **state) {
    (void)state;
    static struct pair pairs[BURST];
    static struct asked asked[BURST];
    struct owner *owner = owner_new(NULL);
    struct process_identity found;
    sem_t done;
    sem_init(&done, 0, 0);
    listen_on_loopback(&pairs[0], AF_INET);
    for (size_t i = 0; i < BURST; i++) {
        pairs[i].server_name = pairs[0].server_name;
        connect_pair(&pairs[i], AF_INET);
    }
    assert_true(find(owner, &found, &pairs[0]));
    size_t one_reading = atomic_load(&links_read);
    assert_true(one_reading >= BURST); // It met all descriptors of this process.
    for (size_t i = 0; i < BURST; i++) {
        ask(owner, &asked[i], &pairs[i], &done);
    }
    for (size_t i = 0; i < BURST; i++) {
        while (sem_wait(&done) != 0) {
        }
    }
    for (size_t i = 0; i < BURST; i++) {
        assert_int_equal(asked[i].query.found.pid, getpid());
        close(pairs[i].client);
    }
    // All were known from the first reading: one look each.
    assert_int_equal(atomic_load(&links_read), one_reading + BURST);
    close(pairs[0].listener);
    sem_destroy(&done);
    owner_free(owner);
}

static void what_is_asked_at_the_end_is_answered(void **state) {
    (void)state;
    struct owner *owner = owner_new(NULL);
    struct pair pair;
    struct asked asked[8];
    sem_t done;
    sem_init(&done, 0, 0);
    pair_open(&pair, AF_INET);
    for (size_t i = 0; i < 8; i++) {
        ask(owner, &asked[i], &pair, &done);
    }
    owner_free(owner);
    int count = 0;
    sem_getvalue(&done, &count);
    assert_int_equal(count, 8);
    sem_destroy(&done);
    pair_close(&pair);
}

int main(void) {
    static int four = AF_INET;
    static int six = AF_INET6;
    const struct CMUnitTest tests[] = {
        {.name = "finds_ourselves_by_ipv4", .test_func = finds_ourselves, .initial_state = &four},
        {.name = "finds_ourselves_by_ipv6", .test_func = finds_ourselves, .initial_state = &six},
        cmocka_unit_test(finds_mapped_addresses),
        cmocka_unit_test(finds_a_child),
        cmocka_unit_test(finds_nobody_for_a_connection_that_is_not_here),
        cmocka_unit_test(a_burst_costs_one_reading),
        cmocka_unit_test(what_is_asked_at_the_end_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
