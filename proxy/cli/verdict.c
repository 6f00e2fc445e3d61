// SPDX-License-Identifier: MIT
#include "cli/verdict.h"

#include "cli/say.h"

#include <string.h>

// What a report may take; the findings that it is made of are capped in number.
#define REPORT_MAX (1024 * MIB)

static enum err write_report(struct judge *judge, struct failure *failure,
                             const struct report_spec *report, bool to_stderr) {
    struct buf text;
    buf_init(&text, REPORT_MAX);
    report_put(&text, judge, report->kind);
    enum err err = OK;
    if (report->path != NULL) {
        err = say_file(failure, report->path, buf_slice(&text), true);
    } else if (to_stderr) {
        err = say_err(failure, buf_slice(&text));
    } else {
        err = say_out(failure, buf_slice(&text));
    }
    buf_cleanup(&text);
    return err;
}

// Whether standard output is somebody else's.
static bool stdout_is_taken(const struct options *options) {
    bool taken = options->command == CLI_RUN;
    for (size_t i = 0; i < options->output_count && options->report_count == 0; i++) {
        taken = taken || strcmp(options->outputs[i].path, "-") == 0;
    }
    return taken;
}

int verdict_give(const struct options *options, struct judge *judge, int otherwise) {
    static const struct report_spec by_default = {.kind = REPORT_TEXT};
    if (judge == NULL) {
        return otherwise;
    }
    bool named = options->report_count > 0;
    bool to_stderr = stdout_is_taken(options);
    int status = judge_is_content(judge) ? otherwise : EXIT_CHECK_FAILED;
    for (size_t i = 0; i < (named ? options->report_count : 1); i++) {
        struct failure failure = {0};
        enum err err =
            write_report(judge, &failure, named ? &options->reports[i] : &by_default, to_stderr);
        if (err != OK) {
            status = (int)say_failure(err, &failure);
        }
    }
    return status;
}
