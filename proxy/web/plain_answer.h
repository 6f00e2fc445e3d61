// SPDX-License-Identifier: MIT
// plain_answer: errors that the HTTP library cannot send: to a client that has no connection in the
// library, and in the middle of a request. And the headers that every answer has.
#ifndef SCOPE_WEB_PLAIN_ANSWER_H
#define SCOPE_WEB_PLAIN_ANSWER_H

#include <stdbool.h>

struct answer_header {
    const char *name;
    const char *value;
};

// Ended by one without a name. A Content-Security-Policy comes to them, each answer's own.
extern const struct answer_header answer_headers[];
#define POLICY_OF_API "default-src 'none'; frame-ancestors 'none'"

// `status` is as in "408 Request Timeout", `sentence` goes into JSON as it is. False where the
// client cannot be reached. The connection is over then; the socket stays the caller's.
bool plain_answer_send(int fd, const char *status, const char *sentence);

#endif
