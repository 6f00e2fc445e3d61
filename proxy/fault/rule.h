// SPDX-License-Identifier: MIT
// rule: one `--fault 'POINT [CONDITION…]: ACTION'` as data, and the language it is written in. It
// knows no session: what a rule does is the filter's (fault/filter.h).
//
//   RCPT ~ @example.net #3: 452 4.5.3 Too many recipients
//   └──┘ └───────────────┘  └────────────────────────────┘
//   point   conditions               action
#ifndef SCOPE_FAULT_RULE_H
#define SCOPE_FAULT_RULE_H

#include "base/err.h"
#include "base/slice.h"
#include "event/event.h"

#include <stdbool.h>
#include <stdint.h>

struct pattern;

enum fault_point {
    FAULT_CONNECT,  // before the server is dialled
    FAULT_TLS,      // the client's handshake
    FAULT_GREETING, // the server's first reply
    FAULT_COMMAND,  // a command and its reply: `verb`
    FAULT_MESSAGE,  // the answer to a whole message
};

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
    FAULT_CERTIFICATE, // `count`: enum fault_certificate
    FAULT_REFUSE,
    FAULT_UNREACHABLE,
    FAULT_ACTION_COUNT,
};

enum fault_certificate {
    FAULT_CERTIFICATE_EXPIRED,
    FAULT_CERTIFICATE_NOT_YET_VALID,
    FAULT_CERTIFICATE_WRONG_NAME,
    FAULT_CERTIFICATE_SELF_SIGNED,
    FAULT_CERTIFICATE_UNKNOWN_ISSUER,
    FAULT_CERTIFICATE_WEAK_KEY,
};

struct fault_action {
    enum fault_action_kind kind;
    int code;
    const char *text; // points into the rule's `action_text`
    int64_t time_ns;
    uint64_t count;
};

// From the first to the last, counted from 1.
struct fault_range {
    uint64_t first;
    uint64_t last;
};

struct fault_rule {
    char *point_text;  // as it was typed, in upper case where it is a verb
    char *action_text; // as it was typed
    char *text;        // the whole rule as it was typed
    enum fault_point point;
    bool any_verb;           // `*`; else `point_text` is the verb
    struct pattern *pattern; // `~ REGEX`; NULL for none
    struct fault_range nth;  // `#N`: of the occasions of a session
    struct fault_range sessions;
    uint32_t chance_ppm;  // `P%` in millionths; FAULT_ALWAYS where there is none
    uint64_t over_count;  // `over N/Ss`
    int64_t over_span_ns; // 0 where there is none
    struct fault_action action;
};

enum { FAULT_ALWAYS = 1000000 };

// ERR_USAGE with a sentence that names the word that cannot be read, or says why the action makes
// no sense at this point.
MUST_USE enum err fault_rule_parse(struct fault_rule *out, struct failure *failure,
                                   const char *text);
void fault_rule_cleanup(struct fault_rule *rule);

// Whether a command with this verb, in any case, is an occasion of the rule.
bool fault_rule_is_for_verb(const struct fault_rule *rule, struct slice verb);
// What is said of the rule when it acts; its texts are the rule's. EVENT_NO_EXCHANGE for none.
struct event_fault fault_rule_event(const struct fault_rule *rule, int exchange);
bool fault_range_has(struct fault_range range, uint64_t number);

#endif
