// SPDX-License-Identifier: MIT
#include "smtp/not_smtp.h"

#include "base/limits.h"
#include "base/sentence.h"
#include "base/text.h"
#include "smtp/command_parse.h"

#include <stdio.h>

enum { QUOTED = 40 };

bool not_smtp_is_tls(struct slice head) {
    bool record = head.len >= 2 && head.data[0] >= 0x14 && head.data[0] <= 0x17;
    return record && head.data[1] == 3 && (head.len < 3 || head.data[2] <= 4);
}

// The form that clients of SSLv2's time gave their first ClientHello: two bytes of length, the top
// bit set, the type 1 and a version (RFC 5246 E.2).
static bool is_sslv2_hello(struct slice head) {
    return head.len >= 4 && (head.data[0] & 0x80) != 0 && head.data[2] == 1 &&
           (head.data[3] == 3 || head.data[3] == 0);
}

static bool is_control(uint8_t byte) {
    return byte < ' ' ? byte != '\t' && byte != '\r' && byte != '\n' : byte == 0x7F;
}

// Lines do not begin with control characters, nor with bytes that are no text.
static bool is_binary(struct slice head) {
    size_t at = 0;
    while (at < head.len && at < 4) {
        size_t len = text_utf8_length(slice_from(head, at));
        if (len == 0 || is_control(head.data[at])) {
            return head.len >= 4;
        }
        at += len;
    }
    return false;
}

static void quote(char out[NOT_SMTP_TEXT_MAX], const char *format, struct slice head) {
    struct buf text;
    buf_init(&text, 4 * QUOTED + SENTENCE_MARKS + 1);
    sentence_put_value(&text, slice_sub(head, 0, QUOTED));
    buf_put_byte(&text, 0);
    snprintf(out, NOT_SMTP_TEXT_MAX, format, (const char *)buf_slice(&text).data);
    buf_cleanup(&text);
}

static bool say(char out[NOT_SMTP_TEXT_MAX], const char *text) {
    snprintf(out, NOT_SMTP_TEXT_MAX, "%s", text);
    return true;
}

// ── servers ─────────────────────────────────────────────────────────────────────────────────────

static const struct {
    struct slice start;
    const char *text;
} servers[] = {
    {SLICE_INIT("HTTP/"), "the server is no SMTP server: what it sent looks like HTTP (a web "
                          "server); check host and port"},
    {SLICE_INIT("<"), "the server is no SMTP server: what it sent looks like HTML or XML (a web "
                      "server); check host and port"},
    {SLICE_INIT("SSH-"), "the server is no SMTP server: what it sent looks like SSH; check the "
                         "port"},
    {SLICE_INIT("* OK"), "the server is no SMTP server: what it sent looks like IMAP; SMTP is on "
                         "port 25, 465 or 587"},
    {SLICE_INIT("* PREAUTH"), "the server is no SMTP server: what it sent looks like IMAP; SMTP is "
                              "on port 25, 465 or 587"},
    {SLICE_INIT("* BYE"), "the server is no SMTP server: what it sent looks like IMAP; SMTP is on "
                          "port 25, 465 or 587"},
    {SLICE_INIT("+OK"), "the server is no SMTP server: what it sent looks like POP3; SMTP is on "
                        "port 25, 465 or 587"},
    {SLICE_INIT("-ERR"), "the server is no SMTP server: what it sent looks like POP3; SMTP is on "
                         "port 25, 465 or 587"},
};

static bool is_reply(struct slice head) {
    return head.len >= 3 && text_is_digit(head.data[0]) && text_is_digit(head.data[1]) &&
           text_is_digit(head.data[2]);
}

bool not_smtp_is_server(char out[NOT_SMTP_TEXT_MAX], struct slice head, bool ended) {
    if (is_reply(head)) {
        return false;
    }
    if (not_smtp_is_tls(head)) {
        return say(out, "the server speaks TLS (it answered plain text with a TLS record): this is "
                        "an implicit-TLS port; set the client to implicit TLS (SMTPS), or use the "
                        "server's STARTTLS port (587)");
    }
    if (is_binary(head)) {
        return say(out, "the server is no SMTP server: what it sent looks like binary data; check "
                        "host and port");
    }
    for (size_t i = 0; i < sizeof(servers) / sizeof(servers[0]); i++) {
        if (slice_starts_with_nocase(head, servers[i].start)) {
            return say(out, servers[i].text);
        }
    }
    if (ended) {
        quote(out,
              "the server is no SMTP server: what it sent is no reply with a three-digit "
              "code: \"%s\"",
              head);
    }
    return ended;
}

// ── clients ─────────────────────────────────────────────────────────────────────────────────────

static bool is_http(struct slice head) {
    static const char *const methods[] = {"GET",     "HEAD",    "POST",  "PUT",   "DELETE",
                                          "CONNECT", "OPTIONS", "TRACE", "PATCH", "PRI"};
    struct slice word = command_word(head);
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (slice_is(word, methods[i])) {
            return true;
        }
    }
    return false;
}

bool not_smtp_is_client(char out[NOT_SMTP_TEXT_MAX], struct slice head, bool ended) {
    if (not_smtp_is_tls(head)) {
        return say(out, "the client began TLS (a ClientHello) on a plain-text port: set it to "
                        "STARTTLS, or use the implicit-TLS port (465)");
    }
    if (is_sslv2_hello(head)) {
        return say(out, "the client began TLS with a ClientHello in the form of SSLv2, as clients "
                        "that speak at most SSLv3 or TLS 1.0 do; it needs TLS 1.2 or later");
    }
    if (is_binary(head)) {
        return say(out, "the client does not speak SMTP: what it sent looks like binary data");
    }
    if (ended && is_http(head)) {
        return say(out, "the client does not speak SMTP: what it sent looks like HTTP (a browser "
                        "or another web client)");
    }
    if (slice_starts_with(head, SLICE("SSH-"))) {
        return say(out, "the client does not speak SMTP: what it sent looks like SSH");
    }
    return false;
}
