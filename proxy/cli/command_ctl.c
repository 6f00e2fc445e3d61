// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "control/control.h"

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

int command_ctl(const struct options *options) {
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
