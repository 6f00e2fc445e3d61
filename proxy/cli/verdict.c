// SPDX-License-Identifier: MIT
#include "cli/verdict.h"

#include "cli/say.h"
#include "output/report.h"

#define REPORT_MAX (64 * MIB)

// Under `run` standard output is the command's.
static enum err write_report(struct failure *failure, const struct options *options,
                             struct judge *judge, const struct report_spec *spec) {
    struct buf text;
    buf_init(&text, REPORT_MAX);
    report_put(&text, judge, spec->kind);
    enum err err = OK;
    if (spec->path != NULL) {
        err = say_file(failure, spec->path, buf_slice(&text), true);
    } else if (options->command == CLI_RUN) {
        err = say_err(failure, buf_slice(&text));
    } else {
        err = say_out(failure, buf_slice(&text));
    }
    buf_cleanup(&text);
    return err;
}

int verdict_give(const struct options *options, struct judge *judge, int otherwise) {
    static const struct report_spec text_report = {.kind = REPORT_TEXT};
    struct failure failure = {.text = ""};
    if (judge == NULL) {
        return otherwise;
    }
    bool none = options->report_count == 0;
    const struct report_spec *reports = none ? &text_report : options->reports;
    size_t count = none ? 1 : options->report_count;
    for (size_t i = 0; i < count; i++) {
        enum err err = write_report(&failure, options, judge, &reports[i]);
        if (err != OK) {
            return (int)say_failure(err, &failure);
        }
    }
    return judge_is_content(judge) ? otherwise : EXIT_CHECK_FAILED;
}
