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

static void fixture_init(struct fixture *f, const char *name) {
    struct failure failure;
    test_folder_make(&f->folder);
    f->dir = test_folder_file(&f->folder, name);
    struct authority_options options = {.dir = f->dir, .now_unix_ns = NOW};
    assert_int_equal(authority_open(&f->authority, &failure, &options), OK);
    assert_int_equal(environment_new(&f->environment, &failure, f->authority, f->dir, NOW), OK);
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
    char *expected = mem_format("-Xmx1g -Da=b \"-Djavax.net.ssl.trustStore=%s/bundle.jks\"", f.dir);
    assert_string_equal(value_in(f.environment, "JAVA_TOOL_OPTIONS"), expected);
    free(expected);
    fixture_cleanup(&f);
    unsetenv("JAVA_TOOL_OPTIONS");
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
    fixture_init(&f, "ca");
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files_are_there),
        cmocka_unit_test(test_other_java_options_stay),
        cmocka_unit_test(test_its_own_bundle_is_no_source),
        cmocka_unit_test(test_shell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
