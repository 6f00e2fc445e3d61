// SPDX-License-Identifier: MIT
#include "smtp/auth.h"

#include "check.h"

#include <string.h>

// Plays an exchange whose responses are given as what base64 decodes to; the first is the initial
// one.
static struct event_auth play(struct auth **out, const char *mechanism, struct slice first,
                              struct slice second) {
    struct slice responses[] = {first, second};
    *out = auth_new(3, slice_of_string(mechanism));
    for (int i = 0; i < 2; i++) {
        struct buf line;
        buf_init(&line, 4096);
        base64_encode(&line, responses[i]);
        if (!slice_is_null(responses[i])) {
            auth_response(*out, buf_slice(&line), i == 0, false);
        }
        buf_cleanup(&line);
    }
    struct event_auth event;
    auth_describe(&event, *out, 235);
    return event;
}

static void check_identity(const char *mechanism, struct slice first, struct slice second,
                           const char *identity) {
    struct auth *auth = NULL;
    struct event_auth event = play(&auth, mechanism, first, second);
    check_slice(event.identity, identity);
    auth_free(auth);
}

#define NONE ((struct slice){0})

static void reads_who_logs_in(void **state) {
    (void)state;
    check_identity("plain", slice_of("\0tim\0pass", 9), NONE, "tim");
    check_identity("PLAIN", slice_of("adm\0tim\0pass", 12), NONE, "tim");
    check_identity("PLAIN", slice_of("adm\0\0pass", 9), NONE, "adm");
    check_identity("PLAIN", slice_of("\0pass", 5), NONE, NULL);
    check_identity("PLAIN", SLICE("pass"), NONE, NULL);
    check_identity("LOGIN", SLICE("tim"), SLICE("pass"), "tim");
    check_identity("LOGIN", NONE, SLICE("tim"), "tim");
    check_identity("CRAM-MD5", NONE, SLICE("tim has a secret"), NULL);
    check_identity("CRAM-MD5", NONE, SLICE("tim tom 0123abcd"), "tim tom");
    check_identity("CRAM-MD5", NONE, SLICE("0123abcd"), NULL);
    check_identity("DIGEST-MD5", NONE, SLICE("realm=\"x\",username=\"t\\\"im\",nc=1"), "t\"im");
    check_identity("SCRAM-SHA-1", SLICE("n,,n=t=2Cim,r=abc"), NONE, "t,im");
    check_identity("SCRAM-SHA-256-PLUS", SLICE("p=tls-unique,,n=tim,r=abc"), NONE, "tim");
    check_identity("XOAUTH2", SLICE("user=tim@x\001auth=Bearer t\001\001"), NONE, "tim@x");
    check_identity("OAUTHBEARER", SLICE("n,a=tim@x,\001host=h\001auth=Bearer t\001\001"), NONE,
                   "tim@x");
    check_identity("OAUTHBEARER", SLICE("n,,\001auth=Bearer a=t\001\001"), NONE, NULL);
    check_identity("EXTERNAL", SLICE("tim"), NONE, "tim");
    check_identity("GSSAPI", SLICE("tim"), NONE, NULL);
    check_identity("X-NEW", SLICE("tim"), NONE, NULL);
}

static void reads_the_name_of_ntlm(void **state) {
    (void)state;
    uint8_t message[80] = "NTLMSSP";
    message[8] = 3;
    message[36] = 6;
    message[40] = 64;
    message[60] = 1;
    memcpy(message + 64, "t\0i\0m\0", 6);
    check_identity("NTLM", NONE, slice_of(message, sizeof(message)), "tim");
    message[40] = 200; // past the end
    check_identity("NTLM", NONE, slice_of(message, sizeof(message)), NULL);
    message[8] = 1; // not the message that names somebody
    check_identity("NTLM", NONE, slice_of(message, sizeof(message)), NULL);
}

static void check_flaw(const char *mechanism, const char *line, bool initial, bool malformed) {
    struct auth *auth = auth_new(1, slice_of_string(mechanism));
    assert_int_equal(auth_response(auth, slice_of_string(line), initial, false) != NULL, malformed);
    auth_free(auth);
}

static void finds_malformed_lines(void **state) {
    (void)state;
    check_flaw("LOGIN", "not base64", false, true);
    check_flaw("LOGIN", "dGlt", false, false);
    check_flaw("LOGIN", "dGltbw", false, true);
    check_flaw("LOGIN", "", false, false);
    check_flaw("LOGIN", "*", false, false);
    check_flaw("EXTERNAL", "=", true, false);
    check_flaw("EXTERNAL", "=", false, true);
    check_flaw("PLAIN", "dGlt", false, true);
    check_flaw("PLAIN", "AHRpbQBwYXNz", false, false);
    check_flaw("PLAIN", "AHRpbQBwYQBz", false, true);
}

static void judges_no_part_of_a_line(void **state) {
    (void)state;
    struct auth *auth = auth_new(1, SLICE("PLAIN"));
    struct event_auth event;
    assert_null(auth_response(auth, SLICE("AHRpbQBwYXN"), false, true));
    auth_describe(&event, auth, 0);
    check_slice(event.identity, "tim");
    auth_free(auth);
}

static void check_outcome(int code, bool cancelled, enum auth_outcome outcome) {
    struct auth *auth = auth_new(1, SLICE("login"));
    struct event_auth event;
    if (cancelled) {
        auth_response(auth, SLICE("*"), false, false);
    }
    auth_describe(&event, auth, code);
    assert_int_equal(event.outcome, outcome);
    check_slice(event.mechanism, "LOGIN");
    auth_free(auth);
}

static void tells_the_outcome(void **state) {
    (void)state;
    check_outcome(235, false, AUTH_SUCCEEDED);
    check_outcome(535, false, AUTH_FAILED);
    check_outcome(454, false, AUTH_DEFERRED);
    check_outcome(501, true, AUTH_CANCELLED);
    check_outcome(0, true, AUTH_CANCELLED);
    check_outcome(0, false, AUTH_UNFINISHED);
}

static void decodes_the_error_of_bearer_mechanisms(void **state) {
    (void)state;
    struct auth *auth = auth_new(1, SLICE("XOAUTH2"));
    struct auth *other = auth_new(1, SLICE("LOGIN"));
    struct buf text;
    buf_init(&text, 4096);
    assert_false(auth_error_text(&text, other, SLICE("eyJzdGF0dXMiOjF9")));
    assert_true(auth_error_text(&text, auth, SLICE("eyJzdGF0dXMiOjF9")));
    check_slice(buf_slice(&text), "{\"status\":1}");
    buf_clear(&text);
    assert_false(auth_error_text(&text, auth, SLICE("")));
    buf_cleanup(&text);
    auth_free(auth);
    auth_free(other);
}

// AUTH LOGIN with a user name, and whether the server's question for it is one too many.
static void check_asked_again(struct slice initial, bool again) {
    struct auth *auth = auth_new(1, SLICE("login"));
    if (initial.len > 0) {
        auth_response(auth, initial, true, false);
    }
    auth_challenge(auth, SLICE("VXNlcm5hbWU6"));
    check_slice(auth_login(auth).mechanism, "LOGIN");
    assert_int_equal(auth_login(auth).name_asked_again, again);
    auth_response(auth, SLICE("Ym9i"), false, false);
    auth_challenge(auth, SLICE("VXNlcm5hbWU6"));
    assert_int_equal(auth_login(auth).name_asked_again, again);
    auth_free(auth);
}

static void knows_a_name_that_is_asked_for_again(void **state) {
    (void)state;
    check_asked_again(SLICE("Ym9i"), true);
    check_asked_again(SLICE(""), false);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_who_logs_in),
        cmocka_unit_test(reads_the_name_of_ntlm),
        cmocka_unit_test(finds_malformed_lines),
        cmocka_unit_test(judges_no_part_of_a_line),
        cmocka_unit_test(tells_the_outcome),
        cmocka_unit_test(decodes_the_error_of_bearer_mechanisms),
        cmocka_unit_test(knows_a_name_that_is_asked_for_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
