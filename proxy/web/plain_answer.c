// SPDX-License-Identifier: MIT
#include "web/plain_answer.h"

#include "base/buf.h"
#include "base/limits.h"

#include <string.h>
#include <sys/socket.h>

const struct answer_header answer_headers[] = {
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {NULL, NULL},
};

static void put_header(struct buf *out, const char *name, const char *value) {
    buf_putf(out, "%s: %s\r\n", name, value);
}

static void put_answer(struct buf *out, const char *status, const char *sentence) {
    buf_putf(out, "HTTP/1.1 %s\r\n", status);
    put_header(out, "Content-Type", "application/json; charset=utf-8");
    for (const struct answer_header *at = answer_headers; at->name != NULL; at++) {
        put_header(out, at->name, at->value);
    }
    put_header(out, "Content-Security-Policy", POLICY_OF_API);
    put_header(out, "Connection", "close");
    size_t len = strlen("{\"error\":\"\"}\n") + strlen(sentence);
    buf_putf(out, "Content-Length: %zu\r\n\r\n", len);
    buf_putf(out, "{\"error\":\"%s\"}\n", sentence);
}

bool plain_answer_send(int fd, const char *status, const char *sentence) {
    struct buf answer;
    buf_init(&answer, LIMIT_WEB_PLAIN_ANSWER);
    put_answer(&answer, status, sentence);
    struct slice bytes = buf_slice(&answer);
    ssize_t sent = send(fd, bytes.data, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    buf_cleanup(&answer);
    return sent >= 0;
}
