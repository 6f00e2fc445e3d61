// SPDX-License-Identifier: MIT
// What the handshakes of both legs show.
#include "base/clock.h"
#include "base/limits.h"
#include "inspect/themes.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EXPIRES_SOON_DAYS 14
#define NS_PER_DAY        (INT64_C(86400) * NS_PER_S)
#define RSA_BITS_MIN      2048

enum { CERTIFICATE_EXPIRED = 45, UNKNOWN_CA = 48, NAMES_SHOWN = 3 };

// The alerts of RFC 8446 6 that a peer may end a handshake with, in words.
static const struct {
    int alert;
    const char *name;
} alerts[] = {
    {40, "handshake_failure"},
    {41, "no_certificate"},
    {42, "bad_certificate"},
    {43, "unsupported_certificate"},
    {44, "certificate_revoked"},
    {45, "certificate_expired"},
    {46, "certificate_unknown"},
    {47, "illegal_parameter"},
    {48, "unknown_ca"},
    {49, "access_denied"},
    {50, "decode_error"},
    {51, "decrypt_error"},
    {70, "protocol_version"},
    {71, "insufficient_security"},
    {80, "internal_error"},
    {90, "user_canceled"},
    {112, "unrecognized_name"},
    {113, "bad_certificate_status_response"},
    {116, "certificate_required"},
};

static void name_alert(char *out, size_t size, int alert) {
    for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++) {
        if (alerts[i].alert == alert) {
            snprintf(out, size, "with the alert %s (%d)", alerts[i].name, alert);
            return;
        }
    }
    if (alert >= 0) {
        snprintf(out, size, "with the alert %d", alert);
    } else {
        snprintf(out, size, "by closing the connection, with no alert");
    }
}

#define PINNED "One that pins the server's certificate or key cannot be intercepted"

// What makes a client trust the CA, beyond what has been done for it already.
static const char *trust_advice(const struct analysis *analysis) {
    switch (analysis->config.trust_help) {
    case TRUST_HELP_NONE:
        break;
    case TRUST_HELP_VARIABLES:
        return "it does not use the variables that `run` has set, and `run` cannot put the CA "
               "into the system's bundle here (smtpscope doctor says why), so name that file in "
               "its own settings, such as tls_trust_file of msmtp";
    case TRUST_HELP_DECLINED:
        return "it does not use the variables that `run` has set; --trust-mount puts the CA into "
               "the system's bundle for it, which programs built on GnuTLS (msmtp, mutt) read";
    case TRUST_HELP_MOUNT:
        return "it uses neither the variables that `run` has set nor the system's bundle, which "
               "has the CA under `run`, so name that file in its own settings, such as "
               "tls_trust_file of msmtp";
    }
    return "SSL_CERT_FILE for OpenSSL, Python, Perl, Ruby, PHP, Go and curl, NODE_EXTRA_CA_CERTS "
           "for Node, a trust store for Java, tls_trust_file for msmtp (smtpscope ca env prints "
           "them all)";
}

// "'a.example', 'b.example', 'c.example' and 2 more"
static void put_names(struct buf *out, const struct analysis *analysis,
                      const struct event_certificate *certificate) {
    size_t count = certificate == NULL ? 0 : certificate->name_count;
    if (count == 0) {
        buf_put_string(out, "no name in subjectAltName");
    }
    for (size_t i = 0; i < count && i < NAMES_SHOWN; i++) {
        buf_putf(out, "%s'%s'", i > 0 ? ", " : "",
                 quote_of(analysis, slice_of_string(certificate->names[i])).text);
    }
    if (count > NAMES_SHOWN) {
        buf_putf(out, " and %zu more", count - NAMES_SHOWN);
    }
}

// ── the client ──────────────────────────────────────────────────────────────────────────────────

// A client that sends no name may look for one that the certificate cannot have, and most libraries
// have no alert of its own for that.
static bool may_miss_its_name(const struct event_tls *tls) {
    return tls->sni == NULL && tls->alert != UNKNOWN_CA;
}

static void say_distrusts_ca(struct analysis *analysis, const struct event_tls *tls,
                             const char *alert) {
    const char *file = analysis->config.ca_file == NULL ? "ca.pem" : analysis->config.ca_file;
    struct buf shown;
    buf_init(&shown, TLS_SENTENCE_MAX);
    if (tls->shown != NULL) {
        buf_put_string(&shown, ", which is for ");
        put_names(&shown, analysis, tls->shown);
        buf_put_byte(&shown, ',');
    }
    analysis_say(
        analysis, RULE_TLS_CLIENT_DISTRUSTS, place_of_session(PARTY_CLIENT),
        "The client refused the proxy's certificate%.*s %s%s make it trust the CA in %s: "
        "%s. A client with roots in its code needs the CA there. " PINNED,
        (int)buf_len(&shown), (const char *)buf_slice(&shown).data, alert,
        may_miss_its_name(tls)
            ? ". It named no server (SNI): if it looks for another name, let it send that, "
              "or connect it to one that the certificate has; else"
            : ";",
        file, trust_advice(analysis));
    buf_cleanup(&shown);
}

static void say_distrusts(struct analysis *analysis, const struct event_tls *tls) {
    char alert[80];
    name_alert(alert, sizeof(alert), tls->alert);
    struct place place = place_of_session(PARTY_CLIENT);
    if (tls->shown_faults != NULL && !tls->shown_by_fault) {
        // What the client thinks of the server itself is not known: it may have roots of its own.
        analysis_say(analysis, RULE_TLS_CLIENT_DISTRUSTS, place,
                     "The client refused the certificate %s: it was shown one with the faults that "
                     "the proxy finds in the server's (%s), which could not satisfy it. %s the "
                     "server's certificate, or try --verify off. " PINNED,
                     alert, tls->shown_faults,
                     tls->shown_untrusted ? "If the client trusts the server by a CA of its own, "
                                            "name that CA with --server-ca; else fix"
                                          : "Fix");
        return;
    }
    if (tls->alert == CERTIFICATE_EXPIRED) {
        analysis_say(analysis, RULE_TLS_CLIENT_DISTRUSTS, place,
                     "The client refused the proxy's certificate %s, though it is good for 7 days "
                     "by the clock of this machine; compare the client's clock with it",
                     alert);
        return;
    }
    say_distrusts_ca(analysis, tls, alert);
}

// On a reverse port nothing on the wire shows what the client was pointed at.
static void say_no_sni(struct analysis *analysis) {
    const struct event_session *session = analysis->now->session;
    const char *host = session->server.host;
    analysis_say(
        analysis, RULE_TLS_NO_SNI, place_of_session(PARTY_CLIENT),
        "The client's hello names no server (SNI), though the server has a name%s%s%s%s; "
        "one with several certificates cannot know which to show%s%s",
        host == NULL ? "" : ", '",
        host == NULL ? "" : quote_of(analysis, slice_of_string(host)).text, host == NULL ? "" : "'",
        analysis->facts.server_tls ? ", which the proxy sent to it by itself" : "",
        analysis->facts.server_tls ? ", so without the proxy the client may be shown another one"
                                   : "",
        session->mode != MODE_REVERSE
            ? ""
            : "; a client that was pointed at a name should send it, and one that was "
              "pointed at an address has none to send");
}

static void judge_refusal(struct analysis *analysis, const struct event_tls *tls) {
    // Of a fault that not every client minds, such as a weak key, it may only not know the issuer.
    bool did_right = tls->shown_by_fault && (tls->shown_bad || tls->alert != UNKNOWN_CA);
    if (tls->error != NULL && tls->certificate_alert && !did_right) {
        say_distrusts(analysis, tls);
    }
}

// A client that checks closes after the handshake without a command, or says QUIT.
static void judge_unchecked(struct analysis *analysis, const struct event_command *command) {
    const struct facts *facts = &analysis->facts;
    bool shown =
        facts->tls_shown_bad && (analysis->config.verify_mirror || facts->tls_shown_by_fault);
    if (!shown || !command->tls || facts->no_check_said || command->command.verb == VERB_QUIT) {
        return;
    }
    if (facts->tls_shown_by_fault) {
        analysis_say(
            analysis, RULE_TLS_CLIENT_NO_CHECK, place_of_session(PARTY_CLIENT),
            "The client went on though the certificate that it was shown is bad, as --fault "
            "'%s' wants; it does not verify that, so anybody on the way could read and "
            "change its mail",
            facts->shown_faults);
    } else {
        analysis_say(analysis, RULE_TLS_CLIENT_NO_CHECK, place_of_session(PARTY_CLIENT),
                     "The client went on though the certificate that it was shown is bad, as the "
                     "server's is (%s); it does not verify that, so anybody on the way could read "
                     "and change its mail",
                     facts->shown_faults == NULL ? "" : facts->shown_faults);
    }
}

// ── the server ──────────────────────────────────────────────────────────────────────────────────

// A certificate made for a few days is near its end all its life: it is late in its last third.
static bool expires_soon(const struct event_certificate *certificate, int64_t left_ns) {
    int64_t third_ns =
        certificate->not_after_unix_ns / 3 - certificate->not_before_unix_ns / 3; // no overflow
    return left_ns >= 0 && left_ns < EXPIRES_SOON_DAYS * NS_PER_DAY && left_ns < third_ns;
}

static void judge_expiry(struct analysis *analysis, const struct event *event) {
    int64_t left_ns = event->tls.certificate->not_after_unix_ns - event_unix_ns(event);
    if (!expires_soon(event->tls.certificate, left_ns)) {
        return;
    }
    char date[32];
    struct buf text;
    buf_init(&text, sizeof(date));
    clock_put_date(&text, event->tls.certificate->not_after_unix_ns);
    snprintf(date, sizeof(date), "%.*s", (int)buf_len(&text), (const char *)buf_slice(&text).data);
    buf_cleanup(&text);
    analysis_say(analysis, RULE_TLS_CERTIFICATE_EXPIRES, place_of_session(PARTY_SERVER),
                 "The server's certificate is good, but expires on %s, in %" PRId64
                 " day%s; renew it",
                 date, left_ns / NS_PER_DAY, left_ns / NS_PER_DAY == 1 ? "" : "s");
}

// Issuers of programs and firewalls that open TLS on the way, by what their names hold.
static const char *const interceptors[] = {
    "Web/Mail Shield", // Avast, AVG
    "Mail Shield",     "Antivirus",       "Anti-Virus",
    "SSL scanning",    "SSL inspection",  "TLS inspection",
    "Kaspersky",       "ESET SSL Filter", "Bitdefender Personal",
    "Norton Web",      "Sophos",          "Zscaler",
    "FortiGate",       "Fortinet",        "Netskope",
    "Cisco Umbrella",  "Palo Alto",       "Check Point",
    "Blue Coat",       "Forcepoint",      "WatchGuard",
    "SonicWall",       "Untangle",
};

static void put_interceptor(struct buf *out, const char *issuer) {
    for (size_t i = 0; i < sizeof(interceptors) / sizeof(interceptors[0]); i++) {
        if (slice_find_nocase(slice_of_string(issuer), slice_of_string(interceptors[i])) !=
            SLICE_NONE) {
            buf_put_string(out, "; that issuer is of a virus scanner or firewall that opens TLS on "
                                "the way, so this is most likely not the server's own "
                                "certificate: switch its inspection of mail off");
            return;
        }
    }
}

static void put_dates(struct buf *out, const struct event_certificate *certificate) {
    buf_put_string(out, "; it is good from ");
    clock_put_date(out, certificate->not_before_unix_ns);
    buf_put_string(out, " to ");
    clock_put_date(out, certificate->not_after_unix_ns);
}

// "; it is for 'a.example', 'b.example' and 2 more, and 'c.example' was asked for"
static void put_mismatch(struct buf *out, const struct analysis *analysis,
                         const struct event_tls *tls) {
    buf_put_string(out, "; it is for ");
    put_names(out, analysis, tls->certificate);
    buf_putf(out, ", and '%s' was asked for",
             quote_of(analysis, slice_of_string(tls->verify_name)).text);
}

static void say_bad_certificate(struct analysis *analysis, const struct event_tls *tls) {
    struct buf text;
    const char *subject = tls->certificate == NULL ? NULL : tls->certificate->subject;
    const char *issuer = tls->certificate == NULL ? NULL : tls->certificate->issuer;
    const char *error = tls->verify_error == NULL ? "no reason is known" : tls->verify_error;
    bool issued = issuer != NULL && subject != NULL && strcmp(issuer, subject) != 0;
    buf_init(&text, TLS_SENTENCE_MAX);
    buf_putf(&text, "The server's certificate%s%s%s%s%s does not verify: %s", subject ? " (" : "",
             subject ? quote_of(analysis, slice_of_string(subject)).text : "",
             issued ? ", issued by " : "",
             issued ? quote_of(analysis, slice_of_string(issuer)).text : "", subject ? ")" : "",
             error);
    if (tls->verify_name != NULL && strstr(error, "mismatch") != NULL) {
        put_mismatch(&text, analysis, tls);
    }
    bool dated = strstr(error, "expired") != NULL || strstr(error, "not yet") != NULL;
    if (dated && tls->certificate != NULL) {
        put_dates(&text, tls->certificate);
    }
    if (issuer != NULL) {
        put_interceptor(&text, issuer);
    }
    analysis_say(analysis, RULE_TLS_SERVER_CERTIFICATE, place_of_session(PARTY_SERVER), "%.*s",
                 (int)buf_len(&text), (const char *)buf_slice(&text).data);
    buf_cleanup(&text);
}

static void judge_server(struct analysis *analysis, const struct event *event) {
    const struct event_tls *tls = &event->tls;
    if (!tls->has_verify) {
        return;
    }
    if (!tls->verify_ok) {
        say_bad_certificate(analysis, tls);
    } else if (tls->certificate != NULL) {
        judge_expiry(analysis, event);
    }
}

// ── either side ─────────────────────────────────────────────────────────────────────────────────

static void judge_version(struct analysis *analysis, const struct event_tls *tls) {
    const char *version = tls->version == NULL ? "" : tls->version;
    if (strcmp(version, "TLSv1.0") == 0 || strcmp(version, "TLSv1.1") == 0) {
        analysis_say(analysis, RULE_TLS_OLD_VERSION, place_of_session(party_of(tls->side)),
                     "TLS with the %s is %s, which RFC 8996 forbids; TLSv1.2 or later is due%s",
                     side_name(tls->side), version,
                     tls->version_limited ? " (the server chose that version, and the proxy offers "
                                            "the client no higher one)"
                                          : "");
    }
}

static const char *comma(const struct buf *reasons) {
    return buf_len(reasons) > 0 ? ", " : "";
}

static void judge_strength(struct analysis *analysis, const struct event_tls *tls) {
    struct buf reasons;
    buf_init(&reasons, LIST_TEXT_MAX);
    const struct event_certificate *certificate = tls->certificate;
    if (certificate != NULL && certificate->rsa_bits > 0 && certificate->rsa_bits < RSA_BITS_MIN) {
        buf_putf(&reasons, "an RSA key of %u bits where %d are due", certificate->rsa_bits,
                 RSA_BITS_MIN);
    }
    if (certificate != NULL && certificate->sha1_signature) {
        buf_putf(&reasons, "%sa certificate signed with SHA-1 where SHA-256 is due",
                 comma(&reasons));
    }
    if (tls->issuer_rsa_bits > 0) {
        buf_putf(&reasons,
                 "%sabove its certificate in the chain an RSA key of %u bits where %d are due",
                 comma(&reasons), tls->issuer_rsa_bits, RSA_BITS_MIN);
    }
    if (tls->issuer_sha1_signature) {
        buf_putf(&reasons,
                 "%sabove its certificate in the chain one signed with SHA-1 where SHA-256 is due",
                 comma(&reasons));
    }
    if (tls->weak_cipher) {
        buf_putf(&reasons,
                 "%sthe suite %s where one with forward secrecy and GCM or ChaCha20 is due",
                 comma(&reasons), tls->cipher == NULL ? "" : tls->cipher);
    }
    struct slice text = buf_slice(&reasons);
    if (text.len > 0) {
        analysis_say(analysis, RULE_TLS_WEAK, place_of_session(party_of(tls->side)),
                     "TLS with the %s is weak: %.*s", side_name(tls->side), (int)text.len,
                     (const char *)text.data);
    }
    buf_cleanup(&reasons);
}

static void say_truncated(struct analysis *analysis, enum party side) {
    analysis_say(analysis, RULE_TLS_TRUNCATED, place_of_session(side),
                 "The %s closed the connection without the TLS close_notify that should come "
                 "first; so a cut by an attacker looks the same",
                 party_name(side));
}

// Who is cut off by the other, or closed by the proxy, has no close_notify to answer for.
static void judge_truncated(struct analysis *analysis, const struct event_close *close) {
    const struct facts *facts = &analysis->facts;
    bool client = facts->client_tls && close->client_close_notify_missing;
    bool server = facts->server_tls && close->server_close_notify_missing;
    bool client_first = close->by == PARTY_CLIENT;
    if (facts->tls_failed || (!client_first && close->by != PARTY_SERVER)) {
        return;
    }
    if (client && (client_first || !server)) {
        say_truncated(analysis, PARTY_CLIENT);
    } else if (server && (!client_first || !client)) {
        say_truncated(analysis, PARTY_SERVER);
    }
}

// A handshake that was done and is refused later comes twice, the second time with an error.
static void judge_handshake(struct analysis *analysis, const struct event *event) {
    const struct event_tls *tls = &event->tls;
    bool *judged = &analysis->tls_judged[tls->side];
    if (*judged && tls->error != NULL) {
        return;
    }
    *judged = tls->version != NULL;
    if (tls->side == SIDE_SERVER || tls->error == NULL) { // else it was not negotiated
        judge_version(analysis, tls);
        judge_strength(analysis, tls);
    }
    if (tls->side == SIDE_SERVER) {
        judge_server(analysis, event);
    } else if (tls->sni_missing) {
        say_no_sni(analysis);
    }
}

void tls_judge(struct analysis *analysis, const struct event *event) {
    if (event->kind == EVENT_COMMAND) {
        judge_unchecked(analysis, &event->command);
    } else if (event->kind == EVENT_CLOSE) {
        judge_truncated(analysis, &event->close);
    } else if (event->kind == EVENT_TLS) {
        judge_handshake(analysis, event);
        if (event->tls.side == SIDE_CLIENT) {
            judge_refusal(analysis, &event->tls);
        }
    }
}
