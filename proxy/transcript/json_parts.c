// SPDX-License-Identifier: MIT
#include "transcript/json_parts.h"

#include "base/clock.h"
#include "base/text.h"

// What a line without any bytes is: empty, not unknown.
static struct slice present(struct slice s) {
    return slice_is_null(s) ? SLICE("") : s;
}

static int64_t floor_us(int64_t ns) {
    return ns / NS_PER_US - (ns % NS_PER_US < 0);
}

int64_t json_at_us(const struct event_session *session, int64_t at_ns) {
    int64_t started_ns = session == NULL ? 0 : session->started_unix_ns;
    return floor_us(started_ns + at_ns) - floor_us(started_ns);
}

bool json_same_ms(const struct event_session *session, int64_t a_us, int64_t b_us) {
    int64_t started_us = session == NULL ? 0 : floor_us(session->started_unix_ns);
    return (started_us + a_us) / 1000 == (started_us + b_us) / 1000;
}

void json_member_time(struct json_writer *json, const char *key, int64_t unix_ns) {
    json_key(json, key);
    json_open(json, '"');
    clock_put_rfc3339(json->out, unix_ns, CLOCK_MICROSECONDS);
    json_close(json, '"');
}

void json_client(struct json_writer *json, const struct event_session *session) {
    const struct event_endpoint *client = &session->client;
    json_open(json, '{');
    json_member_string(json, "address", client->address);
    json_member_uint_or_null(json, "port", client->port);
    json_member_uint_or_null(json, "pid", client->pid);
    json_member_string(json, "program", client->program);
    json_close(json, '}');
}

void json_server(struct json_writer *json, const struct event_session *session) {
    const struct event_endpoint *server = &session->server;
    if (!session->has_server) {
        json_null(json);
        return;
    }
    json_open(json, '{');
    json_member_string(json, "host", server->host);
    json_member_string(json, "address", server->address);
    json_member_uint_or_null(json, "port", server->port);
    json_close(json, '}');
}

// ── commands ────────────────────────────────────────────────────────────────────────────────────

static bool is_cut(const struct event_line *line) {
    return line->len > line->text.len;
}

void json_command_by(struct json_writer *json, const struct event_command *command) {
    if (command->by_proxy) {
        json_member_string(json, "by", "proxy");
    }
}

static void member_verb(struct json_writer *json, const struct event_command *command) {
    struct slice name = command->command.name;
    uint8_t upper[64];
    if (command->continuation || command->concealed || command->command.verb == VERB_NONE) {
        json_member_text(json, "verb", (struct slice){0});
        return;
    }
    if (command->command.verb != VERB_UNKNOWN) {
        json_member_text(json, "verb", verb_info(command->command.verb)->name);
        return;
    }
    name = slice_sub(name, 0, sizeof(upper)); // no verb is that long; `line` has all of it
    for (size_t i = 0; i < name.len; i++) {
        upper[i] = text_upper(name.data[i]);
    }
    json_member_text(json, "verb", name.len == 0 ? (struct slice){0} : slice_of(upper, name.len));
}

void json_command_verb_members(struct json_writer *json, const struct event_command *command) {
    const struct event_line *line = &command->line;
    bool plain = !command->continuation && !command->concealed;
    member_verb(json, command);
    json_member_text(json, "argument", plain ? command->command.argument : (struct slice){0});
    json_member_text(json, "line", present(line->text));
    if (line->was_no_utf8) {
        json_key(json, "line_base64");
        json_base64(json, line->text);
    } else {
        json_member_exact(json, "line_base64", line->text);
    }
    if (is_cut(line)) {
        json_member_bool(json, "cut", true);
        json_member_uint(json, "line_bytes", line->len);
    }
    json_member_bool(json, "pipelined", command->pipelined);
}

// ── replies ─────────────────────────────────────────────────────────────────────────────────────

// What stands before the text of line `i`; the null slice where the two do not fit together.
static struct slice line_prefix(const struct event_reply_line *line) {
    size_t text_len = line->text.len;
    struct slice whole = line->line.text;
    if (text_len > whole.len || !slice_equal(slice_from(whole, whole.len - text_len), line->text)) {
        return (struct slice){0};
    }
    return slice_sub(present(whole), 0, whole.len - text_len);
}

static bool is_usual_prefix(const struct event_reply *reply, size_t i, struct slice prefix) {
    if (slice_is_null(prefix)) {
        return true; // nothing better is known
    }
    uint64_t code = 0;
    bool last = i + 1 == reply->line_count;
    return prefix.len == 4 && text_parse_u64(&code, slice_sub(prefix, 0, 3), 999) &&
           code == (uint64_t)reply->code && prefix.data[3] == (last ? ' ' : '-');
}

static void member_prefixes(struct json_writer *json, const struct event_reply *reply) {
    bool usual = true;
    for (size_t i = 0; i < reply->line_count && usual; i++) {
        usual = is_usual_prefix(reply, i, line_prefix(&reply->lines[i]));
    }
    if (usual) {
        return;
    }
    json_key(json, "prefixes");
    json_open(json, '[');
    for (size_t i = 0; i < reply->line_count; i++) {
        struct slice prefix = line_prefix(&reply->lines[i]);
        json_text(json, is_usual_prefix(reply, i, prefix) ? (struct slice){0} : prefix);
    }
    json_close(json, ']');
}

// What stood under the stars counts too.
static bool is_good(const struct event_reply_line *line) {
    return text_is_utf8(line->text) && !line->line.was_no_utf8;
}

static void member_lines_base64(struct json_writer *json, const struct event_reply *reply) {
    bool good = true;
    for (size_t i = 0; i < reply->line_count && good; i++) {
        good = is_good(&reply->lines[i]);
    }
    if (good) {
        return;
    }
    json_key(json, "lines_base64");
    json_open(json, '[');
    for (size_t i = 0; i < reply->line_count; i++) {
        struct slice text = reply->lines[i].text;
        if (is_good(&reply->lines[i])) {
            json_null(json);
        } else {
            json_base64(json, text);
        }
    }
    json_close(json, ']');
}

static void members_cut_lines(struct json_writer *json, const struct event_reply *reply) {
    size_t first = 0;
    while (first < reply->line_count && !is_cut(&reply->lines[first].line)) {
        first++;
    }
    if (first == reply->line_count) {
        return;
    }
    json_member_bool(json, "cut", true);
    json_member_uint(json, "line_bytes", reply->lines[first].line.len);
    json_key(json, "lines_bytes");
    json_open(json, '[');
    for (size_t i = 0; i < reply->line_count; i++) {
        const struct event_line *line = &reply->lines[i].line;
        if (is_cut(line)) {
            json_uint(json, line->len);
        } else {
            json_null(json);
        }
    }
    json_close(json, ']');
}

void json_reply_members(struct json_writer *json, const struct event_reply *reply) {
    if (reply->by_proxy) {
        json_member_string(json, "by", "proxy");
    }
    json_member_uint_or_null(json, "code", (uint64_t)reply->code);
    json_member_text(json, "enhanced", reply->enhanced);
    json_key(json, "lines");
    json_open(json, '[');
    for (size_t i = 0; i < reply->line_count; i++) {
        json_text(json, present(reply->lines[i].text));
    }
    json_close(json, ']');
    member_lines_base64(json, reply);
    members_cut_lines(json, reply);
    member_prefixes(json, reply);
}

// ── TLS ─────────────────────────────────────────────────────────────────────────────────────────

static void member_date(struct json_writer *json, const char *key, int64_t unix_ns) {
    json_key(json, key);
    json_open(json, '"');
    clock_put_rfc3339(json->out, unix_ns, CLOCK_SECONDS);
    json_close(json, '"');
}

static void put_certificate(struct json_writer *json, const struct event_certificate *certificate) {
    if (certificate == NULL) {
        json_null(json);
        return;
    }
    json_open(json, '{');
    json_member_string(json, "subject", certificate->subject);
    json_member_string(json, "issuer", certificate->issuer);
    json_key(json, "names");
    json_open(json, '[');
    for (size_t i = 0; i < certificate->name_count; i++) {
        json_string(json, certificate->names[i]);
    }
    json_close(json, ']');
    member_date(json, "not_before", certificate->not_before_unix_ns);
    member_date(json, "not_after", certificate->not_after_unix_ns);
    json_member_string(json, "sha256", certificate->sha256);
    json_member_string(json, "key", certificate->key);
    json_close(json, '}');
}

static void put_verify(struct json_writer *json, const struct event_tls *tls) {
    if (!tls->has_verify) {
        json_null(json);
        return;
    }
    json_open(json, '{');
    json_member_bool(json, "ok", tls->verify_ok);
    json_member_string(json, "error", tls->verify_error);
    json_close(json, '}');
}

void json_tls_members(struct json_writer *json, const struct event_tls *tls) {
    json_member_string(json, "how", tls->starttls ? "starttls" : "implicit");
    json_member_string(json, "version", tls->version);
    json_member_string(json, "cipher", tls->cipher);
    json_member_string(json, "group", tls->group);
    json_member_string(json, "sni", tls->sni);
    json_member_string(json, "alpn", tls->alpn);
    json_member_bool(json, "resumed", tls->resumed);
    json_member_string(json, "ja3", tls->ja3);
    json_member_string(json, "ja4", tls->ja4);
    json_key(json, "certificate");
    put_certificate(json, tls->certificate);
    json_key(json, "verify");
    put_verify(json, tls);
    json_key(json, "handshake_ms");
    if (tls->handshake_ns > 0) {
        json_ms(json, tls->handshake_ns / NS_PER_US);
    } else {
        json_null(json);
    }
    json_member_string(json, "error", tls->error);
    json_member_uint_or_null(json, "chain", tls->chain_len);
    json_member_bool(json, "ocsp_stapled", tls->staple);
    json_member_bool(json, "certificate_requested", tls->client_certificate_requested);
    json_member_bool(json, "certificate_given", tls->client_certificate_given);
}

// ── the rest ────────────────────────────────────────────────────────────────────────────────────

void json_auth_members(struct json_writer *json, const struct event_auth *auth) {
    json_member_text(json, "mechanism", auth->mechanism);
    json_member_text(json, "identity", auth->identity);
    json_member_string(json, "outcome", auth_outcome_name(auth->outcome));
    json_member_uint_or_null(json, "code", (uint64_t)auth->code);
}

void json_finding_members(struct json_writer *json, const struct event_finding *finding) {
    json_member_string(json, "rule", finding->rule);
    json_member_string(json, "severity", severity_name(finding->severity));
    json_member_string(json, "side", party_name(finding->side));
    json_key(json, "exchange");
    if (finding->exchange == EVENT_NO_EXCHANGE) {
        json_null(json);
    } else {
        json_int(json, finding->exchange);
    }
    json_member_uint_or_null(json, "message", (uint64_t)finding->message);
    json_member_text(json, "text", finding->text);
    json_member_string(json, "reference", finding->reference);
}
