// SPDX-License-Identifier: MIT
// The cases about who the server is and whether the way to it is safe.
#include "audit/case.h"
#include "embedded/traits.h"

#define CERTIFICATE                                                                                \
    .right = "ends the handshake, sends nothing and reports the error", .needs = AUDIT_NEEDS_TLS,  \
    .expectation = AUDIT_REFUSES_SERVER

#define CERTIFICATE_FOR_A_NAME                                                                     \
    .right = "ends the handshake, sends nothing and reports the error",                            \
    .needs = AUDIT_NEEDS_TLS | AUDIT_NEEDS_NAME, .expectation = AUDIT_REFUSES_SERVER

// What some client that checks takes by its defaults, and may: a newer RFC forbids what an older
// one allowed, or nothing but good practice does. For a client that accepts any name, or a
// certificate of any authority, it is the same failure as the graver case.
#define DISPUTED_NAME                                                                              \
    .right_peer = true,                                                                            \
    .right = "refuses it; accepting it, but no wrong name, is weak, since RFC 6125 allowed it",    \
    .needs = AUDIT_NEEDS_TLS, .expectation = AUDIT_REFUSES_LAX, .graver = "certificate.wrong-name"

#define DISPUTED_KEY                                                                               \
    .right_peer = true, .right = "refuses it; accepting it only from a known authority is weak",   \
    .needs = AUDIT_NEEDS_TLS, .expectation = AUDIT_REFUSES_LAX,                                    \
    .graver = "certificate.unknown-issuer"

#define ANYBODY_READS                                                                              \
    "Anyone on the network path can show such a certificate, and then read the password and the "  \
    "mail."

#define DOWNGRADE                                                                                  \
    .right = "sends neither a credential nor the message", .expectation = AUDIT_NOT_IN_CLEAR

// One on the way who wants the password offers to take it.
static const struct embedded_traits takes_login_in_clear = {.auth_in_clear = true};

static const struct embedded_traits greets_as_logged_in = {
    .greeting = "235 2.7.0 Authentication succeeded, TLS is not needed\r\n",
    .auth_in_clear = true,
};

static const struct audit_case rows[] = {
    // ── certificate ─────────────────────────────────────────────────────────────────────────────
    {.id = "certificate.unknown-issuer",
     .server = "shows a certificate of an authority that the machine does not know",
     .reference = "RFC 5280 6.1, RFC 8314 5.1",
     .why = ANYBODY_READS,
     .faults = {"tls: certificate unknown-issuer"},
     CERTIFICATE},
    {.id = "certificate.untrusted-root",
     .server = "shows a certificate of an authority that the machine does not know, and sends that "
               "authority's along",
     .reference = "RFC 5280 6.1",
     .why = "What the server sends along proves nothing: anyone can create an authority.",
     .faults = {"tls: certificate untrusted-root"},
     CERTIFICATE},
    {.id = "certificate.self-signed",
     .server = "shows a certificate that it signed itself",
     .reference = "RFC 5280 6.1",
     .why = ANYBODY_READS,
     .faults = {"tls: certificate self-signed"},
     CERTIFICATE},
    {.id = "certificate.missing-intermediate",
     .server = "shows a certificate and leaves out the one between it and a trusted authority",
     .reference = "RFC 5280 6.1, RFC 8446 4.4.2",
     .why = "Without the link nothing shows that the authority knows of the certificate. A client "
            "that finds the missing one elsewhere may continue; here it cannot be found.",
     .faults = {"tls: certificate missing-intermediate"},
     CERTIFICATE},
    {.id = "certificate.issuer-no-ca",
     .server = "shows a certificate that another server signed with its own",
     .reference = "RFC 5280 4.2.1.9, 6.1.4 (k)",
     .why = "Otherwise the holder of a certificate for one name could issue certificates for all "
            "names.",
     .faults = {"tls: certificate issuer-no-ca"},
     CERTIFICATE},
    {.id = "certificate.name-constraint",
     .server = "shows a certificate of an authority that may not sign for this name",
     .reference = "RFC 5280 4.2.1.10",
     .why = "The limit makes a company's own authority harmless to all others.",
     .faults = {"tls: certificate name-constraint"},
     CERTIFICATE},
    {.id = "certificate.expired",
     .server = "shows a certificate that has expired",
     .reference = "RFC 5280 4.1.2.5",
     .why =
         "Others may have got hold of an old key, and an expired certificate is no longer revoked.",
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
     .why = "Anyone can get a good certificate for a name of their own.",
     .faults = {"tls: certificate wrong-name"},
     CERTIFICATE},
    {.id = "certificate.wildcard-too-deep",
     .server =
         "shows a certificate whose wildcards fit only where the asterisk is two labels, or none",
     .reference = "RFC 9525 6.3, RFC 6125 6.4.3",
     .why = "The owner of *.example.com did not ask for a certificate for a.b.example.com, whose "
            "owner may be another.",
     .faults = {"tls: certificate wildcard-too-deep"},
     .right_peer = true,
     CERTIFICATE},
    {.id = "certificate.nul-in-name",
     .server = "shows a certificate for the name, a NUL byte and another domain",
     .reference = "RFC 5280 4.2.1.6, RFC 9525 6.3 (CVE-2009-2408)",
     .why = "An authority checks who owns the domain at the end; a client that stops at the NUL "
            "sees only the name in front.",
     .faults = {"tls: certificate nul-in-name"},
     CERTIFICATE},
    {.id = "certificate.address-for-name",
     .server = "shows a certificate for its address, where the client asked for a name",
     .reference = "RFC 9525 6.3, 6.4",
     .why = "An address is not a name: it may belong to another server tomorrow.",
     .faults = {"tls: certificate address-for-name"},
     CERTIFICATE_FOR_A_NAME},
    {.id = "certificate.wrong-purpose",
     .server = "shows a certificate that is for e-mail and not for servers",
     .reference = "RFC 5280 4.2.1.12",
     .why = "Every employee of a company may have one, and could use it to pose as its server.",
     .faults = {"tls: certificate wrong-purpose"},
     .right_peer = true,
     CERTIFICATE},
    {.id = "certificate.common-name-only",
     .server = "shows a certificate with the name only in its subject's common name",
     .reference = "RFC 9525 2, 6.3; RFC 6125 6.4.4 allowed it",
     .why = "Authorities may write there what is not a host name. OpenSSL, GnuTLS and curl still "
            "accept it by default.",
     .faults = {"tls: certificate common-name-only"},
     DISPUTED_NAME},
    {.id = "certificate.partial-wildcard",
     .server = "shows a certificate with a wildcard within a label, such as ma*.example.com",
     .reference = "RFC 9525 6.3; RFC 6125 6.4.3 allowed it",
     .why = "It fits names that its owner did not ask for. Public authorities issue none; OpenSSL "
            "accepts it by default.",
     .faults = {"tls: certificate partial-wildcard"},
     DISPUTED_NAME},
    {.id = "certificate.wrong-key-usage",
     .server = "shows a certificate whose key may not sign a handshake",
     .reference = "RFC 5280 4.2.1.3, RFC 8446 4.4.2.2",
     .why = "The authority certified the key for something else. Go does not check, and no attack "
            "is known that uses this.",
     .faults = {"tls: certificate wrong-key-usage"},
     DISPUTED_KEY},
    {.id = "certificate.weak-key",
     .server = "shows a certificate with an RSA key of 1024 bits",
     .reference = "RFC 9325 4.5, NIST SP 800-131A",
     .why = "Such a key can be broken with enough money. Public authorities have issued none since "
            "2014; Go and GnuTLS accept it by default.",
     .faults = {"tls: certificate weak-key"},
     DISPUTED_KEY},
    {.id = "certificate.sha1",
     .server = "shows a certificate that is signed with SHA-1",
     .reference = "RFC 6194 3, CA/Browser Forum Baseline Requirements 7.1.3",
     .why = "A second certificate with the same signature can be made, but only together with the "
            "first. Public authorities have issued none since 2016.",
     .faults = {"tls: certificate sha1"},
     DISPUTED_KEY},

    // ── version ─────────────────────────────────────────────────────────────────────────────────
    {.id = "version.tls-1-0",
     .server = "speaks TLS 1.0 and no newer version",
     .right = "ends the handshake",
     .reference = "RFC 8996, RFC 8997",
     .why = "TLS 1.0 rests on MD5 and SHA-1 and on ciphers that were broken (BEAST). An attacker "
            "cannot force it on two peers that support a newer version, so it is not an open door.",
     .faults = {"tls: version 1.0"},
     .needs = AUDIT_NEEDS_TLS,
     .expectation = AUDIT_REFUSES_VERSION},
    {.id = "version.tls-1-1",
     .server = "speaks TLS 1.1 and no newer version",
     .right = "ends the handshake",
     .reference = "RFC 8996, RFC 8997",
     .why = "TLS 1.1 rests on MD5 and SHA-1 and has no cipher that is considered safe today.",
     .faults = {"tls: version 1.1"},
     .needs = AUDIT_NEEDS_TLS,
     .expectation = AUDIT_REFUSES_VERSION},
    {.id = "version.tls-1-2",
     .server = "speaks TLS 1.2 and no other version",
     .right = "delivers the mail",
     .reference = "RFC 8997, RFC 9325 3.1.1",
     .why = "Many servers speak nothing newer, and TLS 1.2 is safe.",
     .faults = {"tls: version 1.2"},
     .needs = AUDIT_NEEDS_TLS,
     .expectation = AUDIT_TAKES_VERSION},
    {.id = "version.tls-1-3",
     .server = "speaks TLS 1.3 and no other version",
     .right = "delivers the mail",
     .reference = "RFC 8446, RFC 9325 3.1.1",
     .why = "Servers that speak nothing older will come; RFC 9325 recommends TLS 1.3 (SHOULD).",
     .faults = {"tls: version 1.3"},
     .needs = AUDIT_NEEDS_TLS,
     .expectation = AUDIT_TAKES_VERSION},
    {.id = "version.stalled-handshake",
     .server = "never answers the ClientHello",
     .right = "gives up on its own",
     .reference = "RFC 5321 4.5.3.2",
     .why = "A client without a time-out waits as long as the server likes. The RFC's own "
            "time-outs are minutes long, so a client that outlasts the case is weak at worst.",
     .faults = {"tls: silence"},
     .needs = AUDIT_NEEDS_TLS,
     .expectation = AUDIT_GIVES_UP},

    // ── downgrade ───────────────────────────────────────────────────────────────────────────────
    {.id = "downgrade.not-offered",
     .server = "does not offer STARTTLS, and accepts logins without it",
     .reference = "RFC 8314 5.2, RFC 3207 6",
     .why = "Anyone on the network path can take the offer out of the server's reply.",
     .faults = {"EHLO: strip STARTTLS"},
     .traits = &takes_login_in_clear,
     .needs = AUDIT_NEEDS_CLEAR_START,
     DOWNGRADE},
    {.id = "downgrade.answered-454",
     .server = "answers STARTTLS with 454, and accepts logins without it",
     .reference = "RFC 3207 4.1, 6",
     .why = "Anyone on the network path can give that answer.",
     .faults = {"STARTTLS: 454 4.7.0 TLS not available due to temporary reason"},
     .traits = &takes_login_in_clear,
     .needs = AUDIT_NEEDS_STARTTLS,
     DOWNGRADE},
    {.id = "downgrade.refused-502",
     .server = "offers STARTTLS and refuses it with 502, and accepts logins without it",
     .reference = "RFC 3207 6",
     .why = "Anyone on the network path can give that answer.",
     .faults = {"STARTTLS: 502 5.5.1 Command not implemented"},
     .traits = &takes_login_in_clear,
     .needs = AUDIT_NEEDS_STARTTLS,
     DOWNGRADE},
    {.id = "downgrade.plain-after-220",
     .server = "answers STARTTLS with 220 and continues in plain text",
     .reference = "RFC 3207 4.1, 6; RFC 8314 5.2",
     .why = "A 220 encrypts nothing: only the handshake does.",
     .faults = {"tls: plain"},
     .traits = &takes_login_in_clear,
     .needs = AUDIT_NEEDS_STARTTLS,
     DOWNGRADE},
    {.id = "downgrade.plain-on-tls-port",
     .server = "greets in plain text on the port of implicit TLS",
     .reference = "RFC 8314 3.3, 7.3",
     .why = "Anyone on the network path can answer on that port.",
     .faults = {"tls: plain"},
     .traits = &takes_login_in_clear,
     .needs = AUDIT_NEEDS_IMPLICIT,
     DOWNGRADE},
    {.id = "downgrade.preauth",
     .server = "greets as if the client were logged in, and does not offer STARTTLS",
     .reference = "RFC 3207 6, RFC 5321 3.1 (CVE-2020-12398 of IMAP's PREAUTH)",
     .why = "A client that believes it skips TLS, and its mail goes out in the clear.",
     .faults = {"EHLO: strip STARTTLS"},
     .traits = &greets_as_logged_in,
     .needs = AUDIT_NEEDS_CLEAR_START,
     DOWNGRADE},
};

const struct audit_cases audit_cases_tls = {rows, sizeof(rows) / sizeof(rows[0])};
