// SPDX-License-Identifier: MIT
// probe: what of capture and redirection works on this machine, tried and not guessed, for
// `smtpscope doctor`. Each probe takes milliseconds and leaves nothing when it is done.
#ifndef SCOPE_CAPTURE_PROBE_H
#define SCOPE_CAPTURE_PROBE_H

#include "base/limits.h"

#include <stdbool.h>
#include <stddef.h>

enum { PROBE_COUNT_MAX = 16 };

enum probe_state {
    PROBE_WORKS,
    PROBE_LIMITED, // something that only some need does not: worth knowing, and no fault
    PROBE_FAILS,
};

struct probe_result {
    const char *name; // "capture", "redirect"
    enum probe_state state;
    char what[PROBE_TEXT_MAX];   // what was found, one sentence
    char remedy[PROBE_TEXT_MAX]; // what to do about it, and as whom; "" where nothing is to be done
};

// Runs every probe in turn; returns how many results were written. `ca_file` is our CA's
// certificate (PEM), NULL where there is none yet.
size_t probe_all(struct probe_result results[PROBE_COUNT_MAX], const char *ca_file);

#endif
