// SPDX-License-Identifier: MIT
// The command runs under the capture; the proxy lives as long as it does.
#include "base/address.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "capture/mount.h"
#include "certs/environment.h"
#include "cli/app.h"
#include "cli/console.h"
#include "cli/not_captured.h"
#include "cli/status.h"
#include "cli/trust_folder.h"
#include "cli/verdict.h"
#include "net/passage.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

struct run {
    struct service_loop service;
    struct capture *capture;
    struct capture *_Atomic opened; // the same, from when connections may be claimed
    struct lead lead;
    struct listen_spec listen;
    struct trust_folder folder;
    struct environment *trust; // what makes the command trust the CA
    const char *trust_mount;   // a bundle to mount, of `trust`; NULL for none
    int status;                // of the command
    struct run_case *of;       // NULL but for `audit`
};

static bool claim(void *context, int accepted_fd, struct claimed *out) {
    struct run *run = context;
    struct capture *capture = atomic_load(&run->opened);
    struct capture_connection connection;
    if (capture == NULL || !capture_claim(capture, accepted_fd, &connection)) {
        return false;
    }
    *out = (struct claimed){
        .server_fd = connection.server_fd,
        .server = connection.server,
        .client = connection.client,
        .session = connection.session,
    };
    return true;
}

// Before the command runs, so that not even its first connection is turned away.
static void on_opened(void *context, struct capture *capture) {
    struct run *run = context;
    atomic_store(&run->opened, capture);
}

static bool is_mail(const struct run *run, const struct capture_connection *connection) {
    uint16_t port = address_text((const struct sockaddr *)&connection->server).port;
    return !run->listen.mail_only || passage_port_is_mail(port);
}

static int on_before_dial(void *context, struct capture_connection *connection) {
    struct run *run = context;
    if (!is_mail(run, connection)) {
        return 0;
    }
    int error = proxy_before_dial(&connection->session, run->service.proxy, &connection->server);
    return error == PROXY_DIALS_LATER ? CAPTURE_DIALS_LATER : error;
}

static void on_failed(void *context, const struct capture_connection *connection, int error) {
    struct run *run = context;
    if (!is_mail(run, connection)) {
        return; // nothing says that it was to be mail
    }
    struct failed_dial failed = {
        .server = connection->server,
        .client = connection->client,
        .asked_monotonic_ns = connection->asked_monotonic_ns,
        .error = error,
        .session = connection->session,
    };
    proxy_record_failed(run->service.proxy, &failed);
}

static void on_warned(void *context, const char *sentence) {
    (void)context;
    console_say(sentence);
}

static void on_signalled(void *context, int number) {
    struct run *run = context;
    if (number == SIGHUP) {
        output_set_reopen(run->service.app->outputs);
    }
}

static void on_command_ended(void *context, int status) {
    struct run *run = context;
    run->status = status;
    proxy_stop(run->service.proxy);
}

static enum trust_help decide_mount(struct run *run, enum trust_mount choice) {
    const char *bundle = environment_bundle_file(run->trust);
    enum mount_verdict verdict =
        choice == TRUST_MOUNT_WHERE_IT_WORKS ? mount_try(bundle) : MOUNT_COSTS_RIGHTS;
    if (choice == TRUST_MOUNT_ALWAYS || verdict == MOUNT_WORKS) {
        run->trust_mount = bundle;
        return TRUST_HELP_MOUNT;
    }
    return verdict == MOUNT_FAILS ? TRUST_HELP_VARIABLES : TRUST_HELP_DECLINED;
}

static enum err prepare_trust(struct run *run, struct failure *failure, struct app_context *app,
                              const struct options *options) {
    trust_folder_init(&run->folder, app->ca.dir);
    enum err err =
        environment_new(&run->trust, failure, app->ca.authority, run->folder.path, clock_unix_ns());
    if (err == OK) {
        app_context_set_trust_help(app, decide_mount(run, options->trust_mount));
    }
    return err;
}

static enum err start_command(struct run *run, struct failure *failure,
                              const struct options *options,
                              const struct capture_inherited *inherited, uint16_t port) {
    struct capture_handlers handlers = {
        .opened = on_opened,
        .before_dial = on_before_dial,
        .failed = on_failed,
        .warned = on_warned,
        .signalled = on_signalled,
        .ended = on_command_ended,
        .context = run,
    };
    struct capture_options capture = {
        .ports = options->ports,
        .command = options->run_command,
        .environment = environment_list(run->trust),
        .trust_mount = run->trust_mount,
        .listener_port = port,
        .closed = options->sink,
        .connect_timeout_ms = (int64_t)options->connect_timeout_ms,
        .inherited = inherited,
        .alone = run->of != NULL ? &run->of->alone : NULL,
    };
    return capture_start(&run->capture, failure, &capture, &handlers);
}

static void say_if_nothing_came(const struct run *run, const struct options *options) {
    struct proxy_status status = proxy_status(run->service.proxy);
    if (run->of != NULL || run->capture == NULL || status.ended + status.live > 0) {
        return;
    }
    struct elsewhere elsewhere = capture_elsewhere(run->capture);
    struct buf text;
    buf_init(&text, CONSOLE_TEXT_MAX);
    not_captured_put(&text, &options->ports, &elsewhere, run->status);
    buf_put_byte(&text, '\0');
    console_say((const char *)buf_slice(&text).data);
    buf_cleanup(&text);
}

static void note_end(const struct run *run) {
    if (run->of != NULL) {
        run->of->status = run->status;
        run->of->executed = capture_was_executed(run->capture);
        run->of->timed_out = capture_timed_out(run->capture);
        run->of->memory = capture_memory(run->capture);
        run->of->elsewhere = capture_elsewhere(run->capture);
    }
}

static enum err run_all(struct run *run, struct failure *failure, struct app_context *app,
                        const struct options *options, const struct capture_inherited *inherited) {
    uint16_t port = 0;
    const struct service_setup setup = {.app = app, .options = options};
    enum err err = service_open(&run->service, failure, &setup);
    if (err == OK) {
        run->lead = (struct lead){.listen = capture_listener_open, .claim = claim, .context = run};
        run->listen = (struct listen_spec){.mode = options->sink ? MODE_SINK : MODE_RUN,
                                           .lead = &run->lead,
                                           .mail_only = options->ports.all};
        err = proxy_add_listener(run->service.proxy, failure, &run->listen, &port);
    }
    if (err == OK) {
        err = service_start(&run->service, failure);
    }
    if (err == OK) {
        err = start_command(run, failure, options, inherited, port);
        if (err != OK) {
            proxy_stop(run->service.proxy);
        }
        service_run(&run->service);
    }
    if (run->capture != NULL) {
        // Where `--sessions` stopped the proxy the command goes on, uncaptured.
        capture_release(run->capture);
        run->status = capture_wait(run->capture);
        note_end(run);
    }
    if (err == OK) {
        say_if_nothing_came(run, options);
    }
    capture_free(run->capture); // first: its threads report to the service
    service_cleanup(&run->service);
    return err;
}

enum err run_one_case(struct run_case *of, struct failure *failure, const struct options *options,
                      const struct capture_inherited *inherited) {
    struct app_context app = {.keylog_fd = -1};
    struct run run = {.status = EXIT_NOT_STARTED, .of = of};
    enum err err = app_context_open(&app, failure, options);
    if (err == OK) {
        sink_set_add(app.sinks, of->sink, of->sink_context);
        app.relay.observer.dialogue.no_digests = false;
        app.relay.traits = of->traits;
        app.relay.client_start = of->client_start;
        app.relay.observer.learnt = of->learnt;
        app.relay.observer.learnt_context = of->learnt_context;
        err = prepare_trust(&run, failure, &app, options);
    }
    if (err == OK) {
        err = run_all(&run, failure, &app, options, inherited);
    }
    environment_free(run.trust);
    trust_folder_cleanup(&run.folder);
    app_context_cleanup(&app);
    return err;
}

int command_run(const struct options *options, const struct capture_inherited *inherited) {
    struct app_context app = {.keylog_fd = -1};
    struct run run = {.status = EXIT_NOT_STARTED};
    struct failure failure = {.text = ""};
    enum err err = app_context_open(&app, &failure, options);
    if (err == OK) {
        err = prepare_trust(&run, &failure, &app, options);
    }
    if (err == OK) {
        err = run_all(&run, &failure, &app, options, inherited);
    }
    environment_free(run.trust);
    trust_folder_cleanup(&run.folder);
    app_context_stop_outputs(&app);
    if (err == OK) {
        status_say_summary(&app, options);
        status_say_idle_faults(&app, options);
    }
    int status = err == OK ? verdict_give(options, app.judge, app.html.report, run.status)
                           : (int)console_failure(err, &failure);
    app_context_cleanup(&app);
    return status;
}
