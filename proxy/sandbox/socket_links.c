// SPDX-License-Identifier: MIT
#include "sandbox/socket_links.h"

#include "base/slice.h"
#include "base/text.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

enum { PATH_SMALL = 64 };

// "socket:[12345]"; 0 for any other link.
static uint64_t inode_of(int folder_fd, const char *name) {
    static const char head[] = "socket:[";
    char link[PATH_SMALL];
    uint64_t inode = 0;
    ssize_t len = readlinkat(folder_fd, name, link, sizeof(link));
    struct slice text = slice_of(link, len > 0 ? (size_t)len : 0);
    if (!slice_starts_with(text, SLICE(head)) || text.data[text.len - 1] != ']') {
        return 0;
    }
    struct slice digits = slice_sub(text, sizeof(head) - 1, text.len - sizeof(head));
    return text_parse_u64(&inode, digits, UINT64_MAX) ? inode : 0;
}

uint64_t socket_link_at(uint32_t pid, uint32_t fd) {
    char path[PATH_SMALL];
    snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd/%" PRIu32, pid, fd);
    return inode_of(-1, path); // The path is absolute: no folder is needed.
}

bool socket_search_wants(const struct socket_search *search, uint64_t inode) {
    bool wanted = false;
    for (size_t i = 0; i < search->inode_count && !wanted; i++) {
        wanted = search->inodes[i] == inode;
    }
    return wanted;
}

size_t socket_links_search(uint64_t out_inodes[static LIMIT_PLACE_LOOKS],
                           const struct socket_search *search) {
    size_t left = search->inode_count;
    size_t looked = 0;
    for (; looked < search->place_count && left > 0; looked++) {
        const struct descriptor *place = &search->places[looked];
        out_inodes[looked] = socket_link_at(place->pid, place->fd);
        left -= socket_search_wants(search, out_inodes[looked]) ? 1 : 0;
    }
    return looked;
}

void socket_links_of(uint32_t pid, socket_link_taker *take, void *context) {
    char path[PATH_SMALL];
    snprintf(path, sizeof(path), "/proc/%" PRIu32 "/fd", pid);
    DIR *folder = opendir(path);
    bool wanted = folder != NULL;
    struct dirent *entry;
    while (wanted && (entry = readdir(folder)) != NULL) {
        uint64_t fd = 0;
        struct socket_link link = {0};
        if (text_parse_u64(&fd, slice_of_string(entry->d_name), UINT32_MAX)) {
            link.fd = (uint32_t)fd;
            link.inode = inode_of(dirfd(folder), entry->d_name);
        }
        wanted = link.inode == 0 || take(context, &link);
    }
    if (folder != NULL) {
        closedir(folder);
    }
}
