// SPDX-License-Identifier: MIT
#include "control/control.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/safe_file.h"
#include "control/socket_path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

enum { BACKLOG = 16 };

struct control_client {
    struct control_server *server;
    struct control_client *next;
    uv_pipe_t pipe;
    uv_write_t write;
    char line[LIMIT_CONTROL_LINE];
    size_t line_len;
    struct buf answer; // what is being written
    void *wait;        // of the handler, while its answer is not due
};

struct control_server {
    uv_pipe_t pipe;
    char *path;
    dev_t device; // of the socket file: another one at that path is not ours to remove
    ino_t inode;
    struct control_handler handler;
    struct control_client *clients;
    size_t client_count;
    bool busy;    // within the handler
    bool closing; // asked to close
    bool closed;  // the listening handle's close callback has run
};

// ── the end of things ───────────────────────────────────────────────────────────────────────────

static void free_when_done(struct control_server *server) {
    if (server->closed && server->clients == NULL) {
        free(server->path);
        free(server);
    }
}

static void on_client_closed(uv_handle_t *handle) {
    struct control_client *client = handle->data;
    struct control_server *server = client->server;
    struct control_client **at = &server->clients;
    while (*at != client) {
        at = &(*at)->next;
    }
    *at = client->next;
    server->client_count--;
    if (client->wait != NULL) {
        server->handler.wait_free(client->wait);
    }
    buf_cleanup(&client->answer);
    free(client);
    free_when_done(server);
}

static void close_client(struct control_client *client) {
    uv_handle_t *handle = (uv_handle_t *)&client->pipe;
    if (!uv_is_closing(handle)) {
        uv_close(handle, on_client_closed);
    }
}

static void on_server_closed(uv_handle_t *handle) {
    struct control_server *server = handle->data;
    server->closed = true;
    free_when_done(server);
}

static void remove_socket(const struct control_server *server) {
    struct stat info;
    if (lstat(server->path, &info) == 0 && info.st_dev == server->device &&
        info.st_ino == server->inode) {
        unlink(server->path);
    }
}

static void close_all(struct control_server *server) {
    uv_handle_t *handle = (uv_handle_t *)&server->pipe;
    if (uv_is_closing(handle)) {
        return;
    }
    remove_socket(server);
    for (struct control_client *client = server->clients; client != NULL; client = client->next) {
        close_client(client);
    }
    uv_close(handle, on_server_closed);
}

// ── a client ────────────────────────────────────────────────────────────────────────────────────

static void on_written(uv_write_t *write, int status) {
    (void)status;
    close_client(write->data);
}

// Writes what the socket takes at once, so that an answer is out even where the loop ends now.
static void send_answer(struct control_client *client) {
    struct slice answer = buf_slice(&client->answer);
    uv_stream_t *stream = (uv_stream_t *)&client->pipe;
    uv_buf_t bytes = uv_buf_init((char *)(uintptr_t)answer.data, (unsigned)answer.len);
    int sent = uv_try_write(stream, &bytes, 1);
    if (sent == (int)answer.len || (sent < 0 && sent != UV_EAGAIN)) {
        close_client(client);
        return;
    }
    if (sent > 0) {
        bytes = uv_buf_init(bytes.base + sent, (unsigned)(bytes.len - (size_t)sent));
    }
    client->write.data = client;
    if (uv_write(&client->write, stream, &bytes, 1, on_written) != 0) {
        close_client(client);
    }
}

static void send_text(struct control_client *client, struct slice text) {
    buf_init(&client->answer, LIMIT_CONTROL_ANSWER + FAILURE_MAX);
    buf_put_string(&client->answer, "ok\n");
    buf_put(&client->answer, text);
    send_answer(client);
}

static void send_failure(struct control_client *client, const char *sentence) {
    buf_init(&client->answer, LIMIT_CONTROL_ANSWER + FAILURE_MAX);
    buf_putf(&client->answer, "error: %s\n", sentence);
    send_answer(client);
}

static void carry_out(struct control_client *client, struct slice name) {
    struct control_server *server = client->server;
    enum control_command command;
    struct failure failure = {.text = "unknown command"};
    struct buf text;
    buf_init(&text, LIMIT_CONTROL_ANSWER);
    enum err err = ERR_USAGE;
    if (control_command_parse(&command, name)) {
        server->busy = true;
        err = server->handler.command(server->handler.context, &text, &failure, command);
        server->busy = false;
    }
    if (err == OK) {
        send_text(client, buf_slice(&text));
    } else {
        send_failure(client, failure.text);
    }
    buf_cleanup(&text);
    if (server->closing) {
        close_all(server);
    }
}

// ── those that wait ─────────────────────────────────────────────────────────────────────────────

static bool answer_when_over(struct control_client *client) {
    struct buf text;
    buf_init(&text, LIMIT_CONTROL_ANSWER);
    bool over = client->server->handler.wait_look(client->wait, &text);
    if (over) {
        client->server->handler.wait_free(client->wait);
        client->wait = NULL;
        send_text(client, buf_slice(&text));
    }
    buf_cleanup(&text);
    return over;
}

void control_server_look(struct control_server *server) {
    for (struct control_client *client = server->clients; client != NULL; client = client->next) {
        if (client->wait != NULL) {
            (void)answer_when_over(client);
        }
    }
}

// The proxy has stopped: what holds by now is said, the rest never will.
static void end_waits(struct control_server *server) {
    control_server_look(server);
    for (struct control_client *client = server->clients; client != NULL; client = client->next) {
        if (client->wait != NULL && !uv_is_closing((uv_handle_t *)&client->pipe)) {
            send_failure(client, "the proxy has stopped, and what was expected did not hold");
        }
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out);

// Only the end of a client that went away is read.
static void on_waiting(uv_stream_t *stream, ssize_t len, const uv_buf_t *bytes) {
    struct control_client *client = stream->data;
    (void)bytes;
    if (len != 0) {
        close_client(client);
    }
}

static void begin_wait(struct control_client *client, struct slice words) {
    struct control_server *server = client->server;
    struct failure failure = {.text = ""};
    enum err err =
        server->handler.wait_new(server->handler.context, &client->wait, &failure, words);
    if (err != OK) {
        send_failure(client, failure.text);
    } else if (!answer_when_over(client)) {
        client->line_len = 0;
        (void)uv_read_start((uv_stream_t *)&client->pipe, on_alloc, on_waiting);
    }
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out) {
    struct control_client *client = handle->data;
    (void)suggested;
    *out = uv_buf_init(client->line + client->line_len,
                       (unsigned)(sizeof(client->line) - client->line_len));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *bytes) {
    struct control_client *client = stream->data;
    (void)bytes;
    if (len < 0) {
        close_client(client);
        return;
    }
    client->line_len += (size_t)len;
    struct slice line = slice_of(client->line, client->line_len);
    size_t end = slice_find_byte(line, '\n');
    if (end == SLICE_NONE && client->line_len < sizeof(client->line)) {
        return;
    }
    uv_read_stop(stream);
    line = slice_sub(line, 0, end);
    if (slice_starts_with(line, SLICE("wait\t")) && client->server->handler.wait_new != NULL) {
        begin_wait(client, slice_from(line, sizeof("wait") - 1));
    } else {
        carry_out(client, slice_trim(line));
    }
}

static void on_connection(uv_stream_t *listener, int status) {
    struct control_server *server = listener->data;
    if (status != 0) {
        return;
    }
    struct control_client *client = mem_new(sizeof(*client));
    client->server = server;
    client->pipe.data = client;
    client->next = server->clients;
    server->clients = client;
    server->client_count++;
    uv_pipe_init(listener->loop, &client->pipe, 0);
    bool accepted = uv_accept(listener, (uv_stream_t *)&client->pipe) == 0;
    if (accepted && server->client_count > LIMIT_CONTROL_CLIENTS) {
        send_failure(client, "too many ask at once");
    } else if (!accepted || uv_read_start((uv_stream_t *)&client->pipe, on_alloc, on_read) != 0) {
        close_client(client);
    }
}

void control_server_close(struct control_server *server) {
    if (server == NULL) {
        return;
    }
    server->closing = true;
    end_waits(server);
    if (!server->busy) { // else after the answer to the command that stops it
        close_all(server);
    }
}

// ── the beginning ───────────────────────────────────────────────────────────────────────────────

// Makes room at the path: a dead process's socket goes, anything else stays.
static enum err clear_place(struct failure *failure, const char *path) {
    switch (socket_look(path, NULL)) {
    case SOCKET_EMPTY:
        return OK;
    case SOCKET_STALE:
        unlink(path);
        return OK;
    case SOCKET_ANSWERED:
        return fail(failure, ERR_SYSTEM, "another proxy answers at %s", path);
    case SOCKET_OTHER:
        break;
    }
    return fail(failure, ERR_SYSTEM, "%s is in the way of the control socket", path);
}

// A bound socket that only its owner may connect to, or -1. The mode is set before the file exists.
static int bind_socket(const struct sockaddr_un *address) {
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return -1;
    }
    if (fchmod(fd, S_IRUSR | S_IWUSR) != 0 ||
        bind(fd, (const struct sockaddr *)address, sizeof(*address)) != 0) {
        return file_give_up(fd);
    }
    return fd;
}

static enum err listen_at(struct failure *failure, int *out_fd, const char *path) {
    struct sockaddr_un address;
    enum err err = socket_address(&address, failure, path);
    if (err == OK) {
        err = clear_place(failure, path);
    }
    if (err != OK) {
        return err;
    }
    *out_fd = bind_socket(&address);
    return *out_fd >= 0 ? OK
                        : fail(failure, ERR_SYSTEM, "cannot make the control socket %s: %s", path,
                               strerror(errno));
}

static enum err find_path(char **out, struct failure *failure, const char *path) {
    if (path != NULL) {
        *out = mem_string(path);
        return OK;
    }
    char *folder = socket_folder();
    enum err err = socket_make_folder(failure, folder);
    *out = err == OK ? socket_own_path(folder) : NULL;
    free(folder);
    return err;
}

static struct control_server *server_new(uv_loop_t *loop, char *path, int fd,
                                         const struct control_handler *handler) {
    struct control_server *server = mem_new(sizeof(*server));
    struct stat info = {0};
    (void)lstat(path, &info);
    server->path = path;
    server->device = info.st_dev;
    server->inode = info.st_ino;
    server->handler = *handler;
    server->pipe.data = server;
    uv_pipe_init(loop, &server->pipe, 0);
    if (uv_pipe_open(&server->pipe, fd) != 0) {
        close(fd);
    }
    return server;
}

enum err control_server_new(struct control_server **out, struct failure *failure, uv_loop_t *loop,
                            const char *path, const struct control_handler *handler) {
    char *own_path = NULL;
    int fd = -1;
    enum err err = find_path(&own_path, failure, path);
    if (err == OK) {
        err = listen_at(failure, &fd, own_path);
    }
    if (err != OK) {
        free(own_path);
        return err;
    }
    struct control_server *server = server_new(loop, own_path, fd, handler);
    int error = uv_listen((uv_stream_t *)&server->pipe, BACKLOG, on_connection);
    if (error != 0) {
        err = fail(failure, ERR_SYSTEM, "cannot listen at %s: %s", own_path, uv_strerror(error));
        close_all(server);
        return err;
    }
    *out = server;
    return OK;
}

const char *control_server_path(const struct control_server *server) {
    return server->path;
}
