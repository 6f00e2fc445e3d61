// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "control/control.h"

#include <string.h>

static void say_lines(struct slice lines) {
    while (lines.len > 0) {
        struct slice line = slice_split(&lines, '\n');
        console_sayf("%.*s", (int)line.len, (const char *)line.data);
    }
}

static int print_result(enum control_result result, struct slice answer) {
    struct failure failure = {0};
    enum err err = OK;
    switch (result) {
    case CONTROL_ANSWERED:
        err = console_out_lines(&failure, answer);
        break;
    case CONTROL_SEVERAL:
        console_say("several proxies are running; name one with --control PATH:");
        say_lines(answer);
        break;
    case CONTROL_REFUSED:
    case CONTROL_NONE:
        say_lines(answer);
        break;
    }
    return err == OK ? control_result_status(result) : (int)console_failure(err, &failure);
}

enum { WORDS_BEFORE = 32 }; // bytes of the line in front of the expectations

// ── wait ────────────────────────────────────────────────────────────────────────────────────────

static enum err join_expectations(struct buf *out, struct failure *failure,
                                  const struct options *options) {
    for (size_t i = 0; i < options->expectations.count; i++) {
        struct slice text = slice_of_string(options->expectations.items[i]);
        if (i == LIMIT_WEB_EXPECTATIONS || text.len + WORDS_BEFORE > buf_room(out)) {
            return fail(failure, ERR_USAGE, "these are too many expectations for one wait");
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
    struct buf answer;
    buf_init(&answer, LIMIT_CONTROL_ANSWER);
    enum control_result result =
        control_client_wait(&answer, options->control, options->wait_ms, expectations);
    struct slice report = buf_slice(&answer);
    bool fails = result == CONTROL_ANSWERED && slice_is(slice_split(&report, '\n'), "no");
    int status = print_result(result, result == CONTROL_ANSWERED ? report : buf_slice(&answer));
    buf_cleanup(&answer);
    return fails && status == EXIT_WELL ? EXIT_CHECK_FAILED : status;
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
    int status = print_result(result, buf_slice(&answer));
    buf_cleanup(&answer);
    return status;
}
