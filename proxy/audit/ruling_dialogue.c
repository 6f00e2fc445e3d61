// SPDX-License-Identifier: MIT
// The rules of the groups injection, auth and extension: what the client made of what the server
// said.
#include "audit/ruling.h"

#include <signal.h>

// ── what was offered ────────────────────────────────────────────────────────────────────────────

// The control's message asked for an extension without which it may not be sent at all.
static bool needs_extension(const struct audit_trial *control) {
    const struct record_message *message = audit_delivered(control);
    if (message == NULL || message->event.smtputf8) {
        return message != NULL;
    }
    for (size_t i = 0; i < message->event.from_parameter_count; i++) {
        const struct event_parameter *parameter = &message->event.from_parameters[i];
        bool body = slice_is_nocase(parameter->keyword, "BODY");
        if (slice_is_nocase(parameter->keyword, "SMTPUTF8") ||
            (body && !slice_is_nocase(parameter->value, "7BIT"))) {
            return true;
        }
    }
    return false;
}

void audit_uses_offered(struct audit_ruling *out, const struct audit_evidence *evidence) {
    static const char *const breaches[] = {"extension-not-offered", "pipelining-not-offered",
                                           "data-8bit", "command-8bit", NULL};
    const struct audit_trial *trial = evidence->trial;
    const struct event_finding *finding = audit_new_finding(evidence, breaches);
    char end[AUDIT_END_MAX];
    bool reported = audit_accepted(trial) == 0 && !trial->timed_out && trial->status != 0;
    if (finding != NULL) {
        audit_say(out, AUDIT_FAIL, "used what was not offered: %.*s", (int)finding->text.len,
                  (const char *)finding->text.data);
    } else if (reported && needs_extension(evidence->control)) {
        audit_say(out, AUDIT_PASS, "sent nothing that was not offered %s",
                  audit_end_text(end, sizeof(end), trial));
    } else {
        audit_as_control(out, evidence);
    }
}

// Whether MAIL came with a parameter after HELO, which offers none.
static bool is_extended(const struct record_exchange *exchange) {
    const struct record_command *command = exchange->command;
    if (command == NULL || !slice_is_nocase(command->verb, "MAIL")) {
        return false;
    }
    struct slice rest = command->argument;
    (void)slice_split(&rest, '>');
    return slice_trim(rest).len > 0;
}

static bool used_extension(const struct audit_trial *trial) {
    bool used = false;
    for (size_t i = 0; i < trial->session_count; i++) {
        for (size_t j = 0; j < trial->sessions[i]->exchange_count; j++) {
            used = used || is_extended(&trial->sessions[i]->exchanges[j]);
        }
    }
    return used;
}

// What a client that uses TLS or a login in the control case does without them is for the cases of
// downgrade to judge.
void audit_falls_back(struct audit_ruling *out, const struct audit_evidence *evidence) {
    const struct audit_trial *trial = evidence->trial;
    struct audit_deeds clear = audit_deeds_in(trial, AUDIT_IN_CLEAR);
    char end[AUDIT_END_MAX];
    bool reported = audit_accepted(trial) == 0 && !trial->timed_out && trial->status != 0;
    if (clear.credential) {
        out->credential_lost = true;
        audit_say(out, AUDIT_FAIL, "gave its credential in the clear to a server without AUTH");
    } else if (used_extension(trial)) {
        audit_say(out, AUDIT_FAIL, "sent parameters of extensions after HELO");
    } else if (reported && !audit_say_unknown(out, evidence)) {
        audit_say(out, AUDIT_PASS, "gave up %s", audit_end_text(end, sizeof(end), trial));
    } else if (!reported) {
        audit_as_control(out, evidence);
    }
}

// ── a login ─────────────────────────────────────────────────────────────────────────────────────

// A client that knows five mechanisms and connects four times has tried enough.
enum { LOGINS_WITHOUT_END = 20 };

static void logs_in(struct audit_ruling *out, const struct audit_evidence *evidence,
                    audit_rule_function *reports) {
    static const char *const breaches[] = {"auth-not-offered", NULL};
    const struct audit_trial *trial = evidence->trial;
    const struct event_finding *finding = audit_new_finding(evidence, breaches);
    size_t logins = audit_command_count(trial, "AUTH");
    if (audit_accepted(trial) > 0) {
        audit_as_control(out, evidence);
    } else {
        reports(out, evidence);
    }
    bool well = out->verdict == AUDIT_PASS || out->verdict == AUDIT_WEAK;
    if (well && logins > LOGINS_WITHOUT_END) {
        audit_say(out, trial->timed_out ? AUDIT_FAIL : AUDIT_WEAK, "tried to log in %zu times",
                  logins);
    } else if (out->verdict == AUDIT_PASS && finding != NULL) {
        audit_say(out, AUDIT_WEAK, "tried a mechanism that was not offered: %.*s",
                  (int)finding->text.len, (const char *)finding->text.data);
    }
}

void audit_logs_in(struct audit_ruling *out, const struct audit_evidence *evidence) {
    logs_in(out, evidence, audit_reports_refusal);
}

void audit_logs_in_later(struct audit_ruling *out, const struct audit_evidence *evidence) {
    logs_in(out, evidence, audit_reports_later);
}

// ── what was put in ─────────────────────────────────────────────────────────────────────────────

// The command that came inside TLS before the answer to the EHLO there; NULL for none. The answer
// is late, so a client that waits for it cannot come too early by chance.
static const struct record_command *early_command(const struct record *session) {
    bool asked = false;
    for (size_t i = 0; i < session->exchange_count; i++) {
        const struct record_exchange *exchange = &session->exchanges[i];
        if (exchange->command == NULL || !exchange->tls) {
            continue;
        }
        if (asked) {
            return exchange->command->pipelined ? exchange->command : NULL;
        }
        asked = slice_is_nocase(exchange->command->verb, "EHLO");
    }
    return NULL;
}

static const struct record_command *early_command_of(const struct audit_trial *trial) {
    const struct record_command *command = NULL;
    for (size_t i = 0; i < trial->session_count && command == NULL; i++) {
        command = early_command(trial->sessions[i]);
    }
    return command;
}

void audit_ignores_injected(struct audit_ruling *out, const struct audit_evidence *evidence) {
    const struct audit_trial *trial = evidence->trial;
    const struct record_command *early = early_command_of(trial);
    char end[AUDIT_END_MAX];
    if (audit_say_clear(out, trial)) {
        return;
    }
    if (early != NULL && early_command_of(evidence->control) != NULL) {
        audit_say(out, AUDIT_NOT_APPLICABLE, "the command never waits for the answer to EHLO");
    } else if (early != NULL) {
        audit_say(out, AUDIT_FAIL,
                  "believed the injected reply: it sent %.*s before EHLO was answered inside TLS",
                  (int)early->verb.len, (const char *)early->verb.data);
    } else if (audit_accepted(trial) == 0) {
        audit_reports_refusal(out, evidence);
    } else {
        audit_say(out, AUDIT_PASS, "did not believe it, delivered the mail %s",
                  audit_end_text(end, sizeof(end), trial));
    }
}

void audit_survives(struct audit_ruling *out, const struct audit_evidence *evidence) {
    const struct audit_trial *trial = evidence->trial;
    char end[AUDIT_END_MAX];
    if (audit_signal(trial) == SIGKILL) {
        audit_say(out, AUDIT_FAIL, "was killed, as for its memory");
    } else if (audit_accepted(trial) == 0) {
        audit_reports_refusal(out, evidence);
    } else {
        audit_say(out, trial->timed_out ? AUDIT_WEAK : AUDIT_PASS, "delivered the mail %s",
                  audit_end_text(end, sizeof(end), trial));
    }
}

// A client may keep all that a server says, in whatever form, but not many times as much.
static void judge_memory(struct audit_ruling *out, const struct audit_evidence *evidence) {
    uint64_t usual = evidence->control->memory;
    uint64_t memory = evidence->trial->memory;
    bool much = usual > 0 && memory > usual && memory - usual > AUDIT_FLOOD_MEMORY;
    if (much && out->verdict == AUDIT_PASS) {
        audit_say(out, AUDIT_WEAK, "took over %d MiB more memory than in the control case",
                  (int)(AUDIT_FLOOD_MEMORY / MIB));
    }
}

// Some clients take a time that grows with the square of what comes, so that the machine decides
// whether it is enough.
void audit_survives_flood(struct audit_ruling *out, const struct audit_evidence *evidence) {
    if (evidence->trial->timed_out) {
        audit_say(out, AUDIT_NOT_APPLICABLE,
                  "the command was not done with it when its time was over");
    } else {
        audit_survives(out, evidence);
        judge_memory(out, evidence);
    }
}
