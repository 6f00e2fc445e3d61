// SPDX-License-Identifier: MIT
#include "event/sasl.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/text.h"

// ── commands ────────────────────────────────────────────────────────────────────────────────────

static bool is_name_byte(uint8_t byte) {
    return text_is_alnum(byte) || byte == '-' || byte == '_';
}

size_t sasl_command_len(struct slice text) {
    static const struct slice auth = SLICE_INIT("AUTH");
    static const struct slice exps = SLICE_INIT("EXPS");
    if (slice_starts_with_nocase(text, auth)) {
        return auth.len;
    }
    bool other = text.len > 0 && text_upper(text.data[0]) == 'X';
    if (!other && !slice_starts_with_nocase(text, SLICE("Proxy-"))) {
        return 0;
    }
    for (size_t i = 1; i < text.len && i < LIMIT_AUTH_WORD && is_name_byte(text.data[i]); i++) {
        struct slice rest = slice_from(text, i);
        if (slice_starts_with_nocase(rest, auth) || slice_starts_with_nocase(rest, exps)) {
            return i + auth.len;
        }
    }
    return 0;
}

// ── challenges ──────────────────────────────────────────────────────────────────────────────────

static bool is_one_of(struct slice letters, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (slice_is(letters, words[i])) {
            return true;
        }
    }
    return false;
}

// Its letters alone, in lower case: `User Name` NUL and `username:` are the same question.
static enum sasl_asks asked_by(struct slice text) {
    static const char *const names[] = {"username",  "user", "userid",       "login",
                                        "loginname", "name", "benutzername", "emailaddress"};
    static const char *const passwords[] = {"password", "pass", "passwd", "yourpassword"};
    uint8_t letters[LIMIT_SASL_QUESTION];
    size_t len = 0;
    for (size_t i = 0; i < text.len && len < LIMIT_SASL_QUESTION; i++) {
        if (text_is_alpha(text.data[i]) || text.data[i] > 0x7F) {
            letters[len++] = text_lower(text.data[i]);
        }
    }
    struct slice asked = slice_of(letters, len);
    if (is_one_of(asked, names, sizeof(names) / sizeof(names[0]))) {
        return SASL_ASKS_NAME;
    }
    return is_one_of(asked, passwords, sizeof(passwords) / sizeof(passwords[0]))
               ? SASL_ASKS_PASSWORD
               : SASL_ASKS_UNKNOWN;
}

enum sasl_asks sasl_challenge_asks(struct slice challenge) {
    struct slice text = slice_trim(challenge);
    struct buf decoded;
    if (text.len == 0) {
        return SASL_ASKS_NOTHING;
    }
    buf_init(&decoded, text.len + 4);
    bool encoded = base64_decode(&decoded, text) && buf_len(&decoded) > 0;
    enum sasl_asks asks = encoded ? asked_by(buf_slice(&decoded)) : SASL_ASKS_UNKNOWN;
    buf_wipe(&decoded);
    return asks != SASL_ASKS_UNKNOWN ? asks : asked_by(text);
}

bool sasl_is_no_response(struct slice line) {
    return slice_is(line, "*") || slice_is_nocase(line, "QUIT") || slice_is_nocase(line, "RSET") ||
           slice_is_nocase(line, "NOOP");
}
