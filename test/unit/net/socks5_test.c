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

static int new_tunnel(void **state) {
    *state = tunnel_new(&socks5_protocol);
    return 0;
}

static int free_tunnel(void **state) {
    tunnel_free(*state);
    return 0;
}

static void assert_output(struct tunnel *tunnel, struct slice expected) {
    struct slice output = tunnel_output(tunnel);
    assert_int_equal(output.len, expected.len);
    assert_memory_equal(output.data, expected.data, expected.len);
    tunnel_output_sent(tunnel);
    assert_int_equal(tunnel_output(tunnel).len, 0);
}

static void greet(struct tunnel *tunnel) {
    assert_int_equal(tunnel_feed(tunnel, BYTES(5, 1, 0)), 3);
    assert_int_equal(tunnel->state, TUNNEL_EXPECT_REQUEST);
    assert_output(tunnel, BYTES(5, 0));
}

static void ask(struct tunnel *tunnel) {
    greet(tunnel);
    assert_int_equal(tunnel_feed(tunnel, BYTES(5, 1, 0, 1, 192, 0, 2, 7, 2, 75)), 10);
    assert_int_equal(tunnel->state, TUNNEL_CONNECTING);
}

static void takes_an_ipv4_address(void **state) {
    struct tunnel *tunnel = *state;
    ask(tunnel);
    assert_string_equal(tunnel->host, "192.0.2.7");
    assert_false(tunnel->host_is_name);
    assert_int_equal(tunnel->port, 587);
}

static void takes_a_name(void **state) {
    struct tunnel *tunnel = *state;
    greet(tunnel);
    tunnel_feed(tunnel, BYTES(5, 1, 0, 3, 4, 'm', 'a', 'i', 'l', 0, 25));
    assert_int_equal(tunnel->state, TUNNEL_CONNECTING);
    assert_string_equal(tunnel->host, "mail");
    assert_true(tunnel->host_is_name);
    assert_int_equal(tunnel->port, 25);
}

static void takes_an_ipv6_address(void **state) {
    struct tunnel *tunnel = *state;
    greet(tunnel);
    tunnel_feed(tunnel,
                BYTES(5, 1, 0, 4, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 25));
    assert_int_equal(tunnel->state, TUNNEL_CONNECTING);
    assert_string_equal(tunnel->host, "2001:db8::1");
    assert_false(tunnel->host_is_name);
    assert_int_equal(tunnel_output(tunnel).len, 0); // the reply waits for the server
}

static void takes_the_longest_name_and_the_most_methods(void **state) {
    struct tunnel *tunnel = *state;
    uint8_t methods[2 + 255] = {5, 255};
    memset(methods + 2, 9, 254); // the last one is 0
    assert_int_equal(tunnel_feed(tunnel, slice_of(methods, sizeof(methods))), sizeof(methods));
    assert_output(tunnel, BYTES(5, 0));
    uint8_t request[4 + 1 + 255 + 2] = {5, 1, 0, 3, 255};
    memset(request + 5, 'a', 255);
    assert_int_equal(tunnel_feed(tunnel, slice_of(request, sizeof(request))), sizeof(request));
    assert_int_equal(tunnel->state, TUNNEL_CONNECTING);
    assert_int_equal(strlen(tunnel->host), 255);
}

static void gives_the_same_at_every_split(void **state) {
    (void)state;
    const uint8_t all[] = {5, 2, 2, 0, 5, 1, 0, 3, 4, 'm', 'a', 'i', 'l', 0, 25, 'E', 'H'};
    const size_t negotiation = sizeof(all) - 2;
    for (size_t cut = 0; cut <= sizeof(all); cut++) {
        struct tunnel *tunnel = tunnel_new(&socks5_protocol);
        size_t taken = tunnel_feed(tunnel, slice_of(all, cut));
        if (taken == cut) {
            taken += tunnel_feed(tunnel, slice_of(all + cut, sizeof(all) - cut));
        }
        assert_int_equal(taken, negotiation); // what follows it is the client's stream
        assert_int_equal(tunnel->state, TUNNEL_CONNECTING);
        assert_string_equal(tunnel->host, "mail");
        assert_output(tunnel, BYTES(5, 0));
        tunnel_free(tunnel);
    }
}

static void waits_for_half_a_request(void **state) {
    struct tunnel *tunnel = *state;
    greet(tunnel);
    tunnel_feed(tunnel, BYTES(5, 1, 0, 1, 192, 0, 2, 7, 2));
    assert_int_equal(tunnel->state, TUNNEL_EXPECT_REQUEST);
    assert_int_equal(tunnel_output(tunnel).len, 0);
}

static void answers_with_its_ipv4_address(void **state) {
    struct tunnel *tunnel = *state;
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons(258)};
    inet_pton(AF_INET, "192.0.2.1", &four.sin_addr);
    ask(tunnel);
    tunnel_connected(tunnel, (struct sockaddr *)&four);
    assert_int_equal(tunnel->state, TUNNEL_CONNECTED);
    assert_output(tunnel, BYTES(5, 0, 0, 1, 192, 0, 2, 1, 1, 2));
    assert_int_equal(tunnel_feed(tunnel, BYTES('E')), 0);
}

static void answers_with_its_ipv6_address(void **state) {
    struct tunnel *tunnel = *state;
    struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_port = htons(1)};
    six.sin6_addr = in6addr_loopback;
    ask(tunnel);
    tunnel_connected(tunnel, (struct sockaddr *)&six);
    assert_output(tunnel, BYTES(5, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1));
}

static void gives_each_failed_dial_its_reply(void **state) {
    (void)state;
    const struct {
        int error;
        uint8_t reply;
    } rows[] = {{ECONNREFUSED, 5}, {0, 4},         {ENETUNREACH, 4},
                {EHOSTUNREACH, 4}, {ETIMEDOUT, 6}, {EMFILE, 1}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tunnel *tunnel = tunnel_new(&socks5_protocol);
        ask(tunnel);
        tunnel_failed(tunnel, rows[i].error, "a sentence");
        assert_int_equal(tunnel->state, TUNNEL_REFUSED);
        assert_output(tunnel, BYTES(5, rows[i].reply, 0, 1, 0, 0, 0, 0, 0, 0));
        tunnel_free(tunnel);
    }
}

static void refuses_other_versions(void **state) {
    struct tunnel *tunnel = *state;
    tunnel_feed(tunnel, BYTES(4, 1, 0, 25)); // SOCKS4
    assert_int_equal(tunnel->state, TUNNEL_REFUSED);
    assert_output(tunnel, BYTES(5, 0xff));
}

static void refuses_another_version_in_the_request(void **state) {
    struct tunnel *tunnel = *state;
    greet(tunnel);
    tunnel_feed(tunnel, BYTES(4, 1, 0, 1));
    assert_int_equal(tunnel->state, TUNNEL_REFUSED);
    assert_output(tunnel, BYTES(5, 1, 0, 1, 0, 0, 0, 0, 0, 0));
}

static void refuses_methods_without_none(void **state) {
    struct tunnel *tunnel = *state;
    tunnel_feed(tunnel, BYTES(5, 2, 1, 2));
    assert_int_equal(tunnel->state, TUNNEL_REFUSED);
    assert_output(tunnel, BYTES(5, 0xff));
}

static void refuses_an_empty_list_of_methods(void **state) {
    struct tunnel *tunnel = *state;
    tunnel_feed(tunnel, BYTES(5, 0));
    assert_output(tunnel, BYTES(5, 0xff));
}

static void refuses_other_commands(void **state) {
    (void)state;
    for (uint8_t command = 0; command < 5; command++) {
        struct tunnel *tunnel = tunnel_new(&socks5_protocol);
        const uint8_t request[] = {5, command, 0, 1, 192, 0, 2, 7, 2, 75};
        greet(tunnel);
        assert_int_equal(tunnel_feed(tunnel, slice_of(request, sizeof(request))), sizeof(request));
        assert_int_equal(tunnel->state, command == 1 ? TUNNEL_CONNECTING : TUNNEL_REFUSED);
        if (command != 1) {
            assert_output(tunnel, BYTES(5, 7, 0, 1, 0, 0, 0, 0, 0, 0));
        }
        tunnel_free(tunnel);
    }
}

static void refuses_other_address_types(void **state) {
    struct tunnel *tunnel = *state;
    greet(tunnel);
    tunnel_feed(tunnel, BYTES(5, 1, 0, 2, 1));
    assert_int_equal(tunnel->state, TUNNEL_REFUSED);
    assert_output(tunnel, BYTES(5, 8, 0, 1, 0, 0, 0, 0, 0, 0));
}

static void refuses_an_empty_name(void **state) {
    struct tunnel *tunnel = *state;
    greet(tunnel);
    tunnel_feed(tunnel, BYTES(5, 1, 0, 3, 0, 0, 25));
    assert_output(tunnel, BYTES(5, 4, 0, 1, 0, 0, 0, 0, 0, 0));
}

static void refuses_a_name_with_a_nul(void **state) {
    struct tunnel *tunnel = *state;
    greet(tunnel);
    tunnel_feed(tunnel, BYTES(5, 1, 0, 3, 3, 'a', 0, 'b', 0, 25));
    assert_int_equal(tunnel->state, TUNNEL_REFUSED);
    assert_output(tunnel, BYTES(5, 4, 0, 1, 0, 0, 0, 0, 0, 0));
}

#define WITH_TUNNEL(test) cmocka_unit_test_setup_teardown(test, new_tunnel, free_tunnel)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_TUNNEL(takes_an_ipv4_address),
        WITH_TUNNEL(takes_a_name),
        WITH_TUNNEL(takes_an_ipv6_address),
        WITH_TUNNEL(takes_the_longest_name_and_the_most_methods),
        cmocka_unit_test(gives_the_same_at_every_split),
        WITH_TUNNEL(waits_for_half_a_request),
        WITH_TUNNEL(answers_with_its_ipv4_address),
        WITH_TUNNEL(answers_with_its_ipv6_address),
        cmocka_unit_test(gives_each_failed_dial_its_reply),
        WITH_TUNNEL(refuses_other_versions),
        WITH_TUNNEL(refuses_another_version_in_the_request),
        WITH_TUNNEL(refuses_methods_without_none),
        WITH_TUNNEL(refuses_an_empty_list_of_methods),
        cmocka_unit_test(refuses_other_commands),
        WITH_TUNNEL(refuses_other_address_types),
        WITH_TUNNEL(refuses_an_empty_name),
        WITH_TUNNEL(refuses_a_name_with_a_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
