// SPDX-License-Identifier: MIT
// policy: what the user asked of the TLS of every session. Part of the vocabulary, because the
// command line names it, the relay acts on it and the help prints it.
#ifndef SCOPE_EVENT_POLICY_H
#define SCOPE_EVENT_POLICY_H

// --client-tls: what the client may do.
enum client_tls {
    CLIENT_TLS_AUTO,     // a ClientHello first is implicit TLS, else STARTTLS is let through
    CLIENT_TLS_IMPLICIT, // a ClientHello first, always
    CLIENT_TLS_NONE,     // STARTTLS is taken out and answered 502, a ClientHello ends the session
};

// --server-tls: what the proxy does towards the server.
enum server_tls {
    SERVER_TLS_MIRROR, // as the client does
    SERVER_TLS_STARTTLS,
    SERVER_TLS_IMPLICIT,
    SERVER_TLS_NONE,
};

// --verify: what a bad server certificate does.
enum verify_policy {
    VERIFY_MIRROR, // the client is shown a certificate with the same faults
    VERIFY_STRICT, // the proxy refuses with an alert
    VERIFY_OFF,    // the client sees a good one
};

#endif
