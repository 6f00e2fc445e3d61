// SPDX-License-Identifier: MIT
#include "net/socket_holders.h"

#include "base/array.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/slice.h"
#include "base/text.h"
#include "sandbox/outside.h"

#include <dirent.h>
#include <stdlib.h>

struct holder {
    uint64_t inode; // 0 for none
    uint32_t pid;
    uint32_t fd;
    uint64_t reading; // which one saw it
};

struct socket_holders {
    const atomic_bool *stop;
    struct outside *outside;
    uint64_t reading;
    uint32_t recent[LIMIT_RECENT_HOLDERS]; // pids, 0 for none
    size_t next_recent;
    // By inode. The kernel counts inodes up, so that those of one time do not meet in one place.
    struct holder table[LIMIT_SOCKET_HOLDERS];
};

struct socket_holders *socket_holders_new(const atomic_bool *stop, struct outside *outside) {
    struct socket_holders *holders = mem_new(sizeof(*holders));
    holders->stop = stop;
    holders->outside = outside;
    return holders;
}

void socket_holders_free(struct socket_holders *holders) {
    free(holders);
}

// Of several that hold one socket the first that a reading meets counts.
static void remember(struct socket_holders *holders, const struct holder *seen) {
    struct holder *place = &holders->table[seen->inode % LIMIT_SOCKET_HOLDERS];
    if (place->reading != seen->reading || place->inode < seen->inode) {
        *place = *seen;
    }
}

struct holders_reading {
    struct socket_holders *holders;
    uint32_t pid;
};

static bool take_link(void *context, const struct socket_link *link) {
    const struct holders_reading *reading = context;
    struct socket_holders *holders = reading->holders;
    remember(holders, &(struct holder){.inode = link->inode,
                                       .pid = reading->pid,
                                       .fd = link->fd,
                                       .reading = holders->reading});
    return !atomic_load(holders->stop);
}

static void read_process(struct socket_holders *holders, uint32_t pid) {
    struct holders_reading reading = {.holders = holders, .pid = pid};
    outside_sockets_of(holders->outside, pid, take_link, &reading);
}

// Ascending, as /proc lists them.
static uint32_t *list_processes(size_t *out_count) {
    DIR *folder = opendir("/proc");
    uint32_t *pids = NULL;
    size_t room = 0;
    size_t count = 0;
    struct dirent *entry;
    while (folder != NULL && (entry = readdir(folder)) != NULL) {
        uint64_t pid = 0;
        if (!text_parse_u64(&pid, slice_of_string(entry->d_name), UINT32_MAX)) {
            continue;
        }
        pids = array_grown(pids, count, &room, sizeof(*pids));
        pids[count++] = (uint32_t)pid;
    }
    if (folder != NULL) {
        closedir(folder);
    }
    *out_count = count;
    return pids;
}

void socket_holders_read(struct socket_holders *holders, bool (*go_on)(void *context),
                         void *context) {
    bool wanted = true;
    holders->reading++;
    for (size_t i = 0; i < LIMIT_RECENT_HOLDERS && wanted; i++) {
        if (holders->recent[i] != 0) {
            read_process(holders, holders->recent[i]);
            wanted = go_on(context);
        }
    }
    if (!wanted) {
        return;
    }
    size_t count = 0;
    uint32_t *pids = list_processes(&count);
    while (count > 0 && wanted && !atomic_load(holders->stop)) {
        read_process(holders, pids[--count]);
        wanted = go_on(context);
    }
    free(pids);
}

static void note_recent(struct socket_holders *holders, uint32_t pid) {
    for (size_t i = 0; i < LIMIT_RECENT_HOLDERS; i++) {
        if (holders->recent[i] == pid) {
            return;
        }
    }
    holders->recent[holders->next_recent] = pid;
    holders->next_recent = (holders->next_recent + 1) % LIMIT_RECENT_HOLDERS;
}

bool socket_holders_find(uint32_t *out_pid, uint32_t *out_fd, struct socket_holders *holders,
                         uint64_t inode) {
    struct holder *place = &holders->table[inode % LIMIT_SOCKET_HOLDERS];
    if (place->inode != inode) {
        return false;
    }
    if (outside_socket_at(holders->outside, place->pid, place->fd) != inode) {
        place->inode = 0;
        return false;
    }
    note_recent(holders, place->pid);
    *out_pid = place->pid;
    *out_fd = place->fd;
    return true;
}
