// SPDX-License-Identifier: MIT
// Whether a process still holds the client's socket, as the kernel says: real sockets.
#include "net/client.h"

#include "base/address.h"
#include "tcp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <unistd.h>

// [0] is the client's socket, [1] the accepted one.
static struct client client_of(const int pair[2]) {
    struct client client;
    union net_address local = address_local(pair[1]);
    union net_address name = {0};
    socklen_t len = sizeof(name);
    assert_int_equal(getpeername(pair[1], &name.any, &len), 0);
    client_init(&client, &name.any, &local.any);
    return client;
}

static void who_has_sent_its_fin_and_still_reads_is_no_orphan(void **state) {
    (void)state;
    int pair[2];
    tcp_pair(pair);
    struct client client = client_of(pair);
    assert_true(client_is_local(&client));
    assert_false(client_is_orphan(&client, pair[1]));
    shutdown(pair[0], SHUT_WR);
    assert_false(client_is_orphan(&client, pair[1]));
    close(pair[0]);
    assert_true(client_is_orphan(&client, pair[1]));
    close(pair[1]);
}

// The header names a client far away; it is the balancer's socket that is here.
static void behind_a_balancer_the_balancer_is_asked_about(void **state) {
    (void)state;
    int pair[2];
    tcp_pair(pair);
    struct proxy_header header = {.version = PROXY_HEADER_V1, .has_addresses = true};
    assert_true(address_parse(&header.client, "192.0.2.7", 5000));
    assert_true(address_parse(&header.server, "192.0.2.1", 25));
    struct client client;
    client_use_header(&client, &header);
    assert_false(client_is_local(&client));
    assert_false(client_is_orphan(&client, pair[1]));
    close(pair[0]);
    assert_true(client_is_orphan(&client, pair[1]));
    close(pair[1]);
}

static void a_client_elsewhere_is_not_known_to_this_kernel(void **state) {
    (void)state;
    int pair[2];
    struct client client;
    struct sockaddr_storage name, local;
    assert_true(address_parse(&name, "192.0.2.7", 5000));
    assert_true(address_parse(&local, "192.0.2.1", 25));
    tcp_pair(pair);
    client_init(&client, (struct sockaddr *)&name, (struct sockaddr *)&local);
    close(pair[0]);
    assert_false(client_is_orphan(&client, pair[1]));
    close(pair[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_sent_its_fin_and_still_reads_is_no_orphan),
        cmocka_unit_test(behind_a_balancer_the_balancer_is_asked_about),
        cmocka_unit_test(a_client_elsewhere_is_not_known_to_this_kernel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
