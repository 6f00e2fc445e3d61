// SPDX-License-Identifier: MIT
#include "verdict/judge.h"

#include "base/array.h"
#include "base/limits.h"
#include "base/memory.h"
#include "transcript/record_fields.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct expectation {
    struct expression *expression;
    struct expression_tally tally;
    struct buf found;
};

struct taken_finding {
    const char *file;
    uint64_t file_number; // from 1, in the order in which they were read; 0: none
    uint64_t session;
    size_t arrival;
    struct event_finding finding;
};

struct judge {
    pthread_mutex_t lock; // of all below while sessions come in
    enum fail_on fail_on;
    struct expectation *expectations;
    size_t expectation_count;
    const char *const *ignored;
    size_t ignored_count;
    struct taken_finding *findings;
    size_t finding_count;
    size_t finding_room;
    struct arena arena; // of what the findings point at
    bool sorted;
    const char *file; // that sessions come from; NULL: none
    struct judge_totals totals;
};

enum err judge_new(struct judge **out, struct failure *failure,
                   const struct judge_options *options) {
    struct judge *judge = mem_new(sizeof(*judge));
    pthread_mutex_init(&judge->lock, NULL);
    judge->fail_on = options->fail_on;
    judge->ignored = options->ignored;
    judge->ignored_count = options->ignored_count;
    judge->expectations = mem_new_array(options->expectation_count + 1, sizeof(struct expectation));
    enum err err = OK;
    for (size_t i = 0; err == OK && i < options->expectation_count; i++) {
        err = expression_parse(&judge->expectations[i].expression, failure,
                               options->expectations[i], EXPRESSION_CHECK);
        judge->expectation_count += err == OK ? 1 : 0;
    }
    if (err != OK) {
        judge_free(judge);
        judge = NULL;
    }
    *out = judge;
    return err;
}

void judge_free(struct judge *judge) {
    if (judge == NULL) {
        return;
    }
    for (size_t i = 0; i < judge->expectation_count; i++) {
        expression_free(judge->expectations[i].expression);
        expression_tally_cleanup(&judge->expectations[i].tally);
        buf_cleanup(&judge->expectations[i].found);
    }
    arena_cleanup(&judge->arena);
    free(judge->expectations);
    free(judge->findings);
    pthread_mutex_destroy(&judge->lock);
    free(judge);
}

// ── taking sessions ─────────────────────────────────────────────────────────────────────────────

void judge_begin_file(struct judge *judge, const char *name) {
    judge->file = name;
    judge->totals.files++;
}

static void keep_finding(struct judge *judge, const struct event_finding *finding,
                         uint64_t session) {
    if (judge->finding_count == LIMIT_JUDGED_FINDINGS) {
        return;
    }
    judge->findings = array_grown(judge->findings, judge->finding_count, &judge->finding_room,
                                  sizeof(judge->findings[0]));
    struct taken_finding *kept = &judge->findings[judge->finding_count];
    *kept = (struct taken_finding){.file = judge->file,
                                   .file_number = judge->totals.files,
                                   .session = session,
                                   .arrival = judge->finding_count,
                                   .finding = *finding};
    fields_keep(&judge->arena, &finding_table, &kept->finding);
    judge->finding_count++;
    judge->sorted = false;
}

static bool is_ignored(const struct judge *judge, const struct event_finding *finding) {
    for (size_t i = 0; i < judge->ignored_count; i++) {
        if (strcmp(finding->rule, judge->ignored[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void take_session(struct judge *judge, const struct record *session) {
    expression_count(&judge->totals.counts, session);
    for (size_t i = 0; i < judge->expectation_count; i++) {
        expression_ask(&judge->expectations[i].tally, judge->expectations[i].expression, session);
    }
    for (size_t i = 0; i < session->finding_count; i++) {
        keep_finding(judge, &session->findings[i], session->session.id);
    }
}

// Ignored findings are left out before anything is asked of the session: `findings = 0` does not
// see them either.
void judge_take(struct judge *judge, const struct record *session) {
    struct record seen = *session;
    seen.findings = mem_new_array(session->finding_count, sizeof(*seen.findings));
    seen.finding_count = 0;
    for (size_t i = 0; i < session->finding_count; i++) {
        if (!is_ignored(judge, &session->findings[i])) {
            seen.findings[seen.finding_count++] = session->findings[i];
        }
    }
    pthread_mutex_lock(&judge->lock);
    take_session(judge, &seen);
    pthread_mutex_unlock(&judge->lock);
    free(seen.findings);
}

void judge_take_counts(struct judge *judge, const struct expression_counts *counts) {
    pthread_mutex_lock(&judge->lock);
    expression_counts_add(&judge->totals.counts, counts);
    for (size_t i = 0; i < judge->expectation_count; i++) {
        struct expectation *expectation = &judge->expectations[i];
        expression_ask_counts(&expectation->tally, expectation->expression, counts);
    }
    pthread_mutex_unlock(&judge->lock);
}

// ── the verdict ─────────────────────────────────────────────────────────────────────────────────

bool judge_fails(const struct judge *judge, enum severity severity) {
    switch (judge->fail_on) {
    case FAIL_ON_ERROR:
        return severity == SEVERITY_ERROR;
    case FAIL_ON_WARNING:
        return severity >= SEVERITY_WARNING;
    case FAIL_ON_INFO:
        return true;
    case FAIL_ON_NEVER:
        break;
    }
    return false;
}

bool judge_is_content(const struct judge *judge) {
    for (size_t i = 0; i < judge->expectation_count; i++) {
        if (!expression_holds(judge->expectations[i].expression, &judge->expectations[i].tally)) {
            return false;
        }
    }
    for (enum severity severity = SEVERITY_INFO; severity <= SEVERITY_ERROR; severity++) {
        if (judge->totals.counts.findings[severity] > 0 && judge_fails(judge, severity)) {
            return false;
        }
    }
    return true;
}

size_t judge_expectation_count(const struct judge *judge) {
    return judge->expectation_count;
}

struct judge_expectation judge_expectation_at(struct judge *judge, size_t index) {
    struct expectation *expectation = &judge->expectations[index];
    if (buf_len(&expectation->found) == 0) {
        expectation->found.max = 2 * LIMIT_FOUND_BYTES;
        expression_put_found(&expectation->found, expectation->expression, &expectation->tally);
    }
    return (struct judge_expectation){
        .expression = expression_text(expectation->expression),
        .holds = expression_holds(expectation->expression, &expectation->tally),
        .found = buf_slice(&expectation->found),
    };
}

// Sessions of a live capture end in any order; within one the order is the document's own.
static int compare_kept(const void *left, const void *right) {
    const struct taken_finding *a = left;
    const struct taken_finding *b = right;
    if (a->file_number != b->file_number) {
        return a->file_number < b->file_number ? -1 : 1;
    }
    if (a->session != b->session) {
        return a->session < b->session ? -1 : 1;
    }
    return a->arrival < b->arrival ? -1 : a->arrival > b->arrival;
}

static void sort_findings(struct judge *judge) {
    if (!judge->sorted && judge->finding_count > 0) {
        qsort(judge->findings, judge->finding_count, sizeof(judge->findings[0]), compare_kept);
    }
    judge->sorted = true;
}

size_t judge_finding_count(const struct judge *judge) {
    return judge->finding_count;
}

struct judge_finding judge_finding_at(struct judge *judge, size_t index) {
    sort_findings(judge);
    const struct taken_finding *kept = &judge->findings[index];
    return (struct judge_finding){
        .file = kept->file, .session = kept->session, .finding = kept->finding};
}

struct judge_totals judge_totals(const struct judge *judge) {
    return judge->totals;
}

static void put_expectation(struct json_writer *json, const struct judge_expectation *expectation) {
    json_open_line(json, '{');
    json_member_string(json, "expression", expectation->expression);
    json_member_bool(json, "ok", expectation->holds);
    json_member_text(json, "found", expectation->found);
    json_close(json, '}');
}

static void put_finding(struct json_writer *json, const struct judge_finding *finding) {
    json_open_line(json, '{');
    if (finding->file != NULL) {
        json_member_string(json, "file", finding->file);
    }
    json_member_uint(json, "session", finding->session);
    fields_write(json, &finding_table, &finding->finding, FIELD_JSON);
    json_close(json, '}');
}

void judge_put_json(struct buf *out, struct judge *judge) {
    struct json_writer json = json_writer_on(out, false);
    json_open(&json, '{');
    json_member_bool(&json, "ok", judge_is_content(judge));
    json_key(&json, "expectations");
    json_open(&json, '[');
    for (size_t i = 0; i < judge->expectation_count; i++) {
        struct judge_expectation expectation = judge_expectation_at(judge, i);
        put_expectation(&json, &expectation);
    }
    json_close(&json, ']');
    json_key(&json, "findings");
    json_open(&json, '[');
    for (size_t i = 0; i < judge->finding_count; i++) {
        struct judge_finding finding = judge_finding_at(judge, i);
        put_finding(&json, &finding);
    }
    json_close(&json, ']');
    json_close(&json, '}');
    buf_put_byte(out, '\n');
}
