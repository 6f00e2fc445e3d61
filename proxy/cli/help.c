// SPDX-License-Identifier: MIT
#include "cli/help.h"

#include "cli/option_lookup.h"

// The headings, in the order of their enum.
static const char *const group_titles[GROUP_COUNT] = {
    [GROUP_TRAFFIC] = "Where traffic comes from",
    [GROUP_TLS] = "TLS",
    [GROUP_FAULTS] = "Faults and changes",
    [GROUP_SHOWN] = "What is shown",
    [GROUP_OUTPUT] = "Outputs",
    [GROUP_WEB] = "The page",
    [GROUP_VERDICT] = "Findings and verdict",
    [GROUP_AUDIT] = "The audit",
    [GROUP_LIFE] = "Stopping and limits",
    [GROUP_OTHER] = "Other",
};

enum { HELP_WIDTH = 96, HELP_INDENT = 6 };

// Appends `text` in lines of at most HELP_WIDTH columns, broken at spaces.
static void put_wrapped(struct buf *out, const char *text) {
    struct slice rest = slice_of_string(text);
    size_t column = 0;
    while (!slice_is_null(rest)) {
        struct slice word = slice_split(&rest, ' ');
        bool fits = column > 0 && column + 1 + word.len <= HELP_WIDTH;
        if (fits) {
            buf_put_byte(out, ' ');
            column += 1 + word.len;
        } else {
            buf_putf(out, column > 0 ? "\n%*s" : "%*s", HELP_INDENT, "");
            column = HELP_INDENT + word.len;
        }
        buf_put(out, word);
    }
    buf_put_byte(out, '\n');
}

static void put_option(struct buf *out, const struct option_row *row) {
    if (row->letter != 0) {
        buf_putf(out, "  -%c, --%s", row->letter, row->name);
    } else {
        buf_putf(out, "  --%s", row->name);
    }
    if (row->argument != NULL) {
        buf_putf(out, " %s", row->argument);
    }
    if (row->standard != NULL) {
        buf_putf(out, "  (default %s)", row->standard);
    }
    buf_put_byte(out, '\n');
    put_wrapped(out, row->help);
}

static void put_group(struct buf *out, enum cli_command command, enum option_group group) {
    size_t count = 0;
    const struct option_row *rows = option_table(&count);
    bool titled = false;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].group != group || !option_is_of(&rows[i], command)) {
            continue;
        }
        if (!titled) {
            buf_putf(out, "\n%s:\n", group_titles[group]);
            titled = true;
        }
        put_option(out, &rows[i]);
    }
}

static void put_commands(struct buf *out) {
    buf_put_string(
        out, "usage: smtpscope COMMAND [OPTION...]\n\n"
             "A debugging proxy for SMTP: sits between a mail client and its server, TLS "
             "included,\nand shows what they say, without the secrets.\n\n"
             "  smtpscope run -- swaks --to you@example.com -tls   what this command says\n"
             "  smtpscope run --sink -- ./send-mails               the same, delivering nothing\n"
             "  smtpscope proxy mail.example.com:587               a server for clients to use\n"
             "\nCommands:\n");
    for (unsigned i = 0; i < CLI_COMMAND_COUNT; i++) {
        const struct cli_command_row *row = cli_command_row((enum cli_command)i);
        buf_putf(out, "  %s %s\n", row->name, row->synopsis);
        put_wrapped(out, row->help);
    }
    buf_put_string(
        out, "\nsmtpscope COMMAND --help shows the options of a command; $SMTPSCOPE_OPTIONS and "
             "the file\n~/.config/smtpscope/options, one option a line, hold those that "
             "always apply.\n");
}

void help_put(struct buf *out, enum cli_command command) {
    if (command == CLI_NONE) {
        put_commands(out);
    } else {
        const struct cli_command_row *row = cli_command_row(command);
        buf_putf(out, "usage: smtpscope %s %s\n\n", row->name, row->synopsis);
        put_wrapped(out, row->help);
    }
    for (unsigned group = 0; group < GROUP_COUNT; group++) {
        put_group(out, command, (enum option_group)group);
    }
    if (command == CLI_PROXY || command == CLI_RUN) {
        buf_put_string(out, "\nThe manual page smtpscope(1) says more.\n");
    }
}

void version_put(struct buf *out, const struct library_versions *versions) {
    buf_putf(out, "smtpscope %s\n%s, libuv %s, cJSON %s\n", versions->program, versions->tls,
             versions->libuv, versions->cjson);
}
