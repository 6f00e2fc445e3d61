// SPDX-License-Identifier: MIT
#include "net/lookup.h"

#include "base/limits.h"
#include "base/thread.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <semaphore.h>
#include <stdbool.h>

// Called in the place of getaddrinfo (the linker's --wrap): waits as a server that does not answer.
static sem_t may_answer;

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **out);
int __real_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **out);

int __wrap_getaddrinfo(const char *host, const char *port, const struct addrinfo *hints,
                       struct addrinfo **out) {
    while (sem_wait(&may_answer) != 0) {
    }
    return __real_getaddrinfo(host, port, hints, out);
}

// Called in the place of thread_start.
static bool no_threads;

int __wrap_thread_start(pthread_t *out, void *(*body)(void *context), void *context);
int __real_thread_start(pthread_t *out, void *(*body)(void *context), void *context);

int __wrap_thread_start(pthread_t *out, void *(*body)(void *context), void *context) {
    return no_threads ? EAGAIN : __real_thread_start(out, body, context);
}

struct answer {
    unsigned calls;
    int error;
    int family;
};

static void done(void *context, int error, const struct addrinfo *list) {
    struct answer *answer = context;
    answer->calls++;
    answer->error = error;
    answer->family = list == NULL ? 0 : list->ai_family;
}

static void let_answer(unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        sem_post(&may_answer);
    }
}

static void names_become_addresses(void **state) {
    (void)state;
    uv_loop_t loop;
    struct answer good = {0};
    struct answer bad = {0};
    struct lookups *lookups = lookups_new();
    uv_loop_init(&loop);
    lookup_start(lookups, &loop, "127.0.0.1", done, &good);
    lookup_start(lookups, &loop, "no such name", done, &bad);
    assert_int_equal(good.calls, 0);
    let_answer(2);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(good.calls, 1);
    assert_int_equal(good.error, 0);
    assert_int_equal(good.family, AF_INET);
    assert_int_equal(bad.calls, 1);
    assert_int_not_equal(bad.error, 0);
    assert_int_equal(uv_loop_close(&loop), 0);
    lookups_free(lookups);
}

// More than there are threads: some wait, some are under way.
static void nothing_waits_for_what_is_cancelled(void **state) {
    (void)state;
    enum { COUNT = 2 * LIMIT_LOOKUPS };
    uv_loop_t loop;
    struct answer answer = {0};
    struct lookup *all[COUNT];
    struct lookups *lookups = lookups_new();
    uv_loop_init(&loop);
    for (unsigned i = 0; i < COUNT; i++) {
        all[i] = lookup_start(lookups, &loop, "127.0.0.1", done, &answer);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        lookup_cancel(all[i]);
    }
    uv_run(&loop, UV_RUN_DEFAULT); // It would hang here: nothing may be answered yet.
    assert_int_equal(uv_loop_close(&loop), 0);
    assert_int_equal(answer.calls, 0);
    lookups_free(lookups);
    let_answer(COUNT); // Their threads end, and free what is left.
}

static void one_that_is_done_can_be_cancelled(void **state) {
    (void)state;
    uv_loop_t loop;
    struct answer first = {0};
    struct answer second = {0};
    struct lookups *lookups = lookups_new();
    uv_loop_init(&loop);
    let_answer(2);
    struct lookup *lookup = lookup_start(lookups, &loop, "127.0.0.1", done, &first);
    lookup_start(lookups, &loop, "127.0.0.1", done, &second);
    while (second.calls == 0 && first.calls == 0) {
        uv_run(&loop, UV_RUN_ONCE);
    }
    if (first.calls == 0) {
        lookup_cancel(lookup);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&loop), 0);
    lookups_free(lookups);
}

// It would hang here.
static void without_a_thread_it_fails_at_once(void **state) {
    (void)state;
    uv_loop_t loop;
    struct answer answer = {0};
    struct answer later = {0};
    struct lookups *lookups = lookups_new();
    uv_loop_init(&loop);
    no_threads = true;
    lookup_start(lookups, &loop, "127.0.0.1", done, &answer);
    lookup_cancel(lookup_start(lookups, &loop, "127.0.0.1", done, &answer));
    assert_int_equal(answer.calls, 0);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(answer.calls, 1);
    assert_int_equal(answer.error, LOOKUP_NO_THREAD);
    no_threads = false;
    let_answer(1);
    lookup_start(lookups, &loop, "127.0.0.1", done, &later);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(later.family, AF_INET);
    assert_int_equal(uv_loop_close(&loop), 0);
    lookups_free(lookups);
}

int main(void) {
    sem_init(&may_answer, 0, 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_become_addresses),
        cmocka_unit_test(one_that_is_done_can_be_cancelled),
        cmocka_unit_test(nothing_waits_for_what_is_cancelled),
        cmocka_unit_test(without_a_thread_it_fails_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
