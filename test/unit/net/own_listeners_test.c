// SPDX-License-Identifier: MIT
#include "net/own_listeners.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/address.h"

#include <unistd.h>

// Listens on a free port of `host`, which is returned; skips where there is no such family.
static uint16_t add_listener(struct own_listeners *own, const char *host) {
    struct sockaddr_storage address;
    assert_true(address_parse(&address, host, 0));
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 ||
        bind(fd, (struct sockaddr *)&address, address_len((struct sockaddr *)&address)) != 0) {
        skip(); // no IPv6 here
    }
    own_listeners_add(own, fd);
    uint16_t port = address_of_socket(fd).port;
    close(fd);
    return port;
}

static bool have(const struct own_listeners *own, const char *host, uint16_t port) {
    struct sockaddr_storage address;
    assert_true(address_parse(&address, host, port));
    bool by_address = own_listeners_have(own, (struct sockaddr *)&address);
    assert_int_equal(own_listeners_have_host(own, host, port), by_address);
    return by_address;
}

static void one_address_is_that_alone(void **state) {
    (void)state;
    struct own_listeners own = {0};
    uint16_t port = add_listener(&own, "127.0.0.1");
    assert_true(have(&own, "127.0.0.1", port));
    assert_true(have(&own, "0.0.0.0", port));
    assert_true(have(&own, "::ffff:127.0.0.1", port));
    assert_false(have(&own, "127.0.0.2", port));
    assert_false(have(&own, "127.0.0.1", (uint16_t)(port ^ 1)));
    assert_false(have(&own, "::1", port));
    assert_true(own_listeners_have_host(&own, "localhost", port));
    assert_false(own_listeners_have_host(&own, "no-such-host.invalid", port));
    own_listeners_cleanup(&own);
}

static void a_wildcard_is_every_address_of_this_machine(void **state) {
    (void)state;
    struct own_listeners own = {0};
    uint16_t port = add_listener(&own, "0.0.0.0");
    assert_true(have(&own, "127.0.0.1", port));
    assert_true(have(&own, "127.9.9.9", port));
    assert_true(have(&own, "0.0.0.0", port));
    assert_false(have(&own, "192.0.2.7", port));
    assert_false(have(&own, "::1", port));
    own_listeners_cleanup(&own);
}

static void ipv6_too(void **state) {
    (void)state;
    struct own_listeners own = {0};
    uint16_t port = add_listener(&own, "::1");
    assert_true(have(&own, "::1", port));
    assert_true(have(&own, "::", port));
    assert_false(have(&own, "127.0.0.1", port));
    assert_false(have(&own, "2001:db8::1", port));
    own_listeners_cleanup(&own);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_address_is_that_alone),
        cmocka_unit_test(a_wildcard_is_every_address_of_this_machine),
        cmocka_unit_test(ipv6_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
