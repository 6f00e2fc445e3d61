// SPDX-License-Identifier: MIT
// The audit: the control case, then the cases that apply, and what is said of them.
#include "audit/audit_report.h"
#include "base/limits.h"
#include "base/memory.h"
#include "cli/app.h"
#include "cli/audit_jobs.h"
#include "cli/console.h"
#include "format/show.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <unistd.h>

struct audit {
    const struct options *options;
    struct audit_jobs jobs;
    struct audit_job control;
    const struct audit_case **chosen;
    struct audit_row *rows; // one for each chosen case
    size_t count;
    size_t said;            // rows that were printed
    struct audit_job *list; // of the rows for which the command is run
    size_t list_count;
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
    audit->list = mem_new_array(audit_case_count(), sizeof(audit->list[0]));
    for (size_t i = 0; i < audit_case_count(); i++) {
        if (is_chosen(audit->options, audit_case_at(i))) {
            audit->chosen[audit->count++] = audit_case_at(i);
        }
    }
    return OK;
}

static void print(void (*put)(struct buf *out, const void *what), const void *what) {
    struct buf text;
    struct failure failure;
    buf_init(&text, CONSOLE_TEXT_MAX);
    put(&text, what);
    if (console_out(&failure, buf_slice(&text)) != OK) {
        (void)console_failure(ERR_SYSTEM, &failure);
    }
    buf_cleanup(&text);
}

static int print_list(struct audit *audit) {
    struct buf text;
    struct failure failure;
    buf_init(&text, CONSOLE_TEXT_MAX);
    for (size_t i = 0; i < audit->count; i++) {
        audit_put_list(&text, audit->chosen[i]);
    }
    enum err err = console_out(&failure, buf_slice(&text));
    buf_cleanup(&text);
    return err == OK ? EXIT_WELL : (int)console_failure(err, &failure);
}

// ── the control case ────────────────────────────────────────────────────────────────────────────

static void write_lines(void *context, struct slice lines) {
    struct failure failure;
    (void)context;
    (void)!console_err(&failure, lines);
}

static void show_control(struct audit_case_result *result) {
    struct terminal terminal;
    terminal_init(&terminal, STDERR_FILENO, false);
    struct show_options show = {.terminal = &terminal};
    show_text(result->reader, &show, write_lines, NULL);
    terminal_cleanup(&terminal);
}

static void take_control(void *context, struct audit_job *job) {
    (void)context;
    (void)job; // it is looked at afterwards
}

// EXIT_WELL where the audit may go on.
static int run_control(struct audit *audit) {
    struct audit_case_result *result = &audit->control.result;
    audit->control = (struct audit_job){.of = &audit_control_case};
    audit_jobs_run(&audit->jobs, &audit->control, 1, take_control, audit);
    if (audit->jobs.stopped_by != 0) {
        return SIGNAL_EXIT + audit->jobs.stopped_by;
    }
    if (result->err != OK) {
        return (int)console_failure(result->err, &result->failure);
    }
    if (!result->executed) {
        return result->trial.status;
    }
    if (audit_accepted(&result->trial) > 0) {
        return EXIT_WELL;
    }
    show_control(result);
    console_sayf("the command exited %d, and no mail arrived at a server that does everything "
                 "right: nothing else would mean anything",
                 result->trial.status);
    return EXIT_NOT_STARTED;
}

// ── the cases ───────────────────────────────────────────────────────────────────────────────────

static void put_row(struct buf *out, const void *row) {
    audit_put_row(out, row);
}

// The rows up to the one that is still open.
static void say_rows(struct audit *audit, size_t up_to) {
    for (; audit->said < up_to; audit->said++) {
        print(put_row, &audit->rows[audit->said]);
    }
}

static void take_job(void *context, struct audit_job *job) {
    struct audit *audit = context;
    size_t at = audit->said;
    while (audit->chosen[at] != job->of) {
        at++;
    }
    if (job->result.err != OK) {
        audit->err = audit->err == OK ? job->result.err : audit->err;
        audit->failure = job->result.failure;
        return;
    }
    audit->rows[at].trial = &job->result.trial;
    audit_rule(&audit->rows[at].ruling, job->of, &audit->control.result.trial, &job->result.trial);
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
        audit_rule(&row->ruling, row->of, control, control);
        return true;
    }
    return false;
}

static void run_cases(struct audit *audit) {
    for (size_t i = 0; i < audit->count; i++) {
        audit->rows[i].of = audit->chosen[i];
        if (!settle(audit, &audit->rows[i])) {
            audit->list[audit->list_count++] = (struct audit_job){.of = audit->chosen[i]};
        }
    }
    audit_jobs_run(&audit->jobs, audit->list, audit->list_count, take_job, audit);
    if (audit->jobs.stopped_by == 0 && audit->err == OK) {
        say_rows(audit, audit->count);
    }
}

static void put_end(struct buf *out, const void *context) {
    const struct audit *audit = context;
    audit_put_end(out, audit->rows, audit->count);
}

static int conclude(struct audit *audit) {
    if (audit->jobs.stopped_by != 0) {
        return SIGNAL_EXIT + audit->jobs.stopped_by;
    }
    if (audit->err != OK) {
        return (int)console_failure(audit->err, &audit->failure);
    }
    print(put_end, audit);
    struct audit_summary summary = audit_sum_up(audit->rows, audit->count);
    size_t bad = summary.counts[AUDIT_FAIL];
    if (audit->options->audit_fail_on == AUDIT_FAIL_ON_WEAK) {
        bad += summary.counts[AUDIT_WEAK];
    }
    return bad == 0 ? EXIT_WELL : EXIT_CHECK_FAILED;
}

static int run_audit(struct audit *audit, const struct capture_inherited *inherited) {
    struct failure failure;
    enum err err = audit_jobs_open(&audit->jobs, &failure, audit->options, inherited);
    int status = err == OK ? run_control(audit) : (int)console_failure(err, &failure);
    if (status == EXIT_WELL) {
        run_cases(audit);
        status = conclude(audit);
    }
    audit_job_cleanup(&audit->control);
    for (size_t i = 0; i < audit->list_count; i++) {
        audit_job_cleanup(&audit->list[i]);
    }
    audit_jobs_cleanup(&audit->jobs);
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
        status = print_list(&audit);
    } else {
        status = run_audit(&audit, inherited);
    }
    free(audit.chosen);
    free(audit.rows);
    free(audit.list);
    return status;
}
