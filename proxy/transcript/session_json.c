// SPDX-License-Identifier: MIT
// session_json: writes a session's document, member by member in the contract's order.
#include "base/clock.h"
#include "transcript/json_parts.h"
#include "transcript/session.h"
#include "transcript/session_parts.h"

static struct slice stored(const struct session_document *document, struct span span) {
    return slice_sub(buf_slice(&document->store), span.offset, span.len);
}

static void member_stored(struct json_writer *json, const char *key,
                          const struct session_document *document, struct span span) {
    json_member_raw(json, key, span.len == 0 ? SLICE("null") : stored(document, span));
}

static void time_members(struct json_writer *json, const struct session_document *document) {
    const struct event_session *session = &document->session;
    json_member_time(json, "started", session->started_unix_ns);
    if (document->closed) {
        int64_t duration_ns = document->close.duration_ns;
        json_member_time(json, "ended", session->started_unix_ns + duration_ns);
        json_member_ms(json, "duration_ms", json_at_us(session, duration_ns));
    } else {
        json_member_raw(json, "ended", SLICE("null"));
        json_member_raw(json, "duration_ms", SLICE("null"));
    }
}

// ── exchanges ───────────────────────────────────────────────────────────────────────────────────

static void member_finals(struct json_writer *json, const struct session_document *document,
                          size_t first) {
    json_key(json, "final_replies");
    json_open(json, '[');
    for (size_t i = first; i != NO_PLACE; i = document->finals[i].next) {
        json_raw(json, stored(document, document->finals[i].reply));
    }
    json_close(json, ']');
}

static void put_exchange(struct json_writer *json, const struct session_document *document,
                         size_t place) {
    const struct session_exchange *exchange = &document->exchanges[place];
    json_open(json, '{');
    json_key(json, "n");
    if (exchange->n == NO_EXCHANGE_N) {
        json_null(json);
    } else {
        json_int(json, exchange->n);
    }
    member_stored(json, "command", document, exchange->command);
    if (exchange->continuation) {
        json_member_bool(json, "continuation", true);
    }
    member_stored(json, "reply", document, exchange->reply);
    if (exchange->final_reply.len > 0) {
        member_stored(json, "final_reply", document, exchange->final_reply);
    }
    if (exchange->first_final != NO_PLACE) {
        member_finals(json, document, exchange->first_final);
    }
    json_key(json, "latency_ms");
    if (exchange->latency_us < 0) {
        json_null(json);
    } else {
        json_ms(json, exchange->latency_us);
    }
    json_member_bool(json, "tls", exchange->tls);
    json_close(json, '}');
}

// Where the exchange that came at `place` stands in the document: the greeting stands first, also
// where the client did not wait for it.
static size_t moved_place(const struct session_document *document, size_t place) {
    size_t greeting = document->greeting;
    if (greeting == NO_PLACE || place > greeting) {
        return place;
    }
    return place == greeting ? 0 : place + 1;
}

static void member_exchanges(struct json_writer *json, const struct session_document *document) {
    json_key(json, "exchanges");
    json_open(json, '[');
    if (document->greeting != NO_PLACE) {
        put_exchange(json, document, document->greeting);
    }
    for (size_t i = 0; i < document->exchange_count; i++) {
        if (i != document->greeting) {
            put_exchange(json, document, i);
        }
    }
    json_close(json, ']');
}

// ── the rest ────────────────────────────────────────────────────────────────────────────────────

static void member_array(struct json_writer *json, const char *key, const struct buf *members) {
    json_key(json, key);
    json_open(json, '[');
    if (buf_len(members) > 0) {
        json_raw(json, buf_slice(members));
    }
    json_close(json, ']');
}

static void bytes_member(struct json_writer *json, const char *key, bool known, uint64_t bytes) {
    json_key(json, key);
    if (known && bytes != SESSION_BYTES_UNKNOWN) {
        json_uint(json, bytes);
    } else {
        json_null(json);
    }
}

static void end_members(struct json_writer *json, const struct session_document *document) {
    const struct event_close *close = &document->close;
    json_key(json, "bytes");
    json_open(json, '{');
    bytes_member(json, "from_client", document->closed, close->bytes_from_client);
    bytes_member(json, "from_server", document->closed, close->bytes_from_server);
    json_close(json, '}');
    json_member_bool(json, "truncated", document->truncated);
    json_member_string(json, "outcome", document->closed ? outcome_name(close->outcome) : NULL);
    json_member_text(json, "error", close->error);
    json_member_text(json, "likely", close->likely);
}

static void put_which(struct json_writer *json, const struct session_document *document,
                      const struct session_moment *moment) {
    switch (moment->kind) {
    case EVENT_COMMAND:
    case EVENT_REPLY:
        json_uint(json, moved_place(document, moment->which));
        return;
    case EVENT_TLS:
        json_string(json, side_name((enum side)moment->which));
        return;
    case EVENT_CLOSE:
        json_string(json, party_name((enum party)moment->which));
        return;
    case EVENT_NOTE:
        json_raw(json, stored(document, moment->object));
        return;
    case EVENT_AUTH:
    case EVENT_MESSAGE:
    case EVENT_FINDING:
    case EVENT_TEXT:
        json_uint(json, moment->which);
        return;
    case EVENT_CONNECT:
    case EVENT_CONTENT:
    case EVENT_FIELD:
    case EVENT_FLAW:
    case EVENT_DATA:
    case EVENT_CONTENT_END:
    case EVENT_BYTES:
    case EVENT_WIRE:
    case EVENT_LOST:
    case EVENT_PAUSED:
    case EVENT_KIND_COUNT:
        json_null(json);
        return;
    }
}

static const char *moment_name(const struct session_moment *moment) {
    if (moment->kind == EVENT_NOTE) {
        return "note";
    }
    if (moment->kind == EVENT_TEXT) {
        return "text";
    }
    return moment->final ? "final" : event_kind_name(moment->kind);
}

static void member_timeline(struct json_writer *json, const struct session_document *document) {
    json_key(json, "timeline");
    json_open(json, '[');
    for (size_t i = 0; i < document->moment_count; i++) {
        const struct session_moment *moment = &document->moments[i];
        json_open(json, '[');
        json_string(json, moment_name(moment));
        put_which(json, document, moment);
        if (moment->at_us >= 0) {
            json_ms(json, moment->at_us);
        }
        if (moment->kind == EVENT_TLS && moment->object.len > 0) {
            json_raw(json, stored(document, moment->object));
        }
        if (moment->kind == EVENT_TEXT) {
            json_uint(json, moment->lines);
        }
        json_close(json, ']');
    }
    json_close(json, ']');
}

bool session_document_put(struct buf *out, const struct session_document *document) {
    const struct event_session *session = &document->session;
    if (!document->begun) {
        return false;
    }
    struct json_writer json = json_writer_on(out, false);
    json_open(&json, '{');
    json_member_uint(&json, "id", session->id);
    json_member_string(&json, "mode", mode_name(session->mode));
    time_members(&json, document);
    json_key(&json, "client");
    json_client(&json, session);
    json_key(&json, "server");
    json_server(&json, session);
    json_key(&json, "tls");
    json_open(&json, '{');
    member_stored(&json, "client", document, document->tls[SIDE_CLIENT]);
    member_stored(&json, "server", document, document->tls[SIDE_SERVER]);
    json_close(&json, '}');
    member_exchanges(&json, document);
    member_array(&json, "auth", &document->auths);
    member_array(&json, "messages", &document->messages);
    member_array(&json, "findings", &document->findings);
    end_members(&json, document);
    member_timeline(&json, document);
    json_close(&json, '}');
    return true;
}
