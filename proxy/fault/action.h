// SPDX-License-Identifier: MIT
// action: what a rule of `--fault` does on an occasion, as data, and how it is written. One table
// says which actions there are, how each reads and at which points it makes sense.
#ifndef SCOPE_FAULT_ACTION_H
#define SCOPE_FAULT_ACTION_H

#include "base/err.h"
#include "base/slice.h"
#include "certs/certificate_fault.h"
#include "tls/context.h"

#include <stdbool.h>
#include <stdint.h>

struct fault_rule;

enum fault_action_kind {
    FAULT_ANSWER, // in the server's place: `code`, `text`
    FAULT_REPLACE,
    FAULT_DELAY, // `time_ns`
    FAULT_SILENCE,
    FAULT_CLOSE,
    FAULT_RESET,
    FAULT_CLOSE_AFTER, // `count` bytes of the message
    FAULT_SLICE,       // `count` bytes a segment
    FAULT_RATE,        // `count` bytes a second
    FAULT_STRIP,       // `text`: keywords, a blank between two
    FAULT_ADD,         // `text`: a line of the EHLO reply without its code
    FAULT_ALERT,       // `count`: AlertDescription of RFC 8446 6
    FAULT_CERTIFICATE, // `certificate`
    FAULT_VERSION,     // `version`
    FAULT_PLAIN,
    FAULT_REFUSE,
    FAULT_UNREACHABLE,
    FAULT_ACTION_COUNT,
};

struct fault_action {
    enum fault_action_kind kind;
    int code;
    const char *text; // points into the rule's `action_text`
    int64_t time_ns;
    uint64_t count;
    const struct certificate_fault *certificate;
    enum tls_version version;
};

// Whether this text reads as an action; `out`'s texts point into it.
bool fault_action_find(struct fault_action *out, const char *text);
// Fills in the action of a rule whose point is known and whose `action_text` is set. ERR_USAGE with
// a sentence that names the word that cannot be read, or says why the action makes no sense there.
MUST_USE enum err fault_action_read(struct fault_rule *rule, struct failure *failure);

// A word of a rule, and what is left after it.
struct slice fault_word_next(struct slice *rest);
// `250ms`, `3s`.
bool fault_time_read(int64_t *out_ns, struct slice word);

#endif
