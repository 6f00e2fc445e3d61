// SPDX-License-Identifier: MIT
// `smtputf8-unneeded`: RFC 6531 3.4 asks a client not to say SMTPUTF8 where nothing in the envelope
// or the message needs it, since each hop without it must then refuse the message.
#include "base/text.h"
#include "inspect/themes.h"

static bool is_asked_for(const struct analysis *analysis) {
    const struct transaction *transaction = &analysis->facts.transaction;
    return transaction->smtputf8 && !transaction->path_8bit;
}

// A header may stand within a part of the body too, so all of it has to be ASCII.
static void take_text(struct analysis *analysis, const struct event_content *content) {
    if (is_asked_for(analysis) && !text_is_ascii(content->bytes)) {
        analysis->message_8bit = content->message;
    }
}

static void judge_end(struct analysis *analysis, const struct event_content_end *end) {
    if (end->complete && is_asked_for(analysis) && analysis->message_8bit != end->message) {
        analysis_say(analysis, RULE_SMTPUTF8_UNNEEDED,
                     (struct place){PARTY_CLIENT, analysis->facts.text_exchange, end->message},
                     "MAIL asked for SMTPUTF8, but addresses and message are plain ASCII and do "
                     "not need it; a server on the way that does not offer it must refuse the "
                     "message, so leave it out");
    }
}

void smtputf8_judge(struct analysis *analysis, const struct event *event) {
    if (event->kind == EVENT_CONTENT) {
        take_text(analysis, &event->content);
    } else if (event->kind == EVENT_CONTENT_END) {
        judge_end(analysis, &event->content_end);
    }
}
