// SPDX-License-Identifier: MIT
#include "cli/completion_value.h"

#include "cli/mode.h"
#include "cli/option_value.h"
#include "format/format.h"
#include "inspect/rule.h"

#include <string.h>

static bool is_argument(const struct option_row *row, const char *argument) {
    return row->argument != NULL && strcmp(row->argument, argument) == 0;
}

enum completion_place completion_place(const struct option_row *row) {
    if (is_argument(row, "DIR")) {
        return PLACE_FOLDER;
    }
    // `-o mail.json` and `--report html:FILE` name a file too.
    bool has_file = row->kind == OPTION_OUTPUT || row->kind == OPTION_REPORT ||
                    is_argument(row, "FILE") || is_argument(row, "PATH");
    return has_file ? PLACE_FILE : PLACE_NONE;
}

static void put_word(struct buf *out, struct slice word) {
    buf_put(out, word);
    buf_put_byte(out, '\n');
}

// The names of `text, jsonl, `.
static void put_split(struct buf *out, struct slice list, uint8_t separator) {
    struct slice rest = list;
    while (!slice_is_null(rest)) {
        struct slice word = slice_trim(slice_split(&rest, separator));
        if (word.len > 0) {
            put_word(out, word);
        }
    }
}

static bool lists_values(const struct option_row *row) {
    return row->argument != NULL && strchr(row->argument, '|') != NULL;
}

// Those of `mask|identity|reveal`, of `text|json[:FILE]`.
static void put_alternatives(struct buf *out, const char *argument) {
    struct slice rest = slice_of_string(argument);
    put_split(out, slice_split(&rest, '['), '|');
}

static void put_modes(struct buf *out) {
    for (size_t i = 0; mode_kind_name(i) != NULL; i++) {
        put_word(out, slice_of_string(mode_kind_name(i)));
    }
}

static void put_reports(struct buf *out) {
    for (size_t i = 0; option_report_name(i) != NULL; i++) {
        put_word(out, slice_of_string(option_report_name(i)));
    }
}

static void put_rules(struct buf *out) {
    for (unsigned i = 0; i < RULE_COUNT; i++) {
        put_word(out, slice_of_string(rule_info((enum rule)i)->id));
    }
}

void completion_put_values(struct buf *out, const struct option_row *row) {
    if (lists_values(row)) {
        put_alternatives(out, row->argument);
    } else if (row->kind == OPTION_OUTPUT) {
        put_split(out, slice_of_string(FORMAT_NAMES), ',');
    } else if (row->kind == OPTION_REPORT) {
        put_reports(out);
    } else if (row->kind == OPTION_MODE) {
        put_modes(out);
    } else if (row->kind == OPTION_RULES) {
        put_rules(out);
    }
}
