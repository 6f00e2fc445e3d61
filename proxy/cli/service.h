// SPDX-License-Identifier: MIT
// service: the life of a running proxy seen from the main thread: it starts, says where it listens,
// takes signals and `ctl`, stops, and hands over the verdict.
#ifndef SCOPE_CLI_SERVICE_H
#define SCOPE_CLI_SERVICE_H

#include "cli/app_context.h"
#include "cli/confinement.h"
#include "net/proxy.h"

#include <uv.h>

// What outlives it.
struct service_setup {
    struct app_context *app;
    const struct options *options;
    const struct confinement *confinement; // NULL: it stays as it is
};

struct service_loop {
    const struct options *options;
    struct app_context *app;
    const struct confinement *confinement;
    struct outside *outside; // of it
    struct new_file ready;   // without its name
    int manager_fd;          // of the service manager; -1 for none
    struct proxy *proxy;
    struct listen_spec *listens;
    struct buf *listen_texts; // one for each mode
    const char **mode_texts;  // what each listener says of itself, for the page
    size_t mode_text_count;
    uv_loop_t loop;
    uv_async_t stopped;
    uv_signal_t signals[3];
    size_t signal_count;
    uv_timer_t status_timer; // for the status line; idle where there is none
    struct control_server *control;
    struct notifier *notifier; // of what `ctl wait` waits for
    bool has_loop;             // the loop and its handles are there
    bool stopping;
    bool signalled;   // the next signal ends the grace
    int cut_by;       // the signal that ended it; the next one ends the program
    bool on_terminal; // standard error was one at the start
    int64_t started_unix_ns;
};

// Opens the listeners. `out` may be cleaned up whatever came out.
MUST_USE enum err service_open(struct service_loop *out, struct failure *failure,
                               const struct service_setup *setup);
// Gives up what is not needed from here on, starts to accept, and says so: a line for each
// listener, the ready file.
MUST_USE enum err service_start(struct service_loop *service, struct failure *failure);
// SIGINT, SIGTERM, SIGHUP
MUST_USE enum err service_take_signals(struct service_loop *service, struct failure *failure);
void service_stop(struct service_loop *service); // sessions get their grace
void service_run(struct service_loop *service);  // until the proxy has stopped
void service_cleanup(struct service_loop *service);

#endif
