// SPDX-License-Identifier: MIT
// hostile PORT CONNECTIONS SECONDS [KIND…]: so many connections that mean no good, of each kind as
// many, kept up for so long: one that the proxy closes comes again. Prints a line for each kind.
// It ends with its standard input too.
//
//      kind                  waits for answers, says its opening line by line, then …
//      slow-…                … one byte a second, at another phase of a session
//      flood-…               … as much as the proxy takes, and reads the answers or not
//      garbage, tls-garbage  … bytes by chance, the second after a record's head
//      storm                 … is gone with a reset, and comes again at once
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum pace { DRIP, FLOOD, LEAVE };

struct kind {
    const char *name;
    const char *opening; // lines, each said after an answer
    const char *text;    // said again and again; NULL: bytes by chance
    enum pace pace;
    bool deaf; // reads nothing after the opening
};

#define TO_DATA "EHLO x\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n"

static const struct kind kinds[] = {
    {"slow-silent", "", "", DRIP, false},
    {"slow-hello", "", "EHLO a.very.long.name.that.never.ends", DRIP, false},
    {"slow-tls", "EHLO x\r\nSTARTTLS\r\n", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc", DRIP, false},
    {"slow-auth", "EHLO x\r\nAUTH PLAIN\r\n", "AGFhYWFhYWFh", DRIP, false},
    {"slow-data", TO_DATA, "Subject: never\r\n", DRIP, false},
    {"slow-deaf", "EHLO x\r\n", "NOOP\r\n", DRIP, true},
    {"garbage", "", NULL, FLOOD, false},
    {"tls-garbage", "EHLO x\r\nSTARTTLS\r\n\x16\x03\x01\x40\x01\n", NULL, FLOOD, false},
    {"flood-noop", "EHLO x\r\n", "NOOP\r\n", FLOOD, false},
    {"flood-deaf", "EHLO x\r\n", "VRFY aaaaaaaaaaaaaaaa\r\n", FLOOD, true},
    {"flood-data", TO_DATA, "x: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", FLOOD, false},
    {"flood-mail", "EHLO x\r\n", "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nBDAT 6 LAST\r\na: b\r\n",
     FLOOD, false},
    {"flood-line", "", "EHLO", FLOOD, false},
    {"storm", "EHLO x\r\n", "", LEAVE, false},
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]), CHUNK = 16384, EVENTS = 512 };

struct connection {
    const struct kind *kind;
    const char *opening; // what is left of it
    size_t said;         // bytes of the text
    int fd;
    uint32_t number;
    bool open; // the opening is over
};

struct crowd {
    struct connection *all;
    size_t count;
    struct sockaddr_in proxy;
    int epoll;
    uint64_t seed;
    uint64_t came[KINDS]; // connections
    uint64_t sent[KINDS]; // bytes
    char chunk[KINDS][CHUNK];
    size_t chunk_len[KINDS];
};

static uint64_t chance(struct crowd *crowd) {
    crowd->seed ^= crowd->seed << 13;
    crowd->seed ^= crowd->seed >> 7;
    crowd->seed ^= crowd->seed << 17;
    return crowd->seed;
}

// Whole repetitions of the text, or chance.
static void fill_chunk(struct crowd *crowd, size_t at) {
    const char *text = kinds[at].text;
    size_t len = text == NULL ? 8 : strlen(text);
    size_t filled = 0;
    while (len > 0 && filled + len <= CHUNK) {
        uint64_t bytes = chance(crowd);
        memcpy(crowd->chunk[at] + filled, text == NULL ? (const char *)&bytes : text, len);
        filled += len;
    }
    crowd->chunk_len[at] = filled;
}

static size_t kind_of(const struct connection *connection) {
    return (size_t)(connection->kind - kinds);
}

static void watch(struct crowd *crowd, struct connection *connection, int how) {
    const struct kind *kind = connection->kind;
    bool floods = connection->open && kind->pace == FLOOD;
    bool reads = !connection->open || !kind->deaf;
    struct epoll_event event = {.data = {.u32 = connection->number},
                                .events = (reads ? (uint32_t)EPOLLIN : 0) |
                                          (floods ? (uint32_t)EPOLLOUT : 0)};
    epoll_ctl(crowd->epoll, how, connection->fd, &event);
}

// Each has an address of loopback of its own, so that the ports last.
static void come(struct crowd *crowd, struct connection *connection) {
    struct sockaddr_in own = {.sin_family = AF_INET,
                              .sin_addr.s_addr =
                                  htonl(INADDR_LOOPBACK + 1 + connection->number % 200)};
    int on = 1;
    connection->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    connection->opening = connection->kind->opening;
    connection->open = connection->opening[0] == '\0' && connection->kind->pace != LEAVE;
    connection->said = 0;
    if (connection->fd < 0) {
        return;
    }
    setsockopt(connection->fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
    if (bind(connection->fd, (const struct sockaddr *)&own, sizeof(own)) != 0 ||
        (connect(connection->fd, (const struct sockaddr *)&crowd->proxy, sizeof(crowd->proxy)) !=
             0 &&
         errno != EINPROGRESS)) {
        close(connection->fd);
        connection->fd = -1;
        return;
    }
    crowd->came[kind_of(connection)]++;
    watch(crowd, connection, EPOLL_CTL_ADD);
}

static void leave(struct connection *connection) {
    struct linger at_once = {.l_onoff = 1};
    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(connection->fd);
    connection->fd = -1; // The next second brings it again.
}

static void send_part(struct crowd *crowd, struct connection *connection, size_t most) {
    size_t at = kind_of(connection);
    if (crowd->chunk_len[at] == 0) {
        return;
    }
    size_t from = connection->said % crowd->chunk_len[at];
    size_t len = crowd->chunk_len[at] - from;
    ssize_t sent = send(connection->fd, crowd->chunk[at] + from, len < most ? len : most,
                        MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
        connection->said += (size_t)sent;
        crowd->sent[at] += (size_t)sent;
    }
}

static void say_opening(struct crowd *crowd, struct connection *connection) {
    const char *end = strchr(connection->opening, '\n');
    if (end != NULL) {
        size_t len = (size_t)(end - connection->opening) + 1;
        (void)!send(connection->fd, connection->opening, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        connection->opening = end + 1;
        return;
    }
    connection->open = true;
    if (connection->kind->pace == LEAVE) {
        leave(connection);
        come(crowd, connection);
    } else {
        watch(crowd, connection, EPOLL_CTL_MOD);
    }
}

static void hear(struct crowd *crowd, struct connection *connection) {
    static char heard[CHUNK];
    ssize_t len = recv(connection->fd, heard, sizeof(heard), MSG_DONTWAIT);
    if (len == 0 || (len < 0 && errno != EAGAIN)) {
        leave(connection);
    } else if (len > 0 && !connection->open && heard[len - 1] == '\n') {
        say_opening(crowd, connection);
    }
}

static void take(struct crowd *crowd, const struct epoll_event *event) {
    struct connection *connection = &crowd->all[event->data.u32];
    if (connection->fd >= 0 && (event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
        hear(crowd, connection);
    }
    if (connection->fd >= 0 && (event->events & EPOLLOUT) != 0) {
        send_part(crowd, connection, CHUNK);
    }
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

// A hundredth of a second's part of what each connection does once in a second.
static void tick(struct crowd *crowd, size_t hundredth) {
    for (size_t i = hundredth; i < crowd->count; i += 100) {
        struct connection *connection = &crowd->all[i];
        if (connection->fd < 0) {
            come(crowd, connection);
        } else if (connection->open && connection->kind->pace == DRIP) {
            send_part(crowd, connection, 1);
        }
    }
}

static bool input_ended(void) {
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    char byte = 0;
    return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) == 0;
}

static void run(struct crowd *crowd, double seconds) {
    struct epoll_event events[EVENTS];
    double begun = now();
    double due = begun;
    for (size_t ticks = 0; now() < begun + seconds && !input_ended();) {
        if (due <= now()) { // What it is late for it leaves out: a burst would be its own fault.
            tick(crowd, ticks++ % 100);
            due = now() + 0.01;
        }
        int count = epoll_wait(crowd->epoll, events, EVENTS, 10);
        for (int i = 0; i < count; i++) {
            take(crowd, &events[i]);
        }
    }
}

static void report(const struct crowd *crowd) {
    size_t live[KINDS] = {0};
    for (size_t i = 0; i < crowd->count; i++) {
        live[kind_of(&crowd->all[i])] += crowd->all[i].fd >= 0;
    }
    for (size_t i = 0; i < KINDS; i++) {
        if (crowd->came[i] > 0) {
            printf("%-12s %6zu at the end, %8llu came, %8.1f MB sent\n", kinds[i].name, live[i],
                   (unsigned long long)crowd->came[i], (double)crowd->sent[i] / 1e6);
        }
    }
}

static bool is_wanted(size_t at, char **names) {
    if (*names == NULL) {
        return true;
    }
    while (*names != NULL && strncmp(kinds[at].name, *names, strlen(*names)) != 0) {
        names++;
    }
    return *names != NULL;
}

static void init(struct crowd *crowd, size_t count, char **names) {
    size_t wanted[KINDS];
    size_t wanted_count = 0;
    for (size_t i = 0; i < KINDS; i++) {
        fill_chunk(crowd, i);
        if (is_wanted(i, names)) {
            wanted[wanted_count++] = i;
        }
    }
    crowd->all = calloc(count, sizeof(struct connection));
    crowd->count = wanted_count == 0 ? 0 : count;
    for (size_t i = 0; i < crowd->count; i++) {
        crowd->all[i] = (struct connection){
            .kind = &kinds[wanted[i % wanted_count]], .number = (uint32_t)i, .fd = -1};
    }
}

int main(int argc, char **argv) {
    static struct crowd crowd;
    if (argc < 4) {
        fprintf(stderr, "usage: hostile PORT CONNECTIONS SECONDS [KIND...]\n");
        return 2;
    }
    crowd.seed = 88172645463325252u;
    crowd.proxy = (struct sockaddr_in){.sin_family = AF_INET,
                                       .sin_port = htons((uint16_t)strtoul(argv[1], NULL, 10)),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    crowd.epoll = epoll_create1(EPOLL_CLOEXEC);
    init(&crowd, strtoul(argv[2], NULL, 10), argv + 4);
    run(&crowd, strtod(argv[3], NULL));
    report(&crowd);
    return 0;
}
