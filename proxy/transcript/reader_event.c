// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "transcript/reader_parts.h"

#include <string.h>

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

static struct event_line line_of(struct slice text, uint64_t whole_len) {
    struct event_line line = {.text = text, .len = text.len, .ending = ENDING_CRLF};
    if (whole_len > text.len) {
        line.len = (size_t)whole_len;
    }
    return line;
}

static void read_command(struct event_command *out, const struct decoder *decoder,
                         const cJSON *object) {
    struct slice verb = decode_text(decoder, object, "verb", NULL);
    out->by_proxy = json_get_string(object, "by") != NULL;
    out->exchange = (int)(json_get_uint(object, "exchange") & 0x7FFFFFFF);
    out->line = line_of(decode_text(decoder, object, "line", "line_base64"),
                        json_get_uint(object, "line_bytes"));
    out->pipelined = json_get_bool(object, "pipelined");
    out->continuation = json_get_bool(object, "continuation");
    out->concealed = slice_is_null(verb) && !out->continuation;
    if (!slice_is_null(verb)) {
        out->command.verb = verb_find(verb);
        out->command.name = verb;
        out->command.argument = decode_text(decoder, object, "argument", NULL);
    }
}

// Puts what stands before the text of a reply line in front of it.
static struct slice whole_line(const struct decoder *decoder, struct slice prefix,
                               struct slice text) {
    uint8_t *copy = arena_new(decoder->arena, prefix.len + text.len + 1, 1);
    memcpy(copy, prefix.data, prefix.len);
    if (text.len > 0) {
        memcpy(copy + prefix.len, text.data, text.len);
    }
    return slice_of(copy, prefix.len + text.len);
}

static struct slice usual_prefix(const struct decoder *decoder, int code, bool last) {
    char *prefix = arena_new(decoder->arena, 1, 16);
    struct buf buf;
    buf_init(&buf, 16);
    buf_putf(&buf, "%03d%c", code, last ? ' ' : '-');
    memcpy(prefix, buf_slice(&buf).data, buf_len(&buf));
    size_t len = buf_len(&buf);
    buf_cleanup(&buf);
    return slice_of(prefix, len);
}

static bool is_length(const cJSON *number) {
    return cJSON_IsNumber(number) && number->valuedouble > 0 && number->valuedouble < 0x1p53;
}

static void read_reply_line(struct event_reply_line *out, const struct decoder *decoder,
                            const cJSON *object, size_t i, struct slice prefix) {
    int place = (int)i;
    struct slice given = decode_string(
        decoder, cJSON_GetArrayItem(cJSON_GetObjectItemCaseSensitive(object, "prefixes"), place));
    const cJSON *exact = cJSON_GetArrayItem(json_get(object, "lines_base64"), place);
    const cJSON *bytes = cJSON_GetArrayItem(json_get(object, "lines_bytes"), place);
    if (!decode_exact(&out->text, decoder, exact)) {
        out->text = decode_string(decoder, cJSON_GetArrayItem(json_get(object, "lines"), place));
    }
    bool odd = !slice_is_null(given);
    out->line = line_of(whole_line(decoder, odd ? given : prefix, out->text),
                        is_length(bytes) ? (uint64_t)bytes->valuedouble : 0);
    out->malformed = odd && given.len < 3;
    out->code_differs = odd && given.len == 4;
}

static void read_reply(struct event_reply *out, const struct decoder *decoder,
                       const cJSON *object) {
    const cJSON *to = json_get(object, "to");
    const cJSON *lines = json_get(object, "lines");
    int count = cJSON_GetArraySize(lines);
    count = count < 0 ? 0 : count;
    count = count > (int)LIMIT_REPLY_LINES ? (int)LIMIT_REPLY_LINES : count;
    struct event_reply_line *read = arena_new(decoder->arena, (size_t)count + 1, sizeof(*read));
    out->by_proxy = json_get_string(object, "by") != NULL;
    out->to = to == NULL ? EVENT_NO_EXCHANGE : (int)(json_get_uint(object, "to") & 0x7FFFFFFF);
    out->code = (int)(json_get_uint(object, "code") % 1000);
    out->enhanced = decode_text(decoder, object, "enhanced", NULL);
    out->final = json_get_bool(object, "final");
    out->recipient = decode_text(decoder, object, "recipient", NULL);
    out->latency_ns = -1; // its command's time tells
    out->lines = read;
    out->line_count = (size_t)count;
    for (size_t i = 0; i < out->line_count; i++) {
        struct slice prefix = usual_prefix(decoder, out->code, i + 1 == out->line_count);
        read_reply_line(&read[i], decoder, object, i, prefix);
    }
}

// ── TLS ─────────────────────────────────────────────────────────────────────────────────────────

static int64_t read_date(const cJSON *object, const char *key) {
    int64_t unix_ns = 0;
    clock_parse_rfc3339(&unix_ns, slice_of_string(json_get_string(object, key)));
    return unix_ns;
}

static const struct event_certificate *read_certificate(const struct decoder *decoder,
                                                        const cJSON *object) {
    if (!cJSON_IsObject(object)) {
        return NULL;
    }
    struct event_certificate *out = arena_new(decoder->arena, 1, sizeof(*out));
    const cJSON *names = json_get(object, "names");
    size_t count = (size_t)cJSON_GetArraySize(names);
    const char **list = arena_new(decoder->arena, count + 1, sizeof(*list));
    const cJSON *name = NULL;
    cJSON_ArrayForEach(name, names) {
        if (cJSON_IsString(name)) {
            list[out->name_count++] = name->valuestring;
        }
    }
    out->names = list;
    out->subject = json_get_string(object, "subject");
    out->issuer = json_get_string(object, "issuer");
    out->key = json_get_string(object, "key");
    out->not_before_unix_ns = read_date(object, "not_before");
    out->not_after_unix_ns = read_date(object, "not_after");
    struct slice sha256 = slice_of_string(json_get_string(object, "sha256"));
    sha256 = slice_sub(sha256, 0, HEX_SHA256_LEN);
    if (sha256.len > 0) {
        memcpy(out->sha256, sha256.data, sha256.len);
    }
    return out;
}

static void read_tls(struct event_tls *out, const struct decoder *decoder, const cJSON *object) {
    const cJSON *verify = json_get(object, "verify");
    struct slice side = slice_of_string(json_get_string(object, "side"));
    out->side = slice_is(side, "server") ? SIDE_SERVER : SIDE_CLIENT;
    out->starttls = slice_is(slice_of_string(json_get_string(object, "how")), "starttls");
    out->version = json_get_string(object, "version");
    out->cipher = json_get_string(object, "cipher");
    out->group = json_get_string(object, "group");
    out->sni = json_get_string(object, "sni");
    out->alpn = json_get_string(object, "alpn");
    out->resumed = json_get_bool(object, "resumed");
    out->ja3 = json_get_string(object, "ja3");
    out->ja4 = json_get_string(object, "ja4");
    out->certificate = read_certificate(decoder, json_get(object, "certificate"));
    out->has_verify = cJSON_IsObject(verify);
    out->verify_ok = json_get_bool(verify, "ok");
    out->verify_error = json_get_string(verify, "error");
    int64_t handshake_us = json_us(json_get(object, "handshake_ms"));
    out->handshake_ns = handshake_us > 0 ? handshake_us * NS_PER_US : 0;
    out->error = json_get_string(object, "error");
    out->chain_len = (size_t)json_get_uint(object, "chain");
    out->staple = json_get_bool(object, "ocsp_stapled");
    out->client_certificate_requested = json_get_bool(object, "certificate_requested");
    out->client_certificate_given = json_get_bool(object, "certificate_given");
    out->alert = -1;
}

// ── the rest ────────────────────────────────────────────────────────────────────────────────────

static void read_auth(struct event_auth *out, const struct decoder *decoder, const cJSON *object) {
    struct slice outcome = slice_of_string(json_get_string(object, "outcome"));
    out->outcome = AUTH_UNFINISHED;
    for (enum auth_outcome each = AUTH_SUCCEEDED; each <= AUTH_UNFINISHED; each++) {
        if (slice_is(outcome, auth_outcome_name(each))) {
            out->outcome = each;
        }
    }
    out->mechanism = decode_text(decoder, object, "mechanism", NULL);
    out->identity = decode_text(decoder, object, "identity", NULL);
    out->code = (int)(json_get_uint(object, "code") % 1000);
}

static enum party read_party(const cJSON *object, const char *key) {
    struct slice name = slice_of_string(json_get_string(object, key));
    for (enum party each = PARTY_CLIENT; each <= PARTY_PROXY; each++) {
        if (slice_is(name, party_name(each))) {
            return each;
        }
    }
    return PARTY_NONE;
}

static void read_finding(struct event_finding *out, const struct decoder *decoder,
                         const cJSON *object) {
    struct slice severity = slice_of_string(json_get_string(object, "severity"));
    const cJSON *exchange = json_get(object, "exchange");
    out->rule = json_get_string(object, "rule");
    out->rule = out->rule == NULL ? "unknown" : out->rule;
    out->severity = slice_is(severity, "error")     ? SEVERITY_ERROR
                    : slice_is(severity, "warning") ? SEVERITY_WARNING
                                                    : SEVERITY_INFO;
    out->side = read_party(object, "side");
    out->exchange = exchange == NULL ? EVENT_NO_EXCHANGE
                                     : (int)(json_get_uint(object, "exchange") & 0x7FFFFFFF);
    out->message = (int)(json_get_uint(object, "message") & 0x7FFFFFFF);
    out->text = decode_text(decoder, object, "text", NULL);
    out->reference = json_get_string(object, "reference");
}

static void read_content_end(struct event_content_end *out, const cJSON *object) {
    struct slice sha256 = slice_of_string(json_get_string(object, "sha256"));
    out->message = (int)(json_get_uint(object, "n") & 0x7FFFFFFF);
    out->bytes = json_get_uint(object, "bytes");
    out->lines = json_get_uint(object, "lines");
    out->complete = json_get_bool(object, "complete");
    sha256 = slice_sub(sha256, 0, HEX_SHA256_LEN);
    if (sha256.len > 0) {
        memcpy(out->sha256, sha256.data, sha256.len);
    }
}

static void read_message(struct event_message *out, const struct decoder *decoder,
                         const cJSON *object) {
    out->message = (int)(json_get_uint(object, "n") & 0x7FFFFFFF);
    out->exchange = EVENT_NO_EXCHANGE;
    out->from = decode_text(decoder, object, "from", "from_base64");
    out->bdat = slice_is(slice_of_string(json_get_string(object, "via")), "BDAT");
    out->code = (int)(json_get_uint(object, "code") % 1000);
    out->accepted = json_get_bool(object, "accepted");
    read_content_end(&out->content, object);
}

static void read_close(struct event_close *out, const struct decoder *decoder,
                       const cJSON *object) {
    struct slice outcome = slice_of_string(json_get_string(object, "outcome"));
    const cJSON *bytes = json_get(object, "bytes");
    out->by = read_party(object, "by");
    out->outcome = OUTCOME_CLIENT_CLOSED;
    for (enum outcome each = OUTCOME_COMPLETED; each <= OUTCOME_PROXY_STOPPED; each++) {
        if (slice_is(outcome, outcome_name(each))) {
            out->outcome = each;
        }
    }
    out->error = decode_text(decoder, object, "error", NULL);
    out->likely = decode_text(decoder, object, "likely", NULL);
    int64_t duration_us = json_us(json_get(object, "duration_ms"));
    out->duration_ns = duration_us < 0 ? 0 : duration_us * NS_PER_US;
    bool known = cJSON_IsNumber(json_get(bytes, "from_client"));
    out->bytes_from_client = known ? json_get_uint(bytes, "from_client") : UINT64_MAX;
    known = cJSON_IsNumber(json_get(bytes, "from_server"));
    out->bytes_from_server = known ? json_get_uint(bytes, "from_server") : UINT64_MAX;
    out->truncated = json_get_bool(object, "truncated");
}

static void read_pause(struct event_paused *out, const cJSON *object) {
    out->from_unix_ns = read_date(object, "from");
    out->to_unix_ns = read_date(object, "to");
}

bool reader_event_kind(enum event_kind *out, const char *name) {
    struct slice wanted = slice_of_string(name);
    for (enum event_kind kind = EVENT_CONNECT; kind < EVENT_KIND_COUNT; kind++) {
        const char *each = event_kind_name(kind);
        if (each != NULL && slice_is(wanted, each)) {
            *out = kind;
            return true;
        }
    }
    return false;
}

void reader_event_read(struct event *out, const struct decoder *decoder, enum event_kind kind,
                       const cJSON *object) {
    *out = (struct event){.kind = kind};
    switch (kind) {
    case EVENT_CONNECT:
        return; // whether it was connected, the session's outcome tells
    case EVENT_TLS:
        read_tls(&out->tls, decoder, object);
        return;
    case EVENT_COMMAND:
        read_command(&out->command, decoder, object);
        return;
    case EVENT_REPLY:
        read_reply(&out->reply, decoder, object);
        return;
    case EVENT_AUTH:
        read_auth(&out->auth, decoder, object);
        return;
    case EVENT_DATA:
        out->data.message = (int)(json_get_uint(object, "message") & 0x7FFFFFFF);
        out->data.bytes = json_get_uint(object, "bytes");
        return;
    case EVENT_CONTENT_END:
        read_content_end(&out->content_end, object);
        return;
    case EVENT_MESSAGE:
        read_message(&out->message, decoder, object);
        return;
    case EVENT_FINDING:
        read_finding(&out->finding, decoder, object);
        return;
    case EVENT_CLOSE:
        read_close(&out->close, decoder, object);
        return;
    case EVENT_LOST:
        out->lost.count = json_get_uint(object, "count");
        out->lost.reason = decode_text(decoder, object, "reason", NULL);
        return;
    case EVENT_PAUSED:
        read_pause(&out->paused, object);
        return;
    case EVENT_TEXT:
    case EVENT_CONTENT:
    case EVENT_FIELD:
    case EVENT_FLAW:
    case EVENT_BYTES:
    case EVENT_WIRE:
    case EVENT_NOTE:
    case EVENT_KIND_COUNT:
        return; // not told in JSON by themselves
    }
}
