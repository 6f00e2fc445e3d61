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

// Cuts what stands in front of the next digit off `*rest`, and then its run of digits, which is
// returned.
static struct slice take_digits(struct slice *rest) {
    while (rest->len > 0 && taint_sextet(rest->data[0]) < 0) {
        *rest = slice_from(*rest, 1);
    }
    size_t len = 0;
    while (len < rest->len && taint_sextet(rest->data[len]) >= 0) {
        len++;
    }
    struct slice run = slice_sub(*rest, 0, len);
    *rest = slice_from(*rest, len);
    return run;
}

// Copies a run of digits, those of base64url translated.
static void put_digits(struct buf *out, struct slice run) {
    for (size_t i = 0; i < run.len; i++) {
        uint8_t byte = run.data[i];
        buf_put_byte(out, byte == '-' ? '+' : byte == '_' ? '/' : byte);
    }
}

// Decodes a run of digits; where its end is cut off (`open`) or odd, all whole groups of four.
static bool decode_leniently(struct buf *out, struct slice run, bool open) {
    struct buf digits;
    buf_init(&digits, run.len + 4);
    put_digits(&digits, run);
    bool ok = run.len > 0;
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

// A secret with NULs in it, where none belongs: its first and its last part may be the secret
// alone.
static void learn_with_nuls(struct taint *taint, struct slice secret, bool open) {
    taint_learn(taint, secret, open);
    if (count_byte(secret, 0) == 0) {
        return;
    }
    taint_learn(taint, slice_split(&secret, 0), false);
    while (count_byte(secret, 0) > 0) {
        slice_split(&secret, 0);
    }
    taint_learn(taint, secret, open);
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
        learn_with_nuls(taint, rest, open);
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
    learn_with_nuls(taint, value, open);
    size_t space = slice_find_byte(value, ' ');
    if (space != SLICE_NONE) {
        learn_with_nuls(taint, slice_trim(slice_from(value, space)), open);
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
        learn_with_nuls(taint, word, open);
    }
}

enum { PARTS_MAX = 8 };

// All parts but the first, which names who it is, and those that name somebody or something.
static void learn_parts(struct taint *taint, struct slice decoded, uint8_t separator, bool open) {
    struct slice rest = decoded;
    slice_split(&rest, separator);
    for (size_t i = 0; i < PARTS_MAX && rest.len > 0; i++) {
        struct slice part = slice_split(&rest, separator);
        struct slice key = part;
        key.len = slice_find_byte(part, '=') == SLICE_NONE ? 0 : slice_find_byte(part, '=');
        if (!names_somebody(key)) {
            learn_with_nuls(taint, part, open && rest.len == 0);
        }
    }
    taint_learn(taint, rest, open);
}

// Nobody knows what it holds. Two NULs are taken for PLAIN's; and where the mechanism is only not
// known yet, any number of them is.
static void learn_unknown(struct taint *taint, enum sasl_layout layout, struct slice decoded,
                          bool open) {
    size_t nuls = count_byte(decoded, 0);
    if (nuls > 0 && nuls != 2 && layout != SASL_UNNAMED) {
        learn_parts(taint, decoded, 0, open);
    }
    if (nuls > 0) {
        learn_plain(taint, decoded, open);
    }
    if (count_byte(decoded, CONTROL_A) > 0) {
        learn_parts(taint, decoded, CONTROL_A, open);
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
        learn_unknown(taint, progress->layout, decoded, open);
        break;
    case SASL_LOGIN:
        learn_with_nuls(taint, decoded, open);
        break;
    case SASL_NAME:
    case SASL_OPAQUE:
        break;
    }
}

// A line may hold more than one run of digits, where something stands in it that is no base64.
enum { RUNS_MAX = 8 };

static void learn_runs(struct taint *taint, const struct sasl_progress *progress, struct slice line,
                       bool open) {
    for (size_t i = 0; i < RUNS_MAX && line.len > 0; i++) {
        struct slice run = take_digits(&line);
        struct buf decoded;
        buf_init(&decoded, run.len + 4);
        if (decode_leniently(&decoded, run, open && line.len == 0)) {
            learn_decoded(taint, progress, buf_slice(&decoded), open);
        }
        buf_wipe(&decoded);
    }
}

void mask_learn_sasl(struct taint *taint, struct sasl_progress *progress, struct slice line,
                     bool open) {
    progress->lines++;
    taint_learn(taint, line, open);
    learn_runs(taint, progress, line, open);
    progress->password_is_due = false;
}

// ── events ──────────────────────────────────────────────────────────────────────────────────────

// Postfix XCLIENT_README: there is no value to tell, which is said of other attributes too.
static bool is_placeholder(struct slice value) {
    return slice_is_nocase(value, "[UNAVAILABLE]") || slice_is_nocase(value, "[TEMPUNAVAIL]");
}

// A value of BURL or XCLIENT: as it stands, and with %XX and +XX (xtext) undone, since the server
// may show it so.
static void learn_value(struct taint *taint, struct slice value, bool open) {
    struct buf plain;
    if (is_placeholder(value)) {
        return;
    }
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

// RFC 4467 3: URLAUTH is access ":" mechanism ":" token, and the token alone lets in.
static void learn_urlauth(struct taint *taint, struct slice value, bool open) {
    learn_value(taint, value, open);
    slice_split(&value, ':');
    slice_split(&value, ':');
    if (value.len > 0) {
        learn_value(taint, value, open);
    }
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

// What stands behind `key` in a word of a line, or the null slice.
static struct slice value_behind(struct slice word, struct slice key) {
    size_t at = slice_find_nocase(word, key);
    return at == SLICE_NONE ? (struct slice){0} : slice_from(word, at + key.len);
}

// Of a line that was cut in front of its URLAUTH= or LOGIN= all that follows is marked; the cut may
// have parted the key itself, or stand behind it.
static void learn_values(struct taint *taint, struct slice run, bool open) {
    for (bool first = true; run.len > 0; first = false) {
        struct slice word = take_word(&run);
        struct slice value = value_behind(word, SLICE("LOGIN="));
        if (slice_is_null(value)) {
            value = value_behind(word, SLICE("URLAUTH="));
        }
        if (slice_is_null(value) && first) {
            learn_urlauth(taint, word, open && run.len == 0);
            value = value_behind(word, SLICE("="));
        }
        learn_urlauth(taint, value, open && run.len == 0);
    }
}

void mask_learn_run(struct taint *taint, struct sasl_progress *progress, struct slice run,
                    bool open) {
    if (is_placeholder(run)) {
        return;
    }
    learn_values(taint, run, open);
    mask_learn_sasl(taint, progress, run, open);
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
        if (command->command.verb == VERB_BURL && !continues) {
            learn_urlauth(taint, slice_trim(text), open);
        } else if (is_value_verb(command->command.verb) && !continues) {
            learn_value(taint, slice_trim(text), open);
        } else {
            learn_span(taint, progress, text, open);
        }
    }
}

static bool asks_for_password(struct slice challenge) {
    struct slice rest = challenge;
    struct buf decoded;
    buf_init(&decoded, challenge.len + 4);
    bool ok = decode_leniently(&decoded, take_digits(&rest), false);
    bool asks = ok && slice_find_nocase(buf_slice(&decoded), SLICE("pass")) != SLICE_NONE;
    buf_cleanup(&decoded);
    return asks || slice_find_nocase(challenge, SLICE("pass")) != SLICE_NONE;
}

void mask_learn_reply(struct sasl_progress *progress, const struct event_reply *reply) {
    if (reply->code == 334 && progress->layout == SASL_LOGIN && reply->line_count > 0) {
        progress->password_is_due = asks_for_password(reply->lines[0].text);
    }
}
