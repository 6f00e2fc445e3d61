// SPDX-License-Identifier: MIT
// upstream_starttls: the proxy's own way to TLS with a server, by STARTTLS, before the client's
// first word.
#include "event/reply_line.h"
#include "relay/relay_state.h"
#include "smtp/ehlo_reply.h"

#include <stdio.h>
#include <string.h>

void upstream_starttls_begin(struct relay *relay) {
    relay_set_server(relay, SERVER_GREETING);
}

static void say_to_server(struct relay *relay, const char *line, int64_t at_ns) {
    dialogue_proxy_command(observer_dialogue(relay->observer), slice_of_string(line), at_ns);
    buf_put_string(&relay->server.output, line);
    buf_put_string(&relay->server.output, "\r\n");
}

static void say_ehlo(struct relay *relay, int64_t at_ns) {
    char line[128];
    const char *address = relay->local_address == NULL ? "127.0.0.1" : relay->local_address;
    bool v6 = strchr(address, ':') != NULL;
    snprintf(line, sizeof(line), "EHLO [%s%s]", v6 ? "IPv6:" : "", address);
    relay_set_server(relay, SERVER_EHLO);
    say_to_server(relay, line, at_ns);
}

static void server_gives_no_tls(struct relay *relay, const char *what, int64_t at_ns) {
    session_end_decide(
        relay, OUTCOME_TLS_SERVER_FAILED, PARTY_PROXY,
        "%s, and --server-tls starttls sends no mail in the clear: use --server-tls none "
        "or mirror if that is meant",
        what);
    relay_set_server(relay, SERVER_GONE_TLS);
    session_end_refuse_client(relay, at_ns);
}

// RFC 5321 3.1: a server that does not want us says so in the greeting, and the client is to see
// it.
static void pass_refusal(struct relay *relay, struct slice greeting, int code, int64_t at_ns) {
    buf_put(&relay->bridge->greeting, greeting);
    bridge_release_greeting(relay, at_ns);
    session_end_decide(relay, OUTCOME_SERVER_CLOSED, PARTY_SERVER,
                       "the server's greeting was a refusal (%d)", code);
    if (relay->client_state == CLIENT_HELLO) {
        session_end_refuse_client(relay, at_ns); // It cannot read a greeting yet, but an alert.
    }
    session_end_close_both(relay, at_ns);
}

void upstream_starttls_take(struct relay *relay, struct slice reply, int code, int64_t at_ns) {
    bool ok = reply_code_is_positive(code);
    switch (relay->server_state) {
    case SERVER_GREETING:
        if (code != 220) {
            pass_refusal(relay, reply, code, at_ns);
            return;
        }
        buf_put(&relay->bridge->greeting, reply);
        say_ehlo(relay, at_ns);
        break;
    case SERVER_EHLO:
        if (!ok || !ehlo_reply_offers(reply, SLICE("STARTTLS"))) {
            server_gives_no_tls(
                relay, ok ? "the server does not offer STARTTLS" : "the server refused EHLO",
                at_ns);
            return;
        }
        relay_set_server(relay, SERVER_STARTTLS);
        say_to_server(relay, "STARTTLS", at_ns);
        break;
    case SERVER_STARTTLS:
        if (code != 220) {
            server_gives_no_tls(relay, "the server refused STARTTLS", at_ns);
            return;
        }
        relay_set_server(relay, SERVER_STARTTLS_ACCEPTED);
        break;
    case SERVER_STARTTLS_ACCEPTED:
    case SERVER_CONNECTING:
    case SERVER_CONNECTED:
    case SERVER_HANDSHAKE:
    case SERVER_READY:
    case SERVER_TLS:
    case SERVER_GONE:
    case SERVER_GONE_TLS:
        break;
    }
}

bool upstream_starttls_under_way(const struct relay *relay) {
    return relay->server_state == SERVER_GREETING || relay->server_state == SERVER_EHLO ||
           relay->server_state == SERVER_STARTTLS ||
           relay->server_state == SERVER_STARTTLS_ACCEPTED;
}

// RFC 3207 4.2: what came in the clear after the 220 counts for nothing. It is no answer, so it
// ends here: the client's stream may be inside TLS already.
void upstream_starttls_finish(struct relay *relay, int64_t at_ns) {
    struct buf held = filters_take_held(relay, SIDE_SERVER);
    observer_feed(relay->observer, SIDE_SERVER, buf_slice(&held), at_ns);
    buf_cleanup(&held);
    tls_switch_server_begin(relay, true, at_ns);
}

void upstream_starttls_check_gone(struct relay *relay, int64_t at_ns) {
    if (!upstream_starttls_under_way(relay) || !leg_has_ended(&relay->server) ||
        session_end_is_decided(relay)) {
        return;
    }
    struct buf half_line = filters_take_held(relay, SIDE_SERVER); // said to the proxy alone
    buf_wipe(&half_line);
    session_end_decide(relay, OUTCOME_SERVER_CLOSED, PARTY_SERVER,
                       "the server %s the connection before TLS with it could begin",
                       leg_is_reset(&relay->server) ? "reset" : "closed");
    relay_set_server(relay, SERVER_GONE_TLS);
    session_end_refuse_client(relay, at_ns);
}
