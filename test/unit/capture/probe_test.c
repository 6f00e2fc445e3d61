// SPDX-License-Identifier: MIT
#include "capture/probe.h"
#include "capture/probe_trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char *temporary(const char *content) {
    char *path = strdup("/tmp/probe_test.XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    close(fd);
    return path;
}

static void discard(char *path) {
    unlink(path);
    free(path);
}

static void finds_a_certificate_among_others(void **state) {
    (void)state;
    char *ours =
        temporary("-----BEGIN CERTIFICATE-----\nAAAABBBB\nCCCC\n-----END CERTIFICATE-----\n");
    char *with = temporary("# roots\n-----BEGIN CERTIFICATE-----\nDDDD\n-----END CERTIFICATE-----\n"
                           "-----BEGIN CERTIFICATE-----\r\nAAAABBBBCCCC\r\n"
                           "-----END CERTIFICATE-----\r\n");
    char *without =
        temporary("-----BEGIN CERTIFICATE-----\nAAAABBBB\nCCCD\n-----END CERTIFICATE-----\n");
    char *empty = temporary("");
    assert_true(probe_trust_holds(with, ours));
    assert_false(probe_trust_holds(without, ours));
    assert_false(probe_trust_holds("/nowhere", ours));
    assert_false(probe_trust_holds(with, empty)); // no certificate is in no bundle
    discard(ours);
    discard(with);
    discard(without);
    discard(empty);
}

static void judges_the_variables_that_are_set(void **state) {
    (void)state;
    struct probe_result results[PROBE_COUNT_MAX] = {{.name = NULL}};
    char *ours = temporary("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    unsetenv("SSL_CERT_FILE");
    unsetenv("CURL_CA_BUNDLE");
    unsetenv("REQUESTS_CA_BUNDLE");
    setenv("NODE_EXTRA_CA_CERTS", ours, 1);
    assert_int_equal(probe_trust(results, ours), 2);
    assert_int_equal(results[0].state, PROBE_LIMITED); // the system's roots do not hold it
    assert_string_not_equal(results[0].remedy, "");
    assert_string_equal(results[1].what, "NODE_EXTRA_CA_CERTS: roots with the CA");
    assert_int_equal(results[1].state, PROBE_WORKS);
    assert_string_equal(results[1].remedy, "");
    setenv("CURL_CA_BUNDLE", "/nowhere", 1);
    assert_int_equal(probe_trust(results, ours), 2);
    assert_int_equal(results[1].state, PROBE_LIMITED);
    assert_non_null(strstr(results[1].what, "CURL_CA_BUNDLE: roots without the CA"));
    unsetenv("CURL_CA_BUNDLE");
    unsetenv("NODE_EXTRA_CA_CERTS");
    assert_int_equal(probe_trust(results, ours), 1);
    assert_int_equal(probe_trust(results, NULL), 0);
    discard(ours);
}

static void says_of_each_thing_whether_it_works(void **state) {
    (void)state;
    struct probe_result results[PROBE_COUNT_MAX];
    size_t count = probe_all(results, NULL);
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) {
        assert_non_null(results[i].name);
        assert_string_not_equal(results[i].what, "");
        if (results[i].state != PROBE_WORKS) {
            assert_string_not_equal(results[i].remedy, "");
        }
    }
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); // no child is left
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_a_certificate_among_others),
        cmocka_unit_test(judges_the_variables_that_are_set),
        cmocka_unit_test(says_of_each_thing_whether_it_works),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
