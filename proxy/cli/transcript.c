// SPDX-License-Identifier: MIT
#include "cli/transcript.h"

#include "base/limits.h"
#include "base/memory.h"
#include "cli/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static enum err read_all(struct buf *out, struct failure *failure, const char *name, int file) {
    ssize_t len = 1;
    while (len > 0) {
        uint8_t *room = buf_reserve(out, LIMIT_TRANSCRIPT_READ);
        if (room == NULL) {
            return fail(failure, ERR_INPUT, "cannot read %s: it is larger than %zu GiB", name,
                        LIMIT_TRANSCRIPT / (1024 * MIB));
        }
        len = read(file, room, LIMIT_TRANSCRIPT_READ);
        if (len > 0) {
            buf_commit(out, (size_t)len);
        } else if (len < 0 && errno == EINTR) {
            len = 1;
        }
    }
    return len == 0 ? OK : fail(failure, ERR_INPUT, "cannot read %s: %s", name, strerror(errno));
}

static enum err read_file(struct buf *out, struct failure *failure, const char *name,
                          const char *path) {
    if (strcmp(path, "-") == 0) {
        return read_all(out, failure, name, STDIN_FILENO);
    }
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return fail(failure, ERR_INPUT, "cannot read %s: %s", name, strerror(errno));
    }
    enum err err = read_all(out, failure, name, file);
    close(file);
    return err;
}

static enum err open_reader(struct transcript *out, struct failure *failure, const char *name) {
    struct failure why = {0};
    enum err err = reader_open(&out->reader, &why, buf_slice(&out->text));
    if (err != OK) {
        return fail(failure, err, "cannot read %s as a transcript of --output json or jsonl: %s",
                    name, why.text);
    }
    size_t cut_off = reader_cut_off(out->reader);
    if (cut_off != SLICE_NONE) {
        char *sentence = mem_format("%s is unfinished after offset %zu, as a crash leaves it: that "
                                    "part is left out",
                                    name, cut_off);
        console_say(sentence);
        free(sentence);
    }
    return OK;
}

// What a sentence calls the file; the caller frees it.
static char *name_of(const char *path) {
    return strcmp(path, "-") == 0 ? mem_string("standard input") : mem_format("'%s'", path);
}

enum err transcript_load(struct transcript *out, struct failure *failure, const char *path) {
    char *name = name_of(path);
    out->reader = NULL;
    buf_init(&out->text, LIMIT_TRANSCRIPT + LIMIT_TRANSCRIPT_READ);
    enum err err = read_file(&out->text, failure, name, path);
    free(name);
    return err;
}

enum err transcript_read(struct transcript *out, struct failure *failure, const char *path) {
    char *name = name_of(path);
    enum err err = open_reader(out, failure, name);
    free(name);
    return err;
}

enum err transcript_open(struct transcript *out, struct failure *failure, const char *path) {
    enum err err = transcript_load(out, failure, path);
    return err == OK ? transcript_read(out, failure, path) : err;
}

void transcript_close(struct transcript *transcript) {
    reader_free(transcript->reader);
    buf_cleanup(&transcript->text);
}
