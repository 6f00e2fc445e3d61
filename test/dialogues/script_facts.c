// SPDX-License-Identifier: MIT
#include "script_facts.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_DAY (86400 * NS_PER_S)

// The word `name`, or what stands behind `name=`; NULL where it is not there.
static const char *find_word(const char *words, const char *name) {
    size_t len = strlen(name);
    const char *at = words == NULL ? NULL : strstr(words, name);
    while (at != NULL) {
        bool begins = at == words || at[-1] == ' ';
        bool ends = at[len] == '\0' || at[len] == ' ' || at[len] == '=';
        if (begins && ends) {
            return at[len] == '=' ? at + len + 1 : at + len;
        }
        at = strstr(at + 1, name);
    }
    return NULL;
}

static bool has(const char *words, const char *name) {
    return find_word(words, name) != NULL;
}

static void copy_word(char *out, size_t size, const char *word) {
    snprintf(out, size, "%.*s", (int)strcspn(word, " "), word);
}

static long number(const char *words, const char *name, long otherwise) {
    const char *word = find_word(words, name);
    return word == NULL ? otherwise : strtol(word, NULL, 10);
}

void facts_of_tls(struct event_tls *tls, struct facts_certificate *storage, const char *words,
                  int64_t started_unix_ns) {
    const char *verify = find_word(words, "verify");
    const char *version = find_word(words, "version");
    *storage = (struct facts_certificate){
        .certificate = {
            .subject = "CN=mx.example",
            .not_after_unix_ns = started_unix_ns + number(words, "expires", 90) * NS_PER_DAY,
            .not_before_unix_ns = started_unix_ns - number(words, "begun", 90) * NS_PER_DAY,
            .key = "RSA",
            .rsa_bits = (unsigned)number(words, "rsa", 2048),
            .sha1_signature = has(words, "sha1")}};
    if (version != NULL) {
        copy_word(storage->version, sizeof(storage->version), version);
        tls->version = storage->version;
    }
    if (verify != NULL) {
        copy_word(storage->verify_error, sizeof(storage->verify_error), verify);
        tls->has_verify = true;
        tls->verify_ok = strcmp(storage->verify_error, "ok") == 0;
        tls->verify_error = tls->verify_ok ? NULL : storage->verify_error;
    }
    tls->certificate = tls->side == SIDE_SERVER ? &storage->certificate : NULL;
    tls->alert = (int)number(words, "alert", -1);
    tls->certificate_alert = has(words, "distrusts");
    tls->shown_bad = has(words, "shown-bad");
    tls->shown_faults = tls->shown_bad ? "certificate has expired" : NULL;
    tls->issuer_rsa_bits = (unsigned)number(words, "issuer-rsa", 0);
    tls->issuer_sha1_signature = has(words, "issuer-sha1");
    tls->sni_missing = has(words, "no-sni");
    tls->weak_cipher = has(words, "weak");
}

void facts_of_close(struct event_close *close, const char *words) {
    close->client_close_notify_missing = has(words, "client-truncated");
    close->server_close_notify_missing = has(words, "server-truncated");
    close->client_gone = has(words, "gone");
    if (has(words, "protocol")) {
        close->outcome = OUTCOME_PROTOCOL;
    }
    if (has(words, "tls-failed")) {
        close->outcome = OUTCOME_TLS_CLIENT_FAILED;
    }
    const char *outcome = find_word(words, "outcome");
    for (int i = 0; outcome != NULL && i <= OUTCOME_PROXY_STOPPED; i++) {
        struct slice name = slice_of_string(outcome_name((enum outcome)i));
        if (slice_equal(slice_of(outcome, strcspn(outcome, " ")), name)) {
            close->outcome = (enum outcome)i;
        }
    }
    const char *error = find_word(words, "error");
    close->error = error == NULL ? close->error : slice_of_string(error);
}
