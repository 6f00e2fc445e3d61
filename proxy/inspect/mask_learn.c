// SPDX-License-Identifier: MIT
#include "inspect/mask_learn.h"

#include "base/memory.h"
#include "base/text.h"
#include "event/sasl.h"
#include "inspect/secret_form.h"

#include <string.h>

// ── base64, as much of it as there is ───────────────────────────────────────────────────────────

// Cuts what comes before the next digit off `*rest`, and then its run of digits, which is
// returned.
static struct slice take_digits(struct slice *rest) {
    while (rest->len > 0 && secret_sextet(rest->data[0]) < 0) {
        *rest = slice_from(*rest, 1);
    }
    size_t len = 0;
    while (len < rest->len && secret_sextet(rest->data[len]) >= 0) {
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

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

static bool is_name_due(const struct sasl_progress *progress) {
    bool first = progress->layout == SASL_LOGIN && progress->lines == 1;
    bool asked = progress->asked == SASL_ASKS_NOTHING || progress->asked == SASL_ASKS_NAME;
    return progress->layout == SASL_NAME || (first && asked);
}

static void learn_response(struct secret_set *secrets_known, const struct sasl_progress *progress,
                           struct slice response, bool open) {
    if (!is_name_due(progress)) {
        sasl_learn_response(secrets_known, progress->layout, response, open);
    }
}

static void note_name(struct sasl_progress *progress, struct slice line) {
    if (is_name_due(progress) && line.len <= sizeof(progress->name_line)) {
        memcpy(progress->name_line, line.data, line.len);
        progress->name_line_len = line.len;
    }
}

// A line may hold more than one run of digits, where something in it is no base64.
static void learn_runs(struct secret_set *secrets_known, const struct sasl_progress *progress,
                       struct slice line, bool open) {
    while (line.len > 0 && !secrets_known->overflowed) {
        struct slice run = take_digits(&line);
        struct buf decoded;
        buf_init(&decoded, run.len + 4);
        if (decode_leniently(&decoded, run, open && line.len == 0)) {
            learn_response(secrets_known, progress, buf_slice(&decoded), open);
        }
        buf_wipe(&decoded);
    }
}

static bool is_base64(struct slice line) {
    for (size_t i = 0; i < line.len; i++) {
        if (secret_sextet(line.data[i]) < 0 && line.data[i] != '=') {
            return false;
        }
    }
    return true;
}

// No word of a language.
static bool is_surely_base64(struct slice word) {
    bool digit = false;
    bool upper = false;
    bool lower = false;
    for (size_t i = 0; i < word.len; i++) {
        digit = digit || !text_is_alpha(word.data[i]);
        upper = upper || (i > 0 && text_is_upper(word.data[i]));
        lower = lower || word.data[i] >= 'a';
    }
    return word.len >= 8 && word.len % 4 == 0 && is_base64(word) && (digit || upper) && lower;
}

// A client that forgot the base64 sends the response as it is.
static void mask_learn_sasl(struct secret_set *secrets_known, struct sasl_progress *progress,
                            struct slice line, bool open) {
    progress->lines++;
    secret_set_learn(secrets_known, line, open);
    note_name(progress, line);
    if (!is_base64(line)) {
        learn_response(secrets_known, progress, line, open);
    }
    learn_runs(secrets_known, progress, line, open);
    progress->asked = SASL_ASKS_NOTHING;
}

// ── events ──────────────────────────────────────────────────────────────────────────────────────

// Postfix XCLIENT_README: there is no value to tell, which is said of other attributes too.
static bool is_placeholder(struct slice value) {
    return slice_is_nocase(value, "[UNAVAILABLE]") || slice_is_nocase(value, "[TEMPUNAVAIL]");
}

// A value of BURL or XCLIENT: as it is, and with %XX and +XX (xtext) undone, since the server
// may show it so.
static void learn_value(struct secret_set *secrets_known, struct slice value, bool open) {
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
    secret_set_learn(secrets_known, value, open);
    secret_set_learn(secrets_known, buf_slice(&plain), open);
    buf_wipe(&plain);
}

// RFC 4467 3: URLAUTH is access ":" mechanism ":" token, and the token alone lets in.
static void learn_urlauth(struct secret_set *secrets_known, struct slice value, bool open) {
    learn_value(secrets_known, value, open);
    struct slice token = value;
    slice_split(&token, ':');
    slice_split(&token, ':');
    if (slice_is_null(token)) { // a part is missing
        token = value;
        slice_split(&token, ':');
    }
    if (token.len > 0) {
        learn_value(secrets_known, token, open);
        secret_set_learn_key(secrets_known, token, open);
    }
}

// What comes after `key` in a word of a line, or the null slice.
static struct slice value_behind(struct slice word, struct slice key) {
    size_t at = slice_find_nocase(word, key);
    return at != SLICE_NONE ? slice_from(word, at + key.len) : (struct slice){0};
}

// The name said before is still no secret.
static void begin_exchange(struct sasl_progress *progress, struct slice mechanism) {
    progress->layout = sasl_layout_of(mechanism);
    progress->lines = 0;
    progress->asked = SASL_ASKS_NOTHING;
}

// What is marked as a whole may be an AUTH command in an odd place: its words are none of the
// secret.
static struct slice skip_auth(struct sasl_progress *progress, struct slice text) {
    struct slice rest = slice_trim(text);
    struct slice after = rest;
    while (after.len > 0 && after.data[0] <= ' ') {
        after = slice_from(after, 1);
    }
    struct slice mechanism = slice_take_word(&after);
    struct slice word = slice_split(&mechanism, '=');
    if (word.len == 0 || sasl_command_len(word) != word.len) {
        return rest;
    }
    begin_exchange(progress, mechanism.len > 0 ? mechanism : slice_take_word(&after));
    return after;
}

// A marked range with blanks in it is more than one SASL line could be; each word may be one.
static void learn_span(struct secret_set *secrets_known, struct sasl_progress *progress,
                       struct slice text, bool open) {
    struct slice rest = skip_auth(progress, text);
    secret_set_learn(secrets_known, rest, open);
    if (!is_base64(rest)) {
        struct sasl_progress whole = *progress;
        whole.lines++;
        learn_response(secrets_known, &whole, rest, open);
    }
    while (rest.len > 0) {
        struct slice word = slice_take_word(&rest);
        mask_learn_sasl(secrets_known, progress, word, open && rest.len == 0);
    }
}

// A line of unknown form is learnt as a whole. Its words may be ordinary ones, which must not be
// hidden from then on; but for those that can only be base64.
static void learn_concealed(struct secret_set *secrets_known, struct sasl_progress *progress,
                            struct slice text, bool open) {
    struct slice rest = skip_auth(progress, text);
    struct slice whole = rest;
    struct sasl_progress unnamed = {.layout = SASL_UNNAMED};
    if (slice_equal(whole, slice_of(progress->name_line, progress->name_line_len))) {
        progress->lines++;
        secret_set_learn(secrets_known, whole, open);
        return;
    }
    if (progress->layout == SASL_NAME && progress->lines > 0) { // no more is to come of it
        progress->layout = SASL_UNKNOWN;
    }
    mask_learn_sasl(secrets_known, is_base64(whole) ? progress : &unnamed, whole, open);
    while (rest.len > 0) {
        struct slice word = slice_take_word(&rest);
        if (word.len == whole.len || !is_surely_base64(word)) {
            continue;
        }
        if (slice_equal(word, slice_of(progress->name_line, progress->name_line_len))) {
            progress->lines++;
        } else {
            mask_learn_sasl(secrets_known, progress, word, open && rest.len == 0);
        }
    }
}

static size_t count_colons(struct slice word) {
    size_t count = 0;
    for (size_t i = 0; i < word.len; i++) {
        count += word.data[i] == ':' ? 1 : 0;
    }
    return count;
}

// Of a line that was cut in front of its URLAUTH= or LOGIN= all that follows is marked; the cut may
// have split the key itself, or come after it.
static void learn_values(struct secret_set *secrets_known, struct slice run, bool open) {
    for (bool first = true; run.len > 0; first = false) {
        struct slice word = slice_take_word(&run);
        struct slice value = value_behind(word, SLICE("LOGIN="));
        if (slice_is_null(value)) {
            value = value_behind(word, SLICE("URLAUTH="));
        }
        if (slice_is_null(value) && first && (run.len == 0 || count_colons(word) >= 2)) {
            learn_urlauth(secrets_known, word, open && run.len == 0);
            value = value_behind(word, SLICE("="));
        }
        learn_urlauth(secrets_known, value, open && run.len == 0);
    }
}

void mask_learn_run(struct secret_set *secrets_known, struct sasl_progress *progress,
                    struct slice run, bool open) {
    struct slice rest = skip_auth(progress, run);
    if (is_placeholder(run)) {
        return;
    }
    if (rest.len < run.len) { // AUTH, after so many blanks that its line was cut
        learn_span(secrets_known, progress, rest, open);
        return;
    }
    struct slice after = run;
    struct slice word = slice_take_word(&after);
    if (sasl_layout_of(word) != SASL_UNKNOWN) { // AUTH, and a mechanism after as many
        begin_exchange(progress, word);
        learn_span(secrets_known, progress, after, open);
    }
    learn_values(secrets_known, run, open);
    mask_learn_sasl(secrets_known, progress, run, open);
}

static bool is_value_verb(enum verb verb) {
    return verb == VERB_BURL || verb == VERB_XCLIENT;
}

static void learn_line(struct secret_set *secrets_known, struct sasl_progress *progress,
                       const struct event_command *command, struct span span) {
    const struct event_line *line = &command->line;
    bool open = line->len > line->text.len && span.offset + span.len >= line->text.len;
    bool first = !command->continuation && !command->concealed;
    struct slice text = slice_sub(line->text, span.offset, span.len);
    if (command->command.verb == VERB_BURL && first) {
        learn_urlauth(secrets_known, slice_trim(text), open);
    } else if (is_value_verb(command->command.verb) && first) {
        learn_value(secrets_known, slice_trim(text), open);
    } else if (command->concealed) {
        learn_concealed(secrets_known, progress, text, open);
    } else {
        learn_span(secrets_known, progress, text, open);
    }
}

void mask_learn_command(struct secret_set *secrets_known, struct sasl_progress *progress,
                        const struct event_command *command) {
    const struct event_line *line = &command->line;
    bool continues = command->continuation || command->concealed;
    if (command->pipelined) { // it does not go by the question
        progress->asked = SASL_ASKS_NOTHING;
    }
    bool credentials =
        !continues && line->secret_count > 0 && !is_value_verb(command->command.verb);
    if (credentials || command->command.verb == VERB_AUTH ||
        !slice_is_null(command->command.mechanism)) {
        begin_exchange(progress, command->command.mechanism);
    }
    if (command->concealed && line->secret_count == 0) {
        learn_concealed(secrets_known, progress, line->text, line->len > line->text.len);
    }
    for (size_t i = 0; i < line->secret_count; i++) {
        learn_line(secrets_known, progress, command, line->secrets[i]);
    }
}

void mask_learn_reply(struct sasl_progress *progress, const struct event_reply *reply) {
    if (reply->code == 334 && progress->layout == SASL_LOGIN && reply->line_count > 0) {
        progress->asked = sasl_challenge_asks(reply->lines[0].text);
    }
}
