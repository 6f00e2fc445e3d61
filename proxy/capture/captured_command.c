// SPDX-License-Identifier: MIT
#include "capture/captured_command.h"

#include "base/memory.h"
#include "base/slice.h"
#include "capture/mount.h"
#include "sandbox/rights.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

// What the child says over the channel. A message of CHILD_FILTERED carries the descriptor.
enum child_word { CHILD_FILTERED, CHILD_NO_MOUNT, CHILD_NO_FILTER, CHILD_NO_EXEC };

struct child_message {
    enum child_word word;
    int error;
    struct filter_installed filter;
};

union descriptor_room {
    struct cmsghdr header;
    uint8_t room[CMSG_SPACE(sizeof(int))];
};

static struct msghdr message_of(struct iovec *vector, union descriptor_room *room) {
    return (struct msghdr){
        .msg_iov = vector, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(*room)};
}

// ── the child's side ────────────────────────────────────────────────────────────────────────────

static void say(int channel, const struct child_message *message) {
    struct iovec vector = {.iov_base = (void *)(uintptr_t)message, .iov_len = sizeof(*message)};
    union descriptor_room room;
    memset(&room, 0, sizeof(room));
    struct msghdr header = message_of(&vector, &room);
    if (message->word == CHILD_FILTERED) {
        struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);
        cmsg->cmsg_level = SOL_SOCKET;
        cmsg->cmsg_type = SCM_RIGHTS;
        cmsg->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(cmsg), &message->filter.listener, sizeof(int));
    } else {
        header.msg_control = NULL;
        header.msg_controllen = 0;
    }
    while (sendmsg(channel, &header, MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
}

_Noreturn static void give_up(int channel, enum child_word word, int error) {
    struct child_message message = {.word = word, .error = error};
    say(channel, &message);
    _exit(command_exec_status(error));
}

static void restore(const struct capture_inherited *inherited) {
    struct sigaction plain = {.sa_handler = SIG_DFL};
    struct sigaction ignored = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, inherited->sigpipe_ignored ? &ignored : &plain, NULL);
    sigaction(SIGCHLD, inherited->sigchld_ignored ? &ignored : &plain, NULL);
    setrlimit(RLIMIT_NOFILE, &inherited->descriptors);
    sigprocmask(SIG_SETMASK, &inherited->signal_mask, NULL);
}

// Whether a folder of $PATH that may be searched holds a file of this name.
static bool is_in_path(const char *name) {
    struct slice rest = slice_of_string(getenv("PATH"));
    bool found = false;
    while (!slice_is_null(rest) && !found) {
        struct slice folder = slice_split(&rest, ':');
        char *path = folder.len == 0
                         ? mem_string(name)
                         : mem_format("%.*s/%s", (int)folder.len, (const char *)folder.data, name);
        struct stat info;
        found = stat(path, &info) == 0 && !S_ISDIR(info.st_mode);
        free(path);
    }
    return found;
}

// execvpe gives EACCES as soon as one folder of $PATH may not be searched, or holds a folder of
// that name. To a shell that is a program that is not there.
static int exec_error(const char *name, int error) {
    bool hidden = error == EACCES && strchr(name, '/') == NULL && !is_in_path(name);
    return hidden ? ENOENT : error;
}

// Its descriptors are ours until then, so that what we say goes where ours does.
static void set_apart(const struct capture_alone *alone) {
    setsid();
    dup2(alone->input_fd, STDIN_FILENO);
    dup2(alone->output_fd, STDOUT_FILENO);
    dup2(alone->output_fd, STDERR_FILENO);
}

_Noreturn static void child(int channel, const struct capture_options *options,
                            char *const *environment) {
    struct child_message message = {.word = CHILD_FILTERED};
    bool user_namespace = false;
    rights_show_memory(); // else /proc/self is root's
    int error =
        options->trust_mount == NULL ? 0 : mount_bundle(options->trust_mount, &user_namespace);
    if (error != 0) {
        give_up(channel, CHILD_NO_MOUNT, error);
    }
    error = filter_install(&message.filter, user_namespace);
    if (error != 0) {
        give_up(channel, CHILD_NO_FILTER, error);
    }
    say(channel, &message);
    close(message.filter.listener);
    restore(options->inherited);
    if (options->alone != NULL) {
        set_apart(options->alone);
    }
    execvpe(options->command[0], options->command, environment);
    give_up(channel, CHILD_NO_EXEC, exec_error(options->command[0], errno));
}

// ── our side ────────────────────────────────────────────────────────────────────────────────────

// False at the end of the channel.
static bool hear(int channel, struct child_message *out) {
    struct iovec vector = {.iov_base = out, .iov_len = sizeof(*out)};
    union descriptor_room room;
    memset(&room, 0, sizeof(room));
    struct msghdr header = message_of(&vector, &room);
    ssize_t len;
    do {
        len = recvmsg(channel, &header, MSG_CMSG_CLOEXEC);
    } while (len < 0 && errno == EINTR);
    if (len != (ssize_t)sizeof(*out)) {
        return false;
    }
    struct cmsghdr *cmsg = CMSG_FIRSTHDR(&header);
    if (cmsg != NULL && cmsg->cmsg_type == SCM_RIGHTS) {
        memcpy(&out->filter.listener, CMSG_DATA(cmsg), sizeof(int));
    }
    return true;
}

static enum err explain(struct failure *failure, const struct child_message *message) {
    if (message->word == CHILD_NO_MOUNT) {
        return fail(failure, ERR_SYSTEM,
                    "--trust-mount does not work here: the bundle cannot be mounted over the "
                    "system's (%s)",
                    strerror(message->error));
    }
    if (message->error == EBUSY) {
        return fail(failure, ERR_SYSTEM,
                    "`run` within `run`, or a container manager that watches system calls: only "
                    "one can capture a process");
    }
    return fail(failure, ERR_SYSTEM,
                "this kernel cannot capture a command (seccomp notification: %s); that needs Linux "
                "5.6, and `smtpscope proxy` works without",
                strerror(message->error));
}

int command_exec_status(int error) {
    return error == ENOENT || error == ENOTDIR ? 127 : 126;
}

enum err command_start(struct captured_command *out, struct failure *failure,
                       const struct capture_options *options) {
    int channel[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, channel) != 0) {
        return fail(failure, ERR_SYSTEM, "no socket pair: %s", strerror(errno));
    }
    char **environment = command_environment(environ, options->environment);
    pid_t pid = fork();
    if (pid == 0) {
        child(channel[1], options, environment);
    }
    int error = errno;
    free(environment);
    close(channel[1]);
    if (pid < 0) {
        close(channel[0]);
        return fail(failure, ERR_SYSTEM, "cannot start a process: %s", strerror(error));
    }
    struct child_message message = {.word = CHILD_NO_FILTER, .error = ESRCH};
    if (!hear(channel[0], &message) || message.word != CHILD_FILTERED) {
        close(channel[0]);
        waitpid(pid, NULL, 0);
        return explain(failure, &message);
    }
    *out = (struct captured_command){.pid = pid, .channel = channel[0], .filter = message.filter};
    return OK;
}

int command_wait_executed(struct captured_command *command) {
    struct child_message message = {.error = 0};
    bool heard = hear(command->channel, &message);
    close(command->channel);
    command->channel = -1;
    return heard ? message.error : 0;
}

// ── the environment ─────────────────────────────────────────────────────────────────────────────

static size_t count(const char *const *strings) {
    size_t n = 0;
    while (strings != NULL && strings[n] != NULL) {
        n++;
    }
    return n;
}

static bool is_overridden(const char *entry, const char *const *additions) {
    struct slice rest = slice_of_string(entry);
    struct slice name = slice_split(&rest, '=');
    for (size_t i = 0; additions != NULL && additions[i] != NULL; i++) {
        struct slice addition = slice_of_string(additions[i]);
        if (slice_equal(slice_split(&addition, '='), name)) {
            return true;
        }
    }
    return false;
}

char **command_environment(char *const *inherited, const char *const *additions) {
    size_t most = count((const char *const *)inherited) + count(additions) + 1;
    char **environment = mem_new_array(most, sizeof(char *));
    size_t n = 0;
    for (size_t i = 0; inherited[i] != NULL; i++) {
        if (!is_overridden(inherited[i], additions)) {
            environment[n++] = inherited[i];
        }
    }
    for (size_t i = 0; additions != NULL && additions[i] != NULL; i++) {
        environment[n++] = (char *)(uintptr_t)additions[i];
    }
    return environment;
}
