// SPDX-License-Identifier: MIT
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "web/http_parts.h"
#include "web/plain_answer.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HANDLES = 4 }; // the notifier counts as one

// ── running the library ─────────────────────────────────────────────────────────────────────────

static void run(struct http *http);

static void on_soon(uv_timer_t *timer) {
    run(timer->data);
}

static void run(struct http *http) {
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    if (http->daemon == NULL) {
        return;
    }
    (void)MHD_run(http->daemon);
    if (MHD_get_timeout(http->daemon, &wait_ms) == MHD_YES) {
        uv_timer_start(&http->soon, on_soon, wait_ms, 0);
    } else {
        uv_timer_stop(&http->soon);
    }
}

static void on_readable(uv_poll_t *poll, int status, int events) {
    (void)status;
    (void)events;
    run(poll->data);
}

// ── connections ─────────────────────────────────────────────────────────────────────────────────

void connection_turn_away(struct connection *connection, const char *status, const char *sentence) {
    (void)plain_answer_send(connection->fd, status, sentence);
    (void)shutdown(connection->fd, SHUT_RDWR);
}

void connection_await_request(struct connection *connection) {
    connection->due_ms = clock_monotonic_ms() + WEB_REQUEST_MS;
    connection->prolonged = false;
}

static void name_local(struct connection *connection) {
    struct sockaddr_storage local = {.ss_family = AF_UNSPEC};
    socklen_t len = sizeof(local);
    char *text = connection->local;
    if (getsockname(connection->fd, (struct sockaddr *)&local, &len) != 0) {
        return;
    }
    if (local.ss_family == AF_INET) {
        inet_ntop(AF_INET, &((struct sockaddr_in *)&local)->sin_addr, text, INET6_ADDRSTRLEN);
        return;
    }
    inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&local)->sin6_addr, text, INET6_ADDRSTRLEN);
    if (strncmp(text, "::ffff:", 7) == 0 && strchr(text, '.') != NULL) {
        memmove(text, text + 7, strlen(text + 7) + 1);
    }
}

static void begin(struct http *http, struct MHD_Connection *request, void **socket_context) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request, MHD_CONNECTION_INFO_CONNECTION_FD);
    struct connection *connection = mem_new(sizeof(*connection));
    connection->http = http;
    connection->fd = info->connect_fd;
    connection_await_request(connection);
    connection->next = http->connections;
    connection->before = &http->connections;
    if (connection->next != NULL) {
        connection->next->before = &connection->next;
    }
    http->connections = connection;
    name_local(connection);
    *socket_context = connection;
}

static void on_connection(void *context, struct MHD_Connection *request, void **socket_context,
                          enum MHD_ConnectionNotificationCode code) {
    struct http *http = context;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        begin(http, request, socket_context);
        return;
    }
    struct connection *connection = *socket_context;
    *connection->before = connection->next;
    if (connection->next != NULL) {
        connection->next->before = connection->before;
    }
    http->connection_count--;
    free(connection);
}

static bool on_accepted(void *context, int fd, const struct sockaddr *peer, socklen_t len) {
    struct http *http = context;
    if (http->connection_count >= LIMIT_WEB_CONNECTIONS) {
        return false;
    }
    if (MHD_add_connection(http->daemon, fd, peer, len) == MHD_YES) { // else it closed the socket
        http->connection_count++;
        uv_timer_start(&http->soon, on_soon, 0, 0);
    }
    return true;
}

struct connection *connection_of(struct MHD_Connection *request) {
    return MHD_get_connection_info(request, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
}

// What recv would say: 0 at the end of the stream, above 0 where bytes lie in the socket.
static ssize_t peek(const struct connection *connection) {
    char byte;
    return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
}

// The library does not look at a connection that sleeps. One that the client has closed for
// writing alone looks the same: its client is taken to have left, as other servers do.
//
// Timers come before sockets: to a loop that is late, what was sent in time lies in the socket. It
// is read before the next sweep; a client that goes on sending is not waited for again.
static void sweep_one(struct connection *connection, uint64_t now_ms) {
    if (connection->due_ms == 0) {
        connection->left = peek(connection) == 0;
    } else if (now_ms >= connection->due_ms && !connection->prolonged && peek(connection) > 0) {
        connection->prolonged = true;
    } else if (now_ms >= connection->due_ms) {
        connection->due_ms = 0;
        connection_turn_away(connection, "408 Request Timeout",
                             "the request was not complete within 10 s");
    }
}

static void look_at_all(struct http *http);

static void on_sweep(uv_timer_t *timer) {
    struct http *http = timer->data;
    for (struct connection *at = http->connections; at != NULL; at = at->next) {
        sweep_one(at, clock_monotonic_ms());
    }
    entrance_sweep(http->entrance);
    look_at_all(http);
    run(http);
}

// ── streams and waits ───────────────────────────────────────────────────────────────────────────

static void close_in_time(struct http *http);

static void look_at_all(struct http *http) {
    bool streams = stream_look_at_all(http);
    bool waits = exchange_look_at_waits(http);
    if (streams || waits) {
        run(http);
    }
}

// A wait has its own end, and a stream is never silent for long.
static void look_again_in_time(struct http *http) {
    uint64_t now_ms = clock_monotonic_ms();
    uint64_t due_ms = exchange_next_due_ms(http);
    if (http->streams != NULL) {
        notifier_look_within(http->notifier, WEB_ALIVE_MS);
    }
    if (due_ms != UINT64_MAX) {
        notifier_look_within(http->notifier, due_ms > now_ms ? due_ms - now_ms : 0);
    }
}

static void on_look(void *context) {
    struct http *http = context;
    if (http->closing) {
        close_in_time(http);
        return;
    }
    if (http->streams != NULL || http->waits != NULL) {
        notifier_await(http->notifier);
        look_at_all(http);
        look_again_in_time(http);
    }
}

void http_look_soon(struct http *http) {
    notifier_look_within(http->notifier, 0);
}

// ── life ────────────────────────────────────────────────────────────────────────────────────────

// Strict, the library would itself answer a request without a Host, by a page; the guard does it.
static struct MHD_Daemon *start_daemon(struct http *http) {
    unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET;
    return MHD_start_daemon(flags, 0, NULL, NULL, exchange_handle, http, //
                            MHD_OPTION_CONNECTION_LIMIT, (unsigned)LIMIT_WEB_CONNECTIONS,
                            MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)WEB_STALL_S,
                            MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)LIMIT_WEB_POOL,
                            MHD_OPTION_STRICT_FOR_CLIENT, 0,                       //
                            MHD_OPTION_UNESCAPE_CALLBACK, exchange_unescape, NULL, //
                            MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
                            MHD_OPTION_NOTIFY_COMPLETED, exchange_ended, http, MHD_OPTION_END);
}

static void stop_daemon(struct http *http) {
    if (http->daemon != NULL) {
        MHD_stop_daemon(http->daemon);
        http->daemon = NULL;
    }
}

static void init_timer(struct http *http, uv_timer_t *timer) {
    uv_timer_init(http->loop, timer);
    timer->data = http;
}

// The library on our loop, and the sockets. What is left of a failure is nothing but memory that
// the loop, which then never runs, does not touch.
static enum err start_all(struct http *http, struct failure *failure) {
    struct entrance_events events = {.accepted = on_accepted, .context = http};
    http->daemon = start_daemon(http);
    const union MHD_DaemonInfo *info =
        http->daemon == NULL ? NULL : MHD_get_daemon_info(http->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || info->listen_fd < 0) {
        stop_daemon(http);
        return fail(failure, ERR_SYSTEM, "--web: libmicrohttpd does not start");
    }
    int error = uv_poll_init(http->loop, &http->poll, info->listen_fd);
    error = error == 0 ? entrance_start(http->entrance, http->loop, &events) : error;
    if (error != 0) {
        stop_daemon(http);
        return fail(failure, ERR_SYSTEM, "--web: cannot wait for connections: %s",
                    uv_strerror(error));
    }
    return OK;
}

enum err http_new(struct http **out, struct failure *failure, uv_loop_t *loop, struct api *api,
                  struct entrance *entrance) {
    struct http *http = mem_new(sizeof(*http));
    *http = (struct http){.loop = loop, .api = api, .entrance = entrance};
    enum err err = start_all(http, failure);
    if (err != OK) {
        free(http);
        return err;
    }
    http->poll.data = http;
    init_timer(http, &http->soon);
    init_timer(http, &http->sweep);
    http->notifier = notifier_new(loop, api->store, on_look, http);
    http->open_handles = HANDLES;
    uv_poll_start(&http->poll, UV_READABLE, on_readable);
    uv_timer_start(&http->sweep, on_sweep, WEB_SWEEP_MS, WEB_SWEEP_MS);
    *out = http;
    return OK;
}

static void on_one_closed(void *context) {
    struct http *http = context;
    if (--http->open_handles == 0) {
        http->closed(http->closed_context);
    }
}

static void on_closed(uv_handle_t *handle) {
    on_one_closed(handle->data);
}

static void close_all(struct http *http) {
    uv_poll_stop(&http->poll);
    stop_daemon(http);
    uv_close((uv_handle_t *)&http->poll, on_closed);
    uv_close((uv_handle_t *)&http->soon, on_closed);
    notifier_close(http->notifier, on_one_closed);
    uv_close((uv_handle_t *)&http->sweep, on_closed);
}

// Answers that are under way get some time; the streams and waits among them end at once.
static void close_in_time(struct http *http) {
    look_at_all(http);
    run(http);
    if (http->exchange_count == 0 || ++http->closing_looks > WEB_CLOSE_MS / WEB_GATHER_MS) {
        close_all(http);
    } else {
        notifier_look_within(http->notifier, WEB_GATHER_MS);
    }
}

void http_close(struct http *http, void (*closed)(void *context), void *context) {
    http->closing = true;
    http->closed = closed;
    http->closed_context = context;
    entrance_close(http->entrance);
    uv_timer_stop(&http->sweep);
    notifier_look_within(http->notifier, 0);
}

void http_free(struct http *http) {
    free(http);
}
