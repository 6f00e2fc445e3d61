// SPDX-License-Identifier: MIT
#include "spool/lane.h"

#include "base/clock.h"
#include "base/memory.h"
#include "spool/document_file.h"
#include "spool/path.h"
#include "spool/take.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RETRY_NS NS_PER_S

struct waiting {
    struct piece piece;
    struct waiting *next;
};

// ── pieces ──────────────────────────────────────────────────────────────────────────────────────

// A piece waits in the array of its batch, which may be half empty, then as a `waiting`; each of
// its blocks has a head of the allocator's.
enum { BLOCK_HEAD = 16, PIECE_BLOCKS = 4 };

size_t piece_cost(const struct piece *piece) {
    size_t names = piece->name == NULL ? 0 : strlen(piece->name);
    names += piece->path == NULL ? 0 : strlen(piece->path);
    return sizeof(struct waiting) + 2 * sizeof(struct piece) + PIECE_BLOCKS * BLOCK_HEAD + names +
           piece->len;
}

uint64_t piece_lines(const struct piece *piece) {
    uint64_t lines = 0;
    switch (piece->kind) {
    case PIECE_LINES:
        for (size_t i = 0; i < piece->len; i++) {
            lines += piece->bytes[i] == '\n';
        }
        return lines;
    case PIECE_DOCUMENT:
    case PIECE_APPEND:
    case PIECE_FILE_OPEN:
        return 1;
    case PIECE_FILE_DATA: // the message counts, when it is found to be broken
    case PIECE_FILE_FINISH:
    case PIECE_FILE_PARTIAL:
    case PIECE_FILE_DROP:
    case PIECE_LOST:
        break;
    }
    return 0;
}

void lane_push(struct lane *lane, struct piece piece) {
    struct waiting *waiting = mem_new(sizeof(*waiting));
    waiting->piece = piece;
    if (lane->last == NULL) {
        lane->first = waiting;
    } else {
        lane->last->next = waiting;
    }
    lane->last = waiting;
}

static void pop(struct lane *lane) {
    struct waiting *waiting = lane->first;
    lane->first = waiting->next;
    if (lane->first == NULL) {
        lane->last = NULL;
    }
    lane->line_offset = 0;
    lane->taken++;
    backlog_release(&lane->backlog, piece_cost(&waiting->piece));
    piece_cleanup(&waiting->piece);
    free(waiting);
}

// ── trouble ─────────────────────────────────────────────────────────────────────────────────────

// The cause at the end of "cannot write to text output 'x': No space left on device".
static const char *cause_in(const char *sentence) {
    const char *cause = sentence;
    for (const char *end = strstr(sentence, "': "); end != NULL; end = strstr(cause, "': ")) {
        cause = end + 3;
    }
    return cause;
}

void lane_complain(struct lane *lane, const char *sentence) {
    snprintf(lane->reason, sizeof(lane->reason), "%s", cause_in(sentence));
    if (lane->options->complain != NULL) {
        char *line = mem_format("%s; the mail goes on", sentence);
        lane->options->complain(lane->options->complain_context, line);
        free(line);
    }
}

void lane_wrote(struct lane *lane, size_t len) {
    atomic_fetch_add(&lane->bytes, len);
    backlog_wrote(&lane->backlog, len, lane->now_ns);
}

enum progress lane_give_up(struct lane *lane, uint64_t lines, bool said) {
    backlog_lose(&lane->backlog, lines);
    if (!said) {
        lane_complain(lane, lane->last_words.text);
    }
    return PROGRESS_DONE;
}

enum progress lane_flush(struct lane *lane, struct file *file) {
    size_t len = 0;
    if (buf_len(&file->out) == 0) {
        return PROGRESS_DONE;
    }
    if (file_refresh(file, &lane->last_words) != OK) {
        return PROGRESS_FAILED;
    }
    if (buf_len(&file->out) == 0) {
        return PROGRESS_DONE; // the message was removed
    }
    enum progress progress = PROGRESS_WAIT;
    if (file_is_open(file)) {
        progress = file_flush(file, &len, &lane->last_words);
    }
    lane_wrote(lane, len);
    if (progress == PROGRESS_WAIT) {
        lane->blocked = file;
    }
    return progress;
}

// ── files ───────────────────────────────────────────────────────────────────────────────────────

static enum progress make_room(struct lane *lane) {
    struct file *surplus = file_table_surplus(&lane->files);
    enum progress progress = PROGRESS_DONE;
    if (surplus != NULL) {
        progress = lane_flush(lane, surplus);
    }
    if (surplus != NULL && progress == PROGRESS_DONE) {
        file_table_retire(&lane->files, surplus);
    }
    return progress;
}

static int dash_fd(const struct lane *lane) {
    return lane->options->dash_is_stderr ? STDERR_FILENO : STDOUT_FILENO;
}

struct file *lane_file(struct lane *lane, const char *path) {
    struct file *file = file_table_find(&lane->files, path);
    if (file != NULL) {
        file_table_touch(&lane->files, file);
        return file;
    }
    file = file_table_add(&lane->files, lane->to->framing, path);
    if (strcmp(path, "-") == 0) {
        file->standard_fd = dash_fd(lane);
    }
    return file;
}

// The folder of `eml` was made by us; where it was lost, it is made again.
static void make_mail_folder(const struct lane *lane) {
    int result = mkdir(lane->to->path, 0700);
    (void)result; // what fails is said by what is opened in it
}

enum err lane_open_file(struct lane *lane, struct file *file) {
    if (!file_is_open(file) && lane->to->framing->shape == SHAPE_FOLDER &&
        !lane->to->placeholders) {
        make_mail_folder(lane);
    }
    if (!file_is_open(file) && lane->to->placeholders) {
        enum err err = path_make_folders(&lane->last_words, lane->to->path, file->path);
        if (err != OK) {
            return err;
        }
    }
    return file_open(file, &lane->last_words);
}

// ── a run ───────────────────────────────────────────────────────────────────────────────────────

// What is taken before the other lanes have their turn: a message of a few bytes costs a file.
enum { TURN_PIECES = 256 };

static enum progress take_some(struct lane *lane) {
    enum progress progress = PROGRESS_DONE;
    for (int i = 0; i < TURN_PIECES && progress == PROGRESS_DONE && lane->first != NULL; i++) {
        progress = make_room(lane);
        if (progress == PROGRESS_DONE) {
            progress = take_piece(lane, &lane->first->piece);
        }
        if (progress == PROGRESS_DONE) {
            pop(lane);
        }
    }
    return progress;
}

// The status line below what was taken; a screen is one file.
static void settle_terminal(struct lane *lane, bool closing) {
    struct file *file = lane->files.active;
    if (lane->terminal.is_terminal && file != NULL) {
        terminal_settle(&lane->terminal, &file->out, closing);
    }
}

static enum progress flush_all(struct lane *lane) {
    enum progress progress = PROGRESS_DONE;
    for (struct file *file = lane->files.active; file != NULL && progress == PROGRESS_DONE;
         file = file->next) {
        progress = lane_flush(lane, file);
    }
    return progress;
}

// Nothing waits any more, so nothing that follows will carry the news of the loss.
static enum progress tell_loss(struct lane *lane) {
    uint64_t count = backlog_take_untold(&lane->backlog);
    if (count == 0) {
        return PROGRESS_DONE;
    }
    const struct path_values nobody = {.unix_ns = clock_unix_ns()};
    char *expanded = lane->to->placeholders ? path_expand(lane->to->path, &nobody) : NULL;
    struct piece piece = {.kind = PIECE_LOST, .path = expanded, .offset = count};
    enum progress progress = take_piece(lane, &piece);
    if (progress != PROGRESS_DONE) {
        backlog_untell(&lane->backlog, count);
    }
    piece_cleanup(&piece);
    return progress == PROGRESS_DONE ? flush_all(lane) : progress;
}

static enum progress copy_spools(struct lane *lane) {
    enum progress progress = PROGRESS_DONE;
    for (struct file *file = lane->files.active; file != NULL && progress == PROGRESS_DONE;
         file = file->next) {
        while (progress == PROGRESS_DONE && document_spool_next(file)) {
            progress = lane_flush(lane, file);
        }
    }
    return progress;
}

// A reader that takes nothing is no failure of ours, but lines are lost with it.
static void say_lost(struct lane *lane, const char *why) {
    struct failure failure;
    fail(&failure, ERR_SYSTEM, "cannot write to %s output '%s': %s", lane->to->framing->name,
         lane->to->path, why);
    lane_complain(lane, failure.text);
}

static void say_stall(struct lane *lane) {
    bool losing = atomic_load(&lane->backlog.losing);
    if (losing && !lane->said_losing && !atomic_load(&lane->backlog.failing)) {
        say_lost(lane, "its reader is too slow");
    }
    lane->said_losing = losing;
}

static void settle(struct lane *lane, enum progress progress, bool wrote) {
    bool failed = atomic_load(&lane->backlog.failing);
    lane->retry_ns = 0;
    if (progress == PROGRESS_FAILED) {
        lane->retry_ns = lane->now_ns + RETRY_NS;
        if (!failed) {
            lane_complain(lane, lane->last_words.text);
        }
        backlog_set_failing(&lane->backlog, true);
    } else if (failed && (progress == PROGRESS_DONE || wrote)) {
        backlog_set_failing(&lane->backlog, false);
    }
}

enum progress lane_run(struct lane *lane, int64_t now_ns, bool closing) {
    if (lane->retry_ns > now_ns && !closing) {
        return PROGRESS_FAILED;
    }
    lane->now_ns = now_ns;
    lane->blocked = NULL;
    uint64_t bytes = atomic_load(&lane->bytes);
    say_stall(lane);
    terminal_measure(&lane->terminal);
    enum progress progress = take_some(lane);
    lane->more = progress == PROGRESS_DONE && lane->first != NULL;
    if (lane->more) {
        settle(lane, progress, atomic_load(&lane->bytes) != bytes);
        return PROGRESS_DONE;
    }
    if (progress == PROGRESS_DONE) {
        settle_terminal(lane, closing);
        progress = flush_all(lane);
    }
    if (progress == PROGRESS_DONE) {
        progress = tell_loss(lane);
    }
    if (progress == PROGRESS_DONE && closing) {
        progress = copy_spools(lane);
    }
    settle(lane, progress, atomic_load(&lane->bytes) != bytes);
    return progress;
}

void lane_give_up_rest(struct lane *lane) {
    if (lane->blocked != NULL && !lane->said_losing && !atomic_load(&lane->backlog.failing)) {
        say_lost(lane, "it has no reader, its last lines are lost");
    }
}

void lane_reopen(struct lane *lane) {
    enum progress progress = flush_all(lane);
    for (struct file *file = lane->files.active; file != NULL; file = file->next) {
        if (lane->to->framing->shape == SHAPE_FOLDER || file->standard_fd >= 0) {
            continue;
        }
        file_close(file);
        // A failure is said by the next run, which meets it again.
        enum err err = lane->to->placeholders ? OK : file_open(file, &lane->last_words);
        (void)err;
    }
    (void)progress; // what could not be flushed follows in the new file
}

// ── opening ─────────────────────────────────────────────────────────────────────────────────────

// A folder that files will be made in.
static enum err check_folder(struct failure *failure, const struct lane *lane, const char *path) {
    struct stat status;
    int error = stat(path, &status) != 0        ? errno
                : !S_ISDIR(status.st_mode)      ? ENOTDIR
                : access(path, W_OK | X_OK) < 0 ? errno
                                                : 0;
    if (error != 0) {
        return fail(failure, ERR_SYSTEM, "cannot write to %s output '%s': '%s': %s",
                    lane->to->framing->name, lane->to->path, path, strerror(error));
    }
    return OK;
}

static enum err open_folder(struct failure *failure, const struct lane *lane) {
    const char *path = lane->to->path;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return fail(failure, ERR_SYSTEM, "cannot make the folder of eml output '%s': %s", path,
                    strerror(errno));
    }
    return check_folder(failure, lane, path);
}

static enum err open_fixed(struct failure *failure, const struct lane *lane) {
    char *folder = path_fixed_folder(lane->to->path);
    enum err err = check_folder(failure, lane, folder);
    free(folder);
    return err;
}

enum err lane_open(struct failure *failure, struct lane *lane, const struct destination *to,
                   const struct spool_options *options) {
    *lane = (struct lane){.to = to, .options = options};
    backlog_init(&lane->backlog, options->queue_max);
    if (to->placeholders) {
        return open_fixed(failure, lane);
    }
    if (to->framing->shape == SHAPE_FOLDER) {
        return open_folder(failure, lane);
    }
    if (to->framing->screen && strcmp(to->path, "-") == 0) {
        terminal_init(&lane->terminal, dash_fd(lane), to->color);
    }
    struct file *file = lane_file(lane, to->path);
    enum err err = file_open(file, failure);
    size_t len = 0;
    if (err == OK && file_is_open(file) && file_flush(file, &len, failure) == PROGRESS_FAILED) {
        err = ERR_SYSTEM;
    }
    return err;
}

void lane_cleanup(struct lane *lane) {
    while (lane->first != NULL) {
        pop(lane);
    }
    file_table_cleanup(&lane->files);
    terminal_cleanup(&lane->terminal);
}
