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
    struct place place = place_of_reply(reply);
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

// ── a device in between ─────────────────────────────────────────────────────────────────────────

// `XXXXXXXA`: what is left of STARTTLS, or of another keyword.
static bool is_overwritten(struct slice keyword) {
    enum { LEN_MIN = 4 };
    for (size_t i = 0; i + 1 < keyword.len; i++) {
        if (keyword.data[i] != 'X') {
            return false;
        }
    }
    return keyword.len >= LEN_MIN;
}

static struct slice find_overwritten(const struct capabilities *offered) {
    for (size_t i = 0; offered != NULL && i < offered->count; i++) {
        if (is_overwritten(offered->items[i].keyword)) {
            return offered->items[i].keyword;
        }
    }
    return (struct slice){0};
}

static void judge_middlebox(struct analysis *analysis, const struct event_reply *reply) {
    struct slice keyword = find_overwritten(reply->offered);
    bool greeting = analysis->facts.greeting_blanked;
    bool starttls = capabilities_offer(reply->offered, "STARTTLS");
    bool named = keyword.len > 0;
    if ((!named && !greeting) || !analysis_is_first(analysis, RULE_MIDDLEBOX)) {
        return;
    }
    analysis_say(analysis, RULE_MIDDLEBOX, place_of_reply(reply),
                 "%s%s%s%s%s: a firewall with SMTP inspection in front of the server has "
                 "overwritten what the server said%s; switch the inspection off there, or use the "
                 "port of implicit TLS (465)",
                 greeting ? "The server's greeting is nothing but asterisks" : "",
                 greeting && named ? ", and its EHLO reply offers " : "",
                 !greeting && named ? "The server's EHLO reply offers " : "",
                 named ? quote_of(analysis, keyword).text : "",
                 named ? ", which is no extension" : "",
                 starttls ? "" : ", STARTTLS too, so TLS cannot be had here");
    analysis->starttls_overwritten = !starttls;
}

void offer_judge(struct analysis *analysis, const struct event *event) {
    if (event->kind != EVENT_REPLY || event->reply.by_proxy) {
        return;
    }
    if (event->reply.offered != NULL) {
        judge_offer(analysis, &event->reply);
    }
    if (event->reply.verb == VERB_EHLO || event->reply.verb == VERB_HELO) {
        judge_middlebox(analysis, &event->reply);
    }
}
