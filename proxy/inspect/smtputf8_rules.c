// SPDX-License-Identifier: MIT
// `smtputf8-unneeded`: RFC 6531 3.4 asks a client not to say SMTPUTF8 where nothing in the envelope
// or the message needs it, since each hop without it must then refuse the message. Some libraries
// (Go's net/smtp) say it wherever it is offered; on a port of submission, where the server may take
// it back, that is worth a word only when the message is refused.
#include "base/text.h"
#include "inspect/themes.h"

static bool is_asked_for(const struct analysis *analysis) {
    const struct transaction *transaction = &analysis->facts.transaction;
    return transaction->smtputf8 && !transaction->path_8bit;
}

// A part of the body may have a header too, so all of it has to be ASCII.
static void take_text(struct analysis *analysis, const struct event_content *content) {
    if (is_asked_for(analysis) && !text_is_ascii(content->bytes)) {
        analysis->message_8bit = content->message;
    }
}

static void say(struct analysis *analysis) {
    analysis_say(analysis, RULE_SMTPUTF8_UNNEEDED, analysis->smtputf8_unneeded,
                 "MAIL asked for SMTPUTF8, but addresses and message are plain ASCII and do "
                 "not need it; a server on the way that does not offer it must refuse the "
                 "message, so leave it out");
    analysis->smtputf8_unneeded.message = EVENT_NO_MESSAGE;
}

static void judge_end(struct analysis *analysis, const struct event_content_end *end) {
    bool unneeded =
        end->complete && is_asked_for(analysis) && analysis->message_8bit != end->message;
    analysis->smtputf8_unneeded =
        (struct place){PARTY_CLIENT, end->exchange, unneeded ? end->message : EVENT_NO_MESSAGE};
    if (unneeded && analysis->now->session->server.port == PORT_SMTP) {
        say(analysis);
    }
}

static void judge_answer(struct analysis *analysis, const struct event_reply *reply) {
    if (reply->final && reply->code >= 500 &&
        analysis->smtputf8_unneeded.message != EVENT_NO_MESSAGE) {
        say(analysis);
    }
}

void smtputf8_judge(struct analysis *analysis, const struct event *event) {
    switch ((unsigned)event->kind) {
    case EVENT_CONTENT:
        take_text(analysis, &event->content);
        break;
    case EVENT_CONTENT_END:
        judge_end(analysis, &event->content_end);
        break;
    case EVENT_REPLY:
        judge_answer(analysis, &event->reply);
        break;
    default:
        break;
    }
}
