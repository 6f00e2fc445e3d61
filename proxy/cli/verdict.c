// SPDX-License-Identifier: MIT
#include "cli/verdict.h"

#include "base/limits.h"
#include "base/memory.h"
#include "cli/console.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err write_report(struct judge *judge, struct failure *failure,
                             const struct report_spec *report, bool to_stderr) {
    struct buf text;
    buf_init(&text, LIMIT_REPORT);
    report_put(&text, judge, report->kind);
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
            status = (int)console_failure(err, &failure);
        }
    }
    return status;
}

// 0 where `path` can be written, else errno.
static int try_place(const char *path) {
    struct stat status;
    if (stat(path, &status) == 0) {
        return S_ISDIR(status.st_mode) ? EISDIR : access(path, W_OK) == 0 ? 0 : errno;
    }
    if (errno != ENOENT) {
        return errno;
    }
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? mem_string(".") : mem_format("%.*s/", (int)(slash - path), path);
    int error = access(folder, W_OK | X_OK) == 0 ? 0 : errno;
    free(folder);
    return error;
}

enum err verdict_check_places(struct failure *failure, const struct options *options) {
    for (size_t i = 0; i < options->report_count; i++) {
        const char *path = options->reports[i].path;
        int error = path == NULL ? 0 : try_place(path);
        if (error != 0) {
            return fail(failure, ERR_SYSTEM, "cannot write the report '%s': %s", path,
                        strerror(error));
        }
    }
    return OK;
}
