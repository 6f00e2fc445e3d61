// SPDX-License-Identifier: MIT
#include "tls/alert.h"

#include <stddef.h>

struct alert {
    const char *name;
    const char *meaning;
};

// The number is the place in the table.
static const struct alert ALERTS[] = {
    [0] = {"close_notify", "it closed the connection"},
    [10] = {"unexpected_message", "a message came that it did not expect here"},
    [20] = {"bad_record_mac", "a record did not decrypt: bytes were changed on the way"},
    [21] = {"decryption_failed", "a record did not decrypt"},
    [22] = {"record_overflow", "a record was longer than TLS allows"},
    [30] = {"decompression_failure", "a record did not decompress"},
    [40] = {"handshake_failure", "it found no version, cipher suite, group or signature in common"},
    [41] = {"no_certificate", "it has no certificate to give"},
    [42] = {"bad_certificate", "it does not accept the certificate that it was shown"},
    [43] = {"unsupported_certificate", "it cannot use a certificate of this kind"},
    [44] = {"certificate_revoked", "the certificate that it was shown is revoked"},
    [45] = {"certificate_expired", "the certificate that it was shown has expired"},
    [46] = {"certificate_unknown", "it does not accept the certificate that it was shown"},
    [47] = {"illegal_parameter", "a field of the handshake was out of range"},
    [48] = {"unknown_ca", "it does not know the issuer of the certificate that it was shown"},
    [49] = {"access_denied", "the certificate is valid, but it may not come in"},
    [50] = {"decode_error", "a message of the handshake could not be read"},
    [51] = {"decrypt_error", "a signature or a Finished message of the handshake does not hold"},
    [60] = {"export_restriction", "export rules forbid what was negotiated"},
    [70] = {"protocol_version", "it speaks none of the TLS versions that were offered"},
    [71] = {"insufficient_security", "it needs stronger cipher suites than were offered"},
    [80] = {"internal_error", "it failed for a reason of its own"},
    [86] = {"inappropriate_fallback", "it speaks a higher version than this retry offered"},
    [90] = {"user_canceled", "it gave the handshake up"},
    [100] = {"no_renegotiation", "it does not renegotiate"},
    [109] = {"missing_extension", "an extension that it needs was not sent"},
    [110] = {"unsupported_extension", "it was sent an extension that it did not offer"},
    [111] = {"certificate_unobtainable", "it could not fetch a certificate"},
    [112] = {"unrecognized_name", "it does not serve the name in SNI"},
    [113] = {"bad_certificate_status_response", "it does not accept the stapled OCSP response"},
    [114] = {"bad_certificate_hash_value", "a fetched certificate is not the one announced"},
    [115] = {"unknown_psk_identity", "it does not know the pre-shared key"},
    [116] = {"certificate_required", "it needs a client certificate, and none was given"},
    [120] = {"no_application_protocol", "it speaks none of the ALPN protocols that were offered"},
    [121] = {"ech_required", "it needs the ClientHello encrypted"},
};

static const struct alert UNKNOWN = {"unknown", "no RFC names this alert"};

static const struct alert *find(int alert) {
    bool known = alert >= 0 && (size_t)alert < sizeof(ALERTS) / sizeof(ALERTS[0]) &&
                 ALERTS[alert].name != NULL;
    return known ? &ALERTS[alert] : &UNKNOWN;
}

const char *tls_alert_name(int alert) {
    return find(alert)->name;
}

int tls_alert_find(struct slice name) {
    for (size_t i = 0; i < sizeof(ALERTS) / sizeof(ALERTS[0]); i++) {
        if (ALERTS[i].name != NULL && slice_is_nocase(name, ALERTS[i].name)) {
            return (int)i;
        }
    }
    return ALERT_NONE;
}

const char *tls_alert_meaning(int alert) {
    return find(alert)->meaning;
}

bool tls_alert_is_about_certificate(int alert) {
    enum { BAD_CERTIFICATE = 42, CERTIFICATE_UNKNOWN = 46, UNKNOWN_CA = 48 };
    return (alert >= BAD_CERTIFICATE && alert <= CERTIFICATE_UNKNOWN) || alert == UNKNOWN_CA;
}
