// SPDX-License-Identifier: MIT
// fault_rule: one `--fault 'POINT [CONDITION…]: ACTION'` as data, and the language it is written
// in. It knows no session: what a rule does is the filter's (fault/fault_filter.h).
//
//   RCPT ~ @example.net #3: 452 4.5.3 Too many recipients
//   └──┘ └───────────────┘  └────────────────────────────┘
//   point   conditions               action
#ifndef SCOPE_FAULT_FAULT_RULE_H
#define SCOPE_FAULT_FAULT_RULE_H

#include "base/err.h"
#include "base/slice.h"
#include "event/event.h"
#include "fault/action.h"

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
