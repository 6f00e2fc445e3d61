// SPDX-License-Identifier: MIT
// The rules about whether the command says what became of the mail.
#include "audit/ruling.h"

void audit_reports_refusal(struct audit_ruling *out, const struct audit_evidence *evidence) {
    const struct audit_trial *trial = evidence->trial;
    char end[AUDIT_END_MAX];
    if (audit_crashed(trial)) {
        audit_say(out, AUDIT_FAIL, "crashed %s", audit_end_text(end, sizeof(end), trial));
    } else if (audit_accepted(trial) > 0) {
        audit_say(out, AUDIT_PASS, "delivered the mail in another way %s",
                  audit_end_text(end, sizeof(end), trial));
    } else if (trial->timed_out) {
        audit_say(out, AUDIT_WEAK, "did not end by itself");
    } else if (trial->status == 0) {
        audit_say(out, AUDIT_FAIL, "exited 0 though nothing was taken");
    } else {
        audit_say(out, AUDIT_PASS, "reported it %s", audit_end_text(end, sizeof(end), trial));
    }
}

void audit_as_control(struct audit_ruling *out, const struct audit_evidence *evidence) {
    if (audit_accepted(evidence->trial) > 0 && !audit_crashed(evidence->trial)) {
        audit_say(out, AUDIT_PASS, "delivered the mail");
        return;
    }
    audit_reports_refusal(out, evidence);
}
