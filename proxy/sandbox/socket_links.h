// SPDX-License-Identifier: MIT
// socket_links: the sockets among the descriptors of a process, as the links of /proc/PID/fd say.
#ifndef SCOPE_SANDBOX_SOCKET_LINKS_H
#define SCOPE_SANDBOX_SOCKET_LINKS_H

#include <stdbool.h>
#include <stdint.h>

struct socket_link {
    uint64_t inode;
    uint32_t fd;
};

// Takes one; false where no more are wanted.
typedef bool socket_link_taker(void *context, const struct socket_link *link);

// The inode of the socket that a process holds as this descriptor; 0 where there is none, or the
// process is hidden from us.
uint64_t socket_link_at(uint32_t pid, uint32_t fd);
// Gives all of a process to `take`; none where it is hidden from us.
void socket_links_of(uint32_t pid, socket_link_taker *take, void *context);

#endif
