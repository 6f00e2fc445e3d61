// SPDX-License-Identifier: MIT
#include "smtp/caps.h"

#include "check.h"

static struct event_reply_line lines[] = {
    {.text = SLICE_INIT("mx.example")}, {.text = SLICE_INIT("SIZE 1000")},
    {.text = SLICE_INIT("")},           {.text = SLICE_INIT("  AUTH  PLAIN LOGIN ")},
    {.text = SLICE_INIT("starttls")},
};
static const struct event_reply reply = {.lines = lines, .line_count = 5};

static void reads_keywords_behind_the_first_line(void **state) {
    (void)state;
    struct caps *caps = caps_new(&reply, STARTTLS_AS_OFFERED, NULL);
    const struct capabilities *list = caps_list(caps);
    assert_int_equal(list->count, 3);
    check_slice(list->items[0].keyword, "SIZE");
    check_slice(list->items[0].parameters, "1000");
    check_slice(list->items[1].parameters, "PLAIN LOGIN");
    assert_false(capabilities_offer(list, "mx.example"));
    caps_drop(caps);
}

static void shows_starttls_as_the_proxy_does(void **state) {
    (void)state;
    static const struct event_reply without = {.lines = lines, .line_count = 3};
    struct caps *hidden = caps_new(&reply, STARTTLS_HIDDEN, NULL);
    struct caps *added = caps_new(&without, STARTTLS_ADDED, NULL);
    struct caps *twice = caps_new(&reply, STARTTLS_ADDED, NULL);
    assert_false(capabilities_offer(caps_list(hidden), "STARTTLS"));
    assert_true(capabilities_offer(caps_list(added), "STARTTLS"));
    assert_int_equal(caps_list(twice)->count, 3);
    caps_drop(hidden);
    caps_drop(added);
    caps_drop(twice);
}

static void lives_as_long_as_it_is_held(void **state) {
    (void)state;
    struct caps *caps = caps_new(&reply, STARTTLS_AS_OFFERED, NULL);
    struct caps *held = caps_hold(caps);
    caps_drop(caps);
    assert_int_equal(caps_list(held)->count, 3);
    caps_drop(held);
    assert_null(caps_hold(NULL));
    assert_null(caps_list(NULL));
    caps_drop(NULL);
}

static void keeps_no_more_than_the_cap(void **state) {
    (void)state;
    static struct event_reply_line many[LIMIT_CAPABILITIES + 10];
    struct event_reply long_reply = {.lines = many, .line_count = LIMIT_CAPABILITIES + 10};
    for (size_t i = 0; i < long_reply.line_count; i++) {
        many[i].text = SLICE("X");
    }
    struct caps *caps = caps_new(&long_reply, STARTTLS_ADDED, NULL);
    assert_int_equal(caps_list(caps)->count, LIMIT_CAPABILITIES);
    caps_drop(caps);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_keywords_behind_the_first_line),
        cmocka_unit_test(shows_starttls_as_the_proxy_does),
        cmocka_unit_test(lives_as_long_as_it_is_held),
        cmocka_unit_test(keeps_no_more_than_the_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
