// SPDX-License-Identifier: MIT
// The rule of the group message: the findings of the control session about its message.
#include "audit/ruling.h"

static bool is_of(const struct audit_case *of, const struct event_finding *finding) {
    for (size_t i = 0; i < AUDIT_RULES_MAX && of->rules[i] != NULL; i++) {
        if (slice_is(slice_of_string(finding->rule), of->rules[i])) {
            return true;
        }
    }
    return false;
}

// The worst is said, of those the first.
static void look_at_session(struct audit_ruling *out, const struct audit_case *of,
                            const struct record *session) {
    for (size_t i = 0; i < session->finding_count; i++) {
        const struct event_finding *finding = &session->findings[i];
        enum audit_verdict verdict = finding->severity == SEVERITY_ERROR ? AUDIT_FAIL : AUDIT_WEAK;
        if (is_of(of, finding) && verdict > out->verdict) {
            audit_say(out, verdict, "%.*s", (int)finding->text.len,
                      (const char *)finding->text.data);
        }
    }
}

void audit_clean_message(struct audit_ruling *out, const struct audit_evidence *evidence) {
    audit_say(out, AUDIT_PASS, "sent it well");
    for (size_t i = 0; i < evidence->trial->session_count; i++) {
        look_at_session(out, evidence->of, evidence->trial->sessions[i]);
    }
}
