// SPDX-License-Identifier: MIT
#include "verdict/judge.h"

#include "base/memory.h"
#include "transcript/json_writer.h"
#include "verdict/expression.h"

#include <cjson/cJSON.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

// Findings that are kept for the reports; past it they are only counted.
enum { FINDINGS_MAX = 10000, SEVERITY_COUNT = SEVERITY_ERROR + 1, FOUND_TEXT_MAX = 8192 };

struct expectation {
    struct expression *expression;
    struct expression_tally tally;
    struct buf found;
};

struct kept {
    uint64_t session;
    size_t arrival;
    cJSON *finding; // with a member "session" in front
};

struct judge {
    pthread_mutex_t lock; // of all below while sessions come in
    enum fail_on fail_on;
    struct expectation *expectations;
    size_t expectation_count;
    const char *const *ignored;
    size_t ignored_count;
    struct kept *findings;
    size_t finding_count;
    size_t finding_room;
    bool sorted;
    uint64_t totals[SEVERITY_COUNT];
    uint64_t sessions;
    uint64_t messages;
    uint64_t accepted;
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
    for (size_t i = 0; i < judge->finding_count; i++) {
        cJSON_Delete(judge->findings[i].finding);
    }
    free(judge->expectations);
    free(judge->findings);
    pthread_mutex_destroy(&judge->lock);
    free(judge);
}

// ── taking sessions ─────────────────────────────────────────────────────────────────────────────

static const cJSON *get(const cJSON *object, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static enum severity severity_of(const cJSON *finding) {
    const char *name = cJSON_GetStringValue(get(finding, "severity"));
    for (unsigned i = 0; name != NULL && i < SEVERITY_COUNT; i++) {
        if (strcmp(name, severity_name((enum severity)i)) == 0) {
            return (enum severity)i;
        }
    }
    return SEVERITY_ERROR; // what cannot be told is not let pass
}

static uint64_t session_id(const cJSON *session) {
    double id = cJSON_GetNumberValue(get(session, "id"));
    return id >= 1 && id < 9e15 ? (uint64_t)id : 0;
}

static void keep_finding(struct judge *judge, const cJSON *finding, uint64_t session) {
    judge->totals[severity_of(finding)]++;
    if (judge->finding_count == FINDINGS_MAX) {
        return;
    }
    cJSON *kept = cJSON_CreateObject();
    cJSON_AddNumberToObject(kept, "session", (double)session);
    const cJSON *member = NULL;
    cJSON_ArrayForEach(member, finding) {
        cJSON_AddItemToObject(kept, member->string, cJSON_Duplicate(member, true));
    }
    if (judge->finding_count == judge->finding_room) {
        judge->finding_room = 2 * judge->finding_room + 16;
        judge->findings =
            mem_resize(judge->findings, judge->finding_room, sizeof(judge->findings[0]));
    }
    judge->findings[judge->finding_count] =
        (struct kept){.session = session, .arrival = judge->finding_count, .finding = kept};
    judge->finding_count++;
    judge->sorted = false;
}

static bool is_ignored(const struct judge *judge, const cJSON *finding) {
    const char *rule = cJSON_GetStringValue(get(finding, "rule"));
    for (size_t i = 0; rule != NULL && i < judge->ignored_count; i++) {
        if (strcmp(rule, judge->ignored[i]) == 0) {
            return true;
        }
    }
    return false;
}

// Before anything is asked of the session: `findings = 0` does not see them either.
static void leave_out_ignored(const struct judge *judge, cJSON *findings) {
    cJSON *finding = findings == NULL ? NULL : findings->child;
    while (finding != NULL) {
        cJSON *next = finding->next;
        if (is_ignored(judge, finding)) {
            cJSON_Delete(cJSON_DetachItemViaPointer(findings, finding));
        }
        finding = next;
    }
}

static void take_session(struct judge *judge, cJSON *session) {
    cJSON *findings = cJSON_GetObjectItemCaseSensitive(session, "findings");
    leave_out_ignored(judge, findings);
    judge->sessions++;
    judge->messages += (uint64_t)cJSON_GetArraySize(get(session, "messages"));
    judge->accepted += expression_accepted_messages(session);
    for (size_t i = 0; i < judge->expectation_count; i++) {
        expression_ask(&judge->expectations[i].tally, judge->expectations[i].expression, session);
    }
    const cJSON *finding = NULL;
    cJSON_ArrayForEach(finding, findings) {
        keep_finding(judge, finding, session_id(session));
    }
}

enum err judge_take(struct judge *judge, const char *session_json) {
    cJSON *session = cJSON_Parse(session_json);
    if (!cJSON_IsObject(session)) {
        cJSON_Delete(session);
        return ERR_INPUT;
    }
    pthread_mutex_lock(&judge->lock);
    take_session(judge, session);
    pthread_mutex_unlock(&judge->lock);
    cJSON_Delete(session);
    return OK;
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
    for (unsigned i = 0; i < SEVERITY_COUNT; i++) {
        if (judge->totals[i] > 0 && judge_fails(judge, (enum severity)i)) {
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
        expectation->found.max = FOUND_TEXT_MAX;
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
    const struct kept *a = left;
    const struct kept *b = right;
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

static int number_of(const cJSON *finding, const char *name, int absent) {
    const cJSON *number = get(finding, name);
    return cJSON_IsNumber(number) ? number->valueint : absent;
}

static const char *text_of(const cJSON *finding, const char *name, const char *absent) {
    const char *text = cJSON_GetStringValue(get(finding, name));
    return text == NULL ? absent : text;
}

struct judge_finding judge_finding_at(struct judge *judge, size_t index) {
    sort_findings(judge);
    const cJSON *finding = judge->findings[index].finding;
    return (struct judge_finding){
        .session = judge->findings[index].session,
        .rule = text_of(finding, "rule", "unknown"),
        .severity = severity_of(finding),
        .side = text_of(finding, "side", NULL),
        .exchange = number_of(finding, "exchange", EVENT_NO_EXCHANGE),
        .message = number_of(finding, "message", EVENT_NO_MESSAGE),
        .text = text_of(finding, "text", ""),
        .reference = text_of(finding, "reference", NULL),
    };
}

uint64_t judge_finding_total(const struct judge *judge, enum severity severity) {
    return judge->totals[severity];
}

uint64_t judge_session_count(const struct judge *judge) {
    return judge->sessions;
}

uint64_t judge_message_count(const struct judge *judge) {
    return judge->messages;
}

uint64_t judge_accepted_count(const struct judge *judge) {
    return judge->accepted;
}

void judge_put_json(struct buf *out, struct judge *judge) {
    cJSON *report = cJSON_CreateObject();
    cJSON_AddBoolToObject(report, "ok", judge_is_content(judge));
    cJSON *expectations = cJSON_AddArrayToObject(report, "expectations");
    for (size_t i = 0; i < judge->expectation_count; i++) {
        struct judge_expectation expectation = judge_expectation_at(judge, i);
        char *found = mem_string_of(expectation.found);
        cJSON *item = cJSON_CreateObject();
        cJSON_AddStringToObject(item, "expression", expectation.expression);
        cJSON_AddBoolToObject(item, "ok", expectation.holds);
        cJSON_AddStringToObject(item, "found", found);
        cJSON_AddItemToArray(expectations, item);
        free(found);
    }
    cJSON *findings = cJSON_AddArrayToObject(report, "findings");
    sort_findings(judge);
    for (size_t i = 0; i < judge->finding_count; i++) {
        cJSON_AddItemToArray(findings, cJSON_Duplicate(judge->findings[i].finding, true));
    }
    char *text = cJSON_Print(report);
    json_put_printed(out, slice_of_string(text));
    buf_put_byte(out, '\n');
    cJSON_free(text);
    cJSON_Delete(report);
}
