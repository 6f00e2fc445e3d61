// SPDX-License-Identifier: MIT
#include "wire.h"

#include "base/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
// cmocka wants the four above first.
#include <cmocka.h>

// 2026-06-01: leaves and authorities are made for this moment.
#define NOW_UNIX_NS (INT64_C(1780272000) * NS_PER_S)

static struct authority *make_authority(const char *dir, const char *name) {
    char path[128];
    struct authority *authority = NULL;
    struct failure failure = {.text = ""};
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    struct authority_options options = {.dir = path, .now_unix_ns = NOW_UNIX_NS};
    assert_int_equal(authority_open(&authority, &failure, &options), OK);
    return authority;
}

static struct tls_context *make_context(enum side side) {
    struct tls_context *context = NULL;
    struct failure failure = {.text = ""};
    struct tls_context_options options = {
        .side = side,
        .versions = {TLS_VERSION_1_2, TLS_VERSION_1_3},
    };
    assert_int_equal(tls_context_new(&context, &failure, &options), OK);
    return context;
}

static void end_init(struct wire_end *end) {
    buf_init(&end->to_send, 16 * MIB);
    buf_init(&end->got, 16 * MIB);
}

void wire_open(struct wire *wire) {
    *wire = (struct wire){.piece = LIMIT_READ};
    struct failure failure = {.text = ""};
    snprintf(wire->dir, sizeof(wire->dir), "/tmp/scope-wire-XXXXXX");
    assert_non_null(mkdtemp(wire->dir));
    end_init(&wire->client);
    end_init(&wire->server);
    buf_init(&wire->scratch, 4 * LIMIT_READ);
    wire->authority = make_authority(wire->dir, "proxy");
    wire->server_authority = make_authority(wire->dir, "server");
    wire->server_leaves = leaf_store_new(wire->server_authority, NOW_UNIX_NS);
    wire->client_context = make_context(SIDE_SERVER);
    wire->server_context = make_context(SIDE_CLIENT);
    wire->config.accept_context = make_context(SIDE_CLIENT);
    wire->config.connect_context = make_context(SIDE_SERVER);
    wire->config.leaves = leaf_store_new(wire->authority, NOW_UNIX_NS);
    wire->config.observer.dialogue.max_line = LIMIT_LINE_DEFAULT;
    wire->config.verify = VERIFY_MIRROR;
    const char *root = authority_certificate_file(wire->server_authority);
    assert_int_equal(trust_store_new(&wire->config.trust, &failure, root), OK);
    wire->config.observer.sinks = sink_set_new();
    wire->session = (struct event_session){
        .id = 1,
        .mode = MODE_REVERSE,
        .has_server = true,
        .started_unix_ns = NOW_UNIX_NS,
        .client = {.address = "127.0.0.1", .port = 40000},
        .server = {.host = "mail.example.com", .address = "192.0.2.7", .port = 25},
    };
    wire->setup = (struct relay_setup){
        .config = &wire->config,
        .session = &wire->session,
        .mode = MODE_REVERSE,
        .server_name = "mail.example.com",
        .client_local_address = "127.0.0.1",
        .scratch = &wire->scratch,
    };
}

void wire_start(struct wire *wire) {
    wire->relay = relay_new(&wire->setup, wire->now_ns);
    if (wire->setup.mode != MODE_SINK) {
        relay_connected(wire->relay, "192.0.2.1", wire->now_ns);
    }
}

void wire_close(struct wire *wire) {
    char command[128];
    relay_finish(wire->relay, wire->now_ns);
    relay_free(wire->relay);
    tls_endpoint_free(wire->client.tls);
    tls_endpoint_free(wire->server.tls);
    sink_set_free(wire->config.observer.sinks);
    leaf_store_free(wire->config.leaves);
    leaf_store_free(wire->server_leaves);
    trust_store_free(wire->config.trust);
    tls_context_free((struct tls_context *)(uintptr_t)wire->config.accept_context);
    tls_context_free((struct tls_context *)(uintptr_t)wire->config.connect_context);
    tls_context_free(wire->client_context);
    tls_context_free(wire->server_context);
    authority_free(wire->authority);
    authority_free(wire->server_authority);
    buf_cleanup(&wire->client.to_send);
    buf_cleanup(&wire->client.got);
    buf_cleanup(&wire->server.to_send);
    buf_cleanup(&wire->server.got);
    buf_cleanup(&wire->scratch);
    snprintf(command, sizeof(command), "rm -rf %s", wire->dir);
    assert_int_equal(system(command), 0);
}

void wire_say(struct wire_end *end, const char *text) {
    buf_put_string(&end->to_send, text);
}

// ── the peers' TLS ──────────────────────────────────────────────────────────────────────────────

static bool see_certificate(void *context, CRYPTO_BUFFER *const *chain, size_t chain_len,
                            int *out_alert) {
    struct wire *wire = context;
    (void)chain;
    (void)out_alert;
    wire->client_saw_certificate = chain_len > 0;
    return true;
}

void wire_client_tls(struct wire *wire, const char *sni) {
    struct tls_connect_plan plan = {.sni = sni, .verify = see_certificate, .context = wire};
    wire->client.tls = tls_endpoint_connect(wire->client_context, &plan, wire->now_ns);
    tls_endpoint_feed(wire->client.tls, SLICE(""), &wire->client.got, wire->now_ns);
}

void wire_server_tls(struct wire *wire) {
    wire->server.tls = tls_endpoint_accept(wire->server_context, wire->now_ns);
}

// The scripted server has a certificate for the name that the test connects to.
static void present_if_asked(struct wire *wire, struct wire_end *end) {
    if (end != &wire->server || tls_endpoint_state(end->tls) != TLS_HELLO_SHOWN) {
        return;
    }
    const struct leaf *leaf = NULL;
    struct failure failure = {.text = ""};
    struct leaf_request request = {.name = "mail.example.com", .now_unix_ns = NOW_UNIX_NS};
    assert_int_equal(leaf_get(&leaf, &failure, wire->server_leaves, &request), OK);
    struct tls_presentation what = {.identity = {leaf->chain, leaf->chain_len, leaf->key}};
    tls_endpoint_present(end->tls, &what, wire->now_ns);
}

// ── moving ──────────────────────────────────────────────────────────────────────────────────────

static bool to_relay(struct wire *wire, enum side side, struct slice bytes) {
    if (bytes.len > 0) {
        relay_receive(wire->relay, side, bytes, wire->now_ns);
    }
    return bytes.len > 0;
}

static bool send_some(struct wire *wire, enum side side, struct wire_end *end) {
    if (end->closed || !relay_wants_read(wire->relay, side)) {
        return false;
    }
    if (end->tls == NULL) {
        struct slice bytes = slice_sub(buf_slice(&end->to_send), 0, wire->piece);
        bool moved = to_relay(wire, side, bytes);
        buf_consume(&end->to_send, bytes.len);
        if (end->tls_after && buf_len(&end->to_send) == 0) {
            wire_server_tls(wire);
        }
        return moved;
    }
    if (tls_endpoint_state(end->tls) == TLS_ESTABLISHED) {
        buf_consume(&end->to_send, tls_endpoint_write(end->tls, buf_slice(&end->to_send)));
    }
    struct slice bytes = slice_sub(tls_endpoint_output(end->tls), 0, wire->piece);
    bool moved = to_relay(wire, side, bytes);
    tls_endpoint_sent(end->tls, bytes.len);
    return moved;
}

static bool get_some(struct wire *wire, enum side side, struct wire_end *end) {
    struct slice bytes = slice_sub(relay_output(wire->relay, side), 0, wire->piece);
    size_t len = bytes.len;
    if (len == 0) {
        return false;
    }
    if (end->tls == NULL) {
        buf_put(&end->got, bytes);
    } else {
        assert_int_equal(tls_endpoint_feed(end->tls, bytes, &end->got, wire->now_ns), len);
        present_if_asked(wire, end);
    }
    relay_sent(wire->relay, side, len, wire->now_ns);
    return true;
}

static bool end_streams(struct wire *wire, enum side side, struct wire_end *end) {
    if (relay_wants_shutdown(wire->relay, side)) {
        relay_shutdown_done(wire->relay, side);
        end->saw_end = true;
        return true;
    }
    if (end->close_after && !end->closed && buf_len(&end->to_send) == 0) {
        end->closed = true;
        relay_eof(wire->relay, side, wire->now_ns);
        return true;
    }
    return false;
}

void wire_run(struct wire *wire) {
    bool moved = true;
    while (moved) {
        moved = send_some(wire, SIDE_CLIENT, &wire->client);
        moved = get_some(wire, SIDE_SERVER, &wire->server) || moved;
        moved = send_some(wire, SIDE_SERVER, &wire->server) || moved;
        moved = get_some(wire, SIDE_CLIENT, &wire->client) || moved;
        moved = end_streams(wire, SIDE_CLIENT, &wire->client) || moved;
        moved = end_streams(wire, SIDE_SERVER, &wire->server) || moved;
    }
}

void wire_wait(struct wire *wire) {
    int64_t deadline_ns = relay_deadline_ns(wire->relay);
    assert_true(deadline_ns != INT64_MAX);
    wire->now_ns = deadline_ns;
    relay_tick(wire->relay, wire->now_ns);
    wire_run(wire);
}

void wire_expect(struct wire_end *end, const char *text) {
    struct slice got = buf_slice(&end->got);
    struct slice due = slice_of_string(text);
    if (!slice_equal(got, due)) {
        print_message("got  %.*s\ndue  %s\n", (int)got.len, (const char *)got.data, text);
    }
    assert_true(slice_equal(got, due));
    buf_clear(&end->got);
}
