// SPDX-License-Identifier: MIT
#include "tls/handshake.h"

#include "base/boringssl.h"
#include "base/limits.h"
#include "base/memory.h"
#include "tls/alert.h"

#include <openssl/bytestring.h>
#include <openssl/err.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static struct tls_endpoint *endpoint_of(const SSL *ssl) {
    return SSL_get_app_data(ssl);
}

// ── what is seen on the way ─────────────────────────────────────────────────────────────────────

static void set_stage(struct tls_endpoint *endpoint, enum tls_stage stage) {
    if (stage > endpoint->stage) {
        endpoint->stage = stage;
    }
}

// Version and suite of a ServerHello (RFC 8446 4.1.3): the legacy version, unless an extension says
// otherwise.
static void read_server_hello(struct tls_endpoint *endpoint, struct slice message) {
    CBS cbs, session_id, extensions;
    uint16_t version, suite;
    CBS_init(&cbs, message.data, message.len);
    if (!CBS_skip(&cbs, SSL3_HM_HEADER_LENGTH) || !CBS_get_u16(&cbs, &version) ||
        !CBS_skip(&cbs, SSL3_RANDOM_SIZE) || !CBS_get_u8_length_prefixed(&cbs, &session_id) ||
        !CBS_get_u16(&cbs, &suite) || !CBS_skip(&cbs, 1)) {
        return;
    }
    endpoint->version = version;
    endpoint->suite = suite;
    if (!CBS_get_u16_length_prefixed(&cbs, &extensions)) {
        return;
    }
    uint16_t type;
    CBS body;
    while (CBS_get_u16(&extensions, &type) && CBS_get_u16_length_prefixed(&extensions, &body)) {
        if (type == TLSEXT_TYPE_supported_versions) {
            (void)CBS_get_u16(&body, &endpoint->version);
        }
    }
}

// NOLINTNEXTLINE(readability-function-size): BoringSSL wants seven parameters
static void on_message(int is_write, int version, int content_type, const void *data, size_t len,
                       SSL *ssl, void *arg) {
    (void)version;
    (void)arg;
    struct tls_endpoint *endpoint = endpoint_of(ssl);
    const uint8_t *type = data;
    if (content_type != SSL3_RT_HANDSHAKE || len == 0) {
        return;
    }
    if (*type == SSL3_MT_SERVER_HELLO) {
        read_server_hello(endpoint, slice_of(data, len));
        set_stage(endpoint, TLS_STAGE_HELLO);
    }
    if (*type == SSL3_MT_CERTIFICATE && is_write && endpoint->peer == SIDE_CLIENT) {
        set_stage(endpoint, TLS_STAGE_CERTIFICATE_SHOWN);
    }
}

static void on_info(const SSL *ssl, int type, int value) {
    enum { LEVEL_FATAL = SSL3_AL_FATAL };
    struct tls_endpoint *endpoint = endpoint_of(ssl);
    int level = value >> 8, alert = value & 0xff;
    bool is_alert = type == SSL_CB_READ_ALERT || type == SSL_CB_WRITE_ALERT;
    if (!is_alert || level != LEVEL_FATAL || endpoint->alert != ALERT_NONE) {
        return; // the first fatal one is the cause
    }
    endpoint->alert = alert;
    endpoint->alert_by = type == SSL_CB_READ_ALERT ? party_of(endpoint->peer) : PARTY_PROXY;
}

static void on_keylog(const SSL *ssl, const char *line) {
    struct tls_endpoint *endpoint = endpoint_of(ssl);
    tls_context_options(endpoint->context)->keylog(endpoint->keylog_context, slice_of_string(line));
}

// ── accepting ───────────────────────────────────────────────────────────────────────────────────

// Called again when the handshake is resumed (ssl_select_cert_retry), so it must be idempotent.
static enum ssl_select_cert_result_t on_client_hello(const SSL_CLIENT_HELLO *client_hello) {
    struct tls_endpoint *endpoint = endpoint_of(client_hello->ssl);
    if (endpoint->hello == NULL) {
        static const uint16_t WIRE[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION,
                                        TLS1_3_VERSION};
        uint16_t allowed_max = WIRE[tls_context_options(endpoint->context)->versions.max];
        endpoint->hello = tls_hello_new(
            slice_of(client_hello->client_hello, client_hello->client_hello_len), allowed_max);
        set_stage(endpoint, TLS_STAGE_HELLO);
    }
    if (endpoint->hello == NULL) {
        return ssl_select_cert_error;
    }
    return endpoint->presented ? ssl_select_cert_success : ssl_select_cert_retry;
}

static int on_alpn_select(SSL *ssl, const uint8_t **out, uint8_t *out_len, const uint8_t *in,
                          unsigned in_len, void *arg) {
    (void)arg;
    struct slice choice = buf_slice(&endpoint_of(ssl)->alpn_choice);
    struct slice offers = slice_of(in, in_len);
    for (size_t at = 0; choice.len > 0 && at < offers.len; at += 1 + (size_t)offers.data[at]) {
        struct slice offer = slice_sub(offers, at + 1, offers.data[at]);
        if (slice_equal(offer, choice)) {
            *out = offer.data;
            *out_len = (uint8_t)offer.len;
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_NOACK;
}

// ── connecting ──────────────────────────────────────────────────────────────────────────────────

static void keep_chain(struct tls_endpoint *endpoint, const SSL *ssl) {
    const STACK_OF(CRYPTO_BUFFER) *chain = SSL_get0_peer_certificates(ssl);
    size_t len = chain == NULL ? 0 : sk_CRYPTO_BUFFER_num(chain);
    len = len < LIMIT_CHAIN ? len : LIMIT_CHAIN;
    endpoint->chain = mem_new_array(len, sizeof(CRYPTO_BUFFER *));
    for (size_t i = 0; i < len; i++) {
        CRYPTO_BUFFER *certificate = sk_CRYPTO_BUFFER_value(chain, i);
        CRYPTO_BUFFER_up_ref(certificate);
        endpoint->chain[endpoint->chain_len++] = certificate;
    }
}

// Never judges by itself: who the peer is, is decided above.
static enum ssl_verify_result_t on_verify(SSL *ssl, uint8_t *out_alert) {
    struct tls_endpoint *endpoint = endpoint_of(ssl);
    if (endpoint->chain == NULL) {
        keep_chain(endpoint, ssl);
    }
    if (endpoint->plan.verify == NULL) {
        return ssl_verify_ok;
    }
    int alert = SSL_AD_CERTIFICATE_UNKNOWN;
    switch (endpoint->plan.verify(endpoint->plan.context, endpoint->chain, endpoint->chain_len,
                                  &alert)) {
    case TLS_ACCEPT:
        return ssl_verify_ok;
    case TLS_ASK_AGAIN:
        return ssl_verify_retry;
    case TLS_REFUSE:
        break;
    }
    *out_alert = (uint8_t)alert;
    return ssl_verify_invalid;
}

// BoringSSL asks for a certificate only when the server did.
static int on_certificate_wanted(SSL *ssl, void *arg) {
    (void)arg;
    struct tls_endpoint *endpoint = endpoint_of(ssl);
    if (endpoint->peer == SIDE_SERVER) {
        endpoint->certificate_requested = true;
    }
    return 1;
}

void tls_handshake_ask_certificate(struct tls_endpoint *endpoint) {
    endpoint->asked = true;
    SSL_set_custom_verify(endpoint->ssl, SSL_VERIFY_PEER, on_verify);
}

void tls_endpoint_hook(struct tls_context *context) {
    SSL_CTX *ssl = tls_context_ssl(context);
    SSL_CTX_set_msg_callback(ssl, on_message);
    SSL_CTX_set_info_callback(ssl, on_info);
    if (tls_context_options(context)->keylog != NULL) {
        SSL_CTX_set_keylog_callback(ssl, on_keylog);
    }
    if (tls_context_options(context)->side == SIDE_CLIENT) {
        SSL_CTX_set_select_certificate_cb(ssl, on_client_hello);
        SSL_CTX_set_alpn_select_cb(ssl, on_alpn_select, NULL);
        SSL_CTX_set_custom_verify(ssl, SSL_VERIFY_NONE, on_verify);
    } else {
        SSL_CTX_set_custom_verify(ssl, SSL_VERIFY_PEER, on_verify);
        SSL_CTX_set_cert_cb(ssl, on_certificate_wanted, NULL);
        SSL_CTX_enable_ocsp_stapling(ssl);
    }
}

// A failure is final.
void tls_endpoint_set_state(struct tls_endpoint *endpoint, enum tls_state state) {
    assert(endpoint->state != TLS_FAILED);
    endpoint->state = state;
}

// ── failing ─────────────────────────────────────────────────────────────────────────────────────

void tls_endpoint_fail_with(struct tls_endpoint *endpoint, const char *sentence, int64_t at_ns) {
    if (endpoint->state != TLS_ESTABLISHED) {
        endpoint->failed_in_handshake = true;
        endpoint->ended_ns = at_ns;
    }
    tls_endpoint_set_state(endpoint, TLS_FAILED);
    endpoint->error = mem_string(sentence);
}

// Towards a client: an alert about the certificate, or an end of the stream at the point where
// clients without manners say the same.
static bool says_distrust(const struct tls_endpoint *endpoint, enum tls_end end) {
    if (endpoint->peer != SIDE_CLIENT) {
        return false;
    }
    if (endpoint->alert != ALERT_NONE) {
        return endpoint->alert_by == PARTY_CLIENT &&
               tls_alert_is_about_certificate(endpoint->alert);
    }
    return end != TLS_END_NONE && endpoint->stage >= TLS_STAGE_CERTIFICATE_SHOWN;
}

// The first reason of libssl's own: libcrypto may have queued one of its own in front of it.
static int take_reason(void) {
    uint32_t error = ERR_get_error();
    while (error != 0 && ERR_GET_LIB(error) != ERR_LIB_SSL) {
        error = ERR_get_error();
    }
    ERR_clear_error();
    return error == 0 ? 0 : ERR_GET_REASON(error);
}

void tls_endpoint_fail(struct tls_endpoint *endpoint, enum tls_end end, int64_t at_ns) {
    struct tls_account account = {
        .peer = endpoint->peer,
        .stage = endpoint->stage,
        .allowed = tls_context_options(endpoint->context)->versions,
        .limit = endpoint->version_limit,
        .pinned = endpoint->version_pinned,
        .reason = take_reason(),
        .alert = endpoint->alert,
        .alert_by = endpoint->alert_by,
        .end = end,
        .first = buf_slice(&endpoint->wire.first),
        .hello = endpoint->hello,
        .faulty = endpoint->faulty,
        .faulty_by_rule = endpoint->faulty_by_rule,
        .has_certificate = tls_context_has_certificate(endpoint->context),
        .certificate_requested = endpoint->certificate_requested,
        .plain_text_remedy = endpoint->plan.plain_text_remedy,
        .suite = endpoint->suite,
    };
    struct buf sentence;
    buf_init(&sentence, TLS_SENTENCE_MAX);
    tls_explain(&sentence, &account);
    char *text = mem_string_of(buf_slice(&sentence));
    endpoint->certificate_alert = says_distrust(endpoint, end);
    // An alert, or the end, in front of any data is the answer to the handshake.
    bool late = endpoint->stage == TLS_STAGE_DONE && !endpoint->received_data &&
                (end != TLS_END_NONE || endpoint->alert_by == party_of(endpoint->peer));
    tls_endpoint_fail_with(endpoint, text, at_ns);
    endpoint->failed_in_handshake |= late;
    free(text);
    buf_cleanup(&sentence);
}

// ── going on ────────────────────────────────────────────────────────────────────────────────────

static void establish(struct tls_endpoint *endpoint, int64_t at_ns) {
    struct slice alpn = tls_endpoint_alpn(endpoint);
    endpoint->alpn = alpn.len > 0 ? mem_string_of(alpn) : NULL;
    tls_endpoint_set_state(endpoint, TLS_ESTABLISHED);
    endpoint->ended_ns = at_ns;
    set_stage(endpoint, TLS_STAGE_DONE);
    tls_wire_stop_observing(&endpoint->wire);
    tls_hello_shed(endpoint->hello);
}

// An OpenSSL client that distrusts a TLS 1.3 certificate sends its alert in the clear, and
// BoringSSL answers by a "bad record MAC" of its own, which would tell the client nothing: the
// client's alert is the cause, and ours is not sent.
static void prefer_plain_alert(struct tls_endpoint *endpoint, size_t output_before) {
    int plain = tls_wire_plain_alert(&endpoint->wire);
    if (plain == ALERT_NONE || endpoint->alert_by == party_of(endpoint->peer)) {
        return;
    }
    endpoint->alert = plain;
    endpoint->alert_by = party_of(endpoint->peer);
    buf_truncate(&endpoint->wire.out, output_before);
}

void tls_handshake_advance(struct tls_endpoint *endpoint, int64_t at_ns) {
    size_t output_before = buf_len(&endpoint->wire.out);
    ERR_clear_error();
    int result = SSL_do_handshake(endpoint->ssl);
    if (result == 1) {
        establish(endpoint, at_ns);
        return;
    }
    switch (SSL_get_error(endpoint->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
    case SSL_ERROR_WANT_CERTIFICATE_VERIFY:
        break;
    case SSL_ERROR_PENDING_CERTIFICATE:
        tls_endpoint_set_state(endpoint, TLS_HELLO_SHOWN);
        break;
    default: // everything else is an end
        prefer_plain_alert(endpoint, output_before);
        tls_endpoint_fail(endpoint, TLS_END_NONE, at_ns);
        break;
    }
}
