// SPDX-License-Identifier: MIT
#include "findings_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define DAY (86400 * NS_PER_S)

static struct event_tls good_tls(enum side side) {
    return (struct event_tls){.side = side,
                              .starttls = true,
                              .version = "TLSv1.3",
                              .cipher = "TLS_AES_128_GCM_SHA256",
                              .sni = "mail.example.com",
                              .alert = -1};
}

static struct event_certificate good_certificate(const struct fixture *fixture) {
    return (struct event_certificate){.subject = "CN=mail.example.com",
                                      .not_after_unix_ns =
                                          fixture->session.started_unix_ns + 90 * DAY,
                                      .key = "RSA 2048",
                                      .rsa_bits = 2048};
}

static int setup(void **state) {
    static struct fixture fixture;
    fixture_init(&fixture);
    fixture_begin(&fixture);
    fixture_greet(&fixture);
    *state = &fixture;
    return 0;
}

static int teardown(void **state) {
    fixture_cleanup(*state);
    return 0;
}

static void good_handshakes_are_silent(void **state) {
    struct fixture *fixture = *state;
    struct event_certificate certificate = good_certificate(fixture);
    struct event_tls server = good_tls(SIDE_SERVER);
    server.certificate = &certificate;
    server.has_verify = server.verify_ok = true;
    fixture_tls(fixture, server);
    fixture_tls(fixture, good_tls(SIDE_CLIENT));
    assert_string_equal(fixture_log(fixture), "");
}

static void distrust_names_alert_and_ca(void **state) {
    struct fixture *fixture = *state;
    struct event_tls tls = good_tls(SIDE_CLIENT);
    tls.error = "the client refused the certificate";
    tls.certificate_alert = true;
    tls.alert = 48;
    tls.alert_by = PARTY_CLIENT;
    fixture_tls(fixture, tls);
    assert_string_equal(fixture_log(fixture), "error tls-client-distrusts client -1 0\n");
    assert_non_null(strstr(fixture_texts(fixture), "unknown_ca (48)"));
    assert_non_null(strstr(fixture_texts(fixture), "/ca/ca.pem"));
}

// It may miss another name than those of the certificate, which is no want of the CA.
static void distrust_without_a_name_says_what_the_certificate_has(void **state) {
    struct fixture *fixture = *state;
    static const char *const names[] = {"127.0.0.1", "localhost"};
    struct event_certificate shown = {.names = names, .name_count = 2};
    struct event_tls tls = good_tls(SIDE_CLIENT);
    tls.error = "the client refused the certificate";
    tls.certificate_alert = true;
    tls.alert = 46;
    tls.alert_by = PARTY_CLIENT;
    tls.sni = NULL;
    tls.shown = &shown;
    fixture_tls(fixture, tls);
    assert_non_null(strstr(fixture_texts(fixture), "for '127.0.0.1', 'localhost',"));
    assert_non_null(strstr(fixture_texts(fixture), "named no server (SNI)"));
    assert_non_null(strstr(fixture_texts(fixture), "/ca/ca.pem"));
}

static void distrust_of_the_issuer_is_about_no_name(void **state) {
    struct fixture *fixture = *state;
    struct event_tls tls = good_tls(SIDE_CLIENT);
    tls.error = "the client refused the certificate";
    tls.certificate_alert = true;
    tls.alert = 48;
    tls.alert_by = PARTY_CLIENT;
    fixture_tls(fixture, tls);
    tls.alert = 46;
    tls.sni = "mail.example.com";
    fixture_tls(fixture, tls);
    assert_null(strstr(fixture_texts(fixture), "named no server"));
}

// Whether it would refuse the server too is not known: it may have roots of its own in its code.
static void a_mirrored_fault_is_no_want_of_the_ca(void **state) {
    struct fixture *fixture = *state;
    struct event_tls tls = good_tls(SIDE_CLIENT);
    tls.error = "the client refused the certificate";
    tls.certificate_alert = true;
    tls.alert = 48;
    tls.alert_by = PARTY_CLIENT;
    tls.shown_faults = "unable to get local issuer certificate";
    tls.shown_bad = tls.shown_untrusted = true;
    fixture_tls(fixture, tls);
    const char *text = fixture_texts(fixture);
    assert_string_equal(fixture_log(fixture), "error tls-client-distrusts client -1 0\n");
    assert_non_null(strstr(text, "unable to get local issuer certificate"));
    assert_non_null(strstr(text, "--server-ca"));
    assert_non_null(strstr(text, "cannot be intercepted"));
    assert_null(strstr(text, "would have refused"));
    assert_null(strstr(text, "ca.pem"));
}

// A weak key, which not every client minds, so `shown_bad` is not set.
static void who_refuses_what_a_rule_put_in_does_right(void **state) {
    struct fixture *fixture = *state;
    struct event_tls tls = good_tls(SIDE_CLIENT);
    tls.error = "the client refused the certificate";
    tls.certificate_alert = true;
    tls.alert = 42;
    tls.alert_by = PARTY_CLIENT;
    tls.shown_faults = "tls: certificate weak-key";
    tls.shown_by_fault = true;
    fixture_tls(fixture, tls);
    assert_string_equal(fixture_log(fixture), "");
    tls.alert = 48;
    fixture_tls(fixture, tls);
    assert_string_equal(fixture_log(fixture), "error tls-client-distrusts client -1 0\n");
    assert_non_null(strstr(fixture_texts(fixture), "ca.pem"));
}

static void advice_fits_the_fault(void **state) {
    struct fixture *fixture = *state;
    struct event_tls tls = good_tls(SIDE_CLIENT);
    tls.error = "the client refused the certificate";
    tls.certificate_alert = true;
    tls.alert = 45;
    tls.alert_by = PARTY_CLIENT;
    fixture_tls(fixture, tls);
    assert_non_null(strstr(fixture_texts(fixture), "clock"));
    assert_null(strstr(fixture_texts(fixture), "make it trust"));
    tls.shown_faults = "certificate has expired";
    tls.shown_bad = true;
    fixture_tls(fixture, tls);
    assert_non_null(strstr(fixture_texts(fixture), "certificate has expired"));
    assert_null(strstr(fixture_texts(fixture), "--server-ca")); // its CA is known
}

static void other_alerts_are_no_distrust(void **state) {
    struct fixture *fixture = *state;
    struct event_tls tls = good_tls(SIDE_CLIENT);
    tls.error = "no version in common";
    tls.alert = 70;
    fixture_tls(fixture, tls);
    fixture_close(fixture, PARTY_CLIENT);
    assert_string_equal(fixture_log(fixture), "");
}

static void a_client_that_goes_on_does_not_check(void **state) {
    struct fixture *fixture = *state;
    struct event_tls tls = good_tls(SIDE_CLIENT);
    tls.shown_bad = true;
    fixture_tls(fixture, tls);
    assert_string_equal(fixture_log(fixture), "");
    fixture_command(fixture, VERB_EHLO, "EHLO host.example.com");
    fixture_command(fixture, VERB_NOOP, "NOOP");
    assert_string_equal(fixture_log(fixture), "error tls-client-no-check client -1 0\n");
}

static void a_client_that_closes_or_quits_did_check(void **state) {
    struct fixture *fixture = *state;
    struct event_tls tls = good_tls(SIDE_CLIENT);
    tls.shown_bad = true;
    fixture_tls(fixture, tls);
    fixture_command(fixture, VERB_QUIT, "QUIT");
    fixture_reply(fixture, VERB_QUIT, 221, "bye");
    fixture_close(fixture, PARTY_CLIENT);
    assert_string_equal(fixture_log(fixture), "");
}

static void a_client_that_only_listens_trusts(void **state) {
    struct fixture *fixture = *state;
    fixture_tls(fixture, good_tls(SIDE_CLIENT));
    fixture_close(fixture, PARTY_CLIENT);
    assert_string_equal(fixture_log(fixture), "warning no-quit client -1 0\n");
}

static void bad_certificate_says_why(void **state) {
    struct fixture *fixture = *state;
    struct event_certificate certificate = good_certificate(fixture);
    struct event_tls tls = good_tls(SIDE_SERVER);
    tls.certificate = &certificate;
    tls.has_verify = true;
    tls.verify_error = "certificate has expired";
    fixture_tls(fixture, tls);
    assert_string_equal(fixture_log(fixture), "error tls-server-certificate server -1 0\n");
    assert_non_null(strstr(fixture_texts(fixture), "certificate has expired; it is good from "));
    assert_null(strstr(fixture_texts(fixture), "virus scanner"));
}

static void an_interceptor_is_known_by_its_issuer(void **state) {
    struct fixture *fixture = *state;
    struct event_certificate certificate = good_certificate(fixture);
    certificate.issuer = "CN=Avast Web/Mail Shield Root,O=Avast Web/Mail Shield";
    struct event_tls tls = good_tls(SIDE_SERVER);
    tls.certificate = &certificate;
    tls.has_verify = true;
    tls.verify_error = "unable to get local issuer certificate";
    fixture_tls(fixture, tls);
    assert_non_null(strstr(fixture_texts(fixture), "virus scanner or firewall"));
    assert_null(strstr(fixture_texts(fixture), "it is good from"));
}

static void a_mismatch_names_both(void **state) {
    struct fixture *fixture = *state;
    static const char *const NAMES[] = {"mx.example.com", "www.example.com"};
    struct event_certificate certificate = good_certificate(fixture);
    certificate.names = NAMES;
    certificate.name_count = 2;
    struct event_tls tls = good_tls(SIDE_SERVER);
    tls.certificate = &certificate;
    tls.has_verify = true;
    tls.verify_error = "Hostname mismatch";
    tls.verify_name = "mail.example.com";
    fixture_tls(fixture, tls);
    assert_non_null(strstr(fixture_texts(fixture), "'mx.example.com', 'www.example.com', and "));
    assert_non_null(strstr(fixture_texts(fixture), "'mail.example.com' was asked for"));
}

static void expiry_within_14_days(void **state) {
    struct fixture *fixture = *state;
    struct event_certificate certificate = good_certificate(fixture);
    struct event_tls tls = good_tls(SIDE_SERVER);
    tls.certificate = &certificate;
    tls.has_verify = tls.verify_ok = true;
    certificate.not_after_unix_ns = fixture->session.started_unix_ns + 14 * DAY;
    fixture_tls(fixture, tls);
    assert_string_equal(fixture_log(fixture), "");
    certificate.not_after_unix_ns = fixture->session.started_unix_ns + 14 * DAY - NS_PER_S;
    fixture_tls(fixture, tls);
    assert_string_equal(fixture_log(fixture), "warning tls-certificate-expires server -1 0\n");
}

static void expiry_within_a_third_of_its_life(void **state) {
    struct fixture *fixture = *state;
    struct event_certificate certificate = good_certificate(fixture);
    struct event_tls tls = good_tls(SIDE_SERVER);
    tls.certificate = &certificate;
    tls.has_verify = tls.verify_ok = true;
    certificate.not_after_unix_ns = fixture->session.started_unix_ns + 3 * DAY;
    certificate.not_before_unix_ns = certificate.not_after_unix_ns - 9 * DAY;
    fixture_tls(fixture, tls);
    assert_string_equal(fixture_log(fixture), "");
    certificate.not_before_unix_ns -= NS_PER_S;
    certificate.not_after_unix_ns -= NS_PER_S;
    fixture_tls(fixture, tls);
    assert_string_equal(fixture_log(fixture), "warning tls-certificate-expires server -1 0\n");
    assert_non_null(strstr(fixture_texts(fixture), "in 2 days"));
}

static void old_versions_of_either_side(void **state) {
    struct fixture *fixture = *state;
    struct event_tls tls = good_tls(SIDE_SERVER);
    tls.version = "TLSv1.0";
    fixture_tls(fixture, tls);
    tls.error = "it failed late"; // the same handshake again
    fixture_tls(fixture, tls);
    tls.error = NULL;
    tls.side = SIDE_CLIENT;
    tls.version = "TLSv1.1";
    fixture_tls(fixture, tls);
    assert_string_equal(fixture_log(fixture), "warning tls-old-version server -1 0\n"
                                              "warning tls-old-version client -1 0\n");
}

static void no_sni_for_a_name(void **state) {
    struct fixture *fixture = *state;
    struct event_tls tls = good_tls(SIDE_CLIENT);
    tls.sni = NULL; // to an address: none is due
    fixture_tls(fixture, tls);
    assert_string_equal(fixture_log(fixture), "");
    tls.sni_missing = true;
    fixture_tls(fixture, tls);
    assert_string_equal(fixture_log(fixture), "info tls-no-sni client -1 0\n");
}

static void weak_things_are_told_together(void **state) {
    struct fixture *fixture = *state;
    struct event_certificate certificate = good_certificate(fixture);
    struct event_tls tls = good_tls(SIDE_SERVER);
    tls.certificate = &certificate;
    certificate.rsa_bits = 1024;
    certificate.sha1_signature = true;
    tls.weak_cipher = true;
    fixture_tls(fixture, tls);
    assert_string_equal(fixture_log(fixture), "warning tls-weak server -1 0\n");
    assert_non_null(strstr(fixture_texts(fixture), "1024"));
    assert_non_null(strstr(fixture_texts(fixture), "SHA-1"));
}

static void close_both_truncated(struct fixture *fixture, enum party by) {
    struct event close = {.kind = EVENT_CLOSE};
    close.close = (struct event_close){.by = by,
                                       .outcome = OUTCOME_COMPLETED,
                                       .client_close_notify_missing = true,
                                       .server_close_notify_missing = true,
                                       .progress = fixture->progress};
    fixture_tell(fixture, close);
}

static void begin_session(struct fixture *fixture) {
    fixture_tls(fixture, good_tls(SIDE_SERVER));
    fixture_tls(fixture, good_tls(SIDE_CLIENT));
    fixture_command(fixture, VERB_EHLO, "EHLO host.example.com");
    fixture_reply(fixture, VERB_EHLO, 250, "mail.example.com");
    fixture_command(fixture, VERB_QUIT, "QUIT");
    fixture_reply(fixture, VERB_QUIT, 221, "bye");
}

static void who_closes_first_is_to_blame(void **state) {
    struct fixture *fixture = *state;
    begin_session(fixture);
    close_both_truncated(fixture, PARTY_SERVER);
    assert_string_equal(fixture_log(fixture), "info tls-truncated server -1 0\n");
}

static void who_is_closed_by_the_proxy_is_not(void **state) {
    struct fixture *fixture = *state;
    begin_session(fixture);
    close_both_truncated(fixture, PARTY_PROXY);
    assert_string_equal(fixture_log(fixture), "");
}

static void truncation_needs_tls(void **state) {
    struct fixture *fixture = *state;
    fixture_command(fixture, VERB_QUIT, "QUIT");
    fixture_reply(fixture, VERB_QUIT, 221, "bye");
    close_both_truncated(fixture, PARTY_CLIENT);
    assert_string_equal(fixture_log(fixture), "");
}

static void a_cut_without_a_byte_is_a_cut(void **state) {
    struct fixture *fixture = *state;
    fixture_tls(fixture, good_tls(SIDE_SERVER));
    fixture_tls(fixture, good_tls(SIDE_CLIENT));
    close_both_truncated(fixture, PARTY_CLIENT);
    assert_non_null(strstr(fixture_log(fixture), "warning no-quit client -1 0\n"));
    assert_non_null(strstr(fixture_log(fixture), "info tls-truncated client -1 0\n"));
    assert_null(strstr(fixture_log(fixture), "tls-client-distrusts"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(good_handshakes_are_silent, setup, teardown),
        cmocka_unit_test_setup_teardown(distrust_names_alert_and_ca, setup, teardown),
        cmocka_unit_test_setup_teardown(distrust_without_a_name_says_what_the_certificate_has,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(distrust_of_the_issuer_is_about_no_name, setup, teardown),
        cmocka_unit_test_setup_teardown(a_mirrored_fault_is_no_want_of_the_ca, setup, teardown),
        cmocka_unit_test_setup_teardown(who_refuses_what_a_rule_put_in_does_right, setup, teardown),
        cmocka_unit_test_setup_teardown(advice_fits_the_fault, setup, teardown),
        cmocka_unit_test_setup_teardown(other_alerts_are_no_distrust, setup, teardown),
        cmocka_unit_test_setup_teardown(a_mismatch_names_both, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_that_goes_on_does_not_check, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_that_closes_or_quits_did_check, setup, teardown),
        cmocka_unit_test_setup_teardown(a_client_that_only_listens_trusts, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_certificate_says_why, setup, teardown),
        cmocka_unit_test_setup_teardown(an_interceptor_is_known_by_its_issuer, setup, teardown),
        cmocka_unit_test_setup_teardown(expiry_within_14_days, setup, teardown),
        cmocka_unit_test_setup_teardown(expiry_within_a_third_of_its_life, setup, teardown),
        cmocka_unit_test_setup_teardown(old_versions_of_either_side, setup, teardown),
        cmocka_unit_test_setup_teardown(no_sni_for_a_name, setup, teardown),
        cmocka_unit_test_setup_teardown(weak_things_are_told_together, setup, teardown),
        cmocka_unit_test_setup_teardown(who_closes_first_is_to_blame, setup, teardown),
        cmocka_unit_test_setup_teardown(who_is_closed_by_the_proxy_is_not, setup, teardown),
        cmocka_unit_test_setup_teardown(truncation_needs_tls, setup, teardown),
        cmocka_unit_test_setup_teardown(a_cut_without_a_byte_is_a_cut, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
