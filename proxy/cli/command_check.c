// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/rules.h"
#include "cli/transcript.h"
#include "cli/verdict.h"

static void take(void *context, const struct record *session) {
    judge_take(context, session);
}

// `path` lives as long as the judge.
static enum err judge_transcript(struct judge *judge, struct failure *failure, const char *path) {
    struct transcript transcript;
    judge_begin_file(judge, path);
    enum err err = transcript_open(&transcript, failure, path);
    if (err == OK) {
        reader_records(transcript.reader, take, judge);
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
    struct judge *judge = NULL;
    struct failure failure = {0};
    enum err err = judge_new(&judge, &failure, &judge_options);
    for (size_t i = 0; err == OK && i < options->files.count; i++) {
        err = judge_transcript(judge, &failure, options->files.items[i]);
    }
    int status =
        err == OK ? verdict_give(options, judge, EXIT_WELL) : (int)console_failure(err, &failure);
    judge_free(judge);
    return status;
}
