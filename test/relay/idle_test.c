// SPDX-License-Identifier: MIT
// What an idle session after STARTTLS on both sides holds on the heap: all that is freed with the
// relay. The sockets and `conn` are not in it, nor what the allocator adds: some 2,500 bytes.
#include "relay_wire.h"

#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
// cmocka wants the two above first.
#include <cmocka.h>

enum { HEAP_MAX = 12300 };

static size_t heap_bytes(void) {
    return mallinfo2().uordblks;
}

static void begin_tls(struct wire *wire) {
    wire_say(&wire->server, "220 hello\r\n");
    wire_say(&wire->client, "STARTTLS\r\n");
    wire_run(wire);
    wire_say(&wire->server, "220 go\r\n");
    wire_run(wire);
    wire_server_tls(wire);
    wire_client_tls(wire, "mail.example.com");
}

// The server's certificate does not verify: two findings are kept.
static void an_idle_session_holds_little(void **state) {
    struct wire wire;
    (void)state;
    wire_open(&wire);
    wire_record(&wire);
    wire_start(&wire);
    begin_tls(&wire);
    wire_say(&wire.client, "EHLO inside\r\n");
    wire_say(&wire.server, "250-inside\r\n250-SIZE 1000000\r\n250 8BITMIME\r\n");
    wire_run(&wire);
    size_t before = heap_bytes();
    relay_free(wire.relay);
    wire.relay = NULL;
    size_t held = before - heap_bytes();
    print_message("%zu bytes\n", held);
    assert_true(held <= HEAP_MAX);
    wire_close(&wire);
}

// What the threads' caches hold does not count as free, so that it runs again without them. A
// sanitizer's allocator does not count at all.
int main(int argc, char **argv) {
    (void)argc;
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_idle_session_holds_little)};
    if (getenv("GLIBC_TUNABLES") == NULL) {
        setenv("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0", 1);
        execv(argv[0], argv);
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    wire_end_world();
    return failed;
}
