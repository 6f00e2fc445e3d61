// SPDX-License-Identifier: MIT
#include "relay_wire.h"

#include "base/memory.h"
#include "fault/fault_rule.h"
#include "fault/faults.h"
#include "fault/rewrite.h"
#include "format/format.h"

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

// What all wires of a test share: keys are slow to make.
struct wire_world {
    char dir[64];
    char transcript[96];
    struct authority *authority;        // the proxy's
    struct authority *server_authority; // the server's
    struct leaf_store *leaves;
    struct leaf_store *server_leaves;
    struct trust_store *trust;
    struct facts_store *facts;
    struct tls_context *contexts[2]; // of the proxy, by the side that it plays
    struct tls_context *peer_contexts[2];
};

static struct wire_world *the_world(void) {
    static struct wire_world world;
    struct failure failure = {.text = ""};
    if (world.authority != NULL) {
        return &world;
    }
    snprintf(world.dir, sizeof(world.dir), "/tmp/scope-wire-XXXXXX");
    assert_non_null(mkdtemp(world.dir));
    snprintf(world.transcript, sizeof(world.transcript), "%s/transcript.txt", world.dir);
    world.authority = make_authority(world.dir, "proxy");
    world.server_authority = make_authority(world.dir, "server");
    world.facts = facts_store_new();
    world.leaves = leaf_store_new(world.authority, NOW_UNIX_NS);
    world.server_leaves = leaf_store_new(world.server_authority, NOW_UNIX_NS);
    const char *root = authority_certificate_file(world.server_authority);
    assert_int_equal(trust_store_new(&world.trust, &failure, root), OK);
    struct trust_verdict verdict; // it waits for the roots, so that no relay has to
    trust_verify(&verdict, world.trust, NULL, 0, NULL, NOW_UNIX_NS);
    for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
        world.contexts[side] = make_context(side);
        world.peer_contexts[side] = make_context(side);
    }
    return &world;
}

void wire_end_world(void) {
    char command[128];
    struct wire_world *world = the_world();
    leaf_store_free(world->leaves);
    leaf_store_free(world->server_leaves);
    trust_store_free(world->trust);
    facts_store_free(world->facts);
    for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
        tls_context_free(world->contexts[side]);
        tls_context_free(world->peer_contexts[side]);
    }
    authority_free(world->authority);
    authority_free(world->server_authority);
    snprintf(command, sizeof(command), "rm -rf %s", world->dir);
    assert_int_equal(system(command), 0);
    *world = (struct wire_world){.authority = NULL};
}

static void end_init(struct wire_end *end) {
    end->cut_at = SIZE_MAX;
    buf_init(&end->to_send, 16 * MIB);
    buf_init(&end->said, 16 * MIB);
    buf_init(&end->got, 16 * MIB);
}

static void end_cleanup(struct wire_end *end) {
    tls_endpoint_free(end->tls);
    buf_cleanup(&end->to_send);
    buf_cleanup(&end->said);
    buf_cleanup(&end->got);
}

void wire_record(struct wire *wire) {
    struct failure failure = {.text = ""};
    struct output_spec spec = {&text_format, wire->world->transcript};
    struct output_options outputs = {
        .specs = &spec, .spec_count = 1, .spool.queue_max = LIMIT_WRITER_QUEUE};
    unlink(wire->world->transcript);
    assert_int_equal(output_set_open(&wire->outputs, &failure, &outputs), OK);
    sink_set_add(wire->config.observer.sinks, &output_sink, wire->outputs);
}

void wire_open(struct wire *wire) {
    *wire = (struct wire){.piece = LIMIT_READ, .world = the_world()};
    end_init(&wire->client);
    end_init(&wire->server);
    buf_init(&wire->scratch, 4 * LIMIT_READ);
    wire->config = (struct relay_config){
        .accept_context = wire->world->contexts[SIDE_CLIENT],
        .connect_context = wire->world->contexts[SIDE_SERVER],
        .leaves = wire->world->leaves,
        .trust = wire->world->trust,
        .facts = wire->world->facts,
        .observer.dialogue.max_line = LIMIT_LINE_DEFAULT,
        .verify = VERIFY_MIRROR,
    };
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

void wire_add_fault(struct wire *wire, struct slice rule) {
    struct failure failure;
    char *text = mem_string_of(rule);
    wire->fault_rules =
        mem_resize(wire->fault_rules, wire->fault_count + 1, sizeof(*wire->fault_rules));
    if (fault_rule_parse(&wire->fault_rules[wire->fault_count++], &failure, text) != OK) {
        fail_msg("%s", failure.text);
    }
    free(text);
}

void wire_rewrite(struct wire *wire, struct slice words) {
    struct failure failure;
    struct slice keep = words;
    wire->rewrite_to = mem_string_of(slice_split(&keep, ' '));
    char *keep_text = mem_string_of(keep);
    wire->rewrite = mem_new(sizeof(*wire->rewrite));
    assert_int_equal(rewrite_rule_init(wire->rewrite, &failure, wire->rewrite_to, keep_text), OK);
    wire->config.rewrite = wire->rewrite;
    free(keep_text);
}

static void close_faults(struct wire *wire) {
    if (wire->rewrite != NULL) {
        rewrite_rule_cleanup(wire->rewrite);
        free(wire->rewrite);
        free(wire->rewrite_to);
    }
    faults_free(wire->config.faults);
    for (size_t i = 0; i < wire->fault_count; i++) {
        fault_rule_cleanup(&wire->fault_rules[i]);
    }
    free(wire->fault_rules);
}

void wire_start(struct wire *wire) {
    if (wire->fault_count > 0) {
        wire->config.faults = faults_new(wire->fault_rules, wire->fault_count, 1);
    }
    wire->relay = relay_new(&wire->setup, wire->now_ns);
    if (wire->setup.mode != MODE_SINK && !wire->unconnected) {
        relay_connected(wire->relay, "192.0.2.1", wire->now_ns);
    }
}

static void read_transcript(struct wire *wire, struct buf *out) {
    FILE *file = fopen(wire->world->transcript, "rb");
    assert_non_null(file);
    uint8_t *into = buf_reserve(out, MIB);
    buf_commit(out, fread(into, 1, MIB, file));
    fclose(file);
}

void wire_finish(struct wire *wire, struct buf *out) {
    if (wire->relay != NULL) {
        relay_finish(wire->relay, wire->now_ns);
    }
    relay_free(wire->relay);
    close_faults(wire);
    if (wire->outputs != NULL) {
        output_set_close(wire->outputs);
    }
    sink_set_free(wire->config.observer.sinks);
    if (out != NULL) {
        read_transcript(wire, out);
    }
    end_cleanup(&wire->client);
    end_cleanup(&wire->server);
    buf_cleanup(&wire->scratch);
}

void wire_close(struct wire *wire) {
    wire_finish(wire, NULL);
}

void wire_say(struct wire_end *end, const char *text) {
    buf_put_string(&end->to_send, text);
}

// ── the peers' TLS ──────────────────────────────────────────────────────────────────────────────

static enum tls_verdict see_certificate(void *context, CRYPTO_BUFFER *const *chain,
                                        size_t chain_len, int *out_alert) {
    struct wire *wire = context;
    (void)chain;
    (void)out_alert;
    wire->client_saw_certificate = chain_len > 0;
    return TLS_ACCEPT;
}

void wire_client_tls(struct wire *wire, const char *sni) {
    struct tls_connect_plan plan = {.sni = sni, .verify = see_certificate, .context = wire};
    wire->client.tls =
        tls_endpoint_connect(wire->world->peer_contexts[SIDE_SERVER], &plan, wire->now_ns);
    tls_endpoint_feed(wire->client.tls, SLICE(""), &wire->client.got, wire->now_ns);
}

void wire_server_tls(struct wire *wire) {
    wire->server.tls = tls_endpoint_accept(wire->world->peer_contexts[SIDE_CLIENT], wire->now_ns);
}

// The scripted server has a certificate for the name that the test connects to.
static void present_if_asked(struct wire *wire, struct wire_end *end) {
    if (end != &wire->server || tls_endpoint_state(end->tls) != TLS_HELLO_SHOWN) {
        return;
    }
    const struct leaf *leaf = NULL;
    struct failure failure = {.text = ""};
    struct leaf_request request = {.name = "mail.example.com", .now_unix_ns = NOW_UNIX_NS};
    assert_int_equal(leaf_get(&leaf, &failure, wire->world->server_leaves, &request), OK);
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

static void took(struct wire_end *end, size_t len) {
    buf_put(&end->said, slice_sub(buf_slice(&end->to_send), 0, len));
    buf_consume(&end->to_send, len);
    end->cut_at -= end->cut_at == SIZE_MAX ? 0 : len;
}

static bool send_plain(struct wire *wire, enum side side, struct wire_end *end) {
    struct slice due = slice_sub(buf_slice(&end->to_send), 0, end->cut_at);
    struct slice bytes = slice_sub(due, 0, wire->piece);
    bool moved = to_relay(wire, side, bytes);
    took(end, bytes.len);
    if (end->tls_after && buf_len(&end->to_send) == 0) {
        end->tls_after = false;
        wire_server_tls(wire);
    }
    return moved;
}

static bool send_some(struct wire *wire, enum side side, struct wire_end *end) {
    if (end->closed || !relay_wants_read(wire->relay, side)) {
        return false;
    }
    if (end->tls == NULL) {
        return send_plain(wire, side, end);
    }
    if (tls_endpoint_state(end->tls) == TLS_ESTABLISHED) {
        struct slice due = slice_sub(buf_slice(&end->to_send), 0, end->cut_at);
        took(end, tls_endpoint_write(end->tls, due));
    }
    struct slice bytes = slice_sub(tls_endpoint_output(end->tls), 0, wire->piece);
    bool moved = to_relay(wire, side, bytes);
    tls_endpoint_sent(end->tls, bytes.len);
    return moved;
}

static bool get_some(struct wire *wire, enum side side, struct wire_end *end) {
    struct slice bytes = slice_sub(relay_output(wire->relay, side), 0, wire->piece);
    size_t len = bytes.len;
    if (len == 0 || end->deaf) {
        return false;
    }
    if (end->tls == NULL) {
        buf_put(&end->got, bytes);
    } else {
        len = tls_endpoint_feed(end->tls, bytes, &end->got, wire->now_ns);
        present_if_asked(wire, end);
    }
    relay_sent(wire->relay, side, len, wire->now_ns);
    return len > 0;
}

void wire_reset(struct wire *wire, enum side side) {
    struct wire_end *end = side == SIDE_CLIENT ? &wire->client : &wire->server;
    end->closed = true;
    relay_reset(wire->relay, side, wire->now_ns);
}

void wire_leave(struct wire *wire) {
    wire->client.close_after = true;
    wire_run(wire);
    relay_client_closed_read(wire->relay, wire->now_ns);
}

static bool pass_end(struct wire *wire, enum side side, struct wire_end *end) {
    if (relay_wants_reset(wire->relay, side) && !end->saw_reset) {
        end->saw_reset = end->closed = true;
        return true;
    }
    if (relay_wants_shutdown(wire->relay, side)) {
        relay_shutdown_done(wire->relay, side);
        end->saw_end = true;
        return true;
    }
    return false;
}

// A TLS peer says close_notify before its FIN.
static bool end_tls(struct wire *wire, enum side side, struct wire_end *end) {
    if (end->tls == NULL || tls_endpoint_state(end->tls) != TLS_ESTABLISHED) {
        return false;
    }
    tls_endpoint_close_notify(end->tls);
    return send_some(wire, side, end);
}

static bool end_streams(struct wire *wire, enum side side, struct wire_end *end) {
    if (pass_end(wire, side, end)) {
        return true;
    }
    if (end->close_after && !end->closed && buf_len(&end->to_send) == 0) {
        while (end_tls(wire, side, end)) {
        }
        end->closed = true;
        relay_eof(wire->relay, side, RELAY_FIN, wire->now_ns);
        return true;
    }
    return false;
}

static void run_until_quiet(struct wire *wire) {
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

static bool lift_cut(struct wire_end *end) {
    bool paused = end->cut_at == 0 && buf_len(&end->to_send) > 0;
    end->cut_at = end->cut_at == 0 ? SIZE_MAX : end->cut_at;
    return paused;
}

void wire_run(struct wire *wire) {
    bool paused = true;
    while (paused) {
        run_until_quiet(wire);
        paused = lift_cut(&wire->client);
        paused = lift_cut(&wire->server) || paused;
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
