// SPDX-License-Identifier: MIT
#include "cli/completion.h"

#include "base/limits.h"
#include "cli/command_table.h"
#include "cli/completion_value.h"
#include "cli/option_lookup.h"
#include "cli/option_words.h"

#include <stdio.h>
#include <string.h>

// Where the line is: what was read of it, and the word that is being typed.
struct line {
    enum cli_command command;
    char *const *words;
    size_t count;
    size_t at;           // the next word that is not read yet
    bool options_ended;  // by `--`
    const char *keyword; // the last word that is no option and no value; NULL: none
    struct slice typed;  // the last word
};

// ── candidates ──────────────────────────────────────────────────────────────────────────────────

// `before` is what the last word holds in front of what is completed: `--auth=`.
static void offer(struct buf *out, const struct line *line, struct slice before, struct slice word,
                  const char *help) {
    struct slice typed = slice_from(line->typed, before.len);
    if (!slice_starts_with(word, typed)) {
        return;
    }
    buf_put(out, before);
    buf_put(out, word);
    if (help != NULL) {
        buf_putf(out, "\t%s", help);
    }
    buf_put_byte(out, '\n');
}

static void offer_word(struct buf *out, const struct line *line, const char *word,
                       const char *help) {
    offer(out, line, SLICE(""), slice_of_string(word), help);
}

static void offer_options(struct buf *out, const struct line *line) {
    size_t count = 0;
    const struct option_row *rows = option_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (option_is_of(&rows[i], line->command)) {
            char name[OPTION_WORD_MAX];
            snprintf(name, sizeof(name), "--%s", rows[i].name);
            offer_word(out, line, name, rows[i].help);
        }
    }
}

static void offer_commands(struct buf *out, const struct line *line) {
    for (unsigned i = 0; i < CLI_COMMAND_COUNT; i++) {
        const struct cli_command_row *row = cli_command_row((enum cli_command)i);
        offer_word(out, line, row->name, row->help);
    }
}

static void offer_value(struct buf *out, const struct line *line, struct slice before,
                        const struct option_row *row) {
    struct buf values;
    buf_init(&values, LIMIT_COMPLETION_VALUES);
    completion_put_values(&values, row);
    struct slice rest = buf_slice(&values);
    while (rest.len > 0) {
        offer(out, line, before, slice_split(&rest, '\n'), NULL);
    }
    buf_cleanup(&values);
    switch (completion_place(row)) {
    case PLACE_FILE:
        buf_put_string(out, ":file\n");
        break;
    case PLACE_FOLDER:
        buf_put_string(out, ":folder\n");
        break;
    case PLACE_NONE:
        break;
    }
}

static void offer_words(struct buf *out, const struct line *line) {
    size_t count = 0;
    const char *const *words = words_after(line->command, line->keyword, &count);
    for (size_t i = 0; i < count; i++) {
        offer_word(out, line, words[i], NULL);
    }
}

// ── reading the line ────────────────────────────────────────────────────────────────────────────

// The option of a word, `--name`, `--name=value` or `-n`; NULL where it is none.
static const struct option_row *row_of(const struct line *line, struct slice word) {
    if (line->options_ended || !slice_starts_with(word, SLICE("-"))) {
        return NULL;
    }
    if (!slice_starts_with(word, SLICE("--"))) {
        return word.len == 2 ? option_find_letter(line->command, (char)word.data[1]) : NULL;
    }
    struct slice rest = slice_from(word, 2);
    return option_find(line->command, slice_split(&rest, '='));
}

// The option whose value comes next, because `word` does not hold it.
static const struct option_row *row_before_value(const struct line *line, struct slice word) {
    const struct option_row *row = row_of(line, word);
    bool takes = row != NULL && row->argument != NULL;
    return takes && slice_find_byte(word, '=') == SLICE_NONE ? row : NULL;
}

static bool is_option(const struct line *line, struct slice word) {
    return !line->options_ended && word.len > 1 && word.data[0] == '-';
}

// Reads the words in front of the last. Returns the option whose value that is; NULL for none.
// Stops at the word where the command of `run` begins, which may be the last.
static const struct option_row *read_words(struct line *line) {
    for (; line->at + 1 < line->count; line->at++) {
        struct slice word = slice_of_string(line->words[line->at]);
        const struct option_row *row = row_before_value(line, word);
        if (row != NULL && line->at + 2 == line->count) {
            return row;
        }
        if (row != NULL) {
            line->at++;
        } else if (slice_is(word, "--") && !line->options_ended) {
            line->options_ended = true;
        } else if (!is_option(line, word) && cli_command_runs(line->command)) {
            return NULL;
        } else if (!is_option(line, word)) {
            line->keyword = line->words[line->at];
        }
    }
    return NULL;
}

// The last word is no value of the word in front of it.
static void offer_last(struct buf *out, const struct line *line) {
    size_t equals = slice_find_byte(line->typed, '=');
    const struct option_row *row = row_of(line, line->typed);
    bool is_last = line->at + 1 == line->count;
    bool dashed = is_last && !line->options_ended && slice_starts_with(line->typed, SLICE("-"));
    if (dashed && row != NULL && row->argument != NULL && equals != SLICE_NONE) {
        offer_value(out, line, slice_sub(line->typed, 0, equals + 1), row);
    } else if (dashed) {
        offer_options(out, line);
    } else if (cli_command_runs(line->command)) {
        buf_putf(out, ":command %zu\n", line->at);
    } else if (words_are_files(line->command)) {
        buf_put_string(out, ":file\n");
    } else {
        offer_words(out, line);
    }
}

static void offer_rest(struct buf *out, struct line *line) {
    const struct option_row *row = read_words(line);
    if (row != NULL) {
        offer_value(out, line, SLICE(""), row);
    } else {
        offer_last(out, line);
    }
}

void completion_put(struct buf *out, char *const *words, size_t count) {
    struct line line = {.command = CLI_NONE, .words = words, .count = count};
    line.typed = count == 0 ? SLICE("") : slice_of_string(words[count - 1]);
    line.command = count < 2 ? CLI_NONE : cli_command_find(words[0]);
    if (line.command != CLI_NONE) {
        line.at = 1;
        offer_rest(out, &line);
    } else if (count == 2 && strcmp(words[0], "help") == 0) {
        offer_commands(out, &line);
    } else if (count < 2) {
        offer_commands(out, &line);
        offer_word(out, &line, "help", "show the help of a command");
        offer_options(out, &line);
    }
}
