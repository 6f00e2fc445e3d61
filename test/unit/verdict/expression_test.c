// SPDX-License-Identifier: MIT
#include "verdict/expression.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const char *const bad[] = {"",
                                  "messages",
                                  "messages 1",
                                  "= 1",
                                  "mesages = 1",
                                  "messages = one",
                                  "messages = -1",
                                  "messages ~ 1",
                                  "messages === 1",
                                  "from < a",
                                  "header. = x",
                                  "subject ~ (",
                                  "client = x",
                                  "port = 1"};

static void refuses_what_is_no_expression(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct expression *expression = NULL;
        struct failure failure = {0};
        if (expression_parse(&expression, &failure, bad[i], EXPRESSION_CHECK) != ERR_USAGE) {
            fail_msg("%s was taken", bad[i]);
        }
        assert_null(expression);
        assert_non_null(strstr(failure.text, bad[i]));
    }
}

static void keeps_its_text(void **state) {
    (void)state;
    struct expression *expression = NULL;
    assert_int_equal(expression_parse(&expression, NULL, " all: to = x ", EXPRESSION_CHECK), OK);
    assert_string_equal(expression_text(expression), " all: to = x ");
    expression_free(expression);
}

// The longer sign is the one that is meant: `<=` is not `<` before a value that begins with `=`.
static void reads_each_sign(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum expression_op op;
    } signs[] = {
        {"messages = 1", OP_EQUAL},  {"messages==1", OP_EQUAL}, {"messages!=1", OP_NOT_EQUAL},
        {"messages<=1", OP_AT_MOST}, {"messages < 1", OP_LESS}, {"messages>=1", OP_AT_LEAST},
        {"messages > 1", OP_MORE},   {"from ~ =1", OP_MATCHES},
    };
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        struct expression *expression = NULL;
        assert_int_equal(expression_parse(&expression, NULL, signs[i].text, EXPRESSION_CHECK), OK);
        assert_int_equal(expression->op, signs[i].op);
        assert_string_equal(expression->value, signs[i].op == OP_MATCHES ? "=1" : "1");
        expression_free(expression);
    }
}

static void takes_all_to_the_end_as_the_value(void **state) {
    (void)state;
    struct expression *expression = NULL;
    assert_int_equal(
        expression_parse(&expression, NULL, "all:header.X-Tag =  a = b ", EXPRESSION_CHECK), OK);
    assert_true(expression->every);
    assert_string_equal(expression->header, "X-Tag");
    assert_string_equal(expression->value, "a = b ");
    expression_free(expression);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_no_expression),
        cmocka_unit_test(keeps_its_text),
        cmocka_unit_test(reads_each_sign),
        cmocka_unit_test(takes_all_to_the_end_as_the_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
