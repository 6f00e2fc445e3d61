// SPDX-License-Identifier: MIT
#include "inspect/rule.h"

// `MILDER` ones have a case that weighs less.
#define RULE(id_, severity_, side_, reference_, explanation_)                                      \
    {                                                                                              \
        .id = (id_), .severity = SEVERITY_##severity_, .mildest = SEVERITY_##severity_,            \
        .side = PARTY_##side_, .reference = (reference_), .explanation = (explanation_)            \
    }
#define RULE_MILDER(id_, severity_, mildest_, side_, reference_, explanation_)                     \
    {                                                                                              \
        .id = (id_), .severity = SEVERITY_##severity_, .mildest = SEVERITY_##mildest_,             \
        .side = PARTY_##side_, .reference = (reference_), .explanation = (explanation_)            \
    }

static const struct rule_info rules[RULE_COUNT] = {
    // The client, on the wire.
    [RULE_BARE_LF] = RULE("bare-lf", ERROR, CLIENT, "RFC 5321 2.3.8",
                          "A line of a command or message ends in LF with no CR before it (not in "
                          "BINARYMIME chunks)."),
    [RULE_BARE_CR] =
        RULE("bare-cr", ERROR, CLIENT, "RFC 5321 2.3.8",
             "CR with no LF after it, in a command or message (not in BINARYMIME chunks)."),
    [RULE_NUL_BYTE] = RULE("nul-byte", ERROR, CLIENT, "RFC 5321 4.5.2",
                           "A NUL in a command, or in a message without BINARYMIME."),
    [RULE_COMMAND_TOO_LONG] =
        RULE_MILDER("command-too-long", ERROR, INFO, CLIENT, "RFC 5321 4.5.3.1.4, RFC 4954 4",
                    "A command over 512 bytes with CRLF, plus what offered extensions allow it; "
                    "info for AUTH with its initial response up to 12,288 bytes, which every OAuth "
                    "client sends and no server minds."),
    [RULE_TEXT_LINE_TOO_LONG] =
        RULE("text-line-too-long", ERROR, CLIENT, "RFC 5321 4.5.3.1.6",
             "A message line over 1000 bytes with CRLF, counted after unstuffing, once a message."),
    [RULE_COMMAND_8BIT] = RULE("command-8bit", ERROR, CLIENT, "RFC 6531 3.4",
                               "A byte over 127 in a command outside an SMTPUTF8 transaction."),
    [RULE_DATA_8BIT] = RULE(
        "data-8bit", ERROR, CLIENT, "RFC 6152 3",
        "A byte over 127 in a message sent by DATA with no BODY=8BITMIME (or BINARYMIME by BDAT)."),
    [RULE_TALKS_BEFORE_GREETING] = RULE("talks-before-greeting", ERROR, CLIENT, "RFC 5321 4.3.1",
                                        "The client sends before the 220."),
    [RULE_PIPELINING_NOT_OFFERED] =
        RULE("pipelining-not-offered", ERROR, CLIENT, "RFC 2920 3.1",
             "A command sent before the reply to the last one, PIPELINING not offered."),
    [RULE_PIPELINING_PAST_SYNC] =
        RULE("pipelining-past-sync", ERROR, CLIENT, "RFC 2920 3.1",
             "The text of a message sent before the 354 was there, or a command pipelined after "
             "one that must end its group (EHLO, HELO, DATA, VRFY, EXPN, TURN, QUIT, NOOP, AUTH, "
             "STARTTLS)."),
    [RULE_STARTTLS_INJECTION] =
        RULE("starttls-injection", ERROR, NONE, "RFC 3207 4.2, CVE-2011-0411",
             "Plain bytes after STARTTLS and before the handshake (either side)."),
    [RULE_SMUGGLING] = RULE("smuggling", ERROR, CLIENT, "CVE-2023-51764",
                            "An end-of-data look-alike in a message: LF . LF, LF . CRLF, CRLF . "
                            "LF, CR . CR, CRLF . CR and so on; only CRLF . CRLF ends a message."),
    [RULE_DOT_NOT_STUFFED] = RULE("dot-not-stuffed", ERROR, CLIENT, "RFC 5321 4.5.2",
                                  "A message line that starts with one dot and goes on with "
                                  "something else: the receiver will take the dot away."),
    [RULE_DOTS_DOUBLED] = RULE("dots-doubled", WARNING, CLIENT, "RFC 3030 2",
                               "A line of a message sent by BDAT begins with two dots, and none "
                               "that begins with a dot has only one: BDAT has no dot stuffing."),
    [RULE_TEXT_STALLED] = RULE("text-stalled", WARNING, CLIENT, "RFC 5321 4.5.3.2",
                               "Within a message or a chunk the client sent nothing more for 5 "
                               "seconds, or until the server gave up, and the session ended there; "
                               "the text says how many bytes of how many came."),
    [RULE_TRAILING_SPACE] = RULE("trailing-space", INFO, CLIENT, "RFC 5321 4.1.1",
                                 "A command with space before its CRLF."),
    // The client, its dialogue.
    [RULE_UNKNOWN_COMMAND] =
        RULE("unknown-command", WARNING, CLIENT, "RFC 5321 4.1.1",
             "A verb that is neither in RFC 5321 nor offered in the EHLO reply."),
    [RULE_ARGUMENT_UNEXPECTED] = RULE("argument-unexpected", ERROR, CLIENT, "RFC 5321 4.1.1",
                                      "DATA, RSET, QUIT or STARTTLS with an argument."),
    [RULE_TEXT_AS_COMMAND] =
        RULE("text-as-command", ERROR, CLIENT, "RFC 5321 4.1.1.4",
             "Text where a command is due: the rest of a message after a line with a single dot "
             "or after a chunk longer than BDAT declared, a header field with no DATA before it, "
             "what a line break in an address brought."),
    [RULE_OUT_OF_STEP] =
        RULE("out-of-step", ERROR, CLIENT, "RFC 5321 4.5.3.2",
             "The client gave up waiting for a reply, went on in the same connection, and takes "
             "each reply from there on for the answer to its next command."),
    [RULE_BAD_SEQUENCE] =
        RULE("bad-sequence", ERROR, CLIENT, "RFC 5321 4.1.4",
             "RCPT before an accepted MAIL, DATA before an accepted RCPT, MAIL inside a "
             "transaction, MAIL before an accepted EHLO/HELO, DATA after BDAT."),
    [RULE_EHLO_NAME] =
        RULE_MILDER("ehlo-name", WARNING, INFO, CLIENT, "RFC 5321 4.1.1.1, 4.1.3",
                    "The EHLO argument is missing, or is neither a fully qualified name nor a "
                    "well-formed address literal (localhost, an IP with no brackets, an "
                    "underscore); warning on port 25, else info."),
    [RULE_HELO_USED] =
        RULE("helo-used", INFO, CLIENT, "RFC 5321 3.2", "HELO with no EHLO tried before."),
    [RULE_NO_EHLO_AFTER_STARTTLS] = RULE("no-ehlo-after-starttls", ERROR, CLIENT, "RFC 3207 4.2",
                                         "Anything but EHLO (or QUIT, NOOP) first after STARTTLS."),
    [RULE_STARTTLS_IGNORED] =
        RULE("starttls-ignored", WARNING, CLIENT, "RFC 8314 4.1",
             "STARTTLS was offered and not tried, and MAIL or AUTH came in the clear."),
    [RULE_AUTH_IN_CLEAR] =
        RULE_MILDER("auth-in-clear", ERROR, INFO, CLIENT, "RFC 4954 4",
                    "AUTH PLAIN, LOGIN, XOAUTH2 or OAUTHBEARER without TLS; info where client and "
                    "server are both on loopback."),
    [RULE_AUTH_NOT_OFFERED] = RULE("auth-not-offered", ERROR, CLIENT, "RFC 4954 4",
                                   "AUTH with a mechanism that is not in the EHLO reply."),
    [RULE_AUTH_REPEATED] = RULE("auth-repeated", ERROR, CLIENT, "RFC 4954 4",
                                "AUTH is sent again after a 235 in the same session."),
    [RULE_AUTH_IN_TRANSACTION] = RULE("auth-in-transaction", ERROR, CLIENT, "RFC 4954 4",
                                      "AUTH between MAIL and the end of the message."),
    [RULE_AUTH_MALFORMED] =
        RULE("auth-malformed", ERROR, CLIENT, "RFC 4954 4, RFC 4616",
             "A SASL line that is no base64, or a PLAIN response without its two NULs."),
    [RULE_AUTH_DOUBTFUL] =
        RULE("auth-doubtful", WARNING, CLIENT, "RFC 4954 4",
             "A login was refused whose response has the right form and a likely slip: white space "
             "or a line end at an edge, a byte order mark, U+FFFD, an empty part, an authorization "
             "identity, both answers of LOGIN equal, a token that has expired by its own exp."),
    [RULE_AUTH_UNANSWERED] = RULE("auth-unanswered", ERROR, CLIENT, "RFC 4954 4",
                                  "A 334 was not answered: the client closed the connection, or "
                                  "sent QUIT, RSET or NOOP instead."),
    [RULE_AUTH_RETRIED] =
        RULE("auth-retried", WARNING, CLIENT, "RFC 4954 6",
             "The same mechanism and identity tried again after 535 in one session."),
    [RULE_SCRAM_PLUS] = RULE("scram-plus", WARNING, NONE, "RFC 5802 6",
                             "A SCRAM-...-PLUS mechanism used (side client) or offered (side "
                             "server): channel binding cannot hold through a proxy."),
    [RULE_EXTENSION_NOT_OFFERED] = RULE(
        "extension-not-offered", ERROR, CLIENT, "RFC 5321 2.2.1",
        "SIZE=, BODY=, SMTPUTF8, RET=, ENVID=, NOTIFY=, ORCPT=, AUTH=, BY=, HOLDFOR=, HOLDUNTIL=, "
        "MT-PRIORITY=, REQUIRETLS, BDAT, BURL used by the client but not offered by the server."),
    [RULE_PARAMETER_MALFORMED] =
        RULE("parameter-malformed", ERROR, CLIENT, "RFC 1870, 3461, 6152",
             "A known MAIL or RCPT parameter whose value is not of its form, or given twice."),
    [RULE_SMTPUTF8_UNNEEDED] = RULE(
        "smtputf8-unneeded", INFO, CLIENT, "RFC 6531 3.4",
        "All is plain ASCII though MAIL asks for SMTPUTF8; outside port 25 only with a refusal."),
    [RULE_SIZE_OVER_LIMIT] = RULE("size-over-limit", WARNING, CLIENT, "RFC 1870 6",
                                  "The declared or the real size is over the server's SIZE."),
    [RULE_SIZE_DECLARED_WRONG] = RULE("size-declared-wrong", INFO, CLIENT, "RFC 1870 5",
                                      "The declared size is less than the real one."),
    [RULE_PATH_SYNTAX] =
        RULE("path-syntax", ERROR, CLIENT, "RFC 5321 3.3, 4.1.2, 4.5.3.1",
             "No angle brackets, space after the colon, no domain (but <> and <postmaster>), a "
             "source route, local part over 64, domain over 255, path over 256."),
    [RULE_DATA_AFTER_REFUSAL] = RULE("data-after-refusal", ERROR, CLIENT, "RFC 5321 4.1.1.4",
                                     "Message text sent though DATA was not answered 354."),
    [RULE_COMMANDS_AFTER_421] = RULE("commands-after-421", ERROR, CLIENT, "RFC 5321 3.8",
                                     "Commands other than QUIT sent after a 421 was received."),
    [RULE_LEFT_AFTER_EHLO] = RULE("left-after-ehlo", INFO, CLIENT, NULL,
                                  "The client left right after an EHLO reply that offers AUTH, "
                                  "with neither AUTH nor MAIL: what it wants may not be offered."),
    [RULE_NO_QUIT] = RULE("no-quit", WARNING, CLIENT, "RFC 5321 4.1.1.10",
                          "The client closed with no QUIT, no reply due and not within a message."),
    [RULE_QUIT_WITHOUT_WAIT] = RULE("quit-without-wait", INFO, CLIENT, "RFC 5321 4.1.1.10",
                                    "The client closed before the reply to QUIT."),
    [RULE_CLOSED_IN_DATA] = RULE("closed-in-data", ERROR, CLIENT, "RFC 5321 3.8",
                                 "The client closed within a message."),
    [RULE_GAVE_UP_EARLY] = RULE("gave-up-early", WARNING, CLIENT, "RFC 5321 4.5.3.2",
                                "The client closed while a reply was due, sooner than the RFC's "
                                "minimum time-out for that command (5 min greeting, MAIL, RCPT; 2 "
                                "min DATA; 3 min a chunk; 10 min the final dot; none for QUIT)."),
    [RULE_LMTP_ON_SMTP] = RULE("lmtp-on-smtp", WARNING, CLIENT, "RFC 2033 4.1",
                               "LHLO answered 5xx by a server that nothing shows to speak LMTP, or "
                               "EHLO answered so by a server whose greeting says LMTP."),
    // The message.
    [RULE_HEADER_MISSING] = RULE_MILDER("header-missing", ERROR, WARNING, CLIENT, "RFC 5322 3.6",
                                        "No Date or no From; warning for Message-ID."),
    [RULE_HEADER_REPEATED] =
        RULE("header-repeated", ERROR, CLIENT, "RFC 5322 3.6",
             "A field that may occur only once occurs twice (From, Sender, Reply-To, To, Cc, Bcc, "
             "Message-ID, In-Reply-To, References, Subject, Date, MIME-Version, Content-Type, "
             "Content-Transfer-Encoding)."),
    [RULE_HEADER_MALFORMED] = RULE("header-malformed", ERROR, CLIENT, "RFC 5322 2.2",
                                   "A line in the header that is neither Name: value nor a folded "
                                   "line; a space before the colon."),
    [RULE_HEADER_8BIT] = RULE("header-8bit", ERROR, CLIENT, "RFC 5322 2.2",
                              "Raw bytes over 127 in a header field outside SMTPUTF8."),
    [RULE_HEADER_LINE_LONG] = RULE("header-line-long", WARNING, CLIENT, "RFC 5322 2.1.1",
                                   "A header line over 998 bytes."),
    [RULE_DATE_MALFORMED] = RULE_MILDER(
        "date-malformed", ERROR, WARNING, CLIENT, "RFC 5322 3.3",
        "A Date that does not parse; warning if it is over a day off the time of the session."),
    [RULE_MESSAGE_ID_MALFORMED] = RULE("message-id-malformed", WARNING, CLIENT, "RFC 5322 3.6.4",
                                       "A Message-ID not of the form <left@right>."),
    [RULE_BCC_LEAKED] =
        RULE("bcc-leaked", ERROR, CLIENT, "RFC 5322 3.6.3", "A Bcc field with an address in it."),
    [RULE_MIME_INCOMPLETE] =
        RULE("mime-incomplete", WARNING, CLIENT, "RFC 2045, 2046",
             "Content-Type without MIME-Version, multipart with no boundary or with one never "
             "closed, base64 or quoted-printable text that does not decode."),
    [RULE_ENVELOPE_DIFFERS] =
        RULE("envelope-differs", INFO, CLIENT, "RFC 5321 3.3",
             "A To or Cc address, compared without regard to case, with no RCPT in the session."),
    [RULE_MESSAGE_REPEATED] = RULE("message-repeated", WARNING, CLIENT, NULL,
                                   "The same message (envelope, size and text) as one before in "
                                   "the session that was not refused."),
    // TLS.
    [RULE_TLS_CLIENT_DISTRUSTS] =
        RULE("tls-client-distrusts", ERROR, CLIENT, "RFC 8446 6.2",
             "The client closed the handshake with a certificate alert; the text says which alert, "
             "and how to make the client trust the CA."),
    [RULE_TLS_CLIENT_NO_CHECK] = RULE("tls-client-no-check", ERROR, CLIENT, "RFC 8314 3.1",
                                      "Under --verify mirror the client went on though the "
                                      "certificate it was shown was bad: it does not verify."),
    [RULE_TLS_SERVER_CERTIFICATE] =
        RULE("tls-server-certificate", ERROR, SERVER, "RFC 6125",
             "The server's certificate does not verify; the text says why."),
    [RULE_TLS_CERTIFICATE_EXPIRES] = RULE(
        "tls-certificate-expires", WARNING, SERVER, NULL,
        "The server's certificate verifies, but has less than 14 days and less than a third of "
        "its life left."),
    [RULE_TLS_OLD_VERSION] = RULE("tls-old-version", WARNING, NONE, "RFC 8996",
                                  "Either side negotiated TLS 1.0 or 1.1."),
    [RULE_TLS_NO_SNI] = RULE("tls-no-sni", INFO, CLIENT, "RFC 6066 3",
                             "No SNI in the ClientHello for a name (not an address)."),
    [RULE_TLS_WEAK] =
        RULE("tls-weak", WARNING, NONE, "RFC 9325",
             "RSA key under 2048 bits, SHA-1 signature, CBC or non-forward-secret suite."),
    [RULE_TLS_TRUNCATED] = RULE("tls-truncated", INFO, NONE, "RFC 8446 6.1",
                                "A side closed the connection with no TLS close_notify."),
    // The server.
    [RULE_REPLY_MALFORMED] = RULE("reply-malformed", ERROR, SERVER, "RFC 5321 4.2",
                                  "A line that is not three digits and space, hyphen or end; codes "
                                  "of one reply differ; first digit not 2 to 5."),
    [RULE_REPLY_TOO_LONG] = RULE("reply-too-long", WARNING, SERVER, "RFC 5321 4.5.3.1.5",
                                 "A reply line over 512 bytes with CRLF."),
    [RULE_REPLY_BARE_LF] = RULE("reply-bare-lf", ERROR, SERVER, "RFC 5321 2.3.8",
                                "A reply line that ends in LF with no CR before it."),
    [RULE_REPLY_UNEXPECTED] = RULE("reply-unexpected", ERROR, SERVER, "RFC 5321 4.3.1",
                                   "A reply with no command due (other than 421)."),
    [RULE_REPLY_CODE_ODD] =
        RULE("reply-code-odd", WARNING, SERVER, "RFC 5321 4.3.2",
             "A 2xx or 3xx code that the RFCs do not list for that command (250 to DATA, 354 to "
             "RCPT, 220 to MAIL); 4xx and 5xx are never odd."),
    [RULE_ENHANCED_MISSING] = RULE("enhanced-missing", INFO, SERVER, "RFC 2034 4",
                                   "ENHANCEDSTATUSCODES offered and a 2xx, 4xx or 5xx reply "
                                   "(greeting, EHLO, HELO aside) without one."),
    [RULE_ENHANCED_CONTRADICTS] =
        RULE("enhanced-contradicts", ERROR, SERVER, "RFC 2034 4",
             "The class of the enhanced code differs from the reply's first digit."),
    [RULE_STARTTLS_OFFERED_IN_TLS] = RULE("starttls-offered-in-tls", ERROR, SERVER, "RFC 3207 4.2",
                                          "STARTTLS in the EHLO reply inside TLS."),
    [RULE_AUTH_OFFERED_IN_CLEAR] =
        RULE("auth-offered-in-clear", WARNING, SERVER, "RFC 8314 4.1",
             "PLAIN or LOGIN offered before TLS where STARTTLS is offered."),
    [RULE_MIDDLEBOX] =
        RULE("middlebox", WARNING, SERVER, NULL,
             "The greeting is nothing but asterisks, or the EHLO reply offers a keyword like "
             "XXXXXXXA: a firewall has overwritten what the server said."),
    [RULE_SLOW_REPLY] =
        RULE("slow-reply", INFO, SERVER, NULL, "A reply after more than --slow ms."),
    [RULE_SERVER_CLOSED] = RULE("server-closed", ERROR, SERVER, "RFC 5321 3.8",
                                "The server closed with no 421 and no QUIT."),
    [RULE_REJECTED] = RULE_MILDER(
        "rejected", ERROR, WARNING, SERVER, "RFC 5321 4.2, RFC 3463",
        "A refusal of the greeting, EHLO and HELO (EHLO only if HELO is not taken then), LHLO by a "
        "server that speaks LMTP, STARTTLS, AUTH, MAIL, RCPT, DATA, the message, BDAT or XCLIENT; "
        "warning for 4xx. The text puts code and enhanced code into words, by the stage where it "
        "came, and says what to do."),
    [RULE_SESSION_FAILED] =
        RULE("session-failed", ERROR, SERVER, NULL,
             "The session ended as connect-failed, tls-client-failed, tls-server-failed, timeout "
             "or protocol, and no other finding says the cause; the text is the session's error."),
};

const struct rule_info *rule_info(enum rule rule) {
    return &rules[rule];
}

enum rule rule_find(struct slice id) {
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        if (slice_is(id, rules[rule].id)) {
            return (enum rule)rule;
        }
    }
    return RULE_COUNT;
}
