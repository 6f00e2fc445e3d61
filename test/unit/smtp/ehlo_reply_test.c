// SPDX-License-Identifier: MIT
#include "smtp/ehlo_reply.h"

#include "check.h"

static const struct slice keyword = SLICE_INIT("STARTTLS");

struct form {
    const char *reply;
    const char *due;
};

static void check_forms(const struct form *forms, size_t count,
                        void (*edit)(struct buf *, struct slice, struct slice)) {
    for (size_t i = 0; i < count; i++) {
        struct buf out;
        buf_init(&out, 1024);
        edit(&out, slice_of_string(forms[i].reply), keyword);
        check_slice(buf_slice(&out), forms[i].due);
        buf_cleanup(&out);
    }
}

static void takes_a_keyword_out_of_every_form(void **state) {
    (void)state;
    static const struct form forms[] = {
        {"250-mx\r\n250-STARTTLS\r\n250 SIZE\r\n", "250-mx\r\n250 SIZE\r\n"},
        {"250-mx\r\n250-SIZE\r\n250 STARTTLS\r\n", "250-mx\r\n250 SIZE\r\n"},
        {"250-mx\r\n250 STARTTLS\r\n", "250 mx\r\n"},
        {"250-mx\n250 STARTTLS\n", "250 mx\n"},
        {"250-mx\r\n250STARTTLS\r\n", "250 mx\r\n"},
        {"250-mx\r\n250\tSTARTTLS\r\n", "250 mx\r\n"},
        {"250-mx\r\n250- starttls  x\r\n250 A\r\n", "250-mx\r\n250 A\r\n"},
        {"250-mx\r\n250-STARTTLS=y\r\n250 A\r\n", "250-mx\r\n250 A\r\n"},
        {"250-mx\r\n250-STARTTLS\r\n250 STARTTLS\r\n", "250 mx\r\n"},
        {"250-\r\n250 STARTTLS\r\n", "250 \r\n"},
        {"250-mx\r\nodd\r\n250 STARTTLS\r\n", "250-mx\r\nodd\r\n250 \r\n"},
        {"250-mx\r\nSTARTTLS\r\n250 A\r\n", "250-mx\r\n250 A\r\n"},
    };
    check_forms(forms, sizeof(forms) / sizeof(forms[0]), ehlo_reply_take_out);
}

static void leaves_all_else_as_it_is(void **state) {
    (void)state;
    static const struct form forms[] = {
        {"250 mx\r\n", "250 mx\r\n"},
        {"250 STARTTLS\r\n", "250 STARTTLS\r\n"},
        {"250-mx\r\n250-STARTTLSX\r\n250 X-STARTTLS\r\n",
         "250-mx\r\n250-STARTTLSX\r\n250 X-STARTTLS\r\n"},
        {"250mx\n", "250mx\n"},
        {"", ""},
    };
    check_forms(forms, sizeof(forms) / sizeof(forms[0]), ehlo_reply_take_out);
}

static void adds_a_keyword_to_every_form(void **state) {
    (void)state;
    static const struct form forms[] = {
        {"250-mx\r\n250 SIZE\r\n", "250-mx\r\n250-STARTTLS\r\n250 SIZE\r\n"},
        {"250 mx\r\n", "250-mx\r\n250 STARTTLS\r\n"},
        {"250 mx\n", "250-mx\n250 STARTTLS\r\n"},
        {"250\r\n", "250-\r\n250 STARTTLS\r\n"},
        {"250\n", "250-\n250 STARTTLS\r\n"},
        {"250\tmx\r\n", "250-\tmx\r\n250 STARTTLS\r\n"},
        {"250mx\r\n", "250-mx\r\n250 STARTTLS\r\n"},
        {"250 \r\n", "250-\r\n250 STARTTLS\r\n"},
        {"220 mx\r\n", "220-mx\r\n220 STARTTLS\r\n"},
        {"odd\r\n250 mx\r\n", "odd\r\n250-mx\r\n250 STARTTLS\r\n"},
        {"odd\r\n", "odd\r\n"},
    };
    check_forms(forms, sizeof(forms) / sizeof(forms[0]), ehlo_reply_add);
}

static void finds_a_keyword_behind_the_first_line(void **state) {
    (void)state;
    assert_true(ehlo_reply_offers(SLICE("250-mx\r\n250 starttls\r\n"), keyword));
    assert_true(ehlo_reply_offers(SLICE("250-mx\r\n250- STARTTLS \r\n250 A\r\n"), keyword));
    assert_false(ehlo_reply_offers(SLICE("250 STARTTLS\r\n"), keyword));
    assert_false(ehlo_reply_offers(SLICE("250-mx\r\n250 STARTTLSX\r\n"), keyword));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_keyword_out_of_every_form),
        cmocka_unit_test(leaves_all_else_as_it_is),
        cmocka_unit_test(adds_a_keyword_to_every_form),
        cmocka_unit_test(finds_a_keyword_behind_the_first_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
