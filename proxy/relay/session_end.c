// SPDX-License-Identifier: MIT
// session_end: how a session ends, who ended it, and the few words that the proxy says then.
#include "base/limits.h"
#include "base/memory.h"
#include "base/sentence.h"
#include "relay/relay_state.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void session_end_init(struct session_end *end) {
    *end = (struct session_end){
        .linger_until_ns = INT64_MAX, .answer_until_ns = INT64_MAX, .unread_until_ns = INT64_MAX};
}

bool session_end_is_decided(const struct relay *relay) {
    return relay->end.by != PARTY_NONE;
}

// The first reason is the reason; what follows from it is not.
void session_end_decide(struct relay *relay, enum outcome outcome, enum party by,
                        const char *format, ...) {
    if (session_end_is_decided(relay)) {
        return;
    }
    char error[FAILURE_MAX];
    va_list args;
    assert(by != PARTY_NONE);
    relay->end.outcome = outcome;
    relay->end.by = by;
    if (relay->first_close == PARTY_NONE && by != PARTY_PROXY) {
        relay->first_close = by; // The alert counts as the first close.
    }
    va_start(args, format);
    vsnprintf(error, sizeof(error), format, args);
    va_end(args);
    relay->end.error = error[0] == '\0' ? NULL : mem_string(error);
}

static const char *reason_of(const struct relay *relay) {
    return relay->end.error == NULL ? "" : relay->end.error;
}

static bool may_speak(const struct relay *relay) {
    const struct dialogue *dialogue = observer_dialogue(relay->observer);
    // A greeting that is held back was said to the proxy alone.
    bool ungreeted = !dialogue_greeted(dialogue) || bridge_holds_greeting(relay);
    return relay_client_ready(relay) && relay->client.ending == LEG_ENDING_NONE &&
           !leg_is_reset(&relay->client) &&
           (bridge_holds_reply(relay) || !dialogue_within_reply(dialogue)) &&
           (ungreeted || dialogue_between_commands(dialogue));
}

// Says `line` to the client as a reply of the proxy's.
static void say(struct relay *relay, const char *line, int64_t at_ns) {
    struct buf plain;
    buf_init(&plain, FAILURE_MAX);
    sentence_put_plain(&plain, slice_of_string(line));
    buf_put_string(&plain, "\r\n");
    dialogue_proxy_reply(observer_dialogue(relay->observer), slice_of_string(line), at_ns);
    leg_send(&relay->client, buf_slice(&plain));
    buf_cleanup(&plain);
}

// Only if the client is between commands.
static void say_last(struct relay *relay, const char *line, int64_t at_ns) {
    if (relay->client_state == CLIENT_UNDECIDED && relay->config->client_tls == CLIENT_TLS_AUTO) {
        relay_set_client(relay, CLIENT_PLAIN); // So long a silence is that of a plain client.
    }
    if (may_speak(relay)) {
        filters_observe_unsent(relay, at_ns); // The client had said it before.
        say(relay, line, at_ns);
    }
}

static void end_leg(struct leg *leg) {
    bool up = leg->tls != NULL && tls_endpoint_state(leg->tls) == TLS_ESTABLISHED;
    leg_drop_waiting(leg);
    leg_end(leg, up);
}

// Nothing is relayed any more, and the peers get this long to read the rest and close.
static void linger(struct relay *relay, int64_t at_ns, int64_t linger_ns) {
    int64_t *until_ns = &relay->end.linger_until_ns;
    if (*until_ns > at_ns + linger_ns) {
        *until_ns = at_ns + linger_ns;
    }
    relay->decide_at_ns = INT64_MAX;
}

bool session_end_is_over(const struct relay *relay) {
    return relay->end.linger_until_ns != INT64_MAX;
}

void session_end_drop_server(struct relay *relay, int64_t at_ns) {
    if (relay->first_close == PARTY_NONE) {
        relay->first_close = PARTY_PROXY;
    }
    session_end_note_moment(relay, at_ns);
    relay->end.server_dropped = true;
    filter_stream_set_end(&relay->streams[SIDE_SERVER], STREAM_END_PASSED);
    leg_drop_waiting(&relay->server);
    end_leg(&relay->server);
}

void session_end_reset_both(struct relay *relay, int64_t at_ns) {
    linger(relay, at_ns, RELAY_LINGER_NS);
    leg_drop_waiting(&relay->client);
    leg_drop_waiting(&relay->server);
    relay->end.resets_both = true;
}

void session_end_close_within(struct relay *relay, int64_t at_ns, int64_t linger_ns) {
    linger(relay, at_ns, linger_ns);
    end_leg(&relay->client);
    end_leg(&relay->server);
}

void session_end_await_delivery(struct relay *relay, int64_t at_ns) {
    relay->end.unread_until_ns = at_ns + RELAY_UNREAD_NS;
}

void session_end_give_up_delivery(struct relay *relay) {
    relay->end.patience =
        relay->server.ending == LEG_ENDING_SENT ? PATIENCE_OVER : PATIENCE_OVER_UNDELIVERED;
}

void session_end_close_both(struct relay *relay, int64_t at_ns) {
    session_end_close_within(relay, at_ns, RELAY_LINGER_NS);
}

// RFC 8446 6.2. The server's own alert is the truest; where it gave none, one that says that the
// trouble is between the proxy and the server.
static int alert_for_client(const struct relay *relay) {
    enum { HANDSHAKE_FAILURE = 40, INTERNAL_ERROR = 80 };
    struct event_tls facts = {.alert = -1};
    if (relay->server.tls == NULL) {
        return INTERNAL_ERROR;
    }
    tls_endpoint_facts(relay->server.tls, &facts);
    bool named = facts.alert > 0 && facts.alert_by == PARTY_SERVER;
    return named ? facts.alert : HANDSHAKE_FAILURE;
}

static void refuse_plain_client(struct relay *relay, int64_t at_ns) {
    char line[LIMIT_REPLY_LINE];
    if (relay->config->client_tls == CLIENT_TLS_IMPLICIT) {
        return; // It waits for TLS; a plain line would only confuse it.
    }
    snprintf(line, sizeof(line), "421 4.4.1 smtpscope: %.400s", reason_of(relay));
    say_last(relay, line, at_ns);
}

void session_end_refuse_client(struct relay *relay, int64_t at_ns) {
    if (session_end_is_over(relay)) {
        return;
    }
    switch (relay->client_state) {
    case CLIENT_UNDECIDED:
        return; // relay_tick, or the client's first bytes, will decide what it understands.
    case CLIENT_PLAIN:
        if (!relay->client_greeted) {
            refuse_plain_client(relay, at_ns);
        }
        break;
    case CLIENT_HELLO:
    case CLIENT_HANDSHAKE:
        if (tls_endpoint_hello(relay->client.tls) == NULL &&
            tls_endpoint_state(relay->client.tls) == TLS_AWAIT_HELLO) {
            return;
        }
        tls_endpoint_refuse(relay->client.tls, alert_for_client(relay), reason_of(relay), at_ns);
        tls_switch_report_client(relay, at_ns);
        break;
    case CLIENT_AWAIT_HELLO:
    case CLIENT_TLS:
    case CLIENT_FAILED:
        break;
    }
    session_end_close_both(relay, at_ns);
}

// ── the proxy ends it ───────────────────────────────────────────────────────────────────────────

// Only the moment explains such an end.
static void decide_by_proxy(struct relay *relay, enum outcome outcome, int64_t at_ns) {
    char text[FAILURE_MAX];
    if (relay->first_close == PARTY_NONE) { // Who closed first ended it, and not the proxy.
        session_end_note_moment(relay, at_ns);
        session_end_put_text(text, relay, outcome);
        session_end_decide(relay, outcome, PARTY_PROXY, "%s", text);
    }
}

// After the answer to QUIT a session is complete, however long a peer keeps its connection.
static bool is_complete(const struct relay *relay) {
    return dialogue_quit_answered(observer_dialogue(relay->observer));
}

void relay_idle(struct relay *relay, int64_t at_ns) {
    if (!is_complete(relay)) {
        decide_by_proxy(relay, OUTCOME_TIMEOUT, at_ns);
        say_last(relay, "421 4.4.2 smtpscope: idle for too long, closing the connection", at_ns);
    }
    session_end_close_both(relay, at_ns);
    observer_flush(relay->observer);
}

void relay_stop(struct relay *relay, int64_t at_ns) {
    if (!is_complete(relay)) {
        decide_by_proxy(relay, OUTCOME_PROXY_STOPPED, at_ns);
        say_last(relay, "421 4.3.2 smtpscope: the proxy is stopping, closing the connection",
                 at_ns);
    }
    session_end_close_within(relay, at_ns, RELAY_STOP_LINGER_NS);
    observer_flush(relay->observer);
}

// ── the summary ─────────────────────────────────────────────────────────────────────────────────

static bool lacks_close_notify(const struct leg *leg) {
    return leg->tls != NULL && leg_has_ended(leg) && tls_endpoint_state(leg->tls) != TLS_FAILED &&
           !tls_endpoint_got_close_notify(leg->tls);
}

static void decide_by_dialogue(struct relay *relay) {
    struct dialogue *dialogue = observer_dialogue(relay->observer);
    enum party stranger = dialogue_not_smtp(dialogue);
    if (relay->hello_answer == HELLO_ON_PLAIN) {
        session_end_decide(
            relay, OUTCOME_TLS_CLIENT_FAILED, PARTY_CLIENT, "%s",
            relay_bridges(relay)
                ? "the client began TLS (a ClientHello) after it had been silent so long "
                  "that the proxy took it for a plain one: --client-tls implicit waits "
                  "for it"
                : "the client began TLS (a ClientHello) on a port where the server "
                  "speaks plain SMTP: set the client to STARTTLS, or use the server's "
                  "implicit-TLS port (465)");
    } else if (dialogue_saw_tls_record(dialogue)) {
        session_end_decide(
            relay, OUTCOME_TLS_CLIENT_FAILED, PARTY_CLIENT,
            "the client began TLS (a ClientHello) where plain SMTP was under way: only a "
            "220 to STARTTLS allows it");
    } else if (stranger != PARTY_NONE) {
        session_end_decide(relay, OUTCOME_PROTOCOL, stranger, "%s",
                           dialogue_not_smtp_text(dialogue));
    }
}

static enum outcome natural_outcome(const struct relay *relay) {
    if (dialogue_quit_answered(observer_dialogue(relay->observer))) {
        return OUTCOME_COMPLETED;
    }
    return relay->first_close == PARTY_SERVER ? OUTCOME_SERVER_CLOSED : OUTCOME_CLIENT_CLOSED;
}

static bool client_is_gone(const struct relay *relay) {
    return relay->end.answer_until_ns != INT64_MAX || relay_gave_up(relay, SIDE_CLIENT);
}

// A client that closed its sending half alone has read what came after that.
static void note_late_answers(struct relay *relay, int64_t at_ns) {
    bool reset = leg_is_reset(&relay->client) || leg_is_reset(&relay->server);
    bool waited = relay->end.moment == MOMENT_REPLY || relay->end.moment == MOMENT_ANSWER;
    if (waited && !reset && relay->first_close == PARTY_CLIENT && !client_is_gone(relay)) {
        relay->end.moment = MOMENT_NONE;
        session_end_note_moment(relay, at_ns);
    }
}

// Nothing but the peers' own closing ended it.
static void decide_by_nature(struct relay *relay, int64_t at_ns) {
    enum outcome outcome = natural_outcome(relay);
    enum party by = relay->first_close != PARTY_NONE ? relay->first_close : PARTY_PROXY;
    char text[FAILURE_MAX];
    note_late_answers(relay, at_ns);
    session_end_note_moment(relay, at_ns);
    session_end_put_text(text, relay, outcome);
    session_end_decide(relay, outcome, by, "%s", text);
}

struct event_close session_end_summary(struct relay *relay, int64_t at_ns) {
    decide_by_dialogue(relay);
    decide_by_nature(relay, at_ns);
    const struct session_end *ending = &relay->end;
    struct event_close close = {
        .by = relay->first_close != PARTY_NONE ? relay->first_close : PARTY_PROXY,
        .outcome = ending->outcome,
        .error = ending->error != NULL ? slice_of_string(ending->error) : (struct slice){0},
        .client_close_notify_missing = lacks_close_notify(&relay->client),
        .server_close_notify_missing = lacks_close_notify(&relay->server),
        .client_reset = leg_is_reset(&relay->client),
        .server_reset = leg_is_reset(&relay->server),
        .turned_away = relay->setup.turned_away,
        .client_gone = client_is_gone(relay),
    };
    if (ending->by == PARTY_PROXY) {
        close.by = PARTY_PROXY;
    }
    return close;
}
