// SPDX-License-Identifier: MIT
#include "cli/option_words.h"

#include "cli/option_value.h"
#include "cli/suggest.h"

#include <string.h>

static const char *const ca_actions[] = {"show", "export", "env", "renew", "remove"};
static const char *const ctl_words[] = {"status", "pause",    "resume", "faults",
                                        "rotate", "sessions", "wait",   "stop"};
static const char *const switch_words[] = {"on", "off"};

enum { CA_ACTION_COUNT = 5, CTL_WORD_COUNT = 8, SWITCH_WORD_COUNT = 2 };

#define CA_ACTIONS "show, export, env, renew, remove"
#define CTL_WORDS  "status, pause, resume, rotate, sessions, wait, faults, stop"

const char *const *words_after(enum cli_command command, const char *word, size_t *out_count) {
    bool is_faults = command == CLI_CTL && word != NULL && strcmp(word, "faults") == 0;
    *out_count = 0;
    if (is_faults) {
        *out_count = SWITCH_WORD_COUNT;
        return switch_words;
    }
    if (word == NULL && command == CLI_CA) {
        *out_count = CA_ACTION_COUNT;
        return ca_actions;
    }
    if (word == NULL && command == CLI_CTL) {
        *out_count = CTL_WORD_COUNT;
        return ctl_words;
    }
    return NULL;
}

bool words_are_files(enum cli_command command) {
    return command == CLI_SHOW || command == CLI_CHECK || command == CLI_VIEW;
}

static size_t find_word(const char *const *list, size_t count, const char *word) {
    size_t i = 0;
    while (i < count && strcmp(list[i], word) != 0) {
        i++;
    }
    return i;
}

// `show` takes one transcript, `check` several.
static enum err take_file(struct options *options, struct failure *failure, const char *word) {
    if (word[0] == '\0') {
        return fail(failure, ERR_USAGE, "%s: '' is not the name of a file",
                    cli_command_name(options->command));
    }
    if (options->command == CLI_SHOW && options->files.count > 0) {
        return fail(failure, ERR_USAGE, "show takes one FILE, and '%s' is one more", word);
    }
    text_list_add(&options->files, slice_of_string(word));
    return OK;
}

static enum err not_one_of(struct failure *failure, const char *says, const char *const *words,
                           size_t count, const char *word) {
    struct suggestion suggestion = suggest_for(slice_of_string(word));
    for (size_t i = 0; i < count; i++) {
        suggest_offer(&suggestion, words[i]);
    }
    return fail(failure, ERR_USAGE, "%s, not '%s'%s", says, word, suggest_end(&suggestion).text);
}

static enum err take_ca_action(struct options *options, struct failure *failure, const char *word) {
    size_t action = find_word(ca_actions, CA_ACTION_COUNT, word);
    if (action == CA_ACTION_COUNT || options->ca_action_given) {
        return not_one_of(failure, "ca takes one of " CA_ACTIONS, ca_actions, CA_ACTION_COUNT,
                          word);
    }
    options->ca_action = (enum ca_action)action;
    options->ca_action_given = true;
    return OK;
}

// `faults on`, `faults off`.
static enum err take_faults_word(struct options *options, struct failure *failure,
                                 const char *word) {
    static const char *const commands[] = {"faults on", "faults off"};
    size_t which = find_word(switch_words, SWITCH_WORD_COUNT, word);
    if (which == SWITCH_WORD_COUNT) {
        return fail(failure, ERR_USAGE, "ctl faults takes on or off, not '%s'", word);
    }
    options->ctl_word = commands[which];
    return OK;
}

static enum err take_ctl_word(struct options *options, struct failure *failure, const char *word) {
    if (options->ctl_word != NULL && strcmp(options->ctl_word, "faults") == 0) {
        return take_faults_word(options, failure, word);
    }
    bool known = find_word(ctl_words, CTL_WORD_COUNT, word) < CTL_WORD_COUNT;
    if (!known || options->ctl_word != NULL) {
        return not_one_of(failure, "ctl takes one of " CTL_WORDS, ctl_words, CTL_WORD_COUNT, word);
    }
    options->ctl_word = word;
    return OK;
}

enum err words_take(struct options *options, struct failure *failure, const char *word) {
    switch (options->command) {
    case CLI_CA:
        return take_ca_action(options, failure, word);
    case CLI_SHOW:
    case CLI_CHECK:
    case CLI_VIEW:
        return take_file(options, failure, word);
    case CLI_CTL:
        return take_ctl_word(options, failure, word);
    case CLI_RUN:
    case CLI_AUDIT:
        return fail(failure, ERR_USAGE,
                    "%s: '%s' is not a command; one that begins with a dash comes after --: "
                    "smtpscope %s [OPTION...] -- COMMAND [ARG...]",
                    cli_command_name(options->command), word, cli_command_name(options->command));
    case CLI_NONE:
        return fail(failure, ERR_USAGE, "expected a command instead of '%s': " CLI_COMMAND_NAMES,
                    word);
    case CLI_PROXY:
        return option_read_server(options, failure, word);
    case CLI_DOCTOR:
        break;
    }
    return fail(failure, ERR_USAGE, "%s takes options only, not '%s'",
                cli_command_name(options->command), word);
}

static enum err need(struct failure *failure, bool given, const char *sentence) {
    return given ? OK : fail(failure, ERR_USAGE, "%s", sentence);
}

static enum err check_ctl(const struct options *options, struct failure *failure) {
    if (options->ctl_word != NULL && strcmp(options->ctl_word, "wait") == 0) {
        return need(failure, options->expectations.count > 0,
                    "ctl wait needs an --expect: what to wait for");
    }
    if (options->ctl_word != NULL && strcmp(options->ctl_word, "faults") == 0) {
        return fail(failure, ERR_USAGE, "ctl faults needs on or off");
    }
    return need(failure, options->ctl_word != NULL, "ctl needs one of " CTL_WORDS);
}

static bool has_command(const struct options *options) {
    return options->run_command != NULL && options->run_command[0] != NULL;
}

enum err words_check(const struct options *options, struct failure *failure) {
    switch (options->command) {
    case CLI_CA:
        return need(failure, options->ca_action_given, "ca needs one of " CA_ACTIONS);
    case CLI_SHOW:
        return need(failure, options->files.count > 0,
                    "show needs a FILE, or - for standard input");
    case CLI_CHECK:
        return need(failure, options->files.count > 0 || options->rules,
                    "check needs a FILE, or - for standard input");
    case CLI_VIEW:
        return need(failure, options->files.count > 0,
                    "view needs a FILE, or - for standard input");
    case CLI_CTL:
        return check_ctl(options, failure);
    case CLI_RUN:
        return need(failure, has_command(options),
                    "run needs a command: smtpscope run [OPTION...] [--] COMMAND [ARG...]");
    case CLI_AUDIT:
        return need(failure, has_command(options) || options->audit_list,
                    "audit needs a command that sends a mail: smtpscope audit [OPTION...] [--] "
                    "COMMAND [ARG...]");
    case CLI_PROXY:
        return need(failure, options->mode_count > 0,
                    "proxy needs a --mode, or a server, as in smtpscope proxy "
                    "mail.example.com:587");
    case CLI_DOCTOR:
        return OK;
    case CLI_NONE:
        break;
    }
    return fail(failure, ERR_USAGE,
                "a command is missing: " CLI_COMMAND_NAMES "; see smtpscope --help");
}
