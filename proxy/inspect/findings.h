// SPDX-License-Identifier: MIT
// findings: the rules of the analysis over one session. Events go in, in order; a finding comes out
// as soon as the event that makes it known has been seen. Rules are pure: they know events, not
// bytes, sockets or outputs.
//
// The table of rules (id, severity, reference, what it is about) is `rule.h`, the only one.
#ifndef SCOPE_INSPECT_FINDINGS_H
#define SCOPE_INSPECT_FINDINGS_H

#include "event/event.h"

struct findings;

// What has been done already to make clients trust the CA.
enum trust_help {
    TRUST_HELP_NONE,
    TRUST_HELP_VARIABLES, // `run` has set the variables of each runtime, and can do no more here
    TRUST_HELP_DECLINED,  // … by --no-trust-mount, or since the mount would cost rights
    TRUST_HELP_MOUNT,     // … and put the CA into the system's bundle
};

struct findings_config {
    int64_t slow_ns;      // --slow
    bool verify_mirror;   // --verify mirror: the client saw the server's faults
    bool verify_strict;   // --verify strict: a bad certificate of the server ended the session
    bool name_identities; // --auth identity or reveal: a finding may name who logged in
    const char *const *ignored; // --ignore: ids of rules
    size_t ignored_count;
    enum trust_help trust_help;
    const char *ca_file; // where the CA is, for advice on how to trust it; NULL if unknown
};

// `config` is copied, its strings and their list borrowed; EVENT_FINDINGs go to `sink` from within
// observe.
struct findings *findings_new(const struct findings_config *config, struct event_sink sink);
void findings_free(struct findings *findings);

// What waited for this event to be known is said now. Call it before the delivery of the event
// itself, so that a finding is under the line that it speaks of, and then findings_observe.
void findings_settle(struct findings *findings, const struct event *event);
// Looks at one event before it is masked. Call it after the delivery of the event itself; for
// EVENT_CLOSE in front of it, since the close is the last event of a session.
void findings_observe(struct findings *findings, const struct event *event);
// The stream of the one that closes first has ended, though the session may go on: how far the
// conversation has come then.
void findings_peer_left(struct findings *findings, enum side side,
                        const struct event_progress *progress, int64_t at_ns);
// After EVENT_CLOSE: its `likely`, null where nothing failed. Valid as long as the findings.
struct slice findings_likely(const struct findings *findings);

#endif
