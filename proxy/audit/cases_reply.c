// SPDX-License-Identifier: MIT
// The cases about the form of replies, and about what is offered.
#include "audit/case.h"
#include "embedded/traits.h"

// ── reply ───────────────────────────────────────────────────────────────────────────────────────

static const struct embedded_traits long_greeting = {
    .greeting = "220-smtpscope ESMTP\r\n220-\r\n220-No mail is delivered here.\r\n"
                "220 smtpscope takes every message\r\n"};
static const struct embedded_traits greets_421 = {
    .greeting = "421 4.3.2 smtpscope Service not available, closing\r\n"};
static const struct embedded_traits greets_554 = {.greeting = "554 smtpscope No SMTP service\r\n"};
static const struct embedded_traits longest_lines = {.reply_len = 512};
static const struct embedded_traits no_text = {.reply_bare = true};
static const struct embedded_traits several_lines = {.reply_lines = 3};
static const struct embedded_traits never_enhanced = {.enhanced = ENHANCED_NEVER};
static const struct embedded_traits always_enhanced = {.enhanced = ENHANCED_ON_EVERY,
                                                       .reply_lines = 2};
static const struct embedded_traits unknown_capabilities = {
    .capabilities = "X-SMTPSCOPE\nX-SMTPSCOPE-PARAMETERS one two=2 three,four\nXEXCH50\nVERP\n"
                    "x-lower-case\n8BITFUTURE\nAUTHX NONE\nSIZEX 1\nSTARTTLSX\nA"};

// ── extension ───────────────────────────────────────────────────────────────────────────────────

static const struct embedded_traits small_size = {.size_max = 16};
static const struct embedded_traits helo_only = {.refuses_ehlo = true};

static const struct audit_case rows[] = {
    // ── reply ───────────────────────────────────────────────────────────────────────────────────
    {.id = "reply.multi-line-greeting",
     .server = "greets with four lines, one of them empty",
     .right = "waits for the last one, and delivers the mail",
     .reference = "RFC 5321 3.1, 4.2.1",
     .why = "A client that speaks after the first line is out of step from then on.",
     .traits = &long_greeting,
     .expectation = AUDIT_AS_CONTROL},
    {.id = "reply.greeting-421",
     .server = "greets with 421 and closes",
     .right = "reports it",
     .reference = "RFC 5321 3.1, 4.2.1",
     .why = "A busy server says this, and the mail has to be sent later.",
     .traits = &greets_421,
     .expectation = AUDIT_REPORTS_LATER},
    {.id = "reply.greeting-554",
     .server = "greets with 554, and answers everything but QUIT with 503",
     .right = "reports it",
     .reference = "RFC 5321 3.1, 7.1",
     .why = "This server takes no mail, now or later.",
     .traits = &greets_554,
     .expectation = AUDIT_REPORTS_REFUSAL},
    {.id = "reply.byte-at-a-time",
     .server = "sends its replies one byte in a segment",
     .right = "puts the pieces together, and delivers the mail",
     .reference = "RFC 5321 2.3.8, RFC 9293",
     .why = "TCP may cut a reply anywhere; a client that takes one read for one reply fails by "
            "chance.",
     .faults = {"greeting: slice 1", "*: slice 1", "message: slice 1"},
     .expectation = AUDIT_AS_CONTROL},
    {.id = "reply.several-in-one-segment",
     .server = "sends the replies to MAIL, RCPT and DATA in one segment",
     .right = "takes them apart, and delivers the mail",
     .reference = "RFC 2920 3.1",
     .why = "A client that drops the rest with the first reply waits for it forever.",
     .faults = {"MAIL: delay 100ms"},
     .needs = AUDIT_NEEDS_PIPELINING,
     .expectation = AUDIT_AS_CONTROL},
    {.id = "reply.longest-lines",
     .server = "fills the lines of its replies up to 512 bytes",
     .right = "reads them, and delivers the mail",
     .reference = "RFC 5321 4.5.3.1.5",
     .why = "Every client must accept lines of that length.",
     .traits = &longest_lines,
     .expectation = AUDIT_AS_CONTROL},
    {.id = "reply.no-text",
     .server = "answers with only the code, without a space after it",
     .right = "follows the code, and delivers the mail",
     .reference = "RFC 5321 4.2, 4.2.1",
     .why = "The text is for people; only the code counts.",
     .traits = &no_text,
     .expectation = AUDIT_AS_CONTROL},
    {.id = "reply.hyphen-lines",
     .server = "answers each command with three lines, the second one empty (`250-`)",
     .right = "reads up to the last line, and delivers the mail",
     .reference = "RFC 5321 4.2.1",
     .why = "A client that reads one line takes the next line for the answer to its next command.",
     .traits = &several_lines,
     .expectation = AUDIT_AS_CONTROL},
    {.id = "reply.no-enhanced-codes",
     .server = "has no enhanced code in any reply, and does not offer them",
     .right = "follows the code, and delivers the mail",
     .reference = "RFC 2034 4, RFC 5321 4.2",
     .why = "They are an extension that a server need not have.",
     .traits = &never_enhanced,
     .expectation = AUDIT_AS_CONTROL},
    {.id = "reply.enhanced-codes-everywhere",
     .server = "has an enhanced code in each line of each reply, the 354 too",
     .right = "follows the code, and delivers the mail",
     .reference = "RFC 2034 4, RFC 5321 4.2",
     .why = "Some servers put them where the RFC has none; only the code counts.",
     .traits = &always_enhanced,
     .expectation = AUDIT_AS_CONTROL},
    {.id = "reply.unknown-capabilities",
     .server = "offers extensions that no client knows",
     .right = "ignores them, and delivers the mail",
     .reference = "RFC 5321 2.2.2, 4.1.1.1",
     .why = "Servers get new extensions, which must not stop a client.",
     .traits = &unknown_capabilities,
     .expectation = AUDIT_AS_CONTROL},

    // ── extension ───────────────────────────────────────────────────────────────────────────────
    {.id = "extension.no-pipelining",
     .server = "does not offer PIPELINING",
     .right = "waits for each reply, and delivers the mail",
     .reference = "RFC 2920 3.1",
     .why = "Such a server may drop what came too early.",
     .faults = {"EHLO: strip PIPELINING"},
     .expectation = AUDIT_USES_OFFERED},
    {.id = "extension.no-size",
     .server = "does not offer SIZE",
     .right = "declares no size, and delivers the mail",
     .reference = "RFC 1870 6, RFC 5321 2.2.1",
     .why = "A server that does not know the parameter refuses the mail for it.",
     .faults = {"EHLO: strip SIZE"},
     .expectation = AUDIT_USES_OFFERED},
    {.id = "extension.size-too-small",
     .server = "offers a SIZE of 16 bytes, and refuses what is larger with 552",
     .right = "reports that the mail is too large",
     .reference = "RFC 1870 6.1, 6.3",
     .why = "A mail that was refused and reported as sent is lost without a trace.",
     .traits = &small_size,
     .expectation = AUDIT_REPORTS_REFUSAL},
    {.id = "extension.no-8bitmime",
     .server = "does not offer 8BITMIME",
     .right = "encodes the text in 7 bits or reports that it cannot, and loses nothing of it",
     .reference = "RFC 6152 3, RFC 5321 2.4",
     .why = "Bytes over 127 may be cut to 7 bits on the way.",
     .faults = {"EHLO: strip 8BITMIME"},
     .expectation = AUDIT_USES_OFFERED},
    {.id = "extension.no-smtputf8",
     .server = "does not offer SMTPUTF8",
     .right = "sends no UTF-8 in addresses and header, or reports that it cannot",
     .reference = "RFC 6531 3.1, 3.2",
     .why = "A server without it may refuse or spoil such addresses.",
     .faults = {"EHLO: strip SMTPUTF8"},
     .expectation = AUDIT_USES_OFFERED},
    {.id = "extension.no-chunking",
     .server = "does not offer CHUNKING",
     .right = "sends the message with DATA",
     .reference = "RFC 3030 2",
     .why = "A server that does not know BDAT reads the message as commands.",
     .faults = {"EHLO: strip CHUNKING"},
     .expectation = AUDIT_USES_OFFERED},
    {.id = "extension.helo-only",
     .server = "answers EHLO with 502, and knows only HELO",
     .right = "falls back to HELO and uses no extension, or reports that it cannot send that way",
     .reference = "RFC 5321 2.2.1, 3.2, 4.1.4",
     .why = "Nothing was offered, so there is no login and no TLS either.",
     .traits = &helo_only,
     .expectation = AUDIT_FALLS_BACK},
};

const struct audit_cases audit_cases_reply = {rows, sizeof(rows) / sizeof(rows[0])};
