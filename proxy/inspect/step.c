// SPDX-License-Identifier: MIT
// `out-of-step`: a client that gave up waiting for one reply and went on in the same connection
// takes that reply, when it comes, for the answer to its next command, and so on to the end. A
// client that pipelines sends its group in one go; this one waits for a reply before each of its
// commands, but for the wrong one.
#include "base/clock.h"
#include "base/limits.h"
#include "inspect/themes.h"

#include <stdio.h>

static const char *name_of(char out[STEP_NAME_MAX], enum verb verb, bool text) {
    struct slice name = verb_info(verb)->name;
    if (text) {
        return "the message";
    }
    snprintf(out, STEP_NAME_MAX, "%.*s", (int)name.len, (const char *)name.data);
    return name.len > 0 ? out : "its command";
}

static void say(struct analysis *analysis, const struct event_command *command) {
    const struct step *step = &analysis->step;
    bool greeting = step->due == VERB_NONE && !step->due_text;
    char first[STEP_NAME_MAX];
    char due[STEP_NAME_MAX];
    analysis_say(analysis, RULE_OUT_OF_STEP, place_of_command(command),
                 "The client sent %s %.1f s into its wait for the %s%s, without waiting any longer "
                 "for that, and takes each reply from there on for the answer to the command that "
                 "it sent last; it is out of step by one to the end of the session, so it must "
                 "close the connection when it gives up",
                 name_of(first, step->verb, step->text), (double)step->waited_ns / (double)NS_PER_S,
                 greeting ? "greeting" : "reply to ",
                 greeting ? "" : name_of(due, step->due, step->due_text));
}

// A client that pipelines does not wait for a while first, and waits for the greeting.
static void begin(struct analysis *analysis, const struct event_due *due) {
    bool greeting = due->exchange == 0;
    int64_t since_ns = greeting ? analysis->facts.ready_ns : due->since_ns;
    int64_t waited_ns = analysis->now->at_ns - since_ns;
    analysis->step = (struct step){.early = greeting || waited_ns >= NS_PER_S,
                                   .due = due->verb,
                                   .due_text = due->final,
                                   .waited_ns = waited_ns};
}

static void judge_command(struct analysis *analysis, const struct event_command *command) {
    struct step *step = &analysis->step;
    const struct event_due *due = &command->due;
    bool in_lockstep = step->early && due->count == 1 && command->heard == step->heard + 1;
    if (in_lockstep && !step->proven) {
        step->proven = true;
        say(analysis, command);
    } else if (!in_lockstep && due->count == 1) {
        begin(analysis, due);
    } else if (!in_lockstep) {
        *step = (struct step){0};
    }
    step->verb = command->command.verb;
    step->text = step->noted = false;
    step->heard = command->heard;
}

static void judge_reply(struct analysis *analysis, const struct event_reply *reply) {
    struct step *step = &analysis->step;
    char name[STEP_NAME_MAX];
    if (!step->proven || reply->incomplete) {
        return;
    }
    if (step->noted && (step->verb != VERB_DATA || step->text)) {
        return; // it waits for nothing more
    }
    step->text = step->noted; // what it took for the 354 came before
    step->noted = true;
    analysis_note(analysis, "The client takes this for the answer to %s",
                  name_of(name, step->verb, step->text));
}

void step_judge(struct analysis *analysis, const struct event *event) {
    if (event->kind == EVENT_COMMAND && !event->command.continuation) {
        judge_command(analysis, &event->command);
    } else if (event->kind == EVENT_REPLY && !event->reply.by_proxy) {
        judge_reply(analysis, &event->reply);
    } else if (event->kind == EVENT_TLS) {
        analysis->step = (struct step){0};
    }
}
