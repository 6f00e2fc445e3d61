// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "cli/app.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "cli/help.h"
#include "sandbox/rights.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static int dispatch(const struct options *options, const struct capture_inherited *inherited) {
    if (options->request != REQUEST_COMMAND) {
        return command_help(options);
    }
    switch (options->command) {
    case CLI_PROXY:
        return command_proxy(options);
    case CLI_RUN:
        return command_run(options, inherited);
    case CLI_AUDIT:
        return command_audit(options, inherited);
    case CLI_CA:
        return command_ca(options);
    case CLI_DOCTOR:
        return command_doctor(options);
    case CLI_SHOW:
        return command_show(options);
    case CLI_CHECK:
        return command_check(options);
    case CLI_VIEW:
        return command_view(options);
    case CLI_CTL:
        return command_ctl(options);
    case CLI_NONE:
        break;
    }
    return EXIT_USAGE;
}

// Where one of the three was closed, the next file or socket would get its number, and a sentence
// for standard error would end up in a transcript, or in the mail. What is there instead
// refuses to be used, as the closed one would, and `run` does not hand it on.
static void hold_standard_descriptors(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            int held = open("/dev/null", (fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
            (void)held; // the lowest that is free, which is `fd`
        }
    }
}

static bool has_descriptors(void) {
    int held[DESCRIPTORS_TO_START];
    size_t count = 0;
    while (count < DESCRIPTORS_TO_START &&
           (held[count] = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) >= 0) {
        count++;
    }
    for (size_t i = 0; i < count; i++) {
        close(held[i]);
    }
    return count == DESCRIPTORS_TO_START;
}

// Of what has a loop: libuv ends the process where it finds none for a pipe of its own.
static enum err check_descriptors(const struct options *options, struct failure *failure) {
    bool loops = options->command == CLI_PROXY || options->command == CLI_RUN ||
                 options->command == CLI_AUDIT || options->command == CLI_VIEW;
    if (options->request != REQUEST_COMMAND || !loops || has_descriptors()) {
        return OK;
    }
    return fail(failure, ERR_SYSTEM,
                "fewer than %d file descriptors are free: raise the limit (ulimit -n)",
                DESCRIPTORS_TO_START);
}

// Only what runs a command needs to know what it was given, and blocks the signals that it passes
// on.
static void take_inherited(struct capture_inherited *out, const struct options *options) {
    if (options->request == REQUEST_COMMAND && cli_command_runs(options->command)) {
        capture_inherited_take(out);
    }
}

// A proxy lives on when a reader goes: that is an error of its write. What only prints ends with
// its reader and in silence, as all do in front of `head`.
static void outlive_readers(const struct options *options) {
    if (options->command == CLI_PROXY || options->command == CLI_RUN ||
        options->command == CLI_CTL) {
        signal(SIGPIPE, SIG_IGN);
    }
}

// These hold the CA's key, and what clients say.
static void hide_keys(const struct options *options) {
    if (options->command == CLI_PROXY || options->command == CLI_RUN ||
        options->command == CLI_CA) {
        rights_hide_memory();
    }
}

static void put_help(void) {
    struct buf text;
    struct failure failure = {0};
    buf_init(&text, CONSOLE_TEXT_MAX);
    help_put(&text, CLI_NONE);
    (void)!console_err(&failure, buf_slice(&text)); // the exit status says the same
    buf_cleanup(&text);
}

static enum err read_options(struct options *options, struct defaults *defaults, int argc,
                             char **argv) {
    struct failure failure = {.text = ""};
    enum err err = defaults_read(defaults, &failure);
    if (err == OK) {
        err = options_parse(options, &failure, argc, argv, defaults);
    }
    if (err == OK) {
        err = check_descriptors(options, &failure);
    }
    if (err != OK && argc < 2) {
        put_help(); // the program's name alone
    }
    if (err != OK) {
        (void)console_failure(err, &failure);
    }
    return err;
}

int main(int argc, char **argv) {
    struct options options = {.command = CLI_NONE};
    struct defaults defaults;
    struct capture_inherited inherited = {0};
    hold_standard_descriptors();
    enum err err = read_options(&options, &defaults, argc, argv);
    int status = err == ERR_USAGE ? EXIT_USAGE : EXIT_NOT_STARTED;
    if (err == OK) {
        take_inherited(&inherited, &options);
        outlive_readers(&options);
        hide_keys(&options);
        status = dispatch(&options, &inherited);
    }
    options_cleanup(&options);
    defaults_cleanup(&defaults);
    return status;
}
