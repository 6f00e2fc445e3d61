// SPDX-License-Identifier: MIT
// What takes firewall rules is in test/e2e/transparent_*.py; here is what needs none.
#include "net/origdst.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

static struct sockaddr_in v4(const char *address, uint16_t port) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    assert_int_equal(inet_pton(AF_INET, address, &name.sin_addr), 1);
    return name;
}

static void tells_our_addresses_from_others(void **state) {
    (void)state;
    struct sockaddr_in ours = v4("127.0.0.1", 25);
    struct sockaddr_in also_ours = v4("127.9.9.9", 25);
    struct sockaddr_in other = v4("192.0.2.7", 25);
    assert_true(origdst_is_local((struct sockaddr *)&ours));
    assert_true(origdst_is_local((struct sockaddr *)&also_ours));
    assert_false(origdst_is_local((struct sockaddr *)&other));
}

static void knows_a_direct_connection(void **state) {
    (void)state;
    struct sockaddr_in name = v4("127.0.0.1", 0);
    socklen_t len = sizeof(name);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&name, sizeof(name)), 0);
    assert_int_equal(listen(listener, 1), 0);
    getsockname(listener, (struct sockaddr *)&name, &len);
    int client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, (struct sockaddr *)&name, sizeof(name)), 0);
    int accepted = accept(listener, NULL, NULL);
    struct sockaddr_storage found;
    assert_int_equal(origdst_find(&found, accepted, ntohs(name.sin_port)), ORIGDST_DIRECT);
    // Seen from a listener of another port the same connection was going somewhere else (TPROXY).
    assert_int_equal(origdst_find(&found, accepted, 1), ORIGDST_FOUND);
    assert_int_equal(((struct sockaddr_in *)&found)->sin_port, name.sin_port);
    close(accepted);
    close(client);
    close(listener);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_our_addresses_from_others),
        cmocka_unit_test(knows_a_direct_connection),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
