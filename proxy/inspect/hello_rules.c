// SPDX-License-Identifier: MIT
// How a client introduces itself: EHLO, HELO, LHLO, STARTTLS (RFC 5321 4.1.1.1, RFC 3207).
#include "base/limits.h"
#include "inspect/domain.h"
#include "inspect/themes.h"

#include <stdio.h>

static const char *fault_of(enum domain_form form) {
    switch (form) {
    case DOMAIN_QUALIFIED:
    case DOMAIN_LITERAL:
        return NULL;
    case DOMAIN_SINGLE:
        return "is not fully qualified, it has no dot";
    case DOMAIN_BARE_ADDRESS:
        return "is an address with no brackets around it";
    case DOMAIN_BAD_LITERAL:
        return "has brackets, but no address of the form 192.0.2.1 or IPv6:2001:db8::1 in them";
    case DOMAIN_UNDERSCORE:
        return "has an underscore, which no host name may have";
    case DOMAIN_MALFORMED:
        return "is no host name";
    }
    return NULL;
}

// Servers on port 25 refuse mail for it; one that the client logs in to seldom minds.
static void say_name(struct analysis *analysis, const struct event_command *command,
                     const char *text) {
    struct place place = place_of_command(command);
    if (analysis->now->session->server.port == PORT_SMTP) {
        analysis_say(analysis, RULE_EHLO_NAME, place, "%s", text);
    } else {
        analysis_say_mild(analysis, RULE_EHLO_NAME, place, "%s", text);
    }
}

static void judge_name(struct analysis *analysis, const struct event_command *command) {
    struct quote name = quote_of(analysis, command->command.name);
    struct slice argument = slice_trim(command->command.argument);
    const char *fault = fault_of(domain_form_of(argument));
    char text[HELLO_NAME_MAX];
    if (argument.len == 0) {
        snprintf(text, sizeof(text),
                 "%s came with no name; it must be followed by the client's host name "
                 "(host.example.com) or its address in brackets ([192.0.2.1])",
                 name.text);
    } else {
        snprintf(text, sizeof(text),
                 "The name %s after %s %s; it should be a full host name (host.example.com) or an "
                 "address in brackets ([192.0.2.1], [IPv6:2001:db8::1])",
                 quote_of(analysis, argument).text, name.text, fault == NULL ? "" : fault);
    }
    if (argument.len == 0 || fault != NULL) {
        say_name(analysis, command, text);
    }
}

static void judge_hello(struct analysis *analysis, const struct event_command *command) {
    if (analysis_is_first(analysis, RULE_EHLO_NAME)) {
        judge_name(analysis, command);
    }
    if (command->command.verb == VERB_HELO && !analysis->facts.ehlo_tried &&
        analysis_is_first(analysis, RULE_HELO_USED)) {
        analysis_say(analysis, RULE_HELO_USED, place_of_command(command),
                     "The client said HELO without trying EHLO first; so it cannot use TLS, AUTH "
                     "or any other extension");
    }
}

static void judge_after_starttls(struct analysis *analysis, const struct event_command *command) {
    enum verb verb = command->command.verb;
    bool fine = verb_is_ehlo(verb) || verb == VERB_QUIT || verb == VERB_NOOP;
    if (analysis->facts.ehlo_due && !fine) {
        analysis_say(analysis, RULE_NO_EHLO_AFTER_STARTTLS, place_of_command(command),
                     "%s came after STARTTLS before an EHLO; EHLO must come first, since TLS makes "
                     "both sides forget what was said before",
                     quote_of_command(analysis, command).text);
    }
}

static void judge_in_clear(struct analysis *analysis, const struct event_command *command) {
    enum verb verb = command->command.verb;
    if ((verb != VERB_MAIL && verb != VERB_AUTH) || command->tls ||
        analysis->facts.starttls_tried || !capabilities_offer(command->offered, "STARTTLS") ||
        !analysis_is_first(analysis, RULE_STARTTLS_IGNORED)) {
        return;
    }
    analysis_say(analysis, RULE_STARTTLS_IGNORED, place_of_command(command),
                 "%s was sent in the clear though %s STARTTLS; the client should switch to TLS "
                 "first",
                 verb == VERB_MAIL ? "MAIL" : "AUTH",
                 analysis->facts.server_offers_starttls
                     ? "the server offers"
                     : "the proxy, in the place of the server, offers");
}

static bool is_unknown(int code) {
    return code == 500 || code == 502;
}

static void judge_hello_reply(struct analysis *analysis, const struct event_reply *reply) {
    if (reply->by_proxy || reply->incomplete || reply->code < 500 || reply->code > 599) {
        return;
    }
    struct place place = place_of_exchange(PARTY_CLIENT, reply->to);
    if (!analysis_is_first(analysis, RULE_LMTP_ON_SMTP)) {
        return;
    }
    if (reply->verb == VERB_LHLO && facts_server_speaks_lmtp(&analysis->facts)) {
        return; // RULE_REJECTED says why
    }
    if (reply->verb == VERB_LHLO) {
        analysis_say(analysis, RULE_LMTP_ON_SMTP, place,
                     "The client spoke LMTP (LHLO) to a server that answered %d; this port speaks "
                     "SMTP, which begins with EHLO",
                     reply->code);
    } else if (reply->verb == VERB_EHLO && analysis->facts.greeting_lmtp) {
        analysis_say(analysis, RULE_LMTP_ON_SMTP, place,
                     "The client spoke SMTP (EHLO) to a server whose greeting says LMTP and that "
                     "answered %d; LMTP begins with LHLO",
                     reply->code);
    } else if (reply->verb == VERB_HELO && is_unknown(reply->code) && analysis->ehlo_refused.held &&
               is_unknown(analysis->ehlo_refused.code)) {
        analysis_say(analysis, RULE_LMTP_ON_SMTP, place,
                     "The server knows neither EHLO nor HELO (%d, %d), as one that speaks LMTP, "
                     "which begins with LHLO; send mail to a port where it speaks SMTP",
                     analysis->ehlo_refused.code, reply->code);
    }
}

void hello_judge(struct analysis *analysis, const struct event *event) {
    if (event->kind == EVENT_REPLY) {
        judge_hello_reply(analysis, &event->reply);
    }
    if (event->kind != EVENT_COMMAND || event->command.continuation) {
        return;
    }
    enum verb verb = event->command.command.verb;
    if (verb_is_hello(verb)) {
        judge_hello(analysis, &event->command);
    }
    judge_after_starttls(analysis, &event->command);
    judge_in_clear(analysis, &event->command);
}
