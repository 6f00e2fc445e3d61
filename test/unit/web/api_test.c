// SPDX-License-Identifier: MIT
// What requests are answered, without a socket.
#include "web/api.h"

#include "base/limits.h"
#include "support/sample.h"
#include "web/page_sink.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static bool never(const void *context) {
    (void)context;
    return false;
}

struct stage {
    struct api api;
    struct metrics metrics;
    struct page_target target;
    struct api_response response;
    const char *last_event; // Last-Event-ID
};

static void stage_open(struct stage *stage) {
    *stage = (struct stage){.metrics = {0}};
    stage->api.store = store_new(16 * MIB);
    stage->api.feed = feed_new(MIB);
    stage->api.metrics = &stage->metrics;
    stage->api.guard = (struct guard){.token = "0123456789abcdef", .bound = "127.0.0.1"};
    stage->api.version = "0";
    stage->target = (struct page_target){
        .store = stage->api.store, .feed = stage->api.feed, .is_paused = never};
}

static void stage_close(struct stage *stage) {
    api_response_cleanup(&stage->response);
    store_free(stage->api.store);
    feed_free(stage->api.feed);
}

static void add_session(struct stage *stage, uint64_t id) {
    struct sample sample;
    void *session = page_sink.session_new(&stage->target);
    sample_init(&sample, (struct event_sink){page_sink.take, session});
    sample.session.id = id;
    sample_connect(&sample);
    struct event event = {.kind = EVENT_CLOSE};
    sample_send(&sample, &event);
    page_sink.session_free(session);
}

enum { PARAMETERS_MAX = LIMIT_WEB_EXPECTATIONS + 1 };

// `parameters` are pairs of name and value, ended by NULL.
static enum status ask(struct stage *stage, const char *method, const char *path,
                       const char *const *parameters) {
    struct api_parameter list[PARAMETERS_MAX];
    size_t count = 0;
    for (; parameters != NULL && parameters[2 * count] != NULL; count++) {
        list[count] = (struct api_parameter){slice_of_string(parameters[2 * count]),
                                             slice_of_string(parameters[2 * count + 1])};
    }
    const struct api_request request = {
        .method = slice_of_string(method),
        .path = slice_of_string(path),
        .visitor = {.host = SLICE("localhost"), .authorization = SLICE("Bearer 0123456789abcdef")},
        .last_event = slice_of_string(stage->last_event),
        .body = SLICE("{\"on\": 1}"),
        .parameters = list,
        .parameter_count = count};
    api_response_cleanup(&stage->response);
    api_answer(&stage->response, &stage->api, &request);
    return stage->response.status;
}

static bool says(const struct stage *stage, const char *text) {
    return slice_find(buf_slice(&stage->response.body), slice_of_string(text)) != SLICE_NONE;
}

static void paths_and_methods_have_their_answers(void **state) {
    (void)state;
    static const struct {
        const char *method;
        const char *path;
        enum status status;
    } cases[] = {
        {"GET", "/", STATUS_OK},
        {"HEAD", "/", STATUS_OK},
        {"POST", "/", STATUS_METHOD_NOT_ALLOWED},
        {"GET", "/page/none.js", STATUS_NOT_FOUND},
        {"GET", "/page/../api.c", STATUS_NOT_FOUND},
        {"GET", "/healthz", STATUS_OK},
        {"GET", "/readyz", STATUS_UNAVAILABLE},
        {"GET", "/metrics", STATUS_OK},
        {"GET", "/api/v1/status", STATUS_OK},
        {"GET", "/api/v1/status/", STATUS_NOT_FOUND},
        {"PUT", "/api/v1/sessions", STATUS_METHOD_NOT_ALLOWED},
        {"DELETE", "/api/v1/status", STATUS_METHOD_NOT_ALLOWED},
        {"GET", "/api/v1/sessions/1", STATUS_NOT_FOUND},
        {"GET", "/api/v1/sessions/1.txt", STATUS_NOT_FOUND},
        {"GET", "/api/v1/sessions/1.pcap", STATUS_NOT_FOUND},
        {"GET", "/api/v1/sessions/99999999999999999999", STATUS_NOT_FOUND},
        {"GET", "/api/v1/sessions/-1", STATUS_NOT_FOUND},
        {"GET", "/api/v1/sessions/", STATUS_NOT_FOUND},
        {"GET", "/api/v1/sessions/1.eml", STATUS_NOT_FOUND},
        {"POST", "/api/v1/recording", STATUS_BAD_REQUEST},
        {"GET", "/api/v1/wait", STATUS_BAD_REQUEST},
        {"GET", "/api/v2/status", STATUS_NOT_FOUND},
        {"GET", "", STATUS_NOT_FOUND},
    };
    struct stage stage;
    stage_open(&stage);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(ask(&stage, cases[i].method, cases[i].path, NULL), cases[i].status);
        assert_true(cases[i].status == STATUS_OK || says(&stage, "{\"error\":\""));
    }
    stage_close(&stage);
}

static void sessions_are_listed_in_pages(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage);
    for (uint64_t id = 1; id <= 3; id++) {
        add_session(&stage, id);
    }
    assert_int_equal(ask(&stage, "GET", "/api/v1/sessions", NULL), STATUS_OK);
    assert_true(says(&stage, "\"id\":1,") && says(&stage, "\"id\":3,"));
    assert_true(says(&stage, "\"more\":false"));
    static const char *const two[] = {"after", "1", "limit", "1", NULL};
    assert_int_equal(ask(&stage, "GET", "/api/v1/sessions", two), STATUS_OK);
    assert_true(says(&stage, "\"id\":2,") && !says(&stage, "\"id\":1,"));
    assert_true(!says(&stage, "\"id\":3,") && says(&stage, "\"more\":true"));
    static const char *const some[] = {"only", "outcome = timeout", NULL};
    assert_int_equal(ask(&stage, "GET", "/api/v1/sessions", some), STATUS_OK);
    assert_true(says(&stage, "{\"sessions\":[],\"more\":false}"));
    static const char *const wrong[] = {"only", "nonsense", NULL};
    assert_int_equal(ask(&stage, "GET", "/api/v1/sessions", wrong), STATUS_BAD_REQUEST);
    static const char *const wrong_limit[] = {"limit", "-1", NULL};
    assert_int_equal(ask(&stage, "GET", "/api/v1/sessions", wrong_limit), STATUS_BAD_REQUEST);
    stage_close(&stage);
}

static void one_session_has_its_forms(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage);
    add_session(&stage, 7);
    assert_int_equal(ask(&stage, "GET", "/api/v1/sessions/7", NULL), STATUS_OK);
    assert_true(says(&stage, "{\"id\":7,"));
    assert_null(stage.response.file_name);
    assert_int_equal(ask(&stage, "GET", "/api/v1/sessions/7.json", NULL), STATUS_OK);
    assert_true(says(&stage, "{\"schema\":\"smtpscope/1\",\"sessions\":["));
    assert_string_equal(stage.response.file_name, "session-7.json");
    assert_int_equal(ask(&stage, "GET", "/api/v1/sessions/7.txt", NULL), STATUS_OK);
    assert_true(says(&stage, "### Connected to"));
    assert_int_equal(ask(&stage, "DELETE", "/api/v1/sessions", NULL), STATUS_NO_CONTENT);
    assert_int_equal(ask(&stage, "GET", "/api/v1/sessions/7", NULL), STATUS_NOT_FOUND);
    stage_close(&stage);
}

static void a_wait_sees_what_was_and_what_comes(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage);
    add_session(&stage, 1);
    static const char *const two[] = {"expect", "sessions = 2", "timeout", "1.5", NULL};
    assert_int_equal(ask(&stage, "GET", "/api/v1/wait", two), STATUS_OK);
    assert_int_equal(stage.response.answer, API_WAIT);
    assert_int_equal(stage.response.wait_ms, 1500);
    assert_false(wait_look(stage.response.wait));
    store_clear(stage.api.store);
    add_session(&stage, 2);
    assert_false(wait_look(stage.response.wait));
    add_session(&stage, 3);
    assert_true(wait_look(stage.response.wait));
    add_session(&stage, 4); // too late to change the verdict
    assert_true(wait_look(stage.response.wait));
    api_finish_wait(&stage.response);
    assert_true(says(&stage, "{\"ok\":true,"));
    assert_int_equal(stage.response.status, STATUS_OK);
    static const char *const three[] = {"expect", "sessions = 4", "timeout", "0", NULL};
    assert_int_equal(ask(&stage, "GET", "/api/v1/wait", three), STATUS_OK);
    assert_false(wait_look(stage.response.wait));
    add_session(&stage, 5); // between the last look and the answer
    api_finish_wait(&stage.response);
    assert_int_equal(stage.response.status, STATUS_OK);
    assert_true(says(&stage, "{\"ok\":true,"));
    static const char *const wrong[] = {"expect", "sessions = 2", "timeout", "601", NULL};
    assert_int_equal(ask(&stage, "GET", "/api/v1/wait", wrong), STATUS_BAD_REQUEST);
    static const char *const bad[] = {"expect", "sessions = 2", "expect", "no", NULL};
    assert_int_equal(ask(&stage, "GET", "/api/v1/wait", bad), STATUS_BAD_REQUEST);
    stage_close(&stage);
}

static void a_wait_leaves_no_expectation_out(void **state) {
    (void)state;
    struct stage stage;
    const char *many[2 * (LIMIT_WEB_EXPECTATIONS + 1) + 1] = {NULL};
    stage_open(&stage);
    for (size_t i = 0; i <= LIMIT_WEB_EXPECTATIONS; i++) {
        many[2 * i] = "expect";
        many[2 * i + 1] = i == LIMIT_WEB_EXPECTATIONS ? "sessions = 9" : "sessions = 0";
    }
    assert_int_equal(ask(&stage, "GET", "/api/v1/wait", many), STATUS_BAD_REQUEST);
    many[2 * LIMIT_WEB_EXPECTATIONS] = NULL;
    assert_int_equal(ask(&stage, "GET", "/api/v1/wait", many), STATUS_OK);
    assert_true(wait_look(stage.response.wait));
    stage_close(&stage);
}

static void only_files_that_are_there_need_no_token(void **state) {
    (void)state;
    static const struct {
        const char *path;
        enum status status;
    } cases[] = {{"/", STATUS_OK},
                 {"/page/main.js", STATUS_OK},
                 {"/healthz", STATUS_OK},
                 {"/readyz", STATUS_UNAVAILABLE},
                 {"/page/none.js", STATUS_UNAUTHORIZED},
                 {"/page/", STATUS_UNAUTHORIZED},
                 {"/metrics", STATUS_UNAUTHORIZED},
                 {"/api/v1/status", STATUS_UNAUTHORIZED},
                 {"/nothing", STATUS_UNAUTHORIZED}};
    struct stage stage;
    stage_open(&stage);
    stage.api.guard.token = "another-token-of-it";
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(ask(&stage, "GET", cases[i].path, NULL), cases[i].status);
    }
    stage_close(&stage);
}

static void events_begin_where_they_are_asked_for(void **state) {
    (void)state;
    struct stage stage;
    stage_open(&stage);
    assert_int_equal(ask(&stage, "GET", "/api/v1/events", NULL), STATUS_OK);
    assert_int_equal(stage.response.answer, API_EVENTS);
    static const char *const after[] = {"after", "12", NULL};
    assert_int_equal(ask(&stage, "GET", "/api/v1/events", after), STATUS_OK);
    assert_int_equal(stage.response.after, 12);
    stage.last_event = "40"; // taken up again at the same address
    assert_int_equal(ask(&stage, "GET", "/api/v1/events", after), STATUS_OK);
    assert_int_equal(stage.response.after, 40);
    stage.last_event = "forty";
    assert_int_equal(ask(&stage, "GET", "/api/v1/events", after), STATUS_OK);
    assert_int_equal(stage.response.after, 12);
    atomic_store(&stage.api.streams, LIMIT_WEB_STREAMS);
    assert_int_equal(ask(&stage, "GET", "/api/v1/events", NULL), STATUS_TOO_MANY);
    stage_close(&stage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths_and_methods_have_their_answers),
        cmocka_unit_test(sessions_are_listed_in_pages),
        cmocka_unit_test(one_session_has_its_forms),
        cmocka_unit_test(a_wait_sees_what_was_and_what_comes),
        cmocka_unit_test(a_wait_leaves_no_expectation_out),
        cmocka_unit_test(only_files_that_are_there_need_no_token),
        cmocka_unit_test(events_begin_where_they_are_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
