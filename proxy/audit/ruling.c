// SPDX-License-Identifier: MIT
#include "audit/ruling.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

static audit_rule_function *const rules[AUDIT_EXPECTATION_COUNT] = {
    [AUDIT_REFUSES_SERVER] = audit_refuses_server,
    [AUDIT_REFUSES_LAX] = audit_refuses_lax,
    [AUDIT_REFUSES_VERSION] = audit_refuses_version,
    [AUDIT_TAKES_VERSION] = audit_takes_version,
    [AUDIT_GIVES_UP] = audit_gives_up,
    [AUDIT_NOT_IN_CLEAR] = audit_not_in_clear,
    [AUDIT_REPORTS_REFUSAL] = audit_reports_refusal,
    [AUDIT_REPORTS_LATER] = audit_reports_later,
    [AUDIT_REPORTS_RECIPIENT] = audit_reports_recipient,
    [AUDIT_REPORTS_UNKNOWN] = audit_reports_unknown,
    [AUDIT_REPORTS_DELIVERY] = audit_reports_delivery,
    [AUDIT_WAITS] = audit_waits,
    [AUDIT_USES_OFFERED] = audit_uses_offered,
    [AUDIT_FALLS_BACK] = audit_falls_back,
    [AUDIT_LOGS_IN] = audit_logs_in,
    [AUDIT_LOGS_IN_LATER] = audit_logs_in_later,
    [AUDIT_IGNORES_INJECTED] = audit_ignores_injected,
    [AUDIT_SURVIVES] = audit_survives,
    [AUDIT_SURVIVES_FLOOD] = audit_survives_flood,
    [AUDIT_AS_CONTROL] = audit_as_control,
    [AUDIT_CLEAN_MESSAGE] = audit_clean_message,
};

const char *audit_verdict_name(enum audit_verdict verdict) {
    static const char *const names[AUDIT_VERDICT_COUNT] = {
        [AUDIT_PASS] = "pass",
        [AUDIT_WEAK] = "weak",
        [AUDIT_FAIL] = "fail",
        [AUDIT_NOT_APPLICABLE] = "n/a",
    };
    return names[verdict];
}

void audit_say(struct audit_ruling *out, enum audit_verdict verdict, const char *format, ...) {
    out->verdict = verdict;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(out->sentence, sizeof(out->sentence), format, arguments);
    va_end(arguments);
}

const char *audit_end_text(char *out, size_t size, const struct audit_trial *trial) {
    int number = audit_signal(trial);
    if (trial->timed_out) {
        (void)snprintf(out, size, "until its time was over");
    } else if (number != 0) {
        (void)snprintf(out, size, "and ended by signal %d", number);
    } else {
        (void)snprintf(out, size, "and exited %d", trial->status);
    }
    return out;
}

const struct event_finding *audit_new_finding(const struct audit_evidence *evidence,
                                              const char *const *names) {
    for (size_t i = 0; names[i] != NULL; i++) {
        const struct event_finding *finding = audit_finding(evidence->trial, names[i]);
        if (finding != NULL && audit_finding(evidence->control, names[i]) == NULL) {
            return finding;
        }
    }
    return NULL;
}

bool audit_say_unknown(struct audit_ruling *out, const struct audit_evidence *evidence) {
    const struct audit_trial *trial = evidence->trial;
    int usual = evidence->control->status;
    bool silent = trial->session_count == 0 && trial->status == usual;
    bool same = usual != 0 && trial->status == usual;
    if (trial->timed_out || !(silent || same)) {
        return false;
    }
    if (silent) {
        audit_say(out, AUDIT_NOT_APPLICABLE, "the command did not connect");
    } else {
        audit_say(out, AUDIT_NOT_APPLICABLE, "the command exits %d in the control case too", usual);
    }
    return true;
}

bool audit_say_clear(struct audit_ruling *out, const struct audit_trial *trial) {
    struct audit_deeds clear = audit_deeds_in(trial, AUDIT_IN_CLEAR);
    if (clear.credential) {
        out->credential_lost = true;
        audit_say(out, AUDIT_FAIL, "gave its credential without encryption");
    } else if (clear.message) {
        audit_say(out, AUDIT_WEAK, "sent the message without encryption");
    } else if (clear.mail) {
        audit_say(out, AUDIT_WEAK, "gave sender and recipients without encryption");
    }
    return clear.credential || clear.mail || clear.message;
}

static bool gave_credential(const struct audit_trial *trial) {
    return audit_deeds_in(trial, AUDIT_IN_TLS).credential ||
           audit_deeds_in(trial, AUDIT_IN_CLEAR).credential;
}

static size_t recipients(const struct audit_trial *control) {
    const struct record_message *message = audit_delivered(control);
    return message == NULL ? 0 : message->event.recipient_count;
}

// What the control session lacks; NULL for nothing.
static const char *lack_of_tls(unsigned needs, const struct event_tls *tls) {
    bool starttls = tls != NULL && tls->starttls, implicit = tls != NULL && !tls->starttls;
    if ((needs & AUDIT_NEEDS_TLS) != 0 && tls == NULL) {
        return "the command uses no TLS";
    }
    if ((needs & AUDIT_NEEDS_STARTTLS) != 0 && !starttls) {
        return "the command uses no STARTTLS";
    }
    if ((needs & AUDIT_NEEDS_IMPLICIT) != 0 && !implicit) {
        return "the command uses no implicit TLS";
    }
    if ((needs & AUDIT_NEEDS_CLEAR_START) != 0 && implicit) {
        return "the command uses implicit TLS";
    }
    bool nameless = (needs & AUDIT_NEEDS_NAME) != 0 && tls != NULL && tls->sni == NULL;
    return nameless ? "the command names no server in TLS (SNI)" : NULL;
}

static const char *lack_of_dialogue(unsigned needs, const struct audit_trial *control) {
    if ((needs & AUDIT_NEEDS_AUTH) != 0 && !gave_credential(control)) {
        return "the command gives no credential";
    }
    bool single = (needs & AUDIT_NEEDS_SEVERAL) != 0 && recipients(control) < 2;
    return single ? "the mail has one recipient" : NULL;
}

bool audit_applies(struct audit_ruling *out, const struct audit_case *of,
                   const struct audit_trial *control) {
    const char *reason = lack_of_tls(of->needs, audit_client_tls(control));
    if (reason == NULL) {
        reason = lack_of_dialogue(of->needs, control);
    }
    if (reason != NULL) {
        audit_say(out, AUDIT_NOT_APPLICABLE, "%s", reason);
    }
    return reason == NULL;
}

// No server may crash its client. One that crashes in the control case too does so by itself.
static void say_crash(struct audit_ruling *out, const struct audit_evidence *evidence) {
    const struct audit_trial *trial = evidence->trial;
    char end[AUDIT_END_MAX];
    bool crashed = audit_crashed(trial) && trial->status != evidence->control->status;
    if (crashed && out->verdict != AUDIT_FAIL) {
        audit_say(out, AUDIT_FAIL, "crashed %s", audit_end_text(end, sizeof(end), trial));
    }
}

void audit_rule(struct audit_ruling *out, const struct audit_evidence *evidence) {
    const struct audit_case *of = evidence->of;
    assert(of->expectation < AUDIT_EXPECTATION_COUNT);
    *out = (struct audit_ruling){.verdict = AUDIT_PASS};
    rules[of->expectation](out, evidence);
    say_crash(out, evidence);
    bool waits = (of->needs & AUDIT_NEEDS_PIPELINING) != 0 && !audit_pipelined(evidence->trial);
    if (out->verdict == AUDIT_PASS && waits) {
        audit_say(out, AUDIT_NOT_APPLICABLE, "the command waits for each reply");
    }
}
