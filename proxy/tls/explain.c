// SPDX-License-Identifier: MIT
#include "tls/explain.h"

#include "base/boringssl.h"
#include "base/limits.h"
#include "base/lines.h"
#include "base/sentence.h"
#include "base/text.h"
#include "event/verb.h"
#include "tls/alert.h"
#include "tls/suite.h"

#include <openssl/err.h>
#include <openssl/nid.h>
#include <openssl/ssl.h>

#include <string.h>

enum { SUITES_SHOWN = 8 };

#define LACKS "BoringSSL has no DHE, RC4, CBC-SHA256, CCM, Camellia or export suites, and no SSLv3"

static const char *peer_name(const struct tls_account *account) {
    return account->peer == SIDE_CLIENT ? "the client" : "the server";
}

static void put_allowed(struct buf *out, const struct tls_account *account) {
    if (account->pinned != 0) {
        buf_putf(out, "%s alone, as --fault wants", tls_wire_version_name(account->pinned));
        return;
    }
    const char *min = tls_version_name(account->allowed.min);
    bool limited = account->limit != 0 && account->limit < TLS1_3_VERSION;
    const char *max =
        limited ? tls_wire_version_name(account->limit) : tls_version_name(account->allowed.max);
    buf_put_string(out, min);
    if (strcmp(min, max) != 0) {
        buf_putf(out, " to %s", max);
    }
    if (limited) {
        buf_put_string(out, " on this side, since the server chose no higher one (--tls-client "
                            "sets a range of its own)");
    } else {
        buf_putf(out, " on this side (%s sets that)",
                 account->peer == SIDE_CLIENT ? "--tls-client" : "--tls-server");
    }
}

// ── text where TLS was due ──────────────────────────────────────────────────────────────────────

// Whether the first bytes are text where a TLS record was due.
static bool tls_is_plain_text(struct slice first) {
    // Record types are 20 to 24, and an SSLv2 hello starts with its top bit set: none is printable.
    return first.len > 0 && first.data[0] >= ' ' && first.data[0] < 0x7f;
}

static struct slice first_line(struct slice first) {
    struct slice line = lines_without_cr(slice_split(&first, '\n'));
    return slice_sub(line, 0, TLS_QUOTE_MAX);
}

// Of a client's line only a verb that is known is shown: any other word may be a password, and what
// comes after AUTH is one.
static struct slice first_verb(struct slice line) {
    size_t len = 0;
    while (len < line.len && text_is_alpha(line.data[len])) {
        len++;
    }
    struct slice word = slice_sub(line, 0, len);
    return verb_find(word) == VERB_UNKNOWN ? SLICE("") : word;
}

static void explain_plain_text(struct buf *out, const struct tls_account *account) {
    struct slice line = first_line(account->first);
    if (account->peer == SIDE_SERVER) {
        bool smtp = line.len >= 3 && text_is_digit(line.data[0]) && text_is_digit(line.data[1]) &&
                    text_is_digit(line.data[2]);
        buf_putf(out, "the server speaks %s where a TLS handshake is due: it said \"",
                 smtp ? "plain SMTP" : "plain text");
        sentence_put_value(out, line);
        buf_put_byte(out, '"');
        if (account->plain_text_remedy != NULL) {
            buf_putf(out, "; %s", account->plain_text_remedy);
        }
        return;
    }
    struct slice verb = first_verb(line);
    buf_put_string(out, "the client sent plain text ");
    if (verb.len > 0) {
        buf_put_byte(out, '"');
        sentence_put_value(out, verb);
        buf_put_string(out, verb.len < line.len ? " …\" " : "\" ");
    }
    buf_put_string(out, "where a TLS handshake was due");
}

// ── alerts ──────────────────────────────────────────────────────────────────────────────────────

static void explain_certificate_alert(struct buf *out, const struct tls_account *account) {
    enum { UNKNOWN_CA = 48 };
    if (account->peer == SIDE_CLIENT && account->faulty) {
        buf_put_string(out, account->faulty_by_rule
                                ? "; it was shown a certificate with the fault that --fault wants"
                                : "; it was shown the faults that the proxy finds in the server's "
                                  "own certificate (--verify mirror)");
    } else if (account->peer == SIDE_CLIENT) {
        bool nameless = account->hello != NULL && account->hello->sni == NULL;
        buf_put_string(out, nameless && account->alert != UNKNOWN_CA
                                ? "; it named no server (SNI), so the certificate may lack the "
                                  "name that it looks for; if it is not that, make it trust the "
                                  "proxy's CA (`smtpscope ca env` says how)"
                                : "; if it should accept it, make it trust the proxy's CA "
                                  "(`smtpscope ca env` says how)");
    } else if (account->has_certificate) {
        buf_put_string(out, "; that is about the certificate given by --server-certificate");
    } else if (account->certificate_requested) {
        buf_put_string(out, "; it asked for a certificate, and --server-certificate gives it one");
    }
}

static void explain_handshake_failure(struct buf *out, const struct tls_account *account) {
    if (account->stage == TLS_STAGE_BEGUN) {
        buf_put_string(out, " with what was offered; " LACKS);
    } else if (account->certificate_requested && !account->has_certificate) {
        buf_put_string(out, "; --server-certificate and --server-key give it one");
    }
}

static void put_wire_version(struct buf *out, uint16_t version) {
    const char *name = tls_wire_version_name(version);
    if (name != NULL) {
        buf_put_string(out, name);
    } else {
        buf_putf(out, "version 0x%04X", version);
    }
}

// The proxy offers the server no version that the client does not offer.
static void put_client_limit(struct buf *out, const struct tls_account *account) {
    buf_put_string(out, "; the client offers at most ");
    put_wire_version(out, account->limit);
    buf_put_string(out, ", and so the proxy offered the server no higher version (--tls-server "
                        "sets a range of the proxy's own)");
}

// The alerts of a client that is offered nothing newer than it takes: OpenSSL says internal_error
// where the version is allowed and none of its signatures is.
static bool refuses_old_version(const struct tls_account *account) {
    static const int alerts[] = {40, 47, 70, 71, 80};
    uint16_t newest = account->pinned != 0 ? account->pinned : account->limit;
    bool old = newest != 0 && newest < TLS1_2_VERSION;
    for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++) {
        if (account->alert == alerts[i]) {
            return old && account->peer == SIDE_CLIENT;
        }
    }
    return false;
}

static void put_old_server(struct buf *out, const struct tls_account *account) {
    if (account->pinned != 0) {
        buf_put_string(out, "; most likely it does not take ");
        put_allowed(out, account);
        return;
    }
    buf_put_string(out, "; most likely the server speaks none of the TLS versions that the client "
                        "takes, since it chose no higher one than ");
    put_wire_version(out, account->limit);
    buf_put_string(out, " (--tls-client sets a range of the proxy's own)");
}

static void explain_alert_advice(struct buf *out, const struct tls_account *account) {
    enum { HANDSHAKE_FAILURE = 40, PROTOCOL_VERSION = 70, CERTIFICATE_REQUIRED = 116 };
    if (tls_alert_is_about_certificate(account->alert)) {
        explain_certificate_alert(out, account);
    } else if (refuses_old_version(account)) {
        put_old_server(out, account);
    } else if (account->alert == PROTOCOL_VERSION && account->peer == SIDE_SERVER &&
               account->limit != 0) {
        put_client_limit(out, account);
    } else if (account->alert == PROTOCOL_VERSION) {
        buf_put_string(out, "; the proxy speaks ");
        put_allowed(out, account);
    } else if (account->alert == HANDSHAKE_FAILURE && account->peer == SIDE_SERVER) {
        explain_handshake_failure(out, account);
    } else if (account->alert == CERTIFICATE_REQUIRED && !account->has_certificate) {
        buf_put_string(out, "; --server-certificate and --server-key give it one");
    }
}

// After the request for a certificate there is one more thing that handshake_failure can mean.
static bool lacks_certificate(const struct tls_account *account) {
    enum { HANDSHAKE_FAILURE = 40 };
    return account->alert == HANDSHAKE_FAILURE && account->peer == SIDE_SERVER &&
           account->stage != TLS_STAGE_BEGUN && account->certificate_requested &&
           !account->has_certificate;
}

// A client answers what the server's side chose.
static const char *meaning_of(const struct tls_account *account) {
    enum { PROTOCOL_VERSION = 70, INSUFFICIENT_SECURITY = 71, UNRECOGNIZED_NAME = 112 };
    bool client = account->peer == SIDE_CLIENT;
    if (client && account->alert == PROTOCOL_VERSION) {
        return "it does not take the TLS version that was chosen";
    }
    if (client && account->alert == INSUFFICIENT_SECURITY) {
        return "it needs a stronger cipher suite than the one that was chosen";
    }
    return client && account->alert == UNRECOGNIZED_NAME
               ? "it does not accept the name that it was given"
               : tls_alert_meaning(account->alert);
}

static void explain_alert(struct buf *out, const struct tls_account *account) {
    buf_putf(out, "%s ended TLS with the alert %s (%d): %s", peer_name(account),
             tls_alert_name(account->alert), account->alert,
             lacks_certificate(account) ? "most likely it wants a client certificate, and none was "
                                          "given"
                                        : meaning_of(account));
    explain_alert_advice(out, account);
}

// ── the end of the stream ───────────────────────────────────────────────────────────────────────

static void explain_end(struct buf *out, const struct tls_account *account) {
    const char *closed =
        account->end == TLS_END_RESET ? "reset the connection" : "closed the connection";
    bool client = account->peer == SIDE_CLIENT;
    buf_putf(out, "%s %s ", peer_name(account), closed);
    switch (account->stage) {
    case TLS_STAGE_BEGUN:
        buf_put_string(out, client ? "before its ClientHello was complete"
                                   : "instead of answering the ClientHello; perhaps it speaks no "
                                     "TLS here, lacks a certificate or key, or speaks none of "
                                     "these versions: ");
        if (!client) {
            put_allowed(out, account);
        }
        return;
    case TLS_STAGE_HELLO:
        buf_put_string(out, client ? "before the proxy answered its ClientHello"
                                   : "in the middle of the TLS handshake, without an alert");
        return;
    case TLS_STAGE_CERTIFICATE_SHOWN:
        buf_put_string(out, "when it had seen the certificate, without an alert, as clients do "
                            "that distrust it (Node.js for one)");
        explain_certificate_alert(out, account);
        return;
    case TLS_STAGE_DONE:
        buf_put_string(out, "as soon as the TLS handshake was done, without a byte, as clients do "
                            "that check the certificate late (msmtp for one) and distrust it");
        explain_certificate_alert(out, account);
        return;
    }
}

// ── what BoringSSL itself found ─────────────────────────────────────────────────────────────────

// The version in the ServerHello at the front of the stream: 5 bytes of record, 4 of message.
static uint16_t server_hello_version(struct slice first) {
    enum { TYPE_AT = 5, VERSION_AT = 9 };
    if (first.len < VERSION_AT + 2 || first.data[0] != SSL3_RT_HANDSHAKE ||
        first.data[TYPE_AT] != SSL3_MT_SERVER_HELLO) {
        return 0;
    }
    return (uint16_t)(first.data[VERSION_AT] << 8 | first.data[VERSION_AT + 1]);
}

static void put_client_versions(struct buf *out, const struct tls_hello *hello) {
    if (hello->versions.count == 0) {
        buf_put_string(out, "at most ");
        put_wire_version(out, hello->version_max);
        return;
    }
    const char *separator = "";
    for (size_t i = 0; i < hello->versions.count && i < SUITES_SHOWN; i++) {
        if (!tls_is_grease(hello->versions.items[i])) {
            buf_put_string(out, separator);
            put_wire_version(out, hello->versions.items[i]);
            separator = ", ";
        }
    }
}

static void explain_version(struct buf *out, const struct tls_account *account) {
    uint16_t chosen = server_hello_version(account->first);
    if (account->peer == SIDE_SERVER) {
        buf_put_string(out, "the server offers only ");
        if (chosen != 0) {
            put_wire_version(out, chosen);
        } else {
            buf_put_string(out, "another version");
        }
    } else {
        buf_put_string(out, "the client offers ");
        if (account->hello != NULL) {
            put_client_versions(out, account->hello);
        } else {
            buf_put_string(out, "another version");
        }
    }
    if (account->limit != 0 && account->peer == SIDE_SERVER) {
        put_client_limit(out, account);
        return;
    }
    if (account->limit != 0) {
        buf_put_string(out, "; the server speaks none of the TLS versions that the client offers, "
                            "since the server chose no higher one than ");
        put_wire_version(out, account->limit);
        buf_put_string(out, " (--tls-client sets a range of the proxy's own)");
        return;
    }
    buf_put_string(out, ", and the proxy takes ");
    put_allowed(out, account);
    bool sslv3 = account->peer == SIDE_SERVER
                     ? chosen == SSL3_VERSION
                     : account->hello != NULL && account->hello->version_max == SSL3_VERSION;
    if (sslv3) {
        buf_put_string(out, "; BoringSSL cannot speak SSLv3 at all");
    }
}

static void explain_suites(struct buf *out, const struct tls_account *account) {
    buf_put_string(out, "the client and the proxy have no cipher suite in common; ");
    if (account->hello != NULL) {
        buf_put_string(out, "the client offers ");
        tls_suites_put(out, &account->hello->suites, SUITES_SHOWN);
        buf_put_string(out, "; ");
    }
    buf_put_string(out, LACKS);
}

static void explain_chosen_suite(struct buf *out, const struct tls_account *account) {
    const char *name = account->suite == 0 ? NULL : tls_suite_name(account->suite);
    buf_put_string(out, "the server chose the cipher suite ");
    if (name != NULL) {
        buf_put_string(out, name);
    } else {
        buf_putf(out, "0x%04X", account->suite);
    }
    buf_put_string(out, ", which was not offered to it; " LACKS);
}

static bool needs_group(uint16_t suite) {
    const SSL_CIPHER *cipher = SSL_get_cipher_by_value(suite);
    int exchange = cipher == NULL ? NID_undef : SSL_CIPHER_get_kx_nid(cipher);
    return exchange == NID_kx_ecdhe || exchange == NID_kx_any; // any: TLS 1.3
}

// Newer versions of BoringSSL miss the group first, also where no suite that is offered needs one.
static bool needs_no_group(const struct tls_account *account) {
    const struct tls_hello *hello = account->peer == SIDE_CLIENT ? account->hello : NULL;
    for (size_t i = 0; hello != NULL && i < hello->suites.count; i++) {
        if (needs_group(hello->suites.items[i])) {
            return false;
        }
    }
    return hello != NULL;
}

static void explain_groups(struct buf *out, const struct tls_account *account) {
    if (needs_no_group(account)) {
        explain_suites(out, account);
        return;
    }
    buf_putf(out,
             "%s has no key exchange group in common with the proxy, which has X25519, P-256, "
             "P-384 and P-521",
             peer_name(account));
}

static const char *server_reason(int reason) {
    switch (reason) {
    case SSL_R_KEY_USAGE_BIT_INCORRECT:
        return "the server's certificate is not allowed to sign handshakes: its keyUsage lacks "
               "digitalSignature, which BoringSSL insists on (RFC 5280 4.2.1.3)";
    case SSL_R_UNKNOWN_CERTIFICATE_TYPE:
        return "the server's certificate has a kind of key that BoringSSL does not know";
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
        return "the server's certificate was refused";
    case SSL_R_TLS13_DOWNGRADE:
        return "the server chose an older version than both sides speak: something in between "
               "forced "
               "it down (RFC 8446 4.1.3)";
    case SSL_R_BAD_SIGNATURE:
        return "the server's signature in the handshake does not fit its certificate";
    default: // the rest of BoringSSL's several hundred reasons speak for themselves
        return NULL;
    }
}

static const char *client_reason(int reason) {
    switch (reason) {
    case SSL_R_NO_COMMON_SIGNATURE_ALGORITHMS:
        return "the client accepts no signature that the proxy's certificate can make";
    case SSL_R_INAPPROPRIATE_FALLBACK:
        return "the client retried with a lower version though the proxy speaks a higher one "
               "(RFC 7507)";
    case SSL_R_BAD_SIGNATURE:
        return "the client's signature in the handshake does not fit its certificate";
    default: // as above
        return NULL;
    }
}

static void explain_other(struct buf *out, const struct tls_account *account) {
    const char *known = account->peer == SIDE_SERVER ? server_reason(account->reason)
                                                     : client_reason(account->reason);
    if (known != NULL) {
        buf_put_string(out, known);
        return;
    }
    if (account->reason == SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC) {
        buf_putf(out, "a record of %s does not decrypt: its bytes were changed on the way",
                 peer_name(account));
        return;
    }
    const char *name =
        account->reason == 0
            ? NULL
            : ERR_reason_error_string((uint32_t)ERR_LIB_SSL << 24 | (uint32_t)account->reason);
    if (name != NULL) {
        buf_putf(out, "BoringSSL cannot go on with what %s sent and says %s", peer_name(account),
                 name);
    } else {
        buf_putf(out, "%s broke off, and no reason is known", peer_name(account));
    }
}

static void explain_reason(struct buf *out, const struct tls_account *account) {
    switch (account->reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_SSL_VERSION:
        explain_version(out, account);
        return;
    case SSL_R_NO_SHARED_CIPHER:
        explain_suites(out, account);
        return;
    case SSL_R_UNKNOWN_CIPHER_RETURNED:
    case SSL_R_WRONG_CIPHER_RETURNED:
        explain_chosen_suite(out, account);
        return;
    case SSL_R_NO_SHARED_GROUP:
    case SSL_R_WRONG_CURVE:
        explain_groups(out, account);
        return;
    case SSL_R_EXCESSIVE_MESSAGE_SIZE:
        buf_putf(out, "%s is longer than BoringSSL takes",
                 account->peer == SIDE_CLIENT ? "a handshake message of the client (16 KiB are "
                                                "allowed)"
                                              : "a handshake message of the server, such as its "
                                                "list of certificates,");
        return;
    default: // as above
        explain_other(out, account);
        return;
    }
}

void tls_explain(struct buf *out, const struct tls_account *account) {
    if (account->stage == TLS_STAGE_BEGUN && tls_is_plain_text(account->first)) {
        explain_plain_text(out, account);
    } else if (account->alert != ALERT_NONE && account->alert_by != PARTY_PROXY) {
        explain_alert(out, account);
    } else if (account->end != TLS_END_NONE) {
        explain_end(out, account);
    } else {
        explain_reason(out, account);
    }
}
