// SPDX-License-Identifier: MIT
// faults: all rules of `--fault`, shared by the sessions of the process, and which of them acts on
// an occasion of a session. It knows no bytes: what the action does is up to the one who asks.
//
//   faults (one)            rules, whether they are switched on, what happened lately (`over N/Ss`)
//   fault_session (each)    how often each rule's point came, and the session's own chance
#ifndef SCOPE_FAULT_FAULTS_H
#define SCOPE_FAULT_FAULTS_H

#include "event/session.h"
#include "fault/fault_rule.h"

#include <stddef.h>

struct faults;

// The rules must outlive it.
struct faults *faults_new(const struct fault_rule *rules, size_t count, uint64_t seed);
void faults_free(struct faults *faults); // NULL is fine
// Any thread. While they are off nothing acts; occasions are counted all the same.
void faults_switch(struct faults *faults, bool on);
bool faults_are_on(const struct faults *faults);
bool faults_have_point(const struct faults *faults, enum fault_point point);
// Whether some rule at this point looks at its subject.
bool faults_have_pattern(const struct faults *faults, enum fault_point point);
// Whether some rule at `message` may end it within its text, by its Subject.
bool faults_hold_header(const struct faults *faults);

// Whether the rule, which is one of them, has acted in any session so far. Any thread.
bool faults_have_acted(const struct faults *faults, const struct fault_rule *rule);

// Whether a command may be an occasion on which some rule acts: this verb, or one that begins so
// where `argument` is NULL, as the line has not ended.
bool faults_concern(const struct faults *faults, struct slice verb, const struct slice *argument);

struct fault_session;

// `session` outlives it.
struct fault_session *fault_session_new(struct faults *faults, const struct event_session *session);
void fault_session_free(struct fault_session *session); // NULL is fine
const struct faults *fault_session_rules(const struct fault_session *session);

struct fault_occasion {
    enum fault_point point;
    struct slice verb;    // FAULT_COMMAND
    struct slice subject; // what `~ REGEX` looks at: the argument, the Subject, the server's name
    struct slice as_sent; // FAULT_MESSAGE: … or the Subject without its encoded words decoded
    int64_t at_ns;        // since the session's accept
};

// It did what it says.
void fault_session_note_acted(struct fault_session *session, const struct fault_rule *rule);

// The first rule whose conditions hold, or NULL. Counts the occasion: ask once for each.
const struct fault_rule *fault_session_decide(struct fault_session *session,
                                              const struct fault_occasion *occasion);
// What was asked for did not come to be an occasion: a message decided by its header, and given up
// before its end. It does not count for #N; what it was for `over N/Ss` stays.
void fault_session_take_back(struct fault_session *session, enum fault_point point);
// What it will say of the first occasion of a session that has not begun; counts nothing.
const struct fault_rule *faults_foresee(struct faults *faults, const struct event_session *session,
                                        const struct fault_occasion *occasion);

#endif
