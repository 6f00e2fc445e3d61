// SPDX-License-Identifier: MIT
// socket_holders: which process holds a socket, from the descriptors in /proc. Only reading all
// of them finds it, so one reading serves for many questions: what it saw is remembered,
// and an answer from memory is checked by one look at that descriptor. Knows no threads.
#ifndef SCOPE_NET_SOCKET_HOLDERS_H
#define SCOPE_NET_SOCKET_HOLDERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct socket_holders;

struct outside;

// `stop` ends a reading early once it is set. `outside` looks where this process may not; NULL for
// none. Both outlive the table.
struct socket_holders *socket_holders_new(const atomic_bool *stop, struct outside *outside);
void socket_holders_free(struct socket_holders *holders);

// The process that holds the socket with this inode, and as which descriptor, as far as it was
// seen. False where it was not, or is held no more.
bool socket_holders_find(uint32_t *out_pid, uint32_t *out_fd, struct socket_holders *holders,
                         uint64_t inode);
// Reads the descriptors of one process after the other while `go_on`, called after each, wants
// more: the few that were found last first (a mail client that connects again is one of them,
// mostly), then all, the newest first.
void socket_holders_read(struct socket_holders *holders, bool (*go_on)(void *context),
                         void *context);

#endif
