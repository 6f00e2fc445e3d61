// SPDX-License-Identifier: MIT
#include "cli/options.h"

#include "cli/option_check.h"
#include "cli/option_lookup.h"
#include "cli/option_value.h"
#include "cli/option_words.h"
#include "cli/suggest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

// The words of argv that are still to be read.
struct words {
    char *const *next;
    char *const *end;
};

static bool has_number(const struct option_row *row) {
    return row->kind == OPTION_COUNT || row->kind == OPTION_BYTES || row->kind == OPTION_SECONDS ||
           row->kind == OPTION_SIZE;
}

static void set_default(struct options *options, const struct option_row *row) {
    struct failure failure = {0};
    enum err err = option_read(options, &failure, row, row->standard);
    assert(err == OK);
}

// A number is the default that the table says; a choice is the first of its words, which is 0.
static void set_defaults_of_table(struct options *options) {
    size_t count = 0;
    const struct option_row *rows = option_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].standard != NULL && has_number(&rows[i])) {
            set_default(options, &rows[i]);
        }
    }
}

static void set_defaults(struct options *options) {
    *options = (struct options){
        .command = CLI_NONE,
        .tls_client = {.min = TLS_VERSION_1_0, .max = TLS_VERSION_1_3},
        .tls_server = {.min = TLS_VERSION_1_0, .max = TLS_VERSION_1_3},
        .rotate_keep = 5,
        .fault_seed = FAULT_SEED_NONE,
    };
    set_defaults_of_table(options);
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

// The command that has an option of this name; CLI_NONE where none has.
static enum cli_command owner_of(struct slice word) {
    struct slice name =
        slice_starts_with(word, SLICE("--")) ? slice_from(word, 2) : (struct slice){0};
    unsigned command = 0;
    while (command < CLI_COMMAND_COUNT && option_find((enum cli_command)command, name) == NULL) {
        command++;
    }
    return (enum cli_command)command;
}

// What people look for in the wrong place.
static const struct {
    enum cli_command command;
    const char *option;
    const char *hint;
} misplaced[] = {
    {CLI_RUN, "--mode",
     "run captures the command's connections without a mode; --sink answers in place of its "
     "server, and modes are for smtpscope proxy"},
    {CLI_PROXY, "--port", "the port to listen on comes after @, as in mail.example.com:587@2525"},
    {CLI_PROXY, "--ports", "the port to listen on comes after @, as in mail.example.com:587@2525"},
    {CLI_PROXY, "--listen",
     "where to listen comes after @, as in mail.example.com:587@0.0.0.0:2525"},
    {CLI_PROXY, "--sink", "the mode is --mode sink"},
};

static const char *hint_for(enum cli_command command, struct slice word) {
    for (size_t i = 0; i < sizeof(misplaced) / sizeof(misplaced[0]); i++) {
        if (misplaced[i].command == command && slice_is(word, misplaced[i].option)) {
            return misplaced[i].hint;
        }
    }
    return NULL;
}

static enum err unknown_option(const struct options *options, struct failure *failure,
                               struct slice word) {
    const char *command = cli_command_name(options->command);
    const char *hint = hint_for(options->command, word);
    enum cli_command owner = owner_of(word);
    if (hint != NULL) {
        return fail(failure, ERR_USAGE, "there is no option '%.*s' of %s; %s", (int)word.len,
                    (const char *)word.data, command, hint);
    }
    if (command != NULL && owner != CLI_NONE) {
        return fail(failure, ERR_USAGE, "'%.*s' is an option of %s, not of %s", (int)word.len,
                    (const char *)word.data, cli_command_name(owner), command);
    }
    if (owner != CLI_NONE) {
        return fail(failure, ERR_USAGE, "'%.*s' comes after the command: smtpscope %s %.*s …",
                    (int)word.len, (const char *)word.data, cli_command_name(owner), (int)word.len,
                    (const char *)word.data);
    }
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
        } else if (cli_command_runs(options->command) && (dashes || word[0] != '-')) {
            options->run_command = dashes ? words->next : words->next - 1;
        } else if (dashes) {
            options_ended = true;
        } else {
            err = words_take(options, failure, word);
        }
    }
    return err;
}

static enum err take_command(struct options *options, struct failure *failure, const char *word) {
    options->command = cli_command_find(word);
    if (options->command != CLI_NONE) {
        return OK;
    }
    struct suggestion suggestion = suggest_for(slice_of_string(word));
    for (unsigned i = 0; i < CLI_COMMAND_COUNT; i++) {
        suggest_offer(&suggestion, cli_command_name((enum cli_command)i));
    }
    return suggestion.best == NULL
               ? fail(failure, ERR_USAGE, "'%s' is not a command: " CLI_COMMAND_NAMES, word)
               : fail(failure, ERR_USAGE, "'%s' is not a command; did you mean %s?", word,
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

static enum err unknown_default(struct failure *failure, const char *word) {
    if (strchr(word, ' ') != NULL) {
        return fail(failure, ERR_USAGE,
                    "'%s' is not an option; in the file each option has a line of its own", word);
    }
    const char *near = NULL;
    for (unsigned i = 0; i < CLI_COMMAND_COUNT && near == NULL; i++) {
        near = nearest_option((enum cli_command)i, slice_of_string(word));
    }
    return near == NULL
               ? fail(failure, ERR_USAGE, "'%s' is not an option", word)
               : fail(failure, ERR_USAGE, "'%s' is not an option; did you mean --%s?", word, near);
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
        return unknown_default(failure, word);
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

enum err options_parse(struct options *out, struct failure *failure, int argc, char *const *argv,
                       const struct defaults *defaults) {
    set_defaults(out);
    out->defaults = defaults;
    struct words words = {.next = argv + 1, .end = argv + argc};
    if (argc < 2) {
        return options_check(out, failure);
    }
    if (strcmp(argv[1], "help") == 0) {
        words.next++;
        return take_help(out, failure, &words);
    }
    if (strcmp(argv[1], "completion") == 0) { // for the scripts of the shells
        out->request = REQUEST_COMPLETION;
        out->completion_words = argv + 2;
        out->completion_word_count = (size_t)argc - 2;
        return OK;
    }
    enum err err = argv[1][0] != '-' ? take_command(out, failure, *words.next++) : OK;
    if (err == OK) {
        err = take_words(out, failure, &words);
    }
    if (err == OK && out->request == REQUEST_COMMAND && defaults != NULL) {
        err = take_defaults(out, failure);
    }
    return err == OK && out->request == REQUEST_COMMAND ? options_check(out, failure) : err;
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
    networks_cleanup(&options->allowed);
    networks_cleanup(&options->balancers);
    free(options->outputs);
    free(options->reports);
    list_cleanup(&options->files);
    list_cleanup(&options->ca_hosts);
    list_cleanup(&options->expectations);
    list_cleanup(&options->ignored);
    list_cleanup(&options->web_hosts);
    list_cleanup(&options->audit_cases);
    free(options->web_host);
    *options = (struct options){0};
}
