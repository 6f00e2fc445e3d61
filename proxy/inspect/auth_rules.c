// SPDX-License-Identifier: MIT
// AUTH and SASL (RFC 4954). No text here ever holds a byte of what was sent after AUTH but the
// mechanism's name.
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "event/sasl.h"
#include "inspect/domain.h"
#include "inspect/themes.h"

#include <stdio.h>
#include <stdlib.h>

// ── the command ─────────────────────────────────────────────────────────────────────────────────

static bool shows_password(struct slice mechanism) {
    return slice_is_nocase(mechanism, "PLAIN") || slice_is_nocase(mechanism, "LOGIN") ||
           slice_is_nocase(mechanism, "XOAUTH2") || slice_is_nocase(mechanism, "OAUTHBEARER");
}

static bool is_loopback(const char *address) {
    struct slice text = address == NULL ? SLICE("") : slice_of_string(address);
    static const struct slice mapped = SLICE_INIT("::ffff:");
    text = slice_starts_with_nocase(text, mapped) ? slice_from(text, mapped.len) : text;
    return slice_is(text, "::1") ||
           (slice_starts_with(text, SLICE("127.")) && domain_form_of(text) == DOMAIN_BARE_ADDRESS);
}

static bool binds_channel(struct slice mechanism) {
    return slice_starts_with_nocase(mechanism, SLICE("SCRAM-")) &&
           slice_ends_with_nocase(mechanism, SLICE("-PLUS"));
}

static void say_in_clear(struct analysis *analysis, struct place place, struct slice mechanism) {
    const struct event_session *session = analysis->now->session;
    bool local = is_loopback(session->client.address) &&
                 (!session->has_server || is_loopback(session->server.address));
    if (local) {
        analysis_say_mild(analysis, RULE_AUTH_IN_CLEAR, place,
                          "AUTH %s was sent without TLS; client and server are on one machine, so "
                          "nothing reads it on the way, but on a network it would need TLS",
                          quote_of(analysis, mechanism).text);
        return;
    }
    analysis_say(analysis, RULE_AUTH_IN_CLEAR, place,
                 "AUTH %s was sent without TLS, so everybody on the way%s can read the "
                 "credentials; switch to TLS first",
                 quote_of(analysis, mechanism).text,
                 analysis->facts.server_tls ? " to the proxy, which alone speaks TLS," : "");
}

static const char *what_is_missing(const struct capabilities *offered) {
    if (capabilities_offer(offered, "AUTH")) {
        return "that mechanism";
    }
    return capabilities_offer(offered, "STARTTLS")
               ? "AUTH; it offers STARTTLS, and most servers offer AUTH only inside TLS"
               : "AUTH";
}

static void judge_mechanism(struct analysis *analysis, const struct event_command *command) {
    struct slice mechanism = command->command.mechanism;
    struct place place = place_of_command(command);
    if (mechanism.len == 0) {
        return;
    }
    if (shows_password(mechanism) && !command->tls) {
        say_in_clear(analysis, place, mechanism);
    }
    if (command->offered != NULL && !capabilities_offer_mechanism(command->offered, mechanism)) {
        analysis_say(analysis, RULE_AUTH_NOT_OFFERED, place,
                     "AUTH %s was tried, but the server's EHLO reply does not offer %s",
                     quote_of(analysis, mechanism).text, what_is_missing(command->offered));
    }
    if (binds_channel(mechanism)) {
        analysis_say(analysis, RULE_SCRAM_PLUS, place,
                     "AUTH %s binds the login to the TLS connection, and that cannot hold through "
                     "this proxy: the login will fail here though it may work without it",
                     quote_of(analysis, mechanism).text);
    }
}

static void judge_response(struct analysis *analysis, const struct event_command *command) {
    if (command->sasl_flaw != NULL) {
        analysis_say(analysis, RULE_AUTH_MALFORMED, place_of_command(command),
                     command->continuation ? "What the client answered to the server's 334 is "
                                             "malformed: %s"
                                           : "The initial response after AUTH is malformed: %s",
                     command->sasl_flaw);
    }
}

// ── a slip that the server minds ────────────────────────────────────────────────────────────────

static void keep_doubt(struct analysis *analysis, const struct event_command *command) {
    struct sasl_doubt *doubt = &analysis->sasl_doubt;
    if (command->command.verb == VERB_AUTH) {
        *doubt = (struct sasl_doubt){.exchange = command->exchange};
    }
    if (command->sasl_doubt != NULL) {
        *doubt = (struct sasl_doubt){.exchange = command->exchange, .text = command->sasl_doubt};
    }
}

// What refuses the credentials themselves, or their form.
static bool is_about_credentials(int code) {
    return code == 535 || code == 501 || code == 550 || code == 554;
}

// A login that is accepted had no slip, whatever it looked like.
static void judge_refusal(struct analysis *analysis, const struct event_reply *reply) {
    struct sasl_doubt *doubt = &analysis->sasl_doubt;
    bool login = reply->verb == VERB_AUTH || reply->continuation_reply;
    if (!login || reply->incomplete || reply->code == 334) {
        return;
    }
    // What came after a name that was asked for again answered another question than was meant.
    if (is_about_credentials(reply->code) && doubt->text != NULL &&
        !reply->login.name_asked_again) {
        analysis_say(analysis, RULE_AUTH_DOUBTFUL, place_of_exchange(PARTY_CLIENT, doubt->exchange),
                     "What the client sent for its login has the right form, but %s", doubt->text);
    }
    doubt->text = NULL;
}

// ── a challenge without an answer ───────────────────────────────────────────────────────────────

static void say_unanswered(struct analysis *analysis, struct place place,
                           enum event_challenge challenge, const char *did) {
    if (challenge == CHALLENGE_REFUSES) {
        analysis_say(analysis, RULE_AUTH_UNANSWERED, place,
                     "The server's last 334 says, in base64, why it refuses the login, and %s; the "
                     "client must answer that 334 with an empty line, and then gets the 535",
                     did);
    } else {
        analysis_say(analysis, RULE_AUTH_UNANSWERED, place,
                     "The server's 334 waited for an answer, and %s; a line with a single * "
                     "cancels the login",
                     did);
    }
}

static void judge_no_answer(struct analysis *analysis, const struct event_command *command) {
    struct slice text = command->line.text;
    enum event_challenge challenge = facts_challenge(&analysis->facts, command->answers);
    if (challenge != CHALLENGE_NONE && sasl_is_no_response(text) && !slice_is(text, "*")) {
        char did[64];
        snprintf(did, sizeof(did), "the client sent %.*s, which is taken for the answer",
                 (int)text.len, (const char *)text.data);
        say_unanswered(analysis, place_of_command(command), challenge, did);
    }
}

static void judge_close(struct analysis *analysis, const struct event_close *close) {
    enum event_challenge challenge = facts_challenge(&analysis->facts, close->progress.challenge);
    if (challenge != CHALLENGE_NONE && close->by == PARTY_CLIENT) {
        say_unanswered(analysis, place_of_session(PARTY_CLIENT), challenge,
                       "the client closed the connection without an answer");
    }
}

// Programs that wrap base64 as for a message send the rest of a response as a line of its own.
static void judge_second_line(struct analysis *analysis, const struct event_command *command) {
    if (facts_is_rest_of_response(&analysis->facts, command)) {
        analysis_say(analysis, RULE_AUTH_MALFORMED,
                     place_of_exchange(PARTY_CLIENT, analysis->facts.auth_refused),
                     "The client sent one more line of base64 after its response, as where a "
                     "response was broken over two lines; it must be one line, however long it "
                     "is");
    }
}

static void judge_auth(struct analysis *analysis, const struct event_command *command) {
    const struct facts *facts = &analysis->facts;
    enum transaction_state state = facts->transaction.state;
    judge_mechanism(analysis, command);
    if (facts->authenticated && facts_heard(facts->ordinal_235, command)) {
        analysis_say(analysis, RULE_AUTH_REPEATED, place_of_command(command),
                     "AUTH was sent again after the server had said 235; a session logs in once");
    }
    if (state == TRANSACTION_ASKED || state == TRANSACTION_OPEN) {
        analysis_say(analysis, RULE_AUTH_IN_TRANSACTION, place_of_command(command),
                     "AUTH came between MAIL and the end of the message; log in before MAIL");
    }
}

// ── the exchange, when it is over ───────────────────────────────────────────────────────────────

// Who was refused by which mechanism, as a digest: the analysis has no use for the name itself.

struct auth_attempt {
    uint8_t digest[SHA256_LEN];
    unsigned ordinal; // of the 535
};

struct attempts {
    struct auth_attempt refused[LIMIT_AUTH_ATTEMPTS];
    size_t count;
};

void attempts_free(struct attempts *attempts) {
    free(attempts);
}

static void digest_of(uint8_t out[SHA256_LEN], const struct event_auth *auth) {
    struct sha256 hash;
    sha256_init(&hash);
    sha256_update(&hash, auth->mechanism);
    sha256_update(&hash, SLICE(" "));
    sha256_update(&hash, auth->identity);
    sha256_final(out, &hash);
}

static const struct auth_attempt *find_refused(const struct attempts *attempts,
                                               const uint8_t digest[SHA256_LEN]) {
    for (size_t i = 0; i < attempts->count; i++) {
        const struct auth_attempt *attempt = &attempts->refused[i];
        if (slice_equal(slice_of(attempt->digest, SHA256_LEN), slice_of(digest, SHA256_LEN))) {
            return attempt;
        }
    }
    return NULL;
}

static void say_retried(struct analysis *analysis, const struct event_auth *auth) {
    bool name_it = analysis->config.name_identities;
    analysis_say(analysis, RULE_AUTH_RETRIED, place_of_exchange(PARTY_CLIENT, auth->exchange),
                 "The client tried AUTH %s again for the same identity%s%s%s after the server had "
                 "refused it with 535; %s",
                 quote_of(analysis, auth->mechanism).text, name_it ? " (" : "",
                 name_it ? quote_of(analysis, auth->identity).text : "", name_it ? ")" : "",
                 auth->outcome == AUTH_SUCCEEDED
                     ? "it was accepted this time, but many servers lock an account after a few "
                       "refusals"
                     : "it will not get better, and servers lock accounts for it");
}

static void judge_retry(struct analysis *analysis, const struct event_auth *auth) {
    if (slice_is_null(auth->identity)) {
        return;
    }
    if (analysis->attempts == NULL) {
        analysis->attempts = mem_new(sizeof(*analysis->attempts));
    }
    struct attempts *attempts = analysis->attempts;
    struct auth_attempt attempt = {.ordinal = analysis->facts.latest_ordinal};
    digest_of(attempt.digest, auth);
    const struct auth_attempt *refused = find_refused(attempts, attempt.digest);
    if (refused == NULL && auth->code == 535 && attempts->count < LIMIT_AUTH_ATTEMPTS) {
        attempts->refused[attempts->count++] = attempt;
    } else if (refused != NULL && analysis->facts.auth_heard >= refused->ordinal) {
        say_retried(analysis, auth);
    }
}

void auth_judge(struct analysis *analysis, const struct event *event) {
    if (event->kind == EVENT_AUTH) {
        judge_retry(analysis, &event->auth);
    } else if (event->kind == EVENT_COMMAND) {
        if (event->command.command.verb == VERB_AUTH) {
            judge_auth(analysis, &event->command);
        }
        judge_response(analysis, &event->command);
        judge_second_line(analysis, &event->command);
        judge_no_answer(analysis, &event->command);
        keep_doubt(analysis, &event->command);
    } else if (event->kind == EVENT_REPLY) {
        judge_refusal(analysis, &event->reply);
    } else if (event->kind == EVENT_CLOSE) {
        judge_close(analysis, &event->close);
    }
}
