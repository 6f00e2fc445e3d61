// SPDX-License-Identifier: MIT
#include "sandbox/outside.h"

#include "base/memory.h"
#include "sandbox/calls.h"
#include "sandbox/rights.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTSIDE_NAME "smtpscope-out" // what `ps` shows: at most 15 bytes

enum { LINKS_AT_ONCE = 256, CHANNEL = 3 };

enum question {
    ASK_SEARCH,
    ASK_SOCKETS_OF,
    ASK_REMOVE_LATER,
    ASK_NAME_LATER,
    ASK_COMMIT,
    ASK_SEAL,
};

struct request {
    enum question question;
    uint32_t pid;
    struct socket_search search;
    char path[PATH_MAX];
    char second_path[PATH_MAX];
};

// Only some have paths.
static size_t request_len(enum question question) {
    bool has_paths = question == ASK_REMOVE_LATER || question == ASK_NAME_LATER;
    return has_paths ? sizeof(struct request) : offsetof(struct request, path);
}

struct outside_answer {
    uint64_t value; // an errno
    uint32_t count;
    bool more;
    struct socket_link links[LINKS_AT_ONCE];
};

// ── the process outside ─────────────────────────────────────────────────────────────────────────

struct keeper {
    bool sealed;
    char socket[PATH_MAX]; // "" for none
    dev_t device;
    ino_t inode;
    char temporary[PATH_MAX];
    char final[PATH_MAX];
};

static size_t answer_len(uint32_t count) {
    return offsetof(struct outside_answer, links) + count * sizeof(struct socket_link);
}

static void send_answer(const struct outside_answer *answer) {
    (void)!send(CHANNEL, answer, answer_len(answer->count), MSG_NOSIGNAL);
}

static bool gather(void *context, const struct socket_link *link) {
    struct outside_answer *answer = context;
    answer->links[answer->count++] = *link;
    if (answer->count == LINKS_AT_ONCE) {
        answer->more = true;
        send_answer(answer);
        *answer = (struct outside_answer){0};
    }
    return true;
}

static void search(struct outside_answer *answer, struct socket_search *search) {
    uint64_t inodes[LIMIT_PLACE_LOOKS];
    if (search->place_count > LIMIT_PLACE_LOOKS || search->inode_count > LIMIT_PLACE_LOOKS) {
        return;
    }
    answer->count = (uint32_t)socket_links_search(inodes, search);
    for (size_t i = 0; i < answer->count; i++) {
        answer->links[i].inode = inodes[i];
    }
}

static void keep_socket(struct keeper *keeper, const struct request *request) {
    struct stat status;
    if (lstat(request->path, &status) == 0) {
        memcpy(keeper->socket, request->path, PATH_MAX);
        keeper->device = status.st_dev;
        keeper->inode = status.st_ino;
    }
}

static int commit(struct keeper *keeper) {
    int error = keeper->temporary[0] == '\0'                    ? ENOENT
                : rename(keeper->temporary, keeper->final) == 0 ? 0
                                                                : errno;
    keeper->temporary[0] = '\0';
    return error;
}

static void take_path(struct keeper *keeper, const struct request *request) {
    if (keeper->sealed) {
        return;
    }
    if (request->question == ASK_REMOVE_LATER) {
        keep_socket(keeper, request);
    } else {
        memcpy(keeper->temporary, request->path, PATH_MAX);
        memcpy(keeper->final, request->second_path, PATH_MAX);
    }
}

static void serve_one(struct keeper *keeper, struct request *request) {
    struct outside_answer answer = {0};
    switch (request->question) {
    case ASK_SEARCH:
        search(&answer, &request->search);
        break;
    case ASK_SOCKETS_OF:
        socket_links_of(request->pid, gather, &answer);
        break;
    case ASK_REMOVE_LATER:
    case ASK_NAME_LATER:
        take_path(keeper, request);
        break;
    case ASK_COMMIT:
        answer.value = (uint64_t)commit(keeper);
        break;
    case ASK_SEAL:
        keeper->sealed = true;
        break;
    }
    send_answer(&answer);
}

static void do_last_things(const struct keeper *keeper) {
    struct stat status;
    if (keeper->temporary[0] != '\0') {
        (void)unlink(keeper->temporary);
    }
    if (keeper->socket[0] != '\0' && lstat(keeper->socket, &status) == 0 &&
        status.st_dev == keeper->device && status.st_ino == keeper->inode) {
        (void)unlink(keeper->socket);
    }
}

// Not even the proxy's listeners and terminal; the channel is descriptor 3.
static void close_all_but(int channel) {
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < CHANNEL && null >= 0; fd++) {
        (void)dup2(null, fd);
    }
    (void)dup2(channel, CHANNEL);
    if (syscall(SYS_close_range, CHANNEL + 1, UINT_MAX, 0) == 0) {
        return;
    }
    for (int fd = CHANNEL + 1; fd < sysconf(_SC_OPEN_MAX); fd++) {
        close(fd);
    }
}

// A terminal's signals come to all of its processes: this one ends after the proxy.
static void outlive_signals(void) {
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGPIPE};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        signal(numbers[i], SIG_IGN);
    }
}

static _Noreturn void serve(int channel) {
    struct keeper *keeper = mem_new(sizeof(*keeper));
    struct request *request = mem_new(sizeof(*request));
    close_all_but(channel);
    outlive_signals();
    (void)prctl(PR_SET_NAME, OUTSIDE_NAME, 0, 0, 0);
    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    (void)!rights_drop(NULL, RIGHTS_OUTSIDE); // with less, or more, it serves as well as it can
    (void)!calls_restrict(false);
    while (recv(CHANNEL, request, sizeof(*request), 0) >= (ssize_t)request_len(request->question)) {
        serve_one(keeper, request);
    }
    do_last_things(keeper);
    _exit(0);
}

// ── the proxy's side ────────────────────────────────────────────────────────────────────────────

struct outside {
    pthread_mutex_t lock; // guards `channel`: one question at a time
    int channel;
    bool owes; // an answer, before which nothing more is asked: the process is slow, or was stopped
    bool broken; // it will never answer
    pid_t pid;
};

// The channel must not be one of the numbers that its end of it moves to.
static int make_channel(int channel[2]) {
    const struct timeval patience = {.tv_usec = OUTSIDE_WAIT_MS * 1000};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) != 0) {
        return errno;
    }
    (void)setsockopt(channel[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return 0;
}

int outside_start(struct outside **out) {
    int channel[2];
    *out = NULL;
    int error = make_channel(channel);
    if (error != 0) {
        return error;
    }
    pid_t pid = fork();
    if (pid == 0) {
        serve(channel[1]);
    }
    error = errno;
    close(channel[1]);
    if (pid < 0) {
        close(channel[0]);
        return error;
    }
    struct outside *outside = mem_new(sizeof(*outside));
    pthread_mutex_init(&outside->lock, NULL);
    outside->channel = channel[0];
    outside->pid = pid;
    *out = outside;
    return 0;
}

// Tells it to end, and hears that it does. One that was stopped does the last things when it
// continues.
static bool has_ended(struct outside *outside) {
    struct outside_answer answer;
    ssize_t len = 0;
    int waits = OUTSIDE_WAITS;
    (void)shutdown(outside->channel, SHUT_WR);
    do {
        len = recv(outside->channel, &answer, sizeof(answer), 0);
    } while (len > 0 || (len < 0 && errno == EAGAIN && --waits > 0) || (len < 0 && errno == EINTR));
    return len == 0 || errno != EAGAIN;
}

void outside_stop(struct outside *outside) {
    if (outside == NULL) {
        return;
    }
    if (has_ended(outside)) {
        while (waitpid(outside->pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    close(outside->channel);
    pthread_mutex_destroy(&outside->lock);
    free(outside);
}

// ── asking, under the lock ──────────────────────────────────────────────────────────────────────

static bool is_late(void) {
    return errno == EAGAIN || errno == EINTR;
}

// Without a wait where `waits` is 0.
static bool hear(struct outside *outside, struct outside_answer *out, int waits) {
    ssize_t len = -1;
    int flags = waits == 0 ? MSG_DONTWAIT : 0;
    do {
        len = recv(outside->channel, out, sizeof(*out), flags);
    } while (len < 0 && is_late() && --waits > 0);
    if (len < 0 && is_late()) {
        return false;
    }
    bool whole = len >= (ssize_t)answer_len(0) && out->count <= LINKS_AT_ONCE &&
                 len == (ssize_t)answer_len(out->count);
    outside->owes = whole && out->more;
    outside->broken = outside->broken || !whole;
    return whole;
}

// `request` may lack the paths where it has none. False where there is no answer in time; what
// comes later is dropped by the next question, for which a search does not wait.
static bool ask(struct outside *outside, struct outside_answer *out, const struct request *request,
                int waits) {
    size_t len = request_len(request->question);
    int waits_for_old = waits == OUTSIDE_SEARCH_WAITS ? 0 : waits;
    while (outside->owes && hear(outside, out, waits_for_old)) {
    }
    if (outside->owes || outside->broken) {
        return false;
    }
    if (send(outside->channel, request, len, MSG_NOSIGNAL) < 0) {
        outside->broken = true;
        return false;
    }
    outside->owes = true;
    return hear(outside, out, waits);
}

static struct request *request_new(enum question question) {
    struct request *request = mem_new(sizeof(*request));
    request->question = question;
    return request;
}

// Takes the request over. The errno that came back.
static int order(struct outside *outside, struct request *request) {
    struct outside_answer *answer = mem_new(sizeof(*answer));
    pthread_mutex_lock(&outside->lock);
    int error = ask(outside, answer, request, OUTSIDE_WAITS) ? (int)answer->value : EPIPE;
    pthread_mutex_unlock(&outside->lock);
    free(answer);
    free(request);
    return error;
}

// ── questions ───────────────────────────────────────────────────────────────────────────────────

// A process always sees its own descriptors, and here perhaps it alone does.
static bool sees_itself(const struct outside *outside, uint32_t pid) {
    return outside == NULL || pid == (uint32_t)getpid();
}

static size_t search_there(uint64_t out_inodes[static LIMIT_PLACE_LOOKS], struct outside *outside,
                           const struct socket_search *search) {
    struct outside_answer answer;
    struct request request; // its paths are neither sent nor set
    memset(&request, 0, offsetof(struct request, path));
    request.question = ASK_SEARCH;
    request.search = *search;
    if (pthread_mutex_trylock(&outside->lock) != 0) {
        return 0;
    }
    bool heard = ask(outside, &answer, &request, OUTSIDE_SEARCH_WAITS);
    pthread_mutex_unlock(&outside->lock);
    size_t looked = heard && answer.count <= search->place_count ? answer.count : 0;
    for (size_t i = 0; i < looked; i++) {
        out_inodes[i] = answer.links[i].inode;
    }
    return looked;
}

size_t outside_search(uint64_t out_inodes[static LIMIT_PLACE_LOOKS], struct outside *outside,
                      const struct socket_search *search) {
    if (outside == NULL) {
        return socket_links_search(out_inodes, search);
    }
    size_t looked = search_there(out_inodes, outside, search);
    for (size_t i = 0; i < looked; i++) {
        const struct descriptor *place = &search->places[i];
        if (sees_itself(outside, place->pid)) {
            out_inodes[i] = socket_link_at(place->pid, place->fd);
        }
    }
    return looked;
}

uint64_t outside_socket_at(struct outside *outside, uint32_t pid, uint32_t fd) {
    if (sees_itself(outside, pid)) {
        return socket_link_at(pid, fd);
    }
    uint64_t inodes[LIMIT_PLACE_LOOKS];
    struct socket_search search = {.inode_count = 1, .place_count = 1, .places = {{pid, fd}}};
    return search_there(inodes, outside, &search) == 1 ? inodes[0] : 0;
}

// An answer that is no longer wanted is heard all the same, to its end.
static void pass_links(struct outside *outside, struct outside_answer *answer,
                       socket_link_taker *take, void *context) {
    bool wanted = true;
    bool more = true;
    while (more) {
        for (uint32_t i = 0; i < answer->count && wanted; i++) {
            wanted = take(context, &answer->links[i]);
        }
        more = answer->more && hear(outside, answer, OUTSIDE_WAITS);
    }
}

void outside_sockets_of(struct outside *outside, uint32_t pid, socket_link_taker *take,
                        void *context) {
    if (sees_itself(outside, pid)) {
        socket_links_of(pid, take, context);
        return;
    }
    struct request *request = request_new(ASK_SOCKETS_OF);
    struct outside_answer *answer = mem_new(sizeof(*answer));
    request->pid = pid;
    pthread_mutex_lock(&outside->lock);
    if (ask(outside, answer, request, OUTSIDE_WAITS)) {
        pass_links(outside, answer, take, context);
    }
    pthread_mutex_unlock(&outside->lock);
    free(answer);
    free(request);
}

// ── paths ───────────────────────────────────────────────────────────────────────────────────────

static bool put_path(char out[static PATH_MAX], const char *path) {
    return (size_t)snprintf(out, PATH_MAX, "%s", path) < PATH_MAX;
}

void outside_remove_later(struct outside *outside, const char *path) {
    struct request *request = outside == NULL ? NULL : request_new(ASK_REMOVE_LATER);
    if (request != NULL && put_path(request->path, path)) {
        (void)order(outside, request);
    } else {
        free(request);
    }
}

int outside_name_later(struct outside *outside, struct new_file *file) {
    assert(file->folder_fd == AT_FDCWD);
    if (outside == NULL) {
        return 0;
    }
    struct request *request = request_new(ASK_NAME_LATER);
    if (!put_path(request->path, file->temporary) || !put_path(request->second_path, file->path)) {
        free(request);
        return ENAMETOOLONG;
    }
    return order(outside, request);
}

int outside_commit(struct outside *outside, struct new_file *file) {
    return outside == NULL ? new_file_commit(file, true) : order(outside, request_new(ASK_COMMIT));
}

void outside_seal(struct outside *outside) {
    if (outside != NULL) {
        (void)order(outside, request_new(ASK_SEAL));
    }
}
