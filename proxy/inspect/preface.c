// SPDX-License-Identifier: MIT
#include "inspect/preface.h"

#include "inspect/held_findings.h"

static const struct {
    struct slice text;
    enum line_ending ending;
} signature[] = {
    {SLICE_INIT(""), ENDING_CRLF},
    {SLICE_INIT(""), ENDING_CRLF},
    {SLICE_INIT("\0"), ENDING_CRLF},
    {SLICE_INIT("QUIT"), ENDING_LF},
};

enum { SIGNATURE_LINES = sizeof(signature) / sizeof(signature[0]) };

static void say(struct analysis *analysis, const char *option) {
    analysis->preface.said = true;
    analysis_say(analysis, RULE_UNKNOWN_COMMAND,
                 place_of_exchange(PARTY_CLIENT, analysis->preface.first_exchange),
                 "The client began with the header of the PROXY protocol, as a load balancer sends "
                 "it (%s in HAProxy); a server that is not set to expect it takes it for commands, "
                 "so switch it off there, or on in the server",
                 option);
}

static bool is_version_1(const struct event_command *command) {
    static const struct slice forms[] = {SLICE_INIT("PROXY TCP4 "), SLICE_INIT("PROXY TCP6 "),
                                         SLICE_INIT("PROXY UNKNOWN")};
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        if (slice_starts_with(command->line.text, forms[i])) {
            return true;
        }
    }
    return false;
}

static bool fits(const struct preface *preface, const struct event_command *command) {
    return slice_equal(command->line.text, signature[preface->lines].text) &&
           command->line.ending == signature[preface->lines].ending;
}

static void learn_command(struct analysis *analysis, const struct event_command *command) {
    struct preface *preface = &analysis->preface;
    bool first = !preface->over && preface->lines == 0;
    if (first) {
        preface->first_exchange = command->exchange;
    }
    if (first && is_version_1(command)) {
        preface->over = true;
        preface->last_exchange = command->exchange;
        say(analysis, "send-proxy");
    } else if (preface->lines == SIGNATURE_LINES && !preface->over) {
        preface->over = true;
        preface->last_exchange = command->exchange; // its addresses, and what follows them
    } else if (!preface->over && fits(preface, command)) {
        preface->lines++;
        preface->last_exchange = command->exchange;
    } else if (!preface->over) {
        preface->over = true;
        preface->lines = 0;
        preface->last_exchange = EVENT_NO_EXCHANGE;
    }
    if (preface->lines == SIGNATURE_LINES && !preface->over) {
        held_drop_client(analysis);
        say(analysis, "send-proxy-v2");
    }
}

void preface_learn(struct analysis *analysis, const struct event *event) {
    if (event->kind == EVENT_COMMAND && !analysis->preface.over) {
        learn_command(analysis, &event->command);
    }
}

bool preface_may_be(const struct preface *preface) {
    return !preface->over && preface->lines > 0 && preface->lines < SIGNATURE_LINES;
}

bool preface_holds(const struct analysis *analysis, const struct event_command *command) {
    const struct preface *preface = &analysis->preface;
    bool complete = preface->lines == SIGNATURE_LINES || (preface->over && preface->lines == 0);
    return complete && preface->last_exchange != EVENT_NO_EXCHANGE &&
           command->exchange >= preface->first_exchange &&
           command->exchange <= preface->last_exchange;
}
