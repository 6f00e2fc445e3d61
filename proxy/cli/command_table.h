// SPDX-License-Identifier: MIT
// command_table: the commands, once: their names and what the help says of them.
#ifndef SCOPE_CLI_COMMAND_TABLE_H
#define SCOPE_CLI_COMMAND_TABLE_H

#include <stdbool.h>

// In the order of the help: what a newcomer needs first.
enum cli_command {
    CLI_RUN,
    CLI_PROXY,
    CLI_SHOW,
    CLI_CHECK,
    CLI_AUDIT,
    CLI_VIEW,
    CLI_CTL,
    CLI_CA,
    CLI_DOCTOR,
    CLI_COMMAND_COUNT,
    CLI_NONE = CLI_COMMAND_COUNT // no command: `smtpscope --help`
};

// Their names, in a sentence.
#define CLI_COMMAND_NAMES "run, proxy, show, check, audit, view, ctl, ca or doctor"

struct cli_command_row {
    const char *name;
    const char *synopsis; // what comes after the name
    const char *help;     // one sentence without its full stop
};

const struct cli_command_row *cli_command_row(enum cli_command command); // not for CLI_NONE
const char *cli_command_name(enum cli_command command); // "proxy", …; NULL for CLI_NONE
bool cli_command_runs(enum cli_command command);        // its words are a command of the user's own
// CLI_NONE where there is none of this name.
enum cli_command cli_command_find(const char *name);

#endif
