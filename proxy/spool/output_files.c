// SPDX-License-Identifier: MIT
#include "spool/output_files.h"

#include "base/memory.h"
#include "spool/document_file.h"
#include "spool/output_path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// ── trouble ─────────────────────────────────────────────────────────────────────────────────────

// The cause at the end of "cannot write to text output 'x': No space left on device". A remedy that
// follows it is for the start, when another place can still be named.
static const char *cause_in(const char *sentence) {
    const char *cause = sentence;
    for (const char *end = strstr(sentence, "': "); end != NULL; end = strstr(cause, "': ")) {
        cause = end + 3;
    }
    return cause;
}

void output_files_complain(struct output_files *files, const char *sentence) {
    const char *cause = cause_in(sentence);
    int cause_len = (int)strcspn(cause, ";");
    snprintf(files->reason, sizeof(files->reason), "%.*s", cause_len, cause);
    if (files->options->complain != NULL) {
        int len = (int)(cause - sentence) + cause_len;
        char *line = mem_format("%.*s; the mail goes on", len, sentence);
        files->options->complain(files->options->complain_context, line);
        free(line);
    }
}

void output_files_count(struct output_files *files, size_t len) {
    atomic_fetch_add(&files->bytes, len);
    backlog_wrote(&files->backlog, len, files->now_ns);
}

enum progress output_files_give_up(struct output_files *files, uint64_t lines, bool said) {
    backlog_lose(&files->backlog, lines);
    if (!said) {
        output_files_complain(files, files->last_words.text);
    }
    return PROGRESS_DONE;
}

enum progress output_files_flush(struct output_files *files, struct file *file) {
    size_t len = 0;
    if (buf_len(&file->out) == 0) {
        return PROGRESS_DONE;
    }
    if (file_refresh(file, &files->last_words) != OK) {
        return PROGRESS_FAILED;
    }
    if (buf_len(&file->out) == 0) {
        return PROGRESS_DONE; // the message was removed
    }
    enum progress progress = PROGRESS_WAIT;
    if (file_is_open(file)) {
        progress = file_flush(file, &len, &files->last_words);
    }
    output_files_count(files, len);
    if (progress == PROGRESS_WAIT) {
        files->blocked = file;
    }
    return progress;
}

// ── one file ────────────────────────────────────────────────────────────────────────────────────

enum progress output_files_make_room(struct output_files *files) {
    struct file *surplus = file_table_surplus(&files->table);
    enum progress progress = PROGRESS_DONE;
    if (surplus != NULL) {
        progress = output_files_flush(files, surplus);
    }
    if (surplus != NULL && progress == PROGRESS_DONE) {
        file_table_retire(&files->table, surplus);
    }
    return progress;
}

static int dash_fd(const struct output_files *files) {
    return files->options->dash_is_stderr ? STDERR_FILENO : STDOUT_FILENO;
}

struct file *output_files_at(struct output_files *files, const char *path) {
    struct file *file = file_table_find(&files->table, path);
    if (file != NULL) {
        file_table_touch(&files->table, file);
        return file;
    }
    file = file_table_add(&files->table, files->to->framing, path);
    if (strcmp(path, "-") == 0) {
        file->standard_fd = dash_fd(files);
    }
    return file;
}

enum err output_files_open_one(struct output_files *files, struct file *file) {
    enum err err = OK;
    if (!file_is_open(file) && files->to->placeholders) {
        err = path_make_folders(&files->last_words, files->to->path, file->path);
    } else if (!file_is_open(file) && files->to->framing->shape == SHAPE_FOLDER) {
        // We made the folder of `eml`; where it was lost, it is made again.
        int result = mkdir(files->to->path, 0700);
        (void)result; // what fails is said by what is opened in it
    }
    return err == OK ? file_open(file, &files->last_words) : err;
}

// ── all of them ─────────────────────────────────────────────────────────────────────────────────

enum progress output_files_flush_all(struct output_files *files) {
    enum progress progress = PROGRESS_DONE;
    for (struct file *file = files->table.active; file != NULL && progress == PROGRESS_DONE;
         file = file->next) {
        progress = output_files_flush(files, file);
    }
    return progress;
}

enum progress output_files_copy_spools(struct output_files *files) {
    enum progress progress = PROGRESS_DONE;
    for (struct file *file = files->table.active; file != NULL && progress == PROGRESS_DONE;
         file = file->next) {
        while (progress == PROGRESS_DONE && document_spool_next(file)) {
            progress = output_files_flush(files, file);
        }
    }
    return progress;
}

// The status line below what was taken; a screen is one file.
void output_files_settle_terminal(struct output_files *files, bool closing) {
    struct file *file = files->table.active;
    if (files->terminal.is_terminal && file != NULL) {
        terminal_settle(&files->terminal, &file->out, closing);
    }
}

void output_files_reopen(struct output_files *files) {
    enum progress progress = output_files_flush_all(files);
    for (struct file *file = files->table.active; file != NULL; file = file->next) {
        if (files->to->framing->shape == SHAPE_FOLDER || file->standard_fd >= 0) {
            continue;
        }
        file_close(file);
        // A failure is said by the next run, which meets it again.
        enum err err = files->to->placeholders ? OK : file_open(file, &files->last_words);
        (void)err;
    }
    (void)progress; // what could not be flushed follows in the new file
}

// ── opening ─────────────────────────────────────────────────────────────────────────────────────

static enum err open_folder(struct failure *failure, const struct output_files *files) {
    const char *path = files->to->path;
    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return fail(failure, ERR_SYSTEM, "cannot make the folder of eml output '%s': %s", path,
                    strerror(errno));
    }
    return path_check_folder(failure, files->to, path);
}

static enum err open_fixed(struct failure *failure, const struct output_files *files) {
    char *folder = path_fixed_folder(files->to->path);
    enum err err = path_check_folder(failure, files->to, folder);
    free(folder);
    return err;
}

enum err output_files_open(struct failure *failure, struct output_files *files,
                           const struct destination *to, const struct spool_options *options) {
    *files = (struct output_files){.to = to, .options = options};
    backlog_init(&files->backlog, options->queue_max);
    enum err err = path_make_fixed_folder(failure, to);
    if (err != OK) {
        return err;
    }
    if (to->placeholders) {
        return open_fixed(failure, files);
    }
    if (to->framing->shape == SHAPE_FOLDER) {
        return open_folder(failure, files);
    }
    if (to->framing->screen && strcmp(to->path, "-") == 0) {
        terminal_init(&files->terminal, dash_fd(files), to->color);
    }
    struct file *file = output_files_at(files, to->path);
    err = file_open(file, failure);
    size_t len = 0;
    if (err == OK && file_is_open(file) && file_flush(file, &len, failure) == PROGRESS_FAILED) {
        err = ERR_SYSTEM;
    }
    return err;
}

void output_files_cleanup(struct output_files *files) {
    file_table_cleanup(&files->table);
    terminal_cleanup(&files->terminal);
}
