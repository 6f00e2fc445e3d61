// SPDX-License-Identifier: MIT
// endpoint: one end of one TLS connection as a pure machine: wire bytes in, plaintext out, and the
// other way round. No socket, no certificate policy: who the peer is, is decided above, while the
// handshake is paused.
//
//   towards the client (we are the server)      towards the server (we are the client)
//
//   AWAIT_HELLO                                 AWAIT_HANDSHAKE
//      │ ClientHello seen: HELLO_SHOWN             │ the chain was shown to `verify`
//      ▼ tls_endpoint_present(leaf)                ▼
//   AWAIT_HANDSHAKE ──▶ ESTABLISHED             ESTABLISHED
//      └──▶ FAILED                                 └──▶ FAILED
//
// RFC 8446, 5246; ALPN 7301; SNI 6066.
#ifndef SCOPE_TLS_ENDPOINT_H
#define SCOPE_TLS_ENDPOINT_H

#include "base/buf.h"
#include "event/event.h"
#include "tls/context.h"
#include "tls/hello.h"

#include <openssl/base.h>

struct tls_endpoint;

enum tls_state {
    TLS_AWAIT_HELLO,     // accepting side: no whole ClientHello yet
    TLS_HELLO_SHOWN,     // accepting side: paused until tls_endpoint_present or _refuse
    TLS_AWAIT_HANDSHAKE, // feed it, send its output
    TLS_ESTABLISHED,
    TLS_FAILED, // tls_endpoint_facts says why; output may hold an alert to send
};

// What the accepting side presents. Borrowed for the call; the endpoint takes its own references.
struct tls_identity {
    CRYPTO_BUFFER *const *chain; // leaf first
    size_t chain_len;
    EVP_PKEY *key;
};

enum tls_verdict {
    TLS_ACCEPT,
    TLS_REFUSE,
    TLS_ASK_AGAIN, // not known yet: the next feed asks again
};

// What a connecting endpoint is to do; borrowed for the call of tls_endpoint_connect.
struct tls_connect_plan {
    const char *sni;        // NULL: send none
    struct slice alpn_wire; // empty: offer none
    uint16_t version_max;   // as numbered on the wire: offer none above it; 0 for no limit
    // Called with the peer's chain, leaf first, from within a feed, until it has a verdict. It
    // records it, and refuses with the alert `*out_alert` (strict) or accepts whatever it found.
    enum tls_verdict (*verify)(void *context, CRYPTO_BUFFER *const *chain, size_t chain_len,
                               int *out_alert);
    void *context;
    const char *plain_text_remedy; // what to do about a server that speaks plain text; static
};

struct tls_endpoint *tls_endpoint_accept(const struct tls_context *context, int64_t at_ns);
struct tls_endpoint *tls_endpoint_connect(const struct tls_context *context,
                                          const struct tls_connect_plan *plan, int64_t at_ns);
void tls_endpoint_free(struct tls_endpoint *endpoint); // NULL is fine

enum tls_state tls_endpoint_state(const struct tls_endpoint *endpoint);

// Wire bytes from the peer, split anywhere, and progress as far as they go. Plaintext is appended
// to `out`, as far as there is room; returns how many wire bytes were taken (the rest must be fed
// again once `out` has room: that is the back-pressure). Feeding nothing makes progress with what
// is held.
// While the endpoint is paused (HELLO_SHOWN) bytes after the ClientHello are not taken. What comes
// after a close_notify or after a failure is taken and dropped (RFC 8446 6.1).
size_t tls_endpoint_feed(struct tls_endpoint *endpoint, struct slice wire, struct buf *out,
                         int64_t at_ns);
// Bytes to send to the peer: tls_endpoint_output is valid until the next call, _sent consumes.
struct slice tls_endpoint_output(const struct tls_endpoint *endpoint);
void tls_endpoint_sent(struct tls_endpoint *endpoint, size_t len);
// Encrypts; only when ESTABLISHED. Returns how many bytes were taken (less when the unsent output
// is at LIMIT_LEG_OUTPUT).
size_t tls_endpoint_write(struct tls_endpoint *endpoint, struct slice plaintext);
void tls_endpoint_close_notify(struct tls_endpoint *endpoint); // appends it to the output, once
bool tls_endpoint_got_close_notify(const struct tls_endpoint *endpoint);
// The peer's TCP stream ended; `reset`: by a reset, or with bytes of ours still unacknowledged
// (TCP_INFO), so that it cannot have read them. A handshake that was under way has failed by it,
// and a client that left so right after the handshake has refused the certificate (msmtp).
void tls_endpoint_eof(struct tls_endpoint *endpoint, bool reset, int64_t at_ns);

// Accepting side, in TLS_HELLO_SHOWN.
const struct tls_hello *tls_endpoint_hello(const struct tls_endpoint *endpoint); // NULL before
// From here on no version above this one, as numbered on the wire, is negotiated with the client;
// before tls_endpoint_present. It decides the hello's `rsa_only` again.
void tls_endpoint_limit_version(struct tls_endpoint *endpoint, uint16_t version_max);
// The same for this one version and no other, even one that the context does not allow.
void tls_endpoint_pin_version(struct tls_endpoint *endpoint, enum tls_version version);
struct tls_presentation {
    struct tls_identity identity;
    struct slice alpn;    // the one protocol to select; empty: none
    bool ask_certificate; // ask the client for one, and go on without
    bool faulty;          // it has the faults of the server's own (--verify mirror)
    bool faulty_by_rule;  // … or those that --fault wants
};
void tls_endpoint_present(struct tls_endpoint *endpoint, const struct tls_presentation *what,
                          int64_t at_ns);
// Ends the handshake with this alert (RFC 8446 6); the reason is the caller's sentence.
void tls_endpoint_refuse(struct tls_endpoint *endpoint, int alert, const char *reason,
                         int64_t at_ns);

// Connecting side: what the server selected and gave, once its handshake got that far.
uint16_t tls_endpoint_version(const struct tls_endpoint *endpoint); // on the wire; 0 before that
struct slice tls_endpoint_alpn(const struct tls_endpoint *endpoint);
bool tls_endpoint_certificate_requested(const struct tls_endpoint *endpoint);
// The peer's chain, leaf first; NULL and 0 where it gave none. Valid as long as the endpoint.
// Accepting: the certificate that was presented; NULL before that.
const CRYPTO_BUFFER *tls_endpoint_leaf(const struct tls_endpoint *endpoint);
CRYPTO_BUFFER *const *tls_endpoint_peer_chain(const struct tls_endpoint *endpoint, size_t *out_len);

// Fills the handshake's facts: all of `event_tls` but certificate, verify*, shown_bad and starttls,
// which are decided above. Strings are valid as long as the endpoint. Also good after a failure,
// and again after ESTABLISHED, when a late alert of TLS 1.3 (a client certificate refused, the leaf
// distrusted) has turned the endpoint to FAILED: that belongs to the handshake. `error` is set only
// where the handshake failed; sni_missing is `no SNI`, whether the client had a name to send is for
// the caller to know.
void tls_endpoint_facts(const struct tls_endpoint *endpoint, struct event_tls *out);
// The sentence of any failure, a broken record in mid-session too; NULL where there was none.
const char *tls_endpoint_error(const struct tls_endpoint *endpoint);
// Drops what only the handshake needed (memory of idle sessions).
void tls_endpoint_shed(struct tls_endpoint *endpoint);

// The context that the key log callback gets for this endpoint's secrets.
void tls_endpoint_set_keylog(struct tls_endpoint *endpoint, void *context);

// Whether these first bytes of a stream can only start a TLS handshake record (0x16 0x03 …; one
// byte is enough to tell it from SMTP).
bool tls_looks_like_client_hello(struct slice first_bytes);

#endif
