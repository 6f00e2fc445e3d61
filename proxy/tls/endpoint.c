// SPDX-License-Identifier: MIT
#include "tls/endpoint.h"

#include "base/boringssl.h"
#include "base/limits.h"
#include "base/memory.h"
#include "tls/alert.h"
#include "tls/handshake.h"
#include "tls/suite.h"

#include <openssl/err.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>

#include <assert.h>
#include <stdlib.h>

// ── life ────────────────────────────────────────────────────────────────────────────────────────

static struct tls_endpoint *endpoint_new(const struct tls_context *context, int64_t at_ns) {
    struct tls_endpoint *endpoint = mem_new(sizeof(*endpoint));
    endpoint->context = context;
    endpoint->peer = tls_context_options(context)->side;
    endpoint->started_ns = at_ns;
    endpoint->alert = ALERT_NONE;
    tls_wire_init(&endpoint->wire);
    buf_init(&endpoint->alpn_choice, LIMIT_ALPN_NAME);
    endpoint->ssl = SSL_new(tls_context_ssl(context));
    BIO *bio = tls_wire_bio(tls_context_bio_method(context), &endpoint->wire);
    // Both fail for want of memory only, which ends the program everywhere else too.
    assert(endpoint->ssl != NULL && bio != NULL);
    SSL_set_bio(endpoint->ssl, bio, bio);
    SSL_set_app_data(endpoint->ssl, endpoint);
    SSL_set_shed_handshake_config(endpoint->ssl, 1);
    // A client may ignore a HelloRequest (RFC 5246 7.4.1.1); refusing it would end the mail.
    SSL_set_renegotiate_mode(endpoint->ssl, ssl_renegotiate_ignore);
    return endpoint;
}

struct tls_endpoint *tls_endpoint_accept(const struct tls_context *context, int64_t at_ns) {
    assert(tls_context_options(context)->side == SIDE_CLIENT);
    struct tls_endpoint *endpoint = endpoint_new(context, at_ns);
    tls_endpoint_set_state(endpoint, TLS_AWAIT_HELLO);
    SSL_set_accept_state(endpoint->ssl);
    return endpoint;
}

// A list that BoringSSL finds malformed costs the offer, not the handshake.
static void offer_alpn(struct tls_endpoint *endpoint, struct slice names) {
    if (names.len > 0 && names.len <= UINT16_MAX &&
        SSL_set_alpn_protos(endpoint->ssl, names.data, (unsigned)names.len) != 0) {
        ERR_clear_error();
    }
}

struct tls_endpoint *tls_endpoint_connect(const struct tls_context *context,
                                          const struct tls_connect_plan *plan, int64_t at_ns) {
    assert(tls_context_options(context)->side == SIDE_SERVER);
    struct tls_endpoint *endpoint = endpoint_new(context, at_ns);
    tls_endpoint_set_state(endpoint, TLS_AWAIT_HANDSHAKE);
    endpoint->plan = (struct tls_connect_plan){.verify = plan->verify,
                                               .context = plan->context,
                                               .plain_text_remedy = plan->plain_text_remedy};
    SSL_set_connect_state(endpoint->ssl);
    if (plan->sni != NULL && SSL_set_tlsext_host_name(endpoint->ssl, plan->sni)) {
        endpoint->sni = mem_string(plan->sni);
    }
    if (plan->version_max != 0 && SSL_set_max_proto_version(endpoint->ssl, plan->version_max)) {
        endpoint->version_limit = plan->version_max;
    }
    ERR_clear_error();
    offer_alpn(endpoint, plan->alpn_wire);
    tls_handshake_advance(endpoint, at_ns);
    return endpoint;
}

void tls_endpoint_free(struct tls_endpoint *endpoint) {
    if (endpoint == NULL) {
        return;
    }
    SSL_free(endpoint->ssl);
    tls_wire_cleanup(&endpoint->wire);
    tls_hello_free(endpoint->hello);
    buf_cleanup(&endpoint->alpn_choice);
    for (size_t i = 0; i < endpoint->chain_len; i++) {
        CRYPTO_BUFFER_free(endpoint->chain[i]);
    }
    free(endpoint->chain);
    CRYPTO_BUFFER_free(endpoint->leaf);
    free(endpoint->alpn);
    free(endpoint->sni);
    free(endpoint->error);
    free(endpoint);
}

void tls_endpoint_shed(struct tls_endpoint *endpoint) {
    buf_shrink(&endpoint->wire.out);
    buf_shrink(&endpoint->alpn_choice);
}

void tls_endpoint_set_keylog(struct tls_endpoint *endpoint, void *context) {
    endpoint->keylog_context = context;
}

// ── bytes in ────────────────────────────────────────────────────────────────────────────────────

// What a read that gave nothing means.
static void judge_read(struct tls_endpoint *endpoint, int result, int64_t at_ns) {
    switch (SSL_get_error(endpoint->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        break;
    case SSL_ERROR_ZERO_RETURN:
        endpoint->got_close_notify = true;
        break;
    default: // everything else is an end
        tls_endpoint_fail(endpoint, TLS_END_NONE, at_ns);
        break;
    }
}

// Decrypts into `out` while there are bytes and room. With no room left nothing is asked of
// BoringSSL, so that it takes nothing off the wire.
static void read_plaintext(struct tls_endpoint *endpoint, struct buf *out, int64_t at_ns) {
    while (endpoint->state == TLS_ESTABLISHED && !endpoint->got_close_notify && buf_room(out) > 0) {
        size_t room = buf_room(out) < LIMIT_TLS_RECORD ? buf_room(out) : LIMIT_TLS_RECORD;
        if (endpoint->wire.in.len == 0 && SSL_pending(endpoint->ssl) == 0) {
            break; // spares the reservation
        }
        uint8_t *space = buf_reserve(out, room);
        ERR_clear_error();
        int result = SSL_read(endpoint->ssl, space, (int)room);
        if (result <= 0) {
            judge_read(endpoint, result, at_ns);
            break;
        }
        buf_commit(out, (size_t)result);
        endpoint->received_data = true;
    }
}

size_t tls_endpoint_feed(struct tls_endpoint *endpoint, struct slice wire, struct buf *out,
                         int64_t at_ns) {
    if (endpoint->wire.observing) {
        buf_append_some(&endpoint->wire.first, wire);
    }
    endpoint->wire.in = wire;
    if (endpoint->state == TLS_AWAIT_HELLO || endpoint->state == TLS_AWAIT_HANDSHAKE) {
        tls_handshake_advance(endpoint, at_ns);
    }
    if (endpoint->state == TLS_ESTABLISHED) {
        read_plaintext(endpoint, out, at_ns);
    }
    size_t left = endpoint->wire.in.len;
    endpoint->wire.in = SLICE("");
    bool over = endpoint->state == TLS_FAILED || endpoint->got_close_notify;
    return over ? wire.len : wire.len - left;
}

static bool left_at_once(const struct tls_endpoint *endpoint, bool reset, int64_t at_ns) {
    return endpoint->peer == SIDE_CLIENT && !endpoint->received_data &&
           !endpoint->got_close_notify && (reset || !endpoint->written_data) &&
           at_ns - endpoint->ended_ns <= LEFT_AT_ONCE_NS;
}

void tls_endpoint_eof(struct tls_endpoint *endpoint, bool reset, int64_t at_ns) {
    enum tls_end end = reset ? TLS_END_RESET : TLS_END_EOF;
    switch (endpoint->state) {
    case TLS_AWAIT_HELLO:
    case TLS_HELLO_SHOWN:
    case TLS_AWAIT_HANDSHAKE:
        // A certificate that is still in our output was not seen, so it is not why they left.
        if (endpoint->stage == TLS_STAGE_CERTIFICATE_SHOWN && buf_len(&endpoint->wire.out) > 0) {
            endpoint->stage = TLS_STAGE_HELLO;
        }
        ERR_clear_error();
        tls_endpoint_fail(endpoint, end, at_ns);
        break;
    case TLS_ESTABLISHED:
        if (left_at_once(endpoint, reset, at_ns)) {
            ERR_clear_error();
            tls_endpoint_fail(endpoint, end, at_ns);
        }
        break;
    case TLS_FAILED:
        break;
    }
}

// ── bytes out ───────────────────────────────────────────────────────────────────────────────────

struct slice tls_endpoint_output(const struct tls_endpoint *endpoint) {
    return buf_slice(&endpoint->wire.out);
}

void tls_endpoint_sent(struct tls_endpoint *endpoint, size_t len) {
    buf_consume(&endpoint->wire.out, len);
    buf_shrink(&endpoint->wire.out); // one that waits holds none; a record takes one allocation
}

size_t tls_endpoint_write(struct tls_endpoint *endpoint, struct slice plaintext) {
    size_t taken = 0;
    while (endpoint->state == TLS_ESTABLISHED && !endpoint->sent_close_notify &&
           taken < plaintext.len && buf_len(&endpoint->wire.out) < LIMIT_LEG_OUTPUT) {
        struct slice record = slice_sub(plaintext, taken, LIMIT_TLS_RECORD);
        ERR_clear_error();
        int result = SSL_write(endpoint->ssl, record.data, (int)record.len);
        if (result <= 0) {
            break;
        }
        taken += (size_t)result;
        endpoint->written_data = true;
    }
    return taken;
}

void tls_endpoint_close_notify(struct tls_endpoint *endpoint) {
    if (endpoint->state == TLS_ESTABLISHED && !endpoint->sent_close_notify) {
        endpoint->sent_close_notify = true;
        ERR_clear_error();
        (void)SSL_shutdown(endpoint->ssl); // 0: sent, the peer's is still to come
    }
}

bool tls_endpoint_got_close_notify(const struct tls_endpoint *endpoint) {
    return endpoint->got_close_notify;
}

// ── accepting ───────────────────────────────────────────────────────────────────────────────────

const struct tls_hello *tls_endpoint_hello(const struct tls_endpoint *endpoint) {
    return endpoint->hello;
}

void tls_endpoint_limit_version(struct tls_endpoint *endpoint, uint16_t version_max) {
    assert(endpoint->state == TLS_HELLO_SHOWN && !endpoint->presented);
    ERR_clear_error();
    if (SSL_set_max_proto_version(endpoint->ssl, version_max)) {
        endpoint->version_limit = version_max;
        tls_hello_limit(endpoint->hello, version_max);
    }
}

void tls_endpoint_pin_version(struct tls_endpoint *endpoint, enum tls_version version) {
    uint16_t wire = tls_version_wire(version);
    assert(endpoint->state == TLS_HELLO_SHOWN && !endpoint->presented);
    ERR_clear_error();
    if (SSL_set_min_proto_version(endpoint->ssl, wire) &&
        SSL_set_max_proto_version(endpoint->ssl, wire)) {
        endpoint->version_pinned = wire;
        tls_hello_limit(endpoint->hello, wire);
    }
}

void tls_endpoint_present(struct tls_endpoint *endpoint, const struct tls_presentation *what,
                          int64_t at_ns) {
    assert(endpoint->state == TLS_HELLO_SHOWN);
    const struct tls_identity *identity = &what->identity;
    ERR_clear_error();
    if (!SSL_set_chain_and_key(endpoint->ssl, identity->chain, identity->chain_len, identity->key,
                               NULL)) {
        tls_endpoint_refuse(endpoint, SSL_AD_INTERNAL_ERROR,
                            "the proxy's certificate could not be used", at_ns);
        return;
    }
    if (identity->chain_len > 0) {
        CRYPTO_BUFFER_up_ref(identity->chain[0]);
        endpoint->leaf = identity->chain[0];
    }
    buf_append_some(&endpoint->alpn_choice, what->alpn);
    if (what->ask_certificate) {
        tls_handshake_ask_certificate(endpoint);
    }
    endpoint->presented = true;
    endpoint->faulty = what->faulty;
    endpoint->faulty_by_rule = what->faulty_by_rule;
    tls_endpoint_set_state(endpoint, TLS_AWAIT_HANDSHAKE);
    tls_handshake_advance(endpoint, at_ns);
}

void tls_endpoint_refuse(struct tls_endpoint *endpoint, int alert, const char *reason,
                         int64_t at_ns) {
    assert(endpoint->state == TLS_HELLO_SHOWN);
    ERR_clear_error();
    SSL_send_fatal_alert(endpoint->ssl, (uint8_t)alert);
    endpoint->alert = alert;
    endpoint->alert_by = PARTY_PROXY;
    tls_endpoint_fail_with(endpoint, reason, at_ns);
}

// ── facts ───────────────────────────────────────────────────────────────────────────────────────

enum tls_state tls_endpoint_state(const struct tls_endpoint *endpoint) {
    return endpoint->state;
}

const char *tls_endpoint_error(const struct tls_endpoint *endpoint) {
    return endpoint->error;
}

uint16_t tls_endpoint_version(const struct tls_endpoint *endpoint) {
    return endpoint->version;
}

struct slice tls_endpoint_alpn(const struct tls_endpoint *endpoint) {
    const uint8_t *name;
    unsigned len;
    SSL_get0_alpn_selected(endpoint->ssl, &name, &len);
    return slice_of(name, len);
}

bool tls_endpoint_certificate_requested(const struct tls_endpoint *endpoint) {
    return endpoint->certificate_requested;
}

const CRYPTO_BUFFER *tls_endpoint_leaf(const struct tls_endpoint *endpoint) {
    return endpoint->leaf;
}

CRYPTO_BUFFER *const *tls_endpoint_peer_chain(const struct tls_endpoint *endpoint,
                                              size_t *out_len) {
    *out_len = endpoint->chain_len;
    return endpoint->chain_len > 0 ? endpoint->chain : NULL;
}

// RFC 8422 and 8446 name the groups so; with RSA key exchange there is none.
static const char *group_name(const struct tls_endpoint *endpoint) {
    uint16_t group = endpoint->stage == TLS_STAGE_DONE ? SSL_get_curve_id(endpoint->ssl) : 0;
    return group == 0 ? NULL : SSL_get_curve_name(group);
}

static void client_facts(const struct tls_endpoint *endpoint, struct event_tls *out) {
    const struct tls_hello *hello = endpoint->hello;
    out->version_limited =
        endpoint->version_limit != 0 && endpoint->version == endpoint->version_limit;
    out->client_certificate_requested = endpoint->asked;
    out->client_certificate_given = endpoint->chain_len > 0;
    if (hello != NULL) {
        out->sni = hello->sni;
        out->ja3 = hello->ja3;
        out->ja4 = hello->ja4;
        out->sni_missing = hello->sni == NULL;
    }
}

static bool has_staple(const struct tls_endpoint *endpoint) {
    const uint8_t *response;
    size_t len;
    SSL_get0_ocsp_response(endpoint->ssl, &response, &len);
    return len > 0;
}

static void server_facts(const struct tls_endpoint *endpoint, struct event_tls *out) {
    out->sni = endpoint->sni;
    out->staple = has_staple(endpoint);
    out->client_certificate_requested = endpoint->certificate_requested;
    out->client_certificate_given =
        endpoint->certificate_requested && tls_context_has_certificate(endpoint->context);
}

void tls_endpoint_facts(const struct tls_endpoint *endpoint, struct event_tls *out) {
    *out = (struct event_tls){
        .side = endpoint->peer,
        .version = tls_wire_version_name(endpoint->version),
        .cipher = endpoint->suite == 0 ? NULL : tls_suite_name(endpoint->suite),
        .group = group_name(endpoint),
        .alpn = endpoint->alpn,
        .chain_len = endpoint->chain_len,
        .handshake_ns = endpoint->ended_ns - endpoint->started_ns,
        .error = endpoint->failed_in_handshake ? endpoint->error : NULL,
        .alert = endpoint->failed_in_handshake ? endpoint->alert : ALERT_NONE,
        .alert_by = endpoint->failed_in_handshake ? endpoint->alert_by : PARTY_NONE,
        .certificate_alert = endpoint->certificate_alert,
        .weak_cipher = tls_suite_is_weak(endpoint->suite),
    };
    if (endpoint->ended_ns == 0) {
        out->handshake_ns = 0; // still under way
    }
    if (endpoint->peer == SIDE_CLIENT) {
        client_facts(endpoint, out);
    } else {
        server_facts(endpoint, out);
    }
}

bool tls_looks_like_client_hello(struct slice first_bytes) {
    enum { MAJOR_VERSION = 3 };
    return first_bytes.len > 0 && first_bytes.data[0] == SSL3_RT_HANDSHAKE &&
           (first_bytes.len < 2 || first_bytes.data[1] == MAJOR_VERSION);
}
