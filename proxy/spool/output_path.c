// SPDX-License-Identifier: MIT
#include "spool/output_path.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/safe_file.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum placeholder { HOLD_SESSION, HOLD_DATE, HOLD_CLIENT, HOLD_SERVER, HOLD_COUNT };

static const struct slice placeholders[HOLD_COUNT] = {
    [HOLD_SESSION] = SLICE_INIT("{session}"),
    [HOLD_DATE] = SLICE_INIT("{date}"),
    [HOLD_CLIENT] = SLICE_INIT("{client}"),
    [HOLD_SERVER] = SLICE_INIT("{server}"),
};

// Which placeholder `rest` begins with; HOLD_COUNT for none.
static enum placeholder placeholder_at(struct slice rest) {
    size_t which = 0;
    while (which < HOLD_COUNT && !slice_starts_with(rest, placeholders[which])) {
        which++;
    }
    return (enum placeholder)which;
}

// The offset of the first placeholder, or SLICE_NONE.
static size_t first_placeholder(struct slice path) {
    for (size_t i = 0; i < path.len; i++) {
        if (placeholder_at(slice_from(path, i)) != HOLD_COUNT) {
            return i;
        }
    }
    return SLICE_NONE;
}

bool path_has_placeholders(const char *path) {
    return first_placeholder(slice_of_string(path)) != SLICE_NONE;
}

static bool is_safe(uint8_t byte, bool leading) {
    if (byte == '.' || byte == '-') {
        return !leading;
    }
    return text_is_alnum(byte) || byte == '_';
}

// Appends `value` as one harmless part of a file name; `_` where it is empty.
static void path_put_value(struct buf *out, struct slice value) {
    value = slice_sub(value, 0, LIMIT_PATH_VALUE);
    if (value.len == 0) {
        buf_put_byte(out, '_');
    }
    bool leading = true;
    for (size_t i = 0; i < value.len;) {
        bool safe = is_safe(value.data[i], leading);
        // One character is one underscore, also where it has several bytes.
        size_t len = text_utf8_length(slice_from(value, i));
        buf_put_byte(out, safe ? value.data[i] : '_');
        leading = leading && (value.data[i] == '.' || value.data[i] == '-');
        i += len == 0 ? 1 : len;
    }
}

static void put_placeholder(struct buf *out, enum placeholder which,
                            const struct path_values *values) {
    switch (which) {
    case HOLD_SESSION:
        buf_putf(out, "%llu", (unsigned long long)values->session);
        break;
    case HOLD_DATE:
        clock_put_date(out, values->unix_ns);
        break;
    case HOLD_CLIENT:
        path_put_value(out, slice_of_string(values->client));
        break;
    case HOLD_SERVER:
        path_put_value(out, slice_of_string(values->server));
        break;
    case HOLD_COUNT:
        break;
    }
}

static char *take_string(struct buf *buf) {
    buf_put_byte(buf, '\0');
    size_t len = 0;
    return (char *)buf_take(buf, &len);
}

char *path_expand(const char *path, const struct path_values *values) {
    struct buf out;
    buf_init(&out, LIMIT_PATH_BYTES);
    struct slice rest = slice_of_string(path);
    while (rest.len > 0) {
        enum placeholder which = placeholder_at(rest);
        if (which == HOLD_COUNT) {
            buf_put_byte(&out, rest.data[0]);
            rest = slice_from(rest, 1);
        } else {
            put_placeholder(&out, which, values);
            rest = slice_from(rest, placeholders[which].len);
        }
    }
    return take_string(&out);
}

// Bytes of the fixed folder of `path`, its '/' included; 0 where there is none.
static size_t fixed_len(const char *path) {
    struct slice fixed = slice_of_string(path);
    size_t first = first_placeholder(fixed);
    fixed = slice_sub(fixed, 0, first == SLICE_NONE ? fixed.len : first);
    size_t last = slice_find_last_byte(fixed, '/');
    return last == SLICE_NONE ? 0 : last + 1;
}

char *path_fixed_folder(const char *path) {
    size_t len = fixed_len(path);
    return len == 0 ? mem_string(".") : mem_string_of(slice_of(path, len));
}

enum err path_make_fixed_folder(struct failure *failure, const struct destination *to) {
    char *folder = path_fixed_folder(to->path);
    size_t len = strlen(folder);
    folder[len > 1 && folder[len - 1] == '/' ? len - 1 : len] = '\0';
    const char *first = folder[0] == '/' ? strchr(folder + 1, '/') : folder;
    int error = first == NULL ? 0 : folders_make(folder, (size_t)(first - folder) + 1);
    free(folder);
    return error == 0 ? OK
                      : fail(failure, ERR_SYSTEM, "cannot write to %s output '%s': %s%s",
                             to->framing->name, to->path, strerror(error), path_remedy(error));
}

enum err path_make_folders(struct failure *failure, const char *path, const char *expanded) {
    char *folder = mem_string(expanded);
    enum err err = OK;
    for (char *slash = strchr(folder + fixed_len(path), '/'); slash != NULL && err == OK;
         slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
            err = fail(failure, ERR_SYSTEM, "cannot make the folder '%s': %s", folder,
                       strerror(errno));
        }
        *slash = '/';
    }
    free(folder);
    return err;
}

const char *path_remedy(int error) {
    switch (error) {
    case EACCES:
    case EPERM:
    case EROFS:
        return "; name a file in a folder where you may write";
    case EISDIR:
        return "; name a file in that folder";
    case ENOENT:
    case ENOTDIR:
        return "; name a file in a folder that is there, or can be made";
    default:
        return "";
    }
}

enum err path_check_folder(struct failure *failure, const struct destination *to,
                           const char *folder) {
    struct stat status;
    int error = stat(folder, &status) != 0        ? errno
                : !S_ISDIR(status.st_mode)        ? ENOTDIR
                : access(folder, W_OK | X_OK) < 0 ? errno
                                                  : 0;
    if (error == 0) {
        return OK;
    }
    return fail(failure, ERR_SYSTEM, "cannot write to %s output '%s': '%s': %s%s",
                to->framing->name, to->path, folder, strerror(error), path_remedy(error));
}
