// SPDX-License-Identifier: MIT
#include "cli/option_table.h"

// The commands that take an option.
#define PROXY  (1U << CLI_PROXY)
#define RUN    (1U << CLI_RUN)
#define CA     (1U << CLI_CA)
#define DOCTOR (1U << CLI_DOCTOR)
#define SHOW   (1U << CLI_SHOW)
#define CHECK  (1U << CLI_CHECK)
#define CTL    (1U << CLI_CTL)
#define BOTH   (PROXY | RUN)
#define ALL    (BOTH | CA | DOCTOR | SHOW | CHECK | CTL)

#define FILLS(member)  .offset = offsetof(struct options, member)
#define SECONDS_MAX    UINT64_C(1000000000) // some thirty years; times in ns stay within int64_t
#define MAX_LINE_BYTES (64 * MIB)

// The order of the words of each choice is the order of its enum, which is read as `unsigned`.
_Static_assert(sizeof(enum client_tls) == sizeof(unsigned), "a choice is written as unsigned");
_Static_assert(CLIENT_TLS_NONE == 2 && SERVER_TLS_NONE == 3 && VERIFY_OFF == 2, "table order");
_Static_assert(AUTH_VIEW_REVEAL == 2 && BODY_FULL == 2 && COLOR_NEVER == 2, "table order");
_Static_assert(FAIL_ON_NEVER == 3 && FAIL_ON_ERROR == 0 && CA_FORMAT_JKS == 3, "table order");

static const struct option_row table[] = {
    {.name = "mode",
     .argument = "KIND[:URL][@[HOST:]PORT]",
     .help = "where traffic comes from: reverse:smtp://HOST[:PORT], reverse:smtps://HOST[:PORT], "
             "transparent, socks5 or sink; listens on 127.0.0.1:2525 unless @ says otherwise, port "
             "0 is any free one; repeatable",
     .kind = OPTION_MODE,
     .group = GROUP_TRAFFIC,
     .commands = PROXY},
    {.name = "ports",
     .argument = "LIST",
     .standard = "25,465,587,2525",
     .help = "the ports whose connections are captured",
     .kind = OPTION_PORTS,
     .group = GROUP_TRAFFIC,
     .commands = RUN},
    {.name = "trust-mount",
     .help = "also mount the bundle with the CA over the system's own, for GnuTLS and others",
     .kind = OPTION_FLAG,
     .group = GROUP_TRAFFIC,
     .commands = RUN,
     FILLS(trust_mount)},

    {.name = "client-tls",
     .argument = "auto|implicit|none",
     .standard = "auto",
     .help = "what the client may do: as it likes, implicit TLS only, or no TLS at all",
     .kind = OPTION_CHOICE,
     .group = GROUP_TLS,
     .commands = BOTH,
     FILLS(client_tls)},
    {.name = "server-tls",
     .argument = "mirror|starttls|implicit|none",
     .standard = "mirror",
     .help = "how the server is spoken to: as the client does, or bridged",
     .kind = OPTION_CHOICE,
     .group = GROUP_TLS,
     .commands = BOTH,
     FILLS(server_tls)},
    {.name = "verify",
     .argument = "mirror|strict|off",
     .standard = "mirror",
     .help = "what a bad server certificate does: the client sees the same faults, the proxy "
             "refuses it, or the client sees a good one",
     .kind = OPTION_CHOICE,
     .group = GROUP_TLS,
     .commands = BOTH,
     FILLS(verify)},
    {.name = "server-ca",
     .argument = "FILE",
     .standard = "system trust store",
     .help = "more roots for the server side, PEM",
     .kind = OPTION_TEXT,
     .group = GROUP_TLS,
     .commands = BOTH,
     FILLS(server_ca)},
    {.name = "tls-client",
     .argument = "VERSIONS",
     .standard = "1.2-1.3",
     .help = "TLS versions that clients may speak, a version or range of 1.0 to 1.3",
     .kind = OPTION_VERSIONS,
     .group = GROUP_TLS,
     .commands = BOTH,
     FILLS(tls_client)},
    {.name = "tls-server",
     .argument = "VERSIONS",
     .standard = "1.2-1.3",
     .help = "TLS versions that servers may speak",
     .kind = OPTION_VERSIONS,
     .group = GROUP_TLS,
     .commands = BOTH,
     FILLS(tls_server)},
    {.name = "server-certificate",
     .argument = "FILE",
     .help = "the certificate for a server that asks for one, PEM",
     .kind = OPTION_TEXT,
     .group = GROUP_TLS,
     .commands = BOTH,
     FILLS(server_certificate)},
    {.name = "server-key",
     .argument = "FILE",
     .help = "its key, PEM; taken from the certificate's file where it is not given",
     .kind = OPTION_TEXT,
     .group = GROUP_TLS,
     .commands = BOTH,
     FILLS(server_key)},
    {.name = "keylog",
     .argument = "FILE",
     .standard = "$SSLKEYLOGFILE",
     .help = "write the TLS secrets of both sides there, in NSS key log format",
     .kind = OPTION_TEXT,
     .group = GROUP_TLS,
     .commands = BOTH,
     FILLS(keylog)},
    {.name = "ca-dir",
     .argument = "DIR",
     .standard = "$XDG_DATA_HOME/smtpscope",
     .help = "the folder of ca.pem and ca.key, made at the first start",
     .kind = OPTION_TEXT,
     .group = GROUP_TLS,
     .commands = BOTH | CA | DOCTOR,
     FILLS(ca_dir)},
    {.name = "ca-hosts",
     .argument = "NAME[,NAME...]",
     .help = "at the making of the CA, limit it to these names and all below them",
     .kind = OPTION_NAMES,
     .group = GROUP_TLS,
     .commands = BOTH | CA,
     FILLS(ca_hosts)},

    {.name = "auth",
     .argument = "mask|identity|reveal",
     .standard = "mask",
     .help = "what is shown of credentials: nothing, who logs in but no secret, or all",
     .kind = OPTION_CHOICE,
     .group = GROUP_SHOWN,
     .commands = BOTH,
     FILLS(auth)},
    {.name = "body",
     .argument = "headers|none|full",
     .standard = "headers",
     .help = "what text, jsonl and json record of each message",
     .kind = OPTION_CHOICE,
     .group = GROUP_SHOWN,
     .commands = BOTH,
     FILLS(body)},
    {.name = "max-line",
     .argument = "BYTES",
     .standard = "65536",
     .help = "how much of a line is shown; the rest is relayed",
     .kind = OPTION_BYTES,
     .group = GROUP_SHOWN,
     .commands = BOTH,
     FILLS(max_line),
     .min = 1,
     .max = MAX_LINE_BYTES},
    {.name = "color",
     .argument = "auto|always|never",
     .standard = "auto",
     .help = "colour the text output: on a terminal, always, never; wins over $NO_COLOR",
     .kind = OPTION_CHOICE,
     .group = GROUP_SHOWN,
     .commands = BOTH | SHOW,
     FILLS(color)},

    {.name = "output",
     .letter = 'o',
     .argument = "FORMAT[:PATH]",
     .standard = "text:-",
     .help = "write text, jsonl, json, eml, pcap or pcapng to PATH, - is standard output; "
             "{session}, {date}, {client}, {server} in PATH make one file for each; repeatable",
     .kind = OPTION_OUTPUT,
     .group = GROUP_OUTPUT,
     .commands = BOTH},
    {.name = "with-secrets",
     .help = "allow pcapng, whose TLS secrets defeat the mask",
     .kind = OPTION_FLAG,
     .group = GROUP_OUTPUT,
     .commands = BOTH,
     FILLS(with_secrets)},
    {.name = "rotate",
     .argument = "SIZE[,KEEP]",
     .help = "rename text and jsonl files to PATH.1, PATH.2, ... at SIZE bytes (K, M, G), and keep "
             "KEEP (5) of them",
     .kind = OPTION_ROTATE,
     .group = GROUP_OUTPUT,
     .commands = BOTH},
    {.name = "only",
     .argument = "EXPR",
     .help = "record just the sessions that match, an expression as of --expect, also client, "
             "server, port",
     .kind = OPTION_EXPRESSION,
     .group = GROUP_OUTPUT,
     .commands = BOTH,
     FILLS(only)},
    {.name = "paused",
     .help = "start with the recording paused; ctl resume switches it on",
     .kind = OPTION_FLAG,
     .group = GROUP_OUTPUT,
     .commands = BOTH,
     FILLS(paused)},

    {.name = "expect",
     .argument = "EXPR",
     .help = "fail unless this holds, such as 'messages = 1' or 'subject ~ ^Hello'; repeatable",
     .kind = OPTION_EXPECTATION,
     .group = GROUP_VERDICT,
     .commands = BOTH | CHECK,
     FILLS(expectations)},
    {.name = "fail-on",
     .argument = "error|warning|info|never",
     .standard = "error",
     .help = "fail on findings of this severity or worse",
     .kind = OPTION_CHOICE,
     .group = GROUP_VERDICT,
     .commands = BOTH | CHECK,
     FILLS(fail_on)},
    {.name = "report",
     .argument = "KIND[:FILE]",
     .standard = "text",
     .help = "report the verdict as text, json, junit or github; repeatable",
     .kind = OPTION_REPORT,
     .group = GROUP_VERDICT,
     .commands = BOTH | CHECK},
    {.name = "slow",
     .argument = "MS",
     .standard = "5000",
     .help = "a reply later than this is a finding",
     .kind = OPTION_COUNT,
     .group = GROUP_VERDICT,
     .commands = BOTH,
     FILLS(slow_ms),
     .max = SECONDS_MAX},
    {.name = "rules",
     .help = "print every rule of the analysis instead",
     .kind = OPTION_FLAG,
     .group = GROUP_VERDICT,
     .commands = CHECK,
     FILLS(rules)},

    {.name = "once",
     .help = "stop after the first session",
     .kind = OPTION_ONCE,
     .group = GROUP_LIFE,
     .commands = BOTH,
     FILLS(session_limit)},
    {.name = "sessions",
     .argument = "N",
     .help = "stop after N sessions have ended",
     .kind = OPTION_COUNT,
     .group = GROUP_LIFE,
     .commands = BOTH,
     FILLS(session_limit),
     .min = 1,
     .max = INT64_MAX},
    {.name = "grace",
     .argument = "SECONDS",
     .standard = "5",
     .help = "how long sessions under way may go on after a stop",
     .kind = OPTION_SECONDS,
     .group = GROUP_LIFE,
     .commands = BOTH,
     FILLS(grace_ms),
     .max = SECONDS_MAX},
    {.name = "ready-file",
     .argument = "FILE",
     .help = "made once all listen, with each bound HOST:PORT on a line",
     .kind = OPTION_TEXT,
     .group = GROUP_LIFE,
     .commands = BOTH,
     FILLS(ready_file)},
    {.name = "control",
     .argument = "PATH",
     .standard = "$XDG_RUNTIME_DIR/smtpscope/PID.sock",
     .help = "the socket that ctl talks to",
     .kind = OPTION_TEXT,
     .group = GROUP_LIFE,
     .commands = BOTH | CTL,
     FILLS(control)},
    {.name = "max-sessions",
     .argument = "N",
     .standard = "10000",
     .help = "sessions at once; more wait in the accept queue",
     .kind = OPTION_COUNT,
     .group = GROUP_LIFE,
     .commands = BOTH,
     FILLS(max_sessions),
     .min = 1,
     .max = 1000000},
    {.name = "idle-timeout",
     .argument = "SECONDS",
     .standard = "600",
     .help = "end a session in which neither side says anything; 0 for never",
     .kind = OPTION_SECONDS,
     .group = GROUP_LIFE,
     .commands = BOTH,
     FILLS(idle_timeout_ms),
     .max = SECONDS_MAX},
    {.name = "connect-timeout",
     .argument = "SECONDS",
     .standard = "30",
     .help = "how long to try to reach a server",
     .kind = OPTION_SECONDS,
     .group = GROUP_LIFE,
     .commands = BOTH,
     FILLS(connect_timeout_ms),
     .min = 1,
     .max = SECONDS_MAX},
    {.name = "threads",
     .argument = "N",
     .standard = "one for each core",
     .help = "threads that carry sessions",
     .kind = OPTION_THREADS,
     .group = GROUP_LIFE,
     .commands = BOTH,
     FILLS(threads),
     .min = 1,
     .max = 256},

    {.name = "format",
     .argument = "pem|der|p12|jks",
     .standard = "pem",
     .help = "the form of ca export; the pass phrase is changeit where the form wants one",
     .kind = OPTION_CHOICE,
     .group = GROUP_OTHER,
     .commands = CA,
     FILLS(ca_format)},
    {.name = "out",
     .argument = "FILE",
     .standard = "standard output",
     .help = "where ca export writes",
     .kind = OPTION_TEXT,
     .group = GROUP_OTHER,
     .commands = CA,
     FILLS(ca_out)},
    {.name = "help",
     .letter = 'h',
     .help = "show this help",
     .kind = OPTION_HELP,
     .group = GROUP_OTHER,
     .commands = ALL},
    {.name = "version",
     .help = "show the version, and of which libraries",
     .kind = OPTION_VERSION,
     .group = GROUP_OTHER,
     .commands = 0},
};

enum { TABLE_COUNT = sizeof(table) / sizeof(table[0]) };

static const struct cli_command_row commands[CLI_COMMAND_COUNT] = {
    [CLI_PROXY] = {.name = "proxy",
                   .synopsis = "--mode KIND[:URL][@[HOST:]PORT] [OPTION...]",
                   .help = "run the proxy until told to stop"},
    [CLI_RUN] = {.name = "run",
                 .synopsis = "[OPTION...] -- COMMAND [ARG...]",
                 .help = "run one command and capture the mail traffic of its whole process tree"},
    [CLI_CA] = {.name = "ca",
                .synopsis = "show|export|env|renew [OPTION...]",
                .help = "the certificate authority: where it is and what it says, its certificate, "
                        "the variables that make each runtime trust it, a new one"},
    [CLI_DOCTOR] = {.name = "doctor",
                    .synopsis = "[OPTION...]",
                    .help = "what works on this machine and what does not, each with the mend"},
    [CLI_SHOW] = {.name = "show",
                  .synopsis = "[OPTION...] FILE",
                  .help =
                      "render a recorded json or jsonl transcript as text; - is standard input"},
    [CLI_CHECK] = {.name = "check",
                   .synopsis = "[OPTION...] FILE",
                   .help = "judge a recorded transcript: findings and expectations, for CI"},
    [CLI_CTL] = {.name = "ctl",
                 .synopsis = "[OPTION...] status|pause|resume|rotate|sessions|stop",
                 .help = "talk to a running proxy"},
};

static const char *const group_titles[GROUP_COUNT] = {
    [GROUP_TRAFFIC] = "Where traffic comes from",
    [GROUP_TLS] = "TLS",
    [GROUP_SHOWN] = "What is shown",
    [GROUP_OUTPUT] = "Outputs",
    [GROUP_VERDICT] = "Findings and verdict",
    [GROUP_LIFE] = "Stopping and limits",
    [GROUP_OTHER] = "Other",
};

const struct option_row *option_table(size_t *out_count) {
    *out_count = TABLE_COUNT;
    return table;
}

const char *option_group_title(enum option_group group) {
    return group_titles[group];
}

const struct cli_command_row *cli_command_row(enum cli_command command) {
    return &commands[command];
}

const char *cli_command_name(enum cli_command command) {
    return command == CLI_NONE ? NULL : commands[command].name;
}

bool option_is_of(const struct option_row *row, enum cli_command command) {
    bool of_the_program = row->kind == OPTION_HELP || row->kind == OPTION_VERSION;
    return command == CLI_NONE ? of_the_program : (row->commands & 1U << command) != 0;
}

const struct option_row *option_find(enum cli_command command, struct slice name) {
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (slice_is(name, table[i].name) && option_is_of(&table[i], command)) {
            return &table[i];
        }
    }
    return NULL;
}

const struct option_row *option_find_letter(enum cli_command command, char letter) {
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (letter != 0 && table[i].letter == letter && option_is_of(&table[i], command)) {
            return &table[i];
        }
    }
    return NULL;
}
