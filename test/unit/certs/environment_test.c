// SPDX-License-Identifier: MIT
// Claims: the variables name files that are there; what is inherited is kept or overridden as it
// must be; a shell reads back what was meant, whatever the folder is called.
#include "certs/environment.h"

#include "base/limits.h"
#include "base/memory.h"
#include "folder_of_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const int64_t NOW = INT64_C(1795359791000000000);

struct fixture {
    struct test_folder folder;
    char *dir;
    struct authority *authority;
    struct environment *environment;
};

static void make_authority(struct fixture *f, const char *name) {
    struct failure failure;
    test_folder_make(&f->folder);
    f->dir = test_folder_file(&f->folder, name);
    f->environment = NULL;
    struct authority_options options = {.dir = f->dir, .now_unix_ns = NOW};
    assert_int_equal(authority_open(&f->authority, &failure, &options), OK);
}

static void make_environment(struct fixture *f) {
    struct failure failure;
    assert_int_equal(environment_new(&f->environment, &failure, f->authority, f->dir, NOW), OK);
}

// With the roots of this machine, which take a while to read.
static void fixture_init_system(struct fixture *f, const char *name) {
    make_authority(f, name);
    make_environment(f);
}

// With the CA as the only root.
static void fixture_init(struct fixture *f, const char *name) {
    make_authority(f, name);
    setenv("SSL_CERT_FILE", authority_certificate_file(f->authority), 1);
    make_environment(f);
    unsetenv("SSL_CERT_FILE");
}

static void fixture_cleanup(struct fixture *f) {
    environment_free(f->environment);
    authority_free(f->authority);
    test_folder_remove(&f->folder);
    free(f->dir);
}

static const char *value_in(const struct environment *environment, const char *name) {
    const char *const *list = environment_list(environment);
    size_t len = strlen(name);
    for (; *list != NULL; list++) {
        if (strncmp(*list, name, len) == 0 && (*list)[len] == '=') {
            return *list + len + 1;
        }
    }
    return NULL;
}

static void test_files_are_there(void **state) {
    (void)state;
    unsetenv("JAVA_TOOL_OPTIONS");
    struct fixture f;
    fixture_init(&f, "ca");
    assert_int_equal(access(value_in(f.environment, "SSL_CERT_FILE"), R_OK), 0);
    assert_int_equal(access(value_in(f.environment, "NODE_EXTRA_CA_CERTS"), R_OK), 0);
    assert_string_equal(value_in(f.environment, "CURL_CA_BUNDLE"),
                        environment_bundle_file(f.environment));
    const char *java = value_in(f.environment, "JAVA_TOOL_OPTIONS");
    assert_memory_equal(java, "-Djavax.net.ssl.trustStore=/", 28);
    assert_int_equal(access(strchr(java, '/'), R_OK), 0);
    fixture_cleanup(&f);
}

static void test_other_java_options_stay(void **state) {
    (void)state;
    struct fixture f;
    setenv("JAVA_TOOL_OPTIONS", "-Xmx1g -Djavax.net.ssl.trustStore=/old  -Da=b", 1);
    fixture_init(&f, "ca dir");
    const char *bundle = environment_bundle_file(f.environment);
    char *expected = mem_format("-Xmx1g -Da=b \"-Djavax.net.ssl.trustStore=%.*s.jks\"",
                                (int)(strlen(bundle) - strlen(".pem")), bundle);
    assert_string_equal(value_in(f.environment, "JAVA_TOOL_OPTIONS"), expected);
    free(expected);
    fixture_cleanup(&f);
    unsetenv("JAVA_TOOL_OPTIONS");
}

// Ours is the last of them, however long the others are.
static void test_java_options_of_any_length(void **state) {
    (void)state;
    struct fixture f;
    static char inherited[100 * 1024];
    memset(inherited, 'x', sizeof(inherited) - 1);
    setenv("JAVA_TOOL_OPTIONS", inherited, 1);
    fixture_init(&f, "ca dir");
    unsetenv("JAVA_TOOL_OPTIONS");
    const char *java = value_in(f.environment, "JAVA_TOOL_OPTIONS");
    assert_memory_equal(java, inherited, sizeof(inherited) - 1);
    const char *ours = java + sizeof(inherited) - 1;
    assert_memory_equal(ours, " \"-Djavax.net.ssl.trustStore=/", 30);
    assert_string_equal(ours + strlen(ours) - 5, ".jks\"");
    fixture_cleanup(&f);
}

static long size_of(const char *path) {
    struct buf content;
    buf_init(&content, 16 * MIB);
    test_file_read(path, &content);
    long size = (long)buf_len(&content);
    buf_cleanup(&content);
    return size;
}

// With what it says already in the environment it must not grow.
static void test_its_own_bundle_is_no_source(void **state) {
    (void)state;
    struct fixture f;
    struct failure failure;
    fixture_init_system(&f, "ca");
    char *bundle = mem_string(environment_bundle_file(f.environment));
    long before = size_of(bundle);
    setenv("SSL_CERT_FILE", bundle, 1);
    test_file_write(bundle, SLICE("junk"));
    environment_free(f.environment);
    assert_int_equal(environment_new(&f.environment, &failure, f.authority, f.dir, NOW), OK);
    assert_int_equal(size_of(bundle), before);
    unsetenv("SSL_CERT_FILE");
    free(bundle);
    fixture_cleanup(&f);
}

static size_t certificates_in(const char *path) {
    struct buf content;
    buf_init(&content, 16 * MIB);
    test_file_read(path, &content);
    size_t count = 0;
    struct slice rest = buf_slice(&content);
    const struct slice begin = SLICE("BEGIN CERTIFICATE");
    for (size_t at; (at = slice_find(rest, begin)) != SLICE_NONE; count++) {
        rest = slice_from(rest, at + begin.len);
    }
    buf_cleanup(&content);
    return count;
}

// Roots that were named already are trusted still: another CA plays the company's here.
static void test_inherited_roots_stay(void **state) {
    (void)state;
    struct fixture f;
    struct fixture company;
    struct failure failure;
    unsetenv("NODE_EXTRA_CA_CERTS");
    unsetenv("REQUESTS_CA_BUNDLE");
    make_authority(&company, "company");
    fixture_init_system(&f, "ca");
    const char *theirs = authority_certificate_file(company.authority);
    const char *bundle = environment_bundle_file(f.environment);
    size_t before = certificates_in(bundle);
    assert_string_not_equal(value_in(f.environment, "NODE_EXTRA_CA_CERTS"), bundle);
    setenv("NODE_EXTRA_CA_CERTS", theirs, 1);
    setenv("REQUESTS_CA_BUNDLE", theirs, 1);
    setenv("CURL_CA_BUNDLE", "/nonexistent", 1);
    struct environment *other = NULL;
    assert_int_equal(environment_new(&other, &failure, f.authority, f.dir, NOW), OK);
    assert_int_equal(certificates_in(bundle), before); // the one of the other environment
    environment_free(f.environment);
    f.environment = other;
    bundle = environment_bundle_file(f.environment);
    assert_int_equal(certificates_in(bundle), before + 1);
    // What is started within that environment trusts the same, by the same file.
    setenv("SSL_CERT_FILE", bundle, 1);
    assert_int_equal(environment_new(&other, &failure, f.authority, f.dir, NOW), OK);
    assert_string_equal(environment_bundle_file(other), bundle);
    environment_free(other);
    unsetenv("SSL_CERT_FILE");
    assert_string_equal(value_in(f.environment, "NODE_EXTRA_CA_CERTS"), bundle);
    assert_string_equal(value_in(f.environment, "CURL_CA_BUNDLE"), bundle);
    assert_string_not_equal(value_in(f.environment, "DENO_CERT"), bundle);
    unsetenv("NODE_EXTRA_CA_CERTS");
    unsetenv("REQUESTS_CA_BUNDLE");
    unsetenv("CURL_CA_BUNDLE");
    fixture_cleanup(&f);
    fixture_cleanup(&company);
}

// A folder that is not the CA's gets its certificate, and no key.
static void test_another_folder(void **state) {
    (void)state;
    struct fixture f;
    struct failure failure;
    unsetenv("NODE_EXTRA_CA_CERTS");
    fixture_init(&f, "ca");
    char *other = test_folder_file(&f.folder, "other");
    char *certificate = mem_format("%s/ca.pem", other);
    char *key = mem_format("%s/ca.key", other);
    environment_free(f.environment);
    assert_int_equal(environment_new(&f.environment, &failure, f.authority, other, NOW), OK);
    assert_string_equal(value_in(f.environment, "NODE_EXTRA_CA_CERTS"), certificate);
    assert_int_equal(certificates_in(certificate), 1);
    assert_int_equal(access(key, F_OK), -1);
    free(other);
    free(certificate);
    free(key);
    fixture_cleanup(&f);
}

// A real shell evaluates the text, quoted and not, and prints a variable of it.
static void assert_shell_reads(const struct fixture *f, const char *how) {
    char read_back[256] = "";
    struct buf text;
    buf_init(&text, 64 * KIB);
    environment_put_shell(&text, f->environment);
    char *file = test_folder_file(&f->folder, "env.sh");
    test_file_write(file, buf_slice(&text));
    char *command = mem_format("%s; printf %%s \"$SSL_CERT_FILE\"", how);
    setenv("ENV_FILE", file, 1);
    FILE *shell = popen(command, "r");
    assert_non_null(shell);
    size_t len = fread(read_back, 1, sizeof(read_back) - 1, shell);
    assert_int_equal(pclose(shell), 0);
    assert_int_equal(len, strlen(environment_bundle_file(f->environment)));
    assert_string_equal(read_back, environment_bundle_file(f->environment));
    free(command);
    free(file);
    buf_cleanup(&text);
}

static void test_shell(void **state) {
    (void)state;
    struct fixture f;
    fixture_init(&f, "it's a $HOME `dir`");
    assert_shell_reads(&f, "eval \"$(cat \"$ENV_FILE\")\"");
    assert_shell_reads(&f, ". \"$ENV_FILE\"");
    fixture_cleanup(&f);
    fixture_init(&f, "plain");
    assert_shell_reads(&f, "eval $(cat \"$ENV_FILE\")");
    fixture_cleanup(&f);
}

// What `ca remove` warns of: a shell that still names the files.
static void names_the_variables_that_lead_into_a_folder(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, KIB);
    setenv("CURL_CA_BUNDLE", "/ca/bundle-1.pem", 1);
    setenv("GIT_SSL_CAINFO", "/ca-of-another/bundle-1.pem", 1);
    setenv("JAVA_TOOL_OPTIONS", "-Xmx1g -Djavax.net.ssl.trustStore=/ca/bundle-1.jks", 1);
    environment_put_names_into(&out, "/ca");
    buf_put_byte(&out, 0);
    assert_string_equal(buf_slice(&out).data, " CURL_CA_BUNDLE JAVA_TOOL_OPTIONS");
    unsetenv("CURL_CA_BUNDLE");
    unsetenv("GIT_SSL_CAINFO");
    unsetenv("JAVA_TOOL_OPTIONS");
    buf_cleanup(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_are_there),
        cmocka_unit_test(test_other_java_options_stay),
        cmocka_unit_test(test_java_options_of_any_length),
        cmocka_unit_test(test_its_own_bundle_is_no_source),
        cmocka_unit_test(test_inherited_roots_stay),
        cmocka_unit_test(test_another_folder),
        cmocka_unit_test(test_shell),
        cmocka_unit_test(names_the_variables_that_lead_into_a_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
