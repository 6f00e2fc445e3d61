// SPDX-License-Identifier: MIT
// tls_switch: both handshakes of a session, in the order that lets the client see what the server
// is.
#include "base/limits.h"
#include "base/memory.h"
#include "fault/fault_rule.h"
#include "relay/relay_state.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

void relay_keylog(void *endpoint_context, struct slice line) {
    struct relay *relay = endpoint_context;
    observer_secret(relay->observer, line);
}

static bool is_address(const char *name) {
    struct in6_addr parsed;
    return inet_pton(AF_INET, name, &parsed) == 1 || inet_pton(AF_INET6, name, &parsed) == 1;
}

// ── the client's ClientHello ────────────────────────────────────────────────────────────────────

void tls_switch_client_begin(struct relay *relay, int64_t at_ns) {
    bool starttls = relay->client_state == CLIENT_AWAIT_HELLO;
    bridge_client_tls_begins(relay, at_ns);
    relay->client.tls = tls_endpoint_accept(relay->config->accept_context, at_ns);
    relay->client.starttls = starttls;
    tls_endpoint_set_keylog(relay->client.tls, relay);
    relay_set_client(relay, CLIENT_HELLO);
    dialogue_tls_begun(observer_dialogue(relay->observer), SIDE_CLIENT);
    far_side_tls_begun(relay);
}

static const struct tls_hello *client_hello(const struct relay *relay) {
    return relay->client.tls == NULL ? NULL : tls_endpoint_hello(relay->client.tls);
}

// ── the server's certificate ────────────────────────────────────────────────────────────────────

// Contract, "Names": in reverse modes the host of the URL, else the client's SNI, and only without
// one the name given by SOCKS5. NULL where there is none.
static const char *server_name(const struct relay *relay) {
    const struct tls_hello *hello = client_hello(relay);
    bool client_names = relay->setup.mode != MODE_REVERSE && hello != NULL && hello->sni != NULL;
    return client_names ? hello->sni : relay->setup.server_name;
}

static bool is_untrusted(unsigned faults) {
    return (faults & (TRUST_UNKNOWN_ISSUER | TRUST_SELF_SIGNED)) != 0;
}

static int alert_of(unsigned faults) {
    enum { BAD_CERTIFICATE = 42, CERTIFICATE_EXPIRED = 45, UNKNOWN_CA = 48 };
    if (is_untrusted(faults)) {
        return UNKNOWN_CA;
    }
    return (faults & TRUST_EXPIRED) != 0 ? CERTIFICATE_EXPIRED : BAD_CERTIFICATE;
}

// What `verify` says: the faults, and that no name was checked where there was none.
static void put_verdict(struct relay *relay) {
    const char *error = relay->verdict.error;
    bool nameless = server_name(relay) == NULL;
    free(relay->verdict.text);
    relay->verdict.text = NULL;
    if (nameless || error != NULL) {
        relay->verdict.text =
            mem_format("%s%s%s", error == NULL ? "" : error, nameless && error != NULL ? "; " : "",
                       nameless ? "no name was checked, since the client gave none" : "");
    }
}

// Its sentence takes memory only where there is one: most servers verify.
static void keep_verdict(struct relay *relay, const struct trust_verdict *trust) {
    struct server_verdict *verdict = &relay->verdict;
    verdict->state = VERDICT_DONE;
    verdict->faults = trust->faults;
    verdict->fails = !trust_holds(trust);
    verdict->small_key_bits = trust->small_key_bits;
    verdict->issuer_key_bits = trust->issuer_key_bits;
    verdict->issuer_sha1 = trust->issuer_sha1;
    free(verdict->error);
    verdict->error = trust->error[0] == '\0' ? NULL : mem_string(trust->error);
    put_verdict(relay);
}

static enum tls_verdict verify_server(void *context, CRYPTO_BUFFER *const *chain, size_t chain_len,
                                      int *out_alert) {
    struct relay *relay = context;
    if (!trust_is_prepared(relay->config->trust)) {
        relay->verdict.state = VERDICT_AWAIT_ROOTS;
        return TLS_ASK_AGAIN;
    }
    int64_t now_unix_ns = relay->session->started_unix_ns;
    struct trust_verdict trust;
    trust_verify(&trust, relay->config->trust, chain, chain_len, server_name(relay), now_unix_ns);
    keep_verdict(relay, &trust);
    certificate_facts_free(relay->verdict.certificate);
    relay->verdict.certificate = facts_store_get(relay->config->facts, chain[0]);
    *out_alert = alert_of(relay->verdict.faults);
    bool accepts = relay->config->verify != VERIFY_STRICT || !relay->verdict.fails;
    return accepts ? TLS_ACCEPT : TLS_REFUSE;
}

// ── the server's handshake ──────────────────────────────────────────────────────────────────────

// By what made the proxy speak TLS there.
static const char *plain_text_remedy(const struct relay *relay, bool starttls) {
    if (starttls) {
        return "it had accepted STARTTLS: look in its log";
    }
    if (relay->setup.implicit_server) {
        return "use reverse:smtp:// for it, or its port of implicit TLS (465)";
    }
    return "use --server-tls starttls, or its port of implicit TLS (465)";
}

// A server that refuses a client of TLS 1.0 or 1.1 refuses it as it would without the proxy. Where
// the proxy does TLS by itself, or was given a range, it does not go by the client.
static uint16_t version_to_offer(const struct relay *relay, const struct tls_hello *hello) {
    enum { TLS_1_2 = 0x0303 };
    bool follows = relay->config->server_follows_version && hello != NULL &&
                   relay_server_tls(relay) == SERVER_TLS_MIRROR;
    return follows && hello->version_max < TLS_1_2 ? hello->version_max : 0;
}

void tls_switch_server_begin(struct relay *relay, bool starttls, int64_t at_ns) {
    const struct tls_hello *hello = client_hello(relay);
    const char *name = server_name(relay);
    struct tls_connect_plan plan = {
        .sni = name == NULL || is_address(name) ? NULL : name,
        .alpn_wire = hello == NULL ? SLICE("") : hello->alpn_wire,
        .version_max = version_to_offer(relay, hello),
        .verify = verify_server,
        .context = relay,
        .plain_text_remedy = plain_text_remedy(relay, starttls),
    };
    trust_prepare(relay->config->trust);
    relay->server.tls = tls_endpoint_connect(relay->config->connect_context, &plan, at_ns);
    relay->server.starttls = starttls;
    tls_endpoint_set_keylog(relay->server.tls, relay);
    relay_set_server(relay, SERVER_HANDSHAKE);
    dialogue_tls_begun(observer_dialogue(relay->observer), SIDE_SERVER);
    tls_endpoint_feed(relay->server.tls, SLICE(""), relay->setup.scratch, at_ns);
    if (buf_len(&relay->server.unread) > 0) { // It spoke before it was known that this is TLS.
        leg_receive(&relay->server, SLICE(""), relay->setup.scratch, at_ns);
    }
    if (leg_has_ended(&relay->server)) {
        tls_endpoint_eof(relay->server.tls, leg_is_reset(&relay->server), at_ns);
    }
}

// What a handshake is said to have died of when nothing but the session's end stopped it.
static const char unfinished[] = "the handshake was still under way when the session ended";

static bool is_verified(const struct relay *relay) {
    return relay->verdict.state == VERDICT_DONE;
}

static void emit_server_tls(struct relay *relay, const char *error, int64_t at_ns) {
    struct event event = {.kind = EVENT_TLS, .session = relay->session, .at_ns = at_ns};
    tls_endpoint_facts(relay->server.tls, &event.tls);
    event.tls.error = event.tls.error != NULL ? event.tls.error : error;
    event.tls.starttls = relay->server.starttls;
    event.tls.certificate = relay->verdict.certificate;
    event.tls.has_verify = is_verified(relay);
    event.tls.verify_ok = is_verified(relay) && !relay->verdict.fails;
    event.tls.verify_name = is_verified(relay) ? server_name(relay) : NULL;
    event.tls.issuer_rsa_bits = relay->verdict.issuer_key_bits;
    event.tls.issuer_sha1_signature = relay->verdict.issuer_sha1;
    event.tls.verify_error = relay->verdict.text;
    observer_event(relay->observer, &event);
}

static void server_failed(struct relay *relay, int64_t at_ns) {
    struct event_tls facts = {0};
    tls_endpoint_facts(relay->server.tls, &facts);
    emit_server_tls(relay, NULL, at_ns);
    if (relay->config->verify == VERIFY_STRICT && relay->verdict.fails) {
        session_end_decide(
            relay, OUTCOME_TLS_SERVER_FAILED, PARTY_PROXY,
            "the server's certificate does not verify (%s) and --verify strict refuses "
            "it; fix the certificate,%s or use --verify mirror",
            relay->verdict.error,
            is_untrusted(relay->verdict.faults) ? " name its CA with --server-ca," : "");
    } else {
        session_end_decide(relay, OUTCOME_TLS_SERVER_FAILED,
                           facts.alert_by == PARTY_PROXY ? PARTY_PROXY : PARTY_SERVER,
                           "the TLS handshake with the server failed: %s",
                           facts.error == NULL ? "no reason was given" : facts.error);
    }
    relay_set_server(relay, SERVER_GONE_TLS);
    session_end_refuse_client(relay, at_ns);
}

static void follow_server_handshake(struct relay *relay, int64_t at_ns) {
    switch (tls_endpoint_state(relay->server.tls)) {
    case TLS_AWAIT_HELLO:
    case TLS_HELLO_SHOWN:
    case TLS_AWAIT_HANDSHAKE:
        relay->verdict.due_ns =
            relay->verdict.state == VERDICT_AWAIT_ROOTS ? at_ns + ROOTS_LOOK_NS : INT64_MAX;
        break;
    case TLS_ESTABLISHED:
        emit_server_tls(relay, NULL, at_ns);
        relay_set_server(relay, SERVER_TLS);
        bridge_release_greeting(relay, at_ns);
        tls_endpoint_shed(relay->server.tls);
        break;
    case TLS_FAILED:
        server_failed(relay, at_ns);
        break;
    }
}

// The server's side of TLS starts as soon as it is known what the client is.
static void start_server(struct relay *relay, int64_t at_ns) {
    bool hello = relay->client_state == CLIENT_HELLO && client_hello(relay) != NULL;
    bool plain = relay->client_state == CLIENT_PLAIN;
    if (!hello && !plain) {
        return;
    }
    switch (relay_server_tls(relay)) {
    case SERVER_TLS_MIRROR:
        if (hello && plain_server_shows(relay, buf_slice(&relay->server.unread))) {
            plain_server_begin(relay, at_ns);
            return;
        }
        if (hello) {
            tls_switch_server_begin(relay, false, at_ns);
            return;
        }
        relay_set_server(relay, SERVER_READY);
        break;
    case SERVER_TLS_IMPLICIT:
        tls_switch_server_begin(relay, false, at_ns);
        return;
    case SERVER_TLS_STARTTLS:
        upstream_starttls_begin(relay);
        break;
    case SERVER_TLS_NONE:
        relay_set_server(relay, SERVER_READY);
        break;
    }
}

// Bytes that were received before the protocol was known.
static void read_what_waited(struct relay *relay, int64_t at_ns) {
    struct leg *leg = &relay->server;
    if (leg->tls == NULL && relay->server_state != SERVER_CONNECTED && buf_len(&leg->unread) > 0) {
        struct buf waited = leg->unread;
        buf_init(&leg->unread, waited.max);
        relay_take_server_plaintext(relay, buf_slice(&waited), at_ns);
        buf_cleanup(&waited);
    }
}

// ── the client's handshake ──────────────────────────────────────────────────────────────────────

static unsigned faults_to_show(const struct relay *relay) {
    return relay->config->verify == VERIFY_MIRROR && relay->server.tls != NULL
               ? relay->verdict.faults
               : 0;
}

// A certificate that is wrong for the name that the server has to the proxy may well be right for
// the one that the client asked for, and then a client that verifies finds nothing wrong with it.
static unsigned faults_seen(const struct leaf_request *request) {
    bool name_fits = (request->faults & TRUST_WRONG_NAME) != 0 && request->server != NULL &&
                     request->name != NULL && trust_name_fits(request->server, request->name);
    return request->faults & ~(name_fits ? (unsigned)TRUST_WRONG_NAME : 0U);
}

static const char *shown_faults_text(const struct relay *relay) {
    unsigned faults = relay->shown_faults;
    if (faults == 0) {
        return NULL;
    }
    if (tls_fault_shapes_leaf(relay)) {
        return relay->tls_fault.rule->text;
    }
    if ((faults & ~TRUST_WEAKNESSES) != 0) {
        return relay->verdict.error;
    }
    return (faults & TRUST_SMALL_KEY) != 0 ? "an RSA key under 2048 bits"
                                           : "a signature with SHA-1";
}

// A client that refuses an old version refuses as it would without the proxy.
static void limit_version(struct relay *relay) {
    if (!tls_fault_pins_version(relay) && relay->config->client_follows_version &&
        relay->server.tls != NULL) {
        tls_endpoint_limit_version(relay->client.tls, tls_endpoint_version(relay->server.tls));
    }
}

// A certificate like the server's, for the name that the client asked for.
static struct leaf_request leaf_request_of(const struct relay *relay,
                                           const struct tls_hello *hello) {
    size_t chain_len = 0;
    CRYPTO_BUFFER *const *chain = NULL;
    if (relay->server.tls != NULL) {
        chain = tls_endpoint_peer_chain(relay->server.tls, &chain_len);
    }
    return (struct leaf_request){
        .server = chain_len > 0 ? chain[0] : NULL,
        .faults = faults_to_show(relay),
        .name = hello->sni != NULL ? hello->sni : relay->setup.client_local_address,
        .rsa = hello->rsa_only,
        .address = relay->setup.client_local_address,
        .issuer_sent = chain_len > 1,
        .small_key_bits = relay->verdict.small_key_bits,
        .now_unix_ns = relay->session->started_unix_ns,
    };
}

static void present(struct relay *relay, int64_t at_ns) {
    limit_version(relay);
    const struct tls_hello *hello = client_hello(relay);
    assert(hello != NULL); // called in TLS_HELLO_SHOWN
    struct failure failure = {0};
    const struct leaf *leaf = NULL;
    struct leaf_request request = leaf_request_of(relay, hello);
    unsigned edited = tls_fault_shapes_leaf(relay) ? tls_fault_edit_leaf(&request, relay) : 0;
    if (leaf_get(&leaf, &failure, relay->config->leaves, &request) != OK) {
        session_end_decide(relay, OUTCOME_TLS_CLIENT_FAILED, PARTY_PROXY,
                           "no certificate could be made for the client: %s", failure.text);
        tls_endpoint_refuse(relay->client.tls, 80, failure.text, at_ns);
        return;
    }
    struct tls_presentation what = {.identity = {leaf->chain, leaf->chain_len, leaf->key}};
    if (relay->server.tls != NULL) {
        what.alpn = tls_endpoint_alpn(relay->server.tls);
        what.ask_certificate = tls_endpoint_certificate_requested(relay->server.tls);
    }
    relay->shown_faults = edited != 0 ? edited : faults_seen(&request);
    what.faulty = relay->shown_faults != 0;
    what.faulty_by_rule = edited != 0;
    relay_set_client(relay, CLIENT_HANDSHAKE);
    tls_endpoint_present(relay->client.tls, &what, at_ns);
}

// Of SOCKS5 and CONNECT the client itself gave it; in reverse modes it is the host of the URL.
static bool server_has_name(const struct relay *relay) {
    const char *name = relay->setup.server_name;
    return name != NULL && !is_address(name);
}

static void emit_client_tls(struct relay *relay, const char *error, bool distrusts, int64_t at_ns) {
    struct event event = {.kind = EVENT_TLS, .session = relay->session, .at_ns = at_ns};
    tls_endpoint_facts(relay->client.tls, &event.tls);
    struct event_certificate *given = NULL;
    size_t chain_len = 0;
    CRYPTO_BUFFER *const *chain = tls_endpoint_peer_chain(relay->client.tls, &chain_len);
    if (chain_len > 0) {
        given = facts_store_get(relay->config->facts, chain[0]);
    }
    event.tls.starttls = relay->client.starttls;
    event.tls.certificate = given;
    event.tls.shown_faults = shown_faults_text(relay);
    event.tls.shown_by_fault = tls_fault_shapes_leaf(relay);
    event.tls.shown_bad = (relay->shown_faults & ~TRUST_DISPUTED) != 0;
    event.tls.shown_untrusted = event.tls.shown_bad && is_untrusted(relay->verdict.faults);
    event.tls.sni_missing =
        event.tls.sni == NULL && server_has_name(relay) && client_hello(relay) != NULL;
    event.tls.error = error != NULL ? error : event.tls.error;
    // Whose handshake the session's end cut short closes because of that, not of the certificate.
    event.tls.certificate_alert = error != unfinished && (event.tls.certificate_alert || distrusts);
    const CRYPTO_BUFFER *leaf = tls_endpoint_leaf(relay->client.tls);
    struct event_certificate *shown = event.tls.certificate_alert && leaf != NULL
                                          ? facts_store_get(relay->config->facts, leaf)
                                          : NULL;
    event.tls.shown = shown;
    observer_event(relay->observer, &event);
    certificate_facts_free(given);
    certificate_facts_free(shown);
}

void tls_switch_report_client(struct relay *relay, int64_t at_ns) {
    relay_set_client(relay, CLIENT_FAILED);
    emit_client_tls(relay, NULL, false, at_ns);
}

void tls_switch_withdraw(struct relay *relay, const char *error, int64_t at_ns) {
    emit_client_tls(relay, error, false, at_ns);
    tls_endpoint_free(relay->client.tls);
    relay->client.tls = NULL;
    dialogue_tls_withdrawn(observer_dialogue(relay->observer));
    relay_set_client(relay, CLIENT_PLAIN);
}

static void client_failed(struct relay *relay, int64_t at_ns) {
    struct event_tls facts = {0};
    tls_endpoint_facts(relay->client.tls, &facts);
    relay_set_client(relay, CLIENT_FAILED);
    if (relay->first_close == PARTY_SERVER && facts.alert_by == PARTY_NONE) {
        emit_client_tls(relay, unfinished, false, at_ns); // It left because the server had.
        session_end_close_both(relay, at_ns);
        return;
    }
    emit_client_tls(relay, NULL, false, at_ns);
    session_end_decide(relay, OUTCOME_TLS_CLIENT_FAILED,
                       facts.alert_by == PARTY_PROXY ? PARTY_PROXY : PARTY_CLIENT,
                       "the TLS handshake with the client failed: %s",
                       facts.error == NULL ? "no reason was given" : facts.error);
    session_end_close_both(relay, at_ns);
}

// False while nothing is to be done about it.
static bool answer_hello(struct relay *relay, int64_t at_ns) {
    bool ready = relay->server_state == SERVER_READY || relay->server_state == SERVER_TLS;
    if (!ready || tls_fault_act(relay, server_name(relay), at_ns)) {
        return false;
    }
    if (tls_endpoint_state(relay->client.tls) == TLS_HELLO_SHOWN) {
        present(relay, at_ns);
    }
    return true;
}

static void follow_client_handshake(struct relay *relay, int64_t at_ns) {
    switch (tls_endpoint_state(relay->client.tls)) {
    case TLS_AWAIT_HELLO:
    case TLS_AWAIT_HANDSHAKE:
        break;
    case TLS_HELLO_SHOWN:
        if (answer_hello(relay, at_ns)) {
            follow_client_handshake(relay, at_ns);
        }
        break;
    case TLS_ESTABLISHED:
        emit_client_tls(relay, NULL, false, at_ns);
        relay->client_tls_ns = at_ns;
        relay_set_client(relay, CLIENT_TLS);
        tls_endpoint_shed(relay->client.tls);
        break;
    case TLS_FAILED:
        client_failed(relay, at_ns);
        break;
    }
}

static bool client_handshakes(const struct relay *relay) {
    return relay->client_state == CLIENT_HELLO || relay->client_state == CLIENT_HANDSHAKE;
}

// A STARTTLS that was passed on: the server's leg follows once the ClientHello is there.
static bool mirrors_starttls(const struct relay *relay) {
    return relay->client_state == CLIENT_HELLO && relay->client.starttls && relay->bridge == NULL &&
           far_side_is_socket(relay) && relay->server_state == SERVER_READY &&
           relay->server.tls == NULL && client_hello(relay) != NULL;
}

void tls_switch_advance(struct relay *relay, int64_t at_ns) {
    if (session_end_is_over(relay)) {
        return;
    }
    if (relay->connect_error != NULL) {
        session_end_refuse_client(relay, at_ns);
        return;
    }
    if (relay->server_state == SERVER_CONNECTED) {
        start_server(relay, at_ns);
        read_what_waited(relay, at_ns);
        upstream_starttls_check_gone(relay, at_ns);
    } else if (mirrors_starttls(relay)) {
        tls_switch_server_begin(relay, true, at_ns);
    }
    if (relay->server_state == SERVER_HANDSHAKE) {
        follow_server_handshake(relay, at_ns);
    }
    if (client_handshakes(relay)) {
        follow_client_handshake(relay, at_ns);
    }
    filters_progress(relay, at_ns);
}

// ── what shows only after the handshake ─────────────────────────────────────────────────────────

// RFC 8446: a client's last flight may be refused after the connecting side thinks that all is
// well. Such an alert belongs to the handshake.
void tls_switch_check_late(struct relay *relay, enum side side, int64_t at_ns) {
    struct leg *leg = relay_leg(relay, side);
    bool up =
        side == SIDE_CLIENT ? relay->client_state == CLIENT_TLS : relay->server_state == SERVER_TLS;
    if (!up || session_end_is_decided(relay) || tls_endpoint_state(leg->tls) != TLS_FAILED) {
        return;
    }
    if (relay->first_close != PARTY_NONE) {
        // The session was ending anyway: exim answers an end without QUIT by a 421 in the clear.
        session_end_close_both(relay, at_ns);
        return;
    }
    const char *error = tls_endpoint_error(leg->tls);
    if (relay->spoke[side] != SPEECH_TLS) {
        side == SIDE_CLIENT ? emit_client_tls(relay, NULL, false, at_ns)
                            : emit_server_tls(relay, NULL, at_ns);
    }
    session_end_decide(relay,
                       side == SIDE_CLIENT ? OUTCOME_TLS_CLIENT_FAILED : OUTCOME_TLS_SERVER_FAILED,
                       party_of(side), "TLS with the %s broke: %s", side_name(side),
                       error == NULL ? "no reason was given" : error);
    session_end_close_both(relay, at_ns);
}

// GnuTLS programs (msmtp) finish the handshake, look at the certificate, and hang up without an
// alert or a close_notify. A client that had a greeting to read, and read it, may also close for
// other reasons.
void tls_switch_check_silent_close(struct relay *relay, enum relay_fin fin, int64_t at_ns) {
    if (relay->client_state != CLIENT_TLS || relay->spoke[SIDE_CLIENT] == SPEECH_TLS ||
        session_end_is_decided(relay) || leg_has_ended(&relay->server) ||
        tls_endpoint_got_close_notify(relay->client.tls)) {
        return;
    }
    if (at_ns - relay->client_tls_ns > SILENT_CLOSE_NS) {
        return; // It had stayed: what made it go came later.
    }
    bool greeted = !relay->client.starttls && dialogue_greeted(observer_dialogue(relay->observer));
    if (greeted && !leg_is_reset(&relay->client) && fin != RELAY_FIN_UNACKED) {
        return;
    }
    static const char error[] =
        "the client finished the handshake and closed without a word; clients built on GnuTLS "
        "(msmtp, mutt) do so when they do not accept the certificate";
    emit_client_tls(relay, error, true, at_ns);
    session_end_decide(relay, OUTCOME_TLS_CLIENT_FAILED, PARTY_CLIENT, "%s", error);
}

void tls_switch_report_unfinished(struct relay *relay, int64_t at_ns) {
    if (relay->server_state == SERVER_HANDSHAKE) {
        emit_server_tls(relay, unfinished, at_ns);
    }
    if (client_handshakes(relay)) {
        emit_client_tls(relay, unfinished, false, at_ns);
    }
}
