// SPDX-License-Identifier: MIT
#include "cli/status.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "cli/console.h"
#include "cli/control_answers.h"
#include "fault/faults.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// ── parts of the status line ────────────────────────────────────────────────────────────────────

static void put_count(struct buf *line, uint64_t count, const char *one, const char *many) {
    buf_putf(line, "\n%llu %s", (unsigned long long)count, count == 1 ? one : many);
}

static uint64_t count_lost(const struct service_loop *service) {
    struct output_status outputs[OUTPUTS_SHOWN];
    size_t count = output_set_status(service->app->outputs, outputs, OUTPUTS_SHOWN);
    uint64_t lost = 0;
    for (size_t i = 0; i < count && i < OUTPUTS_SHOWN; i++) {
        lost += outputs[i].lost;
    }
    return lost;
}

static void put_stopping(const struct service_loop *service, struct buf *line) {
    uint64_t live = proxy_status(service->proxy).live;
    double seconds = (double)service->options->grace_ms / 1000;
    buf_putf(line, "stopping: %llu %s %g s; again to stop now", (unsigned long long)live,
             live == 1 ? "session has" : "sessions have", seconds);
}

static void put_wait_details(const struct wait *wait, size_t sessions, struct buf *line) {
    if (wait->hint != NULL) {
        buf_putf(line, "\n%s", wait->hint);
    }
    if (sessions > 1 && wait->session > 0) {
        buf_putf(line, "\nsession %llu", (unsigned long long)wait->session);
    }
}

static void put_totals(const struct service_loop *service, struct buf *line, bool with_zeros) {
    struct proxy_status status = proxy_status(service->proxy);
    const struct {
        uint64_t count;
        const char *one;
        const char *many;
    } totals[] = {
        {status.ended, "ended", "ended"},
        {status.messages, "message", "messages"},
        {status.findings, "finding", "findings"},
    };
    for (size_t i = 0; i < sizeof(totals) / sizeof(totals[0]); i++) {
        if (with_zeros || totals[i].count > 0) {
            put_count(line, totals[i].count, totals[i].one, totals[i].many);
        }
    }
}

// A narrow screen leaves out the last parts: the addresses first. While something is waited for,
// that and the sessions under way come first, and what is still zero is left out.
static void put_status_line(const struct service_loop *service, struct buf *line) {
    struct wait wait;
    size_t sessions = 0;
    int64_t now_ns = clock_unix_ns();
    bool waiting = waits_longest(service->app->waits, &wait, &sessions, now_ns, STATUS_WAIT_NS);
    if (waiting) {
        buf_putf(line, "waiting for %s, %lld s\n", wait.text,
                 (long long)((now_ns - wait.since_unix_ns) / NS_PER_S));
    }
    buf_putf(line, "%llu live", (unsigned long long)proxy_status(service->proxy).live);
    if (waiting) {
        put_wait_details(&wait, sessions, line);
    }
    uint64_t lost = count_lost(service);
    if (output_set_paused(service->app->outputs)) {
        buf_put_string(line, "\npaused");
    }
    if (lost > 0) {
        put_count(line, lost, "line lost", "lines lost");
    }
    put_totals(service, line, !waiting);
    for (size_t i = 0; i < service->options->mode_count; i++) {
        buf_put_string(line, i == 0 ? "\n" : " ");
        proxy_put_addresses(service->proxy, line, i);
    }
}

static void on_status_time(uv_timer_t *timer) {
    const struct service_loop *service = timer->data;
    struct buf line;
    buf_init(&line, STATUS_LINE_MAX);
    if (service->stopping) {
        put_stopping(service, &line);
    } else {
        put_status_line(service, &line);
    }
    buf_put_byte(&line, '\0');
    output_set_status_line(service->app->outputs, (const char *)buf_slice(&line).data);
    buf_cleanup(&line);
}

// ── a terminal without a status line ────────────────────────────────────────────────────────────

static void on_wait_time(uv_timer_t *timer) {
    const struct service_loop *service = timer->data;
    struct wait wait;
    while (waits_next_to_say(service->app->waits, &wait, clock_unix_ns(), STATUS_WAIT_NS)) {
        const char *hint = wait.hint == NULL ? "" : wait.hint;
        const char *before = wait.hint == NULL ? "" : "; ";
        if (wait.session == 0) { // no event of it came yet
            console_sayf("waiting for %s, %d s", wait.text, STATUS_WAIT_MS / 1000);
        } else {
            console_sayf("session %llu: waiting for %s, %d s%s%s", (unsigned long long)wait.session,
                         wait.text, STATUS_WAIT_MS / 1000, before, hint);
        }
    }
}

void status_start(struct service_loop *service) {
    if (output_set_has_status_line(service->app->outputs)) {
        uv_timer_start(&service->status_timer, on_status_time, 0, STATUS_LINE_MS);
    } else if (service->app->waits != NULL) {
        uv_timer_start(&service->status_timer, on_wait_time, STATUS_LINE_MS, STATUS_LINE_MS);
    }
}

// ── the end ─────────────────────────────────────────────────────────────────────────────────────

void status_say_stopping(const struct service_loop *service) {
    if (isatty(STDERR_FILENO) == 0 || proxy_status(service->proxy).live == 0 ||
        output_set_has_status_line(service->app->outputs)) {
        return;
    }
    struct buf line;
    buf_init(&line, STATUS_LINE_MAX);
    put_stopping(service, &line);
    buf_put_byte(&line, '\0');
    console_say((const char *)buf_slice(&line).data);
    buf_cleanup(&line);
}

// The files that have all of it, or those that have not.
static void put_places(struct buf *line, const struct app_context *app, bool whole) {
    struct output_status outputs[OUTPUTS_SHOWN];
    size_t count = output_set_status(app->outputs, outputs, OUTPUTS_SHOWN);
    const char *before = whole ? "; written to " : "; incomplete: ";
    for (size_t i = 0; i < count && i < OUTPUTS_SHOWN; i++) {
        bool is_whole = !outputs[i].failing && outputs[i].lost == 0;
        if (strcmp(outputs[i].path, "-") != 0 && is_whole == whole) {
            buf_putf(line, "%s%s:%s", before, outputs[i].format, outputs[i].path);
            before = ", ";
        }
    }
}

// A rule that never acted was perhaps not meant as it was typed.
void status_say_idle_faults(const struct app_context *app, const struct options *options) {
    struct buf line;
    size_t idle = 0;
    buf_init(&line, STATUS_LINE_MAX);
    for (size_t i = 0; app->faults != NULL && i < options->fault_count; i++) {
        if (!faults_have_acted(app->faults, &options->faults[i])) {
            struct slice text = slice_of_string(options->faults[i].text);
            buf_append_some(&line, idle++ == 0 ? SLICE("never acted: --fault '") : SLICE("', '"));
            buf_append_some(&line, text);
        }
    }
    if (idle > 0) {
        buf_append_some(&line, SLICE("'"));
        char *sentence = mem_string_of(buf_slice(&line));
        console_say(sentence);
        free(sentence);
    }
    buf_cleanup(&line);
}

void status_say_summary(const struct app_context *app, const struct options *options) {
    bool said = options->command == CLI_RUN && atomic_load(&app->tally.sessions) == 0;
    if (!app->summary || said) { // "nothing was captured"
        return;
    }
    struct buf line;
    buf_init(&line, STATUS_LINE_MAX);
    tally_put(&line, &app->tally);
    put_places(&line, app, true);
    put_places(&line, app, false);
    buf_put_byte(&line, '\0');
    console_say((const char *)buf_slice(&line).data);
    buf_cleanup(&line);
}
