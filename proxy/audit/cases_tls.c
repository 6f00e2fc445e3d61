// SPDX-License-Identifier: MIT
// The cases about who the server is and whether the way to it is safe.
#include "audit/case.h"

#define CERTIFICATE                                                                                \
    .group = AUDIT_CERTIFICATE,                                                                    \
    .right = "ends the handshake, sends nothing and reports the error", .needs = AUDIT_NEEDS_TLS,  \
    .expectation = AUDIT_REFUSES_SERVER

#define ANYBODY_READS                                                                              \
    "Anybody on the way can show such a certificate, and then reads the password and the mail."

static const struct audit_case rows[] = {
    // ── certificate ─────────────────────────────────────────────────────────────────────────────
    {.id = "certificate.unknown-issuer",
     .server = "shows a certificate of an authority that the machine does not know",
     .reference = "RFC 5280 6.1",
     .why = ANYBODY_READS,
     .faults = {"tls: certificate unknown-issuer"},
     CERTIFICATE},
    {.id = "certificate.self-signed",
     .server = "shows a certificate that it signed itself",
     .reference = "RFC 5280 6.1",
     .why = ANYBODY_READS,
     .faults = {"tls: certificate self-signed"},
     CERTIFICATE},
    {.id = "certificate.expired",
     .server = "shows a certificate that has expired",
     .reference = "RFC 5280 4.1.2.5",
     .why = "A key that is out of use may be in the hands of others, and is no longer revoked.",
     .faults = {"tls: certificate expired"},
     CERTIFICATE},
    {.id = "certificate.not-yet-valid",
     .server = "shows a certificate that is not yet valid",
     .reference = "RFC 5280 4.1.2.5",
     .why = "The dates are part of what the authority vouches for.",
     .faults = {"tls: certificate not-yet-valid"},
     CERTIFICATE},
    {.id = "certificate.wrong-name",
     .server = "shows a good certificate for another name",
     .reference = "RFC 8314 5.1, RFC 9525 6",
     .why = "Anybody can have a good certificate for a name of their own.",
     .faults = {"tls: certificate wrong-name"},
     CERTIFICATE},

    // ── downgrade ───────────────────────────────────────────────────────────────────────────────
    {.id = "downgrade.not-offered",
     .group = AUDIT_DOWNGRADE,
     .server = "does not offer STARTTLS",
     .right = "sends neither a credential nor the message",
     .reference = "RFC 8314 5.2, RFC 3207 6",
     .why = "Anybody on the way can take the offer out of the server's reply.",
     .faults = {"EHLO: strip STARTTLS"},
     .needs = AUDIT_NEEDS_STARTTLS,
     .expectation = AUDIT_NOT_IN_CLEAR},
    {.id = "downgrade.answered-454",
     .group = AUDIT_DOWNGRADE,
     .server = "answers STARTTLS with 454",
     .right = "sends neither a credential nor the message",
     .reference = "RFC 3207 4.1, 6",
     .why = "Anybody on the way can give that answer.",
     .faults = {"STARTTLS: 454 4.7.0 TLS not available due to temporary reason"},
     .needs = AUDIT_NEEDS_STARTTLS,
     .expectation = AUDIT_NOT_IN_CLEAR},
    {.id = "downgrade.refused-502",
     .group = AUDIT_DOWNGRADE,
     .server = "offers STARTTLS and refuses it with 502",
     .right = "sends neither a credential nor the message",
     .reference = "RFC 3207 6",
     .why = "Anybody on the way can give that answer.",
     .faults = {"STARTTLS: 502 5.5.1 Command not implemented"},
     .needs = AUDIT_NEEDS_STARTTLS,
     .expectation = AUDIT_NOT_IN_CLEAR},
};

const struct audit_cases audit_cases_tls = {rows, sizeof(rows) / sizeof(rows[0])};
