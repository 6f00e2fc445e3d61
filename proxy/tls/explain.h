// SPDX-License-Identifier: MIT
// explain: one sentence about why a TLS connection failed: on which side, what was seen, what was
// due, and what to do. A transcript that says "handshake failure" does not help.
#ifndef SCOPE_TLS_EXPLAIN_H
#define SCOPE_TLS_EXPLAIN_H

#include "base/buf.h"
#include "event/event.h"
#include "tls/context.h"
#include "tls/hello.h"

enum tls_stage {
    TLS_STAGE_BEGUN,             // no whole hello of the peer was seen
    TLS_STAGE_HELLO,             // the peer's hello was
    TLS_STAGE_CERTIFICATE_SHOWN, // towards a client: our certificate went out
    TLS_STAGE_DONE,              // the handshake had ended
};

enum tls_end { TLS_END_NONE, TLS_END_EOF, TLS_END_RESET };

// All that is known when it fails.
struct tls_account {
    enum side peer;
    enum tls_stage stage;
    struct tls_version_range allowed;
    uint16_t limit;                // towards a client the version that the server chose, towards
                                   // a server the client's highest: no higher one is negotiated;
                                   // 0 for none
    uint16_t pinned;               // towards a client: the one version that --fault wants; 0
    int reason;                    // BoringSSL's (SSL_R_…), 0 for none
    int alert;                     // ALERT_NONE where there was none
    enum party alert_by;           // PARTY_PROXY for our own
    enum tls_end end;              // how the peer's stream ended, if that was it
    struct slice first;            // the first bytes that the peer sent
    const struct tls_hello *hello; // the client's; NULL where not known
    const char *plain_text_remedy; // towards a server that speaks plain text; NULL for none
    bool has_certificate;          // towards a server: one that could be given,
    bool certificate_requested;    // and it was asked for
    bool faulty;         // the certificate shown to the client mirrors the server's faults
    bool faulty_by_rule; // … or has those that --fault wants
    uint16_t suite;      // of the ServerHello; 0 before it
};

// Appends the sentence, without a full stop at its end.
void tls_explain(struct buf *out, const struct tls_account *account);

#endif
