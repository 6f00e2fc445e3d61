// SPDX-License-Identifier: MIT
// set: all outputs of the process: opened by the rules of the contract, paused, reopened, closed.
#include "observe/output_parts.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "spool/output_path.h"
#include "spool/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// ── opening ─────────────────────────────────────────────────────────────────────────────────────

static bool is_screen(const struct output_options *options, const char *path) {
    int fd = options->spool.dash_is_stderr ? STDERR_FILENO : STDOUT_FILENO;
    return strcmp(path, "-") == 0 && isatty(fd) == 1;
}

bool output_wants_color(enum color_choice choice, bool screen) {
    const char *no_color = getenv("NO_COLOR");
    switch (choice) {
    case COLOR_ALWAYS:
        return true;
    case COLOR_NEVER:
        return false;
    case COLOR_AUTO:
        break;
    }
    return screen && (no_color == NULL || *no_color == '\0') && !terminal_is_dumb();
}

static void describe(struct output *output, const struct output_options *options, size_t index) {
    const struct output_spec *spec = &options->specs[index];
    const struct framing *framing = spec->format->framing;
    bool screen = framing->screen && is_screen(options, spec->path);
    *output = (struct output){
        .to = {.index = index,
               .framing = framing,
               .path = mem_string(spec->path),
               .placeholders = path_has_placeholders(spec->path),
               .screen = screen,
               .color = framing->screen && output_wants_color(options->color, screen)},
        .format = spec->format,
        .body = options->body,
        .quiet = options->quiet && strcmp(spec->path, "-") == 0,
    };
}

static bool is_given_before(const struct output_options *options, size_t at) {
    for (size_t i = 0; i < at; i++) {
        if (strcmp(options->specs[i].path, options->specs[at].path) == 0) {
            return true;
        }
    }
    return false;
}

static enum err check_names(struct failure *failure, const struct output_options *options) {
    for (size_t i = 0; i < options->spec_count; i++) {
        if (is_given_before(options, i)) {
            return fail(failure, ERR_USAGE, "--output: '%s' is given twice",
                        options->specs[i].path);
        }
    }
    return OK;
}

// What an output without placeholders writes to; false where nothing is there, and for devices,
// which may serve many.
static bool place_of(struct stat *out, const struct output_set *set, size_t index) {
    const struct destination *to = &set->outputs[index].to;
    int standard = set->options.spool.dash_is_stderr ? STDERR_FILENO : STDOUT_FILENO;
    int result = strcmp(to->path, "-") == 0 ? fstat(standard, out) : stat(to->path, out);
    return result == 0 && !to->placeholders && !S_ISCHR(out->st_mode);
}

// One file may have several names. This comes before `next` is opened, which may put a new file in
// the place of an earlier one.
static enum err check_places(struct failure *failure, const struct output_set *set, size_t next) {
    struct stat place;
    struct stat other;
    for (size_t i = 0; i < next; i++) {
        if (place_of(&place, set, next) && place_of(&other, set, i) &&
            place.st_dev == other.st_dev && place.st_ino == other.st_ino) {
            return fail(failure, ERR_USAGE, "--output: '%s' and '%s' are the same file",
                        set->outputs[i].to.path, set->outputs[next].to.path);
        }
    }
    return OK;
}

static enum err open_queues(struct failure *failure, struct output_set *set) {
    enum err err = OK;
    for (size_t i = 0; i < set->count && err == OK; i++) {
        err = check_places(failure, set, i);
        if (err != OK) {
            break;
        }
        err = output_queue_open(failure, &set->queues[i], &set->outputs[i].to, &set->options.spool);
        set->opened = i + 1;
    }
    return err;
}

static void free_set(struct output_set *set) {
    for (size_t i = 0; i < set->opened; i++) {
        output_queue_cleanup(&set->queues[i]);
    }
    for (size_t i = 0; i < set->count; i++) {
        free((char *)(uintptr_t)set->outputs[i].to.path);
    }
    writer_free(set->writer);
    pthread_mutex_destroy(&set->pause_lock);
    free(set->outputs);
    free(set->queues);
    free(set);
}

static struct output_set *set_new(const struct output_options *options) {
    struct output_set *set = mem_new(sizeof(*set));
    set->options = *options;
    budget_init(&set->kept, LIMIT_KEPT, LIMIT_KEPT_FLOOR);
    set->options.specs = NULL;
    set->count = options->spec_count;
    set->outputs = mem_new_array(set->count, sizeof(*set->outputs));
    set->queues = mem_new_array(set->count, sizeof(*set->queues));
    pthread_mutex_init(&set->pause_lock, NULL);
    for (size_t i = 0; i < set->count; i++) {
        describe(&set->outputs[i], options, i);
        const struct format_info *format = set->outputs[i].format;
        set->has_document |= format->takes_document;
        set->shares_messages |= format->shares_messages;
        set->has_secrets |= format->has_secrets;
    }
    return set;
}

enum err output_set_open(struct output_set **out, struct failure *failure,
                         const struct output_options *options) {
    *out = NULL;
    enum err err = check_names(failure, options);
    if (err != OK) {
        return err;
    }
    struct output_set *set = set_new(options);
    err = open_queues(failure, set);
    if (err == OK) {
        err = writer_new(&set->writer, failure, set->queues, set->count);
    }
    if (err == OK && !options->starts_later) {
        err = writer_start(set->writer, failure);
    }
    if (err != OK) {
        free_set(set);
        return err;
    }
    output_set_pause(set, options->paused, clock_unix_ns());
    *out = set;
    return OK;
}

enum err output_set_start(struct output_set *set, struct failure *failure) {
    return writer_start(set->writer, failure);
}

void output_set_stop(struct output_set *set) {
    if (set->stopped) {
        return;
    }
    set->stopped = true;
    // A recording that is off to the end was off for a span, too.
    output_set_pause(set, false, clock_unix_ns());
    set->stuck = !writer_stop(set->writer);
}

void output_set_close(struct output_set *set) {
    if (set == NULL) {
        return;
    }
    output_set_stop(set);
    if (!set->stuck) {
        free_set(set);
    }
}

void output_set_on_pause(struct output_set *set, struct event_sink pauses) {
    set->pauses = pauses;
}

// ── what sessions ask ───────────────────────────────────────────────────────────────────────────

void output_set_on_session(struct output_set *set,
                           void (*ended)(void *context, const struct record *session),
                           void *context) {
    set->ended = ended;
    set->ended_context = context;
}

bool output_set_wants_wire(const struct output_set *set) {
    return set->has_secrets;
}

bool output_set_congested(const struct output_set *set) {
    int64_t now_ns = clock_monotonic_ns();
    for (size_t i = 0; i < set->count; i++) {
        if (backlog_is_congested(&set->queues[i].files.backlog, now_ns)) {
            return true;
        }
    }
    return false;
}

char *output_path_expand(const struct output *output, const struct event_session *session) {
    if (!output->to.placeholders) {
        return NULL;
    }
    if (session == NULL) {
        return path_expand(output->to.path, &(struct path_values){.unix_ns = clock_unix_ns()});
    }
    const struct event_endpoint *server = &session->server;
    const struct path_values values = {
        .session = session->id,
        .unix_ns = session->started_unix_ns,
        .client = session->client.address,
        .server = !session->has_server   ? mode_name(session->mode)
                  : server->host != NULL ? server->host
                                         : server->address,
    };
    return path_expand(output->to.path, &values);
}

// ── switches ────────────────────────────────────────────────────────────────────────────────────

void output_set_reopen(struct output_set *set) {
    writer_reopen(set->writer);
}

// The line of session 0 that says what span was left out, in every output that has such lines.
static void submit_span(struct output_set *set, int64_t from_unix_ns, int64_t to_unix_ns) {
    struct event event = {.kind = EVENT_PAUSED, .at_ns = to_unix_ns};
    event.paused = (struct event_paused){from_unix_ns, to_unix_ns};
    struct write_batch *batch = write_batch_new();
    for (size_t i = 0; i < set->count; i++) {
        struct buf line;
        buf_init(&line, NOTICE_MAX);
        struct chunk chunk = {.kind = CHUNK_LINES, .output = i};
        const struct output *output = &set->outputs[i];
        if (output->format->put_notice != NULL) {
            output->format->put_notice(&line, &event, output->to.color);
            chunk.path = output_path_expand(&set->outputs[i], NULL);
            chunk.bytes = buf_take(&line, &chunk.len);
            write_batch_add(batch, chunk);
        }
        buf_cleanup(&line);
    }
    writer_submit(set->writer, batch);
    if (set->pauses.take != NULL) {
        event_send(&set->pauses, &event);
    }
}

void output_set_pause(struct output_set *set, bool paused, int64_t unix_ns) {
    pthread_mutex_lock(&set->pause_lock);
    bool before = atomic_exchange(&set->paused, paused);
    if (paused && !before) {
        set->paused_since_ns = unix_ns;
    }
    // Under the lock, so that two spans come in their order.
    if (!paused && before) {
        submit_span(set, set->paused_since_ns, unix_ns);
    }
    pthread_mutex_unlock(&set->pause_lock);
}

bool output_set_paused(const struct output_set *set) {
    return atomic_load(&set->paused);
}

bool output_set_has_status_line(const struct output_set *set) {
    if (set->options.quiet) {
        return false;
    }
    for (size_t i = 0; i < set->count; i++) {
        const struct terminal *terminal = &set->queues[i].files.terminal;
        if (terminal->is_terminal && terminal->moves && !set->options.spool.dash_is_stderr) {
            return true;
        }
    }
    return false;
}

void output_set_status_line(struct output_set *set, const char *text) {
    writer_set_status_line(set->writer, text);
}

size_t output_set_status(const struct output_set *set, struct output_status *out, size_t max) {
    for (size_t i = 0; i < set->count && i < max; i++) {
        const struct output_files *files = &set->queues[i].files;
        out[i] = (struct output_status){
            .format = set->outputs[i].format->name,
            .path = set->outputs[i].to.path,
            .lines = atomic_load(&files->lines),
            .bytes = atomic_load(&files->bytes),
            .lost = atomic_load(&files->backlog.lost),
            .failing = atomic_load(&files->backlog.failing) || atomic_load(&files->backlog.losing),
        };
    }
    return set->count;
}
