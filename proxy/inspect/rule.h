// SPDX-License-Identifier: MIT
// rule: the one table of what the analysis can find: id, severity, whose fault it is as a rule,
// where it is defined, and what it is about in a sentence. `check --rules`, the man page and the
// tests read this table; nothing else knows an id or a reference.
#ifndef SCOPE_INSPECT_RULE_H
#define SCOPE_INSPECT_RULE_H

#include "event/event.h"

enum rule {
    // The client, on the wire.
    RULE_BARE_LF,
    RULE_BARE_CR,
    RULE_NUL_BYTE,
    RULE_COMMAND_TOO_LONG,
    RULE_TEXT_LINE_TOO_LONG,
    RULE_COMMAND_8BIT,
    RULE_DATA_8BIT,
    RULE_TALKS_BEFORE_GREETING,
    RULE_PIPELINING_NOT_OFFERED,
    RULE_PIPELINING_PAST_SYNC,
    RULE_STARTTLS_INJECTION,
    RULE_SMUGGLING,
    RULE_DOT_NOT_STUFFED,
    RULE_DOTS_DOUBLED,
    RULE_TEXT_STALLED,
    RULE_TRAILING_SPACE,
    // The client, its dialogue.
    RULE_UNKNOWN_COMMAND,
    RULE_ARGUMENT_UNEXPECTED,
    RULE_TEXT_AS_COMMAND,
    RULE_OUT_OF_STEP,
    RULE_BAD_SEQUENCE,
    RULE_EHLO_NAME,
    RULE_HELO_USED,
    RULE_NO_EHLO_AFTER_STARTTLS,
    RULE_STARTTLS_IGNORED,
    RULE_AUTH_IN_CLEAR,
    RULE_AUTH_NOT_OFFERED,
    RULE_AUTH_REPEATED,
    RULE_AUTH_IN_TRANSACTION,
    RULE_AUTH_MALFORMED,
    RULE_AUTH_DOUBTFUL,
    RULE_AUTH_UNANSWERED,
    RULE_AUTH_RETRIED,
    RULE_SCRAM_PLUS,
    RULE_EXTENSION_NOT_OFFERED,
    RULE_PARAMETER_MALFORMED,
    RULE_SMTPUTF8_UNNEEDED,
    RULE_SIZE_OVER_LIMIT,
    RULE_SIZE_DECLARED_WRONG,
    RULE_PATH_SYNTAX,
    RULE_DATA_AFTER_REFUSAL,
    RULE_COMMANDS_AFTER_421,
    RULE_LEFT_AFTER_EHLO,
    RULE_NO_QUIT,
    RULE_QUIT_WITHOUT_WAIT,
    RULE_CLOSED_IN_DATA,
    RULE_GAVE_UP_EARLY,
    RULE_LMTP_ON_SMTP,
    // The message.
    RULE_HEADER_MISSING,
    RULE_HEADER_REPEATED,
    RULE_HEADER_MALFORMED,
    RULE_HEADER_8BIT,
    RULE_HEADER_LINE_LONG,
    RULE_DATE_MALFORMED,
    RULE_MESSAGE_ID_MALFORMED,
    RULE_BCC_LEAKED,
    RULE_MIME_INCOMPLETE,
    RULE_ENVELOPE_DIFFERS,
    RULE_MESSAGE_REPEATED,
    // TLS.
    RULE_TLS_CLIENT_DISTRUSTS,
    RULE_TLS_CLIENT_NO_CHECK,
    RULE_TLS_SERVER_CERTIFICATE,
    RULE_TLS_CERTIFICATE_EXPIRES,
    RULE_TLS_OLD_VERSION,
    RULE_TLS_NO_SNI,
    RULE_TLS_WEAK,
    RULE_TLS_TRUNCATED,
    // The server.
    RULE_REPLY_MALFORMED,
    RULE_REPLY_TOO_LONG,
    RULE_REPLY_BARE_LF,
    RULE_REPLY_UNEXPECTED,
    RULE_REPLY_CODE_ODD,
    RULE_ENHANCED_MISSING,
    RULE_ENHANCED_CONTRADICTS,
    RULE_STARTTLS_OFFERED_IN_TLS,
    RULE_AUTH_OFFERED_IN_CLEAR,
    RULE_MIDDLEBOX,
    RULE_SLOW_REPLY,
    RULE_SERVER_CLOSED,
    RULE_REJECTED,
    RULE_SESSION_FAILED,
    RULE_COUNT,
};

struct rule_info {
    const char *id;
    enum severity severity;
    // A few rules have a milder case: a missing Message-ID, a Date far off. Else equal to severity.
    enum severity mildest;
    enum party side;         // whose doing it is; PARTY_NONE where either side's may be
    const char *reference;   // NULL where no RFC says it
    const char *explanation; // when it fires
};

const struct rule_info *rule_info(enum rule rule); // static, never NULL
enum rule rule_find(struct slice id);              // RULE_COUNT if there is none

#endif
