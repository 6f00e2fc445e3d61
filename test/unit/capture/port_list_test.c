// SPDX-License-Identifier: MIT
#include "capture/port_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void takes_numbers_and_ranges(void **state) {
    (void)state;
    struct port_list list = {0};
    assert_true(port_list_add(&list, SLICE("25,8000-8999")));
    assert_true(port_list_add(&list, SLICE("65535-65535,1")));
    static const uint16_t in[] = {25, 8000, 8500, 8999, 65535, 1};
    static const uint16_t out[] = {24, 26, 7999, 9000, 65534, 2};
    for (size_t i = 0; i < sizeof(in) / sizeof(in[0]); i++) {
        assert_true(port_list_has(&list, in[i]));
        assert_false(port_list_has(&list, out[i]));
    }
    port_list_cleanup(&list);
}

static void all_is_every_port(void **state) {
    (void)state;
    struct port_list list = {0};
    assert_true(port_list_add(&list, SLICE("all")));
    assert_true(list.all && port_list_has(&list, 1) && port_list_has(&list, 65535));
    assert_false(port_list_has(&list, 0)); // what has no port
    struct port_list copy;
    port_list_copy(&copy, &list);
    assert_true(copy.all);
    port_list_cleanup(&copy);
    port_list_cleanup(&list);
}

static void refuses_what_is_no_list(void **state) {
    (void)state;
    static const char *const words[] = {"",       "x",        "0",   "25,",    ",25",
                                        "25,all", "25,70000", "9-8", "-25",    "25-",
                                        "1-2-3",  "1-70000",  "0-5", "25, 26", "25;26"};
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        struct port_list list = {0};
        assert_false(port_list_add(&list, slice_of_string(words[i])));
        port_list_cleanup(&list);
    }
}

static void a_copy_is_its_own(void **state) {
    (void)state;
    struct port_list list = {0};
    struct port_list copy;
    assert_true(port_list_add(&list, SLICE("25,8000-8999")));
    port_list_copy(&copy, &list);
    port_list_cleanup(&list);
    struct buf text;
    buf_init(&text, 100);
    port_list_put(&text, &copy);
    assert_true(slice_is(buf_slice(&text), "25,8000-8999"));
    buf_cleanup(&text);
    port_list_cleanup(&copy);
}

static void it_is_written_as_it_is_read(void **state) {
    (void)state;
    static const char *const texts[] = {"25,465,8000-8999", "all"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct port_list list = {0};
        struct buf out;
        buf_init(&out, 64);
        assert_true(port_list_add(&list, slice_of_string(texts[i])));
        port_list_put(&out, &list);
        assert_true(slice_is(buf_slice(&out), texts[i]));
        buf_cleanup(&out);
        port_list_cleanup(&list);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_numbers_and_ranges),    cmocka_unit_test(all_is_every_port),
        cmocka_unit_test(refuses_what_is_no_list),     cmocka_unit_test(a_copy_is_its_own),
        cmocka_unit_test(it_is_written_as_it_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
