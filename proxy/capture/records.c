// SPDX-License-Identifier: MIT
#include "capture/records.h"

#include "base/clock.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

// A steered connection waits in the listener's queue until a session is free, so this is long. What
// never comes (the command was killed within its connect) must go some time all the same.
#define RECORD_AGE_MAX_NS (INT64_C(30) * 60 * NS_PER_S)

struct record {
    struct record *next;
    struct record_key key;
    int64_t added_ns;
    struct capture_connection connection;
};

// A list, newest first: what is unclaimed is what is on its way within this machine, so it is
// nearly always empty.
struct records {
    pthread_mutex_t lock;
    pthread_cond_t emptied;
    struct record *first;
    size_t dials; // under way
};

// ── keys ────────────────────────────────────────────────────────────────────────────────────────

struct record_key record_key_of_loopback(struct in_addr address) {
    struct record_key key = {.port = 0};
    key.address.s6_addr[10] = 0xff;
    key.address.s6_addr[11] = 0xff;
    memcpy(&key.address.s6_addr[12], &address, sizeof(address));
    return key;
}

struct record_key record_key_of_client(const struct sockaddr_in6 *client) {
    return (struct record_key){.address = client->sin6_addr, .port = client->sin6_port};
}

bool record_key_of_accepted(struct record_key *out, int accepted_fd) {
    struct sockaddr_storage name = {0};
    socklen_t len = sizeof(name);
    if (getsockname(accepted_fd, (struct sockaddr *)&name, &len) != 0) {
        return false;
    }
    if (name.ss_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, &name, sizeof(four));
        *out = record_key_of_loopback(four.sin_addr);
        return true;
    }
    struct sockaddr_in6 six;
    memcpy(&six, &name, sizeof(six));
    if (IN6_IS_ADDR_V4MAPPED(&six.sin6_addr)) {
        *out = (struct record_key){.address = six.sin6_addr};
        return true;
    }
    len = sizeof(six);
    if (getpeername(accepted_fd, (struct sockaddr *)&six, &len) != 0) {
        return false;
    }
    *out = record_key_of_client(&six);
    return true;
}

static bool key_equal(const struct record_key *a, const struct record_key *b) {
    return IN6_ARE_ADDR_EQUAL(&a->address, &b->address) && a->port == b->port;
}

// ── records ─────────────────────────────────────────────────────────────────────────────────────

struct records *records_new(void) {
    struct records *records = mem_new(sizeof(*records));
    pthread_mutex_init(&records->lock, NULL);
    pthread_cond_init(&records->emptied, NULL);
    return records;
}

static void record_free(struct record *record) {
    if (record->connection.server_fd >= 0) {
        close(record->connection.server_fd);
    }
    free(record);
}

void records_free(struct records *records) {
    if (records == NULL) {
        return;
    }
    while (records->first != NULL) {
        struct record *record = records->first;
        records->first = record->next;
        record_free(record);
    }
    pthread_cond_destroy(&records->emptied);
    pthread_mutex_destroy(&records->lock);
    free(records);
}

static struct record **find(struct records *records, const struct record_key *key) {
    struct record **at = &records->first;
    while (*at != NULL && !key_equal(&(*at)->key, key)) {
        at = &(*at)->next;
    }
    return at;
}

static void drop_old(struct records *records, int64_t now_ns) {
    struct record **at = &records->first;
    while (*at != NULL) {
        struct record *record = *at;
        if (now_ns - record->added_ns > RECORD_AGE_MAX_NS) {
            *at = record->next;
            record_free(record);
        } else {
            at = &record->next;
        }
    }
}

// An address of 127.0.0.0/8 that stands for nothing yet, clear of both ends of the block, where
// 127.0.0.1 and the broadcast address are.
static struct in_addr pick_address(struct records *records) {
    for (;;) {
        uint32_t bits = 0;
        while (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits)) {
        }
        uint32_t host = 0x010000 + bits % (0xff0000 - 0x010000);
        struct in_addr address = {.s_addr = htonl(0x7f000000U | host)};
        struct record_key key = record_key_of_loopback(address);
        if (*find(records, &key) == NULL) {
            return address;
        }
    }
}

static void add_locked(struct records *records, const struct capture_connection *connection,
                       const struct record_key *key) {
    struct record *record = mem_new(sizeof(*record));
    record->connection = *connection;
    record->added_ns = clock_monotonic_ns();
    record->key = *key;
    drop_old(records, record->added_ns);
    record->next = records->first;
    records->first = record;
}

struct in_addr records_add(struct records *records, const struct capture_connection *connection) {
    pthread_mutex_lock(&records->lock);
    struct in_addr address = pick_address(records);
    struct record_key key = record_key_of_loopback(address);
    add_locked(records, connection, &key);
    pthread_mutex_unlock(&records->lock);
    return address;
}

void records_add_at(struct records *records, const struct capture_connection *connection,
                    const struct record_key *key) {
    pthread_mutex_lock(&records->lock);
    add_locked(records, connection, key);
    pthread_mutex_unlock(&records->lock);
}

static void tell_if_empty(struct records *records) {
    if (records->first == NULL && records->dials == 0) {
        pthread_cond_broadcast(&records->emptied);
    }
}

void records_dial_begun(struct records *records) {
    pthread_mutex_lock(&records->lock);
    records->dials++;
    pthread_mutex_unlock(&records->lock);
}

void records_dial_ended(struct records *records) {
    pthread_mutex_lock(&records->lock);
    records->dials--;
    tell_if_empty(records);
    pthread_mutex_unlock(&records->lock);
}

bool records_take(struct records *records, const struct record_key *key,
                  struct capture_connection *out) {
    pthread_mutex_lock(&records->lock);
    struct record **at = find(records, key);
    struct record *record = *at;
    if (record != NULL) {
        *at = record->next;
    }
    tell_if_empty(records);
    pthread_mutex_unlock(&records->lock);
    if (record == NULL) {
        return false;
    }
    *out = record->connection;
    free(record);
    return true;
}

void records_wait_taken(struct records *records, int64_t wait_ms) {
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end); // the clock of pthread_cond_timedwait
    int64_t end_ns = (int64_t)end.tv_sec * NS_PER_S + end.tv_nsec + wait_ms * NS_PER_MS;
    end = (struct timespec){.tv_sec = (time_t)(end_ns / NS_PER_S), .tv_nsec = end_ns % NS_PER_S};
    pthread_mutex_lock(&records->lock);
    while ((records->first != NULL || records->dials > 0) &&
           pthread_cond_timedwait(&records->emptied, &records->lock, &end) == 0) {
    }
    pthread_mutex_unlock(&records->lock);
}
