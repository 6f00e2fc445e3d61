// SPDX-License-Identifier: MIT
// What servers mean by their own words, the more telling ones first: the first row whose words
// are in the reply, and whose stage fits, explains it.
#include "inspect/reply_texts.h"

#include "base/text.h"

#include <string.h>

enum { MARKS_MAX = 5 };

// What the replies of a provider have in them.
static const char *const marks[][MARKS_MAX] = {
    [ANYBODY] = {NULL},
    [GOOGLE] = {"gsmtp", "google.com", "googlemail.com", NULL},
    [MICROSOFT] = {"outlook.com", "office365.com", "microsoft", "office.com", NULL},
    [YAHOO] = {"yahoo", "yahoodns.net", "aol.com", NULL},
    [AMAZON] = {"Amazon", "amazonaws.com", "amazonses.com", NULL},
};

static const struct text_row rows[] = {
    // ── block lists ──
    {"bad DNS PTR", ANYBODY, AT_ANY, NO_REVERSE_DNS},
    {"spamhaus",
     ANYBODY,
     AT_ANY,
     {"the sending address is on a Spamhaus block list", "look it up at check.spamhaus.org"}},
    {"spamcop",
     ANYBODY,
     AT_ANY,
     {"the sending address is on the SpamCop block list", "look it up at spamcop.net"}},
    {"barracudacentral",
     ANYBODY,
     AT_ANY,
     {"the sending address is on Barracuda's block list", "look it up at barracudacentral.org"}},
    {"sorbs.net",
     ANYBODY,
     AT_ANY,
     {"the sending address is on a SORBS block list", "send from another one"}},
    {"ipcheck.proofpoint.com",
     ANYBODY,
     AT_ANY,
     {"Proofpoint has blocked the sending address", "look it up at ipcheck.proofpoint.com"}},
    {"blocklist", ANYBODY, AT_START | AT_MAIL_OR_LATER, ON_BLOCK_LIST},
    {"block list", ANYBODY, AT_START | AT_MAIL_OR_LATER, ON_BLOCK_LIST},
    {"blacklist", ANYBODY, AT_START | AT_MAIL_OR_LATER, ON_BLOCK_LIST},
    {"black listed", ANYBODY, AT_START | AT_MAIL_OR_LATER, ON_BLOCK_LIST},
    {"DNSBL", ANYBODY, AT_START | AT_MAIL_OR_LATER, ON_BLOCK_LIST},
    {"RBL", ANYBODY, AT_START | AT_MAIL_OR_LATER, ON_BLOCK_LIST},
    // ── Postfix, Exim, qmail, Exchange and others, by stage ──
    {"greylist", ANYBODY, AT_MAIL_OR_LATER, GREYLISTED},
    {"graylist", ANYBODY, AT_MAIL_OR_LATER, GREYLISTED},
    {"grey-list", ANYBODY, AT_MAIL_OR_LATER, GREYLISTED},
    {"smtplf.html", ANYBODY, AT_MESSAGE, BARE_LF},
    {"bare LF", ANYBODY, AT_MESSAGE, BARE_LF},
    {"bare newline", ANYBODY, AT_MESSAGE, BARE_LF},
    {"bare <LF>", ANYBODY, AT_MESSAGE, BARE_LF},
    {"bare linefeed", ANYBODY, AT_MESSAGE, BARE_LF},
    {"bare line feed", ANYBODY, AT_MESSAGE, BARE_LF},
    {"BareLinefeed", ANYBODY, AT_MESSAGE, BARE_LF},
    {"bare CR",
     ANYBODY,
     AT_MESSAGE,
     {"the message has a CR with no LF after it", "end every line in CR LF"}},
    {"bare <CR>",
     ANYBODY,
     AT_MESSAGE,
     {"the message has a CR with no LF after it", "end every line in CR LF"}},
    {"line too long", ANYBODY, AT_MESSAGE, LONG_LINE},
    {"lines longer than", ANYBODY, AT_MESSAGE, LONG_LINE},
    {"line longer than", ANYBODY, AT_MESSAGE, LONG_LINE},
    {"allowed line length", ANYBODY, AT_MESSAGE, LONG_LINE},
    {"line too long",
     ANYBODY,
     AT_COMMAND,
     {"the command's line is longer than the server takes", "make it shorter"}},
    {"Improper use of SMTP command pipelining",
     ANYBODY,
     AT_ANY,
     {"the client sent a command before it had the answer to the one before",
      "wait for each answer, or pipeline as the EHLO reply and RFC 2920 allow"}},
    {"Relaying disallowed as", ANYBODY, AT_MAIL_OR_LATER, NOT_AS_SENDER},
    {"Relay access denied", ANYBODY, AT_MAIL_OR_LATER, NO_RELAY},
    {"relay not permitted", ANYBODY, AT_MAIL_OR_LATER, NO_RELAY},
    {"relaying denied", ANYBODY, AT_MAIL_OR_LATER, NO_RELAY},
    {"relay denied", ANYBODY, AT_MAIL_OR_LATER, NO_RELAY},
    {"unable to relay", ANYBODY, AT_MAIL_OR_LATER, NO_RELAY},
    {"rcpthosts", ANYBODY, AT_MAIL_OR_LATER, NO_RELAY},
    {"Sender address rejected: not logged in",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"the sender's address belongs to a user, and the client has not logged in",
      "log in with AUTH"}},
    {"client certificate",
     ANYBODY,
     AT_COMMAND,
     {"the server wants a certificate of the client that it trusts",
      "give the client one, and the proxy too (--server-certificate)"}},
    {"not owned by user", ANYBODY, AT_MAIL_OR_LATER, NOT_AS_SENDER},
    {"not owned by auth user", ANYBODY, AT_MAIL_OR_LATER, NOT_AS_SENDER},
    {"authentication required", ANYBODY, AT_MAIL_OR_LATER, NEEDS_LOGIN},
    {"authentication is required", ANYBODY, AT_MAIL_OR_LATER, NEEDS_LOGIN},
    {"AUTH is required", ANYBODY, AT_MAIL_OR_LATER, NEEDS_LOGIN},
    {"AUTH required", ANYBODY, AT_MAIL_OR_LATER, NEEDS_LOGIN},
    {"AUTH first", ANYBODY, AT_MAIL_OR_LATER, NEEDS_LOGIN},
    {"must authenticate", ANYBODY, AT_MAIL_OR_LATER, NEEDS_LOGIN},
    {"please authenticate", ANYBODY, AT_MAIL_OR_LATER, NEEDS_LOGIN},
    {"authenticate first", ANYBODY, AT_MAIL_OR_LATER, NEEDS_LOGIN},
    {"not authenticated", ANYBODY, AT_MAIL_OR_LATER, NEEDS_LOGIN},
    {"Unauthenticated senders", ANYBODY, AT_MAIL_OR_LATER, NEEDS_LOGIN},
    {"authentication not enabled",
     ANYBODY,
     AT_AUTH,
     {"the server has no login here, mostly since TLS has not begun",
      "use STARTTLS first, or another port (587 or 465)"}},
    {"rejected: Access denied",
     ANYBODY,
     AT_ANY,
     {"a rule of the server's operator forbids it", "ask the server's operator"}},
    {"Must issue a STARTTLS command first", ANYBODY, AT_COMMAND, NEEDS_TLS},
    {"must use TLS", ANYBODY, AT_COMMAND, NEEDS_TLS},
    {"TLS required", ANYBODY, AT_COMMAND, NEEDS_TLS},
    {"TLS is required", ANYBODY, AT_COMMAND, NEEDS_TLS},
    {"requires TLS", ANYBODY, AT_COMMAND, NEEDS_TLS},
    {"encryption required", ANYBODY, AT_COMMAND, NEEDS_TLS},
    {"account is locked", ANYBODY, AT_AUTH, NOT_ACTIVE},
    {"account is disabled", ANYBODY, AT_AUTH, NOT_ACTIVE},
    {"account disabled", ANYBODY, AT_AUTH, NOT_ACTIVE},
    {"account suspended", ANYBODY, AT_AUTH | AT_MAIL_OR_LATER, NOT_ACTIVE},
    {"Sender address rejected: User unknown",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"the sender's domain is the server's own, and has no such mailbox", "check MAIL FROM"}},
    {"Protocol error",
     ANYBODY,
     AT_GREETING,
     {"the server saw the client speak before its greeting was whole",
      "wait for the last line of the greeting"}},
    {"unverified address",
     ANYBODY,
     AT_RCPT,
     {"the server could not make sure that the mailbox exists",
      "try later, and check the address"}},
    {"Sender verify failed",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"the server has asked the sender's domain, which takes no mail for the sender's address",
      "check MAIL FROM; it must be an address that exists"}},
    {"cannot deliver mail for",
     ANYBODY,
     AT_RCPT_OR_LATER,
     {"the server takes no mail for this recipient: it does not know the domain or the mailbox",
      "check the address, and log in first if the domain is not the server's own"}},
    {"Service unavailable - try again later",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"a filter that the server asks (milter) does not answer", "try again later"}},
    {"User unknown", ANYBODY, AT_RCPT_OR_LATER, NO_MAILBOX},
    {"No such user", ANYBODY, AT_RCPT_OR_LATER, NO_MAILBOX},
    {"unknown user", ANYBODY, AT_RCPT_OR_LATER, NO_MAILBOX},
    {"mailbox not found", ANYBODY, AT_RCPT_OR_LATER, NO_MAILBOX},
    {"no such recipient", ANYBODY, AT_RCPT_OR_LATER, NO_MAILBOX},
    {"no valid recipients",
     ANYBODY,
     AT_DATA | AT_MESSAGE,
     {"every RCPT was refused", "look at the refusals before"}},
    {"Valid RCPT command must precede",
     ANYBODY,
     AT_DATA | AT_MESSAGE,
     {"no RCPT was accepted before", "look at the refusals before"}},
    {"message size exceeds",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"the message is larger than the server takes",
      "make it smaller; SIZE in the EHLO reply says the limit"}},
    {"too many errors",
     ANYBODY,
     AT_COMMAND,
     {"too many commands of this session were refused", "look at the refusals before"}},
    {"Syntax should be",
     ANYBODY,
     AT_MAIL | AT_RCPT,
     {"the command is not well-formed", "write it as the server's text shows"}},
    {"timeout exceeded", ANYBODY, AT_ANY, IDLE_TOO_LONG},
    {"Timeout waiting", ANYBODY, AT_ANY, IDLE_TOO_LONG},
    {"Timeout - closing", ANYBODY, AT_ANY, IDLE_TOO_LONG},
    {"i/o timeout", ANYBODY, AT_ANY, IDLE_TOO_LONG},
    {"Idle timeout", ANYBODY, AT_ANY, IDLE_TOO_LONG},
    {"SMTP synchronization error",
     ANYBODY,
     AT_ANY,
     {"the client sent something before it had the answer to what it sent before",
      "wait for the greeting and for each answer"}},
    {"Helo command rejected", ANYBODY, AT_MAIL_OR_LATER, BAD_HELLO_NAME},
    {"Invalid HELO name", ANYBODY, AT_MAIL_OR_LATER, BAD_HELLO_NAME},
    {"HELO argument", ANYBODY, AT_MAIL_OR_LATER, BAD_HELLO_NAME},
    {"Helo command rejected",
     ANYBODY,
     AT_HELLO,
     {"the server does not like the name in EHLO or HELO",
      "give the client's own full host name, which should resolve"}},
    {"need fully-qualified address",
     ANYBODY,
     AT_MAIL | AT_RCPT,
     {"the server requires an address with a full domain", "give user@host.example.com"}},
    {"need fully-qualified",
     ANYBODY,
     AT_HELLO,
     {"the server requires a full host name in EHLO", "give host.example.com"}},
    {"Sender address rejected: Domain not found",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"the sender's domain does not exist in DNS", "check MAIL FROM"}},
    {"cannot find your hostname", ANYBODY, AT_ANY, NO_REVERSE_DNS},
    {"cannot find your reverse hostname", ANYBODY, AT_ANY, NO_REVERSE_DNS},
    {"reverse DNS", ANYBODY, AT_ANY, NO_REVERSE_DNS},
    {"PTR record", ANYBODY, AT_ANY, NO_REVERSE_DNS},
    {"DMARC", ANYBODY, AT_MESSAGE, FAILS_DMARC},
    {"too many connections",
     ANYBODY,
     AT_ANY,
     {"too many connections at once", "open fewer, and reuse them"}},
    {"too many concurrent",
     ANYBODY,
     AT_ANY,
     {"too many connections at once", "open fewer, and reuse them"}},
    {"too many messages", ANYBODY, AT_ANY, TOO_FAST},
    {"too many emails per", ANYBODY, AT_ANY, TOO_FAST},
    {"too much mail from", ANYBODY, AT_ANY, TOO_FAST},
    {"max defers and failures per hour", ANYBODY, AT_MAIL_OR_LATER, OVER_HOSTERS_LIMIT},
    {"max emails per hour", ANYBODY, AT_MAIL_OR_LATER, OVER_HOSTERS_LIMIT},
    {"rate limit", ANYBODY, AT_ANY, TOO_FAST},
    {"throttl", ANYBODY, AT_ANY, TOO_FAST},
    {"over quota", ANYBODY, AT_RCPT_OR_LATER, MAILBOX_FULL},
    {"mailbox full", ANYBODY, AT_RCPT_OR_LATER, MAILBOX_FULL},
    {"mailbox is full", ANYBODY, AT_RCPT_OR_LATER, MAILBOX_FULL},
    {"infected with", ANYBODY, AT_MESSAGE, FOUND_VIRUS},
    {"virus", ANYBODY, AT_MESSAGE, FOUND_VIRUS},
    {"hop count exceeded", ANYBODY, AT_MESSAGE, IN_CIRCLES},
    {"too many hops", ANYBODY, AT_MESSAGE, IN_CIRCLES},
    {"SPF check failed", ANYBODY, AT_MAIL_OR_LATER, FAILS_SPF},
    {"SPF validation failed", ANYBODY, AT_MAIL_OR_LATER, FAILS_SPF},
    {"SPF fail", ANYBODY, AT_MAIL_OR_LATER, FAILS_SPF},
    {"as spam", ANYBODY, AT_MESSAGE, TAKEN_FOR_SPAM},
    {"suspicion of spam", ANYBODY, AT_MESSAGE, TAKEN_FOR_SPAM},
    {"is spam", ANYBODY, AT_MESSAGE, TAKEN_FOR_SPAM},
    {"be spam", ANYBODY, AT_MESSAGE, TAKEN_FOR_SPAM},
    {"like spam", ANYBODY, AT_MESSAGE, TAKEN_FOR_SPAM},
    {"spam message rejected", ANYBODY, AT_MESSAGE, TAKEN_FOR_SPAM},
    {"spam detected", ANYBODY, AT_MESSAGE, TAKEN_FOR_SPAM},
    // Before the message is there it is the sender or the account that counts.
    {"spam detected", ANYBODY, AT_MAIL | AT_RCPT | AT_DATA, BLOCKED_FOR_SPAM},
    {"blocked for spam", ANYBODY, AT_MAIL_OR_LATER, BLOCKED_FOR_SPAM},
    {"sending spam", ANYBODY, AT_MAIL_OR_LATER, BLOCKED_FOR_SPAM},
    {"because of spam", ANYBODY, AT_MAIL_OR_LATER, BLOCKED_FOR_SPAM},
    {"account locked", ANYBODY, AT_AUTH | AT_MAIL_OR_LATER, NOT_ACTIVE},
};

// Where a word begins, since a domain like marblehead.example has RBL in it.
static bool says(struct slice text, struct slice words) {
    size_t at = 0;
    for (;;) {
        size_t found = slice_find_nocase(slice_from(text, at), words);
        if (found == SLICE_NONE) {
            return false;
        }
        at += found;
        if (at == 0 || !text_is_alnum(text.data[at - 1])) {
            return true;
        }
        at++;
    }
}

static bool is_of(enum provider provider, struct slice text) {
    if (provider == ANYBODY) {
        return true;
    }
    for (size_t i = 0; marks[provider][i] != NULL; i++) {
        if (says(text, slice_of_string(marks[provider][i]))) {
            return true;
        }
    }
    return false;
}

static const struct reply_words *find(struct text_rows table, const struct refusal *refusal) {
    for (size_t i = 0; i < table.count; i++) {
        const struct text_row *row = &table.rows[i];
        if (refusal_is_at(refusal, row->stages) &&
            says(refusal->text, slice_of_string(row->says)) &&
            is_of(row->provider, refusal->text)) {
            return &row->words;
        }
    }
    return NULL;
}

const struct reply_words *reply_words_of_text(const struct refusal *refusal) {
    const struct text_rows others = {rows, sizeof(rows) / sizeof(rows[0])};
    const struct reply_words *words = find(reply_texts_of_providers(), refusal);
    return words == NULL ? find(others, refusal) : words;
}

bool reply_words_want_login(const struct reply_words *words) {
    return strcmp(words->meaning, LOGIN_MISSING) == 0;
}
