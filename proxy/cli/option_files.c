// SPDX-License-Identifier: MIT
#include "cli/option_files.h"

#include "base/memory.h"
#include "base/slice.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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

static bool same_words(const char *a, const char *b) {
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

// The folder of `path`, and its last part.
static bool find_folder(struct stat *out, const char **out_name, const char *path) {
    const char *slash = strrchr(path, '/');
    *out_name = slash == NULL ? path : slash + 1;
    char *folder =
        slash == NULL ? mem_string(".") : mem_format("%.*s", (int)(slash + 1 - path), path);
    bool found = stat(folder, out) == 0;
    free(folder);
    return found;
}

// One folder may have several names. A link at the last part is not followed: /dev/stdout and
// /dev/stderr are two places.
static bool same_place(const char *a, const char *b) {
    if (strcmp(a, "-") == 0 || strcmp(b, "-") == 0) {
        return strcmp(a, b) == 0;
    }
    struct stat folder_a;
    struct stat folder_b;
    const char *name_a;
    const char *name_b;
    return same_words(a, b) ||
           (find_folder(&folder_a, &name_a, a) && find_folder(&folder_b, &name_b, b) &&
            strcmp(name_a, name_b) == 0 && folder_a.st_dev == folder_b.st_dev &&
            folder_a.st_ino == folder_b.st_ino);
}

static bool has_earlier_output(const struct options *options, size_t at) {
    for (size_t i = 0; i < at; i++) {
        if (same_place(options->outputs[i].path, options->outputs[at].path)) {
            return true;
        }
    }
    return false;
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
                        "--output: '%s:%s' holds the TLS secrets, which defeats the mask; add "
                        "--with-secrets to allow it",
                        output->format->name, output->path);
        }
        if (has_earlier_output(options, i)) {
            return fail(failure, ERR_USAGE, "--output: two outputs would go to '%s'", output->path);
        }
    }
    return OK;
}

// Whether one of the first `count` transcripts is at `path`.
static bool has_transcript(const struct options *options, const char *path, size_t count) {
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        found = found || same_place(path, options->files.items[i]);
    }
    return found;
}

// Whether something else is at `path` that report `index` would write over: a report before it, an
// output, or a transcript that is judged.
static bool is_taken(const struct options *options, const char *path, size_t index) {
    bool taken = has_transcript(options, path, options->files.count);
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
                        "--report: '%s' is in use already, and would be overwritten", path);
        }
    }
    return OK;
}

// A transcript that is judged twice would count each message twice.
static enum err check_transcripts(const struct options *options, struct failure *failure) {
    for (size_t i = 0; i < options->files.count; i++) {
        const char *path = options->files.items[i];
        if (has_transcript(options, path, i)) {
            return fail(failure, ERR_USAGE, "check: '%s' is given twice", path);
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
            return fail(failure, ERR_USAGE, "%s: '%s' is in use already, and would be overwritten",
                        files[i].option, path);
        }
    }
    return OK;
}

enum err files_check(struct options *options, struct failure *failure) {
    enum err err = OK;
    if (options->command == CLI_PROXY || options->command == CLI_RUN) {
        err = check_outputs(options, failure);
    }
    if (err == OK) {
        err = check_transcripts(options, failure);
    }
    if (err == OK) {
        err = check_reports(options, failure);
    }
    return err == OK ? check_other_files(options, failure) : err;
}
