// SPDX-License-Identifier: MIT
#include "cli/audit_case.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/safe_file.h"
#include "embedded/traits.h"
#include "transcript/transcript_reader.h"
#include "web/html_report.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

// The head of a result; then come the document, and each secret with its head.
struct result_head {
    enum err err;
    struct failure failure;
    bool executed;
    bool timed_out;
    int status;
    uint64_t memory;
    struct elsewhere elsewhere;
    bool concealed; // more was learnt than could be kept
    size_t document_len;
    size_t secret_count;
};

struct secret_head {
    size_t len;
    bool open;
    bool key;
};

// ── the case's side ─────────────────────────────────────────────────────────────────────────────

struct case_run {
    struct run_case run; // first
    struct html_report_target sessions;
    struct buf secrets;
    size_t secret_count;
    bool concealed;
};

static bool never(const void *context) {
    (void)context;
    return false;
}

static void learn(void *context, const struct secret_set *secrets_known) {
    struct case_run *run = context;
    run->concealed = run->concealed || secrets_known->overflowed;
    for (size_t i = 0; i < secrets_known->count; i++) {
        const struct known_secret *secret = &secrets_known->secrets[i];
        struct secret_head head = {.len = secret->len, .open = secret->open, .key = secret->key};
        if (buf_room(&run->secrets) < sizeof(head) + secret->len) {
            run->concealed = true;
            return;
        }
        buf_put(&run->secrets, slice_of(&head, sizeof(head)));
        buf_put(&run->secrets, slice_of(secret->bytes, secret->len));
        run->secret_count++;
    }
}

static enum err read_rules(struct options *options, struct failure *failure,
                           const struct audit_case *of) {
    options->faults = mem_new_array(AUDIT_FAULTS_MAX, sizeof(options->faults[0]));
    options->fault_count = 0;
    enum err err = OK;
    for (size_t i = 0; i < AUDIT_FAULTS_MAX && of->faults[i] != NULL && err == OK; i++) {
        err = fault_rule_parse(&options->faults[i], failure, of->faults[i]);
        options->fault_count += err == OK ? 1 : 0;
    }
    return err;
}

// `run --sink` in silence: all that is seen is kept, none of it is judged here.
static struct options case_options(const struct options *audit) {
    struct options options = *audit;
    options.command = CLI_RUN;
    options.sink = true;
    options.outputs = NULL;
    options.output_count = 0;
    options.report_count = 0;
    options.judge = false;
    options.body = BODY_FULL;
    options.threads = 1;
    return options;
}

static struct embedded_traits case_traits(const struct audit_case_setup *setup) {
    struct embedded_traits traits = {0};
    if (setup->of->traits != NULL) {
        traits = *setup->of->traits;
    }
    if (traits.auth == NULL) {
        traits.auth = setup->auth;
    }
    traits.auth_in_clear = traits.auth_in_clear || setup->auth_in_clear;
    return traits;
}

static struct slice document_text(struct buf *out, const struct html_report *sessions) {
    buf_put_string(out, "{\"schema\":\"smtpscope/1\",\"sessions\":[");
    buf_put(out, html_report_sessions(sessions));
    buf_put_string(out, "]}");
    return buf_slice(out);
}

static void write_result(int fd, struct result_head *head, const struct case_run *run) {
    struct buf document;
    buf_init(&document, LIMIT_TRANSCRIPT);
    struct slice text = document_text(&document, run->sessions.report);
    head->document_len = text.len;
    head->executed = run->run.executed;
    head->timed_out = run->run.timed_out;
    head->status = run->run.status;
    head->memory = run->run.memory;
    head->elsewhere = run->run.elsewhere;
    head->concealed = run->concealed;
    head->secret_count = run->secret_count;
    (void)(file_write_all(fd, slice_of(head, sizeof(*head))) && file_write_all(fd, text) &&
           file_write_all(fd, buf_slice(&run->secrets)));
    buf_cleanup(&document);
}

_Noreturn void audit_case_run(const struct audit_case_setup *setup) {
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    signal(SIGPIPE, SIG_IGN);
    dup2(setup->output_fd, STDOUT_FILENO);
    dup2(setup->output_fd, STDERR_FILENO);
    struct options options = case_options(setup->options);
    const struct embedded_traits traits = case_traits(setup);
    struct result_head head;
    memset(&head, 0, sizeof(head));
    struct case_run run = {
        .run = {.alone = {.input_fd = setup->input_fd,
                          .output_fd = setup->output_fd,
                          .time_limit_ms = (int64_t)setup->options->audit_timeout_ms},
                .traits = &traits,
                .client_start = setup->client_start,
                .sink = &html_report_sink,
                .learnt = learn},
        .sessions = {.report = html_report_new(), .body = BODY_FULL, .is_paused = never},
    };
    buf_init(&run.secrets, LIMIT_AUDIT_SECRETS);
    run.run.sink_context = &run.sessions;
    run.run.learnt_context = &run;
    head.err = read_rules(&options, &head.failure, setup->of);
    if (head.err == OK) {
        head.err = run_one_case(&run.run, &head.failure, &options, setup->inherited);
    }
    write_result(setup->result_fd, &head, &run);
    buf_wipe(&run.secrets);
    _exit(EXIT_WELL);
}

// ── the parent's side ───────────────────────────────────────────────────────────────────────────

static bool take_bytes(void *out, struct slice *rest, size_t len) {
    if (rest->len < len) {
        return false;
    }
    memcpy(out, rest->data, len);
    *rest = slice_from(*rest, len);
    return true;
}

static void learn_all(struct secret_set *secrets_known, struct slice rest, size_t count) {
    struct secret_head head;
    for (size_t i = 0; i < count && take_bytes(&head, &rest, sizeof(head)); i++) {
        struct slice secret = slice_sub(rest, 0, head.len);
        if (head.key) {
            secret_set_learn_key(secrets_known, secret, head.open);
        } else {
            secret_set_learn(secrets_known, secret, head.open);
        }
        rest = slice_from(rest, secret.len);
    }
}

static void add_session(void *context, const struct record *record) {
    struct audit_case_result *result = context;
    size_t count = result->trial.session_count;
    result->sessions = mem_resize(result->sessions, count + 1, sizeof(const struct record *));
    result->sessions[count] = record;
    result->trial.session_count = count + 1;
    result->trial.sessions = result->sessions;
}

static void take_result(struct audit_case_result *out, struct secret_set *secrets_known,
                        struct slice bytes) {
    struct result_head head;
    struct slice rest = bytes;
    if (!take_bytes(&head, &rest, sizeof(head)) || rest.len < head.document_len) {
        out->err = fail(&out->failure, ERR_SYSTEM, "the case's process ended before it was done");
        return;
    }
    out->err = head.err;
    out->failure = head.failure;
    out->executed = head.executed;
    out->trial.status = head.status;
    out->trial.timed_out = head.timed_out;
    out->trial.memory = head.memory;
    out->elsewhere = head.elsewhere;
    buf_put(&out->document, slice_sub(rest, 0, head.document_len));
    learn_all(secrets_known, slice_from(rest, head.document_len), head.secret_count);
    if (head.concealed) {
        secret_set_give_up(secrets_known);
    }
    if (out->err == OK) {
        out->err = reader_open(&out->reader, &out->failure, buf_slice(&out->document));
    }
    if (out->err == OK) {
        reader_records(out->reader, add_session, out);
    }
}

void audit_case_read(struct audit_case_result *out, struct secret_set *secrets_known,
                     int result_fd) {
    *out = (struct audit_case_result){.err = OK};
    buf_init(&out->document, LIMIT_TRANSCRIPT);
    struct stat info;
    size_t size = fstat(result_fd, &info) == 0 ? (size_t)info.st_size : 0;
    void *bytes =
        size == 0 ? MAP_FAILED : mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, result_fd, 0);
    if (bytes == MAP_FAILED) {
        take_result(out, secrets_known, slice_of("", 0));
        return;
    }
    take_result(out, secrets_known, slice_of(bytes, size));
    mem_wipe(bytes, size);
    munmap(bytes, size);
}

void audit_case_result_cleanup(struct audit_case_result *result) {
    free(result->sessions);
    reader_free(result->reader);
    buf_cleanup(&result->document);
    *result = (struct audit_case_result){.err = OK};
}
