// SPDX-License-Identifier: MIT
// reply_parts: what the tables of refusals share: stages as sets, and what else must hold for a
// row.
#ifndef SCOPE_INSPECT_REPLY_PARTS_H
#define SCOPE_INSPECT_REPLY_PARTS_H

#include "inspect/reply_words.h"

#include <stdint.h>

enum {
    AT_GREETING = 1 << STAGE_GREETING,
    AT_HELO = 1 << STAGE_HELO,
    AT_LHLO = 1 << STAGE_LHLO,
    AT_HELLO = 1 << STAGE_EHLO | AT_HELO | AT_LHLO,
    AT_STARTTLS = 1 << STAGE_STARTTLS,
    AT_AUTH = 1 << STAGE_AUTH,
    AT_MAIL = 1 << STAGE_MAIL,
    AT_RCPT = 1 << STAGE_RCPT,
    AT_DATA = 1 << STAGE_DATA,
    AT_MESSAGE = 1 << STAGE_MESSAGE | 1 << STAGE_BDAT,
    AT_BDAT = 1 << STAGE_BDAT,
    AT_XCLIENT = 1 << STAGE_XCLIENT,
    AT_START = AT_GREETING | AT_HELLO | AT_XCLIENT,
    AT_MAIL_OR_LATER = AT_MAIL | AT_RCPT | AT_DATA | AT_MESSAGE,
    AT_RCPT_OR_LATER = AT_RCPT | AT_DATA | AT_MESSAGE,
    AT_COMMAND = AT_HELLO | AT_STARTTLS | AT_AUTH | AT_MAIL_OR_LATER | AT_XCLIENT,
    AT_ANY = AT_GREETING | AT_COMMAND,
};

static inline bool refusal_is_at(const struct refusal *refusal, int stages) {
    return (stages & 1 << refusal->stage) != 0;
}

// What a refusal says is no explanation where the session shows the contrary.
enum refusal_when {
    ALWAYS,
    IN_TLS,
    IN_CLEAR,
    WHEN_OFFERED, // STARTTLS is in the EHLO reply
    WHEN_NOT_OFFERED,
    NOTHING_SENT, // AUTH before the client has given any credential
    LOGGED_IN,
    LOGGED_IN_CLEAR, // a login was accepted outside TLS
    NO_LOGIN,
    NO_SIZE,
    RECIPIENT_ACCEPTED,
    SERVER_IN_CLEAR,
    NO_STARTTLS, // in the clear, and it is not offered
    GROUNDED,    // what must come before the command was accepted
    BARE,        // no argument (DATA, STARTTLS), no parameters (MAIL, RCPT)
};

bool refusal_holds(const struct refusal *refusal, enum refusal_when when);

// Words for such a contrary.
#define TOO_LARGE "the message is larger than the server takes"
#define LOGIN_NOT_OFFERED                                                                          \
    "the server wants a login first, and offers none here",                                        \
        "use its port of submission (587 or 465)"
#define TLS_NOT_OFFERED                                                                            \
    "TLS is needed first, and the EHLO reply offers no STARTTLS",                                  \
        "use the port of implicit TLS (465)"
#define TLS_FOR_LOGIN_NOT_OFFERED                                                                  \
    "TLS is needed before a login, and the EHLO reply offers no STARTTLS",                         \
        "use the port of implicit TLS (465)"
#define WANTS_TLS_AGAIN "the server wants TLS first, though it speaks TLS here", "tell its operator"
#define SERVER_WANTS_TLS                                                                           \
    "the server wants TLS first, and the proxy speaks to it in the clear",                         \
        "run the proxy without --server-tls none"
#define WANTS_LOGIN_AGAIN                                                                          \
    "the server wants a login first, though it has accepted one",                                  \
        "tell its operator; this user may lack the right to send"
#define BLAMES_PARAMETER                                                                           \
    "the server blames a parameter of the command, though it came without one",                    \
        "read the server's text, and check the address"

// The two numbers after the class of "5.7.8".
struct enhanced_detail {
    uint64_t subject;
    uint64_t detail;
};

// False where the reply has no enhanced code, or one whose class contradicts its own: one cannot
// tell which of the two was meant.
bool enhanced_detail_of(struct enhanced_detail *out, const struct refusal *refusal);
// NULL where the code is not registered, or says nothing at this stage.
const struct reply_words *reply_words_of_enhanced(const struct refusal *refusal,
                                                  struct enhanced_detail detail);

#endif
