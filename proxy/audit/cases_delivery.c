// SPDX-License-Identifier: MIT
// The cases about the mail itself: what becomes of it, and how it is made.
#include "audit/case.h"

static const struct audit_case rows[] = {
    // ── delivery ────────────────────────────────────────────────────────────────────────────────
    {.id = "delivery.mail-refused",
     .group = AUDIT_DELIVERY,
     .server = "refuses MAIL with 550",
     .right = "reports the refusal",
     .reference = "RFC 5321 4.2.1, 6.1",
     .why = "A mail that was refused and reported as sent is lost without a trace.",
     .faults = {"MAIL: 550 5.7.1 Sender refused"},
     .expectation = AUDIT_REPORTS_REFUSAL},
    {.id = "delivery.recipients-refused",
     .group = AUDIT_DELIVERY,
     .server = "refuses every recipient with 550",
     .right = "reports the refusal",
     .reference = "RFC 5321 4.2.1, 6.1",
     .why = "A mail that was refused and reported as sent is lost without a trace.",
     .faults = {"RCPT: 550 5.1.1 No such user"},
     .expectation = AUDIT_REPORTS_REFUSAL},
    {.id = "delivery.data-451",
     .group = AUDIT_DELIVERY,
     .server = "answers DATA with 451",
     .right = "reports the refusal",
     .reference = "RFC 5321 4.2.1, 4.5.4.1",
     .why = "A mail that was refused and reported as sent is lost without a trace.",
     .faults = {"DATA: 451 4.3.0 Try again later"},
     .expectation = AUDIT_REPORTS_REFUSAL},
    {.id = "delivery.message-554",
     .group = AUDIT_DELIVERY,
     .server = "refuses the whole message with 554",
     .right = "reports the refusal",
     .reference = "RFC 5321 4.2.1, 4.2.5",
     .why = "The answer after the dot is the one that says whether the mail was taken.",
     .faults = {"message: 554 5.6.0 Message refused"},
     .expectation = AUDIT_REPORTS_REFUSAL},

    // ── message ─────────────────────────────────────────────────────────────────────────────────
    {.id = "message.line-ends",
     .group = AUDIT_MESSAGE,
     .server = "takes the message",
     .right = "ends each line with CRLF, and sends CR and LF no other way",
     .reference = "RFC 5321 2.3.8",
     .why = "A bare LF is read in two ways, which lets one mail be taken for two (SMTP smuggling).",
     .needs = AUDIT_OF_CONTROL,
     .expectation = AUDIT_CLEAN_MESSAGE,
     .rules = {"bare-lf", "bare-cr"}},
};

const struct audit_cases audit_cases_delivery = {rows, sizeof(rows) / sizeof(rows[0])};
