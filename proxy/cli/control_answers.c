// SPDX-License-Identifier: MIT
#include "cli/control_answers.h"

#include "base/array.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/console.h"
#include "control/control.h"
#include "fault/faults.h"
#include "web/notifier.h"
#include "web/wait.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put_rates(const struct service_loop *service, struct buf *answer) {
    struct proxy_rates rates = proxy_rates(service->proxy);
    buf_putf(answer, "rates: %.1f sessions and %.1f messages a second (over %.0f s)\n",
             rates.sessions, rates.messages, rates.seconds);
}

static void put_state(const struct service_loop *service, struct buf *answer) {
    buf_putf(answer, "pid: %ld\nstarted: ", (long)getpid());
    clock_put_rfc3339(answer, service->started_unix_ns, CLOCK_SECONDS);
    buf_putf(answer, "\nstate: %s\n", service->stopping ? "stopping" : "running");
    for (size_t i = 0; i < service->options->mode_count; i++) {
        buf_put_string(answer, "listening: ");
        proxy_put_addresses(service->proxy, answer, i);
        buf_putf(answer, " (%s)\n", service->listens[i].text);
    }
    if (service->options->command == CLI_RUN) {
        buf_putf(answer, "running: %s\n", service->options->run_command[0]);
    }
}

static void put_web(const struct service_loop *service, struct buf *answer) {
    if (web_has_page(service->app->web)) {
        buf_put_string(answer, "web: ");
        web_put_url(answer, service->app->web);
        buf_put_byte(answer, '\n');
    }
}

static void put_recording(const struct service_loop *service, struct buf *answer) {
    buf_putf(answer, "recording: %s\n", output_set_paused(service->app->outputs) ? "paused" : "on");
}

static void put_faults(const struct service_loop *service, struct buf *answer) {
    const struct faults *faults = service->app->relay.faults;
    if (faults != NULL) {
        buf_putf(answer, "faults: %s\n", faults_are_on(faults) ? "on" : "off");
    }
}

static void put_status(struct service_loop *service, struct buf *answer) {
    struct proxy_status status = proxy_status(service->proxy);
    struct output_status outputs[OUTPUTS_SHOWN];
    size_t count = output_set_status(service->app->outputs, outputs, OUTPUTS_SHOWN);
    put_state(service, answer);
    put_web(service, answer);
    put_recording(service, answer);
    put_faults(service, answer);
    buf_putf(answer, "sessions: %llu live, %llu ended\n", (unsigned long long)status.live,
             (unsigned long long)status.ended);
    buf_putf(answer, "messages: %llu\nfindings: %llu\n", (unsigned long long)status.messages,
             (unsigned long long)status.findings);
    put_rates(service, answer);
    for (size_t i = 0; i < count && i < OUTPUTS_SHOWN; i++) {
        buf_putf(answer, "output: %s:%s, %llu lines, %llu bytes, %llu lost%s\n", outputs[i].format,
                 outputs[i].path, (unsigned long long)outputs[i].lines,
                 (unsigned long long)outputs[i].bytes, (unsigned long long)outputs[i].lost,
                 outputs[i].failing ? ", cannot be written" : "");
    }
}

static int by_number(const void *a, const void *b) {
    const struct slice *one = a;
    const struct slice *other = b;
    // Of two numbers without leading zeros the longer one is the larger.
    size_t one_len = slice_find_byte(*one, ':');
    size_t other_len = slice_find_byte(*other, ':');
    if (one_len != other_len) {
        return one_len < other_len ? -1 : 1;
    }
    return one_len == SLICE_NONE ? 0 : memcmp(one->data, other->data, one_len);
}

// Each worker lists its own; their lines are put in the order of the sessions' numbers.
static void put_sessions(const struct service_loop *service, struct buf *answer) {
    struct buf listed;
    buf_init(&listed, LIMIT_CONTROL_ANSWER);
    proxy_put_sessions(service->proxy, &listed);
    size_t count = 0;
    size_t room = 0;
    struct slice *lines = NULL;
    struct slice rest = buf_slice(&listed);
    while (rest.len > 0) {
        lines = array_grown(lines, count, &room, sizeof(lines[0]));
        lines[count++] = slice_split(&rest, '\n');
    }
    if (count > 0) {
        qsort(lines, count, sizeof(lines[0]), by_number);
    }
    for (size_t i = 0; i < count; i++) {
        buf_put(answer, lines[i]);
        buf_put_byte(answer, '\n');
    }
    free(lines);
    buf_cleanup(&listed);
}

static enum err switch_faults(struct service_loop *service, struct buf *answer,
                              struct failure *failure, bool on) {
    if (service->app->relay.faults == NULL) {
        return fail(failure, ERR_USAGE, "this proxy has no rules: --fault gives it some");
    }
    faults_switch(service->app->relay.faults, on);
    put_faults(service, answer);
    return OK;
}

static enum err carry_out(void *context, struct buf *answer, struct failure *failure,
                          enum control_command command) {
    struct service_loop *service = context;
    struct output_set *outputs = service->app->outputs;
    switch (command) {
    case CONTROL_STATUS:
        put_status(service, answer);
        break;
    case CONTROL_PAUSE:
        output_set_pause(outputs, true, clock_unix_ns());
        put_recording(service, answer);
        break;
    case CONTROL_RESUME:
        output_set_pause(outputs, false, clock_unix_ns());
        put_recording(service, answer);
        break;
    case CONTROL_ROTATE:
        output_set_reopen(outputs);
        break;
    case CONTROL_SESSIONS:
        put_sessions(service, answer);
        break;
    case CONTROL_FAULTS_ON:
    case CONTROL_FAULTS_OFF:
        return switch_faults(service, answer, failure, command == CONTROL_FAULTS_ON);
    case CONTROL_STOP:
        service_stop(service);
        break;
    case CONTROL_COMMAND_COUNT:
        break;
    }
    return OK;
}

// ── ctl wait ────────────────────────────────────────────────────────────────────────────────────

struct held_wait {
    struct service_loop *service;
    struct wait_for *wait;
};

static void wait_end(void *context) {
    struct held_wait *held = context;
    wait_free(held->wait);
    free(held);
}

static enum err wait_begin(void *context, void **out_wait, struct failure *failure,
                           struct slice words) {
    struct service_loop *service = context;
    char *texts[LIMIT_WEB_EXPECTATIONS];
    size_t count = 0;
    uint64_t wait_ms = 0;
    struct wait_for *wait = NULL;
    (void)slice_split(&words, '\t');
    bool good = text_parse_u64(&wait_ms, slice_split(&words, '\t'), WEB_WAIT_MAX_S * 1000);
    while (!slice_is_null(words) && count < LIMIT_WEB_EXPECTATIONS) {
        texts[count++] = mem_string_of(slice_split(&words, '\t'));
    }
    enum err err = good ? wait_new(&wait, failure, web_store(service->app->web),
                                   (const char *const *)texts, count)
                        : fail(failure, ERR_USAGE, "this ctl is of another version");
    if (err == OK) {
        struct held_wait *held = mem_new(sizeof(*held));
        *held = (struct held_wait){service, wait};
        wait_set_time(wait, clock_monotonic_ms(), wait_ms);
        *out_wait = held;
    }
    for (size_t i = 0; i < count; i++) {
        free(texts[i]);
    }
    return err;
}

// Asks for the next change first, then looks: so it misses none.
static bool wait_look_once(void *context, struct buf *answer) {
    struct held_wait *held = context;
    struct service_loop *service = held->service;
    uint64_t now_ms = clock_monotonic_ms();
    notifier_await(service->notifier);
    if (!wait_look(held->wait) && !wait_is_due(held->wait, now_ms)) {
        notifier_look_within(service->notifier, wait_due_ms(held->wait) - now_ms);
        return false;
    }
    bool holds = wait_conclude(held->wait);
    buf_put_string(answer, holds ? "yes\n" : "no\n");
    wait_put_report(answer, held->wait);
    return true;
}

static void on_change(void *context) {
    struct service_loop *service = context;
    if (service->control != NULL) {
        control_server_look(service->control);
    }
}

// The default place is a convenience: a proxy that cannot have it runs all the same, and says so.
enum err control_answers_open(struct service_loop *service, struct failure *failure) {
    struct control_handler handler = {.command = carry_out,
                                      .wait_new = wait_begin,
                                      .wait_look = wait_look_once,
                                      .wait_free = wait_end,
                                      .context = service};
    service->notifier =
        notifier_new(&service->loop, web_store(service->app->web), on_change, service);
    const char *path = service->options->control;
    enum err err = control_server_new(&service->control, failure, &service->loop, path, &handler);
    if (err != OK && path == NULL) {
        char *sentence = mem_format(
            "ctl cannot reach this proxy: %s; --control names another place", failure->text);
        service->control = NULL;
        console_say(sentence);
        free(sentence);
        return OK;
    }
    return err;
}

void control_answers_close(struct service_loop *service) {
    if (service->control != NULL) {
        control_server_close(service->control);
        service->control = NULL;
    }
    if (service->notifier != NULL) {
        notifier_close(service->notifier, NULL);
        service->notifier = NULL;
    }
}
