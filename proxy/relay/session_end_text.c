// SPDX-License-Identifier: MIT
// session_end_text: the sentence of a session that ended before its QUIT was answered: what
// happened, on which side, and what to do. One table, by the moment of the end and by who made it.
#include "base/limits.h"
#include "relay/relay_state.h"

#include <stdio.h>

struct moment_text {
    const char *when;
    enum party turn;           // who was to speak next
    const char *client_advice; // where the client closed
    const char *server_advice; // where the server did
};

#define RAISE_TIMEOUT "raise the client's time-out, or find out why the server does not answer"
#define SERVER_LOG    "look in the server's log for the reason"
#define CLIENT_LOG    "look in the client's log for the reason"

static const struct moment_text moments[MOMENT_COUNT] = {
    [MOMENT_CONNECTING] =
        {"while the proxy was still connecting to the server, which had not answered yet",
         PARTY_SERVER, RAISE_TIMEOUT, SERVER_LOG},
    [MOMENT_FIRST_BYTES] = {"while the proxy waited to see whether the client begins TLS",
                            PARTY_CLIENT, "a client of plain SMTP is to wait for the greeting",
                            SERVER_LOG},
    [MOMENT_GREETING] = {"before the server sent its greeting", PARTY_SERVER,
                         "raise the client's time-out (RFC 5321 asks for 5 minutes), or find out "
                         "why the server is slow",
                         SERVER_LOG},
    [MOMENT_PLAIN_GREETING] = {"before the server sent its greeting", PARTY_SERVER,
                               "if the server speaks TLS at once on this port (465), set the "
                               "client to implicit TLS; else raise the client's time-out (RFC 5321 "
                               "asks for 5 minutes)",
                               "if it speaks TLS at once on this port (465), set the client to "
                               "implicit TLS; else " SERVER_LOG},
    [MOMENT_OWN_TLS] = {"while the proxy was starting TLS with the server", PARTY_SERVER,
                        RAISE_TIMEOUT, SERVER_LOG},
    [MOMENT_HANDSHAKE] = {"before TLS was established", PARTY_NONE, CLIENT_LOG, SERVER_LOG},
    [MOMENT_STARTTLS] = {"after the 220 to STARTTLS, before TLS began", PARTY_CLIENT, CLIENT_LOG,
                         SERVER_LOG},
    [MOMENT_IDLE] = {"without QUIT, when no reply was due", PARTY_CLIENT,
                     "let the client end its sessions with QUIT and wait for the 221",
                     "look in the server's log for the reason (a time-out, or a limit); the client "
                     "can try again"},
    [MOMENT_REPLY] = {"while the server's reply to a command was due", PARTY_SERVER, RAISE_TIMEOUT,
                      SERVER_LOG},
    [MOMENT_SASL] = {"in the middle of AUTH", PARTY_NONE,
                     "look in the client's log: it may lack the mechanism or the credentials, or "
                     "wait for a 235 or 535 that comes only after its answer to a 334",
                     SERVER_LOG},
    [MOMENT_TEXT] = {"in the middle of a message, before its end", PARTY_CLIENT,
                     "the message was not delivered; " CLIENT_LOG,
                     "the message was not delivered; " SERVER_LOG},
    [MOMENT_ANSWER] = {"while the server's reply to a message was due", PARTY_SERVER,
                       "the message may have been accepted all the same, and a client that sends "
                       "it again sends it twice; " RAISE_TIMEOUT,
                       "the message may have been accepted all the same; " SERVER_LOG},
    [MOMENT_QUIT] = {"while the server's reply to QUIT was due", PARTY_SERVER,
                     "nothing was lost, but the client should wait for the 221",
                     "nothing was lost, but the server should answer 221 first"},
    [MOMENT_421] = {"after the server's 421", PARTY_CLIENT,
                    "the text of the 421 says why the server ended the session; try again later",
                    "the text of the 421 says why; try again later"},
    [MOMENT_OWN_421] = {"after a 421 that the proxy had put in", PARTY_CLIENT,
                        "no peer is to blame, since --fault asks for it", SERVER_LOG},
};

// Nothing came from the server, and TLS is under way on neither side.
static bool is_plain_silence(const struct relay *relay) {
    return relay->local_address != NULL && relay->server.tls == NULL && relay->client.tls == NULL &&
           observer_counts(relay->observer).bytes[SIDE_SERVER] == 0;
}

static enum moment moment_of_dialogue(enum verb *out_verb, const struct relay *relay) {
    switch (dialogue_due(out_verb, observer_dialogue(relay->observer))) {
    case DUE_GREETING:
        return is_plain_silence(relay) ? MOMENT_PLAIN_GREETING : MOMENT_GREETING;
    case DUE_REPLY:
        return *out_verb == VERB_QUIT ? MOMENT_QUIT : MOMENT_REPLY;
    case DUE_SASL:
        return MOMENT_SASL;
    case DUE_TEXT:
        return MOMENT_TEXT;
    case DUE_FINAL:
        return MOMENT_ANSWER;
    case DUE_NOTHING:
        break;
    }
    return MOMENT_IDLE;
}

static bool handshakes(const struct relay *relay) {
    return relay->client_state == CLIENT_HELLO || relay->client_state == CLIENT_HANDSHAKE ||
           relay->client_state == CLIENT_FAILED || relay->server_state == SERVER_HANDSHAKE;
}

static enum moment moment_now(enum verb *out_verb, const struct relay *relay) {
    const struct dialogue *dialogue = observer_dialogue(relay->observer);
    if (relay->server_state == SERVER_CONNECTING) {
        return MOMENT_CONNECTING;
    }
    if (relay->client_state == CLIENT_UNDECIDED && relay->decide_at_ns != INT64_MAX) {
        return MOMENT_FIRST_BYTES;
    }
    if (upstream_starttls_under_way(relay)) {
        return MOMENT_OWN_TLS;
    }
    if (handshakes(relay)) {
        return MOMENT_HANDSHAKE;
    }
    if (relay->client_state == CLIENT_AWAIT_HELLO || dialogue_awaits_tls(dialogue)) {
        return MOMENT_STARTTLS;
    }
    return dialogue_saw_421(dialogue)     ? MOMENT_421
           : dialogue_heard_421(dialogue) ? MOMENT_OWN_421
                                          : moment_of_dialogue(out_verb, relay);
}

void session_end_note_moment(struct relay *relay, int64_t at_ns) {
    if (relay->end.moment == MOMENT_NONE) {
        relay->end.by_reset = leg_is_reset(&relay->client) || leg_is_reset(&relay->server);
        relay->end.noted_ns = at_ns;
        relay->end.moment = moment_now(&relay->end.verb, relay);
    }
}

// A plain client on a port of implicit TLS waits as long as its patience; so does one whose server
// is slow. The port shows it, or that the client spoke to a silent server, or waited so long.
static bool may_be_implicit_tls(const struct relay *relay) {
    enum { SMTP = 25, SUBMISSIONS = 465, SUBMISSION = 587 };
    uint16_t port = relay->session->server.port;
    bool tried = relay->spoke[SIDE_CLIENT] != SPEECH_NONE || relay->end.noted_ns >= 2 * NS_PER_S;
    return port == SUBMISSIONS || (port != SMTP && port != SUBMISSION && tried);
}

static const char *client_advice(const struct relay *relay) {
    if (relay->end.patience == PATIENCE_OVER_UNDELIVERED) {
        return "the server did not take all that the client had said: find out why it stopped "
               "reading";
    }
    bool slow = relay->end.moment == MOMENT_PLAIN_GREETING && !may_be_implicit_tls(relay);
    return moments[slow ? MOMENT_GREETING : relay->end.moment].client_advice;
}

static const char *idle_advice(enum party turn) {
    switch (turn) {
    case PARTY_CLIENT:
        return "it was the client's turn: let it send QUIT when it has no more to do, or raise "
               "--idle-timeout";
    case PARTY_SERVER:
        return "it was the server's turn: find out why it does not answer, or raise "
               "--idle-timeout";
    case PARTY_PROXY:
    case PARTY_NONE:
        break;
    }
    return "find out which of the two stopped, or raise --idle-timeout";
}

// A command that has a name is named.
static void put_when(char out[static MOMENT_TEXT_MAX], const struct relay *relay) {
    struct slice verb = verb_info(relay->end.verb)->name;
    if (relay->end.moment == MOMENT_REPLY && verb.len > 0) {
        snprintf(out, MOMENT_TEXT_MAX, "while the server's reply to %.*s was due", (int)verb.len,
                 (const char *)verb.data);
    } else {
        snprintf(out, MOMENT_TEXT_MAX, "%s", moments[relay->end.moment].when);
    }
}

void session_end_put_text(char out[static FAILURE_MAX], const struct relay *relay,
                          enum outcome outcome) {
    const struct moment_text *moment = &moments[relay->end.moment];
    const char *closed = relay->end.by_reset ? "reset" : "closed";
    char when[MOMENT_TEXT_MAX];
    put_when(when, relay);
    switch (outcome) {
    case OUTCOME_CLIENT_CLOSED:
        snprintf(out, FAILURE_MAX, "the client %s the connection %s: %s", closed, when,
                 client_advice(relay));
        break;
    case OUTCOME_SERVER_CLOSED:
        snprintf(out, FAILURE_MAX, "the server %s the connection %s: %s", closed,
                 relay->end.moment == MOMENT_421 ? "after its 421" : when, moment->server_advice);
        break;
    case OUTCOME_TIMEOUT:
        snprintf(out, FAILURE_MAX,
                 "the proxy closed the session %s, since nothing had come from either side within "
                 "--idle-timeout: %s",
                 when, idle_advice(moment->turn));
        break;
    case OUTCOME_PROXY_STOPPED:
        snprintf(out, FAILURE_MAX,
                 "the proxy was stopped and closed the session %s: --grace gives sessions more "
                 "time to end by themselves",
                 when);
        break;
    case OUTCOME_COMPLETED:
    case OUTCOME_CONNECT_FAILED:
    case OUTCOME_TLS_CLIENT_FAILED:
    case OUTCOME_TLS_SERVER_FAILED:
    case OUTCOME_PROTOCOL:
        out[0] = '\0'; // Completed, or decided where its cause was seen.
        break;
    }
}
