// SPDX-License-Identifier: MIT
// Certificates of a server: the input is its chain, two bytes of length in front of each
// certificate, behind a byte of which name the client asked for. Whatever they are, they are
// described in strings that end, judged, and mirrored with the faults that were found.
#include "../unit/certs/folder_of_test.h"

#include "certs/describe.h"
#include "certs/leaf.h"

#include <openssl/pool.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { CHAIN_MAX = 4 };

static const int64_t now_ns = INT64_C(1795359791) * 1000000000;
static struct test_folder folder;
static struct authority *authority;
static struct trust_store *roots;

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void leave(void) {
    trust_store_free(roots);
    authority_free(authority);
    test_folder_remove(&folder);
}

static void enter_once(void) {
    struct failure failure;
    if (authority != NULL) {
        return;
    }
    test_folder_make(&folder);
    struct authority_options options = {.dir = folder.path, .now_unix_ns = now_ns};
    require(authority_open(&authority, &failure, &options) == OK);
    require(trust_store_new(&roots, &failure, authority_certificate_file(authority)) == OK);
    atexit(leave);
}

static void check_facts(CRYPTO_BUFFER *certificate) {
    struct event_certificate *facts = certificate_facts_of(certificate);
    if (facts == NULL) {
        return;
    }
    require(facts->subject == NULL || strlen(facts->subject) < SIZE_MAX);
    require(facts->issuer == NULL || strlen(facts->issuer) < SIZE_MAX);
    for (size_t i = 0; i < facts->name_count; i++) {
        require(strlen(facts->names[i]) < SIZE_MAX);
    }
    certificate_facts_free(facts);
}

static size_t read_chain(CRYPTO_BUFFER **chain, struct slice rest) {
    size_t count = 0;
    while (rest.len > 2 && count < CHAIN_MAX) {
        size_t len = (size_t)rest.data[0] << 8 | rest.data[1];
        struct slice der = slice_sub(rest, 2, len);
        chain[count++] = CRYPTO_BUFFER_new(der.data, der.len, NULL);
        rest = slice_from(rest, 2 + der.len);
    }
    return count;
}

static void mirror(CRYPTO_BUFFER *server, const struct trust_verdict *verdict, const char *name) {
    struct leaf_store *store = leaf_store_new(authority, now_ns);
    const struct leaf *leaf = NULL;
    struct failure failure = {""};
    struct leaf_request request = {
        .server = server, .faults = verdict->faults, .name = name, .now_unix_ns = now_ns};
    // A key of the size of the server's takes long to make, and is no matter of its bytes.
    request.faults &= ~(unsigned)TRUST_SMALL_KEY;
    if (leaf_get(&leaf, &failure, store, &request) == OK) {
        check_facts(leaf->chain[0]);
    } else {
        require(failure.text[0] != '\0');
    }
    leaf_store_free(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    static const char *const names[] = {NULL, "a.example.com", "127.0.0.1", "::1"};
    CRYPTO_BUFFER *chain[CHAIN_MAX];
    struct trust_verdict verdict;
    if (len < 1) {
        return 0;
    }
    enter_once();
    const char *name = names[data[0] % 4];
    size_t count = read_chain(chain, slice_from(slice_of(data, len), 1));
    for (size_t i = 0; i < count; i++) {
        check_facts(chain[i]);
    }
    if (count > 0) {
        trust_verify(&verdict, roots, chain, count, name, now_ns);
        require(memchr(verdict.error, '\0', sizeof(verdict.error)) != NULL);
        require(trust_holds(&verdict) || verdict.faults != 0);
        mirror(chain[0], &verdict, name);
    }
    for (size_t i = 0; i < count; i++) {
        CRYPTO_BUFFER_free(chain[i]);
    }
    return 0;
}
