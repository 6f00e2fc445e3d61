// SPDX-License-Identifier: MIT
#include "cli/command_table.h"

#include <stddef.h>
#include <string.h>

static const struct cli_command_row commands[CLI_COMMAND_COUNT] = {
    [CLI_PROXY] = {.name = "proxy",
                   .synopsis = "HOST[:PORT][@[HOST:]PORT]|--mode KIND... [OPTION...]",
                   .help = "run the proxy until it is stopped, in front of a server or as --mode "
                           "says"},
    [CLI_RUN] = {.name = "run",
                 .synopsis = "[OPTION...] [--] COMMAND [ARG...]",
                 .help = "run one command and capture the mail traffic of its whole process tree"},
    [CLI_CA] =
        {.name = "ca",
         .synopsis = "show|export|env|renew|remove [OPTION...]",
         .help = "the certificate authority: where it is and what it says, its certificate, "
                 "the variables that make each runtime trust it, a new one, the way to remove it"},
    [CLI_DOCTOR] = {.name = "doctor",
                    .synopsis = "[OPTION...]",
                    .help = "what works on this machine and what does not, each with the remedy"},
    [CLI_SHOW] = {.name = "show",
                  .synopsis = "[OPTION...] FILE",
                  .help =
                      "render a recorded json or jsonl transcript as text; - is standard input"},
    [CLI_CHECK] = {.name = "check",
                   .synopsis = "[OPTION...] FILE...",
                   .help = "judge recorded transcripts as one: findings and expectations, for CI"},
    [CLI_AUDIT] = {.name = "audit",
                   .synopsis = "[OPTION...] [--] COMMAND [ARG...]",
                   .help = "run one command that sends a mail against a server that misbehaves, "
                           "once for each case, and grade what it does"},
    [CLI_VIEW] = {.name = "view",
                  .synopsis = "[OPTION...] FILE...",
                  .help = "show recorded json or jsonl transcripts in the page of --web"},
    [CLI_CTL] = {.name = "ctl",
                 .synopsis = "[OPTION...] status|pause|resume|rotate|sessions|wait|"
                             "faults on|off|stop",
                 .help = "talk to a running proxy"},
};

const struct cli_command_row *cli_command_row(enum cli_command command) {
    return &commands[command];
}

const char *cli_command_name(enum cli_command command) {
    return command == CLI_NONE ? NULL : commands[command].name;
}

enum cli_command cli_command_find(const char *name) {
    unsigned command = 0;
    while (command < CLI_COMMAND_COUNT && strcmp(name, commands[command].name) != 0) {
        command++;
    }
    return (enum cli_command)command;
}

bool cli_command_runs(enum cli_command command) {
    return command == CLI_RUN || command == CLI_AUDIT;
}
