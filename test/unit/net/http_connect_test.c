// SPDX-License-Identifier: MIT
#include "net/http_connect.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int new_tunnel(void **state) {
    *state = tunnel_new(&http_connect_protocol);
    return 0;
}

static int free_tunnel(void **state) {
    tunnel_free(*state);
    return 0;
}

static void assert_connecting(struct tunnel *tunnel, const char *request, const char *host,
                              uint16_t port) {
    struct slice bytes = slice_of_string(request);
    assert_int_equal(tunnel_feed(tunnel, bytes), bytes.len);
    assert_int_equal(tunnel->state, TUNNEL_CONNECTING);
    assert_string_equal(tunnel->host, host);
    assert_int_equal(tunnel->port, port);
    assert_int_equal(tunnel_output(tunnel).len, 0); // the answer waits for the server
}

// Whole, with a body as long as it says.
static void assert_answer(struct tunnel *tunnel, const char *status) {
    struct slice answer = tunnel_output(tunnel);
    char start[80];
    char length[40];
    snprintf(start, sizeof(start), "HTTP/1.1 %s\r\n", status);
    assert_true(slice_starts_with(answer, slice_of_string(start)));
    size_t head = slice_find(answer, SLICE("\r\n\r\n")) + 4;
    assert_true(head < answer.len);
    snprintf(length, sizeof(length), "\r\nContent-Length: %zu\r\n", answer.len - head);
    assert_true(slice_find(answer, slice_of_string(length)) != SLICE_NONE);
}

static void assert_refused(const char *request, const char *status) {
    struct tunnel *tunnel = tunnel_new(&http_connect_protocol);
    tunnel_feed(tunnel, slice_of_string(request));
    assert_int_equal(tunnel->state, TUNNEL_REFUSED);
    assert_answer(tunnel, status);
    tunnel_free(tunnel);
}

static void takes_a_name(void **state) {
    assert_connecting(*state,
                      "CONNECT mail.example.com:587 HTTP/1.1\r\nHost: mail.example.com:587\r\n"
                      "Proxy-Authorization: Basic c2VjcmV0\r\n\r\n",
                      "mail.example.com", 587);
    assert_true(((struct tunnel *)*state)->host_is_name);
}

static void takes_an_ipv4_address(void **state) {
    assert_connecting(*state, "CONNECT 192.0.2.7:25 HTTP/1.0\r\n\r\n", "192.0.2.7", 25);
    assert_false(((struct tunnel *)*state)->host_is_name);
}

static void takes_an_ipv6_address_in_brackets(void **state) {
    assert_connecting(*state, "CONNECT [2001:db8::1]:465 HTTP/1.1\r\n\r\n", "2001:db8::1", 465);
    assert_false(((struct tunnel *)*state)->host_is_name);
}

static void reads_over_empty_lines_before_the_request(void **state) {
    assert_connecting(*state, "\r\n\nCONNECT a:1 HTTP/1.1\r\n\r\n", "a", 1);
}

static void a_lone_lf_ends_a_line(void **state) {
    assert_connecting(*state, "CONNECT a:1 HTTP/1.1\nHost: a:1\n\n", "a", 1);
}

static void gives_the_same_at_every_split(void **state) {
    (void)state;
    const struct slice all = SLICE("CONNECT mail:25 HTTP/1.1\r\nHost: mail:25\r\n\r\nEHLO me");
    for (size_t cut = 0; cut <= all.len; cut++) {
        struct tunnel *tunnel = tunnel_new(&http_connect_protocol);
        size_t taken = tunnel_feed(tunnel, slice_sub(all, 0, cut));
        if (taken == cut) {
            taken += tunnel_feed(tunnel, slice_from(all, cut));
        }
        assert_int_equal(taken, all.len - strlen("EHLO me")); // the client's stream
        assert_int_equal(tunnel->state, TUNNEL_CONNECTING);
        assert_string_equal(tunnel->host, "mail");
        tunnel_free(tunnel);
    }
}

static void waits_for_the_empty_line(void **state) {
    struct tunnel *tunnel = *state;
    tunnel_feed(tunnel, SLICE("CONNECT mail:25 HTTP/1.1\r\nHost: mail:25\r\n"));
    assert_int_equal(tunnel->state, TUNNEL_EXPECT_REQUEST);
    assert_int_equal(tunnel_output(tunnel).len, 0);
}

// RFC 9110 9.3.6: a 2xx to CONNECT has no content, and no field that says how much.
static void answers_200_when_the_server_is_connected(void **state) {
    struct tunnel *tunnel = *state;
    tunnel_feed(tunnel, SLICE("CONNECT mail:25 HTTP/1.1\r\n\r\n"));
    tunnel_connected(tunnel, NULL);
    assert_int_equal(tunnel->state, TUNNEL_CONNECTED);
    assert_true(
        slice_equal(tunnel_output(tunnel), SLICE("HTTP/1.1 200 Connection established\r\n\r\n")));
    assert_int_equal(tunnel_feed(tunnel, SLICE("EHLO me")), 0);
}

static void answers_a_failed_dial_with_its_reason(void **state) {
    (void)state;
    const struct {
        int error;
        const char *status;
    } rows[] = {{ECONNREFUSED, "502 Bad Gateway"},
                {0, "502 Bad Gateway"}, // no such name
                {EHOSTUNREACH, "502 Bad Gateway"},
                {ETIMEDOUT, "504 Gateway Timeout"}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tunnel *tunnel = tunnel_new(&http_connect_protocol);
        tunnel_feed(tunnel, SLICE("CONNECT mail:25 HTTP/1.1\r\n\r\n"));
        tunnel_failed(tunnel, rows[i].error, "the server is down");
        assert_int_equal(tunnel->state, TUNNEL_REFUSED);
        assert_answer(tunnel, rows[i].status);
        assert_true(slice_find(tunnel_output(tunnel), SLICE("the server is down")) != SLICE_NONE);
        tunnel_free(tunnel);
    }
}

static void a_reason_moves_no_terminal(void **state) {
    struct tunnel *tunnel = *state;
    tunnel_feed(tunnel, SLICE("CONNECT mail:25 HTTP/1.1\r\n\r\n"));
    tunnel_failed(tunnel, ECONNREFUSED, "no such name: 'a\x1b[2Jb'");
    assert_answer(tunnel, "502 Bad Gateway");
    assert_true(slice_find_byte(tunnel_output(tunnel), 0x1b) == SLICE_NONE);
}

static void the_longest_reason_fits(void **state) {
    struct tunnel *tunnel = *state;
    char reason[FAILURE_MAX];
    memset(reason, 'x', sizeof(reason) - 1);
    reason[sizeof(reason) - 1] = '\0';
    tunnel_feed(tunnel, SLICE("CONNECT mail:25 HTTP/1.1\r\n\r\n"));
    tunnel_failed(tunnel, ECONNREFUSED, reason);
    assert_answer(tunnel, "502 Bad Gateway");
}

static void other_methods_are_405(void **state) {
    (void)state;
    assert_refused("GET http://example.com/ HTTP/1.1\r\nHost: example.com\r\n\r\n",
                   "405 Method Not Allowed");
    assert_refused("POST / HTTP/1.1\r\n\r\n", "405 Method Not Allowed");
    assert_refused("connect mail:25 HTTP/1.1\r\n\r\n", "405 Method Not Allowed"); // case matters
}

static void bad_requests_are_400(void **state) {
    (void)state;
    assert_refused("CONNECT mail HTTP/1.1\r\n\r\n", "400 Bad Request");
    assert_refused("CONNECT mail: HTTP/1.1\r\n\r\n", "400 Bad Request");
    assert_refused("CONNECT mail:0 HTTP/1.1\r\n\r\n", "400 Bad Request");
    assert_refused("CONNECT mail:65536 HTTP/1.1\r\n\r\n", "400 Bad Request");
    assert_refused("CONNECT mail:25x HTTP/1.1\r\n\r\n", "400 Bad Request");
    assert_refused("CONNECT :25 HTTP/1.1\r\n\r\n", "400 Bad Request");
    assert_refused("CONNECT 2001:db8::1:25 HTTP/1.1\r\n\r\n", "400 Bad Request");
    assert_refused("CONNECT [mail]:25 HTTP/1.1\r\n\r\n", "400 Bad Request");
    assert_refused("CONNECT mail:25 HTTP/1.1 more\r\n\r\n", "400 Bad Request");
    assert_refused("CONNECT mail:25\r\n\r\n", "400 Bad Request");
    assert_refused("EHLO client.example.com\r\n\r\n", "400 Bad Request");
}

static void another_protocol_is_refused_by_its_first_byte(void **state) {
    (void)state;
    assert_refused("\x16", "400 Bad Request"); // a ClientHello
    assert_refused("\x05", "400 Bad Request"); // SOCKS5
}

static void a_header_without_an_end_is_431(void **state) {
    struct tunnel *tunnel = *state;
    static uint8_t header[LIMIT_HTTP_HEAD + 1];
    memset(header, 'a', sizeof(header));
    assert_int_equal(tunnel_feed(tunnel, slice_of(header, sizeof(header))), LIMIT_HTTP_HEAD);
    assert_int_equal(tunnel->state, TUNNEL_REFUSED);
    assert_answer(tunnel, "431 Request Header Fields Too Large");
}

#define WITH_TUNNEL(test) cmocka_unit_test_setup_teardown(test, new_tunnel, free_tunnel)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_TUNNEL(takes_a_name),
        WITH_TUNNEL(takes_an_ipv4_address),
        WITH_TUNNEL(takes_an_ipv6_address_in_brackets),
        WITH_TUNNEL(reads_over_empty_lines_before_the_request),
        WITH_TUNNEL(a_lone_lf_ends_a_line),
        cmocka_unit_test(gives_the_same_at_every_split),
        WITH_TUNNEL(waits_for_the_empty_line),
        WITH_TUNNEL(answers_200_when_the_server_is_connected),
        cmocka_unit_test(answers_a_failed_dial_with_its_reason),
        WITH_TUNNEL(a_reason_moves_no_terminal),
        WITH_TUNNEL(the_longest_reason_fits),
        cmocka_unit_test(other_methods_are_405),
        cmocka_unit_test(bad_requests_are_400),
        cmocka_unit_test(another_protocol_is_refused_by_its_first_byte),
        WITH_TUNNEL(a_header_without_an_end_is_431),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
