// SPDX-License-Identifier: MIT
// Who waits for whom (RFC 5321 4.3.1, RFC 2920 3.1).
#include "inspect/likely.h"
#include "inspect/themes.h"

// What follows the first line that came too early is the same fault.
static void judge_greeting(struct analysis *analysis, const struct event_command *command) {
    const struct facts *facts = &analysis->facts;
    struct place place = place_of_command(command);
    if (facts_heard(facts->greeting_ordinal, command)) {
        return;
    }
    if (!analysis_is_first(analysis, RULE_TALKS_BEFORE_GREETING)) {
        likely_move_finding(analysis, RULE_TALKS_BEFORE_GREETING, place);
        return;
    }
    analysis_say(analysis, RULE_TALKS_BEFORE_GREETING, place,
                 facts->greeting_lines
                     ? "%s was sent after a line 220- of the server's greeting, which goes on; the "
                       "client must wait for its last line, which has a space after the 220"
                 : command->in_reply
                     ? "%s was sent when the server's greeting had come in part, without its "
                       "line end; the client must wait for the whole line, which may come in "
                       "several pieces"
                     : "%s was sent before the server's greeting; the client must wait for the 220",
                 quote_of_command(analysis, command).text);
}

static bool must_end_group(const struct facts *facts) {
    const struct last_command *last = &facts->last;
    if (last->continuation) {
        return true;
    }
    // What follows a 354 is text, and the next command may follow its dot at once. Text that came
    // before the 354 is a fault of its own.
    bool early = facts->early_text != EVENT_NO_MESSAGE &&
                 facts->early_text == facts->text_message && facts->text_exchange == last->exchange;
    bool text_sent = last->verb == VERB_DATA && (last->answered || early);
    return verb_info(last->verb)->ends_group && !text_sent && !last->one_round_auth;
}

static void judge_pipelined(struct analysis *analysis, const struct event_command *command) {
    const struct facts *facts = &analysis->facts;
    // After the server's close, or its 421, no reply is waited for. The rest of a response that was
    // broken over two lines was not meant to be a line: auth-malformed says so, however soon it
    // came. To the lines of a text that the server reads as commands come more replies than the
    // client knows of. One that is out of step waits for a reply, but for another one.
    if (!command->pipelined || facts->server_left || command->after_421 || analysis->step.proven ||
        facts_is_rest_of_response(facts, command) ||
        stray_was_line(&facts->stray, command->due.exchange)) {
        return;
    }
    const struct last_command *last = &facts->last;
    if (command->offered != NULL && !capabilities_offer(command->offered, "PIPELINING")) {
        analysis_say(analysis, RULE_PIPELINING_NOT_OFFERED, place_of_command(command),
                     "%s was sent before the reply to the command before it, but the server does "
                     "not offer PIPELINING; each command must wait for the reply to the last",
                     quote_of_command(analysis, command).text);
    }
    if (must_end_group(facts)) {
        struct slice name = verb_info(last->verb)->name;
        analysis_say(analysis, RULE_PIPELINING_PAST_SYNC, place_of_command(command),
                     "%s was sent before the reply to %.*s, which must be the last command of a "
                     "pipelined group",
                     quote_of_command(analysis, command).text,
                     last->continuation ? 4 : (int)name.len,
                     last->continuation ? "AUTH" : (const char *)name.data);
    }
}

static void say_early_text(struct analysis *analysis, const struct event_flaw *flaw) {
    if (analysis->step.proven) {
        return; // it took another reply for the 354
    }
    analysis_say(analysis, RULE_PIPELINING_PAST_SYNC,
                 (struct place){PARTY_CLIENT, flaw->exchange, flaw->message},
                 "The text of the message was sent before the server's 354 to DATA; it must wait "
                 "for that, since a server that refuses DATA reads each line of it as a command");
}

void pipeline_judge(struct analysis *analysis, const struct event *event) {
    if (event->kind == EVENT_FLAW && event->flaw.kind == FLAW_EARLY_TEXT) {
        say_early_text(analysis, &event->flaw);
    }
    if (event->kind == EVENT_COMMAND) {
        judge_greeting(analysis, &event->command);
        judge_pipelined(analysis, &event->command);
    }
}
