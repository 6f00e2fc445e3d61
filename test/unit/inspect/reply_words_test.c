// SPDX-License-Identifier: MIT
#include "inspect/reply_parts.h"

#include "base/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { STAGES = STAGE_XCLIENT + 1 };

// Every detail of RFC 3463 3.1 to 3.8, 4954, 5248, 6531, 6710, 7293, 7372, 7505 and 8689, as the
// highest number of each subject: all from 0 (or 1) up to it are there.
static const unsigned highest[] = {0, 10, 4, 6, 7, 6, 10, 30};

static struct refusal refusal_of(enum refusal_stage stage, int code, const char *enhanced) {
    return (struct refusal){.stage = stage,
                            .code = code,
                            .enhanced = slice_of_string(enhanced),
                            .in_tls = true,
                            .starttls = OFFERED,
                            .credentials_sent = true};
}

static void every_registered_code_is_explained(void **state) {
    (void)state;
    for (unsigned subject = 1; subject < sizeof(highest) / sizeof(highest[0]); subject++) {
        for (unsigned detail = 0; detail <= highest[subject]; detail++) {
            bool explained = false;
            struct refusal refusal = refusal_of(STAGE_GREETING, 550, "");
            for (int stage = 0; stage < STAGES; stage++) {
                refusal.stage = (enum refusal_stage)stage;
                struct enhanced_detail code = {subject, detail};
                explained = explained || reply_words_of_enhanced(&refusal, code) != NULL;
            }
            if (!explained) {
                fail_msg("5.%u.%u is not explained", subject, detail);
            }
        }
    }
}

// What a stage cannot be about: no recipient is blamed before one was named, no password where no
// login is under way, no size before a message.
static const char *const untrue[STAGES][12] = {
    [STAGE_GREETING] = {"recipient", "mailbox", "password", "the message ", "MAIL FROM", "spam",
                        "attachment", "no such"},
    [STAGE_EHLO] = {"recipient", "mailbox", "password", "the message ", "MAIL FROM", "spam",
                    "attachment", "no such"},
    [STAGE_HELO] = {"recipient", "mailbox", "password", "the message ", "MAIL FROM", "spam",
                    "attachment", "no such"},
    [STAGE_LHLO] = {"recipient", "mailbox", "password", "the message ", "MAIL FROM", "spam",
                    "attachment", "no such", "use HELO"},
    [STAGE_STARTTLS] = {"recipient", "mailbox", "password", "the message ", "MAIL FROM", "spam",
                        "attachment", "no such"},
    [STAGE_AUTH] = {"recipient", "mailbox", "the message ", "MAIL FROM", "spam", "attachment",
                    "no such", "smaller", "check the address", "Amazon"},
    [STAGE_MAIL] = {"the recipient", "mailbox is full", "no such", "spam", "RCPT TO", "attachment"},
    [STAGE_RCPT] = {"spam", "attachment", "password", "base64"},
    [STAGE_DATA] = {"spam", "attachment", "password", "base64"},
    [STAGE_MESSAGE] = {"spam", "password"},
    [STAGE_BDAT] = {"spam", "password"},
    [STAGE_XCLIENT] = {"recipient", "mailbox", "password", "the message ", "MAIL FROM", "spam",
                       "attachment", "no such"},
};

static void assert_true_of_stage(const struct refusal *refusal, const char *enhanced) {
    const struct reply_words *words = reply_words_of(refusal);
    if (words == NULL || strlen(words->meaning) < 8 || strlen(words->advice) < 4) {
        fail_msg("stage %d: %d %s has no words", (int)refusal->stage, refusal->code, enhanced);
    }
    for (size_t i = 0; i < 12 && untrue[refusal->stage][i] != NULL; i++) {
        const char *word = untrue[refusal->stage][i];
        if (strstr(words->meaning, word) != NULL || strstr(words->advice, word) != NULL) {
            fail_msg("stage %d: %d %s: \"%s; %s\" speaks of '%s'", (int)refusal->stage,
                     refusal->code, enhanced, words->meaning, words->advice, word);
        }
    }
}

static void assert_true_with_enhanced(enum refusal_stage stage, int code) {
    for (unsigned subject = 0; subject < sizeof(highest) / sizeof(highest[0]); subject++) {
        for (unsigned detail = 0; detail <= highest[subject] + 1; detail++) {
            char enhanced[16];
            snprintf(enhanced, sizeof(enhanced), "%d.%u.%u", code / 100, subject, detail);
            struct refusal refusal = refusal_of(stage, code, enhanced);
            assert_true_of_stage(&refusal, enhanced);
        }
    }
}

// The groups of codes that servers use: x0z, x2z and x5z of RFC 5321 4.2.1, x3z of RFC 4954.
static bool is_of_a_used_group(int code) {
    return strchr("0235", '0' + code / 10 % 10) != NULL;
}

static void nothing_is_said_that_the_stage_rules_out(void **state) {
    (void)state;
    for (int stage = 0; stage < STAGES; stage++) {
        for (int code = 400; code < 600; code++) {
            struct refusal plain = refusal_of((enum refusal_stage)stage, code, "");
            assert_true_of_stage(&plain, "");
            if (is_of_a_used_group(code)) {
                assert_true_with_enhanced((enum refusal_stage)stage, code);
            }
        }
    }
}

static void nobody_is_advised_to_log_in_twice(void **state) {
    (void)state;
    static const char *const texts[] = {"", "Relay access denied", "authentication required",
                                        "cannot deliver mail for x",
                                        "Invalid credentials for relay"};
    for (int stage = STAGE_MAIL; stage <= STAGE_BDAT; stage++) {
        for (int code = 400; code < 600; code++) {
            for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
                struct refusal refusal = refusal_of((enum refusal_stage)stage, code, "");
                refusal.text = slice_of_string(texts[i]);
                refusal.in_tls = refusal.logged_in = true;
                const char *advice = reply_words_of(&refusal)->advice;
                refusal.enhanced = SLICE("5.7.1");
                const char *other = reply_words_of(&refusal)->advice;
                assert_null(strstr(advice, "log in first"));
                assert_null(strstr(advice, "log in with AUTH"));
                assert_null(strstr(other, "log in first"));
                assert_null(strstr(other, "log in with AUTH"));
            }
        }
    }
}

static const struct {
    enum refusal_stage stage;
    int code;
    const char *enhanced;
    const char *text;
    const char *meaning; // or advice
} rows[] = {
    // the codes of RFC 5321 4.3.2, by stage
    {STAGE_GREETING, 554, "", "", "no mail service"},
    {STAGE_GREETING, 521, "", "", "accepts no mail"}, // RFC 7504
    {STAGE_GREETING, 421, "", "", "too many connections"},
    {STAGE_EHLO, 501, "", "", "name in the command"},
    {STAGE_HELO, 502, "5.5.1", "", "does not have the command"},
    {STAGE_LHLO, 502, "5.5.1", "", "does not have the command"},
    {STAGE_MAIL, 502, "", "", "though every server has it"},
    {STAGE_BDAT, 502, "", "", "does not have the command"},
    {STAGE_STARTTLS, 454, "4.3.0", "", "certificate or key"},
    {STAGE_MESSAGE, 554, "5.7.1", "rejected under suspicion of SPAM", "for spam"},
    {STAGE_MESSAGE, 550, "5.7.1", "multiple addresses in From: header", "several addresses"},
    {STAGE_STARTTLS, 454, "4.7.0", "TLS not available due to local problem", "certificate or key"},
    {STAGE_STARTTLS, 502, "5.5.1", "", "certificate or key"},
    {STAGE_STARTTLS, 503, "5.5.2", "Send hello first", "send EHLO first"},
    {STAGE_AUTH, 454, "4.7.0", "", "cannot check logins now"},
    {STAGE_AUTH, 504, "5.5.4", "", "mechanism"},
    {STAGE_AUTH, 504, "5.7.4", "Unrecognized authentication type", "mechanism"},
    {STAGE_AUTH, 503, "5.5.2", "Auth command already specified", "after a login"},
    {STAGE_AUTH, 501, "5.5.124", "Invalid XOAUTH2 auth data", "form that the mechanism wants"},
    {STAGE_AUTH, 500, "5.5.6", "", "too long"},
    {STAGE_AUTH, 535, "5.7.8", "", "these credentials"},
    {STAGE_AUTH, 535, "5.7.3", "Authentication unsuccessful", "these credentials"},
    {STAGE_AUTH, 535, "5.7.8", "Authentication credentials invalid", "these credentials"},
    {STAGE_AUTH, 538, "5.7.11", "", "needs TLS"},
    {STAGE_AUTH, 432, "4.7.12", "", "stored again"},
    {STAGE_MAIL, 530, "5.7.0", "", "login first"},
    {STAGE_MAIL, 530, "5.7.1", "", "login first"},
    {STAGE_MAIL, 530, "5.7.57", "Client not authenticated to send mail.", "login"},
    {STAGE_MAIL, 552, "5.3.4", "Message size exceeds fixed limit", "larger than the server takes"},
    {STAGE_MAIL, 555, "5.5.4", "", "parameter"},
    {STAGE_MAIL, 451, "4.4.3", "", "directory"},
    {STAGE_RCPT, 550, "5.1.1", "", "no such mailbox"},
    {STAGE_RCPT, 550, "", "", "the mailbox does not exist"},
    {STAGE_RCPT, 550, "5.0.0", "", "the mailbox does not exist"},
    {STAGE_RCPT, 550, "5.7.999", "", "the mailbox does not exist"},
    {STAGE_RCPT, 550, "4.1.1", "", "the mailbox does not exist"}, // which was meant is not known
    {STAGE_RCPT, 550, "5.7.0", "", "security or policy forbids it"},
    {STAGE_RCPT, 450, "4.1.1", "", "cannot tell now"},
    {STAGE_RCPT, 451, "4.7.1", "", "greylisting"},
    {STAGE_RCPT, 452, "4.5.3", "", "too many recipients"},
    {STAGE_RCPT, 556, "5.1.10", "", "null MX"},
    {STAGE_RCPT, 503, "5.5.1", "", "no MAIL was accepted"},
    {STAGE_RCPT, 503, "5.5.2", "", "no MAIL was accepted"},
    {STAGE_DATA, 501, "5.5.4", "Syntax: DATA", "DATA takes no argument"},
    {STAGE_DATA, 554, "5.5.1", "No valid recipients", "every RCPT was refused"},
    {STAGE_DATA, 503, "5.5.0", "Data command rejected: Improper use of SMTP command pipelining",
     "before it had the answer"},
    {STAGE_MESSAGE, 501, "", "Syntax error - line too long", "a line of the message is longer"},
    {STAGE_MESSAGE, 552, "5.2.0", "Message contains bare CR and is violating 822.bis",
     "CR with no LF"},
    {STAGE_MESSAGE, 451, "", "See http://pobox.com/~djb/docs/smtplf.html.", "LF with no CR"},
    {STAGE_MESSAGE, 552, "5.2.2", "", "mailbox is full"},
    {STAGE_MESSAGE, 550, "5.7.26", "", "neither SPF nor DKIM"}, // RFC 7372
    {STAGE_MESSAGE, 550, "5.4.5", "Daily sending quota exceeded. q12sm1 - gsmtp", "in a day"},
    {STAGE_MESSAGE, 553, "", "Relaying disallowed as ", "may not send as"},
    {STAGE_BDAT, 552, "5.3.4", "", "larger than the mail system"},
    {STAGE_XCLIENT, 550, "5.7.0", "", "does not take this client"},
    {STAGE_XCLIENT, 502, "", "", "does not have the command"},
    // one word for many servers
    {STAGE_MAIL, 550, "", "SMTP AUTH is required for message submission on port 587",
     "login first"},
    {STAGE_RCPT, 550, "", "Unauthenticated senders not allowed", "login first"},
    {STAGE_AUTH, 503, "5.5.1", "Error: authentication not enabled", "STARTTLS first"},
    {STAGE_RCPT, 550, "", "Verification failed for No Such User Here Sender verify failed",
     "sender's address"},
    {STAGE_RCPT, 550, "", "Access denied - Invalid HELO name (See RFC2821 4.1.1.1)",
     "EHLO or HELO"},
    {STAGE_RCPT, 550, "", "I cannot deliver mail for ", "log in first"},
    {STAGE_MAIL, 550, "", "Invalid syntax. Syntax should be MAIL FROM:[crlf]", "not well-formed"},
    {STAGE_MAIL, 451, "4.4.2", "Timeout waiting for data from client.", "longer than it waits"},
    {STAGE_GREETING, 554, "", "SMTP synchronization error", "wait for the greeting"},
    {STAGE_MESSAGE, 554, "", "Transaction failed: Message contains a line longer than 1000",
     "1000 bytes"},
    {STAGE_MESSAGE, 550, "5.6.11",
     "SMTPSEND.BareLinefeedsAreIllegal; message contains bare linefeeds", "LF with no CR"},
    {STAGE_MESSAGE, 550, "5.7.1", "virus Eicar-Test-Signature detected by ClamAV", "found a virus"},
    {STAGE_MESSAGE, 554, "5.4.14", "Hop count exceeded - possible mail loop ATTR34", "in circles"},
    {STAGE_RCPT, 550, "",
     "SPF check failed. 192.0.2.1 is not allowed to send mail from example.com", "SPF fails"},
    {STAGE_RCPT, 550, "5.1.0", ": Sender address rejected: User unknown in virtual mailbox table",
     "check MAIL FROM"},
    {STAGE_MAIL, 530, "5.7.0", "TLS required", "TLS is needed first"},
    {STAGE_GREETING, 521, "5.5.1", "Protocol error", "before its greeting was whole"},
    // providers
    {STAGE_EHLO, 421, "", "Try again later, closing connection. (EHLO) x - gsmtp", "localhost"},
    {STAGE_MESSAGE, 432, "4.3.2", "Concurrent connections limit exceeded.", "at once"},
    {STAGE_MESSAGE, 554, "5.2.0", "STOREDRV.Submission.Exception:SubmissionQuotaExceededException",
     "in a day"},
    {STAGE_MESSAGE, 451, "4.7.0", "Temporary server error. Please try again later. PRX2",
     "fault of its own"},
    {STAGE_MAIL, 501, "", "Mail from address must be same as authorization user.",
     "may not send as"},
    {STAGE_MAIL, 553, "", "Mail from must equal authorized user", "may not send as"},
    {STAGE_MESSAGE, 550, "5.4.6", "Unusual sending activity detected.", "unusual sending"},
    {STAGE_AUTH, 550, "", "User has no permission", "by SMTP"},
    {STAGE_MESSAGE, 421, "", "Domain example.com is not allowed to send: Free accounts are for",
     "let this domain"},
    {STAGE_MESSAGE, 554, "", "Transaction failed: Missing final ", "has no domain"},
    {STAGE_AUTH, 535, "5.7.8", "Username and Password not accepted. https://support.google.com/x",
     "Google"},
    {STAGE_AUTH, 535, "5.7.139",
     "Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.",
     "Microsoft 365"},
    {STAGE_AUTH, 535, "5.7.139", "basic authentication is disabled. [X.PROD.EXAMPLE.COM]", "OAuth"},
    {STAGE_MESSAGE, 421, "", "[TSS04] Messages temporarily deferred; see help.yahoo.com", "Yahoo"},
    {STAGE_MESSAGE, 554, "", "Message rejected: Email address is not verified.", "verify"},
    {STAGE_GREETING, 554, "5.7.1",
     "Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", "Spamhaus"},
    {STAGE_RCPT, 450, "4.2.0", ": Recipient address rejected: Greylisted", "greylists"},
    {STAGE_AUTH, 535, "5.7.139", "user is locked by your organization's security defaults policy.",
     "security defaults"},
    {STAGE_AUTH, 535, "5.7.0", "(#AUTH012) Authentication Failed, generate an app password",
     "made for programs"},
    {STAGE_AUTH, 535, "5.7.0", "(#AUTH005) Too many bad auth attempts.", "too many logins"},
    {STAGE_AUTH, 535, "", "Authentication failed: Bad username / password", "apikey"},
    {STAGE_AUTH, 421, "", "Domain mg.example.com is not allowed to send: The domain is unverified",
     "let this domain"},
    {STAGE_EHLO, 421, "", "4.7.66 TLS 1.0 and 1.1 are not supported.", "TLS 1.2"},
    {STAGE_RCPT, 550, "5.4.1", "Recipient address rejected: Access denied. [AM0EUR]",
     "no such mailbox"},
    {STAGE_RCPT, 550, "5.1.90", "you've reached your daily limit for message recipients",
     "in a day"},
    {STAGE_RCPT, 550, "5.7.1", "You tried to send to a recipient that has been marked as inactive.",
     "after a bounce"},
    {STAGE_RCPT, 550, "5.7.0", "too many emails per second", "more slowly"},
    {STAGE_RCPT, 550, "5.7.1", "Spam detected by the antispam", "blocked this sender or account"},
    {STAGE_RCPT, 554, "5.7.1", "Recipient address rejected: Account locked: sending spam",
     "blocked this sender or account"},
    {STAGE_RCPT, 550, "", "has exceeded the max defers and failures per hour (5/5 (100%)) allowed.",
     "hoster"},
    {STAGE_GREETING, 554, "", "No SMTP service IP address is black listed.", "block list"},
    {STAGE_MESSAGE, 451, "4.7.1", "Service unavailable - try again later", "milter"},
    {STAGE_MESSAGE, 550, "", "Request failed; Mailbox unavailable", "user's own address"},
    {STAGE_MESSAGE, 554, "", "Transaction failed: Duplicate header 'From'.", "twice"},
    {STAGE_RCPT, 554, "5.7.1", ": Relay access denied", "does not relay"},
};

static void codes_and_texts_are_put_into_words(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct refusal refusal = refusal_of(rows[i].stage, rows[i].code, rows[i].enhanced);
        refusal.text = slice_of_string(rows[i].text);
        refusal.in_tls = strstr(rows[i].meaning, "TLS") == NULL; // what wants TLS came without
        const struct reply_words *words = reply_words_of(&refusal);
        if (strstr(words->meaning, rows[i].meaning) == NULL &&
            strstr(words->advice, rows[i].meaning) == NULL) {
            fail_msg("%d %d %s %s: %s; %s", (int)rows[i].stage, rows[i].code, rows[i].enhanced,
                     rows[i].text, words->meaning, words->advice);
        }
    }
}

static void what_was_seen_before_decides_too(void **state) {
    (void)state;
    struct refusal refusal = refusal_of(STAGE_STARTTLS, 502, "5.5.1");
    refusal.starttls = NOT_OFFERED;
    assert_non_null(strstr(reply_words_of(&refusal)->meaning, "does not offer it"));
    refusal.starttls = OFFER_UNKNOWN;
    assert_null(strstr(reply_words_of(&refusal)->meaning, "offer"));
    refusal = refusal_of(STAGE_AUTH, 535, "5.7.8");
    refusal.credentials_sent = false;
    assert_non_null(strstr(reply_words_of(&refusal)->meaning, "before any credential was sent"));
    refusal = refusal_of(STAGE_AUTH, 530, "5.7.0");
    refusal.in_tls = false;
    assert_non_null(strstr(reply_words_of(&refusal)->meaning, "TLS is needed"));
    refusal = refusal_of(STAGE_MAIL, 530, "5.7.0");
    assert_null(strstr(reply_words_of(&refusal)->meaning, "STARTTLS"));
    refusal.in_tls = false;
    assert_non_null(strstr(reply_words_of(&refusal)->meaning, "STARTTLS"));
}

// What a code or a text would explain, if the session did not show the contrary.
struct contrary {
    enum refusal_stage stage;
    int code;
    const char *enhanced;
    const char *text;
    const char *untrue; // in meaning and advice
};

static void untrue_is_not_said(const struct contrary *row, struct refusal refusal) {
    refusal.stage = row->stage;
    refusal.code = row->code;
    refusal.enhanced = slice_of_string(row->enhanced);
    refusal.text = slice_of_string(row->text);
    const struct reply_words *words = reply_words_of(&refusal);
    if (strstr(words->meaning, row->untrue) != NULL || strstr(words->advice, row->untrue) != NULL) {
        fail_msg("%d %d %s %s: %s; %s", (int)row->stage, row->code, row->enhanced, row->text,
                 words->meaning, words->advice);
    }
}

static const struct contrary contraries[] = {
    {STAGE_HELO, 502, "", "", "use HELO"},
    {STAGE_HELO, 500, "", "", "use HELO"},
    {STAGE_STARTTLS, 501, "", "", "without one"},
    {STAGE_STARTTLS, 501, "5.5.4", "", "takes no argument"},
    {STAGE_STARTTLS, 501, "5.5.2", "", "send it without"},
    {STAGE_DATA, 501, "", "", "takes no argument"},
    {STAGE_DATA, 501, "5.5.4", "", "takes no argument"},
    {STAGE_DATA, 501, "5.5.2", "", "send DATA without"},
    {STAGE_MAIL, 504, "", "", "use only what EHLO offers"},
    {STAGE_RCPT, 555, "", "", "use only what EHLO offers"},
    {STAGE_RCPT, 555, "5.5.4", "", "parameter"},
    {STAGE_MAIL, 555, "5.5.2", "", "parameter"},
    {STAGE_MAIL, 455, "", "", "without the parameter"},
    {STAGE_AUTH, 538, "", "", "use STARTTLS"},
    {STAGE_AUTH, 538, "5.7.11", "", "use STARTTLS"},
    {STAGE_MAIL, 530, "5.7.10", "", "use STARTTLS"},
    {STAGE_MAIL, 530, "", "Must issue a STARTTLS command first", "use STARTTLS"},
    {STAGE_MAIL, 530, "5.7.0", "", "log in with AUTH"},
    {STAGE_MAIL, 530, "5.7.0", "Authentication required", "log in with AUTH"},
    {STAGE_MAIL, 550, "", "", "log in first"},
    {STAGE_MAIL, 552, "", "", "SIZE in the EHLO reply"},
    {STAGE_AUTH, 503, "5.5.1", "", "came out of order"},
    {STAGE_RCPT, 550, "5.7.1", "relaying denied", "log in with AUTH"},
    {STAGE_MAIL, 550, "5.7.1", "", "log in first"},
    {STAGE_RCPT, 550, "5.7.1", "", "log in first"},
    {STAGE_RCPT, 553, "5.7.1", "Sender address rejected: not logged in", "log in with AUTH"},
    {STAGE_RCPT, 550, "5.7.1", "cannot deliver mail for x", "log in first"},
    {STAGE_RCPT, 550, "5.7.1", "Invalid credentials for relay", "log in with AUTH"},
    {STAGE_RCPT, 503, "", "", "no MAIL was accepted"},
    {STAGE_DATA, 503, "", "", "no recipient was accepted"},
    {STAGE_BDAT, 503, "", "", "no recipient was accepted"},
};

static void what_the_session_contradicts_is_not_said(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(contraries) / sizeof(contraries[0]); i++) {
        struct refusal refusal = refusal_of(STAGE_MAIL, 550, "");
        refusal.logged_in = refusal.bare = refusal.grounded = true;
        untrue_is_not_said(&contraries[i], refusal);
    }
    struct refusal refusal = refusal_of(STAGE_MAIL, 530, "5.7.0");
    refusal.logged_in = true;
    refusal.in_tls = false;
    assert_non_null(strstr(reply_words_of(&refusal)->advice, "use STARTTLS before AUTH"));
}

static const struct contrary not_offered[] = {
    {STAGE_AUTH, 530, "5.7.0", "", "use STARTTLS"},
    {STAGE_AUTH, 538, "", "", "use STARTTLS"},
    {STAGE_AUTH, 538, "5.7.11", "", "use STARTTLS"},
    {STAGE_MAIL, 530, "", "", "use STARTTLS"},
    {STAGE_MAIL, 530, "5.7.10", "", "use STARTTLS"},
    {STAGE_MAIL, 530, "", "Must issue a STARTTLS command first", "use STARTTLS"},
    {STAGE_MAIL, 530, "5.7.0", "Authentication required", "log in with AUTH"},
    {STAGE_MAIL, 550, "", "", "log in first"},
    {STAGE_MAIL, 550, "5.7.1", "", "log in first"},
    {STAGE_RCPT, 550, "5.7.1", "", "log in first"},
    {STAGE_RCPT, 550, "5.7.1", "relaying denied", "log in with AUTH"},
    {STAGE_RCPT, 553, "5.7.1", "Sender address rejected: not logged in", "log in with AUTH"},
    {STAGE_RCPT, 550, "5.7.1", "cannot deliver mail for x", "log in first"},
    {STAGE_RCPT, 550, "5.7.1", "Invalid credentials for relay", "log in with AUTH"},
    {STAGE_MAIL, 552, "", "", "SIZE in the EHLO reply"},
    {STAGE_MAIL, 552, "5.3.4", "", "SIZE in the EHLO reply"},
    {STAGE_MAIL, 552, "", "message size exceeds", "SIZE in the EHLO reply"},
    {STAGE_DATA, 554, "", "", "no valid recipient"},
};

static void what_is_not_offered_is_not_advised(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(not_offered) / sizeof(not_offered[0]); i++) {
        struct refusal refusal = refusal_of(STAGE_MAIL, 550, "");
        refusal.in_tls = false;
        refusal.starttls = NOT_OFFERED;
        refusal.no_login = refusal.no_size = refusal.recipient_accepted = true;
        untrue_is_not_said(&not_offered[i], refusal);
    }
    struct refusal refusal = refusal_of(STAGE_AUTH, 538, "5.7.11");
    refusal.server_in_clear = true;
    assert_non_null(strstr(reply_words_of(&refusal)->advice, "--server-tls none"));
}

// Sentences that many servers say do not name one of them, and a word in passing says nothing.
static const struct {
    enum refusal_stage stage;
    const char *text;
} unknown[] = {
    {STAGE_RCPT, ""},
    {STAGE_RCPT, "no"},
    {STAGE_RCPT, "marblehead.example says no"},
    {STAGE_AUTH, "Authentication unsuccessful"},
    {STAGE_AUTH, "Authentication Credentials Invalid"},
    {STAGE_AUTH, "Username and Password not accepted"},
    {STAGE_AUTH, "User unknown"},
    {STAGE_AUTH, "mailbox full"},
    {STAGE_MAIL, "user unknown"},
    {STAGE_MESSAGE, "we have a policy against spam, see our page"},
    {STAGE_RCPT, "this is spam"},
    {STAGE_RCPT, "this message has exceeded the maximum of recipients"},
    {STAGE_MAIL, "your password may be wrong"},
};

static void texts_of_anybody_say_nothing(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
        struct refusal refusal = refusal_of(unknown[i].stage, 550, "");
        refusal.text = slice_of_string(unknown[i].text);
        if (reply_words_of_text(&refusal) != NULL) {
            fail_msg("'%s' says something", unknown[i].text);
        }
    }
    struct refusal listed = refusal_of(STAGE_MAIL, 550, "");
    listed.text = SLICE("listed (RBL)");
    assert_non_null(reply_words_of_text(&listed));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_registered_code_is_explained),
        cmocka_unit_test(nothing_is_said_that_the_stage_rules_out),
        cmocka_unit_test(nobody_is_advised_to_log_in_twice),
        cmocka_unit_test(codes_and_texts_are_put_into_words),
        cmocka_unit_test(what_was_seen_before_decides_too),
        cmocka_unit_test(what_the_session_contradicts_is_not_said),
        cmocka_unit_test(what_is_not_offered_is_not_advised),
        cmocka_unit_test(texts_of_anybody_say_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
