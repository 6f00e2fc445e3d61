// SPDX-License-Identifier: MIT
// ruling: the judge of `audit`: a pure function from what the runs of the control case and of a
// case left to a verdict and one sentence of what the client did.
//
// Not one false accusation: where what was seen is compatible with being right it is no `fail`. A
// client that sends nothing to a server that it has reason to distrust is right, whatever made it
// stop.
#ifndef SCOPE_AUDIT_RULING_H
#define SCOPE_AUDIT_RULING_H

#include "audit/case.h"
#include "audit/trial.h"

enum audit_verdict {
    AUDIT_PASS,
    AUDIT_WEAK, // a breach of a SHOULD, or of good practice
    AUDIT_FAIL, // a danger, or a breach of a MUST
    AUDIT_NOT_APPLICABLE,
    AUDIT_VERDICT_COUNT
};

const char *audit_verdict_name(enum audit_verdict verdict); // "pass", "weak", "fail", "n/a"

struct audit_ruling {
    enum audit_verdict verdict;
    bool credential_lost; // it was given to a wrong or unencrypted peer
    char sentence[AUDIT_SENTENCE_MAX];
};

// Whether the case says anything of a client that did this in the control case; else `out` is
// AUDIT_NOT_APPLICABLE with the reason.
bool audit_applies(struct audit_ruling *out, const struct audit_case *of,
                   const struct audit_trial *control);

// What a verdict rests on.
struct audit_evidence {
    const struct audit_case *of;
    const struct audit_trial *control;
    const struct audit_trial *trial;  // of AUDIT_OF_CONTROL the control's too
    const struct audit_trial *graver; // of the case that `of` names so; NULL where it was not run
};

void audit_rule(struct audit_ruling *out, const struct audit_evidence *evidence);

// ── for the rules of a group of expectations (ruling_*.c) ───────────────────────────────────────

typedef void audit_rule_function(struct audit_ruling *out, const struct audit_evidence *evidence);

audit_rule_function audit_refuses_server; // ruling_tls.c
audit_rule_function audit_refuses_lax;
audit_rule_function audit_refuses_version; // …
audit_rule_function audit_takes_version;
audit_rule_function audit_gives_up;
audit_rule_function audit_not_in_clear;
audit_rule_function audit_reports_refusal; // ruling_delivery.c
audit_rule_function audit_reports_later;   // …
audit_rule_function audit_reports_recipient;
audit_rule_function audit_reports_unknown;
audit_rule_function audit_reports_delivery;
audit_rule_function audit_as_control;
audit_rule_function audit_waits;
audit_rule_function audit_uses_offered; // ruling_dialogue.c
audit_rule_function audit_falls_back;   // …
audit_rule_function audit_logs_in;
audit_rule_function audit_logs_in_later;
audit_rule_function audit_ignores_injected;
audit_rule_function audit_survives;
audit_rule_function audit_survives_flood;
audit_rule_function audit_clean_message; // ruling_message.c

// A finding of one of these rules (up to the first NULL) that the control case does not have; NULL
// for none.
const struct event_finding *audit_new_finding(const struct audit_evidence *evidence,
                                              const char *const *rules);
// What a rule says of a command that did not connect or says the same of success and failure;
// false of any other.
bool audit_say_unknown(struct audit_ruling *out, const struct audit_evidence *evidence);
// What went out in the clear of a command that has TLS in the control case; false for nothing.
bool audit_say_clear(struct audit_ruling *out, const struct audit_trial *trial);

void audit_say(struct audit_ruling *out, enum audit_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// How the command ended, for the end of a sentence: "and exited 1", "until it was ended after 60
// s".
const char *audit_end_text(char *out, size_t size, const struct audit_trial *trial);

#endif
