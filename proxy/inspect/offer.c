// SPDX-License-Identifier: MIT
// What a server offers in its EHLO reply, and when.
#include "inspect/themes.h"

static bool offers_scram_plus(const struct capabilities *offered) {
    return capabilities_offer_mechanism(offered, SLICE("SCRAM-SHA-1-PLUS")) ||
           capabilities_offer_mechanism(offered, SLICE("SCRAM-SHA-256-PLUS")) ||
           capabilities_offer_mechanism(offered, SLICE("SCRAM-SHA-512-PLUS")) ||
           capabilities_offer_mechanism(offered, SLICE("SCRAM-SHA3-512-PLUS"));
}

// Where the proxy bridges, the server's side is not as the client's is.
static bool server_is_in_tls(const struct analysis *analysis, const struct event_reply *reply) {
    const struct facts *facts = &analysis->facts;
    bool bridged = analysis->now->session->has_server && facts->client_tls != facts->server_tls;
    return bridged ? facts->server_tls : reply->tls;
}

static void judge_offer(struct analysis *analysis, const struct event_reply *reply) {
    const struct capabilities *offered = reply->offered;
    struct place place = place_of_reply(analysis, reply);
    bool starttls = capabilities_offer(offered, "STARTTLS");
    bool in_tls = server_is_in_tls(analysis, reply);
    bool plain = capabilities_offer_mechanism(offered, SLICE("PLAIN"));
    if (starttls && in_tls) {
        analysis_say(analysis, RULE_STARTTLS_OFFERED_IN_TLS, place,
                     "The server offers STARTTLS inside TLS; it must not, since the session is "
                     "encrypted already");
    }
    if (starttls && !in_tls && (plain || capabilities_offer_mechanism(offered, SLICE("LOGIN")))) {
        analysis_say(analysis, RULE_AUTH_OFFERED_IN_CLEAR, place,
                     "The server offers AUTH %s before TLS though it offers STARTTLS; it should "
                     "offer passwords in the clear to nobody",
                     plain ? "PLAIN" : "LOGIN");
    }
    if (offers_scram_plus(offered)) {
        analysis_say(analysis, RULE_SCRAM_PLUS, place,
                     "The server offers a SCRAM mechanism with channel binding (-PLUS), which "
                     "cannot hold through this proxy: a client that picks it will fail here though "
                     "it may work without it");
    }
}

void offer_judge(struct analysis *analysis, const struct event *event) {
    if (event->kind == EVENT_REPLY && !event->reply.by_proxy && event->reply.offered != NULL) {
        judge_offer(analysis, &event->reply);
    }
}
