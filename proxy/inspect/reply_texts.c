// SPDX-License-Identifier: MIT
// What servers mean by their own words, the more telling ones first: the first row whose words
// stand in the reply, and whose stage fits, explains it. A provider is named only where the reply
// could be of no other: by words that it alone uses, or by its name in the reply.
#include "inspect/reply_parts.h"

#include "base/text.h"

enum provider { ANYBODY, GOOGLE, MICROSOFT, YAHOO, AMAZON };

enum { MARKS_MAX = 5 };

// What stands in the replies of a provider.
static const char *const marks[][MARKS_MAX] = {
    [ANYBODY] = {NULL},
    [GOOGLE] = {"gsmtp", "google.com", "googlemail.com", NULL},
    [MICROSOFT] = {"outlook.com", "office365.com", "microsoft", "office.com", NULL},
    [YAHOO] = {"yahoo", "yahoodns.net", "aol.com", NULL},
    [AMAZON] = {"Amazon", "amazonaws.com", "amazonses.com", NULL},
};

struct text_row {
    const char *says;
    enum provider provider;
    int stages;
    struct reply_words words;
};

#define NO_RELAY                                                                                   \
    {                                                                                              \
        "the server does not relay for strangers to that domain",                                  \
            "log in with AUTH, or send to the domain's own server"                                 \
    }
#define NO_MAILBOX                                                                                 \
    { "there is no such mailbox", "check the part before the @" }
#define MAILBOX_FULL                                                                               \
    { "the mailbox is full", "try later, or ask the recipient to make room" }
#define GREYLISTED                                                                                 \
    {                                                                                              \
        "the server greylists: it puts off the first try of a sender that it does not know",       \
            "try again in some minutes, from the same address"                                     \
    }
#define NEEDS_TLS                                                                                  \
    { "TLS is needed first", "use STARTTLS" }
#define NOT_AS_SENDER                                                                              \
    {                                                                                              \
        "the user that logged in may not send as this sender",                                     \
            "use the user's own address in MAIL FROM, or give the user the right to this one"      \
    }
#define NO_REVERSE_DNS                                                                             \
    {                                                                                              \
        "the sending address has no reverse DNS name that fits",                                   \
            "give it a PTR record whose name points back to it"                                    \
    }
#define ON_BLOCK_LIST                                                                              \
    { "the sending address is on a block list", "look it up there and ask for removal" }
#define UNPROVEN                                                                                   \
    { "neither SPF nor DKIM proves the sender", "set up SPF and DKIM for the domain in From" }
#define FAILS_DMARC                                                                                \
    {                                                                                              \
        "the message fails the DMARC policy of the domain in From",                                \
            "send it by a server that the domain's SPF or DKIM covers"                             \
    }
#define TAKEN_FOR_SPAM                                                                             \
    { "the server's filter takes the message for spam", "check content, SPF, DKIM and reputation" }
#define TOO_FAST                                                                                   \
    { "messages come faster than the server allows", "send more slowly" }
#define QUOTA_USED                                                                                 \
    { "this account has sent as much as it may in a day", "wait, or raise the account's quota" }

static const struct text_row rows[] = {
    // ── Google ──
    {"Username and Password not accepted",
     GOOGLE,
     AT_AUTH,
     {"Google does not take this user name and password",
      "use an application password or OAuth; the account's own password does not work for SMTP"}},
    {"Application-specific password required",
     ANYBODY,
     AT_AUTH,
     {"the account has two-step verification",
      "make an application password in the account's security settings and use that"}},
    {"Please log in via your web browser",
     ANYBODY,
     AT_AUTH,
     {"the provider suspects this login",
      "sign in once with a browser, then use OAuth or an application password"}},
    {"Too many login attempts",
     ANYBODY,
     AT_AUTH,
     {"too many logins in a short time", "wait, and keep one session for several messages"}},
    {"presents a potential security issue",
     ANYBODY,
     AT_MESSAGE,
     {"the server blocks an attachment or a link of the message",
      "leave out executable files and archives that hold them"}},
    {"does not have authentication information", ANYBODY, AT_MAIL_OR_LATER, UNPROVEN},
    {"sender is unauthenticated", ANYBODY, AT_MAIL_OR_LATER, UNPROVEN},
    {"is unauthenticated, which poses a security risk", ANYBODY, AT_MAIL_OR_LATER, UNPROVEN},
    {"Unauthenticated email from", ANYBODY, AT_MAIL_OR_LATER, FAILS_DMARC},
    {"Invalid credentials for relay",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"the relay knows neither the sending address nor the user",
      "add the address in the relay's settings, or log in with AUTH"}},
    {"unusual rate of unsolicited mail",
     ANYBODY,
     AT_ANY,
     {"the server gets too much unwanted mail from this address", "slow down and clean the list"}},
    {"likely unsolicited mail", ANYBODY, AT_MESSAGE, TAKEN_FOR_SPAM},
    {"likely suspicious due to the very low reputation",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"the sender's reputation with the server is very low",
      "send wanted mail only, with SPF, DKIM and DMARC"}},
    {"is not authorized to send email directly",
     ANYBODY,
     AT_ANY,
     {"the server takes no mail from home or dynamic addresses",
      "send through your provider's relay"}},
    {"does not meet IPv6 sending guidelines",
     ANYBODY,
     AT_ANY,
     {"the sending IPv6 address has no PTR record or the domain no SPF and DKIM",
      "set them up, or send over IPv4"}},
    {"sending quota", ANYBODY, AT_MAIL_OR_LATER, QUOTA_USED},
    {"user sending limit", ANYBODY, AT_MAIL_OR_LATER, QUOTA_USED},
    {"Daily message quota exceeded", ANYBODY, AT_MAIL_OR_LATER, QUOTA_USED},
    {"receiving mail at a rate that prevents",
     ANYBODY,
     AT_RCPT_OR_LATER,
     {"the recipient gets mail too fast", "try again later"}},
    {"receiving mail too quickly",
     ANYBODY,
     AT_RCPT_OR_LATER,
     {"the recipient gets mail too fast", "try again later"}},
    {"email account that you tried to reach does not exist",
     ANYBODY,
     AT_RCPT_OR_LATER,
     {"there is no such mailbox", "check the address for typing mistakes"}},
    {"invalid recipient address in the To header",
     ANYBODY,
     AT_MESSAGE,
     {"the To header has no valid address", "check the header"}},
    {"missing a valid address in From",
     ANYBODY,
     AT_MESSAGE,
     {"the From header has no valid address, or several", "give one address in From"}},
    {"missing a valid Message-ID",
     ANYBODY,
     AT_MESSAGE,
     {"the message has no Message-ID of the form <left@right>", "add one"}},
    // ── Microsoft ──
    {"SmtpClientAuthentication is disabled",
     ANYBODY,
     AT_AUTH,
     {"Microsoft 365 has SMTP AUTH switched off for this tenant or mailbox",
      "let an administrator switch on Authenticated SMTP for it, or use the Graph API"}},
    {"basic authentication is disabled",
     ANYBODY,
     AT_AUTH,
     {"the server takes no passwords any more", "use OAuth (AUTH XOAUTH2)"}},
    {"Authentication unsuccessful",
     MICROSOFT,
     AT_AUTH,
     {"the user name or password is wrong, or this mailbox may not use SMTP AUTH",
      "check both, and whether SMTP AUTH is on for the mailbox; or use OAuth"}},
    {"Client was not authenticated",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"the server wants a login before MAIL", "log in with AUTH before MAIL"}},
    {"Client not authenticated",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"the server wants a login before MAIL", "log in with AUTH before MAIL"}},
    {"SendAsDenied", ANYBODY, AT_MAIL_OR_LATER, NOT_AS_SENDER},
    {"does not have permissions to send as this sender", ANYBODY, AT_MAIL_OR_LATER, NOT_AS_SENDER},
    {"banned sending IP",
     ANYBODY,
     AT_ANY,
     {"Microsoft has blocked the sending address", "ask for delisting at sender.office.com"}},
    {"banned sender",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"the server has blocked the sender", "ask the server's operator"}},
    {"traffic not accepted from this IP",
     ANYBODY,
     AT_ANY,
     {"the server takes no mail from this address yet", "ask the server's operator"}},
    {"part of their network is on our block list",
     ANYBODY,
     AT_ANY,
     {"the server has blocked the network of the sending address",
      "ask its operator for delisting"}},
    {"doesn't meet the required authentication level",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"the sending domain lacks SPF, DKIM or DMARC, which the server wants",
      "publish all three and align them"}},
    {"bad outbound sender",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"the provider has blocked this user for what it sent",
      "an administrator can take it off the restricted users"}},
    {"RecipientNotFound", ANYBODY, AT_RCPT_OR_LATER, NO_MAILBOX},
    {"rejected: Access denied. AS(",
     ANYBODY,
     AT_RCPT_OR_LATER,
     {"there is no such mailbox at Microsoft 365", "check the address"}},
    {"RecipSizeLimit",
     ANYBODY,
     AT_RCPT_OR_LATER,
     {"the message is larger than the recipient allows", "make it smaller"}},
    {"STOREDRV.ClientSubmit",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"too many messages or connections at once for this mailbox at Microsoft 365",
      "at most 3 connections and 30 messages a minute are allowed"}},
    {"temporarily rate limited",
     ANYBODY,
     AT_ANY,
     {"the server gets too much from this address", "slow down and try later"}},
    {"Server busy. Please try again later from",
     ANYBODY,
     AT_ANY,
     {"the server slows this sender down", "try later, and send more slowly"}},
    // ── Yahoo ──
    {"unexpected volume or user complaints",
     ANYBODY,
     AT_ANY,
     {"the server slows this address down for its volume or for complaints",
      "send less, and only what is wanted"}},
    {"[TSS0",
     YAHOO,
     AT_ANY,
     {"Yahoo slows this address down for its volume or for complaints",
      "send less, and see Yahoo's Sender Hub"}},
    {"This user doesn't have a",
     YAHOO,
     AT_RCPT_OR_LATER,
     {"there is no such Yahoo mailbox", "check the address for typing mistakes"}},
    {"not accepted for policy reasons",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"policy forbids it", "read the page that the reply names"}},
    // ── services for applications ──
    {"Authentication Credentials Invalid",
     AMAZON,
     AT_AUTH,
     {"Amazon SES does not take these credentials",
      "use the SMTP credentials of its region; IAM keys do not work"}},
    {"Email address is not verified",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"the service does not know this sender, or in a sandbox this recipient (Amazon SES says so)",
      "verify the address or domain, in this region, or ask to leave the sandbox"}},
    {"Maximum sending rate exceeded", ANYBODY, AT_MAIL_OR_LATER, TOO_FAST},
    {"not authorized to perform `ses:",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"the Amazon IAM user lacks a right", "allow it ses:SendRawEmail for this identity"}},
    {"Sending paused",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"the service has paused sending for this account", "see the account's reputation page"}},
    {"Maximum credits exceeded",
     ANYBODY,
     AT_AUTH | AT_MAIL_OR_LATER,
     {"the plan's messages are used up", "upgrade or wait"}},
    {"does not match a verified Sender Identity",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"the service does not know this sender", "verify the sender or authenticate its domain"}},
    {"Sandbox subdomains are for test purposes",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"a sandbox domain sends to authorised recipients only",
      "add the recipient, or a domain of your own"}},
    {"is not a Sender Signature",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"Postmark does not know this sender", "add a sender signature"}},
    {"[CS01]", ANYBODY, AT_MESSAGE, TAKEN_FOR_SPAM},
    {"[HM08]", ANYBODY, AT_MESSAGE, TAKEN_FOR_SPAM},
    {"Ask your postmaster for help",
     ANYBODY,
     AT_ANY,
     {"the server does not know or trust the sending address",
      "give it a PTR record, and write to the address in the reply"}},
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
    {"DNSBL", ANYBODY, AT_START | AT_MAIL_OR_LATER, ON_BLOCK_LIST},
    {"RBL", ANYBODY, AT_START | AT_MAIL_OR_LATER, ON_BLOCK_LIST},
    // ── Postfix, Exim, qmail, Exchange and others, by stage ──
    {"greylist", ANYBODY, AT_MAIL_OR_LATER, GREYLISTED},
    {"graylist", ANYBODY, AT_MAIL_OR_LATER, GREYLISTED},
    {"grey-list", ANYBODY, AT_MAIL_OR_LATER, GREYLISTED},
    {"smtplf.html",
     ANYBODY,
     AT_MESSAGE,
     {"the message has a line that ends in LF with no CR before it", "end every line in CR LF"}},
    {"bare LF",
     ANYBODY,
     AT_MESSAGE,
     {"the message has a line that ends in LF with no CR before it", "end every line in CR LF"}},
    {"bare newline",
     ANYBODY,
     AT_MESSAGE,
     {"the message has a line that ends in LF with no CR before it", "end every line in CR LF"}},
    {"bare <LF>",
     ANYBODY,
     AT_MESSAGE,
     {"the message has a line that ends in LF with no CR before it", "end every line in CR LF"}},
    {"bare CR",
     ANYBODY,
     AT_MESSAGE,
     {"the message has a CR with no LF after it", "end every line in CR LF"}},
    {"bare <CR>",
     ANYBODY,
     AT_MESSAGE,
     {"the message has a CR with no LF after it", "end every line in CR LF"}},
    {"line too long",
     ANYBODY,
     AT_MESSAGE,
     {"a line of the message is longer than the server takes (RFC 5321 4.5.3.1.6: 1000 bytes)",
      "break the line, or encode the text as quoted-printable or base64"}},
    {"lines longer than",
     ANYBODY,
     AT_MESSAGE,
     {"a line of the message is longer than the server takes (RFC 5321 4.5.3.1.6: 1000 bytes)",
      "break the line, or encode the text as quoted-printable or base64"}},
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
    {"not owned by user", ANYBODY, AT_MAIL_OR_LATER, NOT_AS_SENDER},
    {"not owned by auth user", ANYBODY, AT_MAIL_OR_LATER, NOT_AS_SENDER},
    {"authentication required",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"the server wants a login first", "log in with AUTH before MAIL"}},
    {"authentication is required",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"the server wants a login first", "log in with AUTH before MAIL"}},
    {"rejected: Access denied",
     ANYBODY,
     AT_ANY,
     {"a rule of the server's operator forbids it", "ask the server's operator"}},
    {"Must issue a STARTTLS command first", ANYBODY, AT_COMMAND, NEEDS_TLS},
    {"must use TLS", ANYBODY, AT_COMMAND, NEEDS_TLS},
    {"unverified address",
     ANYBODY,
     AT_RCPT,
     {"the server could not make sure that the mailbox exists",
      "try later, and check the address"}},
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
    {"Helo command rejected",
     ANYBODY,
     AT_MAIL_OR_LATER,
     {"the refusal is about the name behind EHLO or HELO, not about this command",
      "give the client's own full host name there, which should resolve"}},
    {"Helo command rejected",
     ANYBODY,
     AT_HELLO,
     {"the server does not like the name in EHLO or HELO",
      "give the client's own full host name, which should resolve"}},
    {"need fully-qualified address",
     ANYBODY,
     AT_MAIL | AT_RCPT,
     {"the server wants an address with a full domain", "give user@host.example.com"}},
    {"need fully-qualified",
     ANYBODY,
     AT_HELLO,
     {"the server wants a full host name in EHLO", "give host.example.com"}},
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
    {"rate limit", ANYBODY, AT_ANY, TOO_FAST},
    {"throttl", ANYBODY, AT_ANY, TOO_FAST},
    {"over quota", ANYBODY, AT_RCPT_OR_LATER, MAILBOX_FULL},
    {"mailbox full", ANYBODY, AT_RCPT_OR_LATER, MAILBOX_FULL},
    {"mailbox is full", ANYBODY, AT_RCPT_OR_LATER, MAILBOX_FULL},
    {"contains a virus", ANYBODY, AT_MESSAGE, {"a filter found a virus", "check the attachments"}},
    {"virus found", ANYBODY, AT_MESSAGE, {"a filter found a virus", "check the attachments"}},
    {"virus detected", ANYBODY, AT_MESSAGE, {"a filter found a virus", "check the attachments"}},
    {"infected with", ANYBODY, AT_MESSAGE, {"a filter found a virus", "check the attachments"}},
    {"as spam", ANYBODY, AT_MESSAGE, TAKEN_FOR_SPAM},
    {"is spam", ANYBODY, AT_MESSAGE, TAKEN_FOR_SPAM},
    {"be spam", ANYBODY, AT_MESSAGE, TAKEN_FOR_SPAM},
    {"like spam", ANYBODY, AT_MESSAGE, TAKEN_FOR_SPAM},
    {"spam message rejected", ANYBODY, AT_MESSAGE, TAKEN_FOR_SPAM},
    {"spam detected", ANYBODY, AT_MESSAGE, TAKEN_FOR_SPAM},
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

const struct reply_words *reply_words_of_text(const struct refusal *refusal) {
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct text_row *row = &rows[i];
        if (refusal_is_at(refusal, row->stages) &&
            says(refusal->text, slice_of_string(row->says)) &&
            is_of(row->provider, refusal->text)) {
            return &row->words;
        }
    }
    return NULL;
}
