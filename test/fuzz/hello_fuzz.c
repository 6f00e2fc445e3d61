// SPDX-License-Identifier: MIT
// hello_fuzz: any bytes as the body of a ClientHello, and any bytes as what a client sends to an
// endpoint. What is read must be consistent; an endpoint ends in one of its states.
#include "tls/endpoint.h"

#include "base/limits.h"

#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fuzz_hello(struct slice body) {
    struct tls_hello *hello = tls_hello_new(body, 0x0304);
    if (hello == NULL) {
        return;
    }
    assert(strlen(hello->ja3) == 32 && strlen(hello->ja4) == 36);
    tls_hello_free(hello);
}

static void fuzz_endpoint(struct slice wire) {
    static struct tls_context *context; // made once for millions of runs
    if (context == NULL) {
        struct tls_context_options options = {.side = SIDE_CLIENT,
                                              .versions = {TLS_VERSION_1_0, TLS_VERSION_1_3}};
        enum err err = tls_context_new(&context, NULL, &options);
        assert(err == OK);
    }
    struct buf plain;
    buf_init(&plain, 64 * KIB);
    struct tls_endpoint *endpoint = tls_endpoint_accept(context, 0);
    (void)tls_endpoint_feed(endpoint, wire, &plain, 1);
    if (tls_endpoint_state(endpoint) == TLS_HELLO_SHOWN) {
        assert(tls_endpoint_hello(endpoint) != NULL);
        tls_endpoint_refuse(endpoint, 80, "fuzzed", 2);
    }
    tls_endpoint_eof(endpoint, false, 3);
    assert(tls_endpoint_state(endpoint) == TLS_FAILED && tls_endpoint_error(endpoint) != NULL);
    assert(buf_len(&plain) == 0);
    tls_endpoint_free(endpoint);
    buf_cleanup(&plain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    fuzz_hello(slice_of(data, size));
    fuzz_endpoint(slice_of(data, size));
    return 0;
}
