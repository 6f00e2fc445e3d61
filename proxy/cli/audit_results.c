// SPDX-License-Identifier: MIT
#include "cli/audit_results.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/safe_file.h"
#include "cli/console.h"
#include "cli/verdict.h"
#include "format/format.h"
#include "inspect/text_rewriter.h"
#include "web/html_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static enum err check_outputs(struct failure *failure, const struct options *options) {
    for (size_t i = 0; i < options->output_count; i++) {
        const char *path = options->outputs[i].path;
        int error = strcmp(path, "-") == 0 ? 0 : console_file_try(path);
        if (error != 0) {
            return fail(failure, ERR_SYSTEM, "cannot write '%s': %s", path, strerror(error));
        }
    }
    return OK;
}

enum err audit_results_check(struct failure *failure, const struct options *options) {
    enum err err = verdict_check_places(failure, options);
    if (err == OK) {
        err = check_outputs(failure, options);
    }
    if (err != OK || options->audit_log_dir == NULL) {
        return err;
    }
    int error = folders_make(options->audit_log_dir, 0);
    return error == 0 ? OK
                      : fail(failure, ERR_SYSTEM, "cannot make the folder '%s': %s",
                             options->audit_log_dir, strerror(error));
}

// ── what the command wrote ──────────────────────────────────────────────────────────────────────

// Where its beginning was left out, the first line may be the rest of a secret.
static struct slice whole_lines(const struct audit_job *job) {
    struct slice text = buf_slice(&job->output);
    if (job->output_cut) {
        (void)slice_split(&text, '\n');
    }
    return text;
}

static struct slice last_lines(struct slice text) {
    size_t lines = 0;
    size_t at = text.len;
    while (at > 0) {
        bool ends = text.data[at - 1] == '\n' && at < text.len;
        lines += ends ? 1 : 0;
        if (lines == AUDIT_OUTPUT_LINES) {
            break;
        }
        at--;
    }
    return slice_from(text, at);
}

char *audit_output_end(const struct secret_set *secrets_known, const struct audit_job *job) {
    struct text_rewriter rewriter;
    struct slice text = whole_lines(job);
    text_rewriter_init(&rewriter, secrets_known);
    (void)text_rewriter_slice(&rewriter, &text);
    struct slice end = last_lines(text);
    char *copy = end.len == 0 ? NULL : mem_string_of(end);
    text_rewriter_cleanup(&rewriter);
    return copy;
}

static enum err write_log(const struct audit_results *results, struct failure *failure,
                          const struct audit_job *job) {
    struct text_rewriter rewriter;
    struct slice text = whole_lines(job);
    char *path = mem_format("%s/%s.log", results->options->audit_log_dir, job->of->id);
    text_rewriter_init(&rewriter, results->secrets_known);
    (void)text_rewriter_slice(&rewriter, &text);
    enum err err = console_file(failure, path, text, false);
    text_rewriter_cleanup(&rewriter);
    free(path);
    return err;
}

static enum err write_logs(const struct audit_results *results, struct failure *failure) {
    if (results->options->audit_log_dir == NULL) {
        return OK;
    }
    enum err err = write_log(results, failure, results->control);
    for (size_t i = 0; i < results->job_count && err == OK; i++) {
        err = write_log(results, failure, &results->jobs[i]);
    }
    for (size_t i = 0; i < results->unchosen_count && err == OK; i++) {
        err = write_log(results, failure, &results->unchosen[i]);
    }
    return err;
}

// ── the sessions ────────────────────────────────────────────────────────────────────────────────

typedef void session_taker(void *context, const struct record *session);

struct session_walk {
    session_taker *take;
    void *context;
    uint64_t next; // the number of the next session
};

static void take_trials(struct session_walk *walk, const struct audit_job *jobs, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const struct audit_trial *trial = &jobs[i].result.trial;
        for (size_t j = 0; j < trial->session_count; j++) {
            struct record session = *trial->sessions[j];
            session.session.id = walk->next++;
            session.session.audit = jobs[i].of->id;
            walk->take(walk->context, &session);
        }
    }
}

// The control's sessions first, then those of the rows in their order, then those of no row.
static void take_sessions(const struct audit_results *results, session_taker *take, void *context) {
    struct session_walk walk = {.take = take, .context = context, .next = 1};
    take_trials(&walk, results->control, 1);
    take_trials(&walk, results->jobs, results->job_count);
    take_trials(&walk, results->unchosen, results->unchosen_count);
}

static void number_sessions(struct audit_results *results) {
    uint64_t next = 1 + results->control->result.trial.session_count;
    for (size_t i = 0; i < results->report.count; i++) {
        struct audit_row *row = &results->rows[i];
        bool of_control = row->trial == &results->control->result.trial;
        row->first_session = of_control ? 1 : next;
        next += row->trial == NULL || of_control ? 0 : row->trial->session_count;
    }
}

static void put_session(void *context, const struct record *session) {
    struct buf *out = context;
    if (buf_len(out) > 0) {
        buf_put_byte(out, ',');
    }
    (void)record_put_json(out, session);
}

static struct buf document_of(const struct audit_results *results) {
    struct buf sessions;
    struct buf document;
    buf_init(&sessions, LIMIT_TRANSCRIPT);
    buf_init(&document, LIMIT_TRANSCRIPT);
    take_sessions(results, put_session, &sessions);
    buf_put_string(&document, "{\"schema\":\"smtpscope/1\",\"sessions\":[");
    buf_put(&document, buf_slice(&sessions));
    buf_put_string(&document, "]}\n");
    buf_cleanup(&sessions);
    return document;
}

static enum err write_place(struct failure *failure, const char *path, struct slice bytes) {
    return path == NULL || strcmp(path, "-") == 0 ? console_out(failure, bytes)
                                                  : console_file(failure, path, bytes, false);
}

static enum err write_output(const struct output_spec *output, struct failure *failure,
                             struct slice document) {
    struct buf written;
    buf_init(&written, LIMIT_SHOWN);
    enum err err = output->format->put_document(&written, failure, document);
    if (err == OK) {
        err = write_place(failure, output->path, buf_slice(&written));
    }
    buf_cleanup(&written);
    return err;
}

static enum err write_outputs(const struct audit_results *results, struct failure *failure) {
    const struct options *options = results->options;
    if (options->output_count == 0) {
        return OK;
    }
    struct buf document = document_of(results);
    enum err err = OK;
    for (size_t i = 0; i < options->output_count && err == OK; i++) {
        err = write_output(&options->outputs[i], failure, buf_slice(&document));
    }
    buf_cleanup(&document);
    return err;
}

// ── the reports ─────────────────────────────────────────────────────────────────────────────────

struct html_session_taker {
    struct html_report *html;
    const char *last;
};

static void take_for_html(void *context, const struct record *session) {
    struct html_session_taker *taker = context;
    if (taker->last != session->session.audit) {
        html_report_begin_file(taker->html, session->session.audit);
        taker->last = session->session.audit;
    }
    html_report_take(taker->html, session);
}

static void put_html(struct buf *out, const struct audit_results *results) {
    struct html_session_taker taker = {.html = html_report_new()};
    struct buf object;
    buf_init(&object, LIMIT_REPORT);
    take_sessions(results, take_for_html, &taker);
    audit_put_json(&object, &results->report);
    html_report_put(out, taker.html,
                    &(struct html_verdict){.name = "audit", .object = buf_slice(&object)});
    buf_cleanup(&object);
    html_report_free(taker.html);
}

static void put_report(struct buf *out, const struct audit_results *results,
                       enum report_kind kind) {
    switch (kind) {
    case REPORT_TEXT:
        audit_put_text(out, &results->report);
        break;
    case REPORT_JSON:
        audit_put_json(out, &results->report);
        buf_put_byte(out, '\n');
        break;
    case REPORT_JUNIT:
        audit_put_junit(out, &results->report);
        break;
    case REPORT_HTML:
        put_html(out, results);
        break;
    case REPORT_GITHUB:
        break;
    }
}

static bool comes_as_rows(const struct report_spec *report) {
    return report->kind == REPORT_TEXT && report->path == NULL;
}

bool audit_results_shows_rows(const struct options *options) {
    bool taken = false;
    bool asked = options->report_count == 0;
    for (size_t i = 0; i < options->report_count; i++) {
        asked = asked || comes_as_rows(&options->reports[i]) || options->reports[i].path != NULL;
        taken = taken || (options->reports[i].path == NULL && !comes_as_rows(&options->reports[i]));
    }
    for (size_t i = 0; i < options->output_count; i++) {
        taken = taken || strcmp(options->outputs[i].path, "-") == 0;
    }
    return asked && !taken;
}

static enum err write_reports(const struct audit_results *results, struct failure *failure) {
    const struct options *options = results->options;
    enum err err = OK;
    for (size_t i = 0; i < options->report_count && err == OK; i++) {
        const struct report_spec *report = &options->reports[i];
        struct buf text;
        buf_init(&text, LIMIT_SHOWN);
        if (!comes_as_rows(report) || !audit_results_shows_rows(options)) {
            put_report(&text, results, report->kind);
            err = write_place(failure, report->path, buf_slice(&text));
        }
        buf_cleanup(&text);
    }
    return err;
}

enum err audit_results_write(struct audit_results *results, struct failure *failure) {
    number_sessions(results);
    enum err err = write_logs(results, failure);
    if (err == OK) {
        err = write_outputs(results, failure);
    }
    return err == OK ? write_reports(results, failure) : err;
}
