// SPDX-License-Identifier: MIT
#include "inspect/sasl_secrets.h"

#include "base/text.h"

#define CONTROL_A 0x01

// ── mechanisms ──────────────────────────────────────────────────────────────────────────────────

enum sasl_layout sasl_layout_of(struct slice mechanism) {
    static const struct {
        struct slice name;
        enum sasl_layout layout;
    } mechanisms[] = {
        {SLICE_INIT("PLAIN"), SASL_PLAIN},        {SLICE_INIT("LOGIN"), SASL_LOGIN},
        {SLICE_INIT("XOAUTH2"), SASL_BEARER},     {SLICE_INIT("OAUTHBEARER"), SASL_BEARER},
        {SLICE_INIT("XOAUTH"), SASL_BEARER},      {SLICE_INIT("CRAM-MD5"), SASL_CRAM},
        {SLICE_INIT("DIGEST-MD5"), SASL_DIGEST},  {SLICE_INIT("EXTERNAL"), SASL_NAME},
        {SLICE_INIT("ANONYMOUS"), SASL_NAME},     {SLICE_INIT("NTLM"), SASL_OPAQUE},
        {SLICE_INIT("GSSAPI"), SASL_OPAQUE},      {SLICE_INIT("GSS-SPNEGO"), SASL_OPAQUE},
        {SLICE_INIT("KERBEROS_V4"), SASL_OPAQUE},
    };
    for (size_t i = 0; i < sizeof(mechanisms) / sizeof(mechanisms[0]); i++) {
        if (slice_equal_nocase(mechanism, mechanisms[i].name)) {
            return mechanisms[i].layout;
        }
    }
    return slice_starts_with_nocase(mechanism, SLICE("SCRAM-")) ? SASL_SCRAM : SASL_UNKNOWN;
}

// ── what a response holds ────────────────────────────────────────────────────────────────────────

static size_t count_byte(struct slice s, uint8_t byte) {
    size_t count = 0;
    for (size_t i = 0; i < s.len; i++) {
        count += s.data[i] == byte ? 1 : 0;
    }
    return count;
}

// A secret with NULs in it, where none belongs: each part may be the secret alone.
static void learn_with_nuls(struct secret_set *secrets_known, struct slice secret, bool open) {
    secret_set_learn_key(secrets_known, secret, open);
    while (secret.len > 0 && !secrets_known->overflowed) {
        struct slice part = slice_split(&secret, 0);
        secret_set_learn_key(secrets_known, part, open && secret.len == 0);
    }
}

// The password comes after the second NUL. Clients that forget the authzid's NUL put it after
// the only one.
static void learn_plain(struct secret_set *secrets_known, struct slice response, bool open) {
    size_t nuls = count_byte(response, 0);
    struct slice rest = response;
    for (size_t i = 0; i < nuls && i < 2; i++) {
        slice_split(&rest, 0);
    }
    if (nuls > 0) {
        learn_with_nuls(secrets_known, rest, open);
    }
}

static bool names_somebody(struct slice key) {
    static const char *const keys[] = {"user", "host", "port",     "a",     "n",      "n,a",
                                       "n,,a", "y,a",  "username", "realm", "authzid"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (slice_is_nocase(key, keys[i])) {
            return true;
        }
    }
    return false;
}

// `key=value`: the value is secret unless the key says that it is a name; of `Bearer TOKEN`
// the token too.
static void learn_pair(struct secret_set *secrets_known, struct slice pair, bool open) {
    struct slice value = pair;
    struct slice key = slice_split(&value, '=');
    if (slice_is_null(value) || names_somebody(slice_trim(key))) {
        return;
    }
    if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"') {
        value = slice_sub(value, 1, value.len - 2);
    }
    learn_with_nuls(secrets_known, value, open);
    size_t space = slice_find_byte(value, ' ');
    if (space != SLICE_NONE) {
        learn_with_nuls(secrets_known, slice_trim(slice_from(value, space)), open);
    }
}

static void learn_bearer(struct secret_set *secrets_known, struct slice response, bool open) {
    while (response.len > 0) {
        struct slice pair = slice_split(&response, CONTROL_A);
        learn_pair(secrets_known, pair, open && response.len == 0);
    }
}

// Of DIGEST-MD5 and SCRAM only the proof: nonces and names are shown by the server too.
static void learn_proof(struct secret_set *secrets_known, struct slice response, const char *wanted,
                        bool open) {
    while (response.len > 0) {
        struct slice pair = slice_split(&response, ',');
        struct slice key = pair;
        key.len = slice_find_byte(pair, '=') == SLICE_NONE ? 0 : slice_find_byte(pair, '=');
        if (slice_is_nocase(slice_trim(key), wanted)) {
            learn_pair(secrets_known, pair, open && response.len == 0);
        }
    }
}

static void learn_last_word(struct secret_set *secrets_known, struct slice response, bool open) {
    struct slice word = response;
    while (slice_find_byte(word, ' ') != SLICE_NONE) {
        slice_split(&word, ' ');
    }
    if (word.len < response.len) {
        learn_with_nuls(secrets_known, word, open);
    }
}

// All parts but the first, which names who it is. One that reads like a name (`a=…`) may be a
// password all the same.
static void learn_parts(struct secret_set *secrets_known, struct slice response, uint8_t separator,
                        bool open) {
    struct slice rest = response;
    slice_split(&rest, separator);
    while (rest.len > 0 && !secrets_known->overflowed) {
        struct slice part = slice_split(&rest, separator);
        learn_with_nuls(secrets_known, part, open && rest.len == 0);
    }
}

// ── unknown mechanisms ───────────────────────────────────────────────────────────────────────────

static bool is_one_of(uint8_t byte, const char *set) {
    return byte != 0 && slice_find_byte(slice_of_string(set), byte) != SLICE_NONE;
}

static size_t find_one_of(struct slice s, const char *set) {
    for (size_t i = 0; i < s.len; i++) {
        if (is_one_of(s.data[i], set)) {
            return i;
        }
    }
    return SLICE_NONE;
}

static struct slice strip(struct slice s, const char *set) {
    while (s.len > 0 && is_one_of(s.data[0], set)) {
        s = slice_from(s, 1);
    }
    while (s.len > 0 && is_one_of(s.data[s.len - 1], set)) {
        s.len--;
    }
    return s;
}

static bool is_plain_text(struct slice s) {
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] < ' ' || s.data[i] == 0x7F) {
            return false;
        }
    }
    return text_is_utf8(s);
}

// `key=value`, `key: value` and the like, quoted or not.
static void learn_field(struct secret_set *secrets_known, struct slice field, bool open) {
    size_t middle = find_one_of(field, "=:");
    if (middle == SLICE_NONE || names_somebody(strip(slice_sub(field, 0, middle), "\"'{[( "))) {
        return;
    }
    struct slice value = slice_trim(slice_from(field, middle + 1));
    secret_set_learn(secrets_known, value, open);
    secret_set_learn(secrets_known, strip(value, "\"'{}[]() "), open);
}

// Of readable text: the values in it, and all after the first blank or colon, in front of which is
// a name.
static void learn_text(struct secret_set *secrets_known, struct slice text, bool open) {
    size_t name_len = find_one_of(text, " :");
    if (!is_plain_text(text)) {
        return;
    }
    if (name_len != SLICE_NONE) {
        secret_set_learn(secrets_known, slice_trim(slice_from(text, name_len + 1)), open);
    }
    while (text.len > 0 && !secrets_known->overflowed) {
        size_t len = find_one_of(text, ",;&");
        learn_field(secrets_known, slice_sub(text, 0, len), open && len == SLICE_NONE);
        text = len == SLICE_NONE ? SLICE("") : slice_from(text, len + 1);
    }
}

// What it holds is unknown. Two NULs are taken for PLAIN's; and where the mechanism is only not
// known yet, any number of them is.
static void learn_unknown(struct secret_set *secrets_known, enum sasl_layout layout,
                          struct slice response, bool open) {
    size_t nuls = count_byte(response, 0);
    if (nuls > 0 && nuls != 2 && layout != SASL_UNNAMED) {
        learn_parts(secrets_known, response, 0, open);
    }
    if (nuls > 0) {
        learn_plain(secrets_known, response, open);
    }
    if (count_byte(response, CONTROL_A) > 0) {
        learn_parts(secrets_known, response, CONTROL_A, open);
        learn_bearer(secrets_known, response, open);
    }
    if (layout == SASL_UNKNOWN) {
        learn_text(secrets_known, response, open);
    }
}

// ── the whole ───────────────────────────────────────────────────────────────────────────────────

void sasl_learn_response(struct secret_set *secrets_known, enum sasl_layout layout,
                         struct slice response, bool open) {
    if (layout == SASL_NAME) {
        return;
    }
    if (layout != SASL_UNNAMED) { // it may be LOGIN's user name
        secret_set_learn(secrets_known, response, open);
    }
    switch (layout) {
    case SASL_PLAIN:
        learn_plain(secrets_known, response, open);
        break;
    case SASL_BEARER:
        learn_bearer(secrets_known, response, open);
        break;
    case SASL_CRAM:
        learn_last_word(secrets_known, response, open);
        break;
    case SASL_DIGEST:
        learn_proof(secrets_known, response, "response", open);
        break;
    case SASL_SCRAM:
        learn_proof(secrets_known, response, "p", open);
        break;
    case SASL_UNKNOWN:
    case SASL_UNNAMED:
        learn_unknown(secrets_known, layout, response, open);
        break;
    case SASL_LOGIN:
        learn_with_nuls(secrets_known, response, open);
        break;
    case SASL_NAME:
    case SASL_OPAQUE:
        break;
    }
}
