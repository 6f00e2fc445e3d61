// SPDX-License-Identifier: MIT
// The cases about what the server says before there is a mail.
#include "audit/case.h"
#include "embedded/traits.h"

// ── injection ───────────────────────────────────────────────────────────────────────────────────

// A client that takes these lines for the answer to its EHLO inside TLS goes on before the true one
// comes: nothing else needs to be known of it.
static const struct embedded_traits injects_reply = {
    .after_starttls = "250-smtpscope\r\n250-PIPELINING\r\n250-SIZE 1073741824\r\n"
                      "250 AUTH PLAIN LOGIN CRAM-MD5 XOAUTH2 OAUTHBEARER\r\n",
    .ehlo_in_tls_ms = 500,
};
static const struct embedded_traits many_lines = {.flood_lines = 100000, .flood_line_len = 16};
static const struct embedded_traits long_line = {.flood_lines = 1, .flood_line_len = 1048576};
static const struct embedded_traits controls = {
    .reply_noise = SLICE_INIT(" \0 \x01\x07\x08\t\x1b[31m \x7f \xff\xfe"),
};

// ── auth ────────────────────────────────────────────────────────────────────────────────────────

static const struct embedded_traits only_login = {.auth = "AUTH LOGIN", .wants_login = true};
static const struct embedded_traits only_plain = {.auth = "AUTH PLAIN", .wants_login = true};
static const struct embedded_traits only_cram = {.auth = "AUTH CRAM-MD5", .wants_login = true};
static const struct embedded_traits only_unknown = {.auth = "AUTH X-SMTPSCOPE",
                                                    .wants_login = true};
static const struct embedded_traits old_form = {.auth = "AUTH=LOGIN PLAIN", .wants_login = true};
static const struct embedded_traits refuses_535 = {
    .login_answer = "535 5.7.8 Authentication credentials invalid\r\n", .wants_login = true};
static const struct embedded_traits refuses_454 = {
    .login_answer = "454 4.7.0 Temporary authentication failure\r\n", .wants_login = true};
// Without PLAIN, whose response many clients send with the command, so that a challenge comes. What
// a client makes of it is no credential, so it is refused.
static const struct embedded_traits bad_base64 = {
    .auth = "AUTH CRAM-MD5 LOGIN",
    .challenge = "this is no base64 =!",
    .login_answer = "535 5.7.8 Authentication credentials invalid\r\n",
    .wants_login = true};
static const struct embedded_traits long_235 = {
    .login_answer = "235-2.7.0 Welcome\r\n235-2.7.0 \r\n235 2.7.0 Authentication succeeded\r\n",
    .wants_login = true};

static const struct audit_case rows[] = {
    // ── injection ───────────────────────────────────────────────────────────────────────────────
    {.id = "injection.reply-before-tls",
     .server = "seems to send another reply with the 220 to STARTTLS, which an attacker has "
               "inserted, and answers EHLO inside TLS half a second late",
     .right = "drops what came before TLS, or ends the session, and waits for the true answer",
     .reference = "RFC 3207 4.2, CVE-2021-22947",
     .why = "A client that believes replies from outside TLS lets an attacker choose how a "
            "password is sent, and which mail counts as accepted.",
     .traits = &injects_reply,
     .needs = AUDIT_NEEDS_STARTTLS,
     .expectation = AUDIT_IGNORES_INJECTED},
    {.id = "injection.capabilities-before-tls",
     .server = "offers extensions before TLS that it does not offer inside",
     .right = "forgets them at the handshake, and follows the answer to its EHLO inside TLS",
     .reference = "RFC 3207 4.2",
     .why =
         "An attacker can add to what is offered before TLS, so it says nothing about the server.",
     .faults = {"EHLO #2-: strip SIZE PIPELINING 8BITMIME SMTPUTF8 CHUNKING DSN"},
     .needs = AUDIT_NEEDS_STARTTLS,
     .expectation = AUDIT_USES_OFFERED},
    {.id = "injection.100000-lines",
     .server = "answers EHLO with 100,000 lines (1.6 MB)",
     .right = "accepts them or gives up, exits without a crash, and takes little memory",
     .reference = "RFC 5321 4.5.3.1",
     .why = "What a server says must not be able to fill the memory of its client, or crash it.",
     .traits = &many_lines,
     .expectation = AUDIT_SURVIVES_FLOOD},
    {.id = "injection.line-of-1-mb",
     .server = "answers EHLO with a line of 1 MiB among others",
     .right = "accepts it or gives up, exits without a crash, and takes little memory",
     .reference = "RFC 5321 4.5.3.1.5",
     .why = "A buffer of fixed size that is not checked is a way to run code in the client.",
     .traits = &long_line,
     .expectation = AUDIT_SURVIVES_FLOOD},
    {.id = "injection.control-bytes",
     .server = "has NUL, escape sequences and bytes over 127 in the text of its replies",
     .right = "follows the code, or gives up, and exits without a crash",
     .reference = "RFC 5321 4.2",
     .why = "A NUL ends a string in C, and what comes after it is misread.",
     .traits = &controls,
     .expectation = AUDIT_SURVIVES},

    // ── auth ────────────────────────────────────────────────────────────────────────────────────
    {.id = "auth.only-login",
     .server = "offers only AUTH LOGIN, and requires a login",
     .right = "uses it, or reports that it cannot",
     .reference = "RFC 4954 3, 4",
     .why = "A mechanism that was not offered is refused, and the password was sent for nothing.",
     .traits = &only_login,
     .needs = AUDIT_NEEDS_AUTH,
     .expectation = AUDIT_LOGS_IN},
    {.id = "auth.only-plain",
     .server = "offers only AUTH PLAIN, and requires a login",
     .right = "uses it, or reports that it cannot",
     .reference = "RFC 4954 3, 4",
     .why = "A mechanism that was not offered is refused, and the password was sent for nothing.",
     .traits = &only_plain,
     .needs = AUDIT_NEEDS_AUTH,
     .expectation = AUDIT_LOGS_IN},
    {.id = "auth.only-cram-md5",
     .server = "offers only AUTH CRAM-MD5, and requires a login",
     .right = "uses it, or reports that it cannot",
     .reference = "RFC 4954 3, 4",
     .why = "A server that offers only challenge and response must not get the password itself.",
     .traits = &only_cram,
     .needs = AUDIT_NEEDS_AUTH,
     .expectation = AUDIT_LOGS_IN},
    {.id = "auth.only-unknown",
     .server = "offers only a mechanism that no client knows, and requires a login",
     .right = "reports that it cannot log in, without trying another mechanism",
     .reference = "RFC 4954 3, 4",
     .why = "A mechanism that was not offered is refused, and the password was sent for nothing.",
     .traits = &only_unknown,
     .needs = AUDIT_NEEDS_AUTH,
     .expectation = AUDIT_LOGS_IN},
    {.id = "auth.old-form",
     .server = "offers its mechanisms in the form used before RFC 2554, AUTH=LOGIN PLAIN",
     .right = "uses one of them, or reports that none is offered",
     .reference = "RFC 4954 3",
     .why = "Old servers write it that way; a client that cannot read it must not lose the mail.",
     .traits = &old_form,
     .needs = AUDIT_NEEDS_AUTH,
     .expectation = AUDIT_LOGS_IN},
    {.id = "auth.refused-535",
     .server = "refuses the credential with 535, and requires a login",
     .right = "reports it, and does not retry forever",
     .reference = "RFC 4954 6",
     .why = "A wrong password that looks like success loses every mail from then on.",
     .traits = &refuses_535,
     .needs = AUDIT_NEEDS_AUTH,
     .expectation = AUDIT_LOGS_IN},
    {.id = "auth.refused-454",
     .server = "refuses the credential for now with 454, and requires a login",
     .right = "reports it or tries again later, and not forever",
     .reference = "RFC 4954 4.1, 6",
     .why = "A refusal for now that looks like success loses the mail.",
     .traits = &refuses_454,
     .needs = AUDIT_NEEDS_AUTH,
     .expectation = AUDIT_LOGS_IN_LATER},
    {.id = "auth.bad-base64",
     .server = "sends challenges that are not base64, and refuses every response with 535",
     .right = "cancels with `*`, or reports the refusal",
     .reference = "RFC 4954 4",
     .why = "A client cannot rely on such a server, and its decoder must not crash.",
     .traits = &bad_base64,
     .needs = AUDIT_NEEDS_AUTH,
     .expectation = AUDIT_LOGS_IN},
    {.id = "auth.multi-line-235",
     .server = "ends a good login with a 235 of three lines",
     .right = "reads all three, and delivers the mail",
     .reference = "RFC 5321 4.2.1",
     .why = "A client that reads one line takes the next line for the answer to its next command.",
     .traits = &long_235,
     .needs = AUDIT_NEEDS_AUTH,
     .expectation = AUDIT_AS_CONTROL},
};

const struct audit_cases audit_cases_dialogue = {rows, sizeof(rows) / sizeof(rows[0])};
