// SPDX-License-Identifier: MIT
#include "cli/option_check.h"

#include "cli/option_files.h"
#include "cli/option_words.h"
#include "spool/output_path.h"

#include <stdlib.h>
#include <string.h>

static bool same_listener(const struct mode_spec *a, const struct mode_spec *b) {
    return a->listen_port != 0 && a->listen_port == b->listen_port &&
           strcmp(a->listen_host, b->listen_host) == 0;
}

static bool has_earlier_listener(const struct options *options, size_t at) {
    for (size_t i = 0; i < at; i++) {
        if (same_listener(&options->modes[i], &options->modes[at])) {
            return true;
        }
    }
    return false;
}

static enum err check_modes(const struct options *options, struct failure *failure) {
    for (size_t i = 0; i < options->mode_count; i++) {
        if (has_earlier_listener(options, i)) {
            return fail(failure, ERR_USAGE,
                        "--mode: two modes would listen on %s port %u; give one another @PORT",
                        options->modes[i].listen_host, (unsigned)options->modes[i].listen_port);
        }
    }
    return OK;
}

// A rule that holds bytes back lets them past what must keep them.
static bool paces(const struct options *options) {
    for (size_t i = 0; i < options->fault_count; i++) {
        if (options->faults[i].action.kind == FAULT_RATE) {
            return true;
        }
    }
    return false;
}

// With DATA answered in the server's place the text that a client sends all the same would be
// commands, which go to the server.
static const struct fault_rule *find_answer_to_data(const struct options *options) {
    for (size_t i = 0; i < options->fault_count; i++) {
        const struct fault_rule *rule = &options->faults[i];
        if (rule->action.kind == FAULT_ANSWER && fault_rule_is_for_verb(rule, SLICE("DATA"))) {
            return rule;
        }
    }
    return NULL;
}

static bool dials(const struct options *options) {
    bool dials = options->command == CLI_RUN && !options->sink;
    for (size_t i = 0; i < options->mode_count; i++) {
        dials = dials || mode_has_server(options->modes[i].kind);
    }
    return dials;
}

// Where no server is dialled that point never comes.
static enum err check_dials(struct failure *failure, const struct options *options) {
    for (size_t i = 0; i < options->fault_count && !dials(options); i++) {
        if (options->faults[i].point == FAULT_CONNECT) {
            return fail(
                failure, ERR_USAGE,
                "--fault '%s' would never act: %s connects to no server; 'greeting: close' ends "
                "a session before its first reply",
                options->faults[i].text, options->command == CLI_RUN ? "--sink" : "--mode sink");
        }
    }
    return OK;
}

// A real server would be in TLS where the client is not.
static enum err check_plain(struct failure *failure, const struct options *options) {
    for (size_t i = 0; i < options->fault_count && dials(options); i++) {
        if (options->faults[i].action.kind == FAULT_PLAIN) {
            return fail(failure, ERR_USAGE,
                        "--fault '%s' is for --sink and --mode sink: what a client then says in "
                        "the clear goes to no real server",
                        options->faults[i].text);
        }
    }
    return OK;
}

static enum err check_interference(struct failure *failure, const struct options *options) {
    if (options->keep_to != NULL && options->rewrite_to == NULL) {
        return fail(failure, ERR_USAGE, "--keep-to '%s' needs --rewrite-to", options->keep_to);
    }
    if ((options->dry_run || options->rewrite_to != NULL) && paces(options)) {
        return fail(failure, ERR_USAGE, "--fault with 'rate' cannot be combined with %s",
                    options->dry_run ? "--dry-run" : "--rewrite-to");
    }
    enum err err = check_dials(failure, options);
    err = err == OK ? check_plain(failure, options) : err;
    if (err != OK) {
        return err;
    }
    const struct fault_rule *rule = options->dry_run ? find_answer_to_data(options) : NULL;
    if (rule != NULL) {
        return fail(failure, ERR_USAGE,
                    "--fault '%s' cannot be combined with --dry-run, which has to take the text "
                    "after DATA: 'message: %s' refuses the message",
                    rule->text, rule->action_text);
    }
    return OK;
}

static enum err finish_certificate(struct options *options, struct failure *failure) {
    if (options->server_key != NULL && options->server_certificate == NULL) {
        return fail(failure, ERR_USAGE, "--server-key: '%s' needs a --server-certificate",
                    options->server_key);
    }
    if (options->server_key == NULL) {
        options->server_key = options->server_certificate;
    }
    return OK;
}

static enum err finish_run(struct options *options, struct failure *failure) {
    if (options->ports.count == 0) {
        (void)port_list_add(&options->ports, SLICE("25,465,587,2525"));
    }
    if (options->ports.all && options->sink) {
        return fail(failure, ERR_USAGE,
                    "--ports all cannot be combined with %s: what is not mail would have no server",
                    options->command == CLI_AUDIT ? "audit" : "--sink");
    }
    if (options->ports.all && options->send_header != PROXY_HEADER_NONE) {
        return fail(failure, ERR_USAGE,
                    "--ports all cannot be combined with --send-proxy-protocol: a server that "
                    "waits for the header does not show whether it is a mail server");
    }
    return OK;
}

// What `proxy` and `run` have in common.
static enum err finish_capture(struct options *options, struct failure *failure) {
    const char *keylog = getenv("SSLKEYLOGFILE");
    if (options->keylog == NULL && keylog != NULL && keylog[0] != '\0') {
        options->keylog = keylog;
    }
    enum err err =
        options->command == CLI_RUN ? finish_run(options, failure) : check_modes(options, failure);
    if (err == OK) {
        err = check_interference(failure, options);
    }
    return err == OK ? finish_certificate(options, failure) : err;
}

// Its command is run as by `run --sink`.
static enum err finish_audit(struct options *options, struct failure *failure) {
    options->sink = true;
    for (size_t i = 0; i < options->report_count; i++) {
        if (options->reports[i].kind == REPORT_GITHUB) {
            return fail(failure, ERR_USAGE,
                        "--report: audit has text, json, junit and html, but "
                        "not 'github'");
        }
    }
    for (size_t i = 0; i < options->output_count; i++) {
        const struct format_info *format = options->outputs[i].format;
        if (format->put_document == NULL) {
            return fail(failure, ERR_USAGE,
                        "--output: audit writes text, jsonl and json, but not '%s'", format->name);
        }
        if (path_has_placeholders(options->outputs[i].path)) {
            return fail(failure, ERR_USAGE,
                        "--output: audit writes all sessions into one file, so '%s' is no path "
                        "for it",
                        options->outputs[i].path);
        }
    }
    return finish_run(options, failure);
}

enum err options_check(struct options *options, struct failure *failure) {
    enum err err = words_check(options, failure);
    if (err == OK && (options->command == CLI_PROXY || options->command == CLI_RUN)) {
        err = finish_capture(options, failure);
    }
    if (err == OK && options->command == CLI_AUDIT) {
        err = finish_audit(options, failure);
    }
    options->judge = options->judge || options->command == CLI_CHECK;
    return err == OK ? files_check(options, failure) : err;
}
