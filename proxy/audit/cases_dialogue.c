// SPDX-License-Identifier: MIT
// The cases about what the server says before there is a mail.
#include "audit/case.h"

static const struct audit_case rows[] = {
    // ── injection ───────────────────────────────────────────────────────────────────────────────

    // ── auth ────────────────────────────────────────────────────────────────────────────────────
    {.id = "auth.refused-535",
     .group = AUDIT_AUTH,
     .server = "refuses the credential with 535",
     .right = "reports it, and does not try again without end",
     .reference = "RFC 4954 6",
     .why = "A wrong password that looks like success loses every mail from then on.",
     .faults = {"AUTH: 535 5.7.8 Authentication credentials invalid"},
     .needs = AUDIT_NEEDS_AUTH,
     .expectation = AUDIT_REPORTS_REFUSAL},

    // ── reply ───────────────────────────────────────────────────────────────────────────────────
    {.id = "reply.greeting-421",
     .group = AUDIT_REPLY,
     .server = "greets with 421 and closes",
     .right = "reports it",
     .reference = "RFC 5321 3.1, 4.2.1",
     .why = "A busy server says this, and the mail has to be sent later.",
     .faults = {"greeting: 421 4.3.2 Service not available"},
     .expectation = AUDIT_REPORTS_REFUSAL},
};

const struct audit_cases audit_cases_dialogue = {rows, sizeof(rows) / sizeof(rows[0])};
