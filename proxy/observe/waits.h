// SPDX-License-Identifier: MIT
// waits: what each session under way waits for, and since when, so that a person who sees nothing
// happen is answered with the reason. A sink (sink.h), asked by another thread.
//
//   connect ─▶ the server's greeting ─▶ the client's next command ─▶ the server's answer to MAIL ─▶
//   …
#ifndef SCOPE_OBSERVE_WAITS_H
#define SCOPE_OBSERVE_WAITS_H

#include "base/limits.h"
#include "observe/sink.h"

struct wait {
    uint64_t session;         // 0 where nothing of it is known but that it was accepted
    char text[WAIT_TEXT_MAX]; // "the server's greeting"
    const char *hint;         // why it may take so long; NULL: none; static
    int64_t since_unix_ns;    // of the last event; INT64_MAX after the end
    bool said;                // by waits_next_to_say
};

struct waits;

struct waits *waits_new(void);
void waits_free(struct waits *waits); // after the last session; NULL is fine

// With a `struct waits` as its context.
extern const struct sink_ops waits_sink;

// The wait of at least `min_ns` that is the longest, and how many sessions there are; false where
// there is none so long.
bool waits_longest(struct waits *waits, struct wait *out, size_t *out_sessions, int64_t now_unix_ns,
                   int64_t min_ns);
// One that this has not given before: each step of a session is given once. False where there is
// none.
bool waits_next_to_say(struct waits *waits, struct wait *out, int64_t now_unix_ns, int64_t min_ns);

#endif
