// SPDX-License-Identifier: MIT
#include "certs/environment.h"

#include "base/digest.h"
#include "base/limits.h"
#include "base/memory.h"
#include "certs/bundle.h"
#include "certs/ca_folder.h"
#include "certs/roots.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum value { VALUE_CA, VALUE_BUNDLE, VALUE_JAVA };

// Who reads what. All are set, over what is inherited: a machine that has CURL_CA_BUNDLE preset
// would not look at SSL_CERT_FILE.
static const struct {
    const char *name;
    enum value value;
} VARIABLES[] = {
    {"SSL_CERT_FILE", VALUE_BUNDLE},      // OpenSSL: Python, Ruby, Perl, PHP, swaks, curl; Go; .NET
    {"CURL_CA_BUNDLE", VALUE_BUNDLE},     // the curl tool, in front of SSL_CERT_FILE
    {"REQUESTS_CA_BUNDLE", VALUE_BUNDLE}, // Python requests
    {"AWS_CA_BUNDLE", VALUE_BUNDLE},      // AWS tools and boto3
    {"GIT_SSL_CAINFO", VALUE_BUNDLE},     // git, for send-email too
    {"NIX_SSL_CERT_FILE", VALUE_BUNDLE},  // whatever Nix built
    {"PERL_LWP_SSL_CA_FILE", VALUE_BUNDLE},
    {"NODE_EXTRA_CA_CERTS", VALUE_CA}, // Node.js, to its own roots
    {"DENO_CERT", VALUE_CA},           // Deno, to its own roots
    {"JAVA_TOOL_OPTIONS", VALUE_JAVA},
};

enum { VARIABLE_COUNT = sizeof(VARIABLES) / sizeof(VARIABLES[0]) };

static const char CA_FILE[] = "ca.pem";
static const char BUNDLE_START[] = "bundle-"; // what our bundles' names begin with
static const char JAVA_OPTION[] = "-Djavax.net.ssl.trustStore=";

struct environment {
    char *list[VARIABLE_COUNT + 1];
    char *dir; // absolute, since the command may run in another folder
    char *bundle;
    char *java_bundle;
    char *ca;
};

// ── the bundles ─────────────────────────────────────────────────────────────────────────────────

// Whether `file` is a bundle that we wrote: in the environment of a `run` within what `ca env`
// prints. Its roots are the user's, but it is no system's.
static bool is_own_bundle(const struct environment *environment, const char *file) {
    size_t len = strlen(environment->dir);
    return strncmp(file, environment->dir, len) == 0 && file[len] == '/' &&
           strncmp(file + len + 1, BUNDLE_START, sizeof(BUNDLE_START) - 1) == 0;
}

// The file that is named by a variable already; NULL where there is none, or it is our CA alone.
static const char *inherited_file(const struct environment *environment, const char *name) {
    const char *file = getenv(name);
    bool ours = file != NULL && strcmp(file, environment->ca) == 0;
    return file == NULL || ours || access(file, R_OK) != 0 ? NULL : file;
}

// The machine's own roots, by SSL_CERT_FILE or by where it keeps them.
static const char *system_roots(const struct environment *environment) {
    const char *named = inherited_file(environment, "SSL_CERT_FILE");
    bool ours = named != NULL && is_own_bundle(environment, named);
    return roots_system_file(ours ? named : environment->ca);
}

// The inherited files that are not the machine's own roots. Returns how many.
static size_t find_inherited(const struct environment *environment, const char *roots_file,
                             const char *out_files[VARIABLE_COUNT]) {
    size_t count = 0;
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        const char *file = VARIABLES[i].value == VALUE_JAVA
                               ? NULL
                               : inherited_file(environment, VARIABLES[i].name);
        if (file != NULL && (roots_file == NULL || strcmp(file, roots_file) != 0)) {
            out_files[count++] = file;
        }
    }
    return count;
}

// "bundle-1f0a….pem": the same content has the same name.
static char *bundle_name(struct slice content, const char *form) {
    uint8_t hash[SHA256_LEN];
    uint64_t start;
    sha256_of(hash, content);
    memcpy(&start, hash, sizeof(start));
    return mem_format("%s%016" PRIx64 ".%s", BUNDLE_START, start, form);
}

static enum err write_bundle(const struct folder *folder, struct failure *failure, const char *name,
                             const struct bundle_plan *plan) {
    struct buf content;
    buf_init(&content, LIMIT_BUNDLE);
    enum err err = bundle_put(&content, failure, plan);
    if (err == OK) {
        err = folder_write(folder, failure, name, buf_slice(&content), 0644);
    }
    buf_cleanup(&content);
    return err;
}

// Writes what was planned in both forms, under the name of its content.
static enum err write_merged(struct environment *environment, struct failure *failure,
                             const struct folder *folder, struct bundle_plan *plan) {
    struct buf pem;
    buf_init(&pem, LIMIT_BUNDLE);
    plan->format = BUNDLE_PEM;
    enum err err = bundle_put(&pem, failure, plan);
    if (err == OK) {
        char *name = bundle_name(buf_slice(&pem), "pem");
        char *java_name = bundle_name(buf_slice(&pem), "jks");
        environment->bundle = mem_format("%s/%s", environment->dir, name);
        environment->java_bundle = mem_format("%s/%s", environment->dir, java_name);
        err = folder_write(folder, failure, name, buf_slice(&pem), 0644);
        plan->format = BUNDLE_JKS;
        err = err == OK ? write_bundle(folder, failure, java_name, plan) : err;
        free(name);
        free(java_name);
    }
    buf_cleanup(&pem);
    return err;
}

// `alone` holds our CA, and nothing else.
static enum err write_bundles(struct environment *environment, struct failure *failure,
                              const char *dir, const struct bundle_plan *alone) {
    struct folder folder;
    const char *files[VARIABLE_COUNT];
    struct bundle_plan merged = *alone;
    merged.roots_file = system_roots(environment);
    merged.more_count = find_inherited(environment, merged.roots_file, files);
    merged.more_files = files;
    enum err err = folder_open(&folder, failure, dir);
    if (err == OK && !folder_has(&folder, CA_FILE)) {
        err = write_bundle(&folder, failure, CA_FILE, alone);
    }
    if (err == OK) {
        err = write_merged(environment, failure, &folder, &merged);
    }
    folder_close(&folder);
    return err;
}

// "bundle-", 16 digits, and a form.
bool environment_is_bundle(const char *name) {
    enum { DIGITS = 16 };
    const size_t start = sizeof(BUNDLE_START) - 1;
    if (strncmp(name, BUNDLE_START, start) != 0 ||
        strspn(name + start, "0123456789abcdef") != DIGITS) {
        return false;
    }
    const char *form = name + start + DIGITS;
    return strcmp(form, ".pem") == 0 || strcmp(form, ".jks") == 0;
}

void environment_put_names_into(struct buf *out, const char *dir) {
    char *start = mem_format("%s/", dir);
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        const char *value = getenv(VARIABLES[i].name);
        if (value != NULL && strstr(value, start) != NULL) {
            buf_putf(out, " %s", VARIABLES[i].name);
        }
    }
    free(start);
}

// ── the values ──────────────────────────────────────────────────────────────────────────────────

// What is inherited, without a trust store that is named there already, and ours after it. Java
// splits the value at white space that is not within quotes.
static char *java_value(const char *store) {
    const char *quote = strpbrk(store, " \t") != NULL ? "\"" : "";
    const char *inherited = getenv("JAVA_TOOL_OPTIONS");
    struct buf value;
    struct slice rest = slice_of_string(inherited);
    buf_init(&value, rest.len + strlen(JAVA_OPTION) + strlen(store) + strlen("x \"\""));
    while (!slice_is_null(rest)) {
        struct slice option = slice_split(&rest, ' ');
        if (option.len > 0 && !slice_starts_with(option, slice_of_string(JAVA_OPTION))) {
            buf_put(&value, option);
            buf_put_byte(&value, ' ');
        }
    }
    buf_putf(&value, "%s%s%s%s", quote, JAVA_OPTION, store, quote);
    char *text = mem_string_of(buf_slice(&value));
    buf_cleanup(&value);
    return text;
}

static char *value_of(const struct environment *environment, const char *name, enum value value) {
    switch (value) {
    case VALUE_CA:
        return mem_string(inherited_file(environment, name) == NULL ? environment->ca
                                                                    : environment->bundle);
    case VALUE_BUNDLE:
        return mem_string(environment->bundle);
    case VALUE_JAVA:
        return java_value(environment->java_bundle);
    }
    return NULL;
}

enum err environment_new(struct environment **out, struct failure *failure,
                         const struct authority *authority, const char *dir, int64_t now_unix_ns) {
    struct environment *environment = mem_new(sizeof(*environment));
    char *absolute = realpath(dir, NULL);
    environment->dir = mem_string(absolute != NULL ? absolute : dir);
    free(absolute);
    environment->ca = mem_format("%s/%s", environment->dir, CA_FILE);
    struct bundle_plan plan = {.ca_der = authority_der(authority), .now_unix_ns = now_unix_ns};
    enum err err = write_bundles(environment, failure, dir, &plan);
    if (err != OK) {
        environment_free(environment);
        return err;
    }
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        char *value = value_of(environment, VARIABLES[i].name, VARIABLES[i].value);
        environment->list[i] = mem_format("%s=%s", VARIABLES[i].name, value);
        free(value);
    }
    *out = environment;
    return OK;
}

void environment_free(struct environment *environment) {
    if (environment == NULL) {
        return;
    }
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        free(environment->list[i]);
    }
    free(environment->dir);
    free(environment->ca);
    free(environment->bundle);
    free(environment->java_bundle);
    free(environment);
}

const char *const *environment_list(const struct environment *environment) {
    return (const char *const *)environment->list;
}

const char *environment_bundle_file(const struct environment *environment) {
    return environment->bundle;
}

// ── for a shell ─────────────────────────────────────────────────────────────────────────────────

// Between single quotes a shell takes everything as it is, but a single quote.
static void put_quoted(struct buf *out, const char *text) {
    buf_put_byte(out, '\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            buf_put_string(out, "'\\''");
        } else {
            buf_put_byte(out, (uint8_t)*text);
        }
    }
    buf_put_byte(out, '\'');
}

void environment_put_shell(struct buf *out, const struct environment *environment) {
    for (size_t i = 0; i < VARIABLE_COUNT; i++) {
        buf_putf(out, "export %s=", VARIABLES[i].name);
        put_quoted(out, environment->list[i] + strlen(VARIABLES[i].name) + 1);
        buf_put_byte(out, '\n');
    }
    // At the end, so that an unquoted `eval $(…)`, which joins the lines, loses nothing.
    buf_putf(out, "# msmtp and others with GnuTLS read no variable: tls_trust_file %s\n",
             environment->ca);
}
