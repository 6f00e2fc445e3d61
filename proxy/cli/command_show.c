// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "cli/commands.h"
#include "cli/confinement.h"
#include "cli/console.h"
#include "cli/transcript.h"
#include "format/show.h"
#include "format/timing.h"
#include "observe/tally.h"

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

// As a capture says at its end.
static void say_summary(const struct tally *tally) {
    struct buf line;
    buf_init(&line, SENTENCE_MAX);
    tally_put(&line, tally);
    buf_put_byte(&line, '\0');
    console_say((const char *)buf_slice(&line).data);
    buf_cleanup(&line);
}

static void show(struct reader *reader, const struct options *options, struct written *written) {
    struct terminal terminal;
    struct tally tally = {0};
    bool color = output_wants_color(options->color, isatty(STDOUT_FILENO) != 0);
    terminal_init(&terminal, STDOUT_FILENO, color);
    terminal_measure(&terminal);
    struct show_options show = {.terminal = &terminal,
                                .color = color,
                                .quiet = options->quiet,
                                .also = {tally_sink.take, &tally}};
    show_text(reader, &show, write_lines, written);
    if (written->err == OK && (options->quiet || terminal.is_terminal)) {
        say_summary(&tally);
    }
    terminal_cleanup(&terminal);
}

struct timing_page {
    unsigned columns;
    struct written *written;
};

static void write_timing(void *context, const struct record *record) {
    const struct timing_page *page = context;
    timing_write(record, page->columns, write_lines, page->written);
}

static void show_timing(struct reader *reader, const struct options *options,
                        struct written *written) {
    struct terminal terminal;
    terminal_init(&terminal, STDOUT_FILENO,
                  output_wants_color(options->color, isatty(STDOUT_FILENO) != 0));
    terminal_measure(&terminal);
    struct timing_page page = {.columns = terminal.screen.columns, .written = written};
    reader_records(reader, write_timing, &page);
    terminal_cleanup(&terminal);
}

int command_show(const struct options *options) {
    struct transcript transcript;
    struct failure failure = {0};
    struct written written = {.err = OK};
    enum err err = transcript_load(&transcript, &failure, options->files.items[0]);
    if (err == OK) {
        confinement_enter_reader(options); // another may have written the file, and mean harm
        err = transcript_read(&transcript, &failure, options->files.items[0]);
    }
    if (err == OK) {
        (options->timing ? show_timing : show)(transcript.reader, options, &written);
    }
    transcript_close(&transcript);
    if (err != OK) {
        return (int)console_failure(err, &failure);
    }
    return written.err == OK ? EXIT_WELL : (int)console_failure(written.err, &written.failure);
}
