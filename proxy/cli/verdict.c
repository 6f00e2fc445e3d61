// SPDX-License-Identifier: MIT
#include "cli/verdict.h"

#include "base/limits.h"
#include "cli/console.h"

#include <string.h>

// What the reports are made of.
struct verdict {
    struct judge *judge;
    struct html_report *html;
};

static void put_report(struct buf *out, const struct verdict *verdict, enum report_kind kind) {
    if (kind == REPORT_HTML) {
        struct buf object;
        buf_init(&object, LIMIT_REPORT);
        judge_put_json(&object, verdict->judge);
        buf_init(out, LIMIT_SHOWN);
        html_report_put(out, verdict->html,
                        &(struct html_verdict){.name = "verdict", .object = buf_slice(&object)});
        buf_cleanup(&object);
    } else {
        buf_init(out, LIMIT_REPORT);
        report_put(out, verdict->judge, kind);
    }
}

static enum err write_report(const struct verdict *verdict, struct failure *failure,
                             const struct report_spec *report, bool to_stderr) {
    struct buf text;
    put_report(&text, verdict, report->kind);
    enum err err = OK;
    if (report->path != NULL) {
        err = console_file(failure, report->path, buf_slice(&text), false);
    } else if (to_stderr) {
        err = console_err(failure, buf_slice(&text));
    } else {
        err = console_out(failure, buf_slice(&text));
    }
    buf_cleanup(&text);
    return err;
}

// Whether standard output is in use for something else.
static bool stdout_is_taken(const struct options *options) {
    bool taken = options->command == CLI_RUN;
    for (size_t i = 0; i < options->output_count && options->report_count == 0; i++) {
        taken = taken || strcmp(options->outputs[i].path, "-") == 0;
    }
    return taken;
}

struct html_report *verdict_html_report(const struct options *options) {
    for (size_t i = 0; i < options->report_count; i++) {
        if (options->reports[i].kind == REPORT_HTML) {
            return html_report_new();
        }
    }
    return NULL;
}

int verdict_give(const struct options *options, struct judge *judge, struct html_report *html,
                 int otherwise) {
    const struct verdict verdict = {.judge = judge, .html = html};
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
            write_report(&verdict, &failure, named ? &options->reports[i] : &by_default, to_stderr);
        if (err != OK) {
            status = (int)console_failure(err, &failure);
        }
    }
    return status;
}

enum err verdict_check_places(struct failure *failure, const struct options *options) {
    for (size_t i = 0; i < options->report_count; i++) {
        const char *path = options->reports[i].path;
        int error = path == NULL ? 0 : console_file_try(path);
        if (error != 0) {
            return fail(failure, ERR_SYSTEM, "cannot write the report '%s': %s", path,
                        strerror(error));
        }
    }
    return OK;
}
