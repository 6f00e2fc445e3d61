// SPDX-License-Identifier: MIT
// reply_parts: what the tables of refusals share: stages as sets.
#ifndef SCOPE_INSPECT_REPLY_PARTS_H
#define SCOPE_INSPECT_REPLY_PARTS_H

#include "inspect/reply_words.h"

#include <stdint.h>

enum {
    AT_GREETING = 1 << STAGE_GREETING,
    AT_HELLO = 1 << STAGE_EHLO | 1 << STAGE_HELO | 1 << STAGE_LHLO,
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
