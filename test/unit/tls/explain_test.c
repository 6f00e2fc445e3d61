// SPDX-License-Identifier: MIT
// Each way in which TLS fails has its sentence: who did it, what was due, and what to do. No
// sentence advises an option that cannot help.
#include "tls/explain.h"

#include "base/boringssl.h"
#include "base/limits.h"
#include "tls/alert.h"

#include <openssl/ssl.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { EXPLAINED_MAX = 2000 };

static const struct tls_version_range all = {TLS_VERSION_1_0, TLS_VERSION_1_3};
static const struct tls_version_range newest = {TLS_VERSION_1_3, TLS_VERSION_1_3};

// What it says of it, as a string.
static const char *explained(struct tls_account account) {
    static char text[EXPLAINED_MAX];
    struct buf out;
    buf_init(&out, EXPLAINED_MAX);
    account.allowed = account.allowed.min == 0 ? all : account.allowed;
    tls_explain(&out, &account);
    struct slice sentence = buf_slice(&out);
    assert_true(sentence.len < EXPLAINED_MAX);
    memcpy(text, sentence.data, sentence.len);
    text[sentence.len] = '\0';
    buf_cleanup(&out);
    return text;
}

static void says(const char *sentence, const char *part) {
    if (strstr(sentence, part) == NULL) {
        fail_msg("\"%s\" does not say \"%s\"", sentence, part);
    }
}

static void says_no(const char *sentence, const char *part) {
    if (strstr(sentence, part) != NULL) {
        fail_msg("\"%s\" says \"%s\"", sentence, part);
    }
}

// ── plain text ──────────────────────────────────────────────────────────────────────────────────

static void text_of_a_server_is_quoted_with_its_remedy(void **state) {
    (void)state;
    const char *text = explained((struct tls_account){.peer = SIDE_SERVER,
                                                      .first = SLICE("220 mx ready\r\nmore"),
                                                      .plain_text_remedy = "use smtp://"});
    says(text, "speaks plain SMTP where a TLS handshake is due");
    says(text, "220 mx ready");
    says(text, "; use smtp://");
    says_no(text, "more");
    text = explained((struct tls_account){.peer = SIDE_SERVER, .first = SLICE("* OK IMAP4")});
    says(text, "speaks plain text where");
}

// What follows AUTH is a secret, and so is what is no verb.
static void text_of_a_client_is_its_verb_alone(void **state) {
    (void)state;
    const char *text = explained(
        (struct tls_account){.peer = SIDE_CLIENT, .first = SLICE("AUTH PLAIN c2VjcmV0\r\n")});
    says(text, "AUTH");
    says(text, "…");
    says_no(text, "c2VjcmV0");
    says_no(text, "PLAIN");
    text = explained((struct tls_account){.peer = SIDE_CLIENT, .first = SLICE("QUIT\r\n")});
    says_no(text, "…");
    text = explained((struct tls_account){
        .peer = SIDE_CLIENT, .first = SLICE("dGhpc2lzYXBhc3N3b3JkdGhhdGlzbG9uZw\r\n")});
    says(text, "the client sent plain text where a TLS handshake was due");
    text = explained((struct tls_account){.peer = SIDE_CLIENT, .first = SLICE("s3cret\r\n")});
    says_no(text, "s3");
    text = explained((struct tls_account){.peer = SIDE_CLIENT, .first = SLICE("hunter\r\n")});
    says_no(text, "hunter");
}

// ── alerts ──────────────────────────────────────────────────────────────────────────────────────

static struct tls_account alerted(enum side peer, int alert) {
    return (struct tls_account){.peer = peer,
                                .stage = TLS_STAGE_HELLO,
                                .alert = alert,
                                .alert_by = peer == SIDE_CLIENT ? PARTY_CLIENT : PARTY_SERVER};
}

enum { HANDSHAKE_FAILURE = 40, UNKNOWN_CA = 48, PROTOCOL_VERSION = 70, CERTIFICATE_REQUIRED = 116 };

static void a_distrusting_client_is_advised_on_the_ca_where_that_helps(void **state) {
    (void)state;
    struct tls_account account = alerted(SIDE_CLIENT, UNKNOWN_CA);
    says(explained(account), "make it trust the proxy's CA");
    account.faulty = true;
    says(explained(account), "--verify mirror");
    says_no(explained(account), "make it trust");
    account.faulty_by_rule = true;
    says(explained(account), "the fault that --fault wants");
    says_no(explained(account), "--verify mirror");
}

static void a_server_that_distrusts_is_about_our_certificate(void **state) {
    (void)state;
    struct tls_account account = alerted(SIDE_SERVER, UNKNOWN_CA);
    says_no(explained(account), "--server-certificate");
    account.certificate_requested = true;
    says(explained(account), "it asked for a certificate, and --server-certificate gives it one");
    account.has_certificate = true;
    says(explained(account), "that is about the certificate given by --server-certificate");
    account = alerted(SIDE_SERVER, HANDSHAKE_FAILURE);
    account.stage = TLS_STAGE_HELLO;
    says_no(explained(account), "client certificate");
    account.certificate_requested = true;
    says(explained(account), "it wants a client certificate, and none was given; --server-certif");
    account = alerted(SIDE_SERVER, CERTIFICATE_REQUIRED);
    says(explained(account), "--server-certificate");
    account.has_certificate = true;
    says_no(explained(account), "gives it one");
}

static void a_server_that_found_nothing_in_common_says_what_we_lack(void **state) {
    (void)state;
    struct tls_account account = alerted(SIDE_SERVER, HANDSHAKE_FAILURE);
    account.stage = TLS_STAGE_BEGUN;
    says(explained(account), "BoringSSL has no DHE");
    account.stage = TLS_STAGE_HELLO;
    says_no(explained(account), "BoringSSL has no DHE");
    account.certificate_requested = true;
    says(explained(account), "--server-certificate");
}

static void a_version_that_is_refused_names_the_range(void **state) {
    (void)state;
    struct tls_account account = alerted(SIDE_CLIENT, PROTOCOL_VERSION);
    says(explained(account), "the proxy speaks TLSv1.0 to TLSv1.3");
    says(explained(account), "--tls-client sets that");
    account = alerted(SIDE_SERVER, PROTOCOL_VERSION);
    account.allowed = newest;
    says(explained(account), "the proxy speaks TLSv1.3 on this side (--tls-server sets that)");
    account.limit = TLS1_VERSION; // The client speaks nothing newer, so that is all it can get.
    says(explained(account), "the client offers at most TLSv1.0");
    says_no(explained(account), "the proxy speaks");
    account = alerted(SIDE_CLIENT, PROTOCOL_VERSION);
    account.limit = TLS1_2_VERSION;
    says(explained(account), "TLSv1.0 to TLSv1.2 on this side, since the server chose no higher");
    says(explained(account), "it does not take the TLS version that was chosen");
    account.limit = TLS1_3_VERSION;
    says(explained(account), "TLSv1.0 to TLSv1.3 on this side (--tls-client sets that)");
}

static void an_old_server_is_named_where_the_client_refuses_its_version(void **state) {
    (void)state;
    enum { INTERNAL_ERROR = 80, CLOSE_NOTIFY = 0 };
    static const char part[] = "the server speaks none of the TLS versions that the client takes, "
                               "since it chose no higher one than TLSv1.1";
    struct tls_account account = alerted(SIDE_CLIENT, INTERNAL_ERROR);
    account.limit = TLS1_1_VERSION;
    says(explained(account), part);
    account.alert = HANDSHAKE_FAILURE;
    says(explained(account), part);
    account.alert = CLOSE_NOTIFY;
    says_no(explained(account), "none of the TLS versions");
    account = alerted(SIDE_CLIENT, INTERNAL_ERROR);
    account.limit = TLS1_2_VERSION;
    says_no(explained(account), "none of the TLS versions");
    account = alerted(SIDE_SERVER, INTERNAL_ERROR);
    account.limit = TLS1_1_VERSION; // the client's highest
    says_no(explained(account), "none of the TLS versions that the client");
}

static void a_version_that_a_rule_wants_is_named_where_the_client_refuses_it(void **state) {
    (void)state;
    enum { INTERNAL_ERROR = 80 };
    struct tls_account account = alerted(SIDE_CLIENT, INTERNAL_ERROR);
    account.pinned = TLS1_VERSION;
    says(explained(account), "it does not take TLSv1.0 alone, as --fault wants");
    account.pinned = TLS1_2_VERSION;
    says_no(explained(account), "--fault");
}

// ── ends ────────────────────────────────────────────────────────────────────────────────────────

static void an_end_says_how_far_it_came(void **state) {
    (void)state;
    static const struct {
        enum side peer;
        enum tls_stage stage;
        const char *part;
    } cases[] = {
        {SIDE_CLIENT, TLS_STAGE_BEGUN, "before its ClientHello was complete"},
        {SIDE_SERVER, TLS_STAGE_BEGUN, "perhaps it speaks no TLS here"},
        {SIDE_CLIENT, TLS_STAGE_HELLO, "before the proxy answered its ClientHello"},
        {SIDE_SERVER, TLS_STAGE_HELLO, "in the middle of the TLS handshake"},
        {SIDE_CLIENT, TLS_STAGE_CERTIFICATE_SHOWN, "when it had seen the certificate"},
        {SIDE_CLIENT, TLS_STAGE_DONE, "as soon as the TLS handshake was done"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tls_account account = {
            .peer = cases[i].peer, .stage = cases[i].stage, .alert = ALERT_NONE};
        account.end = TLS_END_EOF;
        says(explained(account), cases[i].part);
        says(explained(account), "closed the connection");
        account.end = TLS_END_RESET;
        says(explained(account), "reset the connection");
    }
}

// ── what BoringSSL found ────────────────────────────────────────────────────────────────────────

static struct tls_account found(enum side peer, int reason) {
    return (struct tls_account){
        .peer = peer, .stage = TLS_STAGE_HELLO, .alert = ALERT_NONE, .reason = reason};
}

static void a_reason_is_said_of_its_side(void **state) {
    (void)state;
    static const struct {
        enum side peer;
        int reason;
        const char *part;
    } cases[] = {
        {SIDE_SERVER, SSL_R_KEY_USAGE_BIT_INCORRECT, "RFC 5280 4.2.1.3"},
        {SIDE_SERVER, SSL_R_UNKNOWN_CERTIFICATE_TYPE, "a kind of key that BoringSSL does not know"},
        {SIDE_SERVER, SSL_R_CERTIFICATE_VERIFY_FAILED, "the server's certificate was refused"},
        {SIDE_SERVER, SSL_R_TLS13_DOWNGRADE, "RFC 8446 4.1.3"},
        {SIDE_SERVER, SSL_R_BAD_SIGNATURE, "the server's signature in the handshake"},
        {SIDE_CLIENT, SSL_R_BAD_SIGNATURE, "the client's signature in the handshake"},
        {SIDE_CLIENT, SSL_R_NO_COMMON_SIGNATURE_ALGORITHMS, "accepts no signature"},
        {SIDE_CLIENT, SSL_R_INAPPROPRIATE_FALLBACK, "RFC 7507"},
        {SIDE_SERVER, SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC,
         "a record of the server does not decrypt"},
        {SIDE_CLIENT, SSL_R_EXCESSIVE_MESSAGE_SIZE, "a handshake message of the client"},
        {SIDE_SERVER, SSL_R_EXCESSIVE_MESSAGE_SIZE, "its list of certificates"},
        {SIDE_CLIENT, SSL_R_UNEXPECTED_MESSAGE, "what the client sent and says UNEXPECTED_MESSAGE"},
        {SIDE_CLIENT, 0, "the client broke off, and no reason is known"},
        {SIDE_SERVER, SSL_R_WRONG_CURVE, "the server has no key exchange group in common"},
        {SIDE_CLIENT, SSL_R_NO_SHARED_CIPHER, "no cipher suite in common; BoringSSL has no DHE"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        says(explained(found(cases[i].peer, cases[i].reason)), cases[i].part);
    }
}

static void a_suite_that_was_not_offered_is_named(void **state) {
    (void)state;
    struct tls_account account = found(SIDE_SERVER, SSL_R_WRONG_CIPHER_RETURNED);
    account.suite = 0x009E;
    says(explained(account), "the cipher suite TLS_DHE_RSA_WITH_AES_128_GCM_SHA256, which was not");
    account.suite = 0xFEED;
    says(explained(account), "the cipher suite 0xFEED");
}

static void what_the_client_offers_is_named(void **state) {
    (void)state;
    uint16_t suites[] = {0x009E};
    uint16_t versions[] = {0x0A0A, TLS1_1_VERSION, TLS1_VERSION}; // the first is GREASE
    struct tls_hello hello = {.suites = {suites, 1}, .version_max = TLS1_1_VERSION};
    struct tls_account account = found(SIDE_CLIENT, SSL_R_NO_SHARED_GROUP);
    account.hello = &hello; // No suite of it needs a group: that is not what is missing.
    says(explained(account), "no cipher suite in common");
    suites[0] = 0xC02F;
    says(explained(account), "no key exchange group in common");
    account = found(SIDE_CLIENT, SSL_R_UNSUPPORTED_PROTOCOL);
    account.allowed = newest;
    account.hello = &hello;
    says(explained(account), "the client offers at most TLSv1.1, and the proxy takes TLSv1.3");
    hello.versions = (struct tls_numbers){versions, 3};
    says(explained(account), "the client offers TLSv1.1, TLSv1.0, and the proxy takes TLSv1.3");
    account.limit = TLS1_3_VERSION;
    says(explained(account), "since the server chose no higher one than TLSv1.3");
    says_no(explained(account), "SSLv3");
}

static void sslv3_is_said_to_be_out_of_reach(void **state) {
    (void)state;
    struct tls_hello hello = {.version_max = SSL3_VERSION};
    struct tls_account account = found(SIDE_CLIENT, SSL_R_UNSUPPORTED_PROTOCOL);
    account.hello = &hello;
    says(explained(account), "BoringSSL cannot speak SSLv3 at all");
    account = found(SIDE_SERVER, SSL_R_UNSUPPORTED_PROTOCOL);
    account.first = SLICE("\x16\x03\x00\x00\x40\x02\x00\x00\x3c\x03\x00");
    says(explained(account), "the server offers only SSLv3");
    says(explained(account), "BoringSSL cannot speak SSLv3 at all");
    account.first = SLICE("\x16\x03\x01");
    says(explained(account), "the server offers only another version");
    says_no(explained(account), "SSLv3 at all");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_of_a_server_is_quoted_with_its_remedy),
        cmocka_unit_test(text_of_a_client_is_its_verb_alone),
        cmocka_unit_test(a_distrusting_client_is_advised_on_the_ca_where_that_helps),
        cmocka_unit_test(a_server_that_distrusts_is_about_our_certificate),
        cmocka_unit_test(a_server_that_found_nothing_in_common_says_what_we_lack),
        cmocka_unit_test(a_version_that_is_refused_names_the_range),
        cmocka_unit_test(an_old_server_is_named_where_the_client_refuses_its_version),
        cmocka_unit_test(a_version_that_a_rule_wants_is_named_where_the_client_refuses_it),
        cmocka_unit_test(an_end_says_how_far_it_came),
        cmocka_unit_test(a_reason_is_said_of_its_side),
        cmocka_unit_test(a_suite_that_was_not_offered_is_named),
        cmocka_unit_test(what_the_client_offers_is_named),
        cmocka_unit_test(sslv3_is_said_to_be_out_of_reach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
