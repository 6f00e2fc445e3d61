// SPDX-License-Identifier: MIT
#include "verdict/expression_tally.h"

#include "base/limits.h"
#include "transcript/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <cjson/cJSON.h>

#include <stdlib.h>
#include <string.h>

// Two messages, one with two recipients; one refused and one accepted login; TLS on one side.
static const char two_messages[] =
    "{\"id\":1,\"client\":{\"address\":\"127.0.0.1\",\"port\":4},"
    "\"server\":{\"host\":\"mail.example.com\",\"address\":\"192.0.2.7\",\"port\":587},"
    "\"tls\":{\"client\":{\"version\":\"TLSv1.3\"},\"server\":null},"
    "\"auth\":[{\"mechanism\":\"PLAIN\",\"outcome\":\"failed\"},"
    "{\"mechanism\":\"LOGIN\",\"outcome\":\"succeeded\"}],"
    "\"messages\":[{\"n\":1,\"accepted\":true,\"from\":\"a@example.com\",\"recipients\":[{\"to\":"
    "\"b@example.net\"},"
    "{\"to\":\"c@example.com\"}],\"header\":[{\"name\":\"Subject\",\"value\":\"Gr\xC3\xBC\xC3\x9F"
    "e = 1\",\"raw\":\"=?utf-8?q?x?=\"},{\"name\":\"x-Tag\",\"value\":\"one\"},"
    "{\"name\":\"X-Tag\",\"value\":\"two\"}]},"
    "{\"n\":2,\"from\":\"\",\"recipients\":[{\"to\":\"b@example.net\"}],\"header\":null}],"
    "\"findings\":[{\"rule\":\"bare-lf\"}],\"outcome\":\"completed\"}";
static const char empty_session[] =
    "{\"id\":2,\"server\":null,\"tls\":{\"client\":null},\"auth\":[],"
    "\"messages\":[],\"findings\":[],\"outcome\":\"timeout\"}";

static const struct {
    const char *text;
    bool of_first; // over the first session alone
    bool of_both;
    bool of_none; // over no session at all
} rows[] = {
    {"sessions = 1", true, false, false},
    {"sessions=2", false, true, false},
    {"sessions>=0", true, true, true},
    {"messages = 2", true, true, false},
    {"messages != 2", false, false, true},
    {"messages < 3", true, true, true},
    {"messages<=1", false, false, true},
    {"messages > 1", true, true, false},
    {"accepted = 1", true, true, false},
    {"recipients =3", true, true, false},
    {"findings= 1", true, true, false},
    {"all:messages >= 1", true, false, true},
    {"from = a@example.com", true, true, false},
    {"from =", true, true, false},
    {"from != a@example.com", true, true, false},
    {"from = A@example.com", false, false, false},
    {"to = c@example.com", true, true, false},
    {"to ~ @example\\.(net|org)$", true, true, false},
    {"to ~ ^example", false, false, false},
    {"all:to ~ @example\\.net$", false, false, true},
    {"all:to ~ @example\\.", true, true, true},
    {"all: from ~ @", false, false, true},
    {"subject = Gr\xC3\xBC\xC3\x9F"
     "e = 1",
     true, true, false},
    {"subject ~= 1", true, true, false},
    {"subject ~ ^Gr..e = 1$", true, true, false},
    {"subject ~ ^Gr[\xC3\xBC\xC3\xB6]", true, true, false},
    {"subject ~ ^Gr...e", false, false, false},
    {"all:subject ~ Gr", false, false, true},
    {"header.X-TAG = two", true, true, false},
    {"header.x-tag != one", true, true, false},
    {"header.Date ~ .", false, false, false},
    {"auth = LOGIN", true, true, false},
    {"auth = PLAIN", false, false, false},
    {"auth.outcome = failed", true, true, false},
    {"all:auth.outcome = succeeded", false, false, true},
    {"all:auth = LOGIN", true, false, true},
    {"tls.client.version = TLSv1.3", true, true, false},
    {"all:tls.client.version = TLSv1.3", true, false, true},
    {"tls.server.version ~ .", false, false, false},
    {"tls.server.version != TLSv1.2", false, false, false},
    {"outcome = completed", true, true, false},
    {"all:outcome = completed", true, false, true},
    {"  outcome   =   timeout", false, true, false},
    {"outcome = timeout ", false, false, false},
    {"subject ~ e = $", false, false, false},
    {"subject ~ e = ", true, true, false},
    {" sessions = 1 ", true, false, false},
};

static struct record *read_record(const char *json) {
    cJSON *object = cJSON_Parse(json);
    struct record *record = object == NULL ? NULL : record_read(object);
    cJSON_Delete(object);
    return record;
}

static bool holds_over(const struct expression *expression, const char *first, const char *second) {
    struct expression_tally tally = {0};
    const char *const sessions[] = {first, second};
    for (size_t i = 0; i < 2; i++) {
        struct record *session = sessions[i] == NULL ? NULL : read_record(sessions[i]);
        if (session != NULL) {
            expression_ask(&tally, expression, session);
        }
        record_free(session);
    }
    bool holds = expression_holds(expression, &tally);
    expression_tally_cleanup(&tally);
    return holds;
}

static void answers_as_the_contract_says(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct expression *expression = NULL;
        struct failure failure = {0};
        if (expression_parse(&expression, &failure, rows[i].text, EXPRESSION_CHECK) != OK) {
            fail_msg("%s: %s", rows[i].text, failure.text);
        }
        bool good = holds_over(expression, two_messages, NULL) == rows[i].of_first &&
                    holds_over(expression, two_messages, empty_session) == rows[i].of_both &&
                    holds_over(expression, NULL, NULL) == rows[i].of_none;
        if (!good) {
            fail_msg("%s: %d %d %d", rows[i].text, holds_over(expression, two_messages, NULL),
                     holds_over(expression, two_messages, empty_session),
                     holds_over(expression, NULL, NULL));
        }
        expression_free(expression);
    }
}

static const struct {
    const char *text;
    bool holds;
} only_rows[] = {
    {"client = 127.0.0.1", true},
    {"server = mail.example.com", true},
    {"server = 192.0.2.7", true},
    {"server != mail.example.com", false},
    {"server != other.example", true},
    {"port = 587", true},
    {"port != 587", false},
    {"port > 500", true},
    {"port ~ ^5", true},
    {"messages > 2", false},
    {"outcome = completed", true},
};

static void knows_more_names_for_only(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(only_rows) / sizeof(only_rows[0]); i++) {
        struct expression *expression = NULL;
        struct failure failure = {0};
        assert_int_equal(
            expression_parse(&expression, &failure, only_rows[i].text, EXPRESSION_ONLY), OK);
        struct record *session = read_record(two_messages);
        if (expression_matches(expression, session) != only_rows[i].holds) {
            fail_msg("%s", only_rows[i].text);
        }
        record_free(session);
        expression_free(expression);
    }
}

static void cuts_a_long_value_between_characters(void **state) {
    (void)state;
    struct expression *expression = NULL;
    struct expression_tally tally = {0};
    struct buf json;
    struct buf out;
    buf_init(&json, 4096);
    buf_init(&out, 4096);
    buf_put_string(&json, "{\"id\":1,\"client\":{\"address\":\"x");
    for (int i = 0; i < 200; i++) {
        buf_put_string(&json, "\xC3\xBC");
    }
    buf_put(&json, slice_of("\"}}", 4)); // with its NUL
    struct record *session = read_record((const char *)buf_slice(&json).data);
    assert_int_equal(expression_parse(&expression, NULL, "client = x", EXPRESSION_ONLY), OK);
    expression_ask(&tally, expression, session);
    expression_put_found(&out, expression, &tally);
    assert_int_equal(buf_len(&out), 255 + 3); // x, 127 characters of two bytes, and the ellipsis
    assert_memory_equal(buf_slice(&out).data + 253, "\xC3\xBC\xE2\x80\xA6", 5);
    expression_tally_cleanup(&tally);
    expression_free(expression);
    record_free(session);
    buf_cleanup(&json);
    buf_cleanup(&out);
}

static void says_what_it_found(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *found;
    } found_rows[] = {
        {"messages = 7", "2"},
        {"to = x", "b@example.net, c@example.com, b@example.net"},
        {"tls.server.version = TLSv1.3", "nothing"},
    };
    struct record *session = read_record(two_messages);
    for (size_t i = 0; i < sizeof(found_rows) / sizeof(found_rows[0]); i++) {
        struct expression *expression = NULL;
        assert_int_equal(expression_parse(&expression, NULL, found_rows[i].text, EXPRESSION_CHECK),
                         OK);
        struct expression_tally tally = {0};
        expression_ask(&tally, expression, session);
        struct buf out;
        buf_init(&out, KIB);
        expression_put_found(&out, expression, &tally);
        assert_true(slice_is(buf_slice(&out), found_rows[i].found));
        buf_cleanup(&out);
        expression_tally_cleanup(&tally);
        expression_free(expression);
    }
    record_free(session);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_as_the_contract_says),
        cmocka_unit_test(knows_more_names_for_only),
        cmocka_unit_test(says_what_it_found),
        cmocka_unit_test(cuts_a_long_value_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
