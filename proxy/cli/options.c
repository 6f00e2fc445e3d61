// SPDX-License-Identifier: MIT
#include "cli/options.h"

#include "base/memory.h"
#include "cli/option_table.h"
#include "cli/option_value.h"
#include "cli/suggest.h"

#include <stdlib.h>
#include <string.h>

// The words of argv that are still to be read.
struct words {
    char *const *next;
    char *const *end;
};

#define COMMAND_NAMES "run, proxy, show, check, ctl, ca or doctor"

static const char *const ca_actions[] = {"show", "export", "env", "renew"};
static const char *const ctl_words[] = {"status", "pause",    "resume", "faults",
                                        "rotate", "sessions", "stop"};
static const char *const switch_words[] = {"on", "off"};

enum { CA_ACTION_COUNT = 4, CTL_WORD_COUNT = 7 };

static void set_defaults(struct options *options) {
    *options = (struct options){
        .command = CLI_NONE,
        .tls_client = {.min = TLS_VERSION_1_0, .max = TLS_VERSION_1_3},
        .tls_server = {.min = TLS_VERSION_1_0, .max = TLS_VERSION_1_3},
        .max_line = LIMIT_LINE_DEFAULT,
        .rotate_keep = 5,
        .slow_ms = 5000,
        .grace_ms = 5000,
        .max_sessions = 10000,
        .idle_timeout_ms = 600 * 1000,
        .connect_timeout_ms = 30 * 1000,
    };
}

// ── words ───────────────────────────────────────────────────────────────────────────────────────

static size_t find_word(const char *const *list, size_t count, const char *word) {
    size_t i = 0;
    while (i < count && strcmp(list[i], word) != 0) {
        i++;
    }
    return i;
}

static enum err take_file(struct options *options, struct failure *failure, const char *word) {
    if (options->file != NULL || word[0] == '\0') {
        return fail(failure, ERR_USAGE, "%s takes one FILE, and '%s' is one more",
                    cli_command_name(options->command), word);
    }
    options->file = word;
    return OK;
}

static enum err take_ca_action(struct options *options, struct failure *failure, const char *word) {
    size_t action = find_word(ca_actions, CA_ACTION_COUNT, word);
    if (action == CA_ACTION_COUNT || options->ca_action_given) {
        return fail(failure, ERR_USAGE, "ca takes one of show, export, env, renew, not '%s'", word);
    }
    options->ca_action = (enum ca_action)action;
    options->ca_action_given = true;
    return OK;
}

// `faults on`, `faults off`.
static enum err take_faults_word(struct options *options, struct failure *failure,
                                 const char *word) {
    static const char *const commands[] = {"faults on", "faults off"};
    size_t which = find_word(switch_words, 2, word);
    if (which == 2) {
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
        return fail(
            failure, ERR_USAGE,
            "ctl takes one of status, pause, resume, rotate, sessions, faults, stop, not '%s'",
            word);
    }
    options->ctl_word = word;
    return OK;
}

// A word that is no option.
static enum err take_word(struct options *options, struct failure *failure, const char *word) {
    switch (options->command) {
    case CLI_CA:
        return take_ca_action(options, failure, word);
    case CLI_SHOW:
    case CLI_CHECK:
        return take_file(options, failure, word);
    case CLI_CTL:
        return take_ctl_word(options, failure, word);
    case CLI_RUN:
        return fail(failure, ERR_USAGE,
                    "run: '%s' is no command; one that begins with a dash comes after --: "
                    "smtpscope run [OPTION...] -- COMMAND [ARG...]",
                    word);
    case CLI_NONE:
        return fail(failure, ERR_USAGE, "expected a command instead of '%s': " COMMAND_NAMES, word);
    case CLI_PROXY:
        return option_read_server(options, failure, word);
    case CLI_DOCTOR:
        break;
    }
    return fail(failure, ERR_USAGE, "%s takes options only, not '%s'",
                cli_command_name(options->command), word);
}

// ── options ─────────────────────────────────────────────────────────────────────────────────────

static const char *nearest_option(enum cli_command command, struct slice word) {
    size_t count = 0;
    const struct option_row *rows = option_table(&count);
    struct slice name = slice_starts_with(word, SLICE("--")) ? slice_from(word, 2) : word;
    struct suggestion suggestion = suggest_for(name);
    for (size_t i = 0; i < count; i++) {
        if (option_is_of(&rows[i], command)) {
            suggest_offer(&suggestion, rows[i].name);
        }
    }
    return suggestion.best;
}

static enum err unknown_option(const struct options *options, struct failure *failure,
                               struct slice word) {
    const char *command = cli_command_name(options->command);
    const char *of = command == NULL ? "" : " of ";
    const char *near = nearest_option(options->command, word);
    command = command == NULL ? "" : command;
    if (near != NULL) {
        return fail(failure, ERR_USAGE, "there is no option '%.*s'%s%s; did you mean --%s?",
                    (int)word.len, (const char *)word.data, of, command, near);
    }
    return fail(failure, ERR_USAGE, "there is no option '%.*s'%s%s; see smtpscope %s%s--help",
                (int)word.len, (const char *)word.data, of, command, command,
                command[0] == '\0' ? "" : " ");
}

static bool *given_mark(struct options *options, const struct option_row *row) {
    size_t count = 0;
    return &options->given[row - option_table(&count)];
}

// `word` is the option's own word, `attached` what came after its `=` or letter (NULL: nothing).
static enum err take_row(struct options *options, struct failure *failure, struct words *words,
                         const struct option_row *row, const char *attached) {
    if (row->kind == OPTION_HELP || row->kind == OPTION_VERSION) {
        options->request = row->kind == OPTION_HELP ? REQUEST_HELP : REQUEST_VERSION;
        return OK;
    }
    if (row->argument == NULL) {
        *given_mark(options, row) = true;
        return attached == NULL ? option_read(options, failure, row, NULL)
                                : fail(failure, ERR_USAGE, "--%s takes no value, but got '%s'",
                                       row->name, attached);
    }
    if (attached == NULL && words->next == words->end) {
        return fail(failure, ERR_USAGE, "--%s needs a value: %s", row->name, row->argument);
    }
    *given_mark(options, row) = true;
    return option_read(options, failure, row, attached != NULL ? attached : *words->next++);
}

// An option's word, `--name`, `--name=value`, `-n` or `-nvalue`, cut apart.
struct option_word {
    struct slice shown;   // with its dashes, without a value
    struct slice name;    // empty where it is a letter
    char letter;          // 0 where it is a name
    const char *attached; // the value in the same word; NULL: none
};

static struct option_word cut_option(const char *word) {
    if (word[1] != '-') {
        return (struct option_word){.shown = slice_sub(slice_of_string(word), 0, 2),
                                    .letter = word[1],
                                    .attached = word[2] == '\0' ? NULL : word + 2};
    }
    struct slice rest = slice_from(slice_of_string(word), 2);
    struct slice name = slice_split(&rest, '=');
    return (struct option_word){.shown = slice_sub(slice_of_string(word), 0, name.len + 2),
                                .name = name,
                                .attached = slice_is_null(rest) ? NULL : (const char *)rest.data};
}

static const struct option_row *find_row(enum cli_command command, const struct option_word *word) {
    return word->letter != 0 ? option_find_letter(command, word->letter)
                             : option_find(command, word->name);
}

static enum err take_option(struct options *options, struct failure *failure, struct words *words,
                            const char *word) {
    struct option_word option = cut_option(word);
    const struct option_row *row = find_row(options->command, &option);
    return row == NULL ? unknown_option(options, failure, option.shown)
                       : take_row(options, failure, words, row, option.attached);
}

// What follows `--`, or begins with a word that is no option, is the command of `run`, whole.
static enum err take_words(struct options *options, struct failure *failure, struct words *words) {
    enum err err = OK;
    bool options_ended = false;
    while (err == OK && options->request == REQUEST_COMMAND && options->run_command == NULL &&
           words->next != words->end) {
        const char *word = *words->next++;
        bool dashes = !options_ended && strcmp(word, "--") == 0;
        if (!dashes && !options_ended && word[0] == '-' && word[1] != '\0') {
            err = take_option(options, failure, words, word);
        } else if (options->command == CLI_RUN && (dashes || word[0] != '-')) {
            options->run_command = dashes ? words->next : words->next - 1;
        } else if (dashes) {
            options_ended = true;
        } else {
            err = take_word(options, failure, word);
        }
    }
    return err;
}

static enum cli_command find_command(const char *word) {
    unsigned command = 0;
    while (command < CLI_COMMAND_COUNT &&
           strcmp(word, cli_command_name((enum cli_command)command)) != 0) {
        command++;
    }
    return (enum cli_command)command;
}

static enum err take_command(struct options *options, struct failure *failure, const char *word) {
    options->command = find_command(word);
    if (options->command != CLI_NONE) {
        return OK;
    }
    struct suggestion suggestion = suggest_for(slice_of_string(word));
    for (unsigned i = 0; i < CLI_COMMAND_COUNT; i++) {
        suggest_offer(&suggestion, cli_command_name((enum cli_command)i));
    }
    return suggestion.best == NULL
               ? fail(failure, ERR_USAGE, "'%s' is no command: " COMMAND_NAMES, word)
               : fail(failure, ERR_USAGE, "'%s' is no command; did you mean %s?", word,
                      suggestion.best);
}

// `help` alone, or `help COMMAND`.
static enum err take_help(struct options *options, struct failure *failure, struct words *words) {
    options->request = REQUEST_HELP;
    if (words->next == words->end) {
        return OK;
    }
    enum err err = take_command(options, failure, *words->next++);
    return err == OK && words->next != words->end
               ? fail(failure, ERR_USAGE, "help takes one command, and '%s' is one more",
                      *words->next)
               : err;
}

// ── defaults ────────────────────────────────────────────────────────────────────────────────────

// Whether something that goes before the default says the same already.
static bool is_given(const bool given[static OPTION_ROWS_MAX], const struct option_row *row) {
    size_t count = 0;
    const struct option_row *rows = option_table(&count);
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        bool same = &rows[i] == row || (row->offset != 0 && rows[i].offset == row->offset);
        found = found || (same && given[i]);
    }
    return found;
}

// The row of an option, whichever command it is of.
static const struct option_row *find_any_row(const struct option_word *word) {
    const struct option_row *row = NULL;
    for (unsigned i = 0; i < CLI_COMMAND_COUNT && row == NULL; i++) {
        row = find_row((enum cli_command)i, word);
    }
    return row;
}

// One option of a source. What another command has is left out, so that one list serves all.
static enum err take_default(struct options *options, struct failure *failure, struct words *words,
                             const bool given[static OPTION_ROWS_MAX]) {
    const char *word = *words->next++;
    struct option_word option = {0};
    const struct option_row *row = NULL;
    if (word[0] == '-' && word[1] != '\0') {
        option = cut_option(word);
        row = find_any_row(&option);
    }
    if (row == NULL || row->kind == OPTION_HELP) {
        return fail(failure, ERR_USAGE, "'%s' is no option", word);
    }
    if (option_is_of(row, options->command) && !is_given(given, row)) {
        return take_row(options, failure, words, row, option.attached);
    }
    if (row->argument != NULL && option.attached == NULL && words->next != words->end) {
        words->next++;
    }
    return OK;
}

static enum err take_source(struct options *options, struct failure *failure,
                            const struct default_source *source) {
    bool given[OPTION_ROWS_MAX];
    memcpy(given, options->given, sizeof(given));
    struct words words = {.next = source->words, .end = source->words + source->count};
    struct failure why = {0};
    enum err err = OK;
    while (err == OK && words.next != words.end) {
        err = take_default(options, &why, &words, given);
    }
    return err == OK ? OK : fail(failure, err, "in %s: %.900s", source->name, why.text);
}

static enum err take_defaults(struct options *options, struct failure *failure) {
    enum err err = OK;
    for (size_t i = 0; err == OK && i < DEFAULTS_SOURCES; i++) {
        const struct default_source *source = &options->defaults->sources[i];
        err = source->count == 0 ? OK : take_source(options, failure, source);
    }
    return err;
}

// ── the whole ───────────────────────────────────────────────────────────────────────────────────

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
    if (options->mode_count == 0) {
        return fail(failure, ERR_USAGE,
                    "proxy needs a --mode, or a server, as in smtpscope proxy "
                    "mail.example.com:587");
    }
    for (size_t i = 0; i < options->mode_count; i++) {
        if (has_earlier_listener(options, i)) {
            return fail(failure, ERR_USAGE,
                        "--mode: two modes would listen on %s port %u; give one another @PORT",
                        options->modes[i].listen_host, (unsigned)options->modes[i].listen_port);
        }
    }
    return OK;
}

// The next part of a path, without what does not change where it leads: `//`, `/.`, a leading `./`.
static struct slice next_part(struct slice *rest) {
    struct slice part = {0};
    while (!slice_is_null(*rest)) {
        part = slice_split(rest, '/');
        if (part.len > 0 && !slice_is(part, ".")) {
            return part;
        }
    }
    return (struct slice){0};
}

static bool same_place(const char *a, const char *b) {
    if ((a[0] == '/') != (b[0] == '/')) {
        return false;
    }
    struct slice rest_a = slice_of_string(a);
    struct slice rest_b = slice_of_string(b);
    struct slice part_a;
    do {
        part_a = next_part(&rest_a);
        struct slice part_b = next_part(&rest_b);
        if (!slice_equal(part_a, part_b)) {
            return false;
        }
    } while (part_a.len > 0);
    return true;
}

static bool has_earlier_output(const struct options *options, size_t at) {
    for (size_t i = 0; i < at; i++) {
        if (same_place(options->outputs[i].path, options->outputs[at].path)) {
            return true;
        }
    }
    return false;
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

static enum err check_interference(struct failure *failure, const struct options *options) {
    if (options->keep_to != NULL && options->rewrite_to == NULL) {
        return fail(failure, ERR_USAGE, "--keep-to '%s' is for --rewrite-to, which is not given",
                    options->keep_to);
    }
    if ((options->dry_run || options->rewrite_to != NULL) && paces(options)) {
        return fail(failure, ERR_USAGE, "--fault with 'rate' does not go together with %s",
                    options->dry_run ? "--dry-run" : "--rewrite-to");
    }
    return OK;
}

static enum err check_outputs(struct options *options, struct failure *failure) {
    if (options->output_count == 0) {
        options->outputs = mem_new(sizeof(options->outputs[0]));
        options->outputs[options->output_count++] =
            (struct output_spec){.format = &text_format, .path = "-"};
    }
    for (size_t i = 0; i < options->output_count; i++) {
        const struct output_spec *output = &options->outputs[i];
        if (output->format->has_secrets && !options->with_secrets) {
            return fail(failure, ERR_USAGE,
                        "--output: '%s:%s' holds the TLS secrets, which defeats the mask; say "
                        "--with-secrets to have it",
                        output->format->name, output->path);
        }
        if (has_earlier_output(options, i)) {
            return fail(failure, ERR_USAGE, "--output: two outputs would go to '%s'", output->path);
        }
    }
    return OK;
}

// Whether something else is at `path` that report `index` would write over: a report before it, an
// output, or the transcript that is judged.
static bool is_taken(const struct options *options, const char *path, size_t index) {
    bool taken = options->file != NULL && same_place(path, options->file);
    for (size_t i = 0; i < index; i++) {
        const char *other = options->reports[i].path;
        taken = taken || (other != NULL && same_place(path, other));
    }
    for (size_t i = 0; i < options->output_count; i++) {
        taken = taken || same_place(path, options->outputs[i].path);
    }
    return taken;
}

static enum err check_reports(const struct options *options, struct failure *failure) {
    for (size_t i = 0; i < options->report_count; i++) {
        const char *path = options->reports[i].path;
        if (path != NULL && is_taken(options, path, i)) {
            return fail(failure, ERR_USAGE,
                        "--report: '%s' is in use already, and would be written over", path);
        }
    }
    return OK;
}

// Files beside the outputs, which would write over each other as well.
static enum err check_other_files(const struct options *options, struct failure *failure) {
    const struct {
        const char *option;
        const char *path;
    } files[] = {{"--keylog", options->keylog},
                 {"--ready-file", options->ready_file},
                 {"--control", options->control}};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        const char *path = files[i].path;
        bool taken = path != NULL && is_taken(options, path, options->report_count);
        for (size_t j = 0; j < i && path != NULL; j++) {
            taken = taken || (files[j].path != NULL && same_place(path, files[j].path));
        }
        if (taken) {
            return fail(failure, ERR_USAGE, "%s: '%s' is in use already, and would be written over",
                        files[i].option, path);
        }
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

// What `proxy` and `run` have in common.
static enum err finish_capture(struct options *options, struct failure *failure) {
    const char *keylog = getenv("SSLKEYLOGFILE");
    if (options->keylog == NULL && keylog != NULL && keylog[0] != '\0') {
        options->keylog = keylog;
    }
    enum err err = check_outputs(options, failure);
    if (err == OK) {
        err = check_interference(failure, options);
    }
    if (err == OK) {
        err = check_reports(options, failure);
    }
    if (err == OK) {
        err = check_other_files(options, failure);
    }
    if (err == OK) {
        err = finish_certificate(options, failure);
    }
    return err;
}

static enum err finish_run(struct options *options, struct failure *failure) {
    if (options->run_command == NULL || options->run_command[0] == NULL) {
        return fail(failure, ERR_USAGE,
                    "run needs a command: smtpscope run [OPTION...] [--] COMMAND [ARG...]");
    }
    if (options->ports.count == 0) {
        (void)port_list_add(&options->ports, SLICE("25,465,587,2525"));
    }
    if (options->ports.all && options->sink) {
        return fail(failure, ERR_USAGE,
                    "--ports all and --sink do not go together: what is no mail has no server to "
                    "pass on to");
    }
    if (options->ports.all && options->send_header != PROXY_HEADER_NONE) {
        return fail(failure, ERR_USAGE,
                    "--ports all and --send-proxy-protocol do not go together: a server that "
                    "awaits the header does not show whether it is one of mail");
    }
    return finish_capture(options, failure);
}

// What a command needs beside its options.
static enum err need(struct failure *failure, bool given, const char *sentence) {
    return given ? OK : fail(failure, ERR_USAGE, "%s", sentence);
}

static enum err finish_check(struct options *options, struct failure *failure) {
    options->judge = true;
    enum err err = need(failure, options->file != NULL || options->rules,
                        "check needs a FILE, or - for standard input");
    return err == OK ? check_reports(options, failure) : err;
}

static enum err finish_proxy(struct options *options, struct failure *failure) {
    enum err err = check_modes(options, failure);
    return err == OK ? finish_capture(options, failure) : err;
}

static enum err finish(struct options *options, struct failure *failure) {
    switch (options->command) {
    case CLI_PROXY:
        return finish_proxy(options, failure);
    case CLI_RUN:
        return finish_run(options, failure);
    case CLI_CA:
        return need(failure, options->ca_action_given, "ca needs one of show, export, env, renew");
    case CLI_SHOW:
        return need(failure, options->file != NULL, "show needs a FILE, or - for standard input");
    case CLI_CHECK:
        return finish_check(options, failure);
    case CLI_CTL:
        if (options->ctl_word != NULL && strcmp(options->ctl_word, "faults") == 0) {
            return fail(failure, ERR_USAGE, "ctl faults wants on or off");
        }
        return need(failure, options->ctl_word != NULL,
                    "ctl wants one of status, pause, resume, rotate, sessions, faults, stop");
    case CLI_DOCTOR:
        return OK;
    case CLI_NONE:
        break;
    }
    return fail(failure, ERR_USAGE,
                "a command is missing: " COMMAND_NAMES "; see smtpscope --help");
}

enum err options_parse(struct options *out, struct failure *failure, int argc, char *const *argv,
                       const struct defaults *defaults) {
    set_defaults(out);
    out->defaults = defaults;
    struct words words = {.next = argv + 1, .end = argv + argc};
    if (argc < 2) {
        return finish(out, failure);
    }
    if (strcmp(argv[1], "help") == 0) {
        words.next++;
        return take_help(out, failure, &words);
    }
    enum err err = argv[1][0] != '-' ? take_command(out, failure, *words.next++) : OK;
    if (err == OK) {
        err = take_words(out, failure, &words);
    }
    if (err == OK && out->request == REQUEST_COMMAND && defaults != NULL) {
        err = take_defaults(out, failure);
    }
    return err == OK && out->request == REQUEST_COMMAND ? finish(out, failure) : err;
}

static void list_cleanup(struct text_list *list) {
    for (size_t i = 0; i < list->count; i++) {
        free((void *)(uintptr_t)list->items[i]); // the list owns what it shows as const
    }
    free(list->items);
}

void options_cleanup(struct options *options) {
    for (size_t i = 0; i < options->mode_count; i++) {
        mode_cleanup(&options->modes[i]);
    }
    free(options->modes);
    for (size_t i = 0; i < options->fault_count; i++) {
        fault_rule_cleanup(&options->faults[i]);
    }
    free(options->faults);
    port_list_cleanup(&options->ports);
    networks_cleanup(&options->balancers);
    free(options->outputs);
    free(options->reports);
    list_cleanup(&options->ca_hosts);
    list_cleanup(&options->expectations);
    list_cleanup(&options->ignored);
    *options = (struct options){0};
}
