// SPDX-License-Identifier: MIT
// Enhanced codes (RFC 3463 3.1 to 3.8, and the registry of RFC 5248), by the stage where they came:
// 5.1.1 speaks of a recipient, but not where only the sender has been named.
#include "inspect/reply_parts.h"

#include "base/text.h"

// `class` is 0 where a code means the same for now (4) and for good (5). The first row that fits is
// the one.
struct enhanced_row {
    unsigned subject;
    unsigned detail;
    unsigned class;
    int stages;
    enum refusal_when when;
    struct reply_words words;
};

#define CODE(subject_, detail_, class_, stages_, ...)                                              \
    CODE_WHEN(subject_, detail_, class_, stages_, ALWAYS, __VA_ARGS__)
#define CODE_WHEN(subject_, detail_, class_, stages_, when_, ...)                                  \
    {                                                                                              \
        .subject = (subject_), .detail = (detail_), .class = (class_), .stages = (stages_),        \
        .when = (when_), .words = {                                                                \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }

static const struct enhanced_row rows[] = {
    // ── X.1: addresses ──
    CODE(1, 0, 0, AT_MAIL, "the sender's address is not acceptable", "check MAIL FROM"),
    CODE(1, 0, 0, AT_RCPT, "the recipient's address is not acceptable", "check RCPT TO"),
    CODE(1, 0, 0, AT_DATA | AT_MESSAGE, "an address of the message is not acceptable",
         "check sender, recipients and header"),
    CODE(1, 1, 4, AT_RCPT_OR_LATER, "the server cannot tell now whether there is such a mailbox",
         "try later, and check the part before the @"),
    CODE(1, 1, 5, AT_RCPT_OR_LATER, "there is no such mailbox at that domain",
         "check the part before the @"),
    CODE(1, 1, 0, AT_MAIL, "the server knows no mailbox with the sender's address",
         "check MAIL FROM"),
    CODE(1, 2, 4, AT_RCPT_OR_LATER, "the recipient's domain cannot be found now (DNS)",
         "try later, and check the part after the @"),
    CODE(1, 2, 5, AT_RCPT_OR_LATER, "the recipient's domain does not exist or takes no mail",
         "check the part after the @"),
    CODE(1, 3, 0, AT_RCPT_OR_LATER, "the recipient's address is not well-formed",
         "check its syntax"),
    CODE(1, 3, 0, AT_MAIL, "the address is not well-formed", "check the syntax of MAIL FROM"),
    CODE(1, 4, 0, AT_RCPT_OR_LATER, "the recipient's address is ambiguous",
         "give the full address"),
    CODE(1, 5, 0, AT_RCPT_OR_LATER,
         "the code calls the recipient's address valid, though the reply refuses it",
         "read the server's text"),
    CODE(1, 6, 0, AT_RCPT_OR_LATER, "the mailbox has moved and left no new address",
         "ask the recipient"),
    CODE(1, 7, 0, AT_MAIL_OR_LATER, "the sender's address is not well-formed", "check MAIL FROM"),
    CODE(1, 8, 4, AT_MAIL_OR_LATER, "the sender's domain cannot be found now (DNS)",
         "try later, and check MAIL FROM"),
    CODE(1, 8, 5, AT_MAIL_OR_LATER, "the sender's domain does not exist, or cannot take replies",
         "give MAIL FROM a domain with MX or address records"),
    CODE(1, 9, 0, AT_MAIL_OR_LATER, "the next mail system does not speak this protocol",
         "ask the server's operator"),
    // RFC 7505
    CODE(1, 10, 0, AT_RCPT_OR_LATER, "the recipient's domain says that it takes no mail (null MX)",
         "check the spelling of the domain"),
    // ── X.2: mailboxes ──
    CODE(2, 0, 0, AT_RCPT_OR_LATER, "the recipient's mailbox cannot be used",
         "read the server's text, or ask the recipient"),
    CODE(2, 1, 4, AT_RCPT_OR_LATER, "the mailbox takes no messages now",
         "try later, or ask the recipient"),
    CODE(2, 1, 5, AT_RCPT_OR_LATER, "the mailbox is disabled", "ask the recipient by other means"),
    CODE(2, 1, 0, AT_MAIL, "the sender's account is disabled here", "ask the server's operator"),
    CODE(2, 2, 0, AT_RCPT_OR_LATER, "the mailbox is full",
         "try later, or ask the recipient to make room"),
    CODE(2, 3, 0, AT_MAIL_OR_LATER, "the message is larger than the mailbox allows",
         "make the message smaller"),
    CODE(2, 4, 0, AT_RCPT_OR_LATER, "the mailing list could not be expanded",
         "ask the list's owner"),
    // ── X.3: the mail system ──
    CODE(3, 0, 4, AT_ANY, "the mail system has a fault of its own now", "try later"),
    CODE(3, 0, 5, AT_ANY, "the mail system has a fault of its own", "ask the server's operator"),
    CODE(3, 1, 0, AT_ANY, "the mail system has no space left", "try later"),
    CODE(3, 2, 4, AT_ANY,
         "the mail system takes no messages now: it is stopping, overloaded or under maintenance",
         "try later"),
    CODE(3, 2, 5, AT_ANY, "the mail system takes no messages", "send to another server"),
    CODE(3, 3, 0, AT_MAIL_OR_LATER, "the mail system lacks a feature that the message needs",
         "send it without special features (BODY, SMTPUTF8, BDAT)"),
    CODE(3, 3, 0, AT_COMMAND, "the mail system lacks a feature that the command needs",
         "use only what EHLO offers"),
    CODE_WHEN(3, 4, 0, AT_MAIL_OR_LATER, NO_SIZE,
              "the message is larger than the mail system allows", "make it smaller"),
    CODE(3, 4, 0, AT_MAIL_OR_LATER, "the message is larger than the mail system allows",
         "make it smaller; SIZE in the EHLO reply says the limit"),
    CODE(3, 5, 0, AT_ANY, "the mail system is set up wrongly", "ask the server's operator"),
    CODE(3, 6, 0, AT_MAIL_OR_LATER, "the priority that was asked for was changed",
         "send it without MT-PRIORITY"),
    // ── X.4: network and routing ──
    CODE(4, 0, 0, AT_MAIL_OR_LATER, "the network or the routing has a fault", "try later"),
    CODE(4, 1, 0, AT_MAIL_OR_LATER, "the next server does not answer", "try later"),
    CODE(4, 2, 0, AT_ANY, "the connection broke or timed out", "connect again"),
    CODE(4, 3, 0, AT_ANY, "a directory (DNS, LDAP) did not answer the server", "try later"),
    CODE(4, 4, 0, AT_MAIL_OR_LATER, "the server found no route to the domain",
         "check the domain and its MX records"),
    CODE(4, 5, 0, AT_ANY, "the server has more to do than it can", "send less, and later"),
    CODE(4, 6, 0, AT_MAIL_OR_LATER, "the message goes in circles",
         "check the forwarding of the domain"),
    CODE(4, 7, 0, AT_MAIL_OR_LATER, "the message took too long to deliver", "send it again"),
    // ── X.5: the protocol ──
    CODE(5, 0, 0, AT_COMMAND, "the SMTP dialogue went wrong", "look at the commands before"),
    CODE(5, 1, 0, AT_COMMAND, "the command is not valid here", "keep to the order of RFC 5321"),
    CODE(5, 2, 0, AT_HELLO | AT_XCLIENT, "the command or its argument is not well-formed",
         "check the argument"),
    CODE(5, 2, 0, AT_AUTH, "the AUTH command or its base64 is not well-formed",
         "send base64 in one line, as the mechanism wants it"),
    CODE_WHEN(
        5, 2, 0, AT_STARTTLS | AT_DATA, BARE,
        "the server calls the command not well-formed, though it came without an argument, as "
        "it should",
        "read the server's text"),
    CODE_WHEN(5, 4, 0, AT_STARTTLS | AT_DATA, BARE,
              "the server blames an argument, though the command came without one, as it should",
              "read the server's text"),
    CODE_WHEN(5, 2, 0, AT_MAIL | AT_RCPT, BARE, "the command is not well-formed",
              "check address and brackets"),
    CODE(5, 2, 0, AT_STARTTLS, "STARTTLS is not well-formed", "send it without an argument"),
    CODE(5, 2, 0, AT_MAIL | AT_RCPT, "the command is not well-formed",
         "check address, brackets and parameters"),
    CODE(5, 2, 0, AT_DATA, "the command is not well-formed", "send DATA without an argument"),
    CODE(5, 2, 0, AT_MESSAGE, "what was sent is not well-formed", "check its lines and their ends"),
    CODE(5, 3, 0, AT_RCPT_OR_LATER, "there are too many recipients", "send to fewer at once"),
    CODE(5, 4, 0, AT_HELLO, "the name in the command is not valid",
         "give a full host name, or an address in brackets"),
    CODE(5, 4, 0, AT_AUTH, "the mechanism or an argument of AUTH is not valid here",
         "use a mechanism that the EHLO reply offers"),
    CODE_WHEN(5, 4, 0, AT_MAIL | AT_RCPT, BARE, "an argument is not valid here",
              "check the address"),
    CODE(5, 4, 0, AT_MAIL | AT_RCPT, "an argument or a parameter is not valid here",
         "check the address, and use only parameters that the EHLO reply offers"),
    CODE(5, 4, 0, AT_DATA, "the argument is not valid here",
         "DATA takes no argument: BODY and SIZE belong to MAIL"),
    CODE(5, 4, 0, AT_STARTTLS, "the argument is not valid here", "STARTTLS takes no argument"),
    CODE(5, 4, 0, AT_BDAT, "the size or LAST is not valid here", "check the arguments of BDAT"),
    CODE(5, 5, 0, AT_COMMAND, "client and server speak different versions of the protocol",
         "check that the port is the right one"),
    // RFC 4954
    CODE(5, 6, 0, AT_AUTH, "a line of the AUTH exchange is too long",
         "use a shorter token or response"),
    // ── X.6: content ──
    CODE(6, 0, 0, AT_DATA | AT_MESSAGE, "something in the message is wrong",
         "read the server's text"),
    CODE(6, 1, 0, AT_MAIL_OR_LATER, "the type of the content is not supported",
         "send another type"),
    CODE(6, 2, 0, AT_MAIL_OR_LATER, "the content must be converted, and that is not allowed",
         "send it as 7-bit ASCII"),
    CODE(6, 3, 0, AT_MAIL_OR_LATER, "the content must be converted, and that is not possible",
         "send it as 7-bit ASCII"),
    CODE(6, 4, 0, AT_MAIL_OR_LATER, "the content can be converted only with a loss",
         "send it as 7-bit ASCII"),
    CODE(6, 5, 0, AT_MAIL_OR_LATER, "the conversion of the content failed",
         "send it as 7-bit ASCII"),
    CODE(6, 6, 0, AT_MAIL_OR_LATER, "the message's content could not be fetched",
         "check the URL of BURL"),
    // RFC 6531
    CODE(6, 7, 0, AT_MAIL_OR_LATER,
         "an address has characters outside ASCII, which is not allowed here",
         "use an ASCII address, or SMTPUTF8 where it is offered"),
    CODE(6, 8, 0, AT_COMMAND, "the reply needs UTF-8, which the client did not allow",
         "use SMTPUTF8"),
    CODE(6, 9, 0, AT_DATA | AT_MESSAGE, "the header has UTF-8 that cannot be passed on",
         "encode the header as ASCII"),
    CODE(6, 10, 0, AT_DATA | AT_MESSAGE, "the header has UTF-8 that cannot be passed on",
         "encode the header as ASCII"),
    // ── X.7: security and policy ──
    CODE(7, 0, 4, AT_START, "the server's policy does not take this client now, often for its rate",
         "try again in some minutes, with fewer connections"),
    CODE(7, 0, 5, AT_START, "the server's policy does not take this client",
         "check the reputation of the client's address and its reverse DNS name"),
    CODE(7, 0, 0, AT_STARTTLS, "TLS is not available on the server", "ask the server's operator"),
    CODE(7, 0, 4, AT_AUTH, "the login cannot be checked now", "try again later"),
    CODE(7, 0, 5, AT_AUTH, "the server's policy does not allow this login",
         "read the server's text"),
    CODE(7, 0, 4, AT_MAIL_OR_LATER, "security or policy puts it off, often for the sender's rate",
         "try again in some minutes, and send more slowly"),
    CODE(7, 0, 5, AT_MAIL_OR_LATER, "security or policy forbids it", "read the server's text"),
    CODE(7, 1, 4, AT_START, "the server's policy does not take mail from this client now",
         "try again in some minutes, from the same address"),
    CODE(7, 1, 5, AT_START, "the server's policy takes no mail from this client",
         "check whether its address is on a block list and may send mail"),
    CODE(7, 1, 0, AT_AUTH, "the server does not allow this login", "ask the server's operator"),
    CODE(7, 1, 4, AT_MAIL_OR_LATER,
         "policy puts it off: greylisting, a limit of the rate, or the sender's reputation",
         "try again in some minutes, from the same address"),
    CODE_WHEN(7, 1, 5, AT_MAIL, LOGGED_IN, "policy takes no mail from this sender or this user",
              "check whether this user may send as this sender"),
    CODE_WHEN(7, 1, 5, AT_RCPT, LOGGED_IN, "policy does not let this user send to this recipient",
              "read the server's text"),
    CODE_WHEN(7, 1, 5, AT_MAIL, NO_LOGIN, "policy takes no mail from this sender or this client",
              "check whether this sender is allowed; the server offers no login here"),
    CODE_WHEN(7, 1, 5, AT_RCPT, NO_LOGIN, "policy does not let this client send to this recipient",
              "read the server's text"),
    CODE(7, 1, 5, AT_MAIL, "policy takes no mail from this sender or this client",
         "log in first, and check whether this sender is allowed"),
    CODE(7, 1, 5, AT_RCPT, "policy does not let this client send to this recipient",
         "log in first if the domain is not the server's own, and read the server's text"),
    CODE(7, 1, 5, AT_DATA | AT_MESSAGE, "policy forbids the delivery of this message",
         "read the server's text"),
    CODE(7, 2, 0, AT_MAIL_OR_LATER, "the sender may not post to this mailing list",
         "ask the list's owner"),
    CODE(7, 3, 0, AT_MAIL_OR_LATER, "a security conversion is needed, and is not possible",
         "ask the server's operator"),
    CODE(7, 4, 0, AT_AUTH, "the server does not support this mechanism",
         "use one that the EHLO reply offers"),
    CODE(7, 4, 0, AT_COMMAND, "a security feature is not supported", "use only what EHLO offers"),
    CODE(7, 5, 0, AT_COMMAND, "a cryptographic check failed", "check certificates and signatures"),
    CODE(7, 6, 0, AT_COMMAND, "the cryptographic algorithm is not supported", "use a common one"),
    CODE(7, 7, 0, AT_DATA | AT_MESSAGE, "the message was altered on its way, by its checksum",
         "send it again"),
    // RFC 4954
    CODE(7, 8, 5, AT_AUTH, "the server does not accept these credentials",
         "check user name and password; many providers want an application password or OAuth"),
    CODE(7, 8, 0, AT_MAIL_OR_LATER, "the login was not valid", "log in again before MAIL"),
    CODE(7, 9, 0, AT_AUTH, "the mechanism is too weak for this user",
         "use a stronger mechanism, OAuth, or an application password"),
    // RFC 5248
    CODE_WHEN(7, 10, 0, AT_COMMAND, SERVER_IN_CLEAR, SERVER_WANTS_TLS),
    CODE_WHEN(7, 10, 0, AT_COMMAND, IN_TLS, WANTS_TLS_AGAIN),
    CODE_WHEN(7, 10, 0, AT_COMMAND, NO_STARTTLS, TLS_NOT_OFFERED),
    CODE(7, 10, 0, AT_COMMAND, "TLS is needed first",
         "use STARTTLS, or the port of implicit TLS (465)"),
    CODE_WHEN(7, 11, 0, AT_AUTH, SERVER_IN_CLEAR, SERVER_WANTS_TLS),
    CODE_WHEN(7, 11, 0, AT_AUTH, IN_TLS, WANTS_TLS_AGAIN),
    CODE_WHEN(7, 11, 0, AT_AUTH, NO_STARTTLS, TLS_FOR_LOGIN_NOT_OFFERED),
    CODE(7, 11, 0, AT_AUTH, "this mechanism needs TLS", "use STARTTLS before AUTH"),
    CODE(7, 12, 0, AT_AUTH, "the password must be stored again for this mechanism",
         "log in once with AUTH PLAIN inside TLS"),
    CODE(7, 13, 0, AT_AUTH | AT_MAIL_OR_LATER, "the user's account is disabled",
         "ask the server's operator"),
    CODE(7, 14, 0, AT_AUTH | AT_MAIL_OR_LATER, "the server trusts no one to vouch for this user",
         "ask the server's operator"),
    // RFC 6710
    CODE(7, 15, 0, AT_MAIL_OR_LATER, "the message's priority is too low to be taken now",
         "send it later"),
    CODE(7, 16, 0, AT_MAIL_OR_LATER, "the message is too big for its priority", "make it smaller"),
    // RFC 7293
    CODE(7, 17, 0, AT_RCPT_OR_LATER, "the mailbox has another owner since the date given",
         "ask for the new address"),
    CODE(7, 18, 0, AT_RCPT_OR_LATER, "the domain has another owner since the date given",
         "ask for the new address"),
    CODE(7, 19, 0, AT_RCPT_OR_LATER, "it could not be checked who owns the mailbox",
         "send it without RRVS"),
    // RFC 7372, up to 7.26
    CODE(7, 20, 0, AT_DATA | AT_MESSAGE, "the message has no DKIM signature that verifies",
         "sign it with DKIM and publish the key"),
    CODE(7, 21, 0, AT_DATA | AT_MESSAGE,
         "no DKIM signature of the message is acceptable to this server",
         "sign it with a key and a domain that the server accepts"),
    CODE(7, 22, 0, AT_DATA | AT_MESSAGE, "no valid DKIM signature is of the author's domain",
         "sign it with the domain in From"),
    CODE(7, 23, 0, AT_HELLO | AT_MAIL_OR_LATER,
         "SPF fails: the sender's domain does not list this address",
         "add the sending address to the domain's SPF record"),
    CODE(7, 24, 0, AT_HELLO | AT_MAIL_OR_LATER,
         "SPF could not be checked: the record is broken or too long",
         "fix the domain's SPF record"),
    CODE(7, 25, 0, AT_ANY, "the sending address has no reverse DNS name that fits",
         "give it a PTR record whose name points back to it"),
    CODE(7, 26, 0, AT_MAIL_OR_LATER, "neither SPF nor DKIM proves the sender",
         "set up SPF and DKIM for the domain in From"),
    // RFC 7505
    CODE(7, 27, 0, AT_MAIL_OR_LATER, "the sender's domain says that it takes no mail (null MX)",
         "send from a domain that can take replies"),
    CODE(7, 28, 0, AT_ANY, "too many messages in a short time", "send more slowly"),
    CODE(7, 29, 0, AT_DATA | AT_MESSAGE, "the chain of forwarders (ARC) does not verify",
         "ask the forwarder"),
    // RFC 8689
    CODE(7, 30, 0, AT_MAIL_OR_LATER,
         "the message asks for TLS all the way (REQUIRETLS), which is not possible",
         "send it without REQUIRETLS"),
};

bool enhanced_detail_of(struct enhanced_detail *out, const struct refusal *refusal) {
    struct slice rest = refusal->enhanced;
    if (rest.len == 0 || rest.data[0] - '0' != refusal->code / 100) {
        return false;
    }
    slice_split(&rest, '.'); // the class
    struct slice subject = slice_split(&rest, '.');
    return text_parse_u64(&out->subject, subject, 999) && text_parse_u64(&out->detail, rest, 999);
}

const struct reply_words *reply_words_of_enhanced(const struct refusal *refusal,
                                                  struct enhanced_detail detail) {
    unsigned class = (unsigned)refusal->code / 100;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct enhanced_row *row = &rows[i];
        if (row->subject == detail.subject && row->detail == detail.detail &&
            (row->class == 0 || row->class == class) && refusal_is_at(refusal, row->stages) &&
            refusal_holds(refusal, row->when)) {
            return &row->words;
        }
    }
    return NULL;
}
