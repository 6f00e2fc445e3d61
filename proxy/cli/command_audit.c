// SPDX-License-Identifier: MIT
// The audit: the control case, then the cases that apply, and what is said of them.
#include "audit/audit_report.h"
#include "audit/remedy.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/app.h"
#include "cli/audit_input.h"
#include "cli/audit_jobs.h"
#include "cli/audit_results.h"
#include "cli/console.h"
#include "cli/not_captured.h"
#include "format/show.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct audit {
    const struct options *options;
    struct audit_jobs jobs;
    struct audit_job control;
    const struct audit_case **chosen;
    struct audit_row *rows; // one for each chosen case
    char **outputs;         // the last lines of each that failed
    size_t count;
    size_t said; // rows that were printed
    bool shows_rows;
    struct audit_job *list; // of the rows for which the command is run
    size_t list_count;
    struct audit_job *unchosen; // cases that are run for the judge alone; they have no row
    size_t unchosen_count;
    enum err err; // of the first case that could not be run
    struct failure failure;
};

static bool is_chosen(const struct options *options, const struct audit_case *of) {
    bool chosen = options->audit_cases.count == 0;
    for (size_t i = 0; i < options->audit_cases.count; i++) {
        chosen = chosen || fnmatch(options->audit_cases.items[i], of->id, 0) == 0;
    }
    return chosen;
}

static bool matches_any(const char *pattern) {
    bool matches = false;
    for (size_t i = 0; i < audit_case_count(); i++) {
        matches = matches || fnmatch(pattern, audit_case_at(i)->id, 0) == 0;
    }
    return matches;
}

static enum err choose(struct audit *audit, struct failure *failure) {
    const struct text_list *patterns = &audit->options->audit_cases;
    for (size_t i = 0; i < patterns->count; i++) {
        if (!matches_any(patterns->items[i])) {
            return fail(failure, ERR_USAGE, "--case: '%s' is no case; smtpscope audit --list",
                        patterns->items[i]);
        }
    }
    audit->chosen = mem_new_array(audit_case_count(), sizeof(const struct audit_case *));
    audit->rows = mem_new_array(audit_case_count(), sizeof(audit->rows[0]));
    audit->outputs = mem_new_array(audit_case_count(), sizeof(char *));
    audit->list = mem_new_array(audit_case_count(), sizeof(audit->list[0]));
    audit->unchosen = mem_new_array(audit_case_count(), sizeof(audit->unchosen[0]));
    for (size_t i = 0; i < audit_case_count(); i++) {
        if (is_chosen(audit->options, audit_case_at(i))) {
            audit->chosen[audit->count++] = audit_case_at(i);
        }
    }
    return OK;
}

// What the program exits with for it; a failure is said.
static int print(void (*put)(struct buf *out, const void *what), const void *what) {
    struct buf text;
    struct failure failure;
    buf_init(&text, CONSOLE_TEXT_MAX);
    put(&text, what);
    enum err err = console_out(&failure, buf_slice(&text));
    buf_cleanup(&text);
    return err == OK ? EXIT_WELL : (int)console_failure(err, &failure);
}

static void put_list(struct buf *out, const void *what) {
    const struct audit *audit = what;
    for (size_t i = 0; i < audit->count; i++) {
        audit_put_list(out, audit->chosen[i]);
    }
}

// ── the control case ────────────────────────────────────────────────────────────────────────────

static void write_lines(void *context, struct slice lines) {
    struct failure failure;
    (void)context;
    (void)!console_err(&failure, lines);
}

static void show_control(const struct audit_case_result *result) {
    struct terminal terminal;
    terminal_init(&terminal, STDERR_FILENO, false);
    struct show_options show = {.terminal = &terminal};
    show_text(result->reader, &show, write_lines, NULL);
    terminal_cleanup(&terminal);
}

static void show_output(const struct audit *audit) {
    char *output = audit_output_end(&audit->jobs.secrets_known, &audit->control);
    struct buf lines;
    buf_init(&lines, LIMIT_SHOWN);
    struct slice rest = slice_of_string(output);
    while (!slice_is_null(rest) && rest.len > 0) {
        text_put_printable(&lines, slice_split(&rest, '\n'));
        buf_put_byte(&lines, '\n');
    }
    write_lines(NULL, buf_slice(&lines));
    buf_cleanup(&lines);
    free(output);
}

static void take_control(void *context, struct audit_job *job) {
    (void)context;
    (void)job; // it is looked at afterwards
}

static bool uses_implicit_tls(const struct audit_trial *control) {
    for (size_t i = 0; i < control->session_count; i++) {
        const struct event_tls *tls = control->sessions[i]->tls[SIDE_CLIENT];
        if (tls != NULL && !tls->starttls) {
            return true;
        }
    }
    return false;
}

static void say_that_no_mail_arrived(const struct audit *audit) {
    const struct audit_case_result *result = &audit->control.result;
    if (result->trial.session_count > 0) {
        console_sayf("the command exited %d, and no mail arrived at a server that does everything "
                     "right: the other cases would show nothing",
                     result->trial.status);
        return;
    }
    console_sayf("the command exited %d", result->trial.status);
    struct buf text;
    buf_init(&text, CONSOLE_TEXT_MAX);
    not_captured_put(&text, &audit->options->ports, &result->elsewhere, result->trial.status);
    buf_put_byte(&text, '\0');
    console_say((const char *)buf_slice(&text).data);
    buf_cleanup(&text);
}

static int judge_control(struct audit *audit) {
    const struct audit_case_result *result = &audit->control.result;
    if (!result->executed) {
        show_output(audit);
        return EXIT_NOT_STARTED;
    }
    if (audit_accepted(&result->trial) > 0) {
        audit->jobs.client_start =
            uses_implicit_tls(&result->trial) ? CLIENT_START_TLS : CLIENT_START_PLAIN;
        return EXIT_WELL;
    }
    show_control(result);
    show_output(audit);
    say_that_no_mail_arrived(audit);
    return EXIT_NOT_STARTED;
}

// On a busy machine a ClientHello may come after a greeting that did not wait for it.
static void wait_longer_for_tls(struct audit *audit) {
    if (audit_client_tls(&audit->control.result.trial) == NULL) {
        audit->jobs.client_start = CLIENT_START_TLS;
    }
}

static void run_control_with(struct audit *audit, const char *auth) {
    audit->jobs.auth = auth;
    audit->control = (struct audit_job){.of = &audit_control_case};
    audit_jobs_run(&audit->jobs, &audit->control, 1, take_control, audit);
}

static bool try_control_again(struct audit *audit, const char *auth, bool auth_in_clear) {
    const struct audit_trial *trial = &audit->control.result.trial;
    bool again = trial->session_count > 0 && audit_accepted(trial) == 0;
    if (!again || audit->jobs.stopped_by != 0) {
        return false;
    }
    wait_longer_for_tls(audit);
    audit_job_cleanup(&audit->control);
    audit->jobs.auth_in_clear = auth_in_clear;
    run_control_with(audit, auth);
    return true;
}

// Mechanisms that show the secret itself, so that it is known, and masked wherever the command may
// write it; all that the server has only for a client that does none of these, and a login without
// TLS only for one that sends no mail otherwise.
static void try_control(struct audit *audit) {
    const char *open_mechanisms = "AUTH PLAIN LOGIN XOAUTH2 OAUTHBEARER";
    run_control_with(audit, open_mechanisms);
    if (try_control_again(audit, open_mechanisms, true)) {
        try_control_again(audit, NULL, false);
    }
}

// EXIT_WELL where the audit may go on.
static int run_control(struct audit *audit) {
    const struct audit_case_result *result = &audit->control.result;
    try_control(audit);
    if (audit->jobs.stopped_by != 0) {
        return SIGNAL_EXIT + audit->jobs.stopped_by;
    }
    return result->err == OK ? judge_control(audit)
                             : (int)console_failure(result->err, &result->failure);
}

// ── the cases ───────────────────────────────────────────────────────────────────────────────────

static void put_row(struct buf *out, const void *row) {
    audit_put_row(out, row);
}

// The rows up to the one that is still open.
static void say_rows(struct audit *audit, size_t up_to) {
    for (; audit->said < up_to; audit->said++) {
        if (audit->shows_rows) {
            (void)print(put_row, &audit->rows[audit->said]);
        }
    }
}

static struct audit_job *find_job(struct audit_job *list, size_t count, const char *id) {
    size_t i = 0;
    while (i < count && strcmp(list[i].of->id, id) != 0) {
        i++;
    }
    return i < count ? &list[i] : NULL;
}

// It comes earlier in the table, so it has ended.
static const struct audit_trial *graver_trial(struct audit *audit, const struct audit_case *of) {
    struct audit_job *job = NULL;
    if (of->graver != NULL) {
        job = find_job(audit->list, audit->list_count, of->graver);
        job = job != NULL ? job : find_job(audit->unchosen, audit->unchosen_count, of->graver);
    }
    return job != NULL ? &job->result.trial : NULL;
}

static bool was_run(struct audit *audit, const struct audit_job *job) {
    if (job->result.err != OK && audit->err == OK) {
        audit->err = job->result.err;
        audit->failure = job->result.failure;
    }
    return job->result.err == OK;
}

static void take_unchosen(void *context, struct audit_job *job) {
    (void)was_run(context, job);
}

static void take_job(void *context, struct audit_job *job) {
    struct audit *audit = context;
    size_t at = audit->said;
    while (audit->chosen[at] != job->of) {
        at++;
    }
    if (!was_run(audit, job)) {
        return;
    }
    audit->rows[at].trial = &job->result.trial;
    audit_rule(&audit->rows[at].ruling,
               &(struct audit_evidence){.of = job->of,
                                        .control = &audit->control.result.trial,
                                        .trial = &job->result.trial,
                                        .graver = graver_trial(audit, job->of)});
    say_rows(audit, at + 1);
}

// Fills the row of a case for which the command need not be run; false where it must.
static bool settle(struct audit *audit, struct audit_row *row) {
    const struct audit_trial *control = &audit->control.result.trial;
    if ((row->of->needs & AUDIT_NEEDS_TIME) != 0 && !audit->options->audit_slow) {
        audit_say(&row->ruling, AUDIT_NOT_APPLICABLE, "takes minutes; see --slow-cases");
        return true;
    }
    if (!audit_applies(&row->ruling, row->of, control)) {
        return true;
    }
    if ((row->of->needs & AUDIT_OF_CONTROL) != 0) {
        audit_rule(&row->ruling,
                   &(struct audit_evidence){.of = row->of, .control = control, .trial = control});
        return true;
    }
    return false;
}

// A case has the same verdict whichever others are chosen.
static void run_unchosen(struct audit *audit) {
    for (size_t i = 0; i < audit->list_count; i++) {
        const char *id = audit->list[i].of->graver;
        if (id != NULL && find_job(audit->list, audit->list_count, id) == NULL &&
            find_job(audit->unchosen, audit->unchosen_count, id) == NULL) {
            audit->unchosen[audit->unchosen_count++] =
                (struct audit_job){.of = audit_case_find(slice_of_string(id))};
        }
    }
    audit_jobs_run(&audit->jobs, audit->unchosen, audit->unchosen_count, take_unchosen, audit);
}

static void run_cases(struct audit *audit) {
    for (size_t i = 0; i < audit->count; i++) {
        audit->rows[i].of = audit->chosen[i];
        if (!settle(audit, &audit->rows[i])) {
            audit->list[audit->list_count++] = (struct audit_job){.of = audit->chosen[i]};
        }
    }
    run_unchosen(audit);
    if (audit->jobs.stopped_by == 0) {
        audit_jobs_run(&audit->jobs, audit->list, audit->list_count, take_job, audit);
    }
    if (audit->jobs.stopped_by == 0 && audit->err == OK) {
        say_rows(audit, audit->count);
    }
}

static void put_end(struct buf *out, const void *report) {
    audit_put_end(out, report);
}

// With what all cases have shown of secrets.
static void add_outputs(struct audit *audit) {
    for (size_t i = 0, job = 0; i < audit->count; i++) {
        struct audit_row *row = &audit->rows[i];
        bool ran = job < audit->list_count && audit->list[job].of == row->of;
        if (ran && row->ruling.verdict == AUDIT_FAIL) {
            audit->outputs[i] = audit_output_end(&audit->jobs.secrets_known, &audit->list[job]);
            row->output = slice_of_string(audit->outputs[i]);
        }
        job += ran ? 1 : 0;
    }
}

static int write_results(struct audit *audit) {
    struct failure failure;
    struct audit_results results = {
        .options = audit->options,
        .secrets_known = &audit->jobs.secrets_known,
        .control = &audit->control,
        .jobs = audit->list,
        .job_count = audit->list_count,
        .unchosen = audit->unchosen,
        .unchosen_count = audit->unchosen_count,
        .rows = audit->rows,
        .report = {.command = audit->options->run_command,
                   .runtime = audit_runtime_find(audit->options->run_command,
                                                 &audit->control.result.trial),
                   .rows = audit->rows,
                   .count = audit->count,
                   .weak_is_bad = audit->options->audit_fail_on == AUDIT_FAIL_ON_WEAK},
    };
    add_outputs(audit);
    if (audit->shows_rows) {
        (void)print(put_end, &results.report);
    }
    enum err err = audit_results_write(&results, &failure);
    if (err != OK) {
        return (int)console_failure(err, &failure);
    }
    return audit_bad_count(&results.report) > 0 ? EXIT_CHECK_FAILED : EXIT_WELL;
}

static int conclude(struct audit *audit) {
    if (audit->jobs.stopped_by != 0) {
        return SIGNAL_EXIT + audit->jobs.stopped_by;
    }
    if (audit->err != OK) {
        return (int)console_failure(audit->err, &audit->failure);
    }
    return write_results(audit);
}

static enum err open_audit(struct audit *audit, struct failure *failure,
                           const struct capture_inherited *inherited) {
    audit->shows_rows = audit_results_shows_rows(audit->options);
    enum err err = audit_jobs_open(&audit->jobs, failure, audit->options, inherited);
    if (err == OK) {
        err = audit_results_check(failure, audit->options);
    }
    return err == OK ? audit_input_open(&audit->jobs.input_fd, failure) : err;
}

static void clean_up(struct audit *audit) {
    audit_job_cleanup(&audit->control);
    for (size_t i = 0; i < audit->list_count; i++) {
        audit_job_cleanup(&audit->list[i]);
    }
    for (size_t i = 0; i < audit->unchosen_count; i++) {
        audit_job_cleanup(&audit->unchosen[i]);
    }
    for (size_t i = 0; i < audit->count; i++) {
        free(audit->outputs[i]);
    }
    audit_jobs_cleanup(&audit->jobs);
}

static int run_audit(struct audit *audit, const struct capture_inherited *inherited) {
    struct failure failure;
    enum err err = open_audit(audit, &failure, inherited);
    int status = err == OK ? run_control(audit) : (int)console_failure(err, &failure);
    if (status == EXIT_WELL) {
        run_cases(audit);
        status = conclude(audit);
    }
    clean_up(audit);
    return status;
}

int command_audit(const struct options *options, const struct capture_inherited *inherited) {
    struct audit audit = {.options = options};
    struct failure failure;
    enum err err = choose(&audit, &failure);
    int status;
    if (err != OK) {
        status = (int)console_failure(err, &failure);
    } else if (options->audit_list) {
        status = print(put_list, &audit);
    } else {
        status = run_audit(&audit, inherited);
    }
    free(audit.chosen);
    free(audit.rows);
    free(audit.outputs);
    free(audit.list);
    free(audit.unchosen);
    return status;
}
