// SPDX-License-Identifier: MIT
// tls_pipe: an endpoint on standard input and output, for test/e2e/tls_peers.py:
//
//   tls_pipe accept VERSIONS        presents a self-signed certificate, says a greeting
//   tls_pipe await VERSIONS         the same, but the client is to speak first, as after STARTTLS
//   tls_pipe connect VERSIONS SNI   takes any certificate, says EHLO
//
// Standard input is a connected socket and standard output the same one. At its end the facts stand
// on standard error as one `name=value` a line.
#include "base/boringssl.h"
#include "base/clock.h"
#include "base/limits.h"
#include "identity.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct pipe {
    struct tls_endpoint *endpoint;
    struct identity ecdsa;
    struct identity rsa;
    struct buf plain;
    bool greeted;
};

static enum tls_verdict accept_any(void *context, CRYPTO_BUFFER *const *chain, size_t chain_len,
                                   int *out_alert) {
    (void)context;
    (void)chain;
    (void)chain_len;
    (void)out_alert;
    return TLS_ACCEPT;
}

static void flush(struct pipe *pipe) {
    struct slice output = tls_endpoint_output(pipe->endpoint);
    while (output.len > 0) {
        ssize_t len = write(STDOUT_FILENO, output.data, output.len);
        if (len <= 0) {
            return; // the peer is gone; what it said is still to be read
        }
        tls_endpoint_sent(pipe->endpoint, (size_t)len);
        output = tls_endpoint_output(pipe->endpoint);
    }
}

static void go_on(struct pipe *pipe, const char *greeting) {
    if (tls_endpoint_state(pipe->endpoint) == TLS_HELLO_SHOWN) {
        bool rsa = tls_endpoint_hello(pipe->endpoint)->rsa_only;
        struct tls_presentation what = {.identity =
                                            identity_borrow(rsa ? &pipe->rsa : &pipe->ecdsa)};
        tls_endpoint_present(pipe->endpoint, &what, clock_monotonic_ns());
    }
    if (tls_endpoint_state(pipe->endpoint) == TLS_ESTABLISHED && greeting != NULL &&
        !pipe->greeted) {
        pipe->greeted = true;
        (void)tls_endpoint_write(pipe->endpoint, slice_of_string(greeting));
    }
    flush(pipe);
}

// The peer closed without having taken all that was sent to it: its end came with bytes of ours
// still unacknowledged, or the reset that answers them has come already behind it. A peer that read
// everything and closed has acknowledged everything with its end.
static bool left_unread(int fd) {
    struct tcp_info info = {0};
    socklen_t len = sizeof(info);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
           (info.tcpi_unacked > 0 || info.tcpi_state == TCP_CLOSE);
}

static void run(struct pipe *pipe, const char *greeting) {
    uint8_t wire[4096];
    ssize_t len = 0;
    flush(pipe);
    while (buf_len(&pipe->plain) == 0 && tls_endpoint_state(pipe->endpoint) != TLS_FAILED &&
           (len = read(STDIN_FILENO, wire, sizeof(wire))) > 0) {
        (void)tls_endpoint_feed(pipe->endpoint, slice_of(wire, (size_t)len), &pipe->plain,
                                clock_monotonic_ns());
        go_on(pipe, greeting);
    }
    if (len <= 0) {
        tls_endpoint_eof(pipe->endpoint, len < 0 || left_unread(STDIN_FILENO),
                         clock_monotonic_ns());
    }
    tls_endpoint_close_notify(pipe->endpoint);
    flush(pipe);
}

static void put(const char *name, const char *value) {
    fprintf(stderr, "%s=%s\n", name, value == NULL ? "" : value);
}

static void tell(const struct pipe *pipe) {
    struct event_tls facts;
    tls_endpoint_facts(pipe->endpoint, &facts);
    put("version", facts.version);
    put("cipher", facts.cipher);
    put("group", facts.group);
    put("sni", facts.sni);
    put("ja3", facts.ja3);
    put("ja4", facts.ja4);
    put("error", facts.error);
    put("party", party_name(facts.alert_by));
    fprintf(stderr, "alert=%d\ncertificate_alert=%d\nweak=%d\ndata=%zu\n", facts.alert,
            facts.certificate_alert, facts.weak_cipher, buf_len(&pipe->plain));
}

static struct tls_context *make_context(enum side side, const char *versions) {
    struct tls_context *context = NULL;
    struct failure failure;
    struct tls_context_options options = {.side = side};
    if (!tls_version_range_parse(&options.versions, slice_of_string(versions)) ||
        tls_context_new(&context, &failure, &options) != OK) {
        fputs("tls_pipe: no such versions\n", stderr);
        exit(2);
    }
    return context;
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fputs("usage: tls_pipe accept|await|connect VERSIONS [SNI]\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    bool await = strcmp(argv[1], "await") == 0, accept = await || strcmp(argv[1], "accept") == 0;
    struct tls_context *context = make_context(accept ? SIDE_CLIENT : SIDE_SERVER, argv[2]);
    struct tls_connect_plan plan = {.sni = argc > 3 ? argv[3] : NULL, .verify = accept_any};
    struct pipe pipe = {.endpoint = NULL};
    identity_init(&pipe.ecdsa, IDENTITY_P256);
    identity_init(&pipe.rsa, IDENTITY_RSA);
    buf_init(&pipe.plain, 64 * KIB);
    pipe.endpoint = accept ? tls_endpoint_accept(context, clock_monotonic_ns())
                           : tls_endpoint_connect(context, &plan, clock_monotonic_ns());
    run(&pipe, await ? NULL : accept ? "220 pipe ESMTP\r\n" : "EHLO pipe\r\n");
    tell(&pipe);
    tls_endpoint_free(pipe.endpoint);
    tls_context_free(context);
    buf_cleanup(&pipe.plain);
    identity_cleanup(&pipe.ecdsa);
    identity_cleanup(&pipe.rsa);
    return 0;
}
