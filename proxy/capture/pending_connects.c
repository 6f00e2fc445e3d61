// SPDX-License-Identifier: MIT
#include "capture/pending_connects.h"

#include "base/address.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "capture/connect_request.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

struct pending_connect {
    struct pending_connect *next;
    struct pending_key key;
    int64_t added_ns;
    struct capture_connection connection;
};

// A list, newest first: what is unclaimed is what is on its way within this machine, so it is
// nearly always empty.
struct pending_connects {
    pthread_mutex_t lock;
    pthread_cond_t emptied;
    struct pending_connect *first;
    size_t dials; // under way
};

// ── keys ────────────────────────────────────────────────────────────────────────────────────────

struct pending_key pending_key_of_loopback(struct in_addr address) {
    return (struct pending_key){
        .address = address_map(&(struct sockaddr_in){.sin_addr = address}).sin6_addr};
}

struct pending_key pending_key_of_client(const struct sockaddr_in6 *client) {
    return (struct pending_key){.address = client->sin6_addr, .port = client->sin6_port};
}

bool pending_key_of_accepted(struct pending_key *out, int accepted_fd) {
    struct sockaddr_storage name = {0};
    socklen_t len = sizeof(name);
    if (getsockname(accepted_fd, (struct sockaddr *)&name, &len) != 0) {
        return false;
    }
    if (name.ss_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, &name, sizeof(four));
        *out = pending_key_of_loopback(four.sin_addr);
        return true;
    }
    struct sockaddr_in6 six;
    memcpy(&six, &name, sizeof(six));
    if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {
        *out = (struct pending_key){.address = six.sin6_addr};
        return true;
    }
    len = sizeof(six);
    if (getpeername(accepted_fd, (struct sockaddr *)&six, &len) != 0) {
        return false;
    }
    *out = pending_key_of_client(&six);
    return true;
}

static bool key_equal(const struct pending_key *a, const struct pending_key *b) {
    return IN6_ARE_ADDR_EQUAL(&a->address, &b->address) && a->port == b->port;
}

// ── the connects ─────────────────────────────────────────────────────────────────────────────────

struct pending_connects *pending_connects_new(void) {
    struct pending_connects *pending = mem_new(sizeof(*pending));
    pthread_mutex_init(&pending->lock, NULL);
    pthread_cond_init(&pending->emptied, NULL);
    return pending;
}

static void record_free(struct pending_connect *record) {
    if (record->connection.server_fd >= 0) {
        close(record->connection.server_fd);
    }
    free(record);
}

void pending_connects_free(struct pending_connects *pending) {
    if (pending == NULL) {
        return;
    }
    while (pending->first != NULL) {
        struct pending_connect *record = pending->first;
        pending->first = record->next;
        record_free(record);
    }
    pthread_cond_destroy(&pending->emptied);
    pthread_mutex_destroy(&pending->lock);
    free(pending);
}

static struct pending_connect **find(struct pending_connects *pending,
                                     const struct pending_key *key) {
    struct pending_connect **at = &pending->first;
    while (*at != NULL && !key_equal(&(*at)->key, key)) {
        at = &(*at)->next;
    }
    return at;
}

static void drop_old(struct pending_connects *pending, int64_t now_ns) {
    struct pending_connect **at = &pending->first;
    while (*at != NULL) {
        struct pending_connect *record = *at;
        if (now_ns - record->added_ns > PENDING_CONNECT_NS) {
            *at = record->next;
            record_free(record);
        } else {
            at = &record->next;
        }
    }
}

// An address of 127.0.0.0/8 that no connect has yet, clear of both ends of the block, where
// 127.0.0.1 and the broadcast address are.
static struct in_addr pick_address(struct pending_connects *pending) {
    for (;;) {
        uint32_t bits = 0;
        while (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits)) {
        }
        uint32_t host = 0x010000 + bits % (0xff0000 - 0x010000);
        struct in_addr address = {.s_addr = htonl(0x7f000000U | host)};
        struct pending_key key = pending_key_of_loopback(address);
        if (*find(pending, &key) == NULL) {
            return address;
        }
    }
}

static void add_locked(struct pending_connects *pending,
                       const struct capture_connection *connection, const struct pending_key *key) {
    struct pending_connect *record = mem_new(sizeof(*record));
    record->connection = *connection;
    record->added_ns = clock_monotonic_ns();
    record->key = *key;
    drop_old(pending, record->added_ns);
    record->next = pending->first;
    pending->first = record;
}

struct in_addr pending_connects_add(struct pending_connects *pending,
                                    const struct capture_connection *connection) {
    pthread_mutex_lock(&pending->lock);
    struct in_addr address = pick_address(pending);
    struct pending_key key = pending_key_of_loopback(address);
    add_locked(pending, connection, &key);
    pthread_mutex_unlock(&pending->lock);
    return address;
}

void pending_connects_add_at(struct pending_connects *pending,
                             const struct capture_connection *connection,
                             const struct pending_key *key) {
    pthread_mutex_lock(&pending->lock);
    add_locked(pending, connection, key);
    pthread_mutex_unlock(&pending->lock);
}

static void signal_if_empty(struct pending_connects *pending) {
    if (pending->first == NULL && pending->dials == 0) {
        pthread_cond_broadcast(&pending->emptied);
    }
}

void pending_connects_dial_begun(struct pending_connects *pending) {
    pthread_mutex_lock(&pending->lock);
    pending->dials++;
    pthread_mutex_unlock(&pending->lock);
}

void pending_connects_dial_ended(struct pending_connects *pending) {
    pthread_mutex_lock(&pending->lock);
    pending->dials--;
    signal_if_empty(pending);
    pthread_mutex_unlock(&pending->lock);
}

bool pending_connects_take(struct pending_connects *pending, const struct pending_key *key,
                           struct capture_connection *out) {
    pthread_mutex_lock(&pending->lock);
    struct pending_connect **at = find(pending, key);
    struct pending_connect *record = *at;
    if (record != NULL) {
        *at = record->next;
    }
    signal_if_empty(pending);
    pthread_mutex_unlock(&pending->lock);
    if (record == NULL) {
        return false;
    }
    *out = record->connection;
    free(record);
    return true;
}

void pending_connects_drop(struct pending_connects *pending, const struct pending_key *key) {
    struct capture_connection connection;
    if (pending_connects_take(pending, key, &connection) && connection.server_fd >= 0) {
        close(connection.server_fd);
    }
}

void pending_connects_wait_taken(struct pending_connects *pending, int64_t wait_ms) {
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end); // the clock of pthread_cond_timedwait
    int64_t end_ns = (int64_t)end.tv_sec * NS_PER_S + end.tv_nsec + wait_ms * NS_PER_MS;
    end = (struct timespec){.tv_sec = (time_t)(end_ns / NS_PER_S), .tv_nsec = end_ns % NS_PER_S};
    pthread_mutex_lock(&pending->lock);
    while ((pending->first != NULL || pending->dials > 0) &&
           pthread_cond_timedwait(&pending->emptied, &pending->lock, &end) == 0) {
    }
    pthread_mutex_unlock(&pending->lock);
}
