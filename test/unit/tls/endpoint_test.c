// SPDX-License-Identifier: MIT
// Claims: two endpoints shake hands whatever way the bytes are split, in each version and with each
// kind of key; what they carry comes out as it went in; each way to fail is told in words.
#include "tls/endpoint.h"

#include "base/boringssl.h"
#include "base/limits.h"
#include "identity.h"
#include "tls/handshake.h" // the proxy itself staples nothing

#include <openssl/ssl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { WHOLE = 1 << 20, MS = 1000000 };

static const struct tls_version_range MODERN = {TLS_VERSION_1_2, TLS_VERSION_1_3};

// Two endpoints and the wire between them.
struct pair {
    struct identity identity;
    struct tls_context *accepting;
    struct tls_context *connecting;
    struct tls_endpoint *server; // its peer is a client
    struct tls_endpoint *client; // its peer is a server
    struct buf at_server;        // plaintext that came out there
    struct buf at_client;
    struct tls_presentation presentation;
    struct tls_connect_plan plan;
    int64_t now_ns;
    // What `verify` saw and does.
    size_t verified_chain_len;
    bool verdict_waits;
    int refuse_with; // 0: accept
    struct buf keylog;
};

static enum tls_verdict verify(void *context, CRYPTO_BUFFER *const *chain, size_t chain_len,
                               int *out_alert) {
    struct pair *pair = context;
    assert_non_null(chain);
    pair->verified_chain_len = chain_len;
    *out_alert = pair->refuse_with;
    if (pair->verdict_waits) {
        return TLS_ASK_AGAIN;
    }
    return pair->refuse_with == 0 ? TLS_ACCEPT : TLS_REFUSE;
}

static void keylog(void *context, struct slice line) {
    struct pair *pair = context;
    if (pair != NULL) {
        buf_put(&pair->keylog, line);
        buf_put_byte(&pair->keylog, '\n');
    }
}

static struct tls_context *context_of(enum side side, struct tls_version_range versions) {
    struct tls_context *context = NULL;
    struct failure failure;
    struct tls_context_options options = {.side = side, .versions = versions, .keylog = keylog};
    assert_int_equal(tls_context_new(&context, &failure, &options), OK);
    return context;
}

static void pair_init(struct pair *pair, struct tls_version_range accepting,
                      struct tls_version_range connecting, enum identity_key key) {
    *pair = (struct pair){.now_ns = 5 * MS};
    identity_init(&pair->identity, key);
    pair->accepting = context_of(SIDE_CLIENT, accepting);
    pair->connecting = context_of(SIDE_SERVER, connecting);
    pair->presentation.identity = identity_borrow(&pair->identity);
    pair->plan =
        (struct tls_connect_plan){.sni = "smtp.example.com", .verify = verify, .context = pair};
    buf_init(&pair->at_server, 4 * MIB);
    buf_init(&pair->at_client, 4 * MIB);
    buf_init(&pair->keylog, 64 * KIB);
}

static void pair_begin(struct pair *pair) {
    pair->server = tls_endpoint_accept(pair->accepting, pair->now_ns);
    pair->client = tls_endpoint_connect(pair->connecting, &pair->plan, pair->now_ns);
    tls_endpoint_set_keylog(pair->server, pair);
}

static void pair_cleanup(struct pair *pair) {
    tls_endpoint_free(pair->server);
    tls_endpoint_free(pair->client);
    tls_context_free(pair->accepting);
    tls_context_free(pair->connecting);
    identity_cleanup(&pair->identity);
    buf_cleanup(&pair->at_server);
    buf_cleanup(&pair->at_client);
    buf_cleanup(&pair->keylog);
}

// Moves output of one endpoint to the other, `step` bytes at a time. True if anything moved.
static bool carry(struct pair *pair, struct tls_endpoint *from, struct tls_endpoint *to,
                  size_t step) {
    struct slice output = tls_endpoint_output(from);
    struct buf *plain = to == pair->server ? &pair->at_server : &pair->at_client;
    size_t moved = 0;
    while (moved < output.len) {
        struct slice piece = slice_sub(output, moved, step);
        size_t taken = tls_endpoint_feed(to, piece, plain, pair->now_ns);
        if (taken == 0) {
            break;
        }
        moved += taken;
    }
    tls_endpoint_sent(from, moved);
    return moved > 0;
}

static void exchange(struct pair *pair, size_t step) {
    bool moved = true;
    while (moved) {
        moved = carry(pair, pair->client, pair->server, step);
        if (tls_endpoint_state(pair->server) == TLS_HELLO_SHOWN) {
            tls_endpoint_present(pair->server, &pair->presentation, pair->now_ns);
        }
        moved |= carry(pair, pair->server, pair->client, step);
    }
}

static void say(struct tls_endpoint *from, struct slice s) {
    size_t taken = tls_endpoint_write(from, s);
    assert_int_equal(taken, s.len);
}

static const char *error_of(const struct tls_endpoint *endpoint) {
    struct event_tls facts;
    tls_endpoint_facts(endpoint, &facts);
    return facts.error == NULL ? "" : facts.error;
}

#define assert_says(endpoint, part)                                                                \
    do {                                                                                           \
        if (strstr(error_of(endpoint), (part)) == NULL) {                                          \
            fail_msg("\"%s\" does not say \"%s\"", error_of(endpoint), (part));                    \
        }                                                                                          \
    } while (0)

// ── handshakes ──────────────────────────────────────────────────────────────────────────────────

static void shake_hands(struct tls_version_range versions, enum identity_key key, size_t step) {
    struct pair pair;
    pair_init(&pair, versions, versions, key);
    pair_begin(&pair);
    exchange(&pair, step);
    assert_int_equal(tls_endpoint_state(pair.server), TLS_ESTABLISHED);
    assert_int_equal(tls_endpoint_state(pair.client), TLS_ESTABLISHED);
    say(pair.client, SLICE("EHLO a\r\n"));
    say(pair.server, SLICE("250 b\r\n"));
    exchange(&pair, step);
    assert_true(slice_is(buf_slice(&pair.at_server), "EHLO a\r\n"));
    assert_true(slice_is(buf_slice(&pair.at_client), "250 b\r\n"));
    assert_int_equal(pair.verified_chain_len, 1);
    pair_cleanup(&pair);
}

static void test_split_at_every_size(void **state) {
    (void)state;
    for (size_t step = 1; step < 48; step++) {
        shake_hands(MODERN, IDENTITY_P256, step);
    }
}

// Nothing is lost on the wire meanwhile, and feeding nothing goes on.
static void test_a_verdict_that_comes_later(void **state) {
    (void)state;
    for (int version = TLS_VERSION_1_2; version <= TLS_VERSION_1_3; version++) {
        struct tls_version_range only = {(enum tls_version)version, (enum tls_version)version};
        struct pair pair;
        pair_init(&pair, only, only, IDENTITY_P256);
        pair.verdict_waits = true;
        pair_begin(&pair);
        exchange(&pair, WHOLE);
        assert_int_equal(pair.verified_chain_len, 1);
        assert_int_equal(tls_endpoint_state(pair.client), TLS_AWAIT_HANDSHAKE);
        tls_endpoint_feed(pair.client, SLICE(""), &pair.at_client, pair.now_ns);
        assert_int_equal(tls_endpoint_state(pair.client), TLS_AWAIT_HANDSHAKE);
        pair.verdict_waits = false;
        tls_endpoint_feed(pair.client, SLICE(""), &pair.at_client, pair.now_ns);
        exchange(&pair, WHOLE);
        assert_int_equal(tls_endpoint_state(pair.client), TLS_ESTABLISHED);
        assert_int_equal(tls_endpoint_state(pair.server), TLS_ESTABLISHED);
        pair_cleanup(&pair);
    }
}

static void test_each_version_and_key(void **state) {
    (void)state;
    static const enum identity_key KEYS[] = {IDENTITY_P256, IDENTITY_P521, IDENTITY_RSA};
    for (int version = TLS_VERSION_1_0; version <= TLS_VERSION_1_3; version++) {
        struct tls_version_range only = {(enum tls_version)version, (enum tls_version)version};
        for (size_t key = 0; key < sizeof(KEYS) / sizeof(KEYS[0]); key++) {
            shake_hands(only, KEYS[key], WHOLE);
        }
    }
    shake_hands(MODERN, IDENTITY_ED25519, WHOLE);
}

static void test_facts(void **state) {
    (void)state;
    struct pair pair;
    pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
    pair.presentation.alpn = SLICE("smtp");
    pair.plan.alpn_wire = SLICE("\x03nop\x04smtp");
    pair_begin(&pair);
    carry(&pair, pair.client, pair.server, WHOLE);
    const struct tls_hello *hello = tls_endpoint_hello(pair.server);
    assert_string_equal(hello->sni, "smtp.example.com");
    assert_true(slice_equal(hello->alpn_wire, pair.plan.alpn_wire));
    assert_true(SSL_set_ocsp_response(pair.server->ssl, (const uint8_t *)"staple", 6));
    pair.now_ns += 3 * MS;
    exchange(&pair, WHOLE);

    struct event_tls client, server;
    tls_endpoint_facts(pair.server, &client);
    tls_endpoint_facts(pair.client, &server);
    assert_int_equal(client.side, SIDE_CLIENT);
    assert_string_equal(client.version, "TLSv1.3");
    assert_string_equal(client.cipher, "TLS_AES_128_GCM_SHA256");
    assert_string_equal(client.group, "X25519");
    assert_string_equal(client.sni, "smtp.example.com");
    assert_string_equal(client.alpn, "smtp");
    assert_int_equal(strlen(client.ja3), 32);
    assert_int_equal(client.handshake_ns, 3 * MS);
    assert_null(client.error);
    assert_int_equal(client.alert, -1);
    assert_false(client.weak_cipher);
    assert_int_equal(server.side, SIDE_SERVER);
    assert_string_equal(server.sni, "smtp.example.com");
    assert_string_equal(server.alpn, "smtp");
    assert_true(server.staple);
    assert_int_equal(server.chain_len, 1);
    assert_null(server.ja3);
    assert_false(server.client_certificate_requested);
    assert_non_null(strstr((const char *)buf_slice(&pair.keylog).data, "CLIENT_TRAFFIC_SECRET_0"));
    pair_cleanup(&pair);
}

static void test_weak_cipher_of_tls10(void **state) {
    (void)state;
    struct tls_version_range old = {TLS_VERSION_1_0, TLS_VERSION_1_0};
    struct pair pair;
    pair_init(&pair, old, old, IDENTITY_P256);
    pair_begin(&pair);
    exchange(&pair, WHOLE);
    struct event_tls facts;
    tls_endpoint_facts(pair.server, &facts);
    assert_string_equal(facts.version, "TLSv1.0");
    assert_string_equal(facts.cipher, "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA");
    assert_true(facts.weak_cipher);
    pair_cleanup(&pair);
}

static void test_alpn_is_not_forced_on_a_client(void **state) {
    (void)state;
    struct pair pair;
    pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
    pair.presentation.alpn = SLICE("smtp");
    pair.plan.alpn_wire = SLICE("\x03nop");
    pair_begin(&pair);
    exchange(&pair, WHOLE);
    assert_int_equal(tls_endpoint_alpn(pair.client).len, 0);
    assert_int_equal(tls_endpoint_state(pair.client), TLS_ESTABLISHED);
    pair_cleanup(&pair);
}

// A ClientHello of over 4 KB, as post-quantum clients send it.
static void test_big_client_hello(void **state) {
    (void)state;
    static uint8_t names[5000];
    for (size_t at = 0; at + 250 <= sizeof(names); at += 250) {
        names[at] = 249;
        memset(names + at + 1, 'a' + (int)(at / 250), 249);
    }
    struct pair pair;
    pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
    pair.plan.alpn_wire = slice_of(names, sizeof(names));
    pair_begin(&pair);
    assert_true(tls_endpoint_output(pair.client).len > 4096);
    exchange(&pair, 7);
    assert_int_equal(tls_endpoint_state(pair.server), TLS_ESTABLISHED);
    assert_int_equal(tls_endpoint_hello(pair.server)->alpn_wire.len, sizeof(names));
    pair_cleanup(&pair);
}

// ── data ────────────────────────────────────────────────────────────────────────────────────────

static void test_large_data_with_little_room(void **state) {
    (void)state;
    enum { TOTAL = 300000, ROOM = 1000 };
    struct pair pair;
    pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
    pair_begin(&pair);
    exchange(&pair, WHOLE);
    uint8_t *sent = malloc(TOTAL), *got = malloc(TOTAL);
    for (size_t i = 0; i < TOTAL; i++) {
        sent[i] = (uint8_t)(i * 31 >> 3);
    }
    struct buf small;
    buf_init(&small, ROOM);
    size_t written = 0, received = 0;
    while (received < TOTAL) {
        written += tls_endpoint_write(pair.client, slice_of(sent + written, TOTAL - written));
        assert_true(tls_endpoint_output(pair.client).len < LIMIT_LEG_OUTPUT + 32 * KIB);
        size_t taken = tls_endpoint_feed(pair.server, tls_endpoint_output(pair.client), &small, 0);
        tls_endpoint_sent(pair.client, taken);
        assert_true(buf_len(&small) > 0);
        memcpy(got + received, buf_slice(&small).data, buf_len(&small));
        received += buf_len(&small);
        buf_clear(&small);
    }
    assert_memory_equal(sent, got, TOTAL);
    buf_cleanup(&small);
    free(sent);
    free(got);
    pair_cleanup(&pair);
}

static void test_writing_stops_at_the_cap(void **state) {
    (void)state;
    struct pair pair;
    pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
    pair_begin(&pair);
    exchange(&pair, WHOLE);
    size_t len = 2 * MIB;
    uint8_t *sent = calloc(1, len);
    size_t taken = tls_endpoint_write(pair.server, slice_of(sent, len));
    assert_true(taken >= LIMIT_LEG_OUTPUT - 16 * KIB && taken < LIMIT_LEG_OUTPUT + 16 * KIB);
    assert_int_equal(tls_endpoint_write(pair.server, slice_of(sent, len)), 0);
    free(sent);
    pair_cleanup(&pair);
}

static void test_half_close(void **state) {
    (void)state;
    struct pair pair;
    pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
    pair_begin(&pair);
    exchange(&pair, WHOLE);
    say(pair.client, SLICE("QUIT\r\n"));
    tls_endpoint_close_notify(pair.client);
    tls_endpoint_close_notify(pair.client);
    exchange(&pair, WHOLE);
    assert_true(slice_is(buf_slice(&pair.at_server), "QUIT\r\n"));
    assert_true(tls_endpoint_got_close_notify(pair.server));
    assert_false(tls_endpoint_got_close_notify(pair.client));
    say(pair.server, SLICE("221 bye\r\n"));
    exchange(&pair, WHOLE);
    assert_true(slice_is(buf_slice(&pair.at_client), "221 bye\r\n"));
    tls_endpoint_close_notify(pair.server);
    exchange(&pair, WHOLE);
    assert_true(tls_endpoint_got_close_notify(pair.client));
    assert_int_equal(tls_endpoint_state(pair.client), TLS_ESTABLISHED);
    pair_cleanup(&pair);
}

static void test_bytes_behind_close_notify_are_dropped(void **state) {
    (void)state;
    struct pair pair;
    pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
    pair_begin(&pair);
    exchange(&pair, WHOLE);
    tls_endpoint_close_notify(pair.client);
    exchange(&pair, WHOLE);
    assert_int_equal(tls_endpoint_feed(pair.server, SLICE("junk"), &pair.at_server, 0), 4);
    assert_int_equal(tls_endpoint_state(pair.server), TLS_ESTABLISHED);
    assert_int_equal(buf_len(&pair.at_server), 0);
    pair_cleanup(&pair);
}

static void test_end_without_close_notify_in_mid_session(void **state) {
    (void)state;
    struct pair pair;
    pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
    pair_begin(&pair);
    exchange(&pair, WHOLE);
    say(pair.client, SLICE("EHLO a\r\n"));
    exchange(&pair, WHOLE);
    tls_endpoint_eof(pair.server, false, pair.now_ns);
    assert_false(tls_endpoint_got_close_notify(pair.server));
    assert_int_equal(tls_endpoint_state(pair.server), TLS_ESTABLISHED);
    pair_cleanup(&pair);
}

static void test_broken_record_is_no_handshake_failure(void **state) {
    (void)state;
    struct pair pair;
    pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
    pair_begin(&pair);
    exchange(&pair, WHOLE);
    tls_endpoint_feed(pair.server,
                      SLICE("\x17\x03\x03\x00\x14"
                            "aaaaaaaaaaaaaaaaaaaa"),
                      &pair.at_server, 0);
    assert_int_equal(tls_endpoint_state(pair.server), TLS_FAILED);
    assert_string_equal(error_of(pair.server), "");
    assert_non_null(strstr(tls_endpoint_error(pair.server), "does not decrypt"));
    pair_cleanup(&pair);
}

// ── client certificates ─────────────────────────────────────────────────────────────────────────

static void write_file(char *path, const char *text) {
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void give_certificate(struct pair *pair, struct identity *mine) {
    char certificate[] = "/tmp/scope-cert-XXXXXX", key[] = "/tmp/scope-key-XXXXXX";
    write_file(certificate, mine->certificate_pem);
    write_file(key, mine->key_pem);
    tls_context_free(pair->connecting);
    struct tls_context_options options = {
        .side = SIDE_SERVER, .versions = MODERN, .certificate_file = certificate, .key_file = key};
    struct failure failure;
    assert_int_equal(tls_context_new(&pair->connecting, &failure, &options), OK);
    unlink(certificate);
    unlink(key);
}

static void test_client_certificate_asked_and_given(void **state) {
    (void)state;
    struct pair pair;
    struct identity mine;
    identity_init(&mine, IDENTITY_RSA);
    pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
    give_certificate(&pair, &mine);
    pair.presentation.ask_certificate = true;
    pair_begin(&pair);
    exchange(&pair, WHOLE);
    size_t len = 0;
    assert_non_null(tls_endpoint_peer_chain(pair.server, &len));
    assert_int_equal(len, 1);
    struct event_tls client, server;
    tls_endpoint_facts(pair.server, &client);
    tls_endpoint_facts(pair.client, &server);
    assert_true(client.client_certificate_requested && client.client_certificate_given);
    assert_true(server.client_certificate_requested && server.client_certificate_given);
    assert_true(tls_endpoint_certificate_requested(pair.client));
    pair_cleanup(&pair);
    identity_cleanup(&mine);
}

static void test_client_certificate_asked_and_not_given(void **state) {
    (void)state;
    struct pair pair;
    pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
    pair.presentation.ask_certificate = true;
    pair_begin(&pair);
    exchange(&pair, WHOLE);
    struct event_tls client, server;
    tls_endpoint_facts(pair.server, &client);
    tls_endpoint_facts(pair.client, &server);
    assert_int_equal(tls_endpoint_state(pair.server), TLS_ESTABLISHED);
    assert_true(client.client_certificate_requested && !client.client_certificate_given);
    assert_true(server.client_certificate_requested && !server.client_certificate_given);
    pair_cleanup(&pair);
}

static void test_bad_certificate_files(void **state) {
    (void)state;
    struct identity one, other;
    identity_init(&one, IDENTITY_P256);
    identity_init(&other, IDENTITY_P256);
    char certificate[] = "/tmp/scope-cert-XXXXXX", key[] = "/tmp/scope-key-XXXXXX";
    write_file(certificate, one.certificate_pem);
    write_file(key, other.key_pem);
    const struct {
        const char *certificate, *key, *says;
    } CASES[] = {
        {certificate, key, "does not fit"},
        {key, key, "no certificate"},
        {certificate, certificate, "no private key"},
        {"/nonexistent/c", key, "No such file"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct tls_context *context = NULL;
        struct failure failure;
        struct tls_context_options options = {.side = SIDE_SERVER,
                                              .versions = MODERN,
                                              .certificate_file = CASES[i].certificate,
                                              .key_file = CASES[i].key};
        assert_int_equal(tls_context_new(&context, &failure, &options), ERR_INPUT);
        assert_non_null(strstr(failure.text, CASES[i].says));
    }
    unlink(certificate);
    unlink(key);
    identity_cleanup(&one);
    identity_cleanup(&other);
}

// ── failures, in words ──────────────────────────────────────────────────────────────────────────

static void test_client_distrusts(void **state) {
    (void)state;
    static const int ALERTS[] = {42, 43, 44, 45, 46, 48};
    for (int version = TLS_VERSION_1_2; version <= TLS_VERSION_1_3; version++) {
        struct tls_version_range only = {(enum tls_version)version, (enum tls_version)version};
        for (size_t i = 0; i < sizeof(ALERTS) / sizeof(ALERTS[0]); i++) {
            struct pair pair;
            pair_init(&pair, only, only, IDENTITY_P256);
            pair.refuse_with = ALERTS[i];
            pair_begin(&pair);
            exchange(&pair, 3);
            struct event_tls facts;
            tls_endpoint_facts(pair.server, &facts);
            assert_int_equal(tls_endpoint_state(pair.server), TLS_FAILED);
            assert_int_equal(facts.alert, ALERTS[i]);
            assert_int_equal(facts.alert_by, PARTY_CLIENT);
            assert_true(facts.certificate_alert);
            assert_string_equal(facts.version, tls_version_name((enum tls_version)version));
            assert_says(pair.server, "smtpscope ca env");
            tls_endpoint_facts(pair.client, &facts);
            assert_int_equal(facts.alert_by, PARTY_PROXY);
            assert_says(pair.client, "the server's certificate was refused");
            pair_cleanup(&pair);
        }
    }
}

// OpenSSL clients send it in the clear where an encrypted record is due.
static void test_plain_alert_of_tls13(void **state) {
    (void)state;
    for (size_t step = 1; step <= 8; step++) {
        struct pair pair;
        pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
        pair_begin(&pair);
        carry(&pair, pair.client, pair.server, WHOLE);
        tls_endpoint_present(pair.server, &pair.presentation, pair.now_ns);
        tls_endpoint_sent(pair.server, tls_endpoint_output(pair.server).len);
        struct slice alert = SLICE("\x15\x03\x03\x00\x02\x02\x30");
        for (size_t at = 0; at < alert.len; at += step) {
            tls_endpoint_feed(pair.server, slice_sub(alert, at, step), &pair.at_server, 0);
        }
        struct event_tls facts;
        tls_endpoint_facts(pair.server, &facts);
        assert_int_equal(facts.alert, 48);
        assert_int_equal(facts.alert_by, PARTY_CLIENT);
        assert_true(facts.certificate_alert);
        assert_says(pair.server, "unknown_ca (48)");
        assert_int_equal(tls_endpoint_output(pair.server).len, 0);
        pair_cleanup(&pair);
    }
}

// Node.js closes without a word when it has seen the certificate.
static void test_end_behind_the_certificate(void **state) {
    (void)state;
    for (int seen = 0; seen < 2; seen++) {
        struct pair pair;
        pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
        pair_begin(&pair);
        carry(&pair, pair.client, pair.server, WHOLE);
        tls_endpoint_present(pair.server, &pair.presentation, pair.now_ns);
        if (seen) {
            tls_endpoint_sent(pair.server, tls_endpoint_output(pair.server).len);
        }
        tls_endpoint_eof(pair.server, false, pair.now_ns);
        struct event_tls facts;
        tls_endpoint_facts(pair.server, &facts);
        assert_int_equal(facts.certificate_alert, seen);
        assert_says(pair.server, seen ? "distrust" : "before the proxy answered");
        pair_cleanup(&pair);
    }
}

// msmtp finishes the handshake, checks then, and leaves.
static void test_end_at_once_behind_the_handshake(void **state) {
    (void)state;
    static const struct {
        bool greeted, reset, late, distrusts;
    } CASES[] = {
        {false, false, false, true},
        {true, true, false, true},   // the greeting came too late to be read
        {true, false, false, false}, // it may have read the greeting: a client that just left
        {false, false, true, false}, // it waited: something else made it go
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct pair pair;
        pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
        pair_begin(&pair);
        exchange(&pair, WHOLE);
        if (CASES[i].greeted) {
            say(pair.server, SLICE("220 a\r\n"));
        }
        int64_t later = CASES[i].late ? 5000 * (int64_t)MS : MS;
        tls_endpoint_eof(pair.server, CASES[i].reset, pair.now_ns + later);
        struct event_tls facts;
        tls_endpoint_facts(pair.server, &facts);
        assert_int_equal(facts.certificate_alert, CASES[i].distrusts);
        assert_int_equal(tls_endpoint_state(pair.server),
                         CASES[i].distrusts ? TLS_FAILED : TLS_ESTABLISHED);
        pair_cleanup(&pair);
    }
}

static void test_polite_end_is_no_distrust(void **state) {
    (void)state;
    struct pair pair;
    pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
    pair_begin(&pair);
    exchange(&pair, WHOLE);
    tls_endpoint_close_notify(pair.client);
    exchange(&pair, WHOLE);
    tls_endpoint_eof(pair.server, false, pair.now_ns);
    assert_int_equal(tls_endpoint_state(pair.server), TLS_ESTABLISHED);
    pair_cleanup(&pair);
}

static void test_end_before_hello(void **state) {
    (void)state;
    struct pair pair;
    pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
    pair_begin(&pair);
    tls_endpoint_feed(pair.server, SLICE("\x16\x03\x01"), &pair.at_server, 0);
    tls_endpoint_eof(pair.server, false, pair.now_ns);
    assert_says(pair.server, "the client closed the connection before its ClientHello");
    tls_endpoint_eof(pair.client, true, pair.now_ns);
    assert_says(pair.client, "the server reset the connection instead of answering");
    pair_cleanup(&pair);
}

static void test_versions_apart(void **state) {
    (void)state;
    struct tls_version_range old = {TLS_VERSION_1_0, TLS_VERSION_1_1};
    struct pair pair;
    pair_init(&pair, MODERN, old, IDENTITY_P256);
    pair_begin(&pair);
    exchange(&pair, WHOLE);
    struct event_tls facts;
    tls_endpoint_facts(pair.server, &facts);
    assert_int_equal(facts.alert, 70);
    assert_int_equal(facts.alert_by, PARTY_PROXY);
    assert_says(pair.server, "the client offers at most TLSv1.1, and the proxy takes TLSv1.2 to "
                             "TLSv1.3 on this side (--tls-client sets that)");
    assert_says(pair.client, "protocol_version (70)");
    assert_says(pair.client, "the proxy speaks TLSv1.0 to TLSv1.1 on this side (--tls-server sets "
                             "that)");
    pair_cleanup(&pair);
}

static void test_server_of_an_old_version(void **state) {
    (void)state;
    static const struct {
        struct slice answer;
        const char *says;
    } CASES[] = {
        {SLICE_INIT("\x16\x03\x01\x00\x2a\x02\x00\x00\x26\x03\x01"
                    "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr\x00\x00\x2f\x00"),
         "the server offers only TLSv1.0, and the proxy takes TLSv1.2 to TLSv1.3"},
        {SLICE_INIT("\x16\x03\x00\x00\x2a\x02\x00\x00\x26\x03\x00"
                    "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr\x00\x00\x2f\x00"),
         "the server offers only SSLv3"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct pair pair;
        pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
        pair_begin(&pair);
        tls_endpoint_feed(pair.client, CASES[i].answer, &pair.at_client, 0);
        assert_int_equal(tls_endpoint_state(pair.client), TLS_FAILED);
        assert_says(pair.client, CASES[i].says);
        pair_cleanup(&pair);
    }
}

static void test_plain_text_where_tls_was_due(void **state) {
    (void)state;
    struct pair pair;
    pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
    pair_begin(&pair);
    tls_endpoint_feed(pair.server, SLICE("AUTH PLAIN AGEAYg==\r\n"), &pair.at_server, 0);
    assert_string_equal(error_of(pair.server), "the client sent plain text \"\x02"
                                               "AUTH\x03 …\" where a TLS handshake was due");
    tls_endpoint_feed(pair.client, SLICE("220 mail.example.com \"x\"\r\n"), &pair.at_client, 0);
    assert_says(pair.client,
                "the server speaks plain SMTP where a TLS handshake is due: it said \"\x02"
                "220 "
                "mail.example.com \"x\"\x03\"");
    pair_cleanup(&pair);
}

static void test_no_suite_in_common(void **state) {
    (void)state;
    // An RSA certificate for a client that offers ECDSA suites only is not to be had here, so the
    // hello is made by hand: DHE and RC4 only.
    static const uint8_t HELLO[] = "\x16\x03\x01\x00\x33\x01\x00\x00\x2f\x03\x03"
                                   "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
                                   "\x00\x00\x08\x00\x33\x00\x05\x00\x0a\x00\xff\x01\x00";
    struct pair pair;
    pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
    pair_begin(&pair);
    tls_endpoint_feed(pair.server, slice_of(HELLO, sizeof(HELLO) - 1), &pair.at_server, 0);
    assert_int_equal(tls_endpoint_state(pair.server), TLS_HELLO_SHOWN);
    assert_true(tls_endpoint_hello(pair.server)->rsa_only);
    tls_endpoint_present(pair.server, &pair.presentation, 0);
    assert_says(pair.server, "the client offers TLS_DHE_RSA_WITH_AES_128_CBC_SHA, "
                             "TLS_RSA_WITH_RC4_128_SHA, TLS_RSA_WITH_3DES_EDE_CBC_SHA; BoringSSL "
                             "has no DHE");
    pair_cleanup(&pair);
}

static void test_refused_by_the_caller(void **state) {
    (void)state;
    struct pair pair;
    pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
    pair_begin(&pair);
    carry(&pair, pair.client, pair.server, WHOLE);
    tls_endpoint_refuse(pair.server, 80, "the server is gone", pair.now_ns);
    exchange(&pair, WHOLE);
    assert_string_equal(error_of(pair.server), "the server is gone");
    assert_says(pair.client, "internal_error (80)");
    pair_cleanup(&pair);
}

// A server that refuses our certificate says so only behind the handshake (TLS 1.3).
static void test_late_alert(void **state) {
    (void)state;
    for (int after_data = 0; after_data < 2; after_data++) {
        struct pair pair;
        pair_init(&pair, MODERN, MODERN, IDENTITY_P256);
        pair_begin(&pair);
        exchange(&pair, WHOLE);
        if (after_data) {
            say(pair.server, SLICE("220 a\r\n"));
            exchange(&pair, WHOLE);
        }
        say(pair.client, SLICE("EHLO a\r\n"));
        // The peer's own endpoint is made to fail so that it sends an alert.
        tls_endpoint_feed(pair.server,
                          SLICE("\x17\x03\x03\x00\x14"
                                "aaaaaaaaaaaaaaaaaaaa"),
                          &pair.at_server, 0);
        carry(&pair, pair.server, pair.client, WHOLE);
        assert_int_equal(tls_endpoint_state(pair.client), TLS_FAILED);
        assert_non_null(strstr(tls_endpoint_error(pair.client), "bad_record_mac (20)"));
        pair_cleanup(&pair);
    }
}

static void test_first_byte(void **state) {
    (void)state;
    assert_true(tls_looks_like_client_hello(SLICE("\x16")));
    assert_true(tls_looks_like_client_hello(SLICE("\x16\x03\x01")));
    assert_false(tls_looks_like_client_hello(SLICE("\x16\x20")));
    assert_false(tls_looks_like_client_hello(SLICE("EHLO")));
    assert_false(tls_looks_like_client_hello(SLICE("")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_split_at_every_size),
        cmocka_unit_test(test_a_verdict_that_comes_later),
        cmocka_unit_test(test_each_version_and_key),
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_weak_cipher_of_tls10),
        cmocka_unit_test(test_alpn_is_not_forced_on_a_client),
        cmocka_unit_test(test_big_client_hello),
        cmocka_unit_test(test_large_data_with_little_room),
        cmocka_unit_test(test_writing_stops_at_the_cap),
        cmocka_unit_test(test_half_close),
        cmocka_unit_test(test_bytes_behind_close_notify_are_dropped),
        cmocka_unit_test(test_end_without_close_notify_in_mid_session),
        cmocka_unit_test(test_broken_record_is_no_handshake_failure),
        cmocka_unit_test(test_client_certificate_asked_and_given),
        cmocka_unit_test(test_client_certificate_asked_and_not_given),
        cmocka_unit_test(test_bad_certificate_files),
        cmocka_unit_test(test_client_distrusts),
        cmocka_unit_test(test_plain_alert_of_tls13),
        cmocka_unit_test(test_end_behind_the_certificate),
        cmocka_unit_test(test_end_at_once_behind_the_handshake),
        cmocka_unit_test(test_polite_end_is_no_distrust),
        cmocka_unit_test(test_end_before_hello),
        cmocka_unit_test(test_versions_apart),
        cmocka_unit_test(test_server_of_an_old_version),
        cmocka_unit_test(test_plain_text_where_tls_was_due),
        cmocka_unit_test(test_no_suite_in_common),
        cmocka_unit_test(test_refused_by_the_caller),
        cmocka_unit_test(test_late_alert),
        cmocka_unit_test(test_first_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
