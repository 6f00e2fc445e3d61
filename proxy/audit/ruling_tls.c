// SPDX-License-Identifier: MIT
// The rules of the groups certificate, version and downgrade: what of a credential and a message
// went to a peer that is not to be trusted with them.
#include "audit/ruling.h"

// What a client that sent nothing did.
static void say_nothing_was_sent(struct audit_ruling *out, const struct audit_evidence *evidence) {
    char end[AUDIT_END_MAX];
    const struct audit_trial *trial = evidence->trial;
    if (trial->session_count == 0) {
        audit_say(out, AUDIT_PASS, "did not connect");
        return;
    }
    if (audit_accepted(trial) > 0) {
        audit_say(out, AUDIT_PASS, "delivered the mail inside TLS");
        return;
    }
    if (!trial->timed_out && trial->status == 0) {
        audit_say(out, AUDIT_WEAK, "sent nothing, and exited 0 as if it had");
        return;
    }
    audit_say(out, trial->timed_out ? AUDIT_WEAK : AUDIT_PASS, "sent nothing %s",
              audit_end_text(end, sizeof(end), trial));
}

void audit_refuses_server(struct audit_ruling *out, const struct audit_evidence *evidence) {
    struct audit_deeds tls = audit_deeds_in(evidence->trial, AUDIT_IN_TLS);
    struct audit_deeds clear = audit_deeds_in(evidence->trial, AUDIT_IN_CLEAR);
    if (tls.credential && !clear.credential) {
        audit_say(out, AUDIT_FAIL, "gave its credential to that server");
        out->credential_lost = !evidence->of->right_peer;
    } else if (audit_say_clear(out, evidence->trial)) {
        return;
    } else if (tls.message) {
        audit_say(out, AUDIT_WEAK, "sent the message to that server");
    } else if (tls.mail) {
        audit_say(out, AUDIT_WEAK, "gave sender and recipients to that server");
    } else {
        say_nothing_was_sent(out, evidence);
    }
}

void audit_refuses_lax(struct audit_ruling *out, const struct audit_evidence *evidence) {
    const struct audit_trial *graver = evidence->graver;
    bool checks = graver == NULL || !audit_deeds_in(graver, AUDIT_IN_TLS).credential;
    audit_refuses_server(out, evidence);
    if (checks && out->verdict == AUDIT_FAIL && !out->credential_lost) {
        out->verdict = AUDIT_WEAK;
    }
}

void audit_refuses_version(struct audit_ruling *out, const struct audit_evidence *evidence) {
    struct audit_deeds tls = audit_deeds_in(evidence->trial, AUDIT_IN_TLS);
    const struct event_tls *client = audit_client_tls(evidence->trial);
    if (audit_say_clear(out, evidence->trial)) {
        return;
    }
    if (tls.credential || tls.mail || tls.message) {
        const char *version = client != NULL && client->version != NULL ? client->version : "it";
        audit_say(out, AUDIT_WEAK, "took %s and sent %s", version,
                  tls.credential ? "its credential" : "the message");
        return;
    }
    say_nothing_was_sent(out, evidence);
}

void audit_takes_version(struct audit_ruling *out, const struct audit_evidence *evidence) {
    char end[AUDIT_END_MAX];
    if (audit_say_clear(out, evidence->trial)) {
        return;
    }
    if (audit_accepted(evidence->trial) > 0) {
        audit_say(out, AUDIT_PASS, "delivered the mail");
        return;
    }
    audit_say(out, AUDIT_WEAK, "did not deliver the mail %s",
              audit_end_text(end, sizeof(end), evidence->trial));
}

void audit_gives_up(struct audit_ruling *out, const struct audit_evidence *evidence) {
    char end[AUDIT_END_MAX];
    if (audit_say_clear(out, evidence->trial)) {
        return;
    }
    if (evidence->trial->timed_out) {
        audit_say(out, AUDIT_WEAK, "waited without end, and had to be stopped");
        return;
    }
    audit_say(out, AUDIT_PASS, "gave up by itself %s",
              audit_end_text(end, sizeof(end), evidence->trial));
}

void audit_not_in_clear(struct audit_ruling *out, const struct audit_evidence *evidence) {
    if (!audit_say_clear(out, evidence->trial)) {
        say_nothing_was_sent(out, evidence);
    }
}
