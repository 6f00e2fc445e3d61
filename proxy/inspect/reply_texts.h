// SPDX-License-Identifier: MIT
// reply_texts: what the two tables of servers' own words share: the shape of a row, and what many
// servers say each in its own way.
#ifndef SCOPE_INSPECT_REPLY_TEXTS_H
#define SCOPE_INSPECT_REPLY_TEXTS_H

#include "inspect/reply_parts.h"

enum provider { ANYBODY, GOOGLE, MICROSOFT, YAHOO, AMAZON };

struct text_row {
    const char *says;
    enum provider provider;
    int stages;
    struct reply_words words;
};

// Rows: the words, their stages, and what they mean as two strings or one of the pairs below.
#define SAYS(says_, stages_, ...) OF_PROVIDER(says_, ANYBODY, stages_, __VA_ARGS__)
#define OF_PROVIDER(says_, provider_, stages_, ...)                                                \
    {                                                                                              \
        .says = (says_), .provider = (provider_), .stages = (stages_), .words = { __VA_ARGS__ }    \
    }

#define RELAY_REFUSED    "the server does not relay for strangers to that domain"
#define NO_RELAY         RELAY_REFUSED, "log in with AUTH, or send to the domain's own server"
#define SENDER_OF_A_USER "the sender's address belongs to a user, and the client has not logged in"
#define UNKNOWN_TARGET                                                                             \
    "the server takes no mail for this recipient: it does not know the domain or the mailbox"
#define UNKNOWN_TO_RELAY "the relay knows neither the sending address nor the user"
#define NO_MAILBOX       "there is no such mailbox", "check the part before the @"
#define MAILBOX_FULL     "the mailbox is full", "try later, or ask the recipient to make room"
#define GREYLISTED                                                                                 \
    "the server greylists: it puts off the first try of a sender that it does not know",           \
        "try again in some minutes, from the same address"
#define LOGIN_MISSING "the server wants a login first"
#define NEEDS_LOGIN   LOGIN_MISSING, "log in with AUTH before MAIL"
#define BAD_HELLO_NAME                                                                             \
    "the refusal is about the name behind EHLO or HELO, not about this command",                   \
        "give the client's own full host name there, which should resolve"
#define IDLE_TOO_LONG                                                                              \
    "the server got nothing for longer than it waits",                                             \
        "send what is due at once, or open a new connection after a pause"
#define TLS_MISSING "TLS is needed first"
#define NEEDS_TLS   TLS_MISSING, "use STARTTLS"
#define NOT_AS_SENDER                                                                              \
    "the user that logged in may not send as this sender",                                         \
        "use the user's own address in MAIL FROM, or give the user the right to this one"
#define NO_REVERSE_DNS                                                                             \
    "the sending address has no reverse DNS name that fits",                                       \
        "give it a PTR record whose name points back to it"
#define ON_BLOCK_LIST                                                                              \
    "the sending address is on a block list", "look it up there and ask for removal"
#define UNPROVEN                                                                                   \
    "neither SPF nor DKIM proves the sender", "set up SPF and DKIM for the domain in From"
#define FAILS_DMARC                                                                                \
    "the message fails the DMARC policy of the domain in From",                                    \
        "send it by a server that the domain's SPF or DKIM covers"
#define TAKEN_FOR_SPAM                                                                             \
    "the server's filter takes the message for spam", "check content, SPF, DKIM and reputation"
#define BLOCKED_FOR_SPAM                                                                           \
    "the server has blocked this sender or account for spam",                                      \
        "see what it has sent, change its password if need be, and ask the server's operator"
#define OVER_HOSTERS_LIMIT                                                                         \
    "the hoster's limit for this domain or account is reached",                                    \
        "wait for the next hour, and ask the hoster for a higher limit"
#define TOO_FAST "messages come faster than the server allows", "send more slowly"
#define UNKNOWN_SENDER                                                                             \
    "the service does not know this sender",                                                       \
        "verify the sender or authenticate its domain with the service"
#define NOT_ACTIVE "the account is not active", "look at its state with the provider"
#define IN_CIRCLES "the message goes in circles", "check the forwarding of the domain"
#define FAILS_SPF                                                                                  \
    "SPF fails: the sender's domain does not list this address",                                   \
        "add the sending address to the domain's SPF record"
#define BARE_LF                                                                                    \
    "the message has a line that ends in LF with no CR before it", "end every line in CR LF"
#define LONG_LINE                                                                                  \
    "a line of the message is longer than the server takes (RFC 5321 4.5.3.1.6: 1000 bytes)",      \
        "break the line, or encode the text as quoted-printable or base64"
#define FOUND_VIRUS "a filter found a virus", "check the attachments"
#define SMTP_NOT_ALLOWED                                                                           \
    "this user may not send by SMTP here",                                                         \
        "switch SMTP on in the account's settings, and use the password made for it"
#define QUOTA_USED                                                                                 \
    "this account has sent as much as it may in a day", "wait, or raise the account's quota"

struct text_rows {
    const struct text_row *rows;
    size_t count;
};

// What mail providers and services for applications say; it goes before the rest.
struct text_rows reply_texts_of_providers(void);

#endif
