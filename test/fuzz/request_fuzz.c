// SPDX-License-Identifier: MIT
// A request to the page's server, past HTTP itself, which is libmicrohttpd's:
//
//      METHOD PATH [NAME=VALUE[&NAME=VALUE…]]
//      Host: …, Origin: …, Authorization: …, Last-Event-ID: … (each at most once)
//
//      BODY
//
// It is answered, with no line end in a header. Who does not know the token gets the answer that a
// proxy gives which recorded nothing; so does a page of another origin, and one that reached us by
// another name.
#include "web/api.h"

#include "base/limits.h"
#include "support/sample.h"
#include "web/page_sink.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define TOKEN  "0123456789abcdef"
#define SECRET "canary" // in what was recorded

enum { SESSIONS = 3, PARAMETERS_MAX = LIMIT_WEB_EXPECTATIONS + 2 };

static const char message[] =
    "Subject: " SECRET "\r\nMIME-Version: 1.0\r\n"
    "Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/html; charset=x\r\n\r\n<b>" SECRET "</b>\r\n"
    "--b\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n"
    "Content-Disposition: attachment; filename*=utf-8''%0d%0aa%22.txt\r\n\r\nY2FuYXJ5\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: " SECRET "\r\n\r\nx\r\n"
    "--b--\r\n.\r\n";

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static bool never(const void *context) {
    (void)context;
    return false;
}

// ── what was recorded ───────────────────────────────────────────────────────────────────────────

static void record(struct page_target *target, uint64_t id) {
    struct sample sample;
    void *session = page_sink.session_new(target);
    sample_init(&sample, (struct event_sink){page_sink.take, session});
    sample.session.id = id;
    sample_connect(&sample);
    sample_command(&sample, 1, "EHLO " SECRET);
    sample_command(&sample, 2, "DATA");
    sample_message_text(&sample, 1, message);
    sample_final(&sample, 2, "250 2.0.0 " SECRET);
    sample_message(&sample, 1, 2, 250);
    if (id < SESSIONS) { // the last one lives
        sample_close(&sample, PARTY_CLIENT, OUTCOME_COMPLETED, NULL);
        page_sink.session_free(session);
    }
}

static void set_up(struct api *api, struct metrics *metrics) {
    static const char *const hosts[] = {"page.example.com"};
    static const char *const modes[] = {"sink"};
    *api = (struct api){
        .guard = {.token = TOKEN, .bound = "127.0.0.1", .hosts = hosts, .host_count = 1},
        .store = store_new(MIB),
        .feed = feed_new(MIB),
        .metrics = metrics,
        .version = "0",
        .modes = modes,
        .mode_count = 1};
}

static struct api *empty_once(void) {
    static struct metrics metrics;
    static struct api api;
    if (api.store == NULL) {
        set_up(&api, &metrics);
    }
    return &api;
}

static struct api *recorded_once(void) {
    static struct metrics metrics;
    static struct page_target target;
    static struct api api;
    if (api.store == NULL) {
        set_up(&api, &metrics);
        target = (struct page_target){
            .store = api.store, .feed = api.feed, .is_paused = never, .body = BODY_FULL};
        for (uint64_t id = 1; id <= SESSIONS; id++) {
            record(&target, id);
        }
    }
    return &api;
}

// ── the request ─────────────────────────────────────────────────────────────────────────────────

static struct slice take_to(struct slice *rest, uint8_t end) {
    size_t at = slice_find_byte(*rest, end);
    struct slice taken = slice_sub(*rest, 0, at);
    *rest = slice_from(*rest, at == SLICE_NONE ? rest->len : at + 1);
    return taken;
}

static size_t read_query(struct api_parameter *out, struct slice query) {
    size_t count = 0;
    while (query.len > 0 && count < PARAMETERS_MAX) {
        struct slice pair = take_to(&query, '&');
        out[count].name = take_to(&pair, '=');
        out[count++].value = pair;
    }
    return count;
}

static void read_field(struct api_request *out, struct slice line) {
    const struct {
        const char *name;
        struct slice *value;
    } fields[] = {{"Host: ", &out->visitor.host},
                  {"Origin: ", &out->visitor.origin},
                  {"Authorization: ", &out->visitor.authorization},
                  {"Last-Event-ID: ", &out->last_event}};
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        struct slice name = slice_of_string(fields[i].name);
        if (slice_starts_with(line, name)) {
            *fields[i].value = slice_from(line, name.len);
        }
    }
}

static void read_request(struct api_request *out, struct api_parameter *parameters,
                         struct slice input) {
    struct slice line = take_to(&input, '\n');
    out->method = take_to(&line, ' ');
    out->path = take_to(&line, ' ');
    out->parameter_count = read_query(parameters, line);
    out->parameters = parameters;
    while ((line = take_to(&input, '\n')).len > 0) {
        read_field(out, line);
    }
    out->body = input;
}

// ── the answer ──────────────────────────────────────────────────────────────────────────────────

static bool has(struct slice text, const char *word) {
    return slice_find(text, slice_of_string(word)) != SLICE_NONE;
}

// Wider than what is let in, and found in another way.
static bool may_be_let_in(const struct visitor *visitor) {
    static const char *const names[] = {"localhost", "127.0.0.1", "page.example.com"};
    bool named = false;
    for (size_t i = 0; i < 3; i++) {
        named = named || (visitor->host.len >= strlen(names[i]) &&
                          slice_starts_with_nocase(
                              slice_from(visitor->host, visitor->host.data[0] == '[' ? 1 : 0),
                              slice_of_string(names[i])));
    }
    size_t host_at = visitor->origin.len - visitor->host.len; // it ends with the host
    bool ours = slice_is_null(visitor->origin) ||
                (visitor->origin.len >= visitor->host.len &&
                 slice_equal_nocase(slice_from(visitor->origin, host_at), visitor->host));
    return named && ours && has(visitor->authorization, TOKEN);
}

static void require_one_line(const char *text) {
    require(text == NULL || strpbrk(text, "\r\n") == NULL);
}

static bool is_known(enum status status) {
    static const enum status all[] = {
        STATUS_OK,          STATUS_NO_CONTENT,      STATUS_BAD_REQUEST, STATUS_UNAUTHORIZED,
        STATUS_FORBIDDEN,   STATUS_NOT_FOUND,       STATUS_TIMEOUT,     STATUS_METHOD_NOT_ALLOWED,
        STATUS_TOO_MANY,    STATUS_MISDIRECTED,     STATUS_TOO_LARGE,   STATUS_URI_TOO_LONG,
        STATUS_UNAVAILABLE, STATUS_HEADER_TOO_LARGE};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (status == all[i]) {
            return true;
        }
    }
    return false;
}

static struct slice body_of(const struct api_response *response) {
    return slice_is_null(response->file) ? buf_slice(&response->body) : response->file;
}

static void require_tells_nothing(enum status status, struct slice body,
                                  const struct api_request *request) {
    struct api_response empty = {0};
    api_answer(&empty, empty_once(), request);
    require(empty.status == status && slice_equal(body_of(&empty), body));
    api_response_cleanup(&empty);
}

static void judge(struct api_response *response, const struct api_request *request) {
    if (response->answer == API_WAIT) {
        require(response->wait_ms >= 0);
        wait_look(response->wait);
        api_finish_wait(response);
    }
    struct slice body = body_of(response);
    require(is_known(response->status));
    require(response->type != NULL && response->type[0] != '\0');
    require_one_line(response->type);
    require_one_line(response->file_name);
    require_one_line(response->disposition);
    if (!may_be_let_in(&request->visitor)) {
        require(response->answer == API_BODY);
        require_tells_nothing(response->status, body, request);
    }
    if (response->status >= STATUS_BAD_REQUEST && response->status != STATUS_TIMEOUT &&
        response->status != STATUS_UNAVAILABLE) {
        require(slice_starts_with(body, SLICE("{\"error\":\"")));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct api_parameter parameters[PARAMETERS_MAX];
    struct api_request request = {.parameters = parameters};
    struct api_response response = {0};
    read_request(&request, parameters, slice_of(data, len));
    if (slice_is(request.method, "DELETE")) {
        return 0; // What it clears would be gone for all that come after it.
    }
    api_answer(&response, recorded_once(), &request);
    judge(&response, &request);
    api_response_cleanup(&response);
    return 0;
}
