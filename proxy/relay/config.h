// SPDX-License-Identifier: MIT
// config: what all relays of the process share: the policy of the command line and the machinery it
// needs. Made once at the start, immutable after, borrowed by every relay.
#ifndef SCOPE_RELAY_CONFIG_H
#define SCOPE_RELAY_CONFIG_H

#include "base/clock.h"
#include "certs/leaf.h"
#include "certs/trust.h"
#include "event/policy.h"
#include "observe/observer.h"
#include "tls/context.h"

// How long a client's ClientHello is waited for where only the client's first bytes can tell
// whether it speaks TLS at once: a bridged server's greeting is held back so long, and no longer.
#define RELAY_HELLO_WAIT_NS (300 * NS_PER_MS)
// How long a ClientHello is waited for once a client has sent plain text after the 220 to its
// STARTTLS that can go nowhere. A client that only sent it too early gets past a slow network.
#define RELAY_PLAIN_WAIT_NS (2 * NS_PER_S)
// How long a peer may take to close after the proxy has ended the session by itself.
#define RELAY_LINGER_NS (2 * NS_PER_S)
// The same at the end of --grace, after which all is closed within 0.2 s.
#define RELAY_STOP_LINGER_NS (100 * NS_PER_MS)
// How long the server may yet answer a client that is gone before the session ends.
#define RELAY_GONE_NS (500 * NS_PER_MS)
// How long a server may take nothing of what a client that is gone said before, while some of it
// is left. A closed socket's kernel has as much patience with a peer that does not read.
#define RELAY_UNREAD_NS (60 * NS_PER_S)

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
    struct observer_config observer;
};

#endif
