// SPDX-License-Identifier: MIT
// The control socket: whatever a client sends, in one piece or in two, and whether or not it
// closes, the server gives one answer that says `ok` or `error: `, or closes, and goes on.
#include "base/slice.h"
#include "control/control.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { TURNS = 6, ANSWER_LEN = 256 };

static uv_loop_t loop;
static struct control_server *server;
static char folder[64];
static struct sockaddr_un place = {.sun_family = AF_UNIX};

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static enum err answer_command(void *context, struct buf *answer, struct failure *failure,
                               enum control_command command) {
    (void)context;
    if (command == CONTROL_ROTATE) {
        snprintf(failure->text, sizeof(failure->text), "the disk is full");
        return ERR_SYSTEM;
    }
    buf_put_string(answer, "sessions: 3\n");
    return OK;
}

static void turn(void) {
    for (int i = 0; i < TURNS; i++) {
        uv_run(&loop, UV_RUN_NOWAIT);
    }
}

static void leave(void) {
    control_server_close(server);
    turn();
    rmdir(folder);
}

static void enter_once(void) {
    static const struct control_handler handler = {.command = answer_command};
    struct failure failure;
    if (server != NULL) {
        return;
    }
    snprintf(folder, sizeof(folder), "/tmp/control_fuzz.XXXXXX");
    require(mkdtemp(folder) != NULL && uv_loop_init(&loop) == 0);
    snprintf(place.sun_path, sizeof(place.sun_path), "%s/s", folder);
    require(control_server_new(&server, &failure, &loop, place.sun_path, &handler) == OK);
    atexit(leave);
}

static bool begins(const char *answer, ssize_t len, const char *with) {
    size_t wanted = strlen(with);
    return (size_t)len >= wanted && memcmp(answer, with, wanted) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    char answer[ANSWER_LEN];
    if (len < 1) {
        return 0;
    }
    enter_once();
    struct slice said = slice_from(slice_of(data, len), 1);
    size_t first = (data[0] >> 1) % (said.len + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    require(fd >= 0 && connect(fd, (const struct sockaddr *)&place, sizeof(place)) == 0);
    (void)!send(fd, said.data, first, MSG_NOSIGNAL);
    turn();
    (void)!send(fd, said.data + first, said.len - first, MSG_NOSIGNAL);
    if ((data[0] & 1) != 0) {
        shutdown(fd, SHUT_WR);
    }
    turn();
    ssize_t got = recv(fd, answer, sizeof(answer), 0);
    require(got <= 0 || begins(answer, got, "ok\n") || begins(answer, got, "error: "));
    close(fd);
    turn();
    return 0;
}
