// SPDX-License-Identifier: MIT
#include "web/api.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "transcript/json_read.h"
#include "transcript/json_writer.h"
#include "web/api_parts.h"
#include "web/page_files.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OUTPUTS_SHOWN = 64 };

// ── responses ───────────────────────────────────────────────────────────────────────────────────

void api_begin(struct api_response *response, enum status status, const char *type) {
    *response = (struct api_response){.status = status, .type = type};
    buf_init(&response->body, LIMIT_WEB_ANSWER);
}

void api_response_cleanup(struct api_response *response) {
    buf_cleanup(&response->body);
    free(response->file_name);
    free(response->disposition);
    free(response->own_type);
    wait_free(response->wait);
    *response = (struct api_response){.status = STATUS_OK};
}

void api_fail(struct api_response *response, enum status status, const char *format, ...) {
    char sentence[FAILURE_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof(sentence), format, args);
    va_end(args);
    api_begin(response, status, TYPE_JSON);
    struct json_writer json = json_writer_on(&response->body, false);
    json_open(&json, '{');
    json_member_string(&json, "error", sentence);
    json_close(&json, '}');
    buf_put_byte(&response->body, '\n');
}

// ── parameters ──────────────────────────────────────────────────────────────────────────────────

struct slice api_parameter(const struct api_request *request, const char *name) {
    for (size_t i = 0; i < request->parameter_count; i++) {
        if (slice_is(request->parameters[i].name, name)) {
            return request->parameters[i].value;
        }
    }
    return (struct slice){0};
}

bool api_number(uint64_t *inout, struct api_response *response, const struct api_request *request,
                const char *name, uint64_t max) {
    struct slice value = api_parameter(request, name);
    if (slice_is_null(value) || text_parse_u64(inout, value, max)) {
        return true;
    }
    api_fail(response, STATUS_BAD_REQUEST, "%s is not a whole number from 0 to %llu", name,
             (unsigned long long)max);
    return false;
}

// ── what needs no session ───────────────────────────────────────────────────────────────────────

static void answer_file(struct api_response *response, const struct api_call *call) {
    const struct page_file *file = page_file_find(call->request->path);
    if (file == NULL) {
        api_fail(response, STATUS_NOT_FOUND, "the page has no such file");
        return;
    }
    api_begin(response, STATUS_OK, file->type);
    response->file = file->bytes;
    response->policy = POLICY_PAGE;
}

static void answer_health(struct api_response *response, const struct api_call *call) {
    (void)call;
    api_begin(response, STATUS_OK, TYPE_TEXT);
    buf_put_string(&response->body, "ok");
}

static void answer_ready(struct api_response *response, const struct api_call *call) {
    if (atomic_load(&call->api->ready)) {
        answer_health(response, call);
    } else {
        api_fail(response, STATUS_UNAVAILABLE, "not all listeners accept connections yet");
    }
}

static void answer_metrics(struct api_response *response, const struct api_call *call) {
    const struct api *api = call->api;
    api_begin(response, STATUS_OK, "text/plain; version=0.0.4; charset=utf-8");
    metrics_put(&response->body, api->metrics, api->outputs, store_dropped(api->store));
}

// ── the status ──────────────────────────────────────────────────────────────────────────────────

static bool is_recording(const struct api *api) {
    return api->outputs != NULL && !output_set_paused(api->outputs);
}

static void write_outputs(struct json_writer *json, const struct api *api) {
    struct output_status status[OUTPUTS_SHOWN];
    size_t count =
        api->outputs == NULL ? 0 : output_set_status(api->outputs, status, OUTPUTS_SHOWN);
    json_key(json, "outputs");
    json_open(json, '[');
    for (size_t i = 0; i < count && i < OUTPUTS_SHOWN; i++) {
        json_open(json, '{');
        json_member_string(json, "format", status[i].format);
        json_member_string(json, "path", status[i].path);
        json_member_uint(json, "written", status[i].lines);
        json_member_uint(json, "lost", status[i].lost);
        json_member_string(json, "error", status[i].failing ? "it cannot be written now" : NULL);
        json_close(json, '}');
    }
    json_close(json, ']');
}

static void write_counts(struct json_writer *json, const struct api *api) {
    json_key(json, "sessions");
    json_open(json, '{');
    json_member_uint(json, "live", atomic_load(&api->metrics->live));
    json_member_uint(json, "ended", metrics_ended(api->metrics));
    json_member_uint(json, "dropped", store_dropped(api->store));
    json_close(json, '}');
    json_member_uint(json, "messages", metrics_messages(api->metrics));
    json_key(json, "findings");
    json_open(json, '{');
    for (int severity = SEVERITY_ERROR; severity >= SEVERITY_INFO; severity--) {
        json_member_uint(json, severity_name((enum severity)severity),
                         metrics_findings(api->metrics, (enum severity)severity));
    }
    json_close(json, '}');
}

static void write_status(struct json_writer *json, const struct api *api) {
    json_open(json, '{');
    json_member_string(json, "version", api->version);
    json_key(json, "started");
    json_open(json, '"');
    clock_put_rfc3339(json->out, api->started_unix_ns, CLOCK_MICROSECONDS);
    json_close(json, '"');
    json_key(json, "modes");
    json_open(json, '[');
    for (size_t i = 0; i < api->mode_count; i++) {
        json_string(json, api->modes[i]);
    }
    json_close(json, ']');
    if (api->outputs != NULL) {
        json_member_bool(json, "recording", is_recording(api));
    } else { // `view`: there is nothing to switch
        json_key(json, "recording");
        json_null(json);
    }
    write_counts(json, api);
    write_outputs(json, api);
    json_close(json, '}');
}

static void answer_status(struct api_response *response, const struct api_call *call) {
    api_begin(response, STATUS_OK, TYPE_JSON);
    struct json_writer json = json_writer_on(&response->body, false);
    write_status(&json, call->api);
    buf_put_byte(&response->body, '\n');
}

static void answer_audit(struct api_response *response, const struct api_call *call) {
    struct slice audit = call->api->audit;
    api_begin(response, STATUS_OK, TYPE_JSON);
    buf_put(&response->body, slice_is_null(audit) ? SLICE("null\n") : audit);
}

static void answer_recording(struct api_response *response, const struct api_call *call) {
    struct api *api = call->api;
    bool on = false;
    if (!json_read_bool(&on, call->request->body, "on")) {
        api_fail(response, STATUS_BAD_REQUEST,
                 "the body must be {\"on\": true} or {\"on\": false}");
        return;
    }
    if (api->outputs == NULL) {
        api_fail(response, STATUS_BAD_REQUEST, "these are recorded sessions: nothing is recorded");
        return;
    }
    output_set_pause(api->outputs, !on, clock_unix_ns());
    api_begin(response, STATUS_OK, TYPE_JSON);
    buf_putf(&response->body, "{\"recording\":%s}\n", is_recording(api) ? "true" : "false");
}

// ── what goes on ────────────────────────────────────────────────────────────────────────────────

static void answer_events(struct api_response *response, const struct api_call *call) {
    struct api *api = call->api;
    uint64_t after = feed_before_oldest(api->feed);
    if (!api_number(&after, response, call->request, "after", UINT64_MAX)) {
        return;
    }
    // Who takes a stream up again asks at the same address, and says here where it broke.
    if (!slice_is_null(call->request->last_event)) {
        (void)text_parse_u64(&after, call->request->last_event, UINT64_MAX);
    }
    if (atomic_load(&api->streams) >= LIMIT_WEB_STREAMS) {
        api_fail(response, STATUS_TOO_MANY, "%d streams of events are open, which is the maximum",
                 LIMIT_WEB_STREAMS);
        return;
    }
    api_begin(response, STATUS_OK, "text/event-stream");
    response->answer = API_EVENTS;
    response->after = after;
}

// Seconds with up to three decimals, as --timeout has them.
static bool read_timeout(int64_t *inout_ms, struct api_response *response,
                         const struct api_request *request) {
    struct slice decimals = api_parameter(request, "timeout");
    if (slice_is_null(decimals)) {
        return true;
    }
    struct slice whole = slice_split(&decimals, '.');
    uint64_t seconds = 0;
    uint64_t fraction = 0;
    bool good = text_parse_u64(&seconds, whole, WEB_WAIT_MAX_S);
    if (good && !slice_is_null(decimals)) {
        good = decimals.len <= 3 && text_parse_u64(&fraction, decimals, 999);
        for (size_t i = decimals.len; i < 3; i++) {
            fraction *= 10;
        }
    }
    *inout_ms = (int64_t)(seconds * 1000 + fraction);
    if (!good || *inout_ms > WEB_WAIT_MAX_S * 1000) {
        api_fail(response, STATUS_BAD_REQUEST, "timeout is not a number of seconds from 0 to %d",
                 WEB_WAIT_MAX_S);
        return false;
    }
    return true;
}

// How many there are; those that have no place in `out` are counted alone.
static size_t take_expectations(const char *out[LIMIT_WEB_EXPECTATIONS],
                                const struct api_request *request) {
    size_t count = 0;
    for (size_t i = 0; i < request->parameter_count; i++) {
        if (!slice_is(request->parameters[i].name, "expect")) {
            continue;
        }
        if (count < LIMIT_WEB_EXPECTATIONS) {
            out[count] = mem_string_of(request->parameters[i].value);
        }
        count++;
    }
    return count;
}

static enum err wait_for_all(struct wait_for **out, struct failure *failure, struct store *store,
                             const char *const *expectations, size_t count) {
    if (count == 0) {
        return fail(failure, ERR_USAGE, "expect is missing: the expectation to wait for");
    }
    if (count > LIMIT_WEB_EXPECTATIONS) {
        return fail(failure, ERR_USAGE, "a wait has at most %d expectations, not %zu",
                    LIMIT_WEB_EXPECTATIONS, count);
    }
    return wait_new(out, failure, store, expectations, count);
}

static void answer_wait(struct api_response *response, const struct api_call *call) {
    int64_t wait_ms = WEB_WAIT_DEFAULT_S * 1000;
    if (!read_timeout(&wait_ms, response, call->request)) {
        return;
    }
    const char *expectations[LIMIT_WEB_EXPECTATIONS];
    size_t count = take_expectations(expectations, call->request);
    struct wait_for *wait = NULL;
    struct failure failure;
    enum err err = wait_for_all(&wait, &failure, call->api->store, expectations, count);
    for (size_t i = 0; i < count && i < LIMIT_WEB_EXPECTATIONS; i++) {
        free((void *)(uintptr_t)expectations[i]);
    }
    if (err != OK) {
        api_fail(response, STATUS_BAD_REQUEST, "%s", failure.text);
        return;
    }
    api_begin(response, STATUS_OK, TYPE_JSON);
    response->answer = API_WAIT;
    response->wait = wait;
    response->wait_ms = wait_ms;
}

void api_finish_wait(struct api_response *response) {
    struct wait_for *wait = response->wait;
    bool holds = wait_conclude(wait);
    api_begin(response, holds ? STATUS_OK : STATUS_TIMEOUT, TYPE_JSON);
    wait_put_verdict(&response->body, wait);
    wait_free(wait);
}

// ── the routes ──────────────────────────────────────────────────────────────────────────────────

// In a path `#` is a number, and `*` at the end any rest.
static const struct route {
    const char *method;
    const char *path;
    api_handler *answer;
    bool open; // without a token
} routes[] = {
    {"GET", "/", answer_file, true},
    {"GET", "/page/*", answer_file, true},
    {"GET", "/healthz", answer_health, true},
    {"GET", "/readyz", answer_ready, true},
    {"GET", "/metrics", answer_metrics, false},
    {"GET", "/api/v1/status", answer_status, false},
    {"GET", "/api/v1/audit", answer_audit, false},
    {"GET", "/api/v1/sessions", answer_sessions, false},
    {"DELETE", "/api/v1/sessions", answer_clear, false},
    {"GET", "/api/v1/sessions/#", answer_session, false},
    {"GET", "/api/v1/sessions/#.txt", answer_session_text, false},
    {"GET", "/api/v1/sessions/#.json", answer_session_json, false},
    {"GET", "/api/v1/sessions/#.pcap", answer_session_pcap, false},
    {"GET", "/api/v1/sessions/#/messages/#", answer_message, false},
    {"GET", "/api/v1/sessions/#/messages/#.eml", answer_message_source, false},
    {"GET", "/api/v1/sessions/#/messages/#/parts/#", answer_part, false},
    {"GET", "/api/v1/events", answer_events, false},
    {"GET", "/api/v1/wait", answer_wait, false},
    {"POST", "/api/v1/recording", answer_recording, false},
};

enum { ROUTES = sizeof(routes) / sizeof(routes[0]) };

static bool take_number(uint64_t *out, struct slice *rest) {
    size_t len = 0;
    while (len < rest->len && text_is_digit(rest->data[len])) {
        len++;
    }
    bool good = text_parse_u64(out, slice_sub(*rest, 0, len), UINT64_MAX);
    *rest = slice_from(*rest, len);
    return good;
}

static bool take_character(char character, struct slice *rest) {
    bool good = rest->len > 0 && rest->data[0] == (uint8_t)character;
    *rest = slice_from(*rest, 1);
    return good;
}

static bool matches(const char *pattern, struct slice path, uint64_t numbers[3]) {
    size_t count = 0;
    bool good = true;
    for (; good && *pattern != '\0' && *pattern != '*'; pattern++) {
        good = *pattern == '#' ? take_number(&numbers[count++], &path)
                               : take_character(*pattern, &path);
    }
    return good && (*pattern == '*' || path.len == 0);
}

// The route of the request. NULL where there is none; `*out_allow` is then the method that the path
// has, NULL where it has none.
static const struct route *find_route(const struct api_request *request, uint64_t numbers[3],
                                      const char **out_allow) {
    bool head = slice_is(request->method, "HEAD");
    *out_allow = NULL;
    for (size_t i = 0; i < ROUTES; i++) {
        if (!matches(routes[i].path, request->path, numbers)) {
            continue;
        }
        if (slice_is(head ? SLICE("GET") : request->method, routes[i].method)) {
            return &routes[i];
        }
        *out_allow = *out_allow == NULL ? routes[i].method : "GET, DELETE";
    }
    return NULL;
}

// What the page itself has no secret of, whatever the method.
static bool is_open(const struct api_request *request) {
    uint64_t numbers[3];
    for (size_t i = 0; i < ROUTES; i++) {
        if (routes[i].open && matches(routes[i].path, request->path, numbers)) {
            return routes[i].answer != answer_file || page_file_find(request->path) != NULL;
        }
    }
    return false;
}

static void turn_host_away(struct api_response *response, struct slice host) {
    if (slice_is_null(host)) {
        api_fail(response, STATUS_MISDIRECTED, "the request names no Host");
        return;
    }
    struct slice shown = slice_sub(host, 0, QUOTE_MAX);
    api_fail(response, STATUS_MISDIRECTED,
             "this server is not '%.*s'; --web-host NAME gives it another name", (int)shown.len,
             (const char *)shown.data);
}

static void turn_away(struct api_response *response, enum admission admission,
                      const struct api_request *request) {
    switch (admission) {
    case ADMITTED:
        break;
    case WRONG_HOST:
        turn_host_away(response, request->visitor.host);
        break;
    case WRONG_ORIGIN:
        api_fail(response, STATUS_FORBIDDEN, "a page of another origin has no access");
        break;
    case WRONG_TOKEN:
        api_fail(response, STATUS_UNAUTHORIZED,
                 "the header Authorization: Bearer TOKEN is missing, or has another token");
        break;
    }
}

void api_answer(struct api_response *response, struct api *api, const struct api_request *request) {
    struct api_call call = {.api = api, .request = request};
    const char *allow = NULL;
    enum admission admission = guard_admit(&api->guard, &request->visitor, is_open(request));
    if (admission != ADMITTED) {
        turn_away(response, admission, request);
        return;
    }
    const struct route *route = find_route(request, call.numbers, &allow);
    if (route != NULL) {
        route->answer(response, &call);
    } else if (allow != NULL) {
        api_fail(response, STATUS_METHOD_NOT_ALLOWED, "this path takes %s only", allow);
        response->allow = allow;
    } else {
        api_fail(response, STATUS_NOT_FOUND, "there is nothing at this path");
    }
}
