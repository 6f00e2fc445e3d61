// SPDX-License-Identifier: MIT
#include "cli/app.h"
#include "cli/console.h"
#include "cli/status.h"
#include "cli/verdict.h"

// `*out_signal` is the second signal to stop, 0 where none came.
static enum err run_service(int *out_signal, struct failure *failure,
                            const struct service_setup *setup) {
    struct service_loop service;
    enum err err = service_open(&service, failure, setup);
    if (err == OK) {
        err = service_take_signals(&service, failure);
    }
    if (err == OK) {
        err = service_start(&service, failure);
    }
    if (err == OK) {
        service_run(&service);
    }
    *out_signal = service.cut_by;
    service_cleanup(&service);
    return err;
}

int command_proxy(const struct options *options) {
    struct app_context app = {.keylog_fd = -1};
    struct confinement confinement;
    struct failure failure = {.text = ""};
    int cut_by = 0;
    enum err err = confinement_begin(&confinement, &failure, options);
    app.opens_as = confinement_opens_as(&confinement);
    if (err == OK) {
        err = app_context_open(&app, &failure, options);
    }
    if (err == OK) {
        const struct service_setup setup = {&app, options, &confinement};
        err = run_service(&cut_by, &failure, &setup);
    }
    app_context_stop_outputs(&app);
    if (err == OK) {
        status_say_summary(&app, options);
        status_say_idle_faults(&app, options);
    }
    int status = err == OK ? verdict_give(options, app.judge, app.html.report, EXIT_WELL)
                           : (int)console_failure(err, &failure);
    app_context_cleanup(&app);
    confinement_cleanup(&confinement);
    return cut_by == 0 ? status : SIGNAL_EXIT + cut_by;
}
