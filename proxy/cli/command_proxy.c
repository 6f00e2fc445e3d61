// SPDX-License-Identifier: MIT
#include "cli/app.h"
#include "cli/say.h"
#include "cli/service.h"
#include "cli/verdict.h"

static enum err run_service(struct failure *failure, struct machinery *machinery,
                            const struct options *options) {
    struct service_loop service;
    enum err err = service_open(&service, failure, machinery, options);
    if (err == OK) {
        service_take_signals(&service);
        err = service_start(&service, failure);
    }
    if (err == OK) {
        service_run(&service);
    }
    service_cleanup(&service);
    return err;
}

int command_proxy(const struct options *options) {
    struct machinery machinery = {.keylog_fd = -1};
    struct failure failure = {.text = ""};
    enum err err = verdict_check_places(&failure, options);
    if (err == OK) {
        err = machinery_open(&machinery, &failure, options);
    }
    if (err == OK) {
        err = run_service(&failure, &machinery, options);
    }
    machinery_close_outputs(&machinery);
    int status = err == OK ? verdict_give(options, machinery.judge, EXIT_WELL)
                           : (int)say_failure(err, &failure);
    machinery_cleanup(&machinery);
    return status;
}
