// SPDX-License-Identifier: MIT
#include "capture/socket_names.h"

#include "base/address.h"
#include "base/limits.h"
#include "base/memory.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Both families' structures begin with family and port.
union name {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    struct sockaddr_storage room;
};

struct named {
    union name peer;
    union name own; // AF_UNSPEC where it is not known
};

struct names {
    uint16_t listener_port;
    atomic_bool
        any; // most commands never connect to a watched port, and ask for names all the same
    pthread_mutex_t lock; // of all below
    uint64_t cookies[LIMIT_NAMES_KNOWN];
    struct named named[LIMIT_NAMES_KNOWN];
    size_t next;
};

struct names *names_new(uint16_t listener_port) {
    struct names *names = mem_new(sizeof(*names));
    names->listener_port = listener_port;
    pthread_mutex_init(&names->lock, NULL);
    return names;
}

void names_free(struct names *names) {
    if (names == NULL) {
        return;
    }
    pthread_mutex_destroy(&names->lock);
    free(names);
}

// ── remembering ─────────────────────────────────────────────────────────────────────────────────

// An IPv6 socket has IPv4 addresses in their mapped form.
static void set_name(union name *out, const union name *name, int domain) {
    *out = *name;
    if (domain != AF_INET6 || name->any.sa_family != AF_INET) {
        return;
    }
    out->six = address_map(&name->four);
}

typedef int name_call(int fd, struct sockaddr *name, socklen_t *len);

static union name ask(name_call *call, int fd) {
    union name name = {.any.sa_family = AF_UNSPEC};
    socklen_t len = sizeof(name);
    if (fd < 0 || call(fd, &name.any, &len) != 0) {
        name.any.sa_family = AF_UNSPEC;
    }
    return name;
}

static size_t place_of(const struct names *names, uint64_t cookie) {
    size_t place = 0;
    while (place < LIMIT_NAMES_KNOWN && names->cookies[place] != cookie) {
        place++;
    }
    return place;
}

void names_add(struct names *names, const struct remote_fd *socket,
               const struct sockaddr_storage *server, int server_fd) {
    union name asked = {.room = *server};
    union name peer = ask(getpeername, server_fd);
    union name own = ask(getsockname, server_fd);
    union name bound = ask(getsockname, socket->fd);
    if (own.any.sa_family != AF_UNSPEC && bound.four.sin_port != 0) {
        own.four.sin_port = bound.four.sin_port; // the command's own choice
    }
    struct named named;
    set_name(&named.peer, peer.any.sa_family != AF_UNSPEC ? &peer : &asked, socket->domain);
    set_name(&named.own, &own, socket->domain);
    pthread_mutex_lock(&names->lock);
    size_t place = place_of(names, socket->cookie);
    if (place == LIMIT_NAMES_KNOWN) {
        place = names->next;
        names->next = (names->next + 1) % LIMIT_NAMES_KNOWN;
    }
    names->cookies[place] = socket->cookie;
    names->named[place] = named;
    pthread_mutex_unlock(&names->lock);
    atomic_store(&names->any, true);
}

// ── answering ───────────────────────────────────────────────────────────────────────────────────

// It may have been connected to another peer since, or not at all.
static bool is_at_our_listener(const struct names *names, int fd) {
    union name peer = ask(getpeername, fd);
    return address_is_loopback(&peer.any) && ntohs(peer.four.sin_port) == names->listener_port;
}

static bool find(union name *out, struct names *names, uint64_t cookie, bool peer) {
    pthread_mutex_lock(&names->lock);
    size_t place = cookie == 0 ? LIMIT_NAMES_KNOWN : place_of(names, cookie);
    if (place < LIMIT_NAMES_KNOWN) {
        *out = peer ? names->named[place].peer : names->named[place].own;
    }
    pthread_mutex_unlock(&names->lock);
    return place < LIMIT_NAMES_KNOWN && out->any.sa_family != AF_UNSPEC;
}

// As the kernel does it: as much as there is room for, and how long all of it is.
static bool give(const struct notification *notification, const union name *name) {
    uint64_t name_at = notification->arguments[1];
    uint64_t len_at = notification->arguments[2];
    int room = 0;
    int len = name->any.sa_family == AF_INET6 ? (int)sizeof(name->six) : (int)sizeof(name->four);
    if (notification_read(notification, len_at, &room, sizeof(room)) != 0 || room < 0 ||
        !notification_is_alive(notification)) {
        return false;
    }
    int put = room < len ? room : len;
    return (put == 0 || notification_store(notification, name_at, name, (size_t)put) == 0) &&
           notification_store(notification, len_at, &len, sizeof(len)) == 0;
}

void names_answer(struct names *names, const struct notification *notification) {
    union name name = {.any.sa_family = AF_UNSPEC};
    int fd = !atomic_load(&names->any)
                 ? -1
                 : remote_fd_duplicate(notification->tid, (int)notification->arguments[0]);
    bool ours = fd >= 0 && is_at_our_listener(names, fd) &&
                find(&name, names, remote_fd_cookie(fd), notification->call == CALL_PEER_NAME);
    if (fd >= 0) {
        close(fd);
    }
    if (ours && give(notification, &name)) {
        notification_answer(notification, 0);
    } else {
        notification_let_pass(notification);
    }
}
