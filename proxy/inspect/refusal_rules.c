// SPDX-License-Identifier: MIT
// `rejected`: a refusal in plain English. The server's own text is read but never quoted here: it
// may echo a credential, and the transcript shows it anyway.
#include "base/clock.h"
#include "base/limits.h"
#include "inspect/likely.h"
#include "inspect/themes.h"

#include <stdarg.h>
#include <stdio.h>

// ── the refusal ─────────────────────────────────────────────────────────────────────────────────

// Whether a refusal at this point of the dialogue is judged here, and which point it is.
static bool find_stage(enum refusal_stage *out, const struct event_reply *reply) {
    static const struct {
        enum verb verb;
        enum refusal_stage stage;
    } stages[] = {
        {VERB_EHLO, STAGE_EHLO},         {VERB_HELO, STAGE_HELO}, {VERB_LHLO, STAGE_LHLO},
        {VERB_STARTTLS, STAGE_STARTTLS}, {VERB_AUTH, STAGE_AUTH}, {VERB_MAIL, STAGE_MAIL},
        {VERB_RCPT, STAGE_RCPT},         {VERB_DATA, STAGE_DATA}, {VERB_BDAT, STAGE_BDAT},
        {VERB_XCLIENT, STAGE_XCLIENT},
    };
    if (reply->to == 0 || reply->continuation_reply) {
        *out = reply->to == 0 ? STAGE_GREETING : STAGE_AUTH;
        return true;
    }
    if (reply->final && reply->verb != VERB_BDAT) {
        *out = STAGE_MESSAGE;
        return true;
    }
    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
        if (stages[i].verb == reply->verb) {
            *out = stages[i].stage;
            return true;
        }
    }
    return false;
}

const char *refusal_name(enum refusal_stage stage) {
    static const char *const names[] = {
        [STAGE_GREETING] = "The connection",
        [STAGE_EHLO] = "EHLO",
        [STAGE_HELO] = "HELO",
        [STAGE_LHLO] = "LHLO",
        [STAGE_STARTTLS] = "STARTTLS",
        [STAGE_AUTH] = "The login (AUTH)",
        [STAGE_MAIL] = "The sender (MAIL)",
        [STAGE_RCPT] = "The recipient (RCPT)",
        [STAGE_DATA] = "DATA",
        [STAGE_MESSAGE] = "The message",
        [STAGE_BDAT] = "The message (BDAT)",
        [STAGE_XCLIENT] = "XCLIENT",
    };
    return names[stage];
}

// What has an @ is an address, or of one: `<spam@example.com>` says nothing of spam.
static void append_words(struct buf *out, struct slice text) {
    while (!slice_is_null(text)) {
        struct slice word = slice_split(&text, ' ');
        if (slice_find_byte(word, '@') == SLICE_NONE) {
            buf_append_some(out, word);
            buf_append_some(out, SLICE(" "));
        }
    }
}

static void join_lines(struct buf *out, const struct event_reply *reply) {
    for (size_t i = 0; i < reply->line_count; i++) {
        struct slice text = reply->lines[i].text;
        if (i > 0 && reply->enhanced.len > 0 && slice_starts_with(text, reply->enhanced)) {
            text = slice_trim(slice_from(text, reply->enhanced.len));
        }
        append_words(out, text);
    }
}

static enum refusal_offer offer_of_starttls(const struct facts *facts,
                                            const struct event_reply *reply) {
    if (reply->current == NULL) {
        // The proxy, which is not the client, asks for TLS only where it is offered.
        return facts->last.exchange == reply->to ? OFFER_UNKNOWN : OFFERED;
    }
    return capabilities_offer(reply->current, "STARTTLS") ? OFFERED : NOT_OFFERED;
}

// Mechanisms that a server may refuse though the password is right.
static const struct {
    const char *mechanism;
    struct reply_words words;
} uncertain[] = {
    {"CRAM-MD5",
     {"the server does not accept this login by CRAM-MD5, which also fails where the server has "
      "not "
      "stored the password in a form that the mechanism can use",
      "try PLAIN or LOGIN, which is offered too and safe inside TLS"}},
    {"DIGEST-MD5",
     {"the server does not accept this login by DIGEST-MD5, which also fails where the server has "
      "not stored the password in a form that the mechanism can use",
      "try PLAIN or LOGIN, which is offered too and safe inside TLS"}},
    {"NTLM",
     {"the server does not accept this login by NTLM, which needs the right domain beside user "
      "name and password",
      "check the domain, or use LOGIN or PLAIN, which is offered too and safe inside TLS"}},
};

static const struct reply_words *words_of_token(struct slice mechanism) {
    static const struct reply_words token = {
        "the server does not accept this token: it may be expired, of another user, or without the "
        "right to send by SMTP",
        "get a new one for this user, with the scope for SMTP"};
    bool oauth = slice_is(mechanism, "XOAUTH2") || slice_is(mechanism, "OAUTHBEARER");
    return oauth ? &token : NULL;
}

static const struct reply_words *words_of_mechanism(const struct event_reply *reply) {
    static const struct reply_words name_ignored = {
        "the server ignored the user name that came with AUTH LOGIN, asked for it again, and took "
        "the next answer for it",
        "send AUTH LOGIN alone, and answer each question of the server"};
    bool other = capabilities_offer_mechanism(reply->current, SLICE("PLAIN")) ||
                 capabilities_offer_mechanism(reply->current, SLICE("LOGIN"));
    if (reply->login.name_asked_again) {
        return &name_ignored;
    }
    for (size_t i = 0; reply->tls && other && i < sizeof(uncertain) / sizeof(uncertain[0]); i++) {
        if (slice_is(reply->login.mechanism, uncertain[i].mechanism)) {
            return &uncertain[i].words;
        }
    }
    return NULL;
}

static const struct {
    struct reply_words overwritten, hidden, login_in_tls, mechanism, chunking, parameter, idle,
        order, mixed, no_auth, no_recipient, no_hello, no_mechanism, chunk, binary, lmtp;
} by_offer = {
    .binary = {"MAIL said BODY=BINARYMIME, and such a message goes by BDAT alone (RFC 3030 3)",
               "send it by BDAT, or encode it as text"},
    .chunk = {"an earlier chunk of the message was refused", "look at the answer to that one"},
    .lmtp = {"the greeting says that the server speaks LMTP, which knows neither EHLO nor HELO",
             "send mail to a port where it speaks SMTP"},
    .no_hello = {"the client has said neither EHLO nor HELO before that the server accepted",
                 "send EHLO first"},
    .no_mechanism = {"AUTH came without the name of a mechanism",
                     "name one that the EHLO reply offers, like AUTH PLAIN"},
    .overwritten = {"a firewall in front of the server has taken it out",
                    "switch its SMTP inspection off, or use the port of implicit TLS (465)"},
    .hidden = {"the server wants TLS first, and the proxy keeps STARTTLS from the client, as "
               "--client-tls none or a rule of --fault asks",
               "run the proxy without that, or with --server-tls starttls, so that it does "
               "TLS with the server by itself"},
    .login_in_tls = {"the server wants a login first, and offers AUTH only inside TLS",
                     "use STARTTLS, then EHLO again, AUTH, and MAIL"},
    .mechanism = {"the server offers this mechanism in its EHLO reply and contradicts that here",
                  "use another mechanism that it offers, and tell its operator"},
    .chunking = {"the server offers CHUNKING in its EHLO reply and contradicts that here",
                 "send the message by DATA, and tell its operator"},
    .parameter = {"the server offers the extension of each parameter in its EHLO reply and "
                  "contradicts that here",
                  "send the command without them, and tell its operator"},
    .no_recipient = {"no recipient was accepted before", "look at the answers to RCPT"},
    .no_auth = {"the server takes no login here, and its EHLO reply does not offer AUTH",
                "log in only where the EHLO reply offers it"},
    .order = {"the server calls the command out of order, though it had accepted all that must "
              "come before it",
              "tell its operator; a filter or device in front of it may have lost a command"},
    .mixed = {"DATA came after BDAT, and a message is sent by one or the other (RFC 3030 2)",
              "send the rest by BDAT too, or start again after RSET"},
    .idle = {"the client had sent nothing for longer than the server waits",
             "open a new connection after a pause, or send NOOP in between"},
};

// A server may forget what was sent to it too early.
static bool spoke_early(const struct analysis *analysis) {
    static const enum rule rules[] = {RULE_TALKS_BEFORE_GREETING, RULE_PIPELINING_NOT_OFFERED,
                                      RULE_PIPELINING_PAST_SYNC};
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        if (analysis_ignores(analysis, rules[i]) ||
            likely_note_of(&analysis->likely, rules[i])->text != NULL) {
            return true;
        }
    }
    return false;
}

static bool follows_refused_chunk(const struct facts *facts) {
    return facts_recipient_accepted(facts) && facts->refused_chunk > facts->text_mail;
}

// Whether what must come before the command was refused, which its client need not have known.
static bool lacks_ground(const struct facts *facts, enum refusal_stage stage) {
    return stage == STAGE_RCPT
               ? facts->transaction.state != TRANSACTION_OPEN
               : !facts_recipient_accepted(facts) || facts->refused_chunk > facts->text_mail;
}

// Whether the command came where it may, as far as that is known.
static bool is_grounded(const struct facts *facts, enum refusal_stage stage, bool latest) {
    if (stage == STAGE_AUTH) {
        return latest && facts->hello_accepted && !facts->authenticated &&
               facts->transaction.state == TRANSACTION_NONE;
    }
    return !lacks_ground(facts, stage);
}

// Whether it was said of this command; where the rule is not listened to, nothing is known.
static bool out_of_order(const struct analysis *analysis, int exchange) {
    const struct likely_note *note = likely_note_of(&analysis->likely, RULE_BAD_SEQUENCE);
    bool unknown = analysis_ignores(analysis, RULE_BAD_SEQUENCE) ||
                   exchange != analysis->facts.last.exchange || spoke_early(analysis);
    return unknown || (note->text != NULL && note->place.exchange == exchange);
}

static bool was_too_long(const struct analysis *analysis, int exchange) {
    const struct likely_note *note = likely_note_of(&analysis->likely, RULE_COMMAND_TOO_LONG);
    return note->text != NULL && note->place.exchange == exchange;
}

// AUTH that is called out of order where it may come, and is not offered.
static bool is_unoffered_auth(const struct analysis *analysis, const struct event_reply *reply) {
    const struct facts *facts = &analysis->facts;
    bool latest = facts->last.exchange == reply->to && !reply->continuation_reply;
    return is_grounded(facts, STAGE_AUTH, latest) && reply->current != NULL &&
           !spoke_early(analysis) && !capabilities_offer(reply->current, "AUTH");
}

// Whether the server refuses what it offers by itself: words for that, else NULL.
static const struct reply_words *words_of_contradiction(const struct analysis *analysis,
                                                        enum refusal_stage stage,
                                                        const struct event_reply *reply) {
    const struct facts *facts = &analysis->facts;
    bool unknown = (reply->code == 500 || reply->code == 502 || reply->code == 504) &&
                   !was_too_long(analysis, reply->to);
    bool parameters = facts->last.exchange == reply->to && facts->last.parameters;
    if (stage == STAGE_AUTH && unknown && !reply->continuation_reply &&
        capabilities_offer_mechanism(reply->current, reply->login.mechanism)) {
        return &by_offer.mechanism;
    }
    if (stage == STAGE_AUTH && reply->code == 503) {
        return is_unoffered_auth(analysis, reply) ? &by_offer.no_auth : NULL;
    }
    bool ordered = stage == STAGE_RCPT || stage == STAGE_DATA || stage == STAGE_BDAT;
    if (ordered && reply->code == 503 && !out_of_order(analysis, reply->to) &&
        !lacks_ground(facts, stage)) {
        return stage == STAGE_BDAT ? &by_offer.chunking : &by_offer.order;
    }
    if (stage == STAGE_BDAT && unknown && capabilities_offer(reply->current, "CHUNKING")) {
        return &by_offer.chunking;
    }
    bool path = stage == STAGE_MAIL || stage == STAGE_RCPT;
    bool refused = reply->code == 555 || reply->code == 504;
    return path && parameters && refused ? &by_offer.parameter : NULL;
}

// What is missing in the client's own lines: words for that, else NULL.
static const struct reply_words *words_of_omission(const struct facts *facts,
                                                   enum refusal_stage stage,
                                                   const struct event_reply *reply) {
    bool greeted = facts->hello_accepted || facts->hello_exchange != EVENT_NO_EXCHANGE;
    bool login = stage == STAGE_AUTH && !reply->continuation_reply;
    bool latest = facts->last.exchange == reply->to;
    if (reply->code == 503 && latest && !greeted && (login || stage == STAGE_STARTTLS)) {
        return &by_offer.no_hello;
    }
    bool mixed = stage == STAGE_DATA && facts->transaction.bdat && facts_recipient_accepted(facts);
    if (reply->code == 503 && mixed) {
        return &by_offer.mixed;
    }
    bool form = reply->code == 500 || reply->code == 501 || reply->code == 504;
    return login && latest && form && !facts->last.mechanism ? &by_offer.no_mechanism : NULL;
}

// The same where the offer, and not the refusal, is what to look at.
static const struct reply_words *words_of_offer(const struct analysis *analysis,
                                                enum refusal_stage stage,
                                                const struct event_reply *reply,
                                                const struct reply_words *words) {
    const struct facts *facts = &analysis->facts;
    bool tls_wanted = (reply->code == 530 && !reply_words_want_login(words)) || reply->code == 538;
    const struct reply_words *omission = words_of_omission(facts, stage, reply);
    if (omission != NULL) {
        return omission;
    }
    bool hello = stage == STAGE_EHLO || stage == STAGE_HELO;
    if (hello && facts->greeting_lmtp && (reply->code == 500 || reply->code == 502)) {
        return &by_offer.lmtp;
    }
    if (stage == STAGE_DATA && reply->code >= 500 && facts->transaction.binary) {
        return &by_offer.binary;
    }
    if (stage == STAGE_BDAT && reply->code == 503 && follows_refused_chunk(facts)) {
        return &by_offer.chunk;
    }
    // After a reply too many it is unclear which commands were accepted.
    if (reply->final && reply->code >= 500 && reply->to == facts->text_exchange &&
        !facts_recipient_accepted(facts) && analysis_is_first(analysis, RULE_REPLY_UNEXPECTED)) {
        return &by_offer.no_recipient;
    }
    if (stage == STAGE_STARTTLS) {
        return analysis->starttls_overwritten ? &by_offer.overwritten : NULL;
    }
    if (tls_wanted && !reply->tls && facts->server_offers_starttls &&
        !capabilities_offer(reply->current, "STARTTLS")) {
        return &by_offer.hidden;
    }
    return words_of_contradiction(analysis, stage, reply);
}

static bool login_waits_for_tls(const struct event_reply *reply, const struct reply_words *words) {
    return reply_words_want_login(words) && !reply->tls &&
           capabilities_offer(reply->current, "STARTTLS") &&
           !capabilities_offer(reply->current, "AUTH");
}

// A refusal for silence, to the first command after a long one.
static bool was_idle(const struct facts *facts, const struct event_reply *reply) {
    return facts->last.exchange == reply->to && facts->last.idle_ns >= IDLE_NS &&
           slice_ends_with_nocase(reply->enhanced, SLICE(".4.2"));
}

static bool offers_no_login(const struct facts *facts, const struct event_reply *reply) {
    return reply->current != NULL && !capabilities_offer(reply->current, "AUTH") &&
           (reply->tls || !facts->server_offers_starttls);
}

static bool names_no_limit(const struct capabilities *offered) {
    const struct capability *size = capabilities_find(offered, "SIZE");
    struct slice limit = size == NULL ? SLICE("") : slice_trim(size->parameters);
    return limit.len == 0 || slice_is(limit, "0");
}

static const struct reply_words *words_of(struct analysis *analysis, enum refusal_stage stage,
                                          const struct event_reply *reply) {
    const struct facts *facts = &analysis->facts;
    static const struct reply_words cancelled = {"the client had cancelled it with *",
                                                 "see why the client gave up"};
    if (reply->continuation_reply && facts->auth_cancel == reply->to) {
        return &cancelled;
    }
    struct buf text;
    buf_init(&text, REFUSAL_TEXT_MAX);
    join_lines(&text, reply);
    bool latest = facts->last.exchange == reply->to;
    bool nothing_sent = !reply->continuation_reply && latest && !facts->last.first_answer;
    struct refusal refusal = {.stage = stage,
                              .code = reply->code,
                              .enhanced = reply->enhanced,
                              .text = buf_slice(&text),
                              .in_tls = reply->tls,
                              .starttls = offer_of_starttls(facts, reply),
                              .credentials_sent = !nothing_sent,
                              .logged_in = facts->authenticated,
                              .no_login = offers_no_login(facts, reply),
                              .no_size = names_no_limit(reply->current),
                              .recipient_accepted = facts_recipient_accepted(facts),
                              .server_in_clear = reply->tls && !facts->server_tls,
                              .bare = latest && facts->last.bare,
                              .grounded = is_grounded(facts, stage, latest)};
    const struct reply_words *words = reply_words_of(&refusal);
    bool wrong = stage == STAGE_AUTH && reply->code == 535 && !nothing_sent;
    const struct reply_words *better = wrong ? words_of_token(reply->login.mechanism) : NULL;
    if (wrong && better == NULL && reply_words_of_text(&refusal) == NULL) {
        better = words_of_mechanism(reply);
    }
    words = better != NULL ? better : words;
    better = login_waits_for_tls(reply, words) ? &by_offer.login_in_tls
             : was_idle(facts, reply)          ? &by_offer.idle
                                               : words_of_offer(analysis, stage, reply, words);
    words = better != NULL ? better : words;
    likely_take_refusal(analysis, &refusal, place_of_reply(reply), words);
    buf_cleanup(&text);
    return words;
}

// ── saying it ───────────────────────────────────────────────────────────────────────────────────

static void say(struct analysis *analysis, struct place place, int code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

// 5xx is an error, 4xx a warning.
static void say(struct analysis *analysis, struct place place, int code, const char *format, ...) {
    char text[FINDING_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (code < 500) {
        analysis_say_mild(analysis, RULE_REJECTED, place, "%s", text);
    } else {
        analysis_say(analysis, RULE_REJECTED, place, "%s", text);
    }
}

static const char *how_long(int code) {
    return code < 500 ? "for now" : "for good";
}

static void say_reply(struct analysis *analysis, enum refusal_stage stage,
                      const struct event_reply *reply, const struct reply_words *words) {
    bool enhanced = reply->enhanced.len > 0;
    bool recipient = reply->recipient.len > 0;
    say(analysis, place_of_reply(reply), reply->code, "%s was refused %s%s%s%s with %d%s%s: %s; %s",
        refusal_name(stage), recipient ? "for " : "",
        recipient ? quote_of(analysis, reply->recipient).text : "", recipient ? " " : "",
        how_long(reply->code), reply->code, enhanced ? " " : "",
        enhanced ? quote_of(analysis, reply->enhanced).text : "", words->meaning, words->advice);
}

// ── EHLO, which HELO may make good ──────────────────────────────────────────────────────────────

static void say_held(struct analysis *analysis) {
    struct ehlo_refused *held = &analysis->ehlo_refused;
    if (held->held) {
        held->held = false;
        struct place place = place_of_exchange(PARTY_SERVER, held->exchange);
        say(analysis, place, held->code, "EHLO was refused %s with %d: %s; %s",
            how_long(held->code), held->code, held->words->meaning, held->words->advice);
    }
}

void refusal_settle(struct analysis *analysis, const struct event *event) {
    bool other = event->kind == EVENT_COMMAND && event->command.command.verb != VERB_HELO;
    if (other || event->kind == EVENT_CLOSE) {
        say_held(analysis);
    }
}

static void follow_hello(struct analysis *analysis, const struct event *event) {
    bool answered = event->kind == EVENT_REPLY && event->reply.verb == VERB_HELO;
    if (answered && event->reply.code >= 400) {
        struct ehlo_refused *held = &analysis->ehlo_refused;
        struct refusal plain = {.stage = STAGE_EHLO, .code = held->code};
        if (held->held && held->words == reply_words_of(&plain)) {
            plain.stage = STAGE_HELO; // HELO is no way out
            held->words = reply_words_of(&plain);
        }
        say_held(analysis);
    } else if (answered && !event->reply.incomplete) {
        analysis->ehlo_refused.held = false;
    }
}

// "The server MUST reject the AUTH command by sending a 501 reply" (RFC 4954 4) where the client
// cancels: as it should be, unless the client cancelled since the server had said no in its 334.
static bool ends_cancelled(const struct facts *facts, const struct event_reply *reply) {
    return reply->continuation_reply && reply->code == 501 && facts->auth_cancel == reply->to &&
           !facts->auth_cancel_late;
}

static bool is_refusal(const struct analysis *analysis, const struct event *event) {
    const struct event_reply *reply = &event->reply;
    return event->kind == EVENT_REPLY && !reply->by_proxy && !reply->incomplete &&
           reply->code >= 400 && reply->code < 600 && reply->to != EVENT_NO_EXCHANGE &&
           !stray_was_line(&analysis->facts.stray, reply->to) &&
           !ends_cancelled(&analysis->facts, reply) &&
           (reply->verb != VERB_LHLO || facts_server_speaks_lmtp(&analysis->facts));
}

void refusal_judge(struct analysis *analysis, const struct event *event) {
    static const struct reply_words unlisted = {"", ""};
    enum refusal_stage stage;
    follow_hello(analysis, event);
    if (!is_refusal(analysis, event) || !find_stage(&stage, &event->reply)) {
        return;
    }
    const struct event_reply *reply = &event->reply;
    // What is only counted is not looked up: a server may refuse by the million.
    bool listed = analysis_lists(analysis, RULE_REJECTED);
    const struct reply_words *words = listed ? words_of(analysis, stage, reply) : &unlisted;
    // A warning alone would let a session pass that never came about.
    analysis->starttls_rejected |=
        stage == STAGE_STARTTLS && reply->code >= 500 && !analysis_ignores(analysis, RULE_REJECTED);
    if (reply->verb == VERB_EHLO) {
        analysis->ehlo_refused = (struct ehlo_refused){
            .held = true, .exchange = reply->to, .code = reply->code, .words = words};
    } else {
        say_reply(analysis, stage, reply, words);
    }
}
