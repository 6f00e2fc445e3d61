// SPDX-License-Identifier: MIT
#include "net/owner.h"

#include "base/memory.h"
#include "base/slice.h"
#include "base/text.h"
#include "net/address.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// A mail client that connects again and again is one of the last few owners.
enum { RECENT_MAX = 8, PATH_SMALL = 64, NAME_SMALL = 64, ANSWER_MAX = 8192 };

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

// ── the socket's inode, from the kernel's tables ────────────────────────────────────────────────

struct diag_request {
    struct nlmsghdr header;
    struct inet_diag_req_v2 body;
};

static void put_address(__be32 out[4], __be16 *out_port, const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, address, sizeof(four));
        memcpy(out, &four.sin_addr, sizeof(four.sin_addr));
        *out_port = four.sin_port;
    } else {
        struct sockaddr_in6 six;
        memcpy(&six, address, sizeof(six));
        memcpy(out, &six.sin6_addr, sizeof(six.sin6_addr));
        *out_port = six.sin6_port;
    }
}

static uint64_t read_inode(int netlink) {
    union {
        struct nlmsghdr header;
        uint8_t room[ANSWER_MAX];
    } answer;
    ssize_t len = recv(netlink, &answer, sizeof(answer), 0);
    if (len < (ssize_t)NLMSG_LENGTH(sizeof(struct inet_diag_msg)) ||
        answer.header.nlmsg_type != SOCK_DIAG_BY_FAMILY) {
        return 0; // NLMSG_ERROR with ENOENT: nobody on this machine
    }
    struct inet_diag_msg found;
    memcpy(&found, NLMSG_DATA(&answer.header), sizeof(found));
    return found.idiag_inode;
}

static uint64_t find_inode(const struct sockaddr *client, const struct sockaddr *server) {
    struct diag_request request = {
        .header = {.nlmsg_len = sizeof(request),
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST},
        .body = {.sdiag_family = (uint8_t)client->sa_family,
                 .sdiag_protocol = IPPROTO_TCP,
                 .idiag_states = UINT32_MAX},
    };
    struct inet_diag_sockid *id = &request.body.id;
    put_address(id->idiag_src, &id->idiag_sport, client);
    put_address(id->idiag_dst, &id->idiag_dport, server);
    id->idiag_cookie[0] = INET_DIAG_NOCOOKIE;
    id->idiag_cookie[1] = INET_DIAG_NOCOOKIE;
    int netlink = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
    if (netlink < 0) {
        return 0;
    }
    bool sent = send(netlink, &request, sizeof(request), 0) == (ssize_t)sizeof(request);
    uint64_t inode = sent ? read_inode(netlink) : 0;
    close(netlink);
    return inode;
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

static void copy_unmapped(struct sockaddr_storage *out, const struct sockaddr *address) {
    memset(out, 0, sizeof(*out));
    memcpy(out, address, address_len(address));
    address_unmap(out);
}

bool owner_find(struct owner *owner, struct process_identity *out, const struct sockaddr *client,
                const struct sockaddr *server) {
    struct sockaddr_storage own;
    struct sockaddr_storage peer;
    memset(out, 0, sizeof(*out));
    copy_unmapped(&own, client);
    copy_unmapped(&peer, server);
    uint64_t inode = own.ss_family == peer.ss_family
                         ? find_inode((struct sockaddr *)&own, (struct sockaddr *)&peer)
                         : 0;
    if (inode == 0) {
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
