// SPDX-License-Identifier: MIT
#include "smtp/auth_identity.h"

#include "base/text.h"

#include <string.h>

// RFC 4616 2: [authzid] NUL authcid NUL passwd. Without any NUL the name cannot be separated from
// the password.
static void read_plain(struct buf *out, struct slice response) {
    struct slice rest = response;
    struct slice authzid = slice_split(&rest, 0);
    if (slice_is_null(rest)) {
        return;
    }
    struct slice authcid = slice_split(&rest, 0);
    if (slice_is_null(rest)) { // One NUL only: the second part may be the password.
        buf_put(out, authzid);
        return;
    }
    buf_put(out, authcid.len > 0 ? authcid : authzid);
}

// RFC 2195 2: user SP digest. Where the last word is no digest, it may be a pass phrase.
static void read_cram(struct buf *out, struct slice response) {
    enum { DIGEST_MIN = 8 };
    size_t end = response.len;
    bool hex = true;
    while (end > 0 && response.data[end - 1] != ' ') {
        hex = hex && text_hex_value(response.data[end - 1]) >= 0;
        end--;
    }
    if (end > 0 && hex && response.len - end >= DIGEST_MIN) {
        buf_put(out, slice_sub(response, 0, end - 1));
    }
}

// RFC 2831 2.1.2: username="…", with `\` before what is quoted.
static void read_digest(struct buf *out, struct slice response) {
    static const struct slice key = SLICE_INIT("username=\"");
    size_t at = slice_find_nocase(response, key);
    if (at == SLICE_NONE) {
        return;
    }
    struct slice value = slice_from(response, at + key.len);
    for (size_t i = 0; i < value.len && value.data[i] != '"'; i++) {
        if (value.data[i] == '\\' && i + 1 < value.len) {
            i++;
        }
        buf_put_byte(out, value.data[i]);
    }
}

// RFC 5802 5.1, saslname: `=2C` is a comma, `=3D` an equals sign.
static void put_saslname(struct buf *out, struct slice name) {
    for (size_t i = 0; i < name.len; i++) {
        struct slice escape = slice_sub(name, i, 3);
        if (slice_is_nocase(escape, "=2C") || slice_is_nocase(escape, "=3D")) {
            buf_put_byte(out, text_upper(escape.data[2]) == 'C' ? ',' : '=');
            i += 2;
        } else {
            buf_put_byte(out, name.data[i]);
        }
    }
}

// The value of the first attribute `key` (a letter and `=`) of a comma-separated list.
static void read_attribute(struct buf *out, struct slice list, const char *key) {
    while (list.len > 0) {
        struct slice item = slice_split(&list, ',');
        if (slice_starts_with(item, slice_of_string(key))) {
            put_saslname(out, slice_from(item, strlen(key)));
            return;
        }
    }
}

// Google's: user=… ^A auth=Bearer … ^A ^A.
static void read_xoauth2(struct buf *out, struct slice response) {
    while (response.len > 0) {
        struct slice item = slice_split(&response, 0x01);
        if (slice_starts_with_nocase(item, SLICE("user="))) {
            buf_put(out, slice_from(item, 5));
            return;
        }
    }
}

// RFC 7628 3.1: gs2-header ^A key=value ^A … ^A.
static void read_oauthbearer(struct buf *out, struct slice response) {
    struct slice rest = response;
    read_attribute(out, slice_split(&rest, 0x01), "a=");
}

static unsigned little_endian(struct slice s, size_t at) {
    return at + 2 <= s.len ? (unsigned)(s.data[at] | s.data[at + 1] << 8) : 0;
}

// MS-NLMP 2.2.1.3, the AUTHENTICATE message: the user name's length at 36, its offset at 40, the
// flags (bit 0 is Unicode) at 60.
static void read_ntlm(struct buf *out, struct slice response) {
    enum { TYPE_AT = 8, AUTHENTICATE = 3, USER_LEN_AT = 36, USER_OFFSET_AT = 40, FLAGS_AT = 60 };
    bool authenticate = response.len >= FLAGS_AT + 4 &&
                        slice_starts_with(response, slice_of("NTLMSSP\0", 8)) &&
                        little_endian(response, TYPE_AT) == AUTHENTICATE;
    if (!authenticate) {
        return;
    }
    struct slice user = slice_sub(response, little_endian(response, USER_OFFSET_AT),
                                  little_endian(response, USER_LEN_AT));
    bool unicode = (response.data[FLAGS_AT] & 1) != 0;
    for (size_t i = 0; i + (unicode ? 1 : 0) < user.len; i += unicode ? 2 : 1) {
        bool ascii = user.data[i] < 0x80 && (!unicode || user.data[i + 1] == 0);
        buf_put_byte(out, ascii ? user.data[i] : '?');
    }
}

void auth_identity_read(struct buf *out, enum sasl_mechanism mechanism, unsigned nth,
                        struct slice response) {
    switch (mechanism) {
    case SASL_MECHANISM_PLAIN:
        read_plain(out, response);
        break;
    case SASL_MECHANISM_LOGIN:
        buf_put(out, response);
        break;
    case SASL_MECHANISM_CRAM_MD5:
        read_cram(out, response);
        break;
    case SASL_MECHANISM_DIGEST_MD5:
        read_digest(out, response);
        break;
    case SASL_MECHANISM_SCRAM:
        if (nth == 1) {
            read_attribute(out, response, "n=");
        }
        break;
    case SASL_MECHANISM_XOAUTH2:
        read_xoauth2(out, response);
        break;
    case SASL_MECHANISM_OAUTHBEARER:
        read_oauthbearer(out, response);
        break;
    case SASL_MECHANISM_NTLM:
        read_ntlm(out, response);
        break;
    case SASL_MECHANISM_EXTERNAL:
    case SASL_MECHANISM_ANONYMOUS:
        buf_put(out, response);
        break;
    case SASL_MECHANISM_GSSAPI:
    case SASL_MECHANISM_UNKNOWN:
        break;
    }
}
