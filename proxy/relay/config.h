// SPDX-License-Identifier: MIT
// config: what all relays of the process share: the policy of the command line and the machinery it
// needs. Made once at the start, immutable after, borrowed by every relay.
#ifndef SCOPE_RELAY_CONFIG_H
#define SCOPE_RELAY_CONFIG_H

#include "base/clock.h"
#include "certs/facts_store.h"
#include "certs/leaf.h"
#include "certs/trust.h"
#include "event/policy.h"
#include "observe/observer.h"
#include "tls/context.h"

struct embedded_traits;
struct faults;
struct rewrite_rule;

// What a client begins with, where that is known, so that the embedded server need not guess.
enum client_start { CLIENT_START_UNKNOWN, CLIENT_START_PLAIN, CLIENT_START_TLS };

struct relay_config {
    enum client_tls client_tls;
    enum server_tls server_tls;
    enum verify_policy verify;
    bool client_follows_version; // no --tls-client: the client gets no version above the server's
    bool server_follows_version; // no range is given: the server is not offered a version that an
                                 // old client does not speak
    const struct tls_context *accept_context;
    const struct tls_context *connect_context;
    struct leaf_store *leaves;
    struct trust_store *trust;
    struct facts_store *facts;
    struct observer_config observer;
    struct faults *faults;                // of --fault; NULL for none
    bool dry_run;                         // --dry-run
    const struct rewrite_rule *rewrite;   // --rewrite-to; NULL for none
    enum client_start client_start;       // of the embedded server's clients
    const struct embedded_traits *traits; // of the embedded server, for `audit`; NULL for none
};

#endif
