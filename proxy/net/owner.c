// SPDX-License-Identifier: MIT
#include "net/owner.h"

#include "base/memory.h"
#include "base/slice.h"
#include "base/text.h"
#include "net/sock_diag.h"

#include <dirent.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A mail client that connects again and again is one of the last few owners.
enum { RECENT_MAX = 8, PATH_SMALL = 64, NAME_SMALL = 64 };

struct owner {
    pthread_mutex_t lock;
    uint32_t recent[RECENT_MAX]; // pids, 0 for none
    size_t next;
};

struct owner *owner_new(void) {
    struct owner *owner = mem_new(sizeof(*owner));
    pthread_mutex_init(&owner->lock, NULL);
    return owner;
}

void owner_free(struct owner *owner) {
    if (owner != NULL) {
        pthread_mutex_destroy(&owner->lock);
        free(owner);
    }
}

// ── who holds it, from /proc ────────────────────────────────────────────────────────────────────

// True if some descriptor of the process is the link `wanted`, "socket:[12345]".
static bool holds(uint32_t pid, const char *wanted) {
    char path[PATH_SMALL];
    snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd", pid);
    DIR *folder = opendir(path);
    if (folder == NULL) {
        return false;
    }
    bool found = false;
    struct dirent *entry;
    while (!found && (entry = readdir(folder)) != NULL) {
        char link[NAME_SMALL];
        ssize_t len = readlinkat(dirfd(folder), entry->d_name, link, sizeof(link) - 1);
        link[len > 0 ? len : 0] = '\0';
        found = strcmp(link, wanted) == 0;
    }
    closedir(folder);
    return found;
}

static uint32_t find_recent(struct owner *owner, const char *wanted) {
    uint32_t recent[RECENT_MAX];
    pthread_mutex_lock(&owner->lock);
    memcpy(recent, owner->recent, sizeof(recent));
    pthread_mutex_unlock(&owner->lock);
    for (size_t i = 0; i < RECENT_MAX; i++) {
        if (recent[i] != 0 && holds(recent[i], wanted)) {
            return recent[i];
        }
    }
    return 0;
}

static void remember(struct owner *owner, uint32_t pid) {
    pthread_mutex_lock(&owner->lock);
    owner->recent[owner->next] = pid;
    owner->next = (owner->next + 1) % RECENT_MAX;
    pthread_mutex_unlock(&owner->lock);
}

static uint32_t find_anywhere(const char *wanted) {
    DIR *folder = opendir("/proc");
    if (folder == NULL) {
        return 0;
    }
    uint32_t found = 0;
    struct dirent *entry;
    while (found == 0 && (entry = readdir(folder)) != NULL) {
        uint64_t pid = 0;
        if (text_parse_u64(&pid, slice_of_string(entry->d_name), UINT32_MAX) &&
            holds((uint32_t)pid, wanted)) {
            found = (uint32_t)pid;
        }
    }
    closedir(folder);
    return found;
}

bool owner_find(struct owner *owner, struct process_identity *out, const struct sockaddr *client,
                const struct sockaddr *server) {
    uint64_t inode = 0;
    memset(out, 0, sizeof(*out));
    if (sock_diag_find(&inode, client, server) != SOCK_DIAG_OPEN) {
        return false;
    }
    char wanted[NAME_SMALL];
    snprintf(wanted, sizeof(wanted), "socket:[%" PRIu64 "]", inode);
    uint32_t pid = find_recent(owner, wanted);
    if (pid == 0) {
        pid = find_anywhere(wanted);
        if (pid == 0) {
            return false;
        }
        remember(owner, pid);
    }
    process_identify(out, pid);
    return true;
}
