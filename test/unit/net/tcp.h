// SPDX-License-Identifier: MIT
// tcp: connections within the test's own process.
#ifndef SCOPE_TEST_NET_TCP_H
#define SCOPE_TEST_NET_TCP_H

#include <netinet/in.h>
#include <stdbool.h>

int tcp_listen(struct sockaddr_in *out_name); // on a free port of 127.0.0.1, non-blocking
int tcp_connect(const struct sockaddr_in *name);
// [0] has connected to [1], which is non-blocking.
void tcp_pair(int out[2]);
bool tcp_is_closed(int fd); // by the other end, after what it sent was read

#endif
