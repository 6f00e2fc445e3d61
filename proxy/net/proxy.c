// SPDX-License-Identifier: MIT
#include "net/proxy.h"

#include "base/address.h"
#include "base/clock.h"
#include "base/memory.h"
#include "net/conn.h"
#include "net/worker.h"
#include "relay/relay.h"

#include <dirent.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct proxy {
    struct proxy_options options;
    struct service service;
    struct worker *workers;
    unsigned worker_count;
    unsigned started;
    struct address_text *bound; // one for each mode
    atomic_uint running;
    atomic_bool stopping;
};

static void session_ended(void *context) {
    struct proxy *proxy = context;
    uint64_t limit = proxy->options.session_limit;
    if (limit > 0 && atomic_load(&proxy->service.ended) >= limit) {
        proxy_stop(proxy);
    }
}

static void resume_listeners(struct worker *worker, void *argument) {
    (void)argument;
    for (size_t i = 0; i < worker->listener_count; i++) {
        listener_resume(worker->listeners[i]);
    }
}

static void wake_listeners(void *context) {
    struct proxy *proxy = context;
    for (unsigned i = 0; i < proxy->worker_count; i++) {
        worker_post(&proxy->workers[i], resume_listeners, NULL);
    }
}

static unsigned thread_count(unsigned asked) {
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    return asked > 0 ? asked : cores > 0 ? (unsigned)cores : 1;
}

static bool takes_tproxy(int fd) {
    int on = 0;
    socklen_t len = sizeof(on);
    if (getsockopt(fd, SOL_IP, IP_TRANSPARENT, &on, &len) == 0 && on != 0) {
        return true;
    }
    return getsockopt(fd, SOL_IPV6, IPV6_TRANSPARENT, &on, &len) == 0 && on != 0;
}

static void warn_without_tproxy(const struct proxy *proxy, const struct listen_spec *spec, int fd) {
    if (spec->mode == MODE_TRANSPARENT && !takes_tproxy(fd)) {
        proxy->options.complain(proxy->options.context,
                                "transparent mode serves only REDIRECT: TPROXY needs root or "
                                "CAP_NET_ADMIN");
    }
}

static enum err fail_to_listen(struct failure *failure, int error) {
    return fail(failure, ERR_SYSTEM, "cannot wait for connections: %s", uv_strerror(error));
}

static enum err listen_on_all(struct proxy *proxy, struct failure *failure,
                              const struct listen_spec *spec, struct address_text *out_bound) {
    uint16_t port = spec->port;
    for (unsigned i = 0; i < proxy->worker_count; i++) {
        int fd = -1;
        enum err err = listener_bind(&fd, failure, spec, &port, i > 0);
        if (err != OK) {
            return err;
        }
        *out_bound = address_of_socket(fd);
        if (i == 0) {
            warn_without_tproxy(proxy, spec, fd);
        }
        if (i == 0) {
            own_listeners_add(&proxy->service.own_listeners, fd);
        }
        int error = worker_add_listener(&proxy->workers[i], spec, fd);
        if (error != 0) {
            return fail_to_listen(failure, error);
        }
    }
    return OK;
}

// Once all are bound: port 0 is known, and one mode may lead to another.
static enum err check_for_loops(const struct proxy *proxy, struct failure *failure) {
    for (size_t i = 0; i < proxy->options.listen_count; i++) {
        const struct listen_spec *spec = &proxy->options.listens[i];
        if (spec->mode == MODE_REVERSE &&
            own_listeners_have_host(&proxy->service.own_listeners, spec->server_host,
                                    spec->server_port)) {
            return fail(failure, ERR_SYSTEM,
                        "'%s' leads back to a listener of this smtpscope, on port %u: name the "
                        "mail server in the URL, or listen on another port with --mode …@PORT",
                        spec->text, spec->server_port);
        }
    }
    return OK;
}

static enum err make_workers(struct proxy *proxy, struct failure *failure) {
    unsigned count = thread_count(proxy->options.threads);
    proxy->workers = mem_new_array(count, sizeof(struct worker));
    for (; proxy->worker_count < count; proxy->worker_count++) {
        int error = worker_init(&proxy->workers[proxy->worker_count], &proxy->service);
        if (error != 0) {
            return fail(failure, ERR_SYSTEM, "cannot make an event loop: %s", uv_strerror(error));
        }
    }
    return OK;
}

enum err proxy_new(struct proxy **out, struct failure *failure,
                   const struct proxy_options *options) {
    struct proxy *proxy = mem_new(sizeof(*proxy));
    enum err err = OK;
    proxy->options = *options;
    proxy->service = (struct service){
        .options = &proxy->options,
        .owner = owner_new(options->outside),
        .lookups = lookups_new(),
        .session_ended = session_ended,
        .wake_listeners = wake_listeners,
        .proxy = proxy,
        .began_ms = uv_hrtime() / (uint64_t)NS_PER_MS,
    };
    proxy->bound = mem_new_array(options->listen_count, sizeof(struct address_text));
    err = make_workers(proxy, failure);
    for (size_t i = 0; i < options->listen_count && err == OK; i++) {
        err = listen_on_all(proxy, failure, &options->listens[i], &proxy->bound[i]);
    }
    err = err == OK ? check_for_loops(proxy, failure) : err;
    if (err != OK) {
        proxy_free(proxy);
        return err;
    }
    *out = proxy;
    return OK;
}

// The last loop to end says that the proxy has.
static void run_worker(void *argument) {
    struct worker *worker = argument;
    struct proxy *proxy = worker->service->proxy;
    uv_run(&worker->loop, UV_RUN_DEFAULT);
    if (atomic_fetch_sub(&proxy->running, 1) == 1) {
        proxy->options.stopped(proxy->options.context);
    }
}

static unsigned count_descriptors(void) {
    unsigned count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (folder != NULL && readdir(folder) != NULL) {
        count++;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    return count;
}

enum err proxy_start(struct proxy *proxy, struct failure *failure) {
    proxy->service.own_descriptors = count_descriptors();
    atomic_store(&proxy->running, proxy->worker_count);
    for (unsigned i = 0; i < proxy->worker_count; i++) {
        int error = worker_start(&proxy->workers[i], run_worker);
        if (error < 0) {
            return fail(failure, ERR_SYSTEM, "cannot start a thread: %s", uv_strerror(error));
        }
        proxy->started++;
    }
    return OK;
}

void proxy_put_addresses(const struct proxy *proxy, struct buf *out, size_t index) {
    const struct address_text *text = &proxy->bound[index];
    bool v6 = strchr(text->host, ':') != NULL;
    buf_putf(out, v6 ? "[%s]:%u" : "%s:%u", text->host, text->port);
}

static void stop_worker(struct worker *worker, void *argument) {
    (void)argument;
    worker_stop(worker);
}

void proxy_stop(struct proxy *proxy) {
    if (atomic_exchange(&proxy->stopping, true)) {
        return;
    }
    for (unsigned i = 0; i < proxy->worker_count; i++) {
        worker_post(&proxy->workers[i], stop_worker, NULL);
    }
}

static void cut_worker(struct worker *worker, void *argument) {
    (void)argument;
    worker_cut(worker);
}

void proxy_cut(struct proxy *proxy) {
    for (unsigned i = 0; i < proxy->worker_count; i++) {
        worker_post(&proxy->workers[i], cut_worker, NULL);
    }
}

void proxy_free(struct proxy *proxy) {
    if (proxy == NULL) {
        return;
    }
    proxy_stop(proxy); // A start that failed half-way leaves threads that were not stopped.
    for (unsigned i = 0; i < proxy->started; i++) {
        worker_join(&proxy->workers[i]);
    }
    owner_free(proxy->service.owner); // Its answers go to the workers.
    for (unsigned i = 0; i < proxy->worker_count; i++) {
        worker_stop(&proxy->workers[i]);
        worker_cleanup(&proxy->workers[i]);
    }
    lookups_free(proxy->service.lookups);
    own_listeners_cleanup(&proxy->service.own_listeners);
    free(proxy->workers);
    free(proxy->bound);
    free(proxy);
}

struct proxy_status proxy_status(struct proxy *proxy) {
    struct service *service = &proxy->service;
    return (struct proxy_status){
        .live = atomic_load(&service->live),
        .ended = atomic_load(&service->ended),
        .messages = atomic_load(&service->messages),
        .findings = atomic_load(&service->findings),
    };
}

struct proxy_rates proxy_rates(struct proxy *proxy) {
    struct service *service = &proxy->service;
    uint64_t now_ms = uv_hrtime() / (uint64_t)NS_PER_MS;
    return (struct proxy_rates){
        .sessions = rate_each_second(&service->session_rate, service->began_ms, now_ms),
        .messages = rate_each_second(&service->message_rate, service->began_ms, now_ms),
        .seconds = (double)rate_window_ms(service->began_ms, now_ms) * NS_PER_MS / NS_PER_S,
    };
}

// ── the list of live sessions ───────────────────────────────────────────────────────────────────

struct live_listing {
    struct buf *out;
    uv_sem_t done;
};

static void list_sessions(struct worker *worker, void *argument) {
    struct live_listing *listing = argument;
    worker_put_sessions(worker, listing->out);
    uv_sem_post(&listing->done);
}

void proxy_put_sessions(struct proxy *proxy, struct buf *out) {
    struct live_listing listing = {.out = out};
    uv_sem_init(&listing.done, 0);
    for (unsigned i = 0; i < proxy->worker_count; i++) {
        if (worker_post(&proxy->workers[i], list_sessions, &listing)) {
            uv_sem_wait(&listing.done);
        }
    }
    uv_sem_destroy(&listing.done);
}

// ── run ─────────────────────────────────────────────────────────────────────────────────────────

enum err proxy_add_listener(struct proxy *proxy, struct failure *failure,
                            const struct listen_spec *spec, uint16_t *out_port) {
    *out_port = spec->port;
    for (unsigned i = 0; i < proxy->worker_count; i++) {
        int fd = -1;
        enum err err = spec->lead->listen(&fd, out_port, failure);
        if (err != OK) {
            return err;
        }
        int error = worker_add_listener(&proxy->workers[i], spec, fd);
        if (error != 0) {
            return fail_to_listen(failure, error);
        }
    }
    return OK;
}

static void record_failed(struct worker *worker, void *argument) {
    conn_record_failed(worker, argument);
    free(argument);
}

int proxy_before_dial(uint64_t *out_session, struct proxy *proxy,
                      const struct sockaddr_storage *server) {
    if (!proxy->options.asks_before_dial) {
        return 0;
    }
    struct address_text text = address_text((const struct sockaddr *)server);
    struct event_session session = {.id = atomic_fetch_add(&proxy->service.next_id, 1) + 1,
                                    .mode = MODE_RUN,
                                    .has_server = true,
                                    .started_unix_ns = clock_unix_ns()};
    struct relay_dial dial;
    relay_foresee_dial(&dial, proxy->options.relay->faults, &session, text.host);
    *out_session = session.id;
    return dial.what == RELAY_DIAL_LATER ? PROXY_DIALS_LATER : dial.error;
}

void proxy_record_failed(struct proxy *proxy, const struct failed_dial *failed) {
    struct failed_dial *copy = mem_new(sizeof(*copy));
    *copy = *failed;
    if (!worker_post(&proxy->workers[0], record_failed, copy)) {
        free(copy);
    }
}
