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
    SAYS("bad DNS PTR", AT_ANY, NO_REVERSE_DNS),
    SAYS("spamhaus", AT_ANY, "the sending address is on a Spamhaus block list",
         "look it up at check.spamhaus.org"),
    SAYS("spamcop", AT_ANY, "the sending address is on the SpamCop block list",
         "look it up at spamcop.net"),
    SAYS("barracudacentral", AT_ANY, "the sending address is on Barracuda's block list",
         "look it up at barracudacentral.org"),
    SAYS("sorbs.net", AT_ANY, "the sending address is on a SORBS block list",
         "send from another one"),
    SAYS("ipcheck.proofpoint.com", AT_ANY, "Proofpoint has blocked the sending address",
         "look it up at ipcheck.proofpoint.com"),
    SAYS("blocklist", AT_START | AT_MAIL_OR_LATER, ON_BLOCK_LIST),
    SAYS("block list", AT_START | AT_MAIL_OR_LATER, ON_BLOCK_LIST),
    SAYS("blacklist", AT_START | AT_MAIL_OR_LATER, ON_BLOCK_LIST),
    SAYS("black listed", AT_START | AT_MAIL_OR_LATER, ON_BLOCK_LIST),
    SAYS("DNSBL", AT_START | AT_MAIL_OR_LATER, ON_BLOCK_LIST),
    SAYS("RBL", AT_START | AT_MAIL_OR_LATER, ON_BLOCK_LIST),
    // ── Postfix, Exim, qmail, Exchange and others, by stage ──
    SAYS("greylist", AT_MAIL_OR_LATER, GREYLISTED),
    SAYS("graylist", AT_MAIL_OR_LATER, GREYLISTED),
    SAYS("grey-list", AT_MAIL_OR_LATER, GREYLISTED),
    SAYS("smtplf.html", AT_MESSAGE, BARE_LF),
    SAYS("bare LF", AT_MESSAGE, BARE_LF),
    SAYS("bare newline", AT_MESSAGE, BARE_LF),
    SAYS("bare <LF>", AT_MESSAGE, BARE_LF),
    SAYS("bare linefeed", AT_MESSAGE, BARE_LF),
    SAYS("bare line feed", AT_MESSAGE, BARE_LF),
    SAYS("BareLinefeed", AT_MESSAGE, BARE_LF),
    SAYS("bare CR", AT_MESSAGE, "the message has a CR with no LF after it",
         "end every line in CR LF"),
    SAYS("bare <CR>", AT_MESSAGE, "the message has a CR with no LF after it",
         "end every line in CR LF"),
    SAYS("line too long", AT_MESSAGE, LONG_LINE),
    SAYS("lines longer than", AT_MESSAGE, LONG_LINE),
    SAYS("line longer than", AT_MESSAGE, LONG_LINE),
    SAYS("allowed line length", AT_MESSAGE, LONG_LINE),
    SAYS("line too long", AT_COMMAND, "the command's line is longer than the server takes",
         "make it shorter"),
    SAYS("Improper use of SMTP command pipelining", AT_ANY,
         "the client sent a command before it had the answer to the one before",
         "wait for each answer, or pipeline as the EHLO reply and RFC 2920 allow"),
    SAYS("Relaying disallowed as", AT_MAIL_OR_LATER, NOT_AS_SENDER),
    SAYS("Relay access denied", AT_MAIL_OR_LATER, NO_RELAY),
    SAYS("relay not permitted", AT_MAIL_OR_LATER, NO_RELAY),
    SAYS("relaying denied", AT_MAIL_OR_LATER, NO_RELAY),
    SAYS("relay denied", AT_MAIL_OR_LATER, NO_RELAY),
    SAYS("unable to relay", AT_MAIL_OR_LATER, NO_RELAY),
    SAYS("rcpthosts", AT_MAIL_OR_LATER, NO_RELAY),
    SAYS("Sender address rejected: not logged in", AT_MAIL_OR_LATER, SENDER_OF_A_USER,
         "log in with AUTH"),
    SAYS("client certificate", AT_COMMAND,
         "the server wants a certificate of the client that it trusts",
         "give the client one, and the proxy too (--server-certificate)"),
    SAYS("not owned by user", AT_MAIL_OR_LATER, NOT_AS_SENDER),
    SAYS("not owned by auth user", AT_MAIL_OR_LATER, NOT_AS_SENDER),
    SAYS("authentication required", AT_MAIL_OR_LATER, NEEDS_LOGIN),
    SAYS("authentication is required", AT_MAIL_OR_LATER, NEEDS_LOGIN),
    SAYS("AUTH is required", AT_MAIL_OR_LATER, NEEDS_LOGIN),
    SAYS("AUTH required", AT_MAIL_OR_LATER, NEEDS_LOGIN),
    SAYS("AUTH first", AT_MAIL_OR_LATER, NEEDS_LOGIN),
    SAYS("must authenticate", AT_MAIL_OR_LATER, NEEDS_LOGIN),
    SAYS("please authenticate", AT_MAIL_OR_LATER, NEEDS_LOGIN),
    SAYS("authenticate first", AT_MAIL_OR_LATER, NEEDS_LOGIN),
    SAYS("not authenticated", AT_MAIL_OR_LATER, NEEDS_LOGIN),
    SAYS("Unauthenticated senders", AT_MAIL_OR_LATER, NEEDS_LOGIN),
    SAYS("authentication not enabled", AT_AUTH,
         "the server has no login here, mostly since TLS has not begun",
         "use STARTTLS first, or another port (587 or 465)"),
    SAYS("rejected: Access denied", AT_ANY, "a rule of the server's operator forbids it",
         "ask the server's operator"),
    SAYS("Must issue a STARTTLS command first", AT_COMMAND, NEEDS_TLS),
    SAYS("must use TLS", AT_COMMAND, NEEDS_TLS),
    SAYS("TLS required", AT_COMMAND, NEEDS_TLS),
    SAYS("TLS is required", AT_COMMAND, NEEDS_TLS),
    SAYS("requires TLS", AT_COMMAND, NEEDS_TLS),
    SAYS("encryption required", AT_COMMAND, NEEDS_TLS),
    SAYS("account is locked", AT_AUTH, NOT_ACTIVE),
    SAYS("account is disabled", AT_AUTH, NOT_ACTIVE),
    SAYS("account disabled", AT_AUTH, NOT_ACTIVE),
    SAYS("account suspended", AT_AUTH | AT_MAIL_OR_LATER, NOT_ACTIVE),
    SAYS("Sender address rejected: User unknown", AT_MAIL_OR_LATER,
         "the sender's domain is the server's own, and has no such mailbox", "check MAIL FROM"),
    SAYS("Protocol error", AT_GREETING,
         "the server saw the client speak before its greeting was whole",
         "wait for the last line of the greeting"),
    SAYS("unverified address", AT_RCPT, "the server could not make sure that the mailbox exists",
         "try later, and check the address"),
    SAYS("Sender verify failed", AT_MAIL_OR_LATER,
         "the server has asked the sender's domain, which takes no mail for the sender's address",
         "check MAIL FROM; it must be an address that exists"),
    SAYS("cannot deliver mail for", AT_RCPT_OR_LATER, UNKNOWN_TARGET,
         "check the address, and log in first if the domain is not the server's own"),
    SAYS("Service unavailable - try again later", AT_MAIL_OR_LATER,
         "a filter that the server asks (milter) does not answer", "try again later"),
    SAYS("User unknown", AT_RCPT_OR_LATER, NO_MAILBOX),
    SAYS("No such user", AT_RCPT_OR_LATER, NO_MAILBOX),
    SAYS("unknown user", AT_RCPT_OR_LATER, NO_MAILBOX),
    SAYS("mailbox not found", AT_RCPT_OR_LATER, NO_MAILBOX),
    SAYS("no such recipient", AT_RCPT_OR_LATER, NO_MAILBOX),
    SAYS("no valid recipients", AT_DATA | AT_MESSAGE, "every RCPT was refused",
         "look at the refusals before"),
    SAYS("Valid RCPT command must precede", AT_DATA | AT_MESSAGE, "no RCPT was accepted before",
         "look at the refusals before"),
    SAYS("message size exceeds", AT_MAIL_OR_LATER, TOO_LARGE,
         "make it smaller; SIZE in the EHLO reply says the limit"),
    SAYS("too many errors", AT_COMMAND, "too many commands of this session were refused",
         "look at the refusals before"),
    SAYS("Syntax should be", AT_MAIL | AT_RCPT, "the command is not well-formed",
         "write it as the server's text shows"),
    SAYS("timeout exceeded", AT_ANY, IDLE_TOO_LONG),
    SAYS("Timeout waiting", AT_ANY, IDLE_TOO_LONG),
    SAYS("Timeout - closing", AT_ANY, IDLE_TOO_LONG),
    SAYS("i/o timeout", AT_ANY, IDLE_TOO_LONG),
    SAYS("Idle timeout", AT_ANY, IDLE_TOO_LONG),
    SAYS("SMTP synchronization error", AT_ANY,
         "the client sent something before it had the answer to what it sent before",
         "wait for the greeting and for each answer"),
    SAYS("Helo command rejected", AT_MAIL_OR_LATER, BAD_HELLO_NAME),
    SAYS("Invalid HELO name", AT_MAIL_OR_LATER, BAD_HELLO_NAME),
    SAYS("HELO argument", AT_MAIL_OR_LATER, BAD_HELLO_NAME),
    SAYS("Helo command rejected", AT_HELLO, "the server does not like the name in EHLO or HELO",
         "give the client's own full host name, which should resolve"),
    SAYS("need fully-qualified address", AT_MAIL | AT_RCPT,
         "the server requires an address with a full domain", "give user@host.example.com"),
    SAYS("need fully-qualified", AT_HELLO, "the server requires a full host name in EHLO",
         "give host.example.com"),
    SAYS("Sender address rejected: Domain not found", AT_MAIL_OR_LATER,
         "the sender's domain does not exist in DNS", "check MAIL FROM"),
    SAYS("cannot find your hostname", AT_ANY, NO_REVERSE_DNS),
    SAYS("cannot find your reverse hostname", AT_ANY, NO_REVERSE_DNS),
    SAYS("reverse DNS", AT_ANY, NO_REVERSE_DNS),
    SAYS("PTR record", AT_ANY, NO_REVERSE_DNS),
    SAYS("DMARC", AT_MESSAGE, FAILS_DMARC),
    SAYS("too many connections", AT_ANY, "too many connections at once",
         "open fewer, and reuse them"),
    SAYS("too many concurrent", AT_ANY, "too many connections at once",
         "open fewer, and reuse them"),
    SAYS("too many messages", AT_ANY, TOO_FAST),
    SAYS("too many emails per", AT_ANY, TOO_FAST),
    SAYS("too much mail from", AT_ANY, TOO_FAST),
    SAYS("max defers and failures per hour", AT_MAIL_OR_LATER, OVER_HOSTERS_LIMIT),
    SAYS("max emails per hour", AT_MAIL_OR_LATER, OVER_HOSTERS_LIMIT),
    SAYS("rate limit", AT_ANY, TOO_FAST),
    SAYS("throttl", AT_ANY, TOO_FAST),
    SAYS("over quota", AT_RCPT_OR_LATER, MAILBOX_FULL),
    SAYS("mailbox full", AT_RCPT_OR_LATER, MAILBOX_FULL),
    SAYS("mailbox is full", AT_RCPT_OR_LATER, MAILBOX_FULL),
    SAYS("infected with", AT_MESSAGE, FOUND_VIRUS),
    SAYS("virus", AT_MESSAGE, FOUND_VIRUS),
    SAYS("hop count exceeded", AT_MESSAGE, IN_CIRCLES),
    SAYS("too many hops", AT_MESSAGE, IN_CIRCLES),
    SAYS("SPF check failed", AT_MAIL_OR_LATER, FAILS_SPF),
    SAYS("SPF validation failed", AT_MAIL_OR_LATER, FAILS_SPF),
    SAYS("SPF fail", AT_MAIL_OR_LATER, FAILS_SPF),
    SAYS("as spam", AT_MESSAGE, TAKEN_FOR_SPAM),
    SAYS("suspicion of spam", AT_MESSAGE, TAKEN_FOR_SPAM),
    SAYS("is spam", AT_MESSAGE, TAKEN_FOR_SPAM),
    SAYS("be spam", AT_MESSAGE, TAKEN_FOR_SPAM),
    SAYS("like spam", AT_MESSAGE, TAKEN_FOR_SPAM),
    SAYS("spam message rejected", AT_MESSAGE, TAKEN_FOR_SPAM),
    SAYS("spam detected", AT_MESSAGE, TAKEN_FOR_SPAM),
    // Before the message is there it is the sender or the account that counts.
    SAYS("spam detected", AT_MAIL | AT_RCPT | AT_DATA, BLOCKED_FOR_SPAM),
    SAYS("blocked for spam", AT_MAIL_OR_LATER, BLOCKED_FOR_SPAM),
    SAYS("sending spam", AT_MAIL_OR_LATER, BLOCKED_FOR_SPAM),
    SAYS("because of spam", AT_MAIL_OR_LATER, BLOCKED_FOR_SPAM),
    SAYS("account locked", AT_AUTH | AT_MAIL_OR_LATER, NOT_ACTIVE),
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

// Instead of words that the session shows to be no explanation. Many rows share a meaning, which is
// why a condition is here at the meaning.
static const struct reply_words *contrary_of(const struct reply_words *words,
                                             const struct refusal *refusal) {
    static const struct {
        const char *meaning;
        enum refusal_when when;
        struct reply_words words;
    } contraries[] = {
        {LOGIN_MISSING, LOGGED_IN, {WANTS_LOGIN_AGAIN}},
        {LOGIN_MISSING, NO_LOGIN, {LOGIN_NOT_OFFERED}},
        {TLS_MISSING, SERVER_IN_CLEAR, {SERVER_WANTS_TLS}},
        {TLS_MISSING, IN_TLS, {WANTS_TLS_AGAIN}},
        {TLS_MISSING, NO_STARTTLS, {TLS_NOT_OFFERED}},
        {RELAY_REFUSED,
         LOGGED_IN,
         {"the server does not relay for this user to that domain",
          "see whether this user may send to other domains"}},
        {RELAY_REFUSED,
         NO_LOGIN,
         {RELAY_REFUSED ", and offers no login here",
          "send to the domain's own server, or to a port with AUTH (587 or 465)"}},
        {SENDER_OF_A_USER, LOGGED_IN, {NOT_AS_SENDER}},
        {SENDER_OF_A_USER,
         NO_LOGIN,
         {SENDER_OF_A_USER, "use the server's port of submission (587 or 465)"}},
        {UNKNOWN_TARGET, LOGGED_IN, {UNKNOWN_TARGET, "check the address"}},
        {UNKNOWN_TARGET, NO_LOGIN, {UNKNOWN_TARGET, "check the address"}},
        {UNKNOWN_TO_RELAY,
         LOGGED_IN,
         {UNKNOWN_TO_RELAY ", though it has accepted a login",
          "add the address in the relay's settings, and check the user's rights"}},
        {UNKNOWN_TO_RELAY, NO_LOGIN, {UNKNOWN_TO_RELAY, "add the address in the relay's settings"}},
        {TOO_LARGE, NO_SIZE, {TOO_LARGE, "make it smaller"}},
    };
    for (size_t i = 0; i < sizeof(contraries) / sizeof(contraries[0]); i++) {
        if (strcmp(words->meaning, contraries[i].meaning) == 0 &&
            refusal_holds(refusal, contraries[i].when)) {
            return &contraries[i].words;
        }
    }
    return words;
}

const struct reply_words *reply_words_of_text(const struct refusal *refusal) {
    const struct text_rows others = {rows, sizeof(rows) / sizeof(rows[0])};
    if (refusal->text.len == 0) {
        return NULL;
    }
    const struct reply_words *words = find(reply_texts_of_providers(), refusal);
    words = words == NULL ? find(others, refusal) : words;
    return words == NULL ? NULL : contrary_of(words, refusal);
}

bool reply_words_want_login(const struct reply_words *words) {
    return strcmp(words->meaning, LOGIN_MISSING) == 0;
}
