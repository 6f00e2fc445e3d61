// SPDX-License-Identifier: MIT
#include "base/clock.h"
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "control/control.h"

#include <string.h>
#include <time.h>

static void say_lines(struct slice lines) {
    while (lines.len > 0) {
        struct slice line = slice_split(&lines, '\n');
        console_sayf("%.*s", (int)line.len, (const char *)line.data);
    }
}

static int tell(enum control_result result, struct slice answer) {
    struct failure failure = {0};
    enum err err = OK;
    switch (result) {
    case CONTROL_ANSWERED:
        err = console_out_lines(&failure, answer);
        break;
    case CONTROL_SEVERAL:
        console_say("several proxies run; name one by --control PATH:");
        say_lines(answer);
        break;
    case CONTROL_REFUSED:
    case CONTROL_NONE:
        say_lines(answer);
        break;
    }
    return err == OK ? control_result_status(result) : (int)console_failure(err, &failure);
}

// ── wait ────────────────────────────────────────────────────────────────────────────────────────

static enum err join_expectations(struct buf *out, struct failure *failure,
                                  const struct options *options) {
    for (size_t i = 0; i < options->expectations.count; i++) {
        struct slice text = slice_of_string(options->expectations.items[i]);
        if (i == LIMIT_WEB_EXPECTATIONS || text.len + 8 > buf_room(out)) {
            return fail(failure, ERR_USAGE, "these are more expectations than can be waited for");
        }
        if (slice_find_byte(text, '\t') != SLICE_NONE ||
            slice_find_byte(text, '\n') != SLICE_NONE) {
            return fail(failure, ERR_USAGE, "--expect: wait takes no tabs and no line ends");
        }
        buf_put_byte(out, '\t');
        buf_put(out, text);
    }
    return OK;
}

static int wait_until(const struct options *options, struct slice expectations) {
    int64_t end_ns = clock_monotonic_ns() + (int64_t)options->wait_ms * NS_PER_MS;
    const struct timespec nap = {.tv_nsec = CONTROL_WAIT_LOOK_MS * NS_PER_MS};
    for (;;) {
        struct buf answer;
        buf_init(&answer, LIMIT_CONTROL_ANSWER);
        enum control_result result = control_client_wait(&answer, options->control, expectations);
        struct slice report = buf_slice(&answer);
        bool answered = result == CONTROL_ANSWERED;
        bool holds = answered && slice_is(slice_split(&report, '\n'), "yes");
        bool over = !answered || holds || clock_monotonic_ns() >= end_ns;
        int status = over ? tell(result, answered ? report : buf_slice(&answer)) : EXIT_WELL;
        buf_cleanup(&answer);
        if (over) {
            return answered && !holds && status == EXIT_WELL ? EXIT_CHECK_FAILED : status;
        }
        nanosleep(&nap, NULL);
    }
}

static int wait_for(const struct options *options) {
    struct failure failure;
    struct buf expectations;
    buf_init(&expectations, LIMIT_CONTROL_LINE);
    enum err err = join_expectations(&expectations, &failure, options);
    int status = err == OK ? wait_until(options, buf_slice(&expectations)) : EXIT_USAGE;
    if (err != OK) {
        status = (int)console_failure(err, &failure);
    }
    buf_cleanup(&expectations);
    return status;
}

int command_ctl(const struct options *options) {
    if (strcmp(options->ctl_word, "wait") == 0) {
        return wait_for(options);
    }
    enum control_command command;
    if (!control_command_parse(&command, slice_of_string(options->ctl_word))) {
        return EXIT_USAGE;
    }
    struct buf answer;
    buf_init(&answer, LIMIT_CONTROL_ANSWER);
    enum control_result result = control_client_ask(&answer, options->control, command);
    int status = tell(result, buf_slice(&answer));
    buf_cleanup(&answer);
    return status;
}
