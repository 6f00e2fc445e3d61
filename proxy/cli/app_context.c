// SPDX-License-Identifier: MIT
#include "cli/app_context.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/safe_file.h"
#include "cli/console.h"
#include "cli/suggest.h"
#include "cli/verdict.h"
#include "event/verb.h"
#include "fault/faults.h"
#include "relay/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

void complain(void *context, const char *sentence) {
    (void)context;
    console_say(sentence);
}

// ── TLS ────────────────────────────────────────────────────────────────────────

static enum err open_contexts(struct app_context *out, struct failure *failure,
                              const struct options *options) {
    bool keylog = options->keylog != NULL || output_set_wants_wire(out->outputs);
    struct tls_context_options accept = {
        .side = SIDE_CLIENT,
        .versions = options->tls_client,
        .keylog = keylog ? relay_keylog : NULL,
    };
    struct tls_context_options connect = {
        .side = SIDE_SERVER,
        .versions = options->tls_server,
        .certificate_file = options->server_certificate,
        .key_file = options->server_key,
        .keylog = keylog ? relay_keylog : NULL,
    };
    enum err err = tls_context_new(&out->accept_context, failure, &accept);
    return err != OK ? err : tls_context_new(&out->connect_context, failure, &connect);
}

// ── the key log ─────────────────────────────────────────────────────────────────────────────────

// One write for a line, so that the threads' lines do not mix (O_APPEND).
static void write_keylog(void *context, struct slice line) {
    struct app_context *app = context;
    char text[KEYLOG_LINE_MAX];
    if (line.len >= sizeof(text)) {
        return;
    }
    memcpy(text, line.data, line.len);
    text[line.len] = '\n';
    ssize_t written = write(app->keylog_fd, text, line.len + 1);
    if (written < 0 && !atomic_exchange(&app->keylog_failed, true)) {
        fprintf(stderr, "smtpscope: the key log cannot be written: %s\n", strerror(errno));
    }
    mem_wipe(text, sizeof(text));
}

static enum err open_keylog(struct app_context *out, struct failure *failure, const char *path) {
    if (path == NULL) {
        return OK;
    }
    int error = private_file_open(&out->keylog_fd, path, O_WRONLY | O_APPEND);
    if (error != 0) {
        return fail(failure, ERR_SYSTEM, "cannot write the key log '%s': %s", path,
                    strerror(error));
    }
    return OK;
}

// ── outputs and verdict ─────────────────────────────────────────────────────────────────────────

static bool matches_only(void *context, const struct record *session) {
    return expression_matches(context, session);
}

static void judge_session(void *context, const struct record *session) {
    judge_take(context, session);
}

static enum err open_outputs(struct app_context *out, struct failure *failure,
                             const struct options *options) {
    struct output_options set = {
        .specs = options->outputs,
        .spec_count = options->output_count,
        .body = options->body,
        .color = options->color,
        .quiet = options->quiet,
        .spool = {.dash_is_stderr = options->command == CLI_RUN,
                  .rotate_size = options->rotate_size,
                  .rotate_keep = options->rotate_keep,
                  .queue_max = LIMIT_WRITER_QUEUE,
                  .complain = complain},
        .paused = options->paused,
        .only = out->only == NULL ? NULL : matches_only,
        .only_context = out->only,
        .starts_later = true,
    };
    return output_set_open(&out->outputs, failure, &set);
}

// The files that grow, each as the user to whom they are to belong.
static enum err open_files(struct app_context *out, struct failure *failure,
                           const struct options *options) {
    int error = out->opens_as == NULL ? 0 : user_assume(out->opens_as);
    enum err err = error == 0 ? verdict_check_places(failure, options) : ERR_SYSTEM;
    if (err == OK) {
        err = open_keylog(out, failure, options->keylog);
    }
    if (err == OK) {
        err = open_outputs(out, failure, options);
    }
    if (out->opens_as != NULL && error == 0) {
        error = user_resume();
    }
    return error == 0 ? err
                      : fail(failure, ERR_SYSTEM, "--user: the proxy cannot continue as '%s': %s",
                             options->user, strerror(error));
}

static enum err open_verdict(struct app_context *out, struct failure *failure,
                             const struct options *options) {
    if (options->only != NULL) {
        enum err err = expression_parse(&out->only, failure, options->only, EXPRESSION_ONLY);
        if (err != OK) {
            return err;
        }
    }
    if (!options->judge) {
        return OK;
    }
    struct judge_options judge = {
        .fail_on = options->fail_on,
        .expectations = options->expectations.items,
        .expectation_count = options->expectations.count,
        .ignored = options->ignored.items,
        .ignored_count = options->ignored.count,
    };
    return judge_new(&out->judge, failure, &judge);
}

// ── all of it ───────────────────────────────────────────────────────────────────────────────────

// Where there is no page the sessions are kept for `ctl wait` alone.
static enum err open_web(struct app_context *out, struct failure *failure,
                         const struct options *options) {
    struct web_options web = {
        .page = options->web_host != NULL,
        .host = options->web_host,
        .port = options->web_port,
        .token = options->web_token,
        .hosts = options->web_hosts.items,
        .host_count = options->web_hosts.count,
        .memory = options->web_host != NULL ? options->web_memory : LIMIT_WITHOUT_WEB,
        .body = options->body,
        .outputs = out->outputs,
        .only = out->only == NULL ? NULL : matches_only,
        .only_context = out->only,
        .version = SCOPE_VERSION,
    };
    out->web = web_new(&web);
    return web_listen(out->web, failure);
}

// Of all that is done with the bytes of a large message hashing costs the most.
static bool shows_digests(const struct app_context *app, const struct options *options) {
    bool shows = app->judge != NULL || app->only != NULL || options->web_host != NULL;
    for (size_t i = 0; i < options->output_count; i++) {
        shows = shows || options->outputs[i].format->shares_messages;
    }
    return shows;
}

static bool is_paused(const void *outputs) {
    return output_set_paused(outputs);
}

static void open_html_report(struct app_context *out, const struct options *options) {
    out->html = (struct html_report_target){
        .report = verdict_html_report(options),
        .body = options->body,
        .is_paused = is_paused,
        .pause_context = out->outputs,
        .only = out->only == NULL ? NULL : matches_only,
        .only_context = out->only,
    };
    if (out->html.report != NULL) {
        sink_set_add(out->sinks, &html_report_sink, &out->html);
    }
}

// A person at a terminal sees what is waited for and a summary, a script only what it asked for.
static void add_sinks(struct app_context *out, const struct options *options) {
    bool person = isatty(STDERR_FILENO) == 1;
    out->sinks = sink_set_new();
    sink_set_add(out->sinks, &output_sink, out->outputs);
    web_add_sinks(out->web, out->sinks);
    open_html_report(out, options);
    out->summary = person || options->quiet;
    if (out->summary) {
        sink_set_add(out->sinks, &tally_sink, &out->tally);
    }
    if (!options->quiet && (person || output_set_has_status_line(out->outputs))) {
        out->waits = waits_new();
        sink_set_add(out->sinks, &waits_sink, out->waits);
    }
}

static bool by_chance(const struct options *options) {
    for (size_t i = 0; i < options->fault_count; i++) {
        if (options->faults[i].chance_ppm != FAULT_ALWAYS) {
            return true;
        }
    }
    return false;
}

// Any verb may be a point, so a slip in one is no error; but it is worth a word.
static void hint_at_verb(const struct fault_rule *rule) {
    struct slice verb = slice_of_string(rule->point_text);
    bool known = rule->point != FAULT_COMMAND || rule->any_verb || verb_find(verb) != VERB_UNKNOWN;
    struct suggestion suggestion = suggest_for(verb);
    for (int i = VERB_HELO; !known && i < VERB_COUNT; i++) {
        suggest_offer(&suggestion, (const char *)verb_info((enum verb)i)->name.data);
    }
    if (suggestion.best != NULL && suggestion.distance == 1) {
        console_sayf("--fault '%s': did you mean %s?", rule->text, suggestion.best);
    }
}

// Short enough to be typed.
static uint32_t chosen_seed(void) {
    uint32_t seed = 0;
    while (getrandom(&seed, sizeof(seed), 0) < 0) {
    }
    return seed;
}

static void open_faults(struct app_context *out, const struct options *options) {
    uint64_t seed = options->fault_seed;
    if (options->fault_count == 0) {
        return;
    }
    if (seed == FAULT_SEED_NONE) {
        seed = chosen_seed();
    }
    if (by_chance(options)) {
        char *sentence = mem_format("some rules apply by chance; --fault-seed %llu repeats them",
                                    (unsigned long long)seed);
        console_say(sentence);
        free(sentence);
    }
    for (size_t i = 0; i < options->fault_count; i++) {
        hint_at_verb(&options->faults[i]);
    }
    out->faults = faults_new(options->faults, options->fault_count, seed);
    faults_switch(out->faults, !options->faults_off);
    out->relay.faults = out->faults;
}

static enum err open_rewrite(struct app_context *out, struct failure *failure,
                             const struct options *options) {
    if (options->rewrite_to == NULL) {
        return OK;
    }
    enum err err = rewrite_rule_init(&out->rewrite, failure, options->rewrite_to, options->keep_to);
    out->relay.rewrite = err == OK ? &out->rewrite : NULL;
    return err;
}

static void fill_relay_config(struct app_context *out, const struct options *options) {
    out->relay = (struct relay_config){
        .client_tls = options->client_tls,
        .server_tls = options->server_tls,
        .verify = options->verify,
        .client_follows_version = !options->tls_client_given,
        .server_follows_version = !options->tls_client_given && !options->tls_server_given,
        .accept_context = out->accept_context,
        .connect_context = out->connect_context,
        .leaves = out->leaves,
        .trust = out->trust,
        .facts = out->facts,
        .observer =
            {
                .dialogue = {.max_line = options->max_line,
                             .header_lines_only =
                                 options->body != BODY_FULL && out->html.report == NULL,
                             .no_digests = !shows_digests(out, options)},
                .findings = {.slow_ns = (int64_t)options->slow_ms * NS_PER_MS,
                             .verify_mirror = options->verify == VERIFY_MIRROR,
                             .verify_strict = options->verify == VERIFY_STRICT,
                             .name_identities = options->auth != AUTH_VIEW_MASK,
                             .ignored = options->ignored.items,
                             .ignored_count = options->ignored.count,
                             .ca_file = authority_certificate_file(out->ca.authority)},
                .auth_view = options->auth,
                .sinks = out->sinks,
                .keylog = out->keylog_fd >= 0 ? write_keylog : NULL,
                .keylog_context = out,
            },
    };
}

enum err app_context_open(struct app_context *out, struct failure *failure,
                          const struct options *options) {
    *out = (struct app_context){.keylog_fd = -1, .opens_as = out->opens_as};
    enum err err = open_verdict(out, failure, options);
    if (err == OK) {
        err = ca_place_open(&out->ca, failure, options);
    }
    if (err == OK) {
        err = trust_store_new(&out->trust, failure, options->server_ca);
    }
    if (err == OK) {
        err = open_files(out, failure, options);
    }
    if (err == OK) {
        err = open_web(out, failure, options);
    }
    if (err == OK) {
        err = open_contexts(out, failure, options);
    }
    if (err != OK) {
        return err;
    }
    if (out->judge != NULL) {
        output_set_on_session(out->outputs, judge_session, out->judge);
    }
    add_sinks(out, options);
    out->facts = facts_store_new();
    out->leaves = leaf_store_new(out->ca.authority, clock_unix_ns());
    fill_relay_config(out, options);
    open_faults(out, options);
    out->relay.dry_run = options->dry_run;
    return open_rewrite(out, failure, options);
}

void app_context_set_trust_help(struct app_context *app, enum trust_help help) {
    app->relay.observer.findings.trust_help = help;
}

enum err app_context_start_outputs(struct app_context *app, struct failure *failure) {
    return output_set_start(app->outputs, failure);
}

void app_context_stop_outputs(struct app_context *app) {
    if (app->web != NULL) {
        web_stop(app->web); // it asks the outputs
    }
    if (app->outputs != NULL) {
        output_set_stop(app->outputs);
    }
}

void app_context_cleanup(struct app_context *app) {
    app_context_stop_outputs(app);
    output_set_close(app->outputs);
    sink_set_free(app->sinks);
    web_free(app->web);
    waits_free(app->waits);
    tls_context_free(app->accept_context);
    tls_context_free(app->connect_context);
    leaf_store_free(app->leaves);
    faults_free(app->faults);
    rewrite_rule_cleanup(&app->rewrite);
    trust_store_free(app->trust);
    facts_store_free(app->facts);
    ca_place_cleanup(&app->ca);
    judge_free(app->judge);
    html_report_free(app->html.report);
    expression_free(app->only);
    if (app->keylog_fd >= 0) {
        close(app->keylog_fd);
    }
    *app = (struct app_context){.keylog_fd = -1};
}
