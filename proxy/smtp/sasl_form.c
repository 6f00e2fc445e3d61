// SPDX-License-Identifier: MIT
#include "smtp/sasl_form.h"

#include "base/digest.h"
#include "base/limits.h"
#include "base/text.h"

#define NOT_PLAIN                                                                                  \
    "it has not two NULs, though PLAIN is an authorization identity, NUL, the user name, NUL, "    \
    "the "                                                                                         \
    "password"

enum { SOH = 0x01 };

static const struct slice replacement = SLICE_INIT("\xEF\xBF\xBD"); // U+FFFD
static const struct slice byte_order_mark = SLICE_INIT("\xEF\xBB\xBF");

static bool contains(struct slice text, struct slice part) {
    return slice_find(text, part) != SLICE_NONE;
}

// ── the form ────────────────────────────────────────────────────────────────────────────────────

static size_t count_nuls(struct slice text) {
    size_t nuls = 0;
    for (size_t i = 0; i < text.len; i++) {
        nuls += text.data[i] == 0;
    }
    return nuls;
}

static bool is_base64_of_plain(struct slice response) {
    struct buf decoded;
    buf_init(&decoded, LIMIT_SASL_TOKEN);
    bool is = response.len > 0 && response.len < LIMIT_SASL_TOKEN &&
              base64_decode(&decoded, response) && count_nuls(buf_slice(&decoded)) == 2;
    buf_wipe(&decoded);
    return is;
}

// RFC 4616 2: exactly two NULs.
static const char *flaw_of_plain(struct slice response) {
    if (count_nuls(response) == 2) {
        return NULL;
    }
    if (contains(response, replacement)) {
        return NOT_PLAIN
            "; it has U+FFFD, which a text encoder puts in the place of bytes that it cannot read, "
            "so encode the bytes themselves";
    }
    return is_base64_of_plain(response) ? NOT_PLAIN "; it was put into base64 twice" : NOT_PLAIN;
}

// The value of `auth=`; null where there is none.
static struct slice credentials_of(struct slice response) {
    while (!slice_is_null(response)) {
        struct slice part = slice_split(&response, SOH);
        if (slice_starts_with_nocase(part, SLICE("auth="))) {
            return slice_from(part, 5);
        }
    }
    return (struct slice){0};
}

static bool is_bearer(struct slice credentials) {
    return slice_starts_with_nocase(credentials, SLICE("Bearer "));
}

static bool ends_in_two(struct slice response) {
    return response.len >= 2 && response.data[response.len - 1] == SOH &&
           response.data[response.len - 2] == SOH;
}

#define FORM_XOAUTH2                                                                               \
    "XOAUTH2 has the form user=NAME ^A auth=Bearer TOKEN ^A ^A, where ^A is the byte 0x01 and "    \
    "there are no spaces around it, and this "
#define FORM_BEARER                                                                                \
    "OAUTHBEARER has the form n,a=NAME, ^A auth=Bearer TOKEN ^A ^A, where ^A is the byte 0x01 "    \
    "and there are no spaces around it, and this "

// What both have after their beginning.
struct bearer_flaws {
    const char *no_auth, *no_bearer, *no_end;
};

#define BEARER_FLAWS(form)                                                                         \
    {                                                                                              \
        .no_auth = form "has no auth= after a ^A",                                                 \
        .no_bearer = form "has no 'Bearer' and a space in front of the token",                     \
        .no_end = form "does not end in two ^A"                                                    \
    }

static const char *flaw_of_bearer(const struct bearer_flaws *flaws, struct slice response) {
    struct slice credentials = credentials_of(response);
    if (slice_is_null(credentials)) {
        return flaws->no_auth;
    }
    if (!is_bearer(credentials)) {
        return flaws->no_bearer;
    }
    return ends_in_two(response) ? NULL : flaws->no_end;
}

static const char *flaw_of_xoauth2(struct slice response) {
    static const struct bearer_flaws flaws = BEARER_FLAWS(FORM_XOAUTH2);
    if (slice_starts_with_nocase(response, SLICE("user="))) {
        return flaw_of_bearer(&flaws, response);
    }
    return slice_starts_with(response, SLICE("dXNlcj")) ? FORM_XOAUTH2 "was put into base64 twice"
                                                        : FORM_XOAUTH2 "does not begin with user=";
}

// RFC 7628 3.1: gs2-header ^A (key=value ^A)* ^A.
static const char *flaw_of_oauthbearer(struct slice response) {
    static const struct bearer_flaws flaws = BEARER_FLAWS(FORM_BEARER);
    bool header = slice_starts_with(response, SLICE("n,")) ||
                  slice_starts_with(response, SLICE("y,")) ||
                  slice_starts_with(response, SLICE("p="));
    return header ? flaw_of_bearer(&flaws, response) : FORM_BEARER "does not begin with n,";
}

const char *sasl_form_flaw(enum sasl_mechanism mechanism, unsigned nth, struct slice response) {
    if (mechanism == SASL_MECHANISM_PLAIN) {
        return flaw_of_plain(response);
    }
    bool first = nth == 1 && response.len > 0; // the next one answers an error, and is empty
    if (first && mechanism == SASL_MECHANISM_XOAUTH2) {
        return flaw_of_xoauth2(response);
    }
    return first && mechanism == SASL_MECHANISM_OAUTHBEARER ? flaw_of_oauthbearer(response) : NULL;
}

// ── the token ───────────────────────────────────────────────────────────────────────────────────

// RFC 4648 5, base64url without its padding.
static bool decode_url(struct buf *out, struct slice text) {
    static const struct slice pads[] = {SLICE_INIT(""), SLICE_INIT(""), SLICE_INIT("=="),
                                        SLICE_INIT("=")};
    struct buf standard;
    buf_init(&standard, LIMIT_SASL_TOKEN + 4);
    for (size_t i = 0; i < text.len && i < LIMIT_SASL_TOKEN; i++) {
        uint8_t byte = text.data[i];
        buf_put_byte(&standard, byte == '-' ? '+' : byte == '_' ? '/' : byte);
    }
    buf_put(&standard, pads[text.len % 4]);
    bool good = text.len <= LIMIT_SASL_TOKEN && base64_decode(out, buf_slice(&standard));
    buf_wipe(&standard);
    return good;
}

// The number after `"exp":` (RFC 7519 4.1.4); false where there is none.
static bool find_expiry(uint64_t *out, struct slice claims) {
    static const struct slice name = SLICE_INIT("\"exp\"");
    size_t at = slice_find(claims, name);
    if (at == SLICE_NONE) {
        return false;
    }
    struct slice rest = slice_trim(slice_from(claims, at + name.len));
    if (rest.len == 0 || rest.data[0] != ':') {
        return false;
    }
    rest = slice_trim(slice_from(rest, 1));
    size_t digits = 0;
    while (digits < rest.len && text_is_digit(rest.data[digits])) {
        digits++;
    }
    return text_parse_u64(out, slice_sub(rest, 0, digits), INT64_MAX);
}

// A JSON Web Token has three parts with dots between them, and says when it ends.
static bool has_expired(struct slice token, int64_t now_s) {
    struct slice rest = token;
    slice_split(&rest, '.');
    struct slice claims = !slice_is_null(rest) ? slice_split(&rest, '.') : (struct slice){0};
    uint64_t expiry = 0;
    struct buf decoded;
    buf_init(&decoded, LIMIT_SASL_TOKEN);
    bool expired = !slice_is_null(rest) && decode_url(&decoded, claims) &&
                   find_expiry(&expiry, buf_slice(&decoded)) && (int64_t)expiry < now_s;
    buf_wipe(&decoded);
    return expired;
}

// ── slips ───────────────────────────────────────────────────────────────────────────────────────

static bool is_space(uint8_t byte) {
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

static bool has_space_at_edge(struct slice text) {
    return text.len > 0 && (is_space(text.data[0]) || is_space(text.data[text.len - 1]));
}

static bool is_in_quotes(struct slice text) {
    uint8_t first = text.len < 2 ? 0 : text.data[0];
    return (first == '"' || first == '\'') && text.data[text.len - 1] == first;
}

// The same slip in the words of each place where it may be.
struct slips {
    const char *empty, *space, *mark, *replaced, *quotes;
};

#define SLIPS(what)                                                                                \
    {                                                                                              \
        .empty = what " is empty",                                                                 \
        .space =                                                                                   \
            what " has white space or a line end at an edge, as where it was pasted, or read "     \
                 "from a file with its line end",                                                  \
        .mark = what " begins with a byte order mark, as where it was read from a file that an "   \
                     "editor wrote",                                                               \
        .replaced =                                                                                \
            what " has U+FFFD in it, which replaces a byte that a text decoder could not read",    \
        .quotes = what " is in quotes, as where they were taken over from a configuration"         \
    }

static const struct slips slips_of_name = SLIPS("the user name");
static const struct slips slips_of_password = SLIPS("the password");
static const struct slips slips_of_answer = SLIPS("an answer to one of the two questions of LOGIN");
static const struct slips slips_of_token = SLIPS("the access token");

static const char *slip_in(const struct slips *slips, struct slice text) {
    if (text.len == 0) {
        return slips->empty;
    }
    if (has_space_at_edge(text)) {
        return slips->space;
    }
    if (slice_starts_with(text, byte_order_mark)) {
        return slips->mark;
    }
    if (contains(text, replacement)) {
        return slips->replaced;
    }
    return is_in_quotes(text) ? slips->quotes : NULL;
}

static const char *doubt_of_plain(struct slice response) {
    if (count_nuls(response) != 2) {
        return NULL;
    }
    struct slice rest = response;
    struct slice authzid = slice_split(&rest, 0);
    struct slice authcid = slice_split(&rest, 0);
    const char *name = slip_in(&slips_of_name, authcid);
    const char *password = slip_in(&slips_of_password, rest);
    if (name != NULL || password != NULL) {
        return name != NULL ? name : password;
    }
    return authzid.len > 0 ? "it has an authorization identity in front of its first NUL, which "
                             "some servers refuse; leave it empty"
                           : NULL;
}

static const char *doubt_of_bearer(struct slice response, int64_t now_s) {
    struct slice credentials = credentials_of(response);
    if (!is_bearer(credentials)) {
        return NULL;
    }
    struct slice token = slice_from(credentials, 7);
    const char *slip = slip_in(&slips_of_token, token);
    bool expired = slip == NULL && has_expired(token, now_s);
    return expired ? "the access token has expired, by its own exp; get a new one with the refresh "
                     "token"
                   : slip;
}

const char *sasl_form_doubt(enum sasl_mechanism mechanism, struct slice response, int64_t now_s) {
    switch (mechanism) {
    case SASL_MECHANISM_PLAIN:
        return doubt_of_plain(response);
    case SASL_MECHANISM_LOGIN:
        return slip_in(&slips_of_answer, response);
    case SASL_MECHANISM_XOAUTH2:
    case SASL_MECHANISM_OAUTHBEARER:
        return doubt_of_bearer(response, now_s);
    case SASL_MECHANISM_CRAM_MD5:
    case SASL_MECHANISM_DIGEST_MD5:
    case SASL_MECHANISM_SCRAM:
    case SASL_MECHANISM_NTLM:
    case SASL_MECHANISM_GSSAPI:
    case SASL_MECHANISM_EXTERNAL:
    case SASL_MECHANISM_ANONYMOUS:
    case SASL_MECHANISM_UNKNOWN:
        break;
    }
    return NULL;
}
