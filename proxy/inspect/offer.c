// SPDX-License-Identifier: MIT
// What a server offers in its EHLO reply, and when.
#include "inspect/themes.h"

// Of whatever hash: SCRAM-SHA-1-PLUS, SCRAM-SHA-256-PLUS and all to come.
static bool names_scram_plus(struct slice mechanisms) {
    while (!slice_is_null(mechanisms)) {
        struct slice word = slice_split(&mechanisms, ' ');
        if (slice_starts_with_nocase(word, SLICE("SCRAM-")) &&
            slice_ends_with_nocase(word, SLICE("-PLUS"))) {
            return true;
        }
    }
    return false;
}

static bool offers_scram_plus(const struct capabilities *offered) {
    static const struct slice old = SLICE_INIT("AUTH="); // as in `AUTH=LOGIN PLAIN`
    for (size_t i = 0; i < offered->count; i++) {
        const struct capability *item = &offered->items[i];
        bool is_old = slice_starts_with_nocase(item->keyword, old);
        bool is_auth = is_old || slice_is_nocase(item->keyword, "AUTH");
        if ((is_old && names_scram_plus(slice_from(item->keyword, old.len))) ||
            (is_auth && names_scram_plus(item->parameters))) {
            return true;
        }
    }
    return false;
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
                     "offer no passwords in the clear",
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
