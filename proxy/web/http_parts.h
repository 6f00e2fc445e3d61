// SPDX-License-Identifier: MIT
// http_parts: what the files of http share: http.c has the library, its loop and its connections,
// exchange.c a request and its answer, stream.c the stream of events.
#ifndef SCOPE_WEB_HTTP_PARTS_H
#define SCOPE_WEB_HTTP_PARTS_H

#include "web/http.h"
#include "web/notifier.h"

#include <microhttpd.h>
#include <netinet/in.h>

// A connection; times are those of clock_monotonic_ms: uv_now may be long past.
struct connection {
    struct http *http;
    struct connection *next;
    struct connection **before;
    int fd;
    uint64_t due_ms; // by when a request is to be here; 0 while one is answered
    bool prolonged;  // the request's time, as the loop was late
    bool left;       // the client has gone while it was answered
    char local[INET6_ADDRSTRLEN];
};

// A request, from its header on.
struct exchange {
    struct http *http;
    struct connection *connection;
    struct MHD_Connection *request;
    struct buf body;
    struct api_response response;
    // Of a wait that is under way.
    struct exchange *next;
    bool waits;
    bool ready; // to be answered now
    bool holds;
};

// A stream of events.
struct stream {
    struct http *http;
    struct connection *connection;
    struct MHD_Connection *request;
    struct stream *next;
    struct stream **before;
    struct buf pending;
    uint64_t counter;
    uint64_t said_ms;
    bool suspended;
};

struct http {
    uv_loop_t *loop;
    struct api *api;
    struct entrance *entrance;
    struct MHD_Daemon *daemon;
    struct connection *connections;
    size_t connection_count;
    struct exchange *waits;
    struct stream *streams;
    uv_poll_t poll;
    uv_timer_t soon;  // when the library wants to run again
    uv_timer_t sweep; // at the deadlines of connections
    struct notifier *notifier;
    size_t exchange_count;
    bool closing;
    unsigned closing_looks;
    unsigned open_handles;
    void (*closed)(void *context);
    void *closed_context;
};

void http_look_soon(struct http *http); // there is a stream or a wait

// exchange.c: callbacks of the library.
enum MHD_Result exchange_handle(void *context, struct MHD_Connection *request, const char *url,
                                const char *method, const char *version, const char *upload,
                                size_t *upload_len, void **exchange);
size_t exchange_unescape(void *context, struct MHD_Connection *request, char *text); // in place
void exchange_ended(void *context, struct MHD_Connection *request, void **exchange,
                    enum MHD_RequestTerminationCode code);
// Looks at the waits; true where one is to be answered.
bool exchange_look_at_waits(struct http *http);
uint64_t exchange_next_due_ms(const struct http *http); // of the waits; UINT64_MAX for none

// stream.c
struct MHD_Response *stream_new(struct http *http, struct MHD_Connection *request, uint64_t after);
bool stream_look_at_all(struct http *http); // the same of the streams

struct connection *connection_of(struct MHD_Connection *request);
void connection_await_request(struct connection *connection);
// What is said to a client that has not sent its request in time, or too much of it; then its
// connection ends.
void connection_turn_away(struct connection *connection, const char *status, const char *sentence);

#endif
