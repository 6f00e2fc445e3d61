// SPDX-License-Identifier: MIT
#include "control/control.h"

#include "base/limits.h"
#include "base/memory.h"
#include "control/socket_path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { ANSWER_WAIT_S = 30, READ_SIZE = 4096 };

struct question {
    const char *line;
    time_t patience_s; // for the answer
};

// How the proxy took a question.
enum reception {
    RECEPTION_WHOLE, // its answer is all there
    RECEPTION_GONE,  // it closed the connection first, as a proxy that stops does
    RECEPTION_NONE,  // no answer in time
};

// What does not arrive is seen at the answer.
static void send_line(int fd, const char *line) {
    (void)send(fd, line, strlen(line), MSG_NOSIGNAL);
    (void)send(fd, "\n", 1, MSG_NOSIGNAL);
}

// Everything up to the end of the stream.
static enum reception read_answer(struct buf *answer, int fd, time_t patience_s) {
    const struct timeval patience = {.tv_sec = patience_s};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    for (;;) {
        uint8_t *room = buf_reserve(answer, READ_SIZE);
        ssize_t len = room == NULL ? -1 : recv(fd, room, READ_SIZE, 0);
        if (len < 0 && room != NULL && errno == EINTR) {
            continue;
        }
        if (room == NULL || (len < 0 && errno != ECONNRESET)) {
            return RECEPTION_NONE;
        }
        if (len <= 0) { // a reset follows an answer that did not wait for the question
            return buf_len(answer) > 0 ? RECEPTION_WHOLE : RECEPTION_GONE;
        }
        buf_commit(answer, (size_t)len);
    }
}

static enum control_result understand(struct buf *out, struct slice answer, const char *path) {
    struct slice rest = answer;
    struct slice head = slice_split(&rest, '\n');
    if (slice_is(head, "ok")) {
        buf_put(out, rest);
        return CONTROL_ANSWERED;
    }
    if (slice_starts_with(head, SLICE("error: "))) {
        buf_put(out, slice_from(head, sizeof("error: ") - 1));
        buf_put_byte(out, '\n');
    } else {
        buf_putf(out, "no answer from the proxy at %s\n", path);
    }
    return CONTROL_REFUSED;
}

static enum control_result ask_over(struct buf *out, int fd, const char *path,
                                    const struct question *question) {
    struct buf answer;
    buf_init(&answer, LIMIT_CONTROL_ANSWER);
    enum control_result result = CONTROL_REFUSED;
    send_line(fd, question->line);
    switch (read_answer(&answer, fd, question->patience_s)) {
    case RECEPTION_WHOLE:
        result = understand(out, buf_slice(&answer), path);
        break;
    case RECEPTION_GONE:
        buf_putf(out, "the proxy at %s has stopped\n", path);
        break;
    case RECEPTION_NONE:
        buf_putf(out, "no answer from the proxy at %s\n", path);
        break;
    }
    buf_cleanup(&answer);
    return result;
}

static enum control_result ask(struct buf *out, const char *path, const struct question *question) {
    int fd = -1;
    switch (socket_look(path, &fd)) {
    case SOCKET_ANSWERED:
        break;
    case SOCKET_STALE:
        unlink(path);
        buf_putf(out, "no proxy is running at %s\n", path);
        return CONTROL_NONE;
    case SOCKET_EMPTY:
    case SOCKET_OTHER:
        buf_putf(out, "no proxy is running at %s\n", path);
        return CONTROL_NONE;
    }
    enum control_result result = ask_over(out, fd, path, question);
    close(fd);
    return result;
}

// The one line of a list of one, over the connection that found it: a proxy that stops meanwhile
// has stopped, and was there.
static enum control_result ask_only(struct buf *out, const struct buf *list, int fd,
                                    const struct question *question) {
    struct slice rest = buf_slice(list);
    char *path = mem_string_of(slice_split(&rest, '\n'));
    enum control_result result = ask_over(out, fd, path, question);
    close(fd);
    free(path);
    return result;
}

// The values of `NAME: VALUE` lines of a status, with `before` in front of the first.
static void put_values(struct buf *out, const char *before, struct slice status,
                       struct slice name) {
    while (status.len > 0) {
        struct slice line = slice_split(&status, '\n');
        if (slice_starts_with(line, name)) {
            buf_put_string(out, before);
            buf_put(out, slice_from(line, name.len));
            before = ", ";
        }
    }
}

// `PATH: since 2026-11-22T15:03:11Z, 127.0.0.1:2525 (sink)`: how a person knows one proxy from
// another.
static void describe(struct buf *out, struct slice socket) {
    char *path = mem_string_of(socket);
    struct buf status;
    buf_init(&status, LIMIT_CONTROL_ANSWER);
    buf_put(out, socket);
    const struct question question = {control_command_name(CONTROL_STATUS), ANSWER_WAIT_S};
    if (ask(&status, path, &question) == CONTROL_ANSWERED) {
        put_values(out, ": since ", buf_slice(&status), SLICE("started: "));
        put_values(out, ", ", buf_slice(&status), SLICE("listening: "));
        put_values(out, ", ", buf_slice(&status), SLICE("running: "));
    }
    buf_put_byte(out, '\n');
    buf_cleanup(&status);
    free(path);
}

static void describe_all(struct buf *out, struct slice list) {
    while (list.len > 0) {
        describe(out, slice_split(&list, '\n'));
    }
}

static enum control_result ask_any(struct buf *out, const char *path,
                                   const struct question *question) {
    if (path != NULL) {
        return ask(out, path, question);
    }
    struct buf list;
    buf_init(&list, LIMIT_CONTROL_ANSWER);
    char *folder = socket_folder();
    int only = -1;
    size_t count = socket_list(&list, &only, folder);
    enum control_result result = CONTROL_SEVERAL;
    if (count == 0) {
        buf_putf(out, "no proxy is running: none answers in %s\n", folder);
        result = CONTROL_NONE;
    } else if (count == 1) {
        result = ask_only(out, &list, only, question);
    } else {
        describe_all(out, buf_slice(&list));
    }
    free(folder);
    buf_cleanup(&list);
    return result;
}

enum control_result control_client_ask(struct buf *out, const char *path,
                                       enum control_command command) {
    const struct question question = {control_command_name(command), ANSWER_WAIT_S};
    return ask_any(out, path, &question);
}

enum control_result control_client_wait(struct buf *out, const char *path, uint64_t wait_ms,
                                        struct slice expectations) {
    char *line = mem_format("wait\t%llu%.*s", (unsigned long long)wait_ms, (int)expectations.len,
                            (const char *)expectations.data);
    const struct question question = {line, ANSWER_WAIT_S + (time_t)(wait_ms / 1000)};
    enum control_result result = ask_any(out, path, &question);
    free(line);
    return result;
}
