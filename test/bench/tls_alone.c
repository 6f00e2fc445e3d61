// SPDX-License-Identifier: MIT
// tls_alone session COUNT CERTIFICATE KEY | bulk MEGABYTES CERTIFICATE KEY | hash MEGABYTES: what
// the TLS of a proxy costs in memory, with the library that smtpscope uses: nothing that stands
// between two peers can cost less. Only the proxy's halves are counted: it accepts a client and
// connects to a server, takes the chain as verified, and opens and seals records. It prints
// microseconds of CPU a session, or seconds a gigabyte.
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/pool.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RECORD = 16384, MEGABYTE = 1000000, COMMANDS = 6, MESSAGE = 2048 };

// One TLS connection in memory: one end is the proxy's, the other that of its peer.
struct connection {
    SSL *proxy;
    SSL *peer;
};

struct bench {
    SSL_CTX *accepts;  // the proxy towards the client, with the buffers method
    SSL_CTX *connects; // … and towards the server
    SSL_CTX *client;
    SSL_CTX *server;
    double cpu_s; // of the proxy's halves
};

static double cpu_now(void) {
    struct timespec time;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static enum ssl_verify_result_t take_chain(SSL *ssl, uint8_t *out_alert) {
    (void)ssl;
    (void)out_alert;
    return ssl_verify_ok;
}

static void fail(const char *what) {
    fprintf(stderr, "tls_alone: %s\n", what);
    exit(3);
}

static EVP_PKEY *read_key(const char *file) {
    BIO *bio = BIO_new_file(file, "r");
    EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    BIO_free(bio);
    return key != NULL ? key : (fail("cannot read the key"), NULL);
}

static CRYPTO_BUFFER *read_certificate(const char *file) {
    BIO *bio = BIO_new_file(file, "r");
    char *name = NULL, *header = NULL;
    uint8_t *bytes = NULL;
    long len = 0;
    if (bio == NULL || !PEM_read_bio(bio, &name, &header, &bytes, &len)) {
        fail("cannot read the certificate");
    }
    CRYPTO_BUFFER *certificate = CRYPTO_BUFFER_new(bytes, (size_t)len, NULL);
    OPENSSL_free(name);
    OPENSSL_free(header);
    OPENSSL_free(bytes);
    BIO_free(bio);
    return certificate;
}

static SSL_CTX *context(CRYPTO_BUFFER *certificate, EVP_PKEY *key) {
    SSL_CTX *context = SSL_CTX_new(TLS_with_buffers_method());
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set1_curves_list(context, "X25519:P-256");
    if (certificate != NULL) {
        SSL_CTX_set_chain_and_key(context, &certificate, 1, key, NULL);
    } else {
        SSL_CTX_set_custom_verify(context, SSL_VERIFY_PEER, take_chain);
    }
    return context;
}

static void bench_init(struct bench *bench, const char *certificate_file, const char *key_file) {
    CRYPTO_BUFFER *certificate = read_certificate(certificate_file);
    EVP_PKEY *key = read_key(key_file);
    bench->accepts = context(certificate, key);
    bench->server = context(certificate, key);
    bench->connects = context(NULL, NULL);
    bench->client = context(NULL, NULL);
    CRYPTO_BUFFER_free(certificate);
    EVP_PKEY_free(key);
}

static void bench_cleanup(struct bench *bench) {
    SSL_CTX_free(bench->accepts);
    SSL_CTX_free(bench->connects);
    SSL_CTX_free(bench->client);
    SSL_CTX_free(bench->server);
}

static void open_pair(struct bench *bench, struct connection *out, SSL_CTX *proxy, SSL_CTX *peer,
                      bool accepts) {
    BIO *ours = NULL, *theirs = NULL;
    double start = cpu_now();
    out->proxy = SSL_new(proxy);
    BIO_new_bio_pair(&ours, 64 * 1024, &theirs, 64 * 1024);
    SSL_set_bio(out->proxy, ours, ours);
    SSL_set_shed_handshake_config(out->proxy, 1);
    accepts ? SSL_set_accept_state(out->proxy) : SSL_set_connect_state(out->proxy);
    bench->cpu_s += cpu_now() - start;
    out->peer = SSL_new(peer);
    SSL_set_bio(out->peer, theirs, theirs);
    accepts ? SSL_set_connect_state(out->peer) : SSL_set_accept_state(out->peer);
}

static void shake_hands(struct bench *bench, struct connection *connection) {
    bool done = false;
    for (int turn = 0; turn < 10 && !done; turn++) {
        int peer = SSL_do_handshake(connection->peer);
        double start = cpu_now();
        int proxy = SSL_do_handshake(connection->proxy);
        bench->cpu_s += cpu_now() - start;
        done = peer == 1 && proxy == 1;
    }
    if (!done) {
        fail("the handshake failed");
    }
}

// From one peer through the proxy to the other, as one record.
static void carry(struct bench *bench, struct connection *from, struct connection *to,
                  uint8_t *bytes, int len) {
    SSL_write(from->peer, bytes, len);
    double start = cpu_now();
    int opened = SSL_read(from->proxy, bytes, RECORD);
    int sealed = SSL_write(to->proxy, bytes, opened);
    bench->cpu_s += cpu_now() - start;
    if (opened != len || sealed != len || SSL_read(to->peer, bytes, RECORD) != len) {
        fail("a record was lost");
    }
}

static void close_pair(struct bench *bench, struct connection *connection) {
    SSL_free(connection->peer);
    double start = cpu_now();
    SSL_free(connection->proxy);
    bench->cpu_s += cpu_now() - start;
}

static void open_both(struct bench *bench, struct connection *client, struct connection *server) {
    open_pair(bench, server, bench->connects, bench->server, false);
    open_pair(bench, client, bench->accepts, bench->client, true);
    shake_hands(bench, server);
    shake_hands(bench, client);
}

static void close_both(struct bench *bench, struct connection *client, struct connection *server) {
    close_pair(bench, client);
    close_pair(bench, server);
}

static double session_us(struct bench *bench, long count, uint8_t *bytes) {
    enum { LINE = 40 };
    for (long i = 0; i < count; i++) {
        struct connection client, server;
        open_both(bench, &client, &server);
        for (int command = 0; command < COMMANDS; command++) {
            carry(bench, &server, &client, bytes, LINE);
            carry(bench, &client, &server, bytes, LINE);
        }
        carry(bench, &client, &server, bytes, MESSAGE);
        close_both(bench, &client, &server);
    }
    return bench->cpu_s / (double)count * 1e6;
}

static double bulk_s_per_gb(struct bench *bench, long megabytes, uint8_t *bytes) {
    struct connection client, server;
    open_both(bench, &client, &server);
    bench->cpu_s = 0;
    long records = megabytes * MEGABYTE / RECORD;
    for (long i = 0; i < records; i++) {
        carry(bench, &client, &server, bytes, RECORD);
    }
    close_both(bench, &client, &server);
    return bench->cpu_s / ((double)records * RECORD) * 1e9;
}

static double hash_s_per_gb(long megabytes, const uint8_t *bytes) {
    SHA256_CTX hash;
    uint8_t digest[SHA256_DIGEST_LENGTH];
    long records = megabytes * MEGABYTE / RECORD;
    double start = cpu_now();
    SHA256_Init(&hash);
    for (long i = 0; i < records; i++) {
        SHA256_Update(&hash, bytes, RECORD);
    }
    SHA256_Final(digest, &hash);
    return (cpu_now() - start) / ((double)records * RECORD) * 1e9;
}

int main(int argc, char **argv) {
    static uint8_t bytes[RECORD];
    struct bench bench = {0};
    memset(bytes, 'x', sizeof(bytes));
    long count = argc > 2 ? strtol(argv[2], NULL, 10) : 0;
    if (argc == 3 && strcmp(argv[1], "hash") == 0) {
        printf("%.4f\n", hash_s_per_gb(count, bytes));
        return 0;
    }
    if (argc != 5) {
        fprintf(stderr, "usage: tls_alone session|bulk|hash COUNT [CERTIFICATE KEY]\n");
        return 2;
    }
    bench_init(&bench, argv[3], argv[4]);
    bool bulk = strcmp(argv[1], "bulk") == 0;
    printf("%.4f\n", bulk ? bulk_s_per_gb(&bench, count, bytes) : session_us(&bench, count, bytes));
    bench_cleanup(&bench);
    return 0;
}
