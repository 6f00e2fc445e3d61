// SPDX-License-Identifier: MIT
// SMTP smuggling (CVE-2023-51764): something in a message that a careless server takes for its end.
//
// The finding waits until it is clear what the server made of it. It took the look-alike for the
// end when the decoder says so, or when it answers once more than there were commands.
#include "inspect/themes.h"

#include <stdio.h>

static void release(struct analysis *analysis, bool taken) {
    struct smuggling held = analysis->smuggling;
    analysis->smuggling.message = EVENT_NO_MESSAGE;
    if (held.message == EVENT_NO_MESSAGE ||
        !analysis_first_of_message(analysis, RULE_SMUGGLING, held.message)) {
        return;
    }
    analysis_say(analysis, RULE_SMUGGLING,
                 (struct place){PARTY_CLIENT, held.exchange, held.message},
                 "The message holds %s, which looks like the end of data; only CRLF . CRLF is "
                 "one%s",
                 held.look_alike,
                 taken ? ", but the server took it for the end and went on to read the rest as "
                         "commands"
                       : ", and a server that takes it for the end reads the rest as commands");
}

static void hold(struct analysis *analysis, const struct event_flaw *flaw) {
    struct smuggling *held = &analysis->smuggling;
    if (held->message == flaw->message) {
        return;
    }
    release(analysis, false); // of an earlier message, sent without waiting for its answer
    *held = (struct smuggling){.message = flaw->message, .exchange = flaw->exchange};
    snprintf(held->look_alike, sizeof(held->look_alike), "%.*s", (int)sizeof(held->look_alike) - 1,
             quote_of(analysis, slice_sub(flaw->detail, 0, sizeof(held->look_alike) - 1)).text);
}

static bool is_answer_too_many(const struct event *event) {
    return event->kind == EVENT_REPLY && event->reply.to == EVENT_NO_EXCHANGE &&
           event->reply.code != 421;
}

static void judge_held(struct analysis *analysis, const struct event *event) {
    if (event->kind == EVENT_MESSAGE && event->message.message == analysis->smuggling.message) {
        analysis->smuggling.text_over = true;
    } else if (is_answer_too_many(event)) {
        release(analysis, true);
    }
}

void smuggling_settle(struct analysis *analysis, const struct event *event) {
    bool next = event->kind == EVENT_COMMAND || event->kind == EVENT_REPLY;
    if (event->kind == EVENT_CLOSE ||
        (analysis->smuggling.text_over && next && !is_answer_too_many(event))) {
        release(analysis, false);
    }
}

void smuggling_judge(struct analysis *analysis, const struct event *event) {
    if (analysis->smuggling.message != EVENT_NO_MESSAGE) {
        judge_held(analysis, event);
    }
    if (event->kind != EVENT_FLAW) {
        return;
    }
    if (event->flaw.kind == FLAW_SMUGGLING) {
        hold(analysis, &event->flaw);
    } else if (event->flaw.kind == FLAW_SMUGGLED_ANSWER) {
        release(analysis, true);
    }
}
