// SPDX-License-Identifier: MIT
// The rules about whether the command says what became of the mail.
#include "audit/ruling.h"

// How often the mail was tried.
static size_t attempts(const struct audit_trial *trial) {
    size_t mails = audit_command_count(trial, "MAIL");
    return mails > trial->session_count ? mails : trial->session_count;
}

// What is said of a command whose time was over while it had nothing to report yet.
static void say_time_is_over(struct audit_ruling *out, const struct audit_trial *trial,
                             bool may_try_again) {
    if (may_try_again && attempts(trial) > 1) {
        audit_say(out, AUDIT_PASS, "was still trying again when its time was over");
    } else {
        audit_say(out, AUDIT_WEAK, "did not end by itself");
    }
}

// No mail was taken: the command is to say so.
static void reports(struct audit_ruling *out, const struct audit_evidence *evidence, bool later) {
    const struct audit_trial *trial = evidence->trial;
    char end[AUDIT_END_MAX];
    if (audit_accepted(trial) > 0) {
        audit_say(out, AUDIT_PASS, "delivered the mail in another way %s",
                  audit_end_text(end, sizeof(end), trial));
    } else if (trial->timed_out) {
        say_time_is_over(out, trial, later);
    } else if (audit_say_unknown(out, evidence)) {
        return;
    } else if (trial->status != 0) {
        audit_say(out, AUDIT_PASS, "reported it %s", audit_end_text(end, sizeof(end), trial));
    } else if (later) {
        audit_say(out, AUDIT_WEAK, "exited 0 though nothing was taken for now");
    } else {
        audit_say(out, AUDIT_FAIL, "exited 0 though nothing was taken");
    }
}

void audit_reports_refusal(struct audit_ruling *out, const struct audit_evidence *evidence) {
    reports(out, evidence, false);
}

// A command with a queue of its own may exit 0 and try again later, so 0 is no `fail`.
void audit_reports_later(struct audit_ruling *out, const struct audit_evidence *evidence) {
    reports(out, evidence, true);
}

// What became of the refused recipient may have been said in words alone: 0 is no `fail`.
void audit_reports_recipient(struct audit_ruling *out, const struct audit_evidence *evidence) {
    const struct audit_trial *trial = evidence->trial;
    char end[AUDIT_END_MAX];
    if (audit_accepted(trial) == 0 || trial->timed_out) {
        reports(out, evidence, false);
    } else if (audit_say_unknown(out, evidence)) {
        return;
    } else if (trial->status != 0) {
        audit_say(out, AUDIT_PASS, "delivered the mail to the others, reported it %s",
                  audit_end_text(end, sizeof(end), trial));
    } else {
        audit_say(out, AUDIT_WEAK,
                  "delivered the mail to the others and exited 0 though a recipient was refused");
    }
}

// The server took the mail, and the client cannot know: it may send it again, and it must not say
// that all is well (RFC 1047, RFC 5321 4.5.3.2.6).
void audit_reports_unknown(struct audit_ruling *out, const struct audit_evidence *evidence) {
    const struct audit_trial *trial = evidence->trial;
    char end[AUDIT_END_MAX];
    if (trial->timed_out) {
        say_time_is_over(out, trial, true);
    } else if (audit_say_unknown(out, evidence)) {
        return;
    } else if (trial->status == 0) {
        audit_say(out, AUDIT_FAIL, "exited 0 though no answer to the message had come");
    } else {
        audit_say(out, AUDIT_PASS, "reported it %s", audit_end_text(end, sizeof(end), trial));
    }
}

void audit_reports_delivery(struct audit_ruling *out, const struct audit_evidence *evidence) {
    const struct audit_trial *trial = evidence->trial;
    char end[AUDIT_END_MAX];
    if (audit_accepted(trial) > 0 && trial->timed_out) {
        // No time-out is too long for the answer to QUIT (RFC 5321 4.5.3.2).
        audit_say(out, AUDIT_PASS, "delivered the mail, and waited until its time was over");
    } else if (audit_accepted(trial) > 0 && trial->status != evidence->control->status) {
        audit_say(out, AUDIT_WEAK, "delivered the mail %s, as if it had not",
                  audit_end_text(end, sizeof(end), trial));
    } else {
        audit_as_control(out, evidence);
    }
}

// ── as in the control case ──────────────────────────────────────────────────────────────────────

static bool has_field(const struct record_message *message, const char *name) {
    for (size_t i = 0; i < message->field_count; i++) {
        if (slice_is_nocase(message->fields[i].name, name)) {
            return true;
        }
    }
    return false;
}

// What of the control's message is surely missing; NULL for nothing. Two runs of a command differ
// in dates, identifiers and whatever it makes up, so that texts cannot be compared.
static const char *loss(const struct audit_evidence *evidence) {
    static const char *const names[] = {"From", "To", "Cc", "Subject"};
    const struct record_message *sent = audit_delivered(evidence->trial);
    const struct record_message *control = audit_delivered(evidence->control);
    if (sent == NULL || control == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (has_field(control, names[i]) && !has_field(sent, names[i])) {
            return names[i];
        }
    }
    return sent->event.content.bytes < control->event.content.bytes / 2 ? "half of it" : NULL;
}

static void delivered(struct audit_ruling *out, const struct audit_evidence *evidence) {
    const struct audit_trial *trial = evidence->trial;
    const char *missing = loss(evidence);
    char end[AUDIT_END_MAX];
    if (audit_accepted(trial) > audit_accepted(evidence->control)) {
        audit_say(out, AUDIT_FAIL, "delivered the mail %zu times in place of %zu",
                  audit_accepted(trial), audit_accepted(evidence->control));
    } else if (missing != NULL) {
        audit_say(out, AUDIT_FAIL, "delivered the message without %s", missing);
    } else if (trial->timed_out) {
        audit_say(out, AUDIT_WEAK, "delivered the mail, and did not end by itself");
    } else if (trial->status != evidence->control->status) {
        audit_say(out, AUDIT_WEAK, "delivered the mail %s, as if it had not",
                  audit_end_text(end, sizeof(end), trial));
    } else {
        audit_say(out, AUDIT_PASS, "delivered the mail");
    }
}

void audit_as_control(struct audit_ruling *out, const struct audit_evidence *evidence) {
    const struct audit_trial *trial = evidence->trial;
    char end[AUDIT_END_MAX];
    bool all = audit_accepted(trial) >= audit_accepted(evidence->control);
    if (all && audit_accepted(trial) > 0) {
        delivered(out, evidence);
    } else if (trial->timed_out) {
        audit_say(out, AUDIT_WEAK, "did not deliver the mail, and did not end by itself");
    } else if (audit_say_unknown(out, evidence)) {
        return;
    } else if (trial->status == 0) {
        audit_say(out, AUDIT_FAIL, "exited 0 though the mail was not taken");
    } else {
        audit_say(out, AUDIT_WEAK, "did not deliver the mail %s",
                  audit_end_text(end, sizeof(end), trial));
    }
}

void audit_waits(struct audit_ruling *out, const struct audit_evidence *evidence) {
    const struct audit_trial *trial = evidence->trial;
    char end[AUDIT_END_MAX];
    bool reported = trial->status != 0 && trial->status != evidence->control->status;
    if (trial->timed_out) {
        audit_say(out, AUDIT_PASS, "was still waiting when its time was over");
    } else if (reported) {
        audit_say(out, AUDIT_WEAK, "gave up before the time that the RFC gives a server %s",
                  audit_end_text(end, sizeof(end), trial));
    } else {
        audit_as_control(out, evidence);
    }
}
