// SPDX-License-Identifier: MIT
// lookup: names become addresses on threads of their own. getaddrinfo may take half a minute and
// cannot be ended; libuv's threads are few, and its loops wait for them. A look-up that is
// cancelled here is forgotten at once, and neither a loop nor the process waits for its thread.
#ifndef SCOPE_NET_LOOKUP_H
#define SCOPE_NET_LOOKUP_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

// No error of getaddrinfo: the system let no thread start.
enum { LOOKUP_NO_THREAD = 1 };

struct lookup;
struct lookups; // all of the process, and their threads

struct lookups *lookups_new(void);
void lookups_free(struct lookups *lookups); // NULL is fine; each look-up has ended or is cancelled

// Calls `done` once, on the loop and never from within this call, with an error of getaddrinfo,
// LOOKUP_NO_THREAD, or a list that is valid for the call.
struct lookup *lookup_start(struct lookups *lookups, uv_loop_t *loop, const char *host,
                            void (*done)(void *context, int error, const struct addrinfo *list),
                            void *context);
bool lookup_is_done(struct lookup *lookup); // the loop has yet to come to call `done`
void lookup_cancel(struct lookup *lookup);  // `done` will not be called; NULL is fine

#endif
