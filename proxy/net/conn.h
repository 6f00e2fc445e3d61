// SPDX-License-Identifier: MIT
// conn: one accepted client, its server, and the relay between them: the only owner of all three.
// It moves wire bytes between the sockets and the relay, keeps the time, and dials.
#ifndef SCOPE_NET_CONN_H
#define SCOPE_NET_CONN_H

#include "base/buf.h"

#include <sys/socket.h>

struct conn;
struct failed_dial;
struct listener;
struct worker;

// Takes the accepted socket `fd`.
void conn_accept(struct worker *worker, struct listener *listener, int fd,
                 const struct sockaddr *client);
// A session of `run` whose server could not be dialled: nothing but its record.
void conn_record_failed(struct worker *worker, const struct failed_dial *failed);
void conn_stop(struct conn *conn); // the grace is over: says 421 and ends
// The worker's list of its sessions.
struct conn *conn_next(const struct conn *conn);
void conn_list_add(struct conn **first, struct conn *conn);
void conn_list_remove(struct conn **first, struct conn *conn);
void conn_put_line(const struct conn *conn, struct buf *out); // for `ctl sessions`

#endif
