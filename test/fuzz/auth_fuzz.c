// SPDX-License-Identifier: MIT
// auth: an exchange of any mechanism with any lines. The first line names the mechanism, the others
// are the client's; those are also tried as what base64 would decode to.
#include "smtp/auth.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LINE_MAX_LEN = 1 << 20 };

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void respond(struct auth *auth, struct slice line, bool initial) {
    struct buf encoded;
    buf_init(&encoded, LINE_MAX_LEN);
    base64_encode(&encoded, line);
    const char *flaw = auth_response(auth, buf_slice(&encoded), initial, false);
    require(flaw == NULL || auth->mechanism == SASL_MECHANISM_PLAIN); // It is base64.
    auth_response(auth, line, false, line.len % 5 == 0);
    buf_cleanup(&encoded);
}

static void check(const struct auth *auth, int code) {
    struct event_auth event;
    auth_describe(&event, auth, code);
    require(event.identity.len <= AUTH_IDENTITY_MAX);
    require(event.mechanism.len <= AUTH_MECHANISM_MAX);
    require(code != 0 || event.outcome == AUTH_UNFINISHED || event.outcome == AUTH_CANCELLED);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice rest = slice_of(data, size);
    struct auth *auth = auth_new(1, slice_split(&rest, '\n'));
    struct buf text;
    buf_init(&text, LINE_MAX_LEN);
    for (bool initial = true; rest.len > 0; initial = false) {
        struct slice line = slice_split(&rest, '\n');
        respond(auth, line, initial);
        auth_error_text(&text, auth, line);
        buf_clear(&text);
    }
    check(auth, 235);
    check(auth, 454);
    check(auth, 535);
    check(auth, 0);
    auth_free(auth);
    buf_cleanup(&text);
    return 0;
}
