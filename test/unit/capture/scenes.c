// SPDX-License-Identifier: MIT
#include "scenes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: %s (errno %d)\n", __FILE__, __LINE__, #condition, errno);      \
            return 1;                                                                              \
        }                                                                                          \
    } while (0)

enum { MANY_THREADS = 50, STORM_CONNECTS = 300 };

static struct sockaddr_in v4(unsigned port) {
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return name;
}

static struct sockaddr_in6 v6(unsigned port, bool mapped) {
    struct sockaddr_in6 name = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};
    name.sin6_addr = in6addr_loopback;
    if (mapped) {
        const uint8_t address[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1};
        memcpy(&name.sin6_addr, address, sizeof(address));
    }
    return name;
}

static int connect4(int fd, unsigned port) {
    struct sockaddr_in name = v4(port);
    return connect(fd, (struct sockaddr *)&name, sizeof(name));
}

static bool is_greeted(int fd, const char *greeting) {
    char line[64] = "";
    ssize_t len;
    do {
        len = read(fd, line, sizeof(line) - 1);
    } while (len < 0 && errno == EINTR);
    return len > 0 && strncmp(line, greeting, strlen(greeting)) == 0;
}

static int blocking(unsigned port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect4(fd, port) == 0);
    CHECK(is_greeted(fd, "220 captured"));
    CHECK(connect4(fd, port) < 0 && errno == EISCONN);
    return 0;
}

static int untouched(unsigned port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect4(fd, port) == 0);
    CHECK(is_greeted(fd, "220 real"));
    return 0;
}

static int refused(unsigned port) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect4(fd, port) < 0 && errno == ECONNREFUSED);
    CHECK(connect4(fd, port) < 0 && errno == ECONNREFUSED); // the socket is as new
    return 0;
}

static int wait_writable(int fd) {
    struct pollfd pollfd = {.fd = fd, .events = POLLOUT};
    int error = -1;
    socklen_t len = sizeof(error);
    poll(&pollfd, 1, -1);
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    return error;
}

static int nonblocking(unsigned port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(connect4(fd, port) < 0 && errno == EINPROGRESS);
    CHECK(wait_writable(fd) == 0);
    CHECK(connect4(fd, port) == 0); // once, as the kernel has it
    CHECK(connect4(fd, port) < 0 && errno == EISCONN);
    fcntl(fd, F_SETFL, 0);
    CHECK(is_greeted(fd, "220 captured"));
    return 0;
}

static int nonblocking_refused(unsigned port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(connect4(fd, port) < 0 && errno == EINPROGRESS);
    CHECK(wait_writable(fd) == ECONNREFUSED);
    return 0;
}

static int nonblocking_refused_asked_again(unsigned port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct pollfd pollfd = {.fd = fd, .events = POLLOUT};
    CHECK(connect4(fd, port) < 0 && errno == EINPROGRESS);
    poll(&pollfd, 1, -1);
    CHECK(connect4(fd, port) < 0 && errno == ECONNREFUSED); // the error of the first
    return 0;
}

static int connect6(unsigned port, int only) {
    struct sockaddr_in6 name = v6(port, false);
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
    CHECK(connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0);
    CHECK(is_greeted(fd, "220 captured"));
    return 0;
}

static int ipv6(unsigned port) {
    return connect6(port, 1);
}

static int ipv6_any(unsigned port) {
    return connect6(port, 0);
}

static int ipv6_bound(unsigned port) {
    struct sockaddr_in6 own = v6(0, false);
    struct sockaddr_in6 name = v6(port, false);
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    CHECK(bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0);
    CHECK(connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0);
    CHECK(is_greeted(fd, "220 captured"));
    return 0;
}

static int mapped(unsigned port) {
    struct sockaddr_in6 name = v6(port, true);
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    CHECK(connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0);
    CHECK(is_greeted(fd, "220 captured"));
    int only = 1;
    fd = socket(AF_INET6, SOCK_STREAM, 0);
    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
    CHECK(connect(fd, (struct sockaddr *)&name, sizeof(name)) < 0 && errno == ENETUNREACH);
    return 0;
}

static int udp(unsigned port) {
    struct sockaddr_in name = {0};
    socklen_t len = sizeof(name);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(connect4(fd, port) == 0);
    CHECK(getpeername(fd, (struct sockaddr *)&name, &len) == 0);
    CHECK(ntohs(name.sin_port) == port && name.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
    return 0;
}

static int fast_open(unsigned port) {
    struct sockaddr_in name = v4(port);
    struct iovec vector = {.iov_base = (char[]){"x"}, .iov_len = 1};
    struct msghdr message = {
        .msg_name = &name, .msg_namelen = sizeof(name), .msg_iov = &vector, .msg_iovlen = 1};
    struct mmsghdr messages = {.msg_hdr = message};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(sendto(fd, "x", 1, MSG_FASTOPEN, (struct sockaddr *)&name, sizeof(name)) < 0 &&
          errno == EOPNOTSUPP);
    CHECK(sendmsg(fd, &message, MSG_FASTOPEN) < 0 && errno == EOPNOTSUPP);
    CHECK(sendmmsg(fd, &messages, 1, MSG_FASTOPEN) < 0 && errno == EOPNOTSUPP);
    CHECK(connect4(fd, port) == 0); // what a program does then
    CHECK(is_greeted(fd, "220 captured"));
    return 0;
}

static int no_ring(unsigned port) {
    uint8_t parameters[120] = {0};
    (void)port;
    CHECK(syscall(SYS_io_uring_setup, 1, parameters) < 0 && errno == ENOSYS);
    return 0;
}

static int bad_arguments(unsigned port) {
    struct sockaddr_in name = v4(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect(fd, (struct sockaddr *)&name, 4) < 0 && errno == EINVAL);
    CHECK(connect(fd, (struct sockaddr *)8, sizeof(name)) < 0 && errno == EFAULT);
    CHECK(connect(-1, (struct sockaddr *)&name, sizeof(name)) < 0 && errno == EBADF);
    CHECK(connect(STDIN_FILENO, (struct sockaddr *)&name, sizeof(name)) < 0 && errno == ENOTSOCK);
    int six = socket(AF_INET6, SOCK_STREAM, 0);
    CHECK(connect(six, (struct sockaddr *)&name, sizeof(name)) < 0 && errno == EINVAL);
    return 0;
}

static void *connect_in_thread(void *argument) {
    unsigned port = *(unsigned *)argument;
    return blocking(port) == 0 ? NULL : argument;
}

static int many(unsigned port) {
    pthread_t threads[MANY_THREADS];
    for (size_t i = 0; i < MANY_THREADS; i++) {
        CHECK(pthread_create(&threads[i], NULL, connect_in_thread, &port) == 0);
    }
    for (size_t i = 0; i < MANY_THREADS; i++) {
        void *failed = &port;
        pthread_join(threads[i], &failed);
        CHECK(failed == NULL);
    }
    return 0;
}

static void on_alarm(int signal_number) {
    (void)signal_number;
}

// Blocking connects under a storm of signals whose handler asks for restarts: none may fail.
static int storm(unsigned port) {
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    struct itimerval often = {.it_interval = {.tv_usec = 200}, .it_value = {.tv_usec = 200}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &often, NULL);
    for (int i = 0; i < STORM_CONNECTS; i++) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        CHECK(connect4(fd, port) == 0);
        CHECK(is_greeted(fd, "220 captured"));
        close(fd);
    }
    return 0;
}

// The child's child's child connects when both its parents have ended.
static int daemon_process(unsigned port) {
    int gate[2];
    CHECK(pipe(gate) == 0);
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            char byte;
            close(gate[1]);
            (void)!read(gate[0], &byte, 1); // ends when the first has ended
            _exit(blocking(port));
        }
        _exit(0);
    }
    wait(NULL);
    return 7;
}

#if defined(__x86_64__)
// A system call as a program of 32 bits makes it; pointers have to be below 4 GiB.
static long call32(long number, long first, long second, long third) {
    long result;
    __asm__ volatile("int $0x80"
                     : "=a"(result)
                     : "a"(number), "b"(first), "c"(second), "d"(third)
                     : "memory", "r8", "r9", "r10", "r11");
    return result;
}

static int small_words(unsigned port) {
    enum { CONNECT = 362, SOCKETCALL = 102, SOCKETCALL_CONNECT = 3, PAGE = 4096 };
    signal(SIGSEGV, SIG_DFL); // what a kernel without them answers; a sanitizer would exit by 1
    struct sockaddr_in *name =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    CHECK(name != MAP_FAILED);
    *name = v4(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(call32(CONNECT, fd, (long)name, sizeof(*name)) == 0);
    CHECK(is_greeted(fd, "220 captured"));
    fd = socket(AF_INET, SOCK_STREAM, 0);
    uint32_t *arguments = (uint32_t *)(name + 1);
    arguments[0] = (uint32_t)fd;
    arguments[1] = (uint32_t)(uintptr_t)name;
    arguments[2] = sizeof(*name);
    CHECK(call32(SOCKETCALL, SOCKETCALL_CONNECT, (long)arguments, 0) == 0);
    CHECK(is_greeted(fd, "220 captured"));
    return 0;
}
#else
static int small_words(unsigned port) {
    (void)port;
    return SCENE_IMPOSSIBLE;
}
#endif

static int connect_again(unsigned port) {
    const struct sockaddr none = {.sa_family = AF_UNSPEC};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    for (int i = 0; i < 3; i++) {
        CHECK(connect4(fd, port) == 0);
        CHECK(is_greeted(fd, "220 captured"));
        CHECK(connect(fd, &none, sizeof(none)) == 0);
    }
    return 0;
}

// ── a thread with a table of descriptors of its own ─────────────────────────────────────────────

struct own_table {
    unsigned port;
    int fd;
    int other; // takes the number of `fd` in the table of the rest of the process
    sem_t unshared;
    sem_t replaced;
};

static void *connect_in_own_table(void *argument) {
    struct own_table *own = argument;
    bool unshared = unshare(CLONE_FILES) == 0;
    sem_post(&own->unshared);
    sem_wait(&own->replaced);
    bool well =
        unshared && connect4(own->fd, own->port) == 0 && is_greeted(own->fd, "220 captured");
    return well ? NULL : argument;
}

static int own_table(unsigned port) {
    struct own_table own = {.port = port,
                            .fd = socket(AF_INET, SOCK_STREAM, 0),
                            .other = socket(AF_INET, SOCK_STREAM, 0)};
    struct sockaddr_in name = {0};
    socklen_t len = sizeof(name);
    pthread_t thread;
    void *failed = &own;
    sem_init(&own.unshared, 0, 0);
    sem_init(&own.replaced, 0, 0);
    CHECK(pthread_create(&thread, NULL, connect_in_own_table, &own) == 0);
    sem_wait(&own.unshared);
    CHECK(dup2(own.other, own.fd) == own.fd);
    sem_post(&own.replaced);
    pthread_join(thread, &failed);
    CHECK(failed == NULL);
    CHECK(getpeername(own.other, (struct sockaddr *)&name, &len) < 0 && errno == ENOTCONN);
    return 0;
}

// ── a crowd that waits ──────────────────────────────────────────────────────────────────────────

enum { CROWD = 1400, CROWD_PATIENT = 1024, CROWD_STACK = 64 * 1024 };

static void *wait_in_connect(void *argument) {
    connect4(socket(AF_INET, SOCK_STREAM, 0), *(unsigned *)argument);
    return NULL;
}

static bool is_in_connect(const char *task) {
    char path[64];
    char text[32] = "";
    snprintf(path, sizeof(path), "/proc/self/task/%s/syscall", task);
    int fd = open(path, O_RDONLY);
    ssize_t len = read(fd, text, sizeof(text) - 1);
    close(fd);
    return len > 0 && strtol(text, NULL, 10) == SYS_connect;
}

static int count_in_connect(void) {
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    int count = 0;
    while (tasks != NULL && (task = readdir(tasks)) != NULL) {
        count += task->d_name[0] != '.' && is_in_connect(task->d_name) ? 1 : 0;
    }
    closedir(tasks);
    return count;
}

// `port` answers no SYN. More wait for it than there are patient jobs; whoever comes then, to it
// or to somewhere else, must not wait for them.
static int crowd(unsigned port) {
    struct rlimit files = {.rlim_cur = 2 * CROWD, .rlim_max = 2 * CROWD};
    struct sockaddr_in near = v4(0);
    socklen_t len = sizeof(near);
    pthread_attr_t attributes;
    pthread_t thread;
    setrlimit(RLIMIT_NOFILE, &files);
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, CROWD_STACK);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    for (int i = 0; i < CROWD; i++) {
        CHECK(pthread_create(&thread, &attributes, wait_in_connect, &port) == 0);
    }
    while (count_in_connect() < CROWD_PATIENT) {
        sched_yield();
    }
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(listener, (struct sockaddr *)&near, len) == 0 && listen(listener, 1) == 0 &&
          getsockname(listener, (struct sockaddr *)&near, &len) == 0);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(connect4(fd, ntohs(near.sin_port)) == 0); // a port that is not watched
    fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    CHECK(connect4(fd, port) < 0 && errno == EINPROGRESS);
    CHECK(wait_writable(fd) == 0);
    return 0;
}

static int killed(unsigned port) {
    (void)port;
    return raise(SIGKILL);
}

static const struct {
    const char *name;
    int (*play)(unsigned port);
} scenes[] = {
    {"blocking", blocking},
    {"untouched", untouched},
    {"refused", refused},
    {"nonblocking", nonblocking},
    {"nonblocking-refused", nonblocking_refused},
    {"nonblocking-refused-asked-again", nonblocking_refused_asked_again},
    {"ipv6", ipv6},
    {"ipv6-any", ipv6_any},
    {"ipv6-bound", ipv6_bound},
    {"mapped", mapped},
    {"udp", udp},
    {"fast-open", fast_open},
    {"no-ring", no_ring},
    {"bad-arguments", bad_arguments},
    {"many", many},
    {"storm", storm},
    {"daemon", daemon_process},
    {"small-words", small_words},
    {"connect-again", connect_again},
    {"own-table", own_table},
    {"crowd", crowd},
    {"killed", killed},
};

int scene_play(const char *name, unsigned port) {
    for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++) {
        if (strcmp(scenes[i].name, name) == 0) {
            return scenes[i].play(port);
        }
    }
    return 64;
}
