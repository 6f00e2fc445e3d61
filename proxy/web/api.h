// SPDX-License-Identifier: MIT
// api: the answer to each request, as a function: a request in, a response out, no socket. The
// routes are one table in api.c; `proxy/web/README.md` describes the answers.
//
//   http ── struct api_request ──▶ guard ──▶ route ──▶ struct api_response ──▶ http
#ifndef SCOPE_WEB_API_H
#define SCOPE_WEB_API_H

#include "observe/output.h"
#include "web/feed.h"
#include "web/guard.h"
#include "web/metrics.h"
#include "web/store.h"
#include "web/wait.h"

enum status {
    STATUS_OK = 200,
    STATUS_NO_CONTENT = 204,
    STATUS_BAD_REQUEST = 400,
    STATUS_UNAUTHORIZED = 401,
    STATUS_FORBIDDEN = 403,
    STATUS_NOT_FOUND = 404,
    STATUS_METHOD_NOT_ALLOWED = 405,
    STATUS_TIMEOUT = 408,
    STATUS_TOO_LARGE = 413,
    STATUS_URI_TOO_LONG = 414,
    STATUS_MISDIRECTED = 421,
    STATUS_TOO_MANY = 429,
    STATUS_HEADER_TOO_LARGE = 431,
    STATUS_UNAVAILABLE = 503,
};

// What the answers are made from. All of it outlives the api.
struct api {
    struct guard guard;
    struct store *store;
    struct feed *feed;
    const struct metrics *metrics;
    struct slice audit;         // what `audit --report json` wrote; null where none was given
    struct output_set *outputs; // NULL for recorded transcripts: nothing is recorded then
    const char *version;
    int64_t started_unix_ns;
    const char *const *modes; // each as the line says that it listens
    size_t mode_count;
    atomic_bool ready;   // all listeners accept
    atomic_uint streams; // of events, that are open
};

struct api_parameter {
    struct slice name;
    struct slice value; // decoded
};

struct api_request {
    struct slice method;
    struct slice path; // decoded, without the query
    struct visitor visitor;
    struct slice last_event; // Last-Event-ID
    struct slice body;
    const struct api_parameter *parameters;
    size_t parameter_count;
};

enum api_answer {
    API_BODY,   // `body`, or `file`
    API_EVENTS, // a stream from `after` on
    API_WAIT,   // `wait` is looked at until it holds, or `wait_ms` is over
};

enum api_policy {
    POLICY_NONE, // of the API: shows nothing
    POLICY_PAGE, // of the page
    POLICY_PART, // of what a stranger wrote: no script, no request, an origin of its own
};

struct api_response {
    enum api_answer answer;
    enum status status;
    const char *type;
    char *own_type; // the same, where it is of a part. Owned.
    enum api_policy policy;
    struct buf body;
    struct slice file; // static; null: the body
    char *file_name;   // of ours, to be saved as; NULL: to be shown. Owned.
    char *disposition; // of a part: Content-Disposition; NULL for none. Owned.
    const char *allow; // of a 405
    uint64_t after;
    struct wait_for *wait; // owned
    int64_t wait_ms;
};

// `response` is made whole; the caller cleans it up. Strings it points at that it does not own are
// static, or the api's.
void api_answer(struct api_response *response, struct api *api, const struct api_request *request);
void api_response_cleanup(struct api_response *response);

// An error with a sentence, as JSON. Overwrites `response`.
void api_fail(struct api_response *response, enum status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// How a wait ended, from what `response` has of it.
void api_finish_wait(struct api_response *response);

#endif
