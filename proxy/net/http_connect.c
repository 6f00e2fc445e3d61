// SPDX-License-Identifier: MIT
// Written here rather than taken from an HTTP library: those that Debian packages either own the
// socket or want a reply before they let go of the stream, and one request line is all there is.
#include "net/http_connect.h"

#include "base/limits.h"
#include "base/lines.h"
#include "base/text.h"

#include <errno.h>
#include <string.h>

struct http_refusal {
    const char *status; // the status line after the version
    const char *reason; // a sentence for the person who reads the body
    const char *fields; // more header fields, or ""
};

// ── answers ─────────────────────────────────────────────────────────────────────────────────────

static void put_refusal(struct tunnel *tunnel, const struct http_refusal *refusal) {
    struct buf body;
    buf_init(&body, LIMIT_TUNNEL_ANSWER);
    buf_put_string(&body, "smtpscope: ");
    text_put_printable(&body, slice_of_string(refusal->reason)); // It may name the client's host.
    buf_put_byte(&body, '\n');
    buf_putf(&tunnel->output,
             "HTTP/1.1 %s\r\nConnection: close\r\n%sContent-Type: text/plain; charset=utf-8\r\n"
             "Content-Length: %zu\r\n\r\n",
             refusal->status, refusal->fields, buf_len(&body));
    buf_put(&tunnel->output, buf_slice(&body));
    buf_cleanup(&body);
}

static void refuse(struct tunnel *tunnel, const struct http_refusal *refusal) {
    put_refusal(tunnel, refusal);
    tunnel_enter(tunnel, TUNNEL_REFUSED);
}

static void refuse_as_malformed(struct tunnel *tunnel) {
    refuse(tunnel, &(struct http_refusal){"400 Bad Request",
                                          "this port takes HTTP requests such as 'CONNECT "
                                          "mail.example.com:587 HTTP/1.1'",
                                          ""});
}

// A tunnel has no content, and no field that would say so (RFC 9110 9.3.6).
static void connected(struct tunnel *tunnel, const struct sockaddr *local) {
    (void)local;
    buf_put_string(&tunnel->output, "HTTP/1.1 200 Connection established\r\n\r\n");
}

static void failed(struct tunnel *tunnel, int error, const char *reason) {
    const char *status = error == ETIMEDOUT ? "504 Gateway Timeout" : "502 Bad Gateway";
    put_refusal(tunnel, &(struct http_refusal){status, reason, ""});
}

// ── the request ─────────────────────────────────────────────────────────────────────────────────

// RFC 9110 9.3.6: the port has no default, and one that is empty or invalid is a bad request.
static bool read_authority(struct tunnel *tunnel, struct slice target) {
    size_t colon = slice_find_last_byte(target, ':');
    if (colon == SLICE_NONE) {
        return false;
    }
    struct slice host = slice_sub(target, 0, colon);
    uint64_t port = 0;
    if (!text_parse_u64(&port, slice_from(target, colon + 1), UINT16_MAX) || port == 0) {
        return false;
    }
    bool brackets = host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']';
    if (brackets) {
        host = slice_sub(host, 1, host.len - 2);
    }
    return tunnel_set_host(tunnel, host, (uint16_t)port) &&
           brackets == (slice_find_byte(host, ':') != SLICE_NONE);
}

static bool is_http(struct slice version) {
    return version.len == strlen("HTTP/1.1") && slice_starts_with(version, SLICE("HTTP/1."));
}

static void read_head(struct tunnel *tunnel, struct slice head) {
    struct slice rest = head;
    struct slice version = lines_text(lines_next(&rest));
    struct slice method = slice_split(&version, ' ');
    struct slice target = slice_split(&version, ' ');
    bool connect = slice_is(method, "CONNECT");
    if (!is_http(version) || (connect && !read_authority(tunnel, target))) {
        refuse_as_malformed(tunnel);
    } else if (!connect) {
        refuse(tunnel, &(struct http_refusal){"405 Method Not Allowed",
                                              "this proxy takes CONNECT only; it is for mail",
                                              "Allow: CONNECT\r\n"});
    } else {
        tunnel_enter(tunnel, TUNNEL_CONNECTING);
    }
}

// Whether `input`, which ends with a LF, ends with an empty line.
static bool ends_head(struct slice input) {
    size_t before = input.len - 1;
    if (before > 0 && input.data[before - 1] == '\r') {
        before--;
    }
    return before == 0 || input.data[before - 1] == '\n';
}

// RFC 9112 2.2: a lone LF ends a line, too, and empty lines before the request are ignored.
static void read_line_end(struct tunnel *tunnel, struct slice input) {
    if (!ends_head(input)) {
        return;
    }
    if (input.len <= 2) {
        buf_clear(&tunnel->input);
    } else {
        read_head(tunnel, input);
    }
}

// Another protocol shows itself by its first byte: a method is a token. It gets its answer at once,
// rather than waiting for the end of a line that it does not have.
static bool begins_request(uint8_t byte) {
    return text_is_alpha(byte) || byte == '\r' || byte == '\n';
}

static void read_byte(struct tunnel *tunnel) {
    struct slice input = buf_slice(&tunnel->input);
    if (!begins_request(input.data[0])) {
        refuse_as_malformed(tunnel);
    } else if (input.data[input.len - 1] == '\n') {
        read_line_end(tunnel, input);
    } else if (buf_room(&tunnel->input) == 0) {
        refuse(tunnel, &(struct http_refusal){"431 Request Header Fields Too Large",
                                              "the request's header is larger than 16 KiB", ""});
    }
}

const struct tunnel_protocol http_connect_protocol = {
    .request_max = LIMIT_HTTP_HEAD,
    .read = read_byte,
    .connected = connected,
    .failed = failed,
};
