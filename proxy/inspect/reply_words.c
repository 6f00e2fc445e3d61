// SPDX-License-Identifier: MIT
#include "inspect/reply_words.h"

#include "base/text.h"

// ── reply codes ─────────────────────────────────────────────────────────────────────────────────

static const struct {
    int code;
    struct reply_words words;
} codes[] = {
    {421, {"the service is closing or too busy", "connect again later, and less often"}},
    {422, {"the recipient's mailbox is full", "try again later"}},
    {430, {"a password transition is needed", "log in once with AUTH PLAIN inside TLS"}},
    {431, {"too many recipients or a server out of space", "send to fewer recipients, later"}},
    {432, {"a password transition is needed", "log in once with AUTH PLAIN inside TLS"}},
    {441, {"the recipient's server does not answer", "try again later"}},
    {442, {"the connection broke during the transfer", "try again later"}},
    {446, {"the message goes in circles", "check the forwarding of the recipient's domain"}},
    {447, {"the message took too long to deliver", "send it again"}},
    {450,
     {"the mailbox cannot be used now (busy, blocked by policy, or greylisted)",
      "try again in some minutes"}},
    {451,
     {"an error inside the server, or a policy that wants a retry", "try again in some minutes"}},
    {452,
     {"the server lacks space, or there were too many recipients",
      "try again later, with fewer recipients"}},
    {453, {"the server has no mail to hand over", "try again later"}},
    {454, {"TLS or authentication does not work now", "try again later"}},
    {455, {"the server cannot handle a parameter now", "try again without the parameter"}},
    {458, {"the server cannot queue messages for that node", "try again later"}},
    {459, {"the node is not allowed", "ask the server's operator"}},
    {471, {"a filter of the server refused it", "ask the server's operator"}},
    {500, {"the server did not understand the command", "check its spelling and its length"}},
    {501, {"the server did not understand the arguments", "check the address and parameters"}},
    {502, {"the server does not have this command", "use only what EHLO offers"}},
    {503,
     {"the command came out of order, or again, or a login must come first",
      "keep to EHLO, STARTTLS, EHLO, AUTH, MAIL, RCPT, DATA"}},
    {504,
     {"the server does not have this parameter or mechanism",
      "use only what EHLO offers, and a fully qualified name in EHLO"}},
    {510, {"the address is bad", "check the recipient"}},
    {511, {"the address is bad", "check the recipient"}},
    {512, {"the recipient's domain was not found", "check the spelling of the domain"}},
    {513, {"the address is of the wrong form", "check the recipient"}},
    {515, {"the destination address is invalid", "check the recipient"}},
    {517, {"the sender's address is a problem", "check MAIL FROM"}},
    {521, {"this host accepts no mail at all", "send to the domain's mail server (MX)"}},
    {523, {"the recipient does not take messages of that size", "make the message smaller"}},
    {524, {"the mailing list could not be expanded", "ask the list's owner"}},
    {525, {"the user account is disabled", "ask the server's operator"}},
    {530, {"authentication (or STARTTLS) is required first", "log in with AUTH, inside TLS"}},
    {534,
     {"the mechanism is too weak, or the provider wants another way to log in",
      "use a stronger mechanism, OAuth, or an application password"}},
    {535,
     {"the user name or password is wrong, or may not be used here",
      "check both; many providers want an application password or OAuth"}},
    {538, {"this mechanism needs TLS", "use STARTTLS before AUTH"}},
    {541, {"a filter refused the message", "check its content and the sender's reputation"}},
    {542, {"the recipient refused the sender", "ask the recipient"}},
    {543, {"the routing server was not found", "check the domain of the recipient"}},
    {546, {"the message goes in circles", "check the forwarding of the recipient's domain"}},
    {547, {"the message took too long to deliver", "send it again"}},
    {550,
     {"the mailbox does not exist, or policy forbids it",
      "check the address, and read the server's text"}},
    {551, {"the user is not local here", "send to the address that the text names"}},
    {552, {"the message or the mailbox is over its size", "make the message smaller"}},
    {553,
     {"the address is not allowed or not well-formed",
      "check the address; a sender must often be the user that logged in"}},
    {554, {"the transaction failed, or policy forbids it", "read the server's text"}},
    {555, {"a parameter of MAIL or RCPT is not known", "use only what EHLO offers"}},
    {556, {"the recipient's domain accepts no mail", "check the spelling of the domain"}},
    {571, {"policy forbids delivery", "read the server's text"}},
};

const struct reply_words *reply_words_of_code(int code) {
    static const struct reply_words temporary = {"it did not work now", "try again later"};
    static const struct reply_words permanent = {"it will not work like this",
                                                 "read the server's text and change the message"};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (codes[i].code == code) {
            return &codes[i].words;
        }
    }
    return code < 500 ? &temporary : &permanent;
}

// ── enhanced codes ──────────────────────────────────────────────────────────────────────────────

struct enhanced_code {
    unsigned subject;
    unsigned detail;
    struct reply_words words;
};

// Those that mean something else for now (4.X.Y) than for good.
static const struct enhanced_code passing_codes[] = {
    {1,
     1,
     {"the server cannot tell now whether there is such a mailbox",
      "try later, and check the part before the @"}},
    {1,
     2,
     {"the recipient's domain cannot be found now (DNS)",
      "try later, and check the part behind the @"}},
    {1, 8, {"the sender's domain cannot be found now (DNS)", "try later, and check MAIL FROM"}},
    {7,
     0,
     {"security or policy puts it off, often for the sender's rate",
      "try again in some minutes, and send more slowly"}},
    {7,
     1,
     {"policy puts it off: greylisting, a rate limit, or the sender's reputation",
      "try again in some minutes, from the same address"}},
};

static const struct enhanced_code enhanced_codes[] = {
    // RFC 3463 3.1 to 3.8, and what the registry of RFC 5248 has added since.
    {0, 0, {"the server gives no reason in its code", "read the server's text"}},
    {1, 0, {"something about an address is wrong", "check sender and recipient"}},
    {1, 1, {"there is no such mailbox at that domain", "check the part before the @"}},
    {1,
     2,
     {"the recipient's domain does not exist or takes no mail", "check the part behind the @"}},
    {1, 3, {"the recipient's address is not well-formed", "check its syntax"}},
    {1, 4, {"the recipient's address is ambiguous", "give the full address"}},
    {1, 5, {"the recipient's address is valid", "look at the other recipients"}},
    {1, 6, {"the mailbox has moved and left no new address", "ask the recipient"}},
    {1, 7, {"the sender's address is not well-formed", "check MAIL FROM"}},
    {1,
     8,
     {"the sender's domain does not exist or may not send",
      "give MAIL FROM a domain with MX or address records"}},
    {1,
     9,
     {"the message was handed to a system that does not speak this protocol",
      "nothing: delivery may go on without reports"}},
    {1,
     10,
     {"the recipient's domain says that it takes no mail (null MX)",
      "check the spelling of the domain"}}, // RFC 7505
    {2, 0, {"something about the mailbox is wrong", "ask the recipient"}},
    {2, 1, {"the mailbox is disabled, or gets mail too fast", "try later, or ask the recipient"}},
    {2, 2, {"the mailbox is full", "try later, or ask the recipient to make room"}},
    {2, 3, {"the message is larger than the mailbox allows", "make the message smaller"}},
    {2, 4, {"the mailing list could not be expanded", "ask the list's owner"}},
    {3, 0, {"something about the recipient's mail system is wrong", "try later"}},
    {3, 1, {"the recipient's mail system is full", "try later"}},
    {3, 2, {"the recipient's mail system takes no messages now", "try later"}},
    {3,
     3,
     {"the mail system lacks a feature that the message needs",
      "send it without special features (BODY, SMTPUTF8, BDAT)"}},
    {3, 4, {"the message is larger than the mail system allows", "make the message smaller"}},
    {3, 5, {"the mail system is set up wrongly", "ask the server's operator"}},
    {3, 6, {"the priority that was asked for was changed", "nothing: the message goes on"}},
    {4, 0, {"something about the network or routing is wrong", "try later"}},
    {4, 1, {"the recipient's server does not answer", "try later"}},
    {4, 2, {"the connection broke", "try later"}},
    {4, 3, {"a directory (DNS, LDAP) did not answer the server", "try later"}},
    {4, 4, {"the server found no route to the recipient", "check the domain and its MX records"}},
    {4, 5, {"the server is overloaded, or a sending quota is used up", "send less, and later"}},
    {4, 6, {"the message goes in circles", "check the forwarding of the domain"}},
    {4, 7, {"the message took too long to deliver", "send it again"}},
    {5, 0, {"something about the SMTP dialogue is wrong", "look at the commands before"}},
    {5,
     1,
     {"the command is not known or came out of order",
      "keep to EHLO, AUTH, MAIL, RCPT, DATA, and use only what EHLO offers"}},
    {5,
     2,
     {"the command, or a line of AUTH, is not well-formed", "check its syntax, length and base64"}},
    {5, 3, {"there are too many recipients", "send to fewer at once"}},
    {5,
     4,
     {"an argument, a parameter or the mechanism of AUTH is not valid here",
      "use only what EHLO offers"}},
    {5,
     5,
     {"client and server speak different versions of the protocol",
      "check that the port is the right one"}},
    {5, 6, {"a line of the AUTH exchange is too long", "use a shorter token"}}, // RFC 4954
    {6, 0, {"something about the message's content is wrong", "check the message"}},
    {6, 1, {"the content type is not supported", "send another type"}},
    {6, 2, {"the content must be converted, and that is not allowed", "send it as 7-bit ASCII"}},
    {6, 3, {"the content must be converted, and that is not possible", "send it as 7-bit ASCII"}},
    {6, 4, {"the content was converted with a loss", "send it as 7-bit ASCII"}},
    {6, 5, {"the conversion of the content failed", "send it as 7-bit ASCII"}},
    {6, 6, {"the message's content could not be fetched", "check the URL behind BURL"}},
    {6,
     7,
     {"an address has characters outside ASCII, which is not allowed here",
      "use an ASCII address, or SMTPUTF8 where it is offered"}}, // RFC 6531
    {6, 8, {"the reply needs UTF-8, which the client did not allow", "use SMTPUTF8"}},
    {6, 9, {"the header has UTF-8 that cannot be passed on", "encode the header as ASCII"}},
    {6, 10, {"the header has UTF-8 that cannot be passed on", "encode the header as ASCII"}},
    {7, 0, {"security or policy forbids it", "log in with AUTH, inside TLS, or read the text"}},
    {7,
     1,
     {"policy forbids it: relaying, a block list, or a spam filter",
      "log in first, check the sender's reputation, and read the server's text"}},
    {7, 2, {"the sender may not post to this mailing list", "ask the list's owner"}},
    {7, 3, {"a security conversion is needed, and is not possible", "ask the operator"}},
    {7, 4, {"a security feature is not supported", "use only what EHLO offers"}},
    {7, 5, {"a cryptographic check failed", "check certificates and signatures"}},
    {7, 6, {"the cryptographic algorithm is not supported", "use a common one"}},
    {7, 7, {"the message was altered, by its checksum", "send it again"}},
    {7,
     8,
     {"the user name or password is wrong, or may not be used here",
      "check both; many providers want an application password or OAuth"}}, // RFC 4954
    {7,
     9,
     {"the mechanism is too weak, or an application password is wanted",
      "use a stronger mechanism, OAuth, or an application password"}},
    {7, 10, {"TLS is needed first", "use STARTTLS, or port 465"}}, // RFC 5248
    {7, 11, {"this mechanism needs TLS", "use STARTTLS before AUTH"}},
    {7, 12, {"a password transition is needed", "log in once with AUTH PLAIN inside TLS"}},
    {7, 13, {"the user account is disabled", "ask the server's operator"}},
    {7, 14, {"the server trusts no one to vouch for this user", "ask the server's operator"}},
    {7, 15, {"the message's priority is too low to be taken now", "send it later"}},
    {7, 16, {"the message is too big for its priority", "make it smaller"}},
    {7, 17, {"the mailbox has another owner since the date given", "ask for the new address"}},
    {7, 18, {"the domain has another owner since the date given", "ask for the new address"}},
    {7, 19, {"it could not be checked who owns the mailbox", "send it without RRVS"}},
    // RFC 7372.
    {7,
     20,
     {"the message has no DKIM signature that verifies", "sign it with DKIM and publish the key"}},
    {7,
     21,
     {"no DKIM signature of the message is acceptable to this server",
      "sign it with a key and a domain that the server accepts"}},
    {7,
     22,
     {"no valid DKIM signature is of the author's domain",
      "sign it with the domain that stands in From"}},
    {7,
     23,
     {"SPF fails: the sender's domain does not list this address",
      "add the sending address to the domain's SPF record"}},
    {7,
     24,
     {"SPF could not be checked: the record is broken or too long",
      "mend the domain's SPF record"}},
    {7,
     25,
     {"the sending address has no reverse DNS name that fits",
      "give it a PTR record whose name points back to it"}},
    {7,
     26,
     {"neither SPF nor DKIM proves the sender",
      "set up SPF and DKIM for the domain that stands in From"}},
    {7,
     27,
     {"the sender's domain says that it takes no mail (null MX)",
      "send from a domain that can take replies"}}, // RFC 7505
    {7, 28, {"too many messages in a short time", "send more slowly"}},
    {7, 29, {"the chain of forwarders (ARC) does not verify", "ask the forwarder"}},
    {7,
     30,
     {"the message asks for TLS all the way (REQUIRETLS), which is not possible",
      "send it without REQUIRETLS"}}, // RFC 8689
};

static const struct reply_words *find_enhanced(const struct enhanced_code *list, size_t count,
                                               uint64_t subject, uint64_t detail) {
    for (size_t i = 0; i < count; i++) {
        if (list[i].subject == subject && list[i].detail == detail) {
            return &list[i].words;
        }
    }
    return NULL;
}

static bool parse(uint64_t *out_subject, uint64_t *out_detail, struct slice enhanced) {
    slice_split(&enhanced, '.'); // the class
    struct slice subject = slice_split(&enhanced, '.');
    return text_parse_u64(out_subject, subject, 999) && text_parse_u64(out_detail, enhanced, 999);
}

const struct reply_words *reply_words_of_enhanced(struct slice enhanced) {
    uint64_t subject;
    uint64_t detail;
    if (!parse(&subject, &detail, enhanced)) {
        return NULL;
    }
    const struct reply_words *words = NULL;
    if (slice_starts_with(enhanced, SLICE("4."))) {
        words = find_enhanced(passing_codes, sizeof(passing_codes) / sizeof(passing_codes[0]),
                              subject, detail);
    }
    return words != NULL
               ? words
               : find_enhanced(enhanced_codes, sizeof(enhanced_codes) / sizeof(enhanced_codes[0]),
                               subject, detail);
}

// ── both ────────────────────────────────────────────────────────────────────────────────────────

static bool is_of(int code, const int *list, size_t count) {
    size_t i = 0;
    while (i < count && list[i] != code) {
        i++;
    }
    return i < count;
}

// Basic codes that mean one thing only tell more than a detail of 0, "other or undefined"; and
// X.5.1 and X.5.4 stand for several basic codes each.
static bool code_tells_more(int code, uint64_t subject, uint64_t detail) {
    static const int plain[] = {421, 432, 454, 504, 521, 530, 534, 535, 538, 552, 556};
    static const int syntax[] = {500, 502, 503, 504};
    if (subject == 5 && (detail == 1 || detail == 4)) {
        return is_of(code, syntax, sizeof(syntax) / sizeof(syntax[0]));
    }
    return subject == 0 || (detail == 0 && is_of(code, plain, sizeof(plain) / sizeof(plain[0])));
}

const struct reply_words *reply_words_of(int code, struct slice enhanced) {
    uint64_t subject;
    uint64_t detail;
    bool agrees = enhanced.len > 0 && enhanced.data[0] - '0' == code / 100;
    if (!agrees || !parse(&subject, &detail, enhanced) || code_tells_more(code, subject, detail)) {
        return reply_words_of_code(code);
    }
    const struct reply_words *words = reply_words_of_enhanced(enhanced);
    return words == NULL ? reply_words_of_code(code) : words;
}
