// SPDX-License-Identifier: MIT
// outside: a small process beside the proxy that stays outside its sandbox, for the few things that
// the sandbox takes away and the proxy cannot do without. It is started before there is a secret, a
// client or a thread, has no socket but the one to the proxy, and does nothing but this:
//
//   which sockets a process holds (/proc/PID/fd), so that a local client has its pid
//   give the ready file its name, once
//   when the proxy has ended, however it did: remove the control socket
//
// All functions take NULL for none: then the process does the same by itself.
#ifndef SCOPE_SANDBOX_OUTSIDE_H
#define SCOPE_SANDBOX_OUTSIDE_H

#include "base/err.h"
#include "base/safe_file.h"
#include "sandbox/socket_links.h"

#include <sys/types.h>

struct outside;

// Starts the process. 0, or an errno.
MUST_USE int outside_start(struct outside **out);
// Lets it do the last things, and waits for it, at most 5 s.
void outside_stop(struct outside *outside);

// As in socket_links.h; any thread. The first two find nothing where another thread asks just now,
// or no answer comes within 2 ms, and then until it has come: they are asked on the way of the
// mail. The third waits 5 s. A question takes two changes of the process, so a search is one.
uint64_t outside_socket_at(struct outside *outside, uint32_t pid, uint32_t fd);
size_t outside_search(uint64_t out_inodes[static LIMIT_PLACE_LOOKS], struct outside *outside,
                      const struct socket_search *search);
void outside_sockets_of(struct outside *outside, uint32_t pid, socket_link_taker *take,
                        void *context);

// The socket file at `path` is to go when the proxy has ended, unless another has its name by then.
void outside_remove_later(struct outside *outside, const char *path);
// The file has its bytes, and gets its name from outside_commit. Takes the file over. 0, or an
// errno.
MUST_USE int outside_name_later(struct outside *outside, struct new_file *file);
MUST_USE int outside_commit(struct outside *outside, struct new_file *file);
// From here it takes no more paths: the proxy meets its first client.
void outside_seal(struct outside *outside);

#endif
