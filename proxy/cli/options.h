// SPDX-License-Identifier: MIT
// options: the command line as plain data. One table (`option_table.h`) says what each option
// means; the parser, the help and the check of the man page all use it.
//
//   argv ──▶ options_parse ──▶ struct options ──▶ command_check, command_show, … or the proxy
//
// Strings are borrowed from argv, or owned by the struct where they had to be taken apart.
#ifndef SCOPE_CLI_OPTIONS_H
#define SCOPE_CLI_OPTIONS_H

#include "base/err.h"
#include "base/limits.h"
#include "capture/port_list.h"
#include "cli/command_table.h"
#include "cli/defaults.h"
#include "cli/mode.h"
#include "event/event.h"
#include "event/policy.h"
#include "fault/fault_rule.h"
#include "inspect/mask.h"
#include "net/networks.h"
#include "net/proxy_header.h"
#include "observe/output.h"
#include "tls/context.h"
#include "verdict/judge.h"
#include "verdict/report.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The exit statuses of the program (contract, "Stopping, limits, exit status").
enum exit_status { EXIT_WELL = 0, EXIT_CHECK_FAILED = 1, EXIT_USAGE = 2, EXIT_NOT_STARTED = 3 };
enum { SIGNAL_EXIT = 128 }; // and the number of the signal, where a second one ended the grace

// What is asked of the command line as a whole.
enum cli_request { REQUEST_COMMAND, REQUEST_HELP, REQUEST_VERSION, REQUEST_COMPLETION };

enum ca_action { CA_SHOW, CA_EXPORT, CA_ENV, CA_RENEW, CA_REMOVE };
enum ca_format { CA_FORMAT_PEM, CA_FORMAT_DER, CA_FORMAT_P12, CA_FORMAT_JKS };

// Whether `run` mounts the bundle with the CA over the system's.
enum trust_mount { TRUST_MOUNT_WHERE_IT_WORKS, TRUST_MOUNT_ALWAYS, TRUST_MOUNT_NEVER };

struct report_spec {
    enum report_kind kind;
    const char *path; // NULL where none was given: standard output
};

struct text_list {
    const char **items; // owned, each of them too
    size_t count;
};

// What `audit` exits 1 on.
enum audit_fail_on { AUDIT_FAIL_ON_FAIL, AUDIT_FAIL_ON_WEAK };

enum { OPTION_ROWS_MAX = 112 };

#define FAULT_SEED_NONE UINT64_MAX

struct options {
    enum cli_request request;
    enum cli_command command;      // also the one whose help is asked for
    char *const *completion_words; // REQUEST_COMPLETION: the line so far, without the program
    size_t completion_word_count;

    // Where traffic comes from.
    struct mode_spec *modes; // `proxy`: at least one
    size_t mode_count;
    char *const *run_command; // `run`, `audit`: what comes after `--`, ended by NULL
    struct port_list ports;   // the same: --ports
    bool sink;                // `run`: --sink
    enum trust_mount trust_mount;
    struct networks allowed;               // --allow; none: everyone
    struct networks balancers;             // --proxy-protocol
    enum proxy_header_version send_header; // --send-proxy-protocol

    // TLS.
    enum client_tls client_tls;
    enum server_tls server_tls;
    enum verify_policy verify;
    const char *server_ca;               // NULL: the system's trust store alone
    struct tls_version_range tls_client; // versions that clients may speak
    bool tls_client_given;
    bool tls_server_given;
    struct tls_version_range tls_server; // … and servers
    const char *server_certificate;      // NULL: none
    const char *server_key;              // the certificate's file where only that was given
    const char *keylog;                  // --keylog, else $SSLKEYLOGFILE, else NULL
    const char *ca_dir;                  // NULL: authority_default_dir()
    struct text_list ca_hosts;           // --ca-hosts

    // Faults and changes.
    struct fault_rule *faults; // --fault
    size_t fault_count;
    uint64_t fault_seed; // FAULT_SEED_NONE: one by chance
    bool faults_off;
    bool dry_run;
    const char *rewrite_to; // NULL: recipients stay as they are
    const char *keep_to;    // … but those that match; NULL: none

    // What is recorded, and where it goes.
    enum auth_view auth;
    enum body_detail body;
    enum color_choice color;
    bool quiet;
    bool timing;
    size_t max_line;             // bytes
    struct output_spec *outputs; // at least one for `proxy` and `run`
    size_t output_count;
    bool with_secrets;
    uint64_t rotate_size; // bytes; 0: no rotation
    unsigned rotate_keep;
    const char *only; // --only: an expression that was checked; NULL: all sessions
    bool paused;

    // The page.
    char *web_host; // --web; NULL: no page. Owned.
    uint16_t web_port;
    const char *web_token; // NULL: one by chance
    struct text_list web_hosts;
    uint64_t web_memory; // bytes
    uint64_t wait_ms;    // `ctl wait`: --timeout
    const char *control; // --control; NULL: the default place

    // The analysis and the verdict.
    uint64_t slow_ms;
    bool judge; // one of --expect, --fail-on, --report was given, or the command is `check`
    enum fail_on fail_on;
    struct text_list expectations; // expressions that were checked
    struct text_list ignored;      // --ignore: ids of rules
    struct report_spec *reports;
    size_t report_count; // 0: a text report
    bool rules;          // check --rules

    // The audit.
    struct text_list audit_cases; // --case: patterns; none: all
    bool audit_list;
    bool audit_slow; // --slow-cases
    enum audit_fail_on audit_fail_on;
    uint64_t audit_jobs;
    uint64_t audit_timeout_ms; // --timeout
    const char *audit_log_dir; // NULL: none

    // Life and limits.
    uint64_t session_limit; // --once is 1; 0: no limit
    uint64_t grace_ms;
    const char *ready_file; // NULL: none
    uint64_t max_sessions;
    uint64_t idle_timeout_ms; // 0: none
    uint64_t connect_timeout_ms;
    unsigned threads; // 0: one for each core
    const char *user; // NULL: as described in confinement.h
    bool no_sandbox;

    // The other commands.
    enum ca_action ca_action;
    bool ca_action_given;
    enum ca_format ca_format;
    const char *ca_out;     // NULL: standard output
    struct text_list files; // `show`, `check`: transcripts, "-" for standard input
    const char *ctl_word;   // `ctl`: "status", "faults on", …

    bool given[OPTION_ROWS_MAX];     // by their place in the option table
    const struct defaults *defaults; // that these were read with; NULL: none
};

// Reads the command line, then `defaults` (NULL: none) for what it does not give. ERR_USAGE with
// one sentence that names the word that is wrong (exit 2). `out` is safe to clean up whatever came
// out, and borrows from both.
MUST_USE enum err options_parse(struct options *out, struct failure *failure, int argc,
                                char *const *argv, const struct defaults *defaults);
void options_cleanup(struct options *options);

#endif
