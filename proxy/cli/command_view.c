// SPDX-License-Identifier: MIT
// Recorded transcripts in the page, until the program is stopped.
#include "base/limits.h"
#include "base/memory.h"
#include "cli/commands.h"
#include "cli/confinement.h"
#include "cli/console.h"
#include "cli/transcript.h"
#include "cli/web_place.h"
#include "transcript/json_read.h"

#include <signal.h>
#include <stdlib.h>
#include <uv.h>

enum { VIEW_PORT = 2526 };
// It is the first member of what `audit` writes: a large transcript need not be read for it.
enum { AUDIT_SCHEMA_WITHIN = 64 };

struct view {
    struct web *web;
    struct transcript *transcripts; // the page shows their records as they are
    size_t count;
    uv_loop_t loop;
    uv_signal_t signals[2];
};

// The record is the transcript's, which is read for this alone.
static void add_record(void *context, const struct record *record) {
    web_add_record(context, (struct record *)(uintptr_t)record);
}

static enum err load_files(struct view *view, struct failure *failure,
                           const struct options *options) {
    enum err err = OK;
    while (err == OK && view->count < options->files.count) {
        err = transcript_load(&view->transcripts[view->count], failure,
                              options->files.items[view->count]);
        view->count++;
    }
    return err;
}

// The verdicts of an audit are no transcript; the page shows them over its sessions.
static bool is_audit(struct slice document) {
    static const char schema[] = "smtpscope-audit/1";
    struct slice beginning = slice_sub(document, 0, AUDIT_SCHEMA_WITHIN);
    return slice_find(beginning, slice_of_string(schema)) != SLICE_NONE &&
           json_read_is(document, "schema", schema);
}

static enum err add_file(struct view *view, struct failure *failure, size_t index,
                         const char *path) {
    struct transcript *transcript = &view->transcripts[index];
    if (is_audit(buf_slice(&transcript->text))) {
        web_set_audit(view->web, buf_slice(&transcript->text));
        return OK;
    }
    enum err err = transcript_read(transcript, failure, path);
    if (err != OK) {
        return err;
    }
    struct event_sink metrics = web_metrics(view->web);
    for (const struct event *event = reader_next(transcript->reader); event != NULL;
         event = reader_next(transcript->reader)) {
        event_send(&metrics, event);
    }
    reader_records(transcript->reader, add_record, view->web);
    return OK;
}

static void on_signal(uv_signal_t *signal, int number) {
    struct view *view = signal->data;
    (void)number;
    for (size_t i = 0; i < 2; i++) {
        uv_close((uv_handle_t *)&view->signals[i], NULL);
    }
}

static enum err take_signals(struct view *view, struct failure *failure) {
    static const int numbers[] = {SIGINT, SIGTERM};
    int error = uv_loop_init(&view->loop);
    for (size_t i = 0; i < 2 && error == 0; i++) {
        error = uv_signal_init(&view->loop, &view->signals[i]);
        view->signals[i].data = view;
        error = error == 0 ? uv_signal_start(&view->signals[i], on_signal, numbers[i]) : error;
    }
    return error == 0
               ? OK
               : fail(failure, ERR_SYSTEM, "cannot wait for signals: %s", uv_strerror(error));
}

static enum err serve(struct view *view, struct failure *failure, const struct options *options) {
    enum err err = load_files(view, failure, options);
    if (err == OK) {
        err = web_listen(view->web, failure);
    }
    if (err == OK) {
        confinement_enter_reader(options); // who wrote the files may mean harm
    }
    for (size_t i = 0; err == OK && i < view->count; i++) {
        err = add_file(view, failure, i, options->files.items[i]);
    }
    if (err == OK) {
        err = web_start(view->web, failure, options->files.items, options->files.count);
    }
    if (err == OK) {
        err = take_signals(view, failure);
    }
    if (err != OK) {
        return err;
    }
    web_set_ready(view->web);
    web_say(view->web);
    uv_run(&view->loop, UV_RUN_DEFAULT);
    uv_loop_close(&view->loop);
    return OK;
}

int command_view(const struct options *options) {
    struct view view = {0};
    struct failure failure = {.text = ""};
    const struct web_options web = {
        .page = true,
        .host = options->web_host != NULL ? options->web_host : MODE_LISTEN_HOST,
        .port = options->web_host != NULL ? options->web_port : VIEW_PORT,
        .token = options->web_token,
        .hosts = options->web_hosts.items,
        .host_count = options->web_hosts.count,
        .memory = SIZE_MAX / 4, // the files are in memory anyway
        .version = SCOPE_VERSION,
    };
    view.web = web_new(&web);
    view.transcripts = mem_new_array(options->files.count, sizeof(*view.transcripts));
    enum err err = serve(&view, &failure, options);
    web_free(view.web);
    for (size_t i = 0; i < view.count; i++) {
        transcript_close(&view.transcripts[i]);
    }
    free(view.transcripts);
    return err == OK ? EXIT_WELL : (int)console_failure(err, &failure);
}
