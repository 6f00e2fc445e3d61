// SPDX-License-Identifier: MIT
#include "net/socks5.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#define BYTES(...) slice_of((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void assert_output(struct socks5 *socks5, struct slice expected) {
    struct slice output = socks5_output(socks5);
    assert_int_equal(output.len, expected.len);
    assert_memory_equal(output.data, expected.data, expected.len);
    socks5_output_sent(socks5);
    assert_int_equal(socks5_output(socks5).len, 0);
}

static void greet(struct socks5 *socks5) {
    memset(socks5, 0, sizeof(*socks5));
    assert_int_equal(socks5_feed(socks5, BYTES(5, 1, 0)), 3);
    assert_int_equal(socks5->state, SOCKS5_EXPECT_REQUEST);
    assert_output(socks5, BYTES(5, 0));
}

static void takes_each_address_type(void **state) {
    (void)state;
    struct socks5 socks5;
    greet(&socks5);
    assert_int_equal(socks5_feed(&socks5, BYTES(5, 1, 0, 1, 192, 0, 2, 7, 2, 75)), 10);
    assert_int_equal(socks5.state, SOCKS5_CONNECTING);
    assert_string_equal(socks5.host, "192.0.2.7");
    assert_false(socks5.host_is_name);
    assert_int_equal(socks5.port, 587);

    greet(&socks5);
    socks5_feed(&socks5, BYTES(5, 1, 0, 3, 4, 'm', 'a', 'i', 'l', 0, 25));
    assert_int_equal(socks5.state, SOCKS5_CONNECTING);
    assert_string_equal(socks5.host, "mail");
    assert_true(socks5.host_is_name);
    assert_int_equal(socks5.port, 25);

    greet(&socks5);
    socks5_feed(&socks5,
                BYTES(5, 1, 0, 4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 25));
    assert_int_equal(socks5.state, SOCKS5_CONNECTING);
    assert_string_equal(socks5.host, "2001:db8::1");
    assert_int_equal(socks5_output(&socks5).len, 0); // the reply waits for the server
}

static void takes_the_longest_name_and_the_most_methods(void **state) {
    (void)state;
    uint8_t methods[2 + 255] = {5, 255};
    memset(methods + 2, 9, 254); // the last one is 0
    struct socks5 socks5 = {0};
    assert_int_equal(socks5_feed(&socks5, slice_of(methods, sizeof(methods))), sizeof(methods));
    assert_output(&socks5, BYTES(5, 0));
    uint8_t request[4 + 1 + 255 + 2] = {5, 1, 0, 3, 255};
    memset(request + 5, 'a', 255);
    assert_int_equal(socks5_feed(&socks5, slice_of(request, sizeof(request))), sizeof(request));
    assert_int_equal(socks5.state, SOCKS5_CONNECTING);
    assert_int_equal(strlen(socks5.host), 255);
}

static void gives_the_same_at_every_split(void **state) {
    (void)state;
    const uint8_t all[] = {5, 2, 2, 0, 5, 1, 0, 3, 4, 'm', 'a', 'i', 'l', 0, 25, 'E', 'H'};
    const size_t negotiation = sizeof(all) - 2;
    for (size_t cut = 0; cut <= sizeof(all); cut++) {
        struct socks5 socks5 = {0};
        size_t taken = socks5_feed(&socks5, slice_of(all, cut));
        if (taken == cut) {
            taken += socks5_feed(&socks5, slice_of(all + cut, sizeof(all) - cut));
        }
        assert_int_equal(taken, negotiation); // what is behind it is the client's stream
        assert_int_equal(socks5.state, SOCKS5_CONNECTING);
        assert_string_equal(socks5.host, "mail");
        assert_output(&socks5, BYTES(5, 0));
    }
}

static void waits_for_half_a_request(void **state) {
    (void)state;
    struct socks5 socks5;
    greet(&socks5);
    socks5_feed(&socks5, BYTES(5, 1, 0, 1, 192, 0, 2, 7, 2));
    assert_int_equal(socks5.state, SOCKS5_EXPECT_REQUEST);
    assert_int_equal(socks5_output(&socks5).len, 0);
}

static void answers_when_the_server_is_connected(void **state) {
    (void)state;
    struct socks5 socks5;
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(258)};
    inet_pton(AF_INET, "192.0.2.1", &four.sin_addr);
    greet(&socks5);
    socks5_feed(&socks5, BYTES(5, 1, 0, 1, 192, 0, 2, 7, 2, 75));
    socks5_answer_connected(&socks5, (struct sockaddr *)&four);
    assert_int_equal(socks5.state, SOCKS5_CONNECTED);
    assert_output(&socks5, BYTES(5, 0, 0, 1, 192, 0, 2, 1, 1, 2));
    assert_int_equal(socks5_feed(&socks5, BYTES('E')), 0);

    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(1)};
    six.sin6_addr = in6addr_loopback;
    greet(&socks5);
    socks5_feed(&socks5, BYTES(5, 1, 0, 1, 192, 0, 2, 7, 2, 75));
    socks5_answer_connected(&socks5, (struct sockaddr *)&six);
    assert_output(&socks5, BYTES(5, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1));
}

static void answers_a_failed_dial(void **state) {
    (void)state;
    struct socks5 socks5;
    greet(&socks5);
    socks5_feed(&socks5, BYTES(5, 1, 0, 1, 192, 0, 2, 7, 2, 75));
    socks5_answer_failed(&socks5, SOCKS5_CONNECTION_REFUSED);
    assert_int_equal(socks5.state, SOCKS5_REFUSED);
    assert_output(&socks5, BYTES(5, 5, 0, 1, 0, 0, 0, 0, 0, 0));
}

static void refuses_other_versions(void **state) {
    (void)state;
    struct socks5 socks5 = {0};
    socks5_feed(&socks5, BYTES(4, 1, 0, 25)); // SOCKS4
    assert_int_equal(socks5.state, SOCKS5_REFUSED);
    assert_output(&socks5, BYTES(5, 0xff));

    greet(&socks5);
    socks5_feed(&socks5, BYTES(4, 1, 0, 1));
    assert_int_equal(socks5.state, SOCKS5_REFUSED);
    assert_output(&socks5, BYTES(5, 1, 0, 1, 0, 0, 0, 0, 0, 0));
}

static void refuses_methods_without_none(void **state) {
    (void)state;
    struct socks5 socks5 = {0};
    socks5_feed(&socks5, BYTES(5, 2, 1, 2));
    assert_int_equal(socks5.state, SOCKS5_REFUSED);
    assert_output(&socks5, BYTES(5, 0xff));
    memset(&socks5, 0, sizeof(socks5));
    socks5_feed(&socks5, BYTES(5, 0));
    assert_output(&socks5, BYTES(5, 0xff));
}

static void refuses_other_commands_and_address_types(void **state) {
    (void)state;
    struct socks5 socks5;
    for (uint8_t command = 0; command < 5; command++) {
        greet(&socks5);
        const uint8_t request[] = {5, command, 0, 1, 192, 0, 2, 7, 2, 75};
        assert_int_equal(socks5_feed(&socks5, slice_of(request, sizeof(request))), sizeof(request));
        assert_int_equal(socks5.state, command == 1 ? SOCKS5_CONNECTING : SOCKS5_REFUSED);
        if (command != 1) {
            assert_output(&socks5, BYTES(5, 7, 0, 1, 0, 0, 0, 0, 0, 0));
        }
    }
    greet(&socks5);
    socks5_feed(&socks5, BYTES(5, 1, 0, 2, 1));
    assert_int_equal(socks5.state, SOCKS5_REFUSED);
    assert_output(&socks5, BYTES(5, 8, 0, 1, 0, 0, 0, 0, 0, 0));
}

static void refuses_names_that_cannot_exist(void **state) {
    (void)state;
    struct socks5 socks5;
    greet(&socks5);
    socks5_feed(&socks5, BYTES(5, 1, 0, 3, 0, 0, 25));
    assert_output(&socks5, BYTES(5, 4, 0, 1, 0, 0, 0, 0, 0, 0));
    greet(&socks5);
    socks5_feed(&socks5, BYTES(5, 1, 0, 3, 3, 'a', 0, 'b', 0, 25));
    assert_int_equal(socks5.state, SOCKS5_REFUSED);
    assert_output(&socks5, BYTES(5, 4, 0, 1, 0, 0, 0, 0, 0, 0));
}

static void gives_each_errno_its_reply(void **state) {
    (void)state;
    assert_int_equal(socks5_reply_of_errno(ECONNREFUSED), 5);
    assert_int_equal(socks5_reply_of_errno(ENETUNREACH), 4);
    assert_int_equal(socks5_reply_of_errno(EHOSTUNREACH), 4);
    assert_int_equal(socks5_reply_of_errno(ETIMEDOUT), 6);
    assert_int_equal(socks5_reply_of_errno(EMFILE), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_each_address_type),
        cmocka_unit_test(takes_the_longest_name_and_the_most_methods),
        cmocka_unit_test(gives_the_same_at_every_split),
        cmocka_unit_test(waits_for_half_a_request),
        cmocka_unit_test(answers_when_the_server_is_connected),
        cmocka_unit_test(answers_a_failed_dial),
        cmocka_unit_test(refuses_other_versions),
        cmocka_unit_test(refuses_methods_without_none),
        cmocka_unit_test(refuses_other_commands_and_address_types),
        cmocka_unit_test(refuses_names_that_cannot_exist),
        cmocka_unit_test(gives_each_errno_its_reply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
