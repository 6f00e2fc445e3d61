// SPDX-License-Identifier: MIT
#include "cli/service.h"

#include "base/address.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/safe_file.h"
#include "cli/console.h"
#include "cli/control_answers.h"
#include "cli/service_manager.h"
#include "cli/status.h"
#include "cli/web_place.h"
#include "control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

// ── listening ───────────────────────────────────────────────────────────────────────────────────

static void stopped_on_worker(void *context) {
    struct service_loop *service = context;
    uv_async_send(&service->stopped);
}

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};

static void take_late_signal(int number) {
    signal(number, SIG_DFL);
}

// One that asks for the stop after it has come, by `ctl` or after the last session, changes nothing
// of what the program exits with; another one ends it.
static void take_late_signals(const struct service_loop *service) {
    for (size_t i = 0; i < service->signal_count && !service->signalled; i++) {
        signal(stop_signals[i], take_late_signal);
    }
}

static void on_stopped(uv_async_t *async) {
    struct service_loop *service = async->data;
    uv_close((uv_handle_t *)&service->stopped, NULL);
    uv_close((uv_handle_t *)&service->status_timer, NULL);
    for (size_t i = 0; i < service->signal_count; i++) {
        uv_close((uv_handle_t *)&service->signals[i], NULL);
    }
    take_late_signals(service);
    control_answers_close(service);
}

static void fill_listens(struct service_loop *service) {
    const struct options *options = service->options;
    service->listens = mem_new_array(options->mode_count, sizeof(struct listen_spec));
    service->listen_texts = mem_new_array(options->mode_count, sizeof(struct buf));
    for (size_t i = 0; i < options->mode_count; i++) {
        const struct mode_spec *mode = &options->modes[i];
        buf_init(&service->listen_texts[i], FAILURE_MAX);
        mode_put_text(&service->listen_texts[i], mode);
        buf_put_byte(&service->listen_texts[i], '\0');
        service->listens[i] = (struct listen_spec){
            .mode = mode->kind,
            .host = mode->listen_host,
            .port = mode->listen_port,
            .implicit_server = mode->implicit_tls,
            .server_host = mode->host,
            .server_port = mode->port,
            .text = (const char *)service->listen_texts[i].data,
        };
    }
}

static bool needs_mark(const struct options *options) {
    for (size_t i = 0; i < options->mode_count; i++) {
        if (options->modes[i].kind == MODE_TRANSPARENT) {
            return true;
        }
    }
    return false;
}

static struct proxy_options proxy_options_of(struct service_loop *service) {
    const struct options *options = service->options;
    const struct app_context *app = service->app;
    return (struct proxy_options){
        .relay = &app->relay,
        .listens = service->listens,
        .listen_count = options->mode_count,
        .threads = options->threads,
        .max_sessions = options->max_sessions,
        .session_limit = options->session_limit,
        .idle_timeout_ms = options->idle_timeout_ms,
        .connect_timeout_ms = options->connect_timeout_ms,
        .asks_before_dial = app->faults != NULL && faults_have_point(app->faults, FAULT_CONNECT),
        .grace_ms = options->grace_ms,
        .outside = service->outside,
        .mark = needs_mark(options),
        .allowed = &options->allowed,
        .balancers = &options->balancers,
        .send_header = options->send_header,
        .complain = complain,
        .stopped = stopped_on_worker,
        .context = service,
    };
}

enum err service_open(struct service_loop *out, struct failure *failure,
                      const struct service_setup *setup) {
    *out = (struct service_loop){.options = setup->options,
                                 .app = setup->app,
                                 .confinement = setup->confinement,
                                 .ready = {.fd = -1},
                                 .manager_fd = -1,
                                 .started_unix_ns = clock_unix_ns()};
    out->outside = setup->confinement == NULL ? NULL : setup->confinement->outside;
    if (out->options->command == CLI_PROXY) { // under `run` a service is the command
        out->manager_fd = service_manager_open();
    }
    out->on_terminal = isatty(STDERR_FILENO) == 1;
    fill_listens(out);
    int error = uv_loop_init(&out->loop);
    if (error != 0) {
        return fail(failure, ERR_SYSTEM, "cannot make an event loop: %s", uv_strerror(error));
    }
    out->has_loop = true;
    uv_async_init(&out->loop, &out->stopped, on_stopped);
    uv_timer_init(&out->loop, &out->status_timer);
    out->status_timer.data = out;
    out->stopped.data = out;
    const struct proxy_options proxy = proxy_options_of(out);
    return proxy_new(&out->proxy, failure, &proxy);
}

// ── saying so ───────────────────────────────────────────────────────────────────────────────────

static enum err fail_to_be_ready(const struct service_loop *service, struct failure *failure,
                                 int error) {
    return error == 0 ? OK
                      : fail(failure, ERR_SYSTEM, "cannot write the ready file '%s': %s",
                             service->options->ready_file, strerror(error));
}

// The file appears whole or not at all: a program that waits for it may read it at once. It gets
// its bytes while files may be made, and its name when all is ready.
static enum err write_ready_file(struct service_loop *service, struct failure *failure) {
    const char *path = service->options->ready_file;
    struct buf text;
    if (path == NULL) {
        return OK;
    }
    buf_init(&text, LIMIT_READY_FILE);
    for (size_t i = 0; i < service->options->mode_count; i++) {
        proxy_put_addresses(service->proxy, &text, i);
        buf_put_byte(&text, '\n');
    }
    int error = new_file_open(&service->ready, AT_FDCWD, path, 0600);
    if (error == 0 && !file_write_all(service->ready.fd, buf_slice(&text))) {
        error = errno;
    }
    if (error == 0) {
        error = outside_name_later(service->outside, &service->ready);
    }
    buf_cleanup(&text);
    return fail_to_be_ready(service, failure, error);
}

static enum err name_ready_file(struct service_loop *service, struct failure *failure) {
    bool wanted = service->options->ready_file != NULL;
    int error = wanted ? outside_commit(service->outside, &service->ready) : 0;
    return fail_to_be_ready(service, failure, error);
}

static void warn_if_open(const char *address, bool limited) {
    bool loopback = strncmp(address, "127.", 4) == 0 || strncmp(address, "[::1]:", 6) == 0;
    if (!loopback) {
        console_sayf("WARNING: %s is not a loopback address: %s can send mail through this proxy",
                     address,
                     limited ? "clients on other machines that --allow lists"
                             : "anyone who reaches this machine");
    }
}

static char *listening_text(const struct service_loop *service, size_t mode) {
    struct buf address;
    buf_init(&address, ADDRESS_TEXT_MAX + 16);
    proxy_put_addresses(service->proxy, &address, mode);
    struct slice shown = buf_slice(&address);
    char *text = mem_format("%.*s (%s)", (int)shown.len, (const char *)shown.data,
                            service->listens[mode].text);
    buf_cleanup(&address);
    return text;
}

static enum err start_web(struct service_loop *service, struct failure *failure) {
    const struct options *options = service->options;
    bool runs = options->command == CLI_RUN;
    service->mode_text_count = options->mode_count + (runs ? 1 : 0);
    service->mode_texts = mem_new_array(service->mode_text_count + 1, sizeof(char *));
    for (size_t i = 0; i < options->mode_count; i++) {
        service->mode_texts[i] = listening_text(service, i);
    }
    if (runs) {
        service->mode_texts[options->mode_count] = mem_format("run %s", options->run_command[0]);
    }
    return web_start(service->app->web, failure, service->mode_texts, service->mode_text_count);
}

static void free_mode_texts(struct service_loop *service) {
    for (size_t i = 0; i < service->mode_text_count; i++) {
        free((void *)(uintptr_t)service->mode_texts[i]);
    }
    free(service->mode_texts);
}

static void say_listening(const struct service_loop *service) {
    for (size_t i = 0; i < service->options->mode_count; i++) {
        struct buf address;
        buf_init(&address, ADDRESS_TEXT_MAX + 16);
        proxy_put_addresses(service->proxy, &address, i);
        buf_put_byte(&address, '\0');
        const char *text = (const char *)buf_slice(&address).data;
        console_sayf("listening on %s (%s)", text, service->listens[i].text);
        warn_if_open(text, service->options->allowed.count > 0);
        buf_cleanup(&address);
    }
}

static void warn_of_secrets(const struct options *options) {
    for (size_t i = 0; i < options->output_count; i++) {
        if (options->outputs[i].format->has_secrets) {
            console_sayf("WARNING: %s will hold the TLS secrets: anyone who has it can read every "
                         "password; do not share it",
                         options->outputs[i].path);
        }
    }
}

// `json` and `pcap` are replaced as a whole, and a stream has no second file.
static void warn_of_no_rotation(const struct options *options) {
    bool any = options->rotate_size == 0;
    for (size_t i = 0; i < options->output_count; i++) {
        const struct output_spec *output = &options->outputs[i];
        bool lines = output->format->framing->shape == SHAPE_LINES;
        any = any || (lines && strcmp(output->path, "-") != 0);
    }
    if (!any) {
        console_say("--rotate has no effect: it is for files of text and jsonl, and there is none");
    }
}

// ── life ────────────────────────────────────────────────────────────────────────────────────────

static enum err confine(struct service_loop *service, struct failure *failure) {
    const struct confinement *confinement = service->confinement;
    if (confinement == NULL) {
        return OK;
    }
    if (service->control != NULL) {
        outside_remove_later(service->outside, control_server_path(service->control));
    }
    if (confinement->becomes_user) {
        trust_load(service->app->trust); // the user may not read what root may
    }
    return confinement_enter(confinement, failure, service->options, needs_mark(service->options));
}

// All that takes rights, then the end of the rights, then all that starts threads.
static enum err start_parts(struct service_loop *service, struct failure *failure) {
    enum err err = control_answers_open(service, failure);
    if (err == OK) {
        err = write_ready_file(service, failure);
    }
    if (err == OK) {
        err = confine(service, failure);
    }
    if (err == OK) {
        err = app_context_start_outputs(service->app, failure);
    }
    if (err == OK) {
        err = start_web(service, failure);
    }
    if (err == OK) {
        err = proxy_start(service->proxy, failure);
    }
    return err;
}

enum err service_start(struct service_loop *service, struct failure *failure) {
    enum err err = start_parts(service, failure);
    if (err != OK) {
        return err;
    }
    say_listening(service);
    web_set_ready(service->app->web);
    web_say(service->app->web);
    warn_of_secrets(service->options);
    warn_of_no_rotation(service->options);
    status_start(service);
    err = name_ready_file(service, failure);
    if (err == OK) {
        service_manager_notify(service->manager_fd, "READY=1");
    }
    return err;
}

void service_stop(struct service_loop *service) {
    if (!service->stopping) {
        service->stopping = true;
        service_manager_notify(service->manager_fd, "STOPPING=1");
        status_say_stopping(service);
        proxy_stop(service->proxy);
    }
}

static void exit_by_interrupt(int alarm) {
    (void)alarm;
    _exit(SIGNAL_EXIT + SIGINT);
}

static void exit_by_termination(int alarm) {
    (void)alarm;
    _exit(SIGNAL_EXIT + SIGTERM);
}

// What was recorded is still written, but an output that blocks does not hold the program.
static void limit_the_end(int number) {
    const struct itimerval limit = {.it_value = {.tv_sec = SIGNAL_LIMIT_S}};
    signal(SIGALRM, number == SIGINT ? exit_by_interrupt : exit_by_termination);
    setitimer(ITIMER_REAL, &limit, NULL);
}

// Its window was closed: a proxy that went on would hold its port unseen.
static bool lost_terminal(const struct service_loop *service) {
    return service->on_terminal && isatty(STDERR_FILENO) == 0;
}

static void on_signal(uv_signal_t *handle, int number) {
    struct service_loop *service = handle->data;
    if (number == SIGHUP && !lost_terminal(service)) {
        output_set_reopen(service->app->outputs);
    } else if (service->cut_by != 0) {
        _exit(SIGNAL_EXIT + number);
    } else if (service->signalled) {
        service->cut_by = number;
        limit_the_end(number);
        proxy_cut(service->proxy);
    } else {
        service->signalled = true;
        service_stop(service);
    }
}

enum err service_take_signals(struct service_loop *service, struct failure *failure) {
    for (size_t i = 0; i < sizeof(stop_signals) / sizeof(stop_signals[0]); i++) {
        int error = uv_signal_init(&service->loop, &service->signals[i]);
        if (error == 0) {
            service->signals[i].data = service;
            service->signal_count++;
            error = uv_signal_start(&service->signals[i], on_signal, stop_signals[i]);
        }
        if (error != 0) {
            return fail(failure, ERR_SYSTEM, "cannot wait for signals: %s", uv_strerror(error));
        }
    }
    return OK;
}

void service_run(struct service_loop *service) {
    uv_run(&service->loop, UV_RUN_DEFAULT);
}

static void close_loop(struct service_loop *service) {
    if (!uv_is_closing((uv_handle_t *)&service->stopped)) {
        on_stopped(&service->stopped);
    }
    uv_run(&service->loop, UV_RUN_DEFAULT);
    uv_loop_close(&service->loop);
}

void service_cleanup(struct service_loop *service) {
    proxy_free(service->proxy);
    web_stop(service->app->web); // it shows what the listeners say
    free_mode_texts(service);
    if (service->has_loop) {
        close_loop(service);
    }
    for (size_t i = 0; i < service->options->mode_count; i++) {
        buf_cleanup(&service->listen_texts[i]);
    }
    new_file_discard(&service->ready); // one that has its name is closed only
    if (service->manager_fd >= 0) {
        close(service->manager_fd);
    }
    free(service->listen_texts);
    free(service->listens);
}
