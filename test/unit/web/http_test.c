// SPDX-License-Identifier: MIT
// Who is late with a request, by a clock that is the test's: clock_monotonic_ms is called here.
#include "web/http_parts.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const char head_begin[] = "GET /healthz HTTP/1.1\r\nHost: loc";
static const char head_end[] = "alhost\r\n\r\n";

static uint64_t now_ms;

uint64_t __wrap_clock_monotonic_ms(void);

uint64_t __wrap_clock_monotonic_ms(void) {
    return now_ms;
}

struct stage {
    uv_loop_t loop;
    struct metrics metrics;
    struct api api;
    struct entrance *entrance;
    struct http *http;
    int client;
    char answer[4096];
};

static uint16_t port_of(const struct stage *stage) {
    struct buf address;
    buf_init(&address, 64);
    entrance_put_address(&address, stage->entrance);
    buf_put_byte(&address, '\0');
    const char *text = (const char *)buf_slice(&address).data;
    unsigned long port = strtoul(strrchr(text, ':') + 1, NULL, 10);
    buf_cleanup(&address);
    return (uint16_t)port;
}

static int connect_to(uint16_t port) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&name, sizeof(name)), 0);
    return fd;
}

static void client_sends(const struct stage *stage, const char *text) {
    assert_int_equal(send(stage->client, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static bool is_unread(const struct stage *stage) {
    char byte;
    return recv(stage->http->connections->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

// A client has begun to send a request, and that much is read.
static void stage_open(struct stage *stage) {
    now_ms = 1000;
    *stage = (struct stage){.api = {.version = "0"}};
    stage->api.store = store_new(MIB);
    stage->api.feed = feed_new(MIB);
    stage->api.metrics = &stage->metrics;
    stage->api.guard = (struct guard){.token = "0123456789abcdef", .bound = "127.0.0.1"};
    uv_loop_init(&stage->loop);
    assert_int_equal(entrance_new(&stage->entrance, NULL, "127.0.0.1", 0), OK);
    assert_int_equal(http_new(&stage->http, NULL, &stage->loop, &stage->api, stage->entrance), OK);
    stage->client = connect_to(port_of(stage));
    client_sends(stage, head_begin);
    while (stage->http->connections == NULL || is_unread(stage)) {
        uv_run(&stage->loop, UV_RUN_ONCE);
    }
}

static void closed(void *context) {
    (void)context;
}

static void stage_close(struct stage *stage) {
    http_close(stage->http, closed, NULL);
    uv_run(&stage->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&stage->loop), 0);
    http_free(stage->http);
    entrance_free(stage->entrance);
    store_free(stage->api.store);
    feed_free(stage->api.feed);
    close(stage->client);
}

static void sweep(struct stage *stage) {
    stage->http->sweep.timer_cb(&stage->http->sweep);
}

// The status of what the client is answered; the rest of the answer follows the first read.
static int status_heard(struct stage *stage) {
    ssize_t len = -1;
    while (len < 0) {
        uv_run(&stage->loop, UV_RUN_NOWAIT);
        len = recv(stage->client, stage->answer, sizeof(stage->answer) - 1, MSG_DONTWAIT);
    }
    stage->answer[len] = '\0';
    assert_int_equal(strncmp(stage->answer, "HTTP/1.1 ", 9), 0);
    return (int)strtol(stage->answer + 9, NULL, 10);
}

static void a_client_that_is_silent_is_turned_away(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage);
    now_ms += WEB_REQUEST_MS - 1;
    sweep(&stage);
    assert_true(stage.http->connections->due_ms > 0);
    now_ms += 1;
    sweep(&stage);
    assert_int_equal(status_heard(&stage), 408);
    stage_close(&stage);
}

// In a turn of the loop timers come before sockets.
static void a_request_that_a_late_loop_has_yet_to_read_is_answered(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage);
    client_sends(&stage, head_end);
    now_ms += 10 * WEB_REQUEST_MS;
    sweep(&stage);
    assert_int_equal(status_heard(&stage), 200);
    stage_close(&stage);
}

static void bytes_that_end_no_request_are_waited_for_once(void **state) {
    struct stage stage;
    (void)state;
    stage_open(&stage);
    client_sends(&stage, "al");
    now_ms += WEB_REQUEST_MS;
    sweep(&stage);
    client_sends(&stage, "ho");
    now_ms += WEB_SWEEP_MS;
    sweep(&stage);
    assert_true(stage.http->connections == NULL || stage.http->connections->due_ms == 0);
    assert_int_equal(status_heard(&stage), 408);
    stage_close(&stage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_is_silent_is_turned_away),
        cmocka_unit_test(a_request_that_a_late_loop_has_yet_to_read_is_answered),
        cmocka_unit_test(bytes_that_end_no_request_are_waited_for_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
