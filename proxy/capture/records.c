// SPDX-License-Identifier: MIT
#include "capture/records.h"

#include "base/clock.h"
#include "base/memory.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

// A steered connection waits in the listener's queue until a session is free, so this is long. What
// never comes (the command was killed within its connect) must go some time all the same.
#define RECORD_AGE_MAX_NS (INT64_C(30) * 60 * NS_PER_S)

struct record {
    struct record *next;
    struct in_addr address;
    int64_t added_ns;
    struct capture_connection connection;
};

// A list, newest first: what is unclaimed is what is on its way within this machine, so it is
// nearly always empty.
struct records {
    pthread_mutex_t lock;
    struct record *first;
};

struct records *records_new(void) {
    struct records *records = mem_new(sizeof(*records));
    pthread_mutex_init(&records->lock, NULL);
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
    pthread_mutex_destroy(&records->lock);
    free(records);
}

static struct record **find(struct records *records, struct in_addr address) {
    struct record **at = &records->first;
    while (*at != NULL && (*at)->address.s_addr != address.s_addr) {
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
    struct in_addr address;
    do {
        uint32_t bits = 0;
        while (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits)) {
        }
        uint32_t host = 0x010000 + bits % (0xff0000 - 0x010000);
        address.s_addr = htonl(0x7f000000U | host);
    } while (*find(records, address) != NULL);
    return address;
}

struct in_addr records_add(struct records *records, const struct capture_connection *connection) {
    struct record *record = mem_new(sizeof(*record));
    record->connection = *connection;
    record->added_ns = clock_monotonic_ns();
    pthread_mutex_lock(&records->lock);
    drop_old(records, record->added_ns);
    record->address = pick_address(records);
    record->next = records->first;
    records->first = record;
    struct in_addr address = record->address;
    pthread_mutex_unlock(&records->lock);
    return address;
}

bool records_take(struct records *records, struct in_addr address, struct capture_connection *out) {
    pthread_mutex_lock(&records->lock);
    struct record **at = find(records, address);
    struct record *record = *at;
    if (record != NULL) {
        *at = record->next;
    }
    pthread_mutex_unlock(&records->lock);
    if (record == NULL) {
        return false;
    }
    *out = record->connection;
    free(record);
    return true;
}

void records_drop(struct records *records, struct in_addr address) {
    struct capture_connection connection;
    if (records_take(records, address, &connection) && connection.server_fd >= 0) {
        close(connection.server_fd);
    }
}
