// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/confinement.h"
#include "cli/console.h"
#include "cli/rules.h"
#include "cli/transcript.h"
#include "cli/verdict.h"

// Those that see each session.
struct readers {
    struct judge *judge;
    struct html_report *html; // NULL: no HTML report is asked for
};

static void take(void *context, const struct record *session) {
    const struct readers *readers = context;
    judge_take(readers->judge, session);
    if (readers->html != NULL) {
        html_report_take(readers->html, session);
    }
}

// `path` lives as long as the judge.
static enum err judge_transcript(struct readers *readers, struct failure *failure,
                                 const char *path) {
    struct transcript transcript;
    judge_begin_file(readers->judge, path);
    if (readers->html != NULL) {
        html_report_begin_file(readers->html, path);
    }
    enum err err = transcript_open(&transcript, failure, path);
    if (err == OK) {
        reader_records(transcript.reader, take, readers);
    }
    transcript_close(&transcript);
    return err;
}

static int print_rules(void) {
    struct buf text;
    struct failure failure = {0};
    buf_init(&text, CONSOLE_TEXT_MAX);
    rules_put(&text);
    enum err err = console_out(&failure, buf_slice(&text));
    buf_cleanup(&text);
    return err == OK ? EXIT_WELL : (int)console_failure(err, &failure);
}

int command_check(const struct options *options) {
    if (options->rules) {
        return print_rules();
    }
    const struct judge_options judge_options = {
        .fail_on = options->fail_on,
        .expectations = options->expectations.items,
        .expectation_count = options->expectations.count,
        .ignored = options->ignored.items,
        .ignored_count = options->ignored.count,
    };
    struct readers readers = {.html = verdict_html_report(options)};
    struct failure failure = {0};
    enum err err = judge_new(&readers.judge, &failure, &judge_options);
    if (err == OK) {
        confinement_enter_reader(options); // others may have written the files, and mean harm
    }
    for (size_t i = 0; err == OK && i < options->files.count; i++) {
        err = judge_transcript(&readers, &failure, options->files.items[i]);
    }
    int status = err == OK ? verdict_give(options, readers.judge, readers.html, EXIT_WELL)
                           : (int)console_failure(err, &failure);
    judge_free(readers.judge);
    html_report_free(readers.html);
    return status;
}
