// SPDX-License-Identifier: MIT
#include "web/web.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/thread.h"
#include "web/entrance.h"
#include "web/http.h"
#include "web/page_sink.h"

#include <stdlib.h>
#include <string.h>

struct web {
    struct api api;
    struct metrics metrics;
    struct page_target target;
    struct web_options options;
    char *token;
    struct entrance *entrance; // NULL: no page
    struct http *http;
    uv_loop_t loop;
    uv_async_t stop;
    pthread_t thread;
    bool started;
    uint64_t last_id; // of a record
};

static bool is_paused(const void *context) {
    return context != NULL && output_set_paused(context);
}

// The part of --web-memory that is for events.
static size_t feed_bytes(const struct web_options *options) {
    size_t part = options->memory / 4;
    return !options->page ? 0 : part < LIMIT_WEB_EVENTS ? part : LIMIT_WEB_EVENTS;
}

static void take_pause(void *context, const struct event *event) {
    struct web *web = context;
    feed_add_notice(web->api.feed, event);
    store_changed(web->api.store);
}

struct web *web_new(const struct web_options *options) {
    struct web *web = mem_new(sizeof(*web));
    web->options = *options;
    web->token = options->token != NULL ? mem_string(options->token) : guard_new_token();
    web->api.store = store_new(options->memory - feed_bytes(options));
    web->api.feed = options->page ? feed_new(feed_bytes(options)) : NULL;
    web->api.metrics = &web->metrics;
    web->api.outputs = options->outputs;
    web->api.version = options->version;
    web->api.started_unix_ns = clock_unix_ns();
    web->api.guard = (struct guard){.token = web->token,
                                    .bound = options->host,
                                    .hosts = options->hosts,
                                    .host_count = options->host_count};
    web->target = (struct page_target){.store = web->api.store,
                                       .feed = web->api.feed,
                                       .body = options->body,
                                       .is_paused = is_paused,
                                       .pause_context = options->outputs,
                                       .only = options->only,
                                       .only_context = options->only_context};
    if (options->page && options->outputs != NULL) {
        output_set_on_pause(options->outputs, (struct event_sink){take_pause, web});
    }
    return web;
}

void web_free(struct web *web) {
    if (web == NULL) {
        return;
    }
    web_stop(web);
    entrance_free(web->entrance);
    store_free(web->api.store);
    feed_free(web->api.feed);
    free(web->token);
    free(web);
}

void web_add_sinks(struct web *web, struct sink_set *sinks) {
    // The metrics first: what the page shows of a session is counted then.
    if (web->options.page) {
        sink_set_add(sinks, &metrics_sink, &web->metrics);
    }
    sink_set_add(sinks, &page_sink, &web->target);
}

struct store *web_store(struct web *web) {
    return web->api.store;
}

void web_add_record(struct web *web, struct record *record) {
    uint64_t id = record->session.id;
    web->last_id = id > web->last_id ? id : web->last_id + 1;
    record->session.id = web->last_id;
    struct kept *kept = kept_of_record(record, web->last_id);
    store_add(web->api.store, kept_hold(kept));
    store_ended(web->api.store, kept);
    kept_release(kept);
}

void web_set_audit(struct web *web, struct slice document) {
    web->api.audit = document;
}

struct event_sink web_metrics(struct web *web) {
    return (struct event_sink){metrics_sink.take, &web->metrics};
}

// ── its thread ──────────────────────────────────────────────────────────────────────────────────

static void on_closed(void *context) {
    struct web *web = context;
    uv_close((uv_handle_t *)&web->stop, NULL);
}

static void on_stop(uv_async_t *async) {
    struct web *web = async->data;
    http_close(web->http, on_closed, web);
}

static void *body(void *context) {
    struct web *web = context;
    uv_run(&web->loop, UV_RUN_DEFAULT);
    return NULL;
}

enum err web_listen(struct web *web, struct failure *failure) {
    return web->options.page
               ? entrance_new(&web->entrance, failure, web->options.host, web->options.port)
               : OK;
}

enum err web_start(struct web *web, struct failure *failure, const char *const *modes,
                   size_t mode_count) {
    if (web->entrance == NULL) {
        return OK;
    }
    web->api.modes = modes;
    web->api.mode_count = mode_count;
    int error = uv_loop_init(&web->loop);
    if (error != 0) {
        return fail(failure, ERR_SYSTEM, "--web: cannot make an event loop: %s",
                    uv_strerror(error));
    }
    uv_async_init(&web->loop, &web->stop, on_stop);
    web->stop.data = web;
    enum err err = http_new(&web->http, failure, &web->loop, &web->api, web->entrance);
    error = err == OK ? thread_start(&web->thread, body, web) : 0;
    if (error != 0) {
        err = fail(failure, ERR_SYSTEM, "--web: no thread: %s", strerror(error));
    }
    web->started = err == OK;
    return err;
}

void web_set_ready(struct web *web) {
    atomic_store(&web->api.ready, true);
}

void web_stop(struct web *web) {
    if (!web->started) {
        return;
    }
    web->started = false;
    uv_async_send(&web->stop);
    pthread_join(web->thread, NULL);
    uv_loop_close(&web->loop);
    http_free(web->http);
}

// ── where it is ─────────────────────────────────────────────────────────────────────────────────

bool web_has_page(const struct web *web) {
    return web->entrance != NULL;
}

void web_put_url(struct buf *out, const struct web *web) {
    buf_put_string(out, "http://");
    entrance_put_address(out, web->entrance);
    buf_putf(out, "/#%s", web->token);
}

char *web_open_address(const struct web *web) {
    if (web->entrance == NULL || entrance_is_loopback(web->entrance)) {
        return NULL;
    }
    struct buf address;
    buf_init(&address, FAILURE_MAX);
    entrance_put_address(&address, web->entrance);
    char *text = mem_string_of(buf_slice(&address));
    buf_cleanup(&address);
    return text;
}
