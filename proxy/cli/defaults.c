// SPDX-License-Identifier: MIT
#include "cli/defaults.h"

#include "base/buf.h"
#include "base/limits.h"
#include "base/lines.h"
#include "base/memory.h"
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_word(struct default_source *source, char *word) { // takes it
    source->words = mem_resize(source->words, source->count + 1, sizeof(source->words[0]));
    source->words[source->count++] = word;
}

// ── words ───────────────────────────────────────────────────────────────────────────────────────

// One word in the shell's quoting, without its expansions. False where a quote is not closed.
static bool take_quoted_word(struct buf *word, struct slice *rest) {
    uint8_t quote = 0;
    while (rest->len > 0 && (quote != 0 || !text_is_space(rest->data[0]))) {
        uint8_t byte = rest->data[0];
        *rest = slice_from(*rest, 1);
        if (byte == '\\' && quote != '\'' && rest->len > 0) {
            buf_put_byte(word, rest->data[0]);
            *rest = slice_from(*rest, 1);
        } else if (quote == 0 && (byte == '\'' || byte == '"')) {
            quote = byte;
        } else if (byte == quote) {
            quote = 0;
        } else {
            buf_put_byte(word, byte);
        }
    }
    return quote == 0;
}

enum err defaults_split_words(struct default_source *source, struct failure *failure,
                              struct slice text) {
    struct slice rest = text;
    struct buf word;
    buf_init(&word, LIMIT_DEFAULTS);
    bool closed = true;
    while (closed && rest.len > 0) {
        if (text_is_space(rest.data[0])) {
            rest = slice_from(rest, 1);
            continue;
        }
        closed = take_quoted_word(&word, &rest);
        add_word(source,
                 mem_format("%.*s", (int)buf_len(&word), (const char *)buf_slice(&word).data));
        buf_clear(&word);
    }
    buf_cleanup(&word);
    return closed ? OK
                  : fail(failure, ERR_INPUT, "%s has a quote that is not closed", source->name);
}

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

static size_t name_len(struct slice line) {
    size_t len = 0;
    while (len < line.len && !text_is_space(line.data[len]) && line.data[len] != '=') {
        len++;
    }
    return len;
}

static void take_line(struct default_source *source, struct slice line) {
    size_t len = name_len(line);
    struct slice name = slice_sub(line, 0, len);
    struct slice value = slice_trim(slice_from(line, len));
    if (value.len > 0 && value.data[0] == '=') {
        value = slice_trim(slice_from(value, 1));
    }
    bool dashed = slice_starts_with(name, SLICE("-"));
    add_word(source,
             mem_format("%s%.*s", dashed ? "" : "--", (int)name.len, (const char *)name.data));
    if (value.len > 0) {
        add_word(source, mem_string_of(value));
    }
}

void defaults_split_lines(struct default_source *source, struct slice text) {
    struct slice rest = text;
    while (!slice_is_null(rest)) {
        struct slice line = slice_trim(lines_without_cr(slice_split(&rest, '\n')));
        if (line.len > 0 && line.data[0] != '#') {
            take_line(source, line);
        }
    }
}

// ── the two sources ─────────────────────────────────────────────────────────────────────────────

static enum err read_variable(struct default_source *source, struct failure *failure) {
    const char *text = getenv("SMTPSCOPE_OPTIONS");
    if (text == NULL || text[0] == '\0') {
        return OK;
    }
    source->name = mem_string("$SMTPSCOPE_OPTIONS");
    struct slice words = slice_of_string(text);
    return words.len <= LIMIT_DEFAULTS ? defaults_split_words(source, failure, words)
                                       : fail(failure, ERR_INPUT, "%s is longer than %u bytes",
                                              source->name, (unsigned)LIMIT_DEFAULTS);
}

// The XDG base directory specification: a relative $XDG_CONFIG_HOME is ignored. NULL without a
// home.
static char *file_path(void) {
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    if (config != NULL && config[0] == '/') {
        return mem_format("%s/smtpscope/options", config);
    }
    return home == NULL || home[0] != '/' ? NULL : mem_format("%s/.config/smtpscope/options", home);
}

static enum err read_open_file(struct default_source *source, struct failure *failure, FILE *file) {
    char *text = mem_new(LIMIT_DEFAULTS + 1);
    size_t len = fread(text, 1, LIMIT_DEFAULTS + 1, file);
    enum err err = OK;
    if (ferror(file) != 0) {
        err = fail(failure, ERR_INPUT, "%s: %s", source->name, strerror(errno));
    } else if (len > LIMIT_DEFAULTS) {
        err = fail(failure, ERR_INPUT, "%s is longer than %u bytes", source->name,
                   (unsigned)LIMIT_DEFAULTS);
    } else {
        defaults_split_lines(source, slice_of(text, len));
    }
    free(text);
    return err;
}

static enum err read_file(struct default_source *source, struct failure *failure) {
    char *path = file_path();
    FILE *file = path == NULL ? NULL : fopen(path, "re");
    if (file == NULL) {
        bool none = path == NULL || errno == ENOENT || errno == ENOTDIR || errno == EACCES;
        enum err err = none ? OK : fail(failure, ERR_INPUT, "%s: %s", path, strerror(errno));
        free(path);
        return err;
    }
    source->name = path;
    enum err err = read_open_file(source, failure, file);
    fclose(file);
    return err;
}

enum err defaults_read(struct defaults *out, struct failure *failure) {
    *out = (struct defaults){0};
    enum err err = read_variable(&out->sources[0], failure);
    return err == OK ? read_file(&out->sources[1], failure) : err;
}

void defaults_cleanup(struct defaults *defaults) {
    for (size_t i = 0; i < DEFAULTS_SOURCES; i++) {
        struct default_source *source = &defaults->sources[i];
        for (size_t j = 0; j < source->count; j++) {
            free(source->words[j]);
        }
        free(source->words);
        free(source->name);
    }
    *defaults = (struct defaults){0};
}
