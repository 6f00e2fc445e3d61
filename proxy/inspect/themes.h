// SPDX-License-Identifier: MIT
// themes: the rules, a function for each theme: `wire_judge` is in wire_rules.c and so on, only
// `step_judge` is in step.c. The order in which `findings.c` asks them is the order of the findings
// that one event brings.
#ifndef SCOPE_INSPECT_THEMES_H
#define SCOPE_INSPECT_THEMES_H

#include "inspect/analysis.h"

void wire_judge(struct analysis *analysis, const struct event *event); // bytes and lines
void wire_judge_half_line(struct analysis *analysis, const struct event_command *command);
void pipeline_judge(struct analysis *analysis, const struct event *event); // who waits for whom
void smuggling_judge(struct analysis *analysis, const struct event *event);
void order_judge(struct analysis *analysis, const struct event *event); // which command may come
void hello_judge(struct analysis *analysis, const struct event *event);
void auth_judge(struct analysis *analysis, const struct event *event);
void extension_judge(struct analysis *analysis, const struct event *event); // parameters, sizes
void path_judge(struct analysis *analysis, const struct event *event);
void message_judge(struct analysis *analysis, const struct event *event); // header and MIME
// The message that ended last went on after its end: its structure is not whole because of that.
void message_is_cut(struct analysis *analysis);
void envelope_judge(struct analysis *analysis, const struct event *event);
void repeated_judge(struct analysis *analysis, const struct event *event); // the same message again
void step_judge(struct analysis *analysis, const struct event *event); // replies taken for others
void smtputf8_judge(struct analysis *analysis, const struct event *event); // asked for in vain
void stall_judge(struct analysis *analysis, const struct event *event);    // text that stops
// What looks like the end of the text under way and is none, as the end of a sentence; NULL for
// nothing. `half_dot`: after its last whole line came a dot, and no CR LF.
const char *stall_false_end(const struct facts *facts, bool half_dot);
void tls_judge(struct analysis *analysis, const struct event *event);
void reply_judge(struct analysis *analysis, const struct event *event);   // the form of replies
void offer_judge(struct analysis *analysis, const struct event *event);   // what EHLO offers
void refusal_judge(struct analysis *analysis, const struct event *event); // rejected, in words
void closing_judge(struct analysis *analysis, const struct event *event); // how a session ends

// Before the event is delivered: what waited for it to be known.
void smuggling_settle(struct analysis *analysis, const struct event *event);
void refusal_settle(struct analysis *analysis, const struct event *event);

// What the themes keep of a session beyond the facts; NULL is fine.
void message_notes_free(struct message_notes *notes);
void envelope_free(struct envelope_facts *envelope);
void sent_messages_free(struct sent_messages *sent);
void attempts_free(struct attempts *attempts);

#endif
