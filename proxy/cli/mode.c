// SPDX-License-Identifier: MIT
#include "cli/mode.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "cli/suggest.h"
#include "cli/userinfo.h"

#include <stdlib.h>

struct kind_row {
    const char *name;
    enum mode kind;
    bool has_url;
};

static const struct kind_row kinds[] = {
    {.name = "reverse", .kind = MODE_REVERSE, .has_url = true},
    {.name = "transparent", .kind = MODE_TRANSPARENT},
    {.name = "socks5", .kind = MODE_SOCKS5},
    {.name = "connect", .kind = MODE_CONNECT},
    {.name = "sink", .kind = MODE_SINK},
};

const char *mode_kind_name(size_t index) {
    return index < sizeof(kinds) / sizeof(kinds[0]) ? kinds[index].name : NULL;
}

static const struct kind_row *find_kind(struct slice name) {
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (slice_is(name, kinds[i].name)) {
            return &kinds[i];
        }
    }
    return NULL;
}

// `%.*s` of a slice; the command line has no NULs.
#define SHOWN(s) (int)(s).len, (const char *)(s).data

static bool host_is_well_formed(struct slice host) {
    if (host.len == 0 || host.len > LIMIT_DOMAIN) {
        return false;
    }
    for (size_t i = 0; i < host.len; i++) {
        uint8_t byte = host.data[i];
        bool of_a_name = text_is_alnum(byte) || byte == '-' || byte == '.' || byte == '_';
        bool of_an_address = byte == ':' || byte == '%';
        if (!of_a_name && !of_an_address && byte < 0x80) {
            return false;
        }
    }
    return true;
}

// Cuts `HOST[:PORT]`, `[ADDRESS][:PORT]` apart; `*out_port` is the null slice where there is none.
static bool split_host_port(struct slice *out_host, struct slice *out_port, struct slice word) {
    *out_port = (struct slice){0};
    if (word.len > 0 && word.data[0] == '[') {
        size_t end = slice_find_byte(word, ']');
        if (end == SLICE_NONE) {
            return false;
        }
        *out_host = slice_sub(word, 1, end - 1);
        struct slice tail = slice_from(word, end + 1);
        if (tail.len > 0) {
            *out_port = slice_from(tail, 1);
        }
        return (tail.len == 0 || tail.data[0] == ':') &&
               slice_find_byte(*out_host, ':') != SLICE_NONE;
    }
    struct slice rest = word;
    *out_host = slice_split(&rest, ':');
    *out_port = rest;
    // A second colon is an IPv6 address without its brackets.
    return slice_is_null(rest) || slice_find_byte(rest, ':') == SLICE_NONE;
}

static bool parse_port(uint16_t *out, struct slice word, uint64_t min) {
    uint64_t port = 0;
    if (!text_parse_u64(&port, word, UINT16_MAX) || port < min) {
        return false;
    }
    *out = (uint16_t)port;
    return true;
}

static enum err parse_url(struct mode_spec *mode, struct failure *failure, struct slice url) {
    struct slice rest;
    if (slice_starts_with_nocase(url, SLICE("smtps://"))) {
        mode->implicit_tls = true;
        rest = slice_from(url, sizeof("smtps://") - 1);
    } else if (slice_starts_with_nocase(url, SLICE("smtp://"))) {
        rest = slice_from(url, sizeof("smtp://") - 1);
    } else {
        return fail(failure, ERR_USAGE, "--mode: '%.*s' is not an smtp:// or smtps:// URL",
                    SHOWN(url));
    }
    if (rest.len > 0 && rest.data[rest.len - 1] == '/') {
        rest = slice_sub(rest, 0, rest.len - 1);
    }
    struct slice host;
    struct slice port;
    if (!split_host_port(&host, &port, rest) || !host_is_well_formed(host)) {
        return fail(failure, ERR_USAGE,
                    "--mode: '%.*s' has no well-formed host; enclose an IPv6 address in brackets",
                    SHOWN(url));
    }
    mode->port = mode->implicit_tls ? MODE_PORT_SMTPS : MODE_PORT_SMTP;
    if (!slice_is_null(port) && !parse_port(&mode->port, port, 1)) {
        return fail(failure, ERR_USAGE, "--mode: '%.*s' is not a port (1 to 65535) in '%.*s'",
                    SHOWN(port), SHOWN(url));
    }
    mode->host = mem_string_of(host);
    return OK;
}

enum err listen_place_parse(char **out_host, uint16_t *out_port, struct failure *failure,
                            struct slice word) {
    struct slice host = SLICE(MODE_LISTEN_HOST);
    struct slice port = word;
    bool alone = word.len > 0 && slice_find_byte(word, ':') == SLICE_NONE && word.data[0] != '[';
    if (!alone && !split_host_port(&host, &port, word)) {
        return fail(failure, ERR_USAGE,
                    "%.*s' is not a [HOST:]PORT to listen on; enclose an IPv6 address in brackets",
                    SHOWN(word));
    }
    if (!host_is_well_formed(host)) {
        return fail(failure, ERR_USAGE, "%.*s' has no well-formed host to listen on", SHOWN(word));
    }
    if (!parse_port(out_port, port, 0)) {
        return fail(failure, ERR_USAGE, "%.*s' has no port (0 to 65535) to listen on", SHOWN(word));
    }
    *out_host = mem_string_of(host);
    return OK;
}

static enum err parse_listen(struct mode_spec *mode, struct failure *failure, struct slice word) {
    struct failure why;
    enum err err = listen_place_parse(&mode->listen_host, &mode->listen_port, &why, word);
    return err == OK ? OK : fail(failure, err, "--mode: '@%s", why.text);
}

static enum err unknown_kind(struct failure *failure, struct slice name) {
    struct suggestion suggestion = suggest_for(name);
    struct buf known;
    buf_init(&known, sizeof(kinds) / sizeof(kinds[0]) * SUGGEST_WORD_MAX);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        suggest_offer(&suggestion, kinds[i].name);
        buf_putf(&known, "%s%s", i == 0 ? "" : ", ", kinds[i].name);
    }
    enum err err = fail(failure, ERR_USAGE, "--mode: '%.*s' is not one of %.*s%s", SHOWN(name),
                        SHOWN(buf_slice(&known)), suggest_end(&suggestion).text);
    buf_cleanup(&known);
    return err;
}

// The message ends on a terminal or in a log of CI, so what may be a password is not repeated, nor
// the user name before it.
static enum err refuse_password(struct failure *failure, struct slice word, size_t name,
                                size_t at) {
    return fail(failure, ERR_USAGE,
                "--mode: '%.*s********%.*s' has no HOST[:PORT] before the '@'; a user name and a "
                "password are the client's to send and have no place here; enclose an IPv6 address "
                "in brackets",
                SHOWN(slice_sub(word, 0, name)), SHOWN(slice_from(word, at)));
}

struct mode_parts {
    struct slice kind;
    struct slice url;
    struct slice listen;
};

// Cuts `KIND[:URL][@LISTEN]` apart; a part that is not there is the null slice.
static enum err split_parts(struct mode_parts *out, struct failure *failure, struct slice word) {
    size_t at = slice_find_last_byte(word, '@');
    *out = (struct mode_parts){0};
    out->url = at == SLICE_NONE ? word : slice_sub(word, 0, at);
    out->listen = at == SLICE_NONE ? out->listen : slice_from(word, at + 1);
    out->kind = slice_split(&out->url, ':');
    struct userinfo userinfo;
    size_t url = out->kind.len + 1;
    if (slice_is_null(out->url) || !userinfo_find(&userinfo, slice_from(word, url))) {
        return OK;
    }
    return refuse_password(failure, word, url + userinfo.name, url + userinfo.at);
}

static enum err parse_parts(struct mode_spec *mode, struct failure *failure, struct slice word) {
    struct mode_parts parts;
    enum err err = split_parts(&parts, failure, word);
    if (err != OK) {
        return err;
    }
    const struct kind_row *kind = find_kind(parts.kind);
    if (kind == NULL) {
        return unknown_kind(failure, parts.kind);
    }
    mode->kind = kind->kind;
    if (kind->has_url && slice_is_null(parts.url)) {
        return fail(failure, ERR_USAGE,
                    "--mode: 'reverse' needs a URL: reverse:smtp://HOST[:PORT]");
    }
    if (!kind->has_url && !slice_is_null(parts.url)) {
        return fail(failure, ERR_USAGE, "--mode: '%s' takes no URL, but got '%.*s'", kind->name,
                    SHOWN(parts.url));
    }
    err = kind->has_url ? parse_url(mode, failure, parts.url) : OK;
    if (err == OK && !slice_is_null(parts.listen)) {
        err = parse_listen(mode, failure, parts.listen);
    } else if (err == OK) {
        mode->listen_host = mem_string(MODE_LISTEN_HOST);
        mode->listen_port = MODE_LISTEN_PORT;
    }
    return err;
}

enum err mode_parse(struct mode_spec *out, struct failure *failure, const char *word) {
    *out = (struct mode_spec){0};
    enum err err = parse_parts(out, failure, slice_of_string(word));
    if (err != OK) {
        mode_cleanup(out);
    }
    return err;
}

// Whether the word begins with the name of a kind, as a whole.
static bool names_kind(struct slice word) {
    size_t len = 0;
    while (len < word.len && word.data[len] != ':' && word.data[len] != '@') {
        len++;
    }
    return find_kind(slice_sub(word, 0, len)) != NULL;
}

// A lone word is more often an option gone wrong than a host.
static bool looks_like_server(struct slice word) {
    return slice_find_byte(word, '.') != SLICE_NONE || slice_find_byte(word, ':') != SLICE_NONE ||
           slice_is(word, "localhost");
}

static bool is_implicit_tls(struct slice word) {
    size_t at = slice_find_byte(word, '@');
    struct slice host;
    struct slice port;
    return split_host_port(&host, &port, at == SLICE_NONE ? word : slice_sub(word, 0, at)) &&
           slice_is(port, "465");
}

enum err mode_parse_short(struct mode_spec *out, struct failure *failure, const char *word) {
    struct slice text = slice_of_string(word);
    if (names_kind(text)) {
        return mode_parse(out, failure, word);
    }
    if (!looks_like_server(text)) {
        return fail(failure, ERR_USAGE,
                    "proxy: '%s' is not a server; one is HOST:PORT, such as mail.example.com:587",
                    word);
    }
    bool has_scheme = slice_find(text, SLICE("://")) != SLICE_NONE;
    const char *scheme = is_implicit_tls(text) ? "smtps://" : "smtp://";
    char *whole = mem_format("reverse:%s%s", has_scheme ? "" : scheme, word);
    enum err err = mode_parse(out, failure, whole);
    free(whole);
    return err;
}

void mode_cleanup(struct mode_spec *mode) {
    free(mode->host);
    free(mode->listen_host);
    *mode = (struct mode_spec){0};
}

// Appends `HOST:PORT`, an IPv6 address in brackets.
static void mode_put_host_port(struct buf *out, const char *host, uint16_t port) {
    bool brackets = slice_find_byte(slice_of_string(host), ':') != SLICE_NONE;
    buf_putf(out, brackets ? "[%s]:%u" : "%s:%u", host, (unsigned)port);
}

void mode_put_text(struct buf *out, const struct mode_spec *mode) {
    buf_put_string(out, mode_name(mode->kind));
    if (mode->host != NULL) {
        buf_put_string(out, mode->implicit_tls ? " smtps://" : " smtp://");
        mode_put_host_port(out, mode->host, mode->port);
    }
}
