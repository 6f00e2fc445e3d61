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

static enum audit_verdict verdict_of(const struct audit_case *of,
                                     const struct event_finding *finding) {
    if (finding->severity == SEVERITY_INFO || !is_of(of, finding)) {
        return AUDIT_PASS;
    }
    bool minor = (of->needs & AUDIT_IS_MINOR) != 0 || finding->severity != SEVERITY_ERROR;
    return minor ? AUDIT_WEAK : AUDIT_FAIL;
}

// The worst is said, of those the first.
static void look_at_session(struct audit_ruling *out, const struct audit_case *of,
                            const struct record *session) {
    for (size_t i = 0; i < session->finding_count; i++) {
        const struct event_finding *finding = &session->findings[i];
        enum audit_verdict verdict = verdict_of(of, finding);
        if (verdict > out->verdict) {
            audit_say(out, verdict, "sent it with a flaw, %s: %.*s", finding->rule,
                      (int)finding->text.len, (const char *)finding->text.data);
        }
    }
}

static bool has_dot_line(const struct record_message *message) {
    struct slice rest = message->body;
    bool found = message->odd_dot_count > 0;
    while (rest.len > 0 && !found) {
        found = rest.data[0] == '.';
        size_t lf = slice_find_byte(rest, '\n');
        rest = slice_from(rest, lf == SLICE_NONE ? rest.len : lf + 1);
    }
    return found;
}

static bool has_8bit(const struct record_message *message) {
    for (size_t i = 0; i < message->body.len; i++) {
        if (message->body.data[i] > 127) {
            return true;
        }
    }
    return false;
}

// What the mail lacks for the case to say anything; NULL for nothing.
static const char *lack_of_text(unsigned needs, const struct record_message *message) {
    if ((needs & AUDIT_NEEDS_DOT) != 0 && !has_dot_line(message)) {
        return "no line of the mail begins with a dot";
    }
    if ((needs & AUDIT_NEEDS_8BIT) != 0 && !has_8bit(message)) {
        return "the mail has no byte over 127";
    }
    return NULL;
}

void audit_clean_message(struct audit_ruling *out, const struct audit_evidence *evidence) {
    const struct record_message *message = audit_delivered(evidence->trial);
    audit_say(out, AUDIT_PASS, "sent it well");
    for (size_t i = 0; i < evidence->trial->session_count; i++) {
        look_at_session(out, evidence->of, evidence->trial->sessions[i]);
    }
    const char *lack = message == NULL ? NULL : lack_of_text(evidence->of->needs, message);
    if (out->verdict == AUDIT_PASS && lack != NULL) {
        audit_say(out, AUDIT_NOT_APPLICABLE, "%s", lack);
    }
}
