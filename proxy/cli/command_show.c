// SPDX-License-Identifier: MIT
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/transcript.h"
#include "format/show.h"

#include <stdlib.h>
#include <unistd.h>

// What came of writing: after the first failure nothing more is tried.
struct written {
    enum err err;
    struct failure failure;
};

static void write_lines(void *context, struct slice lines) {
    struct written *written = context;
    if (written->err == OK) {
        written->err = console_out(&written->failure, lines);
    }
}

static bool wants_color(enum color_choice choice) {
    const char *no_color = getenv("NO_COLOR");
    switch (choice) {
    case COLOR_ALWAYS:
        return true;
    case COLOR_NEVER:
        return false;
    case COLOR_AUTO:
        break;
    }
    return isatty(STDOUT_FILENO) != 0 && (no_color == NULL || no_color[0] == '\0');
}

int command_show(const struct options *options) {
    struct transcript transcript;
    struct failure failure = {0};
    struct written written = {.err = OK};
    enum err err = transcript_open(&transcript, &failure, options->file);
    if (err == OK) {
        bool color = wants_color(options->color);
        struct terminal terminal;
        terminal_init(&terminal, STDOUT_FILENO, color);
        terminal_measure(&terminal);
        show_text(transcript.reader, &(struct show_options){&terminal, color, options->quiet},
                  write_lines, &written);
        terminal_cleanup(&terminal);
    }
    transcript_close(&transcript);
    if (err != OK) {
        return (int)console_failure(err, &failure);
    }
    return written.err == OK ? EXIT_WELL : (int)console_failure(written.err, &written.failure);
}
