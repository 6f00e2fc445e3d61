// SPDX-License-Identifier: MIT
// embedded: the server of `--mode sink`, without a socket: plaintext in, plaintext out. It takes
// any credentials and every message, refuses bad sequences with 503, and delivers nothing (RFC
// 5321, 1870, 2034, 2920, 3030, 3207, 3461, 4954, 6152, 6531).
//
// It has no TLS of its own: embedded_tls_begun says when TLS is up.
#ifndef SCOPE_EMBEDDED_EMBEDDED_H
#define SCOPE_EMBEDDED_EMBEDDED_H

#include "base/buf.h"
#include "embedded/traits.h"
#include "plug/far_end.h"

struct embedded;
struct embedded_traits;

struct embedded_config {
    const char *name;                     // what it calls itself in the greeting
    bool offer_starttls;                  // false under --client-tls none
    size_t max_line;                      // bytes of a command line it takes
    const struct embedded_traits *traits; // borrowed; NULL: a plain server
};

struct embedded *embedded_new(const struct embedded_config *config);
void embedded_free(struct embedded *embedded);

// Appends the greeting to `out`.
void embedded_greet(struct embedded *embedded, struct buf *out);
// Takes client bytes, split anywhere, and appends what it answers. Reads no further than `out` has
// room for; returns how many bytes it took. Between STARTTLS and embedded_tls_begun it drops what
// comes: plain bytes must never be read as if they had come inside TLS (CVE-2011-0411). After QUIT
// it takes nothing. Ask it with no bytes too: the rest of an answer may be due.
size_t embedded_feed(struct embedded *embedded, struct slice bytes, struct buf *out, int64_t at_ns);
// When it has something to say by itself; INT64_MAX for never.
int64_t embedded_deadline_ns(const struct embedded *embedded);
// TLS is up, after STARTTLS or from the first byte on: forgets EHLO and login (RFC 3207 4.2), and
// offers AUTH from now on.
void embedded_tls_begun(struct embedded *embedded);
// A server of its own, as what a relay talks to.
struct far_end embedded_far_end(const struct embedded_config *config);
bool embedded_finished(const struct embedded *embedded); // QUIT was answered: close after sending

#endif
