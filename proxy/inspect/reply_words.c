// SPDX-License-Identifier: MIT
#include "inspect/reply_words.h"

#include "inspect/reply_parts.h"

// ── reply codes ─────────────────────────────────────────────────────────────────────────────────

// `code` is 4 or 5 for every code of that class. The first row that fits is the one.
struct code_row {
    int code;
    int stages;
    enum refusal_when when;
    struct reply_words words;
};

#define CODE(code_, stages_, ...) CODE_WHEN(code_, stages_, ALWAYS, __VA_ARGS__)
#define CODE_WHEN(code_, stages_, when_, ...)                                                      \
    {                                                                                              \
        .code = (code_), .stages = (stages_), .when = (when_), .words = { __VA_ARGS__ }            \
    }

static const struct code_row rows[] = {
    CODE(421, AT_GREETING,
         "the server is too busy or is stopping, or this client has too many connections",
         "connect again later, with fewer connections at once"),
    CODE(421, AT_COMMAND, "the server ends the session",
         "read the server's text, and connect again later"),
    // The greeting: RFC 5321 3.1 and 4.3.2, RFC 7504.
    CODE(521, AT_GREETING, "this host accepts no mail at all",
         "send to the domain's mail server (MX)"),
    CODE(554, AT_GREETING, "the server offers no mail service to this client",
         "check whether it is the right server, and whether the client's address is blocked"),
    CODE(4, AT_GREETING, "the server takes no connection from this client now",
         "connect again later"),
    CODE(5, AT_GREETING, "the server takes no connection from this client",
         "ask the server's operator"),
    // EHLO and HELO: RFC 5321 4.1.1.1.
    CODE(500, AT_LHLO, "the server does not know the command",
         "check that the port is one of LMTP"),
    CODE(502, AT_LHLO, "the server does not have the command",
         "check that the port is one of LMTP"),
    CODE(500, AT_HELO, "the server does not know the command",
         "check that the port is one of SMTP"),
    CODE(502, AT_HELO, "the server does not have the command",
         "check that the port is one of SMTP"),
    CODE(500, AT_HELLO, "the server does not know the command",
         "check that the port is one of SMTP; use HELO where EHLO is not known"),
    CODE(502, AT_HELLO, "the server does not have the command", "use HELO"),
    CODE(501, AT_HELLO, "the name in the command is not valid",
         "give the client's own full host name, or its address in brackets"),
    CODE(503, AT_HELLO, "the server calls the command out of order",
         "send it once, after a greeting of 220, and before MAIL or after RSET"),
    CODE(504, AT_HELLO, "the server wants another name in the command",
         "give the client's own full host name"),
    CODE(550, AT_HELLO, "the server does not accept this client or the name that it gives",
         "give the client's own full host name, which should resolve"),
    CODE(4, AT_HELLO, "the server does not go on with this client now", "try later"),
    CODE(5, AT_HELLO, "the server does not accept this client or the name that it gives",
         "give the client's own full host name, which should resolve"),
    // STARTTLS: RFC 3207 4.
    CODE_WHEN(503, AT_STARTTLS, NO_STARTTLS,
              "the server has no STARTTLS, and its EHLO reply does not offer it",
              "use it only where EHLO offers it, or use the port of implicit TLS (465)"),
    CODE(503, AT_STARTTLS, "STARTTLS came out of order, or a second time",
         "send EHLO first, and STARTTLS once"),
    CODE_WHEN(
        501, AT_STARTTLS, BARE,
        "the server found a fault in the form of STARTTLS, which came without an argument, as "
        "it should",
        "let its operator look at the server's log"),
    CODE(501, AT_STARTTLS, "STARTTLS takes no argument", "send it without one"),
    CODE_WHEN(5, AT_STARTTLS, WHEN_NOT_OFFERED,
              "the server has no STARTTLS, and its EHLO reply does not offer it",
              "use it only where EHLO offers it, or use the port of implicit TLS (465)"),
    CODE(454, AT_STARTTLS, "the server cannot do TLS now, which is mostly its certificate or key",
         "let its operator look at the server's certificate, key and log"),
    CODE(4, AT_STARTTLS, "the server cannot do TLS now",
         "let its operator look at the server's log"),
    CODE_WHEN(5, AT_STARTTLS, WHEN_OFFERED,
              "the server offers TLS and does not do it, which is mostly its certificate or key",
              "let its operator look at the server's certificate, key and log"),
    CODE(5, AT_STARTTLS, "the server does not do TLS here",
         "send EHLO first, and STARTTLS where its reply offers it"),
    // AUTH: RFC 4954 4 and 6.
    CODE(432, AT_AUTH, "the password must be stored again for this mechanism",
         "log in once with AUTH PLAIN inside TLS"),
    CODE(454, AT_AUTH, "the server cannot check logins now",
         "try again later; the credentials may be right"),
    CODE(4, AT_AUTH, "the login cannot be done now",
         "try again later; the credentials may be right"),
    CODE_WHEN(
        501, AT_AUTH, NOTHING_SENT, "the server does not go on to ask for the credentials",
        "send them in the AUTH line itself (initial response), or use another mechanism of the "
        "offer"),
    CODE(500, AT_AUTH, "the server did not understand the command or the line",
         "use AUTH only where the EHLO reply offers it, with base64 in one line"),
    CODE(501, AT_AUTH, "the server could not read the AUTH command, or the base64 after it",
         "send base64 in one line, in the form that the mechanism wants"),
    CODE(502, AT_AUTH, "the server does not have AUTH",
         "log in only where the EHLO reply offers it"),
    CODE_WHEN(
        503, AT_AUTH, GROUNDED,
        "the server calls AUTH out of order, though it came after EHLO, before MAIL and before "
        "any login",
        "read the server's text, or ask its operator"),
    CODE(503, AT_AUTH,
         "AUTH came out of order: before EHLO, within a transaction, or after a login",
         "send it once, after EHLO and before MAIL"),
    CODE(504, AT_AUTH, "the server does not have this mechanism",
         "use one that the EHLO reply offers"),
    CODE_WHEN(530, AT_AUTH, NO_STARTTLS, TLS_FOR_LOGIN_NOT_OFFERED),
    CODE_WHEN(530, AT_AUTH, IN_CLEAR, "TLS is needed before a login", "use STARTTLS before AUTH"),
    CODE(534, AT_AUTH,
         "the mechanism is too weak for this user, or the server wants another way to log in",
         "use a stronger mechanism, OAuth, or an application password"),
    CODE_WHEN(
        535, AT_AUTH, NOTHING_SENT, "the server refuses the login before any credential was sent",
        "try the initial response in the AUTH line itself, or another mechanism of the offer"),
    CODE(535, AT_AUTH,
         "the server does not accept these credentials: the user name or password is wrong, or may "
         "not be used here",
         "check both; many providers want an application password or OAuth"),
    CODE_WHEN(538, AT_AUTH, SERVER_IN_CLEAR, SERVER_WANTS_TLS),
    CODE_WHEN(538, AT_AUTH, IN_TLS, WANTS_TLS_AGAIN),
    CODE_WHEN(538, AT_AUTH, NO_STARTTLS, TLS_FOR_LOGIN_NOT_OFFERED),
    CODE(538, AT_AUTH, "this mechanism needs TLS", "use STARTTLS before AUTH"),
    CODE(5, AT_AUTH, "the server does not accept this login", "read the server's text"),
    // Any command of a transaction: RFC 5321 4.2.2, 4.5.3.1.10, RFC 4954 6, RFC 3207 4.
    CODE(500, AT_MAIL_OR_LATER, "the server did not understand the command or a line",
         "check its spelling and its length"),
    CODE(502, AT_MAIL | AT_RCPT | AT_DATA,
         "the server does not take the command here, though every server has it",
         "see whether a login, TLS or EHLO is missing before it, or whether the server minds a "
         "parameter"),
    CODE(502, AT_MAIL_OR_LATER, "the server does not have the command",
         "use only what EHLO offers"),
    CODE(503, AT_MAIL,
         "MAIL came out of order: before EHLO or a login, or within another transaction",
         "send EHLO, AUTH if it is wanted, then one MAIL for each message"),
    CODE_WHEN(503, AT_RCPT | AT_DATA | AT_BDAT, GROUNDED,
              "the server calls the command out of order, though it had accepted what must come "
              "before it",
              "wait for each reply before the next command: a server may forget what comes too "
              "early"),
    CODE(503, AT_RCPT, "RCPT came out of order: no MAIL was accepted before",
         "look at the answer to MAIL"),
    CODE(503, AT_DATA | AT_BDAT, "the command came out of order: no recipient was accepted before",
         "look at the answers to MAIL and RCPT"),
    CODE(503, AT_MESSAGE, "the server does not expect a message here",
         "look at the answers to MAIL and RCPT"),
    CODE_WHEN(530, AT_MAIL_OR_LATER, LOGGED_IN_CLEAR,
              "the server wants TLS or a login first, though it has accepted a login",
              "use STARTTLS before AUTH, or the port of implicit TLS (465)"),
    CODE_WHEN(530, AT_MAIL_OR_LATER, LOGGED_IN, WANTS_LOGIN_AGAIN),
    CODE_WHEN(530, AT_MAIL_OR_LATER, NO_STARTTLS,
              "the server wants a login or TLS first, and its EHLO reply offers no STARTTLS",
              "log in with AUTH where that is offered, or use the port of implicit TLS (465)"),
    CODE_WHEN(530, AT_MAIL_OR_LATER, NO_LOGIN, LOGIN_NOT_OFFERED),
    CODE_WHEN(530, AT_MAIL_OR_LATER, IN_TLS, "the server requires a login first",
              "log in with AUTH before MAIL"),
    CODE(530, AT_MAIL_OR_LATER, "the server wants STARTTLS or a login first",
         "use STARTTLS, then AUTH, then MAIL"),
    CODE(535, AT_MAIL_OR_LATER, "the login was not valid", "log in again before MAIL"),
    // MAIL, RCPT, DATA, the message: RFC 5321 4.2.2, 4.3.2, RFC 1870, RFC 7504.
    CODE(450, AT_MAIL,
         "the server does not take a message from this sender now (policy, or DNS that does not "
         "answer)",
         "try again in some minutes"),
    CODE(450, AT_RCPT, "the mailbox cannot be used now (busy, held back by policy, or greylisted)",
         "try again in some minutes"),
    CODE(450, AT_DATA | AT_MESSAGE, "the message is put off, often by policy",
         "try again in some minutes"),
    CODE(451, AT_MAIL_OR_LATER, "an error inside the server, or a policy that asks for a retry",
         "try again in some minutes"),
    CODE(452, AT_MAIL | AT_DATA | AT_MESSAGE, "the server lacks space for the message now",
         "try again later"),
    CODE(452, AT_RCPT,
         "the server lacks space, or this message has too many recipients (RFC 5321 4.5.3.1.10)",
         "send to the rest in another message"),
    CODE_WHEN(455, AT_MAIL | AT_RCPT, BARE, BLAMES_PARAMETER),
    CODE(455, AT_MAIL | AT_RCPT, "the server cannot do what a parameter asks for now",
         "try again without the parameter"),
    CODE(501, AT_MAIL | AT_RCPT, "the server did not understand the address or a parameter",
         "check both"),
    CODE_WHEN(501, AT_DATA, BARE,
              "the server found a fault in the form of DATA, which came without an argument, as it "
              "should",
              "read the server's text"),
    CODE(501, AT_DATA, "the server did not understand the argument",
         "DATA takes no argument: BODY and SIZE belong to MAIL"),
    CODE(501, AT_MESSAGE, "the server found a fault in the form of what was sent",
         "read the server's text"),
    CODE_WHEN(504, AT_MAIL | AT_RCPT, BARE, BLAMES_PARAMETER),
    CODE(504, AT_MAIL | AT_RCPT, "the server does not have a parameter of the command",
         "use only what EHLO offers"),
    CODE_WHEN(550, AT_MAIL, LOGGED_IN, "the server takes no message from this sender",
              "check MAIL FROM; the sender must often be the user that logged in"),
    CODE_WHEN(550, AT_MAIL, NO_LOGIN, "the server takes no message from this sender",
              "check MAIL FROM, and read the server's text"),
    CODE(550, AT_MAIL, "the server takes no message from this sender",
         "check MAIL FROM, and log in first"),
    CODE(550, AT_RCPT, "the mailbox does not exist, or policy forbids it",
         "check the address, and read the server's text"),
    CODE(550, AT_DATA | AT_MESSAGE, "policy forbids the delivery of this message",
         "read the server's text"),
    CODE(551, AT_RCPT, "the user is not local here", "send to the address that the text names"),
    CODE_WHEN(552, AT_MAIL, BARE,
              "the code means a message or a mailbox over its size, though MAIL said no size",
              "read the server's text"),
    CODE_WHEN(552, AT_MAIL, NO_SIZE, TOO_LARGE, "make it smaller"),
    CODE(552, AT_MAIL, TOO_LARGE, "make it smaller; SIZE in the EHLO reply says the limit"),
    CODE(552, AT_RCPT, "the mailbox is over its size, or there are too many recipients",
         "ask the recipient to make room, or send to fewer at once"),
    CODE(552, AT_DATA | AT_MESSAGE, "the code means a message or a mailbox over its size",
         "read the server's text; if it names a size, make the message smaller"),
    CODE(553, AT_MAIL, "the sender's address is not allowed or not well-formed",
         "check MAIL FROM; the sender must often be the user that logged in"),
    CODE(553, AT_RCPT, "the recipient's address is not allowed or not well-formed",
         "check the address"),
    CODE(553, AT_DATA | AT_MESSAGE, "an address of the message is not allowed",
         "check MAIL FROM and the header; the sender must often be the user that logged in"),
    CODE(554, AT_MAIL | AT_RCPT, "the server refuses the transaction, mostly by policy",
         "read the server's text"),
    CODE_WHEN(554, AT_DATA, RECIPIENT_ACCEPTED,
              "the server refuses the transaction, mostly by policy", "read the server's text"),
    CODE(554, AT_DATA, "there is no valid recipient, or the server refuses the transaction",
         "look at the answers to RCPT, and read the server's text"),
    CODE(554, AT_MESSAGE, "the server refuses the message, mostly by policy",
         "read the server's text"),
    CODE_WHEN(555, AT_MAIL | AT_RCPT, BARE, BLAMES_PARAMETER),
    CODE(555, AT_MAIL | AT_RCPT, "the server does not know a parameter of the command",
         "use only what EHLO offers"),
    CODE(556, AT_RCPT, "the recipient's domain accepts no mail",
         "check the spelling of the domain"),
    CODE(4, AT_MAIL, "the server does not take a message from this sender now", "try again later"),
    CODE(5, AT_MAIL, "the server takes no message from this sender", "read the server's text"),
    CODE(4, AT_RCPT, "the server does not take a message for this recipient now",
         "try again later"),
    CODE(5, AT_RCPT, "the server takes no message for this recipient", "read the server's text"),
    CODE(4, AT_DATA | AT_MESSAGE, "the server does not take the message now", "try again later"),
    CODE(5, AT_DATA | AT_MESSAGE, "the server does not take the message", "read the server's text"),
    CODE(500, AT_XCLIENT, "the server does not have the command",
         "use it only where EHLO offers it"),
    CODE(502, AT_XCLIENT, "the server does not have the command",
         "use it only where EHLO offers it"),
    CODE(4, AT_XCLIENT, "the server does not take XCLIENT now", "try again later"),
    CODE(5, AT_XCLIENT, "the server does not take XCLIENT from this client",
         "let its operator add the client to those who may use it"),
};

bool refusal_holds(const struct refusal *refusal, enum refusal_when when) {
    switch (when) {
    case ALWAYS:
        return true;
    case IN_TLS:
        return refusal->in_tls;
    case IN_CLEAR:
        return !refusal->in_tls;
    case WHEN_OFFERED:
        return refusal->starttls == OFFERED;
    case WHEN_NOT_OFFERED:
        return refusal->starttls == NOT_OFFERED;
    case NOTHING_SENT:
        return !refusal->credentials_sent;
    case LOGGED_IN:
        return refusal->logged_in;
    case LOGGED_IN_CLEAR:
        return refusal->logged_in && !refusal->in_tls;
    case NO_LOGIN:
        return refusal->no_login;
    case NO_SIZE:
        return refusal->no_size;
    case RECIPIENT_ACCEPTED:
        return refusal->recipient_accepted;
    case SERVER_IN_CLEAR:
        return refusal->server_in_clear;
    case NO_STARTTLS:
        return !refusal->in_tls && refusal->starttls == NOT_OFFERED;
    case GROUNDED:
        return refusal->grounded;
    case BARE:
        return refusal->bare;
    }
    return false;
}

static const struct reply_words *find_code(const struct refusal *refusal) {
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool same = rows[i].code == refusal->code || rows[i].code == refusal->code / 100;
        if (same && refusal_is_at(refusal, rows[i].stages) &&
            refusal_holds(refusal, rows[i].when)) {
            return &rows[i].words;
        }
    }
    return NULL;
}

// ── both ────────────────────────────────────────────────────────────────────────────────────────

// Codes that say more than an enhanced code of these subjects. X.5.1, X.5.2 and X.5.4 mean
// several of them each; of other subjects, those whose detail is 0, "other or undefined".
static const struct {
    int code;
    int stages;
    unsigned subjects; // bits 1 << subject
} specific[] = {
    {421, AT_GREETING, 1 << 3},
    {432, AT_AUTH, 1 << 7},
    {454, AT_AUTH | AT_STARTTLS, 1 << 3 | 1 << 7},
    {500, AT_ANY, 1 << 5},
    {501, AT_AUTH, 1 << 5},
    {502, AT_ANY, 1 << 5},
    {503, AT_ANY, 1 << 5 | 1 << 7},
    {504, AT_ANY, 1 << 5},
    {521, AT_GREETING, 1 << 3 | 1 << 7},
    {530, AT_AUTH | AT_MAIL_OR_LATER, 1 << 5 | 1 << 7},
    {534, AT_AUTH, 1 << 7},
    {535, AT_AUTH, 1 << 7},
    {538, AT_AUTH, 1 << 7},
    {551, AT_RCPT, 1 << 1},
    {552, AT_MAIL_OR_LATER, 1 << 2 | 1 << 3},
    {553, AT_MAIL_OR_LATER, 1 << 1},
    {556, AT_RCPT, 1 << 1},
};

// 535 is mostly "5.7.8", but Exchange says "5.7.3" and others "5.7.1", as with 530.
static bool is_vague(const struct refusal *refusal, struct enhanced_detail detail) {
    if (detail.subject == 7) {
        bool login = refusal->code == 535 && (detail.detail == 3 || detail.detail == 8);
        bool either = refusal->code == 530 || refusal->code == 535;
        return detail.detail == 0 || login || (either && detail.detail == 1);
    }
    return detail.detail == 0 || (detail.subject == 5 && detail.detail != 3 && detail.detail != 6);
}

static bool code_says_more(const struct refusal *refusal, struct enhanced_detail detail) {
    if (detail.subject == 0) {
        return true;
    }
    for (size_t i = 0; i < sizeof(specific) / sizeof(specific[0]); i++) {
        if (specific[i].code == refusal->code && refusal_is_at(refusal, specific[i].stages) &&
            detail.subject < 32 && (specific[i].subjects & 1u << detail.subject) != 0) {
            return is_vague(refusal, detail);
        }
    }
    return false;
}

// By the two codes alone. Never NULL.
static const struct reply_words *reply_words_of_codes(const struct refusal *refusal) {
    struct enhanced_detail detail;
    const struct reply_words *words = NULL;
    if (enhanced_detail_of(&detail, refusal) && !code_says_more(refusal, detail)) {
        words = reply_words_of_enhanced(refusal, detail);
    }
    return words == NULL ? find_code(refusal) : words;
}

const struct reply_words *reply_words_of(const struct refusal *refusal) {
    const struct reply_words *words = reply_words_of_text(refusal);
    return words == NULL ? reply_words_of_codes(refusal) : words;
}
