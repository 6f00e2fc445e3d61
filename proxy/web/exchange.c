// SPDX-License-Identifier: MIT
#include "base/array.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "web/http_parts.h"
#include "web/plain_answer.h"

#include <stdlib.h>
#include <string.h>

// ── the request ─────────────────────────────────────────────────────────────────────────────────

struct parameters {
    struct api_parameter *items;
    size_t count;
    size_t room;
};

static enum MHD_Result add_parameter(void *context, enum MHD_ValueKind kind, const char *name,
                                     size_t name_len, const char *value, size_t value_len) {
    struct parameters *list = context;
    (void)kind;
    list->items = array_grown(list->items, list->count, &list->room, sizeof(list->items[0]));
    list->items[list->count++] = (struct api_parameter){
        .name = slice_of(name, name_len),
        .value = value == NULL ? SLICE("") : slice_of(value, value_len),
    };
    return MHD_YES;
}

static struct slice header_of(struct MHD_Connection *request, const char *name) {
    return slice_of_string(MHD_lookup_connection_value(request, MHD_HEADER_KIND, name));
}

// A NUL stays encoded: the library passes names and values as strings, which would end there.
size_t exchange_unescape(void *context, struct MHD_Connection *request, char *text) {
    size_t len = 0;
    (void)context;
    (void)request;
    for (const char *at = text; *at != '\0'; at++) {
        int high = *at == '%' ? text_hex_value((uint8_t)at[1]) : -1;
        int low = high < 0 ? -1 : text_hex_value((uint8_t)at[2]);
        bool decodes = low >= 0 && high + low > 0;
        text[len++] = decodes ? (char)(uint8_t)(high * 16 + low) : *at;
        at += decodes ? 2 : 0;
    }
    text[len] = '\0';
    return len;
}

// The whole address as a target, as a client of a proxy sends it: its host counts, not the header's
// (RFC 9112 3.2.2).
static void take_target(struct api_request *asked, struct slice target) {
    struct slice scheme = SLICE("http://");
    asked->path = target;
    if (slice_starts_with_nocase(target, scheme)) {
        struct slice rest = slice_from(target, scheme.len);
        size_t slash = slice_find_byte(rest, '/');
        asked->visitor.host = slice_sub(rest, 0, slash);
        asked->path = slash == SLICE_NONE ? SLICE("/") : slice_from(rest, slash);
    }
}

static void answer(struct exchange *exchange, const char *url, const char *method) {
    struct MHD_Connection *request = exchange->request;
    struct parameters parameters = {0};
    MHD_get_connection_values_n(request, MHD_GET_ARGUMENT_KIND, add_parameter, &parameters);
    struct api_request asked = {
        .method = slice_of_string(method),
        .visitor = {.host = header_of(request, "Host"),
                    .origin = header_of(request, "Origin"),
                    .authorization = header_of(request, "Authorization"),
                    .local = exchange->connection->local},
        .last_event = header_of(request, "Last-Event-ID"),
        .body = buf_slice(&exchange->body),
        .parameters = parameters.items,
        .parameter_count = parameters.count,
    };
    take_target(&asked, slice_of_string(url));
    api_answer(&exchange->response, exchange->http->api, &asked);
    free(parameters.items);
}

// ── the response ────────────────────────────────────────────────────────────────────────────────

// `data:` styles are those of a mail's HTML, in a frame of its own.
static const char *policy_of(enum api_policy policy) {
    static const char *const policies[] = {
        [POLICY_NONE] = POLICY_OF_API,
        [POLICY_PAGE] = ("default-src 'none'; script-src 'self'; style-src 'self' data:; "
                         "img-src 'self' data: blob:; connect-src 'self'; "
                         "frame-src blob: 'self'; base-uri 'none'; form-action 'none'; "
                         "frame-ancestors 'none'"),
        [POLICY_PART] = ("sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
                         "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"),
    };
    return policies[policy];
}

static void add_headers(struct MHD_Response *out, const struct api_response *response) {
    MHD_add_response_header(out, "Content-Type", response->type);
    for (const struct answer_header *at = answer_headers; at->name != NULL; at++) {
        MHD_add_response_header(out, at->name, at->value);
    }
    MHD_add_response_header(out, "Content-Security-Policy", policy_of(response->policy));
    if (response->file_name != NULL) {
        char *disposition = mem_format("attachment; filename=\"%s\"", response->file_name);
        MHD_add_response_header(out, "Content-Disposition", disposition);
        free(disposition);
    }
    if (response->disposition != NULL) {
        MHD_add_response_header(out, "Content-Disposition", response->disposition);
    }
    if (response->status == STATUS_UNAUTHORIZED) {
        MHD_add_response_header(out, "WWW-Authenticate", "Bearer");
    }
    if (response->allow != NULL) {
        MHD_add_response_header(out, "Allow", response->allow);
    }
    if (response->status == STATUS_TOO_LARGE || response->status == STATUS_URI_TOO_LONG ||
        response->status == STATUS_HEADER_TOO_LARGE || response->status == STATUS_TOO_MANY) {
        MHD_add_response_header(out, "Connection", "close");
    }
}

static struct MHD_Response *body_of(struct api_response *response) {
    if (!slice_is_null(response->file)) {
        return MHD_create_response_from_buffer(
            response->file.len, (void *)(uintptr_t)response->file.data, MHD_RESPMEM_PERSISTENT);
    }
    size_t len = 0;
    void *bytes = buf_take(&response->body, &len);
    return MHD_create_response_from_buffer(len, bytes, MHD_RESPMEM_MUST_FREE);
}

static enum MHD_Result send_response(struct exchange *exchange) {
    struct api_response *response = &exchange->response;
    struct MHD_Response *out = response->answer == API_EVENTS
                                   ? stream_new(exchange->http, exchange->request, response->after)
                                   : body_of(response);
    add_headers(out, response);
    enum MHD_Result result = MHD_queue_response(exchange->request, response->status, out);
    MHD_destroy_response(out);
    return result;
}

// ── waits ───────────────────────────────────────────────────────────────────────────────────────

static enum MHD_Result finish_wait(struct exchange *exchange) {
    exchange->waits = false;
    if (!exchange->holds && exchange->http->closing) {
        api_response_cleanup(&exchange->response);
        api_fail(&exchange->response, STATUS_UNAVAILABLE, "the proxy stops");
    } else {
        api_finish_wait(&exchange->response);
    }
    return send_response(exchange);
}

static enum MHD_Result begin_wait(struct exchange *exchange) {
    struct http *http = exchange->http;
    exchange->holds = wait_look(exchange->response.wait);
    if (exchange->holds || exchange->response.wait_ms == 0) {
        return finish_wait(exchange);
    }
    exchange->waits = true;
    wait_set_time(exchange->response.wait, clock_monotonic_ms(),
                  (uint64_t)exchange->response.wait_ms);
    exchange->next = http->waits;
    http->waits = exchange;
    MHD_suspend_connection(exchange->request);
    http_look_soon(http);
    return MHD_YES;
}

bool exchange_look_at_waits(struct http *http) {
    bool any = false;
    struct exchange **at = &http->waits;
    while (*at != NULL) {
        struct exchange *exchange = *at;
        exchange->holds = wait_look(exchange->response.wait);
        exchange->ready = exchange->holds || http->closing || exchange->connection->left ||
                          wait_is_due(exchange->response.wait, clock_monotonic_ms());
        if (exchange->ready) {
            *at = exchange->next;
            any = true;
            MHD_resume_connection(exchange->request);
        } else {
            at = &exchange->next;
        }
    }
    return any;
}

uint64_t exchange_next_due_ms(const struct http *http) {
    uint64_t due_ms = UINT64_MAX;
    for (const struct exchange *at = http->waits; at != NULL; at = at->next) {
        uint64_t at_ms = wait_due_ms(at->response.wait);
        due_ms = at_ms < due_ms ? at_ms : due_ms;
    }
    return due_ms;
}

// ── the library's calls ─────────────────────────────────────────────────────────────────────────

static struct exchange *exchange_new(struct http *http, struct MHD_Connection *request) {
    struct exchange *exchange = mem_new(sizeof(*exchange));
    exchange->http = http;
    exchange->request = request;
    exchange->connection = connection_of(request);
    buf_init(&exchange->body, LIMIT_WEB_BODY);
    http->exchange_count++;
    return exchange;
}

void exchange_ended(void *context, struct MHD_Connection *request, void **at,
                    enum MHD_RequestTerminationCode code) {
    struct http *http = context;
    struct exchange *exchange = *at;
    (void)request;
    (void)code;
    if (exchange == NULL) {
        return;
    }
    connection_await_request(exchange->connection);
    api_response_cleanup(&exchange->response);
    buf_cleanup(&exchange->body);
    free(exchange);
    http->exchange_count--;
    *at = NULL;
}

static enum MHD_Result count_host(void *context, enum MHD_ValueKind kind, const char *name,
                                  const char *value) {
    unsigned *count = context;
    (void)kind;
    (void)value;
    *count += slice_is_nocase(slice_of_string(name), "Host") ? 1 : 0;
    return MHD_YES;
}

// RFC 9112 3.2: of two Hosts the guard would judge one, and another program on the way the other.
static bool has_two_hosts(struct MHD_Connection *request) {
    unsigned count = 0;
    MHD_get_connection_values(request, MHD_HEADER_KIND, count_host, &count);
    return count > 1;
}

// Whether the header alone is a fault, or too much; the response is then made.
static bool is_refused(struct exchange *exchange, const char *url) {
    const union MHD_ConnectionInfo *head =
        MHD_get_connection_info(exchange->request, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    uint64_t body_len = 0;
    struct slice length = header_of(exchange->request, "Content-Length");
    bool large = !slice_is_null(length) &&
                 (!text_parse_u64(&body_len, length, UINT64_MAX) || body_len > LIMIT_WEB_BODY);
    if (strlen(url) > LIMIT_WEB_HEAD) {
        api_fail(&exchange->response, STATUS_URI_TOO_LONG, "the request line has over 16 KiB");
    } else if (head != NULL && head->header_size > LIMIT_WEB_HEAD) {
        api_fail(&exchange->response, STATUS_HEADER_TOO_LARGE,
                 "the request line and its header have over 16 KiB");
    } else if (large) {
        api_fail(&exchange->response, STATUS_TOO_LARGE, "the body has over 64 KiB");
    } else if (has_two_hosts(exchange->request)) {
        api_fail(&exchange->response, STATUS_BAD_REQUEST, "the request has two Host headers");
    } else {
        return false;
    }
    return true;
}

// The library takes no answer in the middle of a body, so it is given past the library.
static enum MHD_Result take_body(struct exchange *exchange, const char *upload,
                                 size_t *upload_len) {
    if (buf_append(&exchange->body, slice_of(upload, *upload_len)) != OK) {
        connection_turn_away(exchange->connection, "413 Content Too Large",
                             "the body has over 64 KiB");
        return MHD_NO;
    }
    *upload_len = 0;
    return MHD_YES;
}

// NOLINTNEXTLINE(readability-function-size): the library's signature
enum MHD_Result exchange_handle(void *context, struct MHD_Connection *request, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_len, void **at) {
    struct exchange *exchange = *at;
    (void)version;
    if (exchange == NULL) {
        exchange = *at = exchange_new(context, request);
        return is_refused(exchange, url) ? send_response(exchange) : MHD_YES;
    }
    if (*upload_len > 0) {
        return take_body(exchange, upload, upload_len);
    }
    exchange->connection->due_ms = 0;
    if (exchange->waits) {
        return finish_wait(exchange);
    }
    answer(exchange, url, method);
    return exchange->response.answer == API_WAIT ? begin_wait(exchange) : send_response(exchange);
}
