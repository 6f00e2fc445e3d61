// SPDX-License-Identifier: MIT
// findings_fixture: a session told by hand, event by event, and what the rules say of it. For what
// a dialogue cannot express: TLS facts, times, who closed, what a text may not hold. Everything
// else is tested by test/dialogues/findings-*.smtp.
#ifndef SCOPE_TEST_FINDINGS_FIXTURE_H
#define SCOPE_TEST_FINDINGS_FIXTURE_H

#include "base/clock.h"
#include "inspect/findings.h"

struct fixture {
    struct findings *findings;
    struct event_session session;
    struct findings_config config;
    struct capability offered_items[LIMIT_CAPABILITIES];
    struct capabilities offered;
    bool has_offer;
    bool tls;
    int64_t now_ns;
    int exchange;                   // of the latest command
    struct event_due due;           // what the client waits for
    struct event_progress progress; // … and the rest, as the decoder has it
    struct buf log;                 // "rule side exchange message\n" for each finding
    struct buf texts;               // their texts, a line each
};

// Connected, with the default configuration; change `config` before fixture_begin.
void fixture_init(struct fixture *fixture);
void fixture_begin(struct fixture *fixture);
void fixture_cleanup(struct fixture *fixture);

void fixture_tell(struct fixture *fixture, struct event event);
void fixture_greet(struct fixture *fixture);
void fixture_offer(struct fixture *fixture, const char *keyword, const char *parameters);
// A command of the client: `line` whole, its verb, and for AUTH its mechanism.
void fixture_command(struct fixture *fixture, enum verb verb, const char *line);
void fixture_wait(struct fixture *fixture, struct event_due due); // for another reply
void fixture_reply(struct fixture *fixture, enum verb verb, int code, const char *text);
void fixture_tls(struct fixture *fixture, struct event_tls tls);
void fixture_close(struct fixture *fixture, enum party by);

// All findings so far, "" for none. Valid until the next event.
const char *fixture_log(struct fixture *fixture);
const char *fixture_texts(struct fixture *fixture);

#endif
