// SPDX-License-Identifier: MIT
#include "inspect/bonds.h"

static const struct bond bonds[] = {
    // The bytes of the message.
    {RULE_BARE_CR, AT_MESSAGE, SAME_MESSAGE, {0}, {"bare CR", "bare <CR>", "carriage return"}},
    {RULE_BARE_LF,
     AT_MESSAGE,
     SAME_MESSAGE,
     {0},
     {"bare LF", "bare <LF>", "bare newline", "smtplf.html", "line feed", "linefeed"}},
    {RULE_SMUGGLING, AT_MESSAGE, SAME_MESSAGE, {0}, {"bare ", "smuggl", "end of data"}},
    {RULE_NUL_BYTE, AT_MESSAGE, SAME_MESSAGE, {0}, {"NUL"}},
    {RULE_TEXT_LINE_TOO_LONG,
     AT_MESSAGE,
     SAME_MESSAGE,
     {500},
     {"line too long", "lines longer", "line longer", "long line", "line length", "line limit"}},
    {RULE_DATA_8BIT, AT_MESSAGE, SAME_MESSAGE, {0}, {"8bit", "8-bit", "non-ASCII", "8BITMIME"}},
    {RULE_HEADER_8BIT, AT_MESSAGE, SAME_MESSAGE, {0}, {"8bit", "8-bit", "non-ASCII", "SMTPUTF8"}},
    {RULE_HEADER_MALFORMED, AT_MESSAGE, SAME_MESSAGE, {0}, {"header", "5322", "2822"}},
    {RULE_HEADER_REPEATED,
     AT_MESSAGE,
     SAME_MESSAGE,
     {0},
     {"header", "5322", "2822", "multiple", "duplicate"}},
    {RULE_HEADER_MISSING,
     AT_MESSAGE,
     SAME_MESSAGE,
     {0},
     {"header", "5322", "2822", "Message-ID", "From:"}},
    {RULE_MESSAGE_ID_MALFORMED, AT_MESSAGE, SAME_MESSAGE, {0}, {"Message-ID"}},
    {RULE_DATE_MALFORMED, AT_MESSAGE, SAME_MESSAGE, {0}, {"Date header", "Date:"}},
    {RULE_SIZE_OVER_LIMIT, AT_MAIL | AT_MESSAGE, SAME_SESSION, {552}, {"size"}},
    {RULE_SMTPUTF8_UNNEEDED, AT_MAIL_OR_LATER, SAME_SESSION, {0}, {"SMTPUTF8", "UTF8"}},
    {RULE_TEXT_STALLED, AT_DATA | AT_MESSAGE, SAME_SESSION, {421, 451}, {"timeout", "timed out"}},
    // The command's form.
    {RULE_ARGUMENT_UNEXPECTED, AT_STARTTLS | AT_DATA, SAME_EXCHANGE, {500, 501, 504, 555}, {0}},
    {RULE_PATH_SYNTAX,
     AT_MAIL | AT_RCPT,
     SAME_EXCHANGE,
     {500, 501, 553, 555},
     {"syntax", "invalid address", "invalid recipient", "invalid sender", "malformed"}},
    {RULE_PARAMETER_MALFORMED, AT_MAIL | AT_RCPT, SAME_EXCHANGE, {500, 501, 504, 555}, {0}},
    {RULE_EXTENSION_NOT_OFFERED,
     AT_MAIL | AT_RCPT | AT_BDAT,
     SAME_EXCHANGE,
     {500, 501, 502, 503, 504, 555},
     {0}},
    {RULE_COMMAND_8BIT, AT_MAIL | AT_RCPT, SAME_EXCHANGE, {500, 501, 550, 553}, {0}},
    {RULE_COMMAND_TOO_LONG, AT_COMMAND, SAME_EXCHANGE, {500, 501}, {"too long"}},
    {RULE_NUL_BYTE, AT_COMMAND, SAME_EXCHANGE, {500, 501}, {0}},
    // The order of commands.
    {RULE_BAD_SEQUENCE, AT_COMMAND, SAME_EXCHANGE, {503}, {0}},
    {RULE_NO_EHLO_AFTER_STARTTLS, AT_COMMAND, SAME_SESSION, {503}, {0}},
    {RULE_PIPELINING_NOT_OFFERED, AT_ANY, SAME_SESSION, {0}, {"pipelin", "synchroni"}},
    {RULE_PIPELINING_PAST_SYNC, AT_ANY, SAME_SESSION, {0}, {"pipelin", "synchroni"}},
    {RULE_TALKS_BEFORE_GREETING,
     AT_ANY,
     SAME_SESSION,
     {0},
     {"pipelin", "synchroni", "before greeting", "protocol error"}},
    {RULE_LMTP_ON_SMTP, AT_HELLO, SAME_SESSION, {500, 502}, {"LMTP"}},
    {RULE_EHLO_NAME,
     AT_HELLO | AT_MAIL_OR_LATER,
     SAME_SESSION,
     {0},
     {"helo", "ehlo", "hostname", "host name"}},
    {RULE_EHLO_NAME, AT_HELLO, SAME_EXCHANGE, {501, 504, 550, 553}, {0}},
    // The login, and TLS before it.
    {RULE_AUTH_NOT_OFFERED, AT_AUTH, SAME_LOGIN, {500, 501, 502, 503, 504, 535}, {0}},
    {RULE_AUTH_MALFORMED, AT_AUTH, SAME_LOGIN, {500, 501, 535}, {0}},
    {RULE_AUTH_UNANSWERED, AT_AUTH, SAME_SESSION, {500, 501, 503, 535}, {0}},
    {RULE_AUTH_DOUBTFUL, AT_AUTH, SAME_LOGIN, {501, 535, 550, 554}, {0}},
    {RULE_AUTH_REPEATED, AT_AUTH, SAME_EXCHANGE, {503}, {0}},
    {RULE_AUTH_IN_TRANSACTION, AT_AUTH, SAME_EXCHANGE, {503}, {0}},
    {RULE_HELO_USED, AT_AUTH | AT_STARTTLS, SAME_SESSION, {500, 501, 502, 503, 504}, {0}},
    {RULE_STARTTLS_IGNORED, AT_AUTH | AT_MAIL_OR_LATER, SAME_SESSION, {538}, {"TLS"}},
    {RULE_AUTH_IN_CLEAR, AT_AUTH, SAME_EXCHANGE, {530, 538}, {0}},
};

enum { BONDS = sizeof(bonds) / sizeof(bonds[0]) };
_Static_assert(BONDS <= 64, "a set of bonds is 64 bits");

static bool text_has_word_of(const struct bond *bond, struct slice text) {
    for (size_t i = 0; i < BOND_WORDS && bond->words[i] != NULL; i++) {
        if (slice_find_nocase(text, slice_of_string(bond->words[i])) != SLICE_NONE) {
            return true;
        }
    }
    return false;
}

static bool has_code_of(const struct bond *bond, int code) {
    for (size_t i = 0; i < BOND_CODES && bond->codes[i] != 0; i++) {
        if (bond->codes[i] == code) {
            return true;
        }
    }
    return false;
}

uint64_t bonds_of(const struct refusal *refusal) {
    uint64_t fitting = 0;
    for (size_t i = 0; i < BONDS; i++) {
        const struct bond *bond = &bonds[i];
        bool fits = has_code_of(bond, refusal->code) || text_has_word_of(bond, refusal->text);
        if (fits && refusal_is_at(refusal, bond->stages)) {
            fitting |= UINT64_C(1) << i;
        }
    }
    return fitting;
}

const struct bond *bond_at(size_t i) {
    return i < BONDS ? &bonds[i] : NULL;
}
