// SPDX-License-Identifier: MIT
#include "cli/option_lookup.h"

bool option_is_of(const struct option_row *row, enum cli_command command) {
    bool of_the_program = row->kind == OPTION_HELP || row->kind == OPTION_VERSION;
    return command == CLI_NONE ? of_the_program : (row->commands & 1U << command) != 0;
}

const struct option_row *option_find(enum cli_command command, struct slice name) {
    size_t count = 0;
    const struct option_row *rows = option_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (slice_is(name, rows[i].name) && option_is_of(&rows[i], command)) {
            return &rows[i];
        }
    }
    return NULL;
}

const struct option_row *option_find_letter(enum cli_command command, char letter) {
    size_t count = 0;
    const struct option_row *rows = option_table(&count);
    for (size_t i = 0; i < count; i++) {
        if (letter != 0 && rows[i].letter == letter && option_is_of(&rows[i], command)) {
            return &rows[i];
        }
    }
    return NULL;
}
