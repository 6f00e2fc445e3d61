// SPDX-License-Identifier: MIT
// socket_links: the sockets among the descriptors of a process, as the links of /proc/PID/fd say.
#ifndef SCOPE_SANDBOX_SOCKET_LINKS_H
#define SCOPE_SANDBOX_SOCKET_LINKS_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct socket_link {
    uint64_t inode;
    uint32_t fd;
};

struct descriptor {
    uint32_t pid;
    uint32_t fd;
};

// Sockets that some of these descriptors may hold.
struct socket_search {
    uint32_t inode_count;
    uint32_t place_count;
    uint64_t inodes[LIMIT_PLACE_LOOKS];
    struct descriptor places[LIMIT_PLACE_LOOKS]; // looked at in this order
};

// Takes one; false where no more are wanted.
typedef bool socket_link_taker(void *context, const struct socket_link *link);

// The inode of the socket that a process holds as this descriptor; 0 where there is none, or the
// process is hidden from us.
uint64_t socket_link_at(uint32_t pid, uint32_t fd);
bool socket_search_wants(const struct socket_search *search, uint64_t inode);
// The inode at each place, as the one above, until all sockets of the search were met. How many
// places were looked at.
size_t socket_links_search(uint64_t out_inodes[static LIMIT_PLACE_LOOKS],
                           const struct socket_search *search);
// Gives all of a process to `take`; none where it is hidden from us.
void socket_links_of(uint32_t pid, socket_link_taker *take, void *context);

#endif
