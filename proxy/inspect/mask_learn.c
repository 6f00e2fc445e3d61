// SPDX-License-Identifier: MIT
#include "inspect/mask_learn.h"

#include "base/memory.h"
#include "base/text.h"
#include "inspect/taint_form.h"

#include <string.h>

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

// ── base64, as much of it as there is ───────────────────────────────────────────────────────────

// Copies the digits of `line`, those of base64url translated. False where something else than
// digits and padding stands in it.
static bool put_digits(struct buf *out, struct slice line) {
    while (line.len > 0 && line.data[line.len - 1] == '=') {
        line.len--;
    }
    for (size_t i = 0; i < line.len; i++) {
        uint8_t byte = line.data[i];
        if (taint_sextet(byte) < 0) {
            return false;
        }
        buf_put_byte(out, byte == '-' ? '+' : byte == '_' ? '/' : byte);
    }
    return line.len > 0;
}

// Decodes what is base64 but for its padding; where its end is cut off (`open`) or odd, all whole
// groups of four digits.
static bool decode_leniently(struct buf *out, struct slice line, bool open) {
    struct buf digits;
    buf_init(&digits, line.len + 4);
    bool ok = put_digits(&digits, line);
    size_t odd = buf_len(&digits) % 4;
    size_t whole = buf_len(&digits) - odd;
    if (ok && odd > 1 && !open) {
        buf_put(&digits, slice_sub(SLICE("=="), 0, 4 - odd));
        whole = base64_decode(out, buf_slice(&digits)) ? 0 : whole;
    }
    if (ok && whole > 0) {
        buf_truncate(&digits, whole);
        ok = base64_decode(out, buf_slice(&digits));
    }
    buf_wipe(&digits);
    return ok && buf_len(out) > 0;
}

// ── what stands in a decoded line ───────────────────────────────────────────────────────────────

static size_t count_byte(struct slice s, uint8_t byte) {
    size_t count = 0;
    for (size_t i = 0; i < s.len; i++) {
        count += s.data[i] == byte ? 1 : 0;
    }
    return count;
}

// The password stands behind the second NUL. Clients that forget the authzid's NUL put it behind
// the only one.
static void learn_plain(struct taint *taint, struct slice decoded, bool open) {
    size_t nuls = count_byte(decoded, 0);
    struct slice rest = decoded;
    for (size_t i = 0; i < nuls && i < 2; i++) {
        slice_split(&rest, 0);
    }
    if (nuls > 0) {
        taint_learn(taint, rest, open);
    }
    if (count_byte(rest, 0) > 0) { // a NUL too many: the last part may be the password alone
        while (count_byte(rest, 0) > 0) {
            slice_split(&rest, 0);
        }
        taint_learn(taint, rest, open);
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

// `key=value`: the value is secret unless the key says that it names somebody; of `Bearer TOKEN`
// the token too.
static void learn_pair(struct taint *taint, struct slice pair, bool open) {
    struct slice value = pair;
    struct slice key = slice_split(&value, '=');
    if (slice_is_null(value) || names_somebody(slice_trim(key))) {
        return;
    }
    if (value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"') {
        value = slice_sub(value, 1, value.len - 2);
    }
    taint_learn(taint, value, open);
    size_t space = slice_find_byte(value, ' ');
    if (space != SLICE_NONE) {
        taint_learn(taint, slice_trim(slice_from(value, space)), open);
    }
}

static void learn_bearer(struct taint *taint, struct slice decoded, bool open) {
    while (decoded.len > 0) {
        struct slice pair = slice_split(&decoded, CONTROL_A);
        learn_pair(taint, pair, open && decoded.len == 0);
    }
}

// Of DIGEST-MD5 and SCRAM only the proof: nonces and names are shown by the server too.
static void learn_proof(struct taint *taint, struct slice decoded, const char *wanted, bool open) {
    while (decoded.len > 0) {
        struct slice pair = slice_split(&decoded, ',');
        struct slice key = pair;
        key.len = slice_find_byte(pair, '=') == SLICE_NONE ? 0 : slice_find_byte(pair, '=');
        if (slice_is_nocase(slice_trim(key), wanted)) {
            learn_pair(taint, pair, open && decoded.len == 0);
        }
    }
}

static void learn_last_word(struct taint *taint, struct slice decoded, bool open) {
    struct slice word = decoded;
    while (slice_find_byte(word, ' ') != SLICE_NONE) {
        slice_split(&word, ' ');
    }
    if (word.len < decoded.len) {
        taint_learn(taint, word, open);
    }
}

// Nobody knows what it holds: all parts are secret but the first, which names who it is.
static void learn_unknown(struct taint *taint, struct slice decoded, bool open) {
    if (count_byte(decoded, 0) > 0) {
        learn_plain(taint, decoded, open);
    }
    if (count_byte(decoded, CONTROL_A) > 0) {
        struct slice rest = decoded;
        slice_split(&rest, CONTROL_A);
        for (struct slice all = rest; all.len > 0;) {
            taint_learn(taint, slice_split(&all, CONTROL_A), open && all.len == 0);
        }
        learn_bearer(taint, decoded, open);
    }
}

static void learn_decoded(struct taint *taint, const struct sasl_progress *progress,
                          struct slice decoded, bool open) {
    bool user_name =
        progress->layout == SASL_LOGIN && progress->lines == 1 && !progress->password_is_due;
    if (user_name || progress->layout == SASL_NAME) {
        return;
    }
    if (progress->layout != SASL_UNNAMED) { // it may be LOGIN's user name
        taint_learn(taint, decoded, open);
    }
    switch (progress->layout) {
    case SASL_PLAIN:
        learn_plain(taint, decoded, open);
        break;
    case SASL_BEARER:
        learn_bearer(taint, decoded, open);
        break;
    case SASL_CRAM:
        learn_last_word(taint, decoded, open);
        break;
    case SASL_DIGEST:
        learn_proof(taint, decoded, "response", open);
        break;
    case SASL_SCRAM:
        learn_proof(taint, decoded, "p", open);
        break;
    case SASL_UNKNOWN:
    case SASL_UNNAMED:
        learn_unknown(taint, decoded, open);
        break;
    case SASL_LOGIN:
    case SASL_NAME:
    case SASL_OPAQUE:
        break;
    }
}

void mask_learn_sasl(struct taint *taint, struct sasl_progress *progress, struct slice line,
                     bool open) {
    progress->lines++;
    taint_learn(taint, line, open);
    struct buf decoded;
    buf_init(&decoded, line.len + 4);
    if (decode_leniently(&decoded, line, open)) {
        learn_decoded(taint, progress, buf_slice(&decoded), open);
    }
    progress->password_is_due = false;
    buf_wipe(&decoded);
}

// ── events ──────────────────────────────────────────────────────────────────────────────────────

// A value of BURL or XCLIENT: as it stands, and with %XX and +XX (xtext) undone, since the server
// may show it so.
static void learn_value(struct taint *taint, struct slice value, bool open) {
    struct buf plain;
    buf_init(&plain, value.len);
    for (size_t i = 0; i < value.len; i++) {
        bool escape = (value.data[i] == '%' || value.data[i] == '+') && i + 2 < value.len &&
                      text_hex_value(value.data[i + 1]) >= 0 &&
                      text_hex_value(value.data[i + 2]) >= 0;
        if (escape) {
            buf_put_byte(&plain, (uint8_t)(text_hex_value(value.data[i + 1]) * 16 +
                                           text_hex_value(value.data[i + 2])));
            i += 2;
        } else {
            buf_put_byte(&plain, value.data[i]);
        }
    }
    taint_learn(taint, value, open);
    taint_learn(taint, buf_slice(&plain), open);
    buf_wipe(&plain);
}

// Cuts the first word off `*rest`, which is trimmed before and after.
static struct slice take_word(struct slice *rest) {
    size_t len = 0;
    while (len < rest->len && rest->data[len] != ' ' && rest->data[len] != '\t') {
        len++;
    }
    struct slice word = slice_sub(*rest, 0, len);
    *rest = slice_trim(slice_from(*rest, len));
    return word;
}

// The mechanism of a line that the decoder did not take for AUTH but that begins like it.
static struct slice mechanism_of(const struct event_command *command) {
    if (!slice_is_null(command->command.mechanism)) {
        return command->command.mechanism;
    }
    struct slice rest = slice_trim(command->line.text);
    take_word(&rest);
    return take_word(&rest);
}

// A marked range with blanks in it is more than one SASL line could be; each word may be one.
static void learn_span(struct taint *taint, struct sasl_progress *progress, struct slice text,
                       bool open) {
    struct slice rest = slice_trim(text);
    taint_learn(taint, rest, open);
    while (rest.len > 0) {
        struct slice word = take_word(&rest);
        mask_learn_sasl(taint, progress, word, open && rest.len == 0);
    }
}

static bool is_value_verb(enum verb verb) {
    return verb == VERB_BURL || verb == VERB_XCLIENT;
}

void mask_learn_command(struct taint *taint, struct sasl_progress *progress,
                        const struct event_command *command) {
    const struct event_line *line = &command->line;
    bool continues = command->continuation || command->concealed;
    if (!continues && line->secret_count > 0 && !is_value_verb(command->command.verb)) {
        *progress = (struct sasl_progress){.layout = sasl_layout_of(mechanism_of(command))};
    } else if (command->command.verb == VERB_AUTH) {
        *progress = (struct sasl_progress){.layout = sasl_layout_of(command->command.mechanism)};
    }
    if (command->concealed && line->secret_count == 0) {
        learn_span(taint, progress, line->text, line->len > line->text.len);
    }
    for (size_t i = 0; i < line->secret_count; i++) {
        struct span span = line->secrets[i];
        bool open = line->len > line->text.len && span.offset + span.len >= line->text.len;
        struct slice text = slice_sub(line->text, span.offset, span.len);
        if (is_value_verb(command->command.verb) && !continues) {
            learn_value(taint, slice_trim(text), open);
        } else {
            learn_span(taint, progress, text, open);
        }
    }
}

static bool asks_for_password(struct slice challenge) {
    struct buf decoded;
    buf_init(&decoded, challenge.len + 4);
    bool ok = decode_leniently(&decoded, slice_trim(challenge), false);
    bool asks = ok && slice_find_nocase(buf_slice(&decoded), SLICE("pass")) != SLICE_NONE;
    buf_cleanup(&decoded);
    return asks || slice_find_nocase(challenge, SLICE("pass")) != SLICE_NONE;
}

void mask_learn_reply(struct sasl_progress *progress, const struct event_reply *reply) {
    if (reply->code == 334 && progress->layout == SASL_LOGIN && reply->line_count > 0) {
        progress->password_is_due = asks_for_password(reply->lines[0].text);
    }
}
