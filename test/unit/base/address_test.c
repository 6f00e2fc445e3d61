// SPDX-License-Identifier: MIT
#include "base/address.h"

#include "check.h"

#include <arpa/inet.h>
#include <string.h>

static struct sockaddr_storage parsed(const char *host) {
    struct sockaddr_storage address;
    assert_true(address_parse(&address, host, 25));
    return address;
}

static void check_text(const struct sockaddr_storage *address, const char *host) {
    struct address_text text = address_text((const struct sockaddr *)address);
    assert_string_equal(text.host, host);
    assert_int_equal(text.port, 25);
}

static void reads_and_writes_both_families(void **state) {
    (void)state;
    static const char *const hosts[] = {"192.0.2.7", "2001:db8::1", "::1"};
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        struct sockaddr_storage address = parsed(hosts[i]);
        check_text(&address, hosts[i]);
    }
    struct sockaddr_storage none;
    assert_false(address_parse(&none, "mail.example.com", 25));
    assert_false(address_parse(&none, "[::1]", 25));
}

static void maps_an_address_and_back(void **state) {
    (void)state;
    struct sockaddr_storage address = parsed("192.0.2.7");
    struct sockaddr_in v4;
    memcpy(&v4, &address, sizeof(v4));
    struct sockaddr_in6 v6 = address_map(&v4);
    char text[INET6_ADDRSTRLEN];
    assert_non_null(inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof(text)));
    assert_string_equal(text, "::ffff:192.0.2.7");
    memset(&address, 0, sizeof(address));
    memcpy(&address, &v6, sizeof(v6));
    check_text(&address, "192.0.2.7");
    address_unmap(&address);
    assert_int_equal(address.ss_family, AF_INET);
    check_text(&address, "192.0.2.7");
}

static void unmaps_nothing_else(void **state) {
    (void)state;
    struct sockaddr_storage v6 = parsed("2001:db8::1");
    address_unmap(&v6);
    assert_int_equal(v6.ss_family, AF_INET6);
    struct sockaddr_storage v4 = parsed("192.0.2.7");
    address_unmap(&v4);
    check_text(&v4, "192.0.2.7");
}

static void check_loopback(const char *host, bool loopback) {
    struct sockaddr_storage address = parsed(host);
    assert_int_equal(address_is_loopback((struct sockaddr *)&address), loopback);
}

static void knows_loopback(void **state) {
    (void)state;
    check_loopback("127.0.0.1", true);
    check_loopback("127.8.9.10", true);
    check_loopback("128.0.0.1", false);
    check_loopback("::1", true);
    check_loopback("::ffff:127.0.0.1", true);
    check_loopback("::ffff:192.0.2.7", false);
    check_loopback("::", false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_both_families),
        cmocka_unit_test(maps_an_address_and_back),
        cmocka_unit_test(unmaps_nothing_else),
        cmocka_unit_test(knows_loopback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
