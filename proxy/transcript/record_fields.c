// SPDX-License-Identifier: MIT
#include "transcript/record_fields.h"

// ── names ───────────────────────────────────────────────────────────────────────────────────────

static const char *mode_named(unsigned value) {
    return mode_name((enum mode)value);
}

static const char *side_named(unsigned value) {
    return side_name((enum side)value);
}

static const char *party_named(unsigned value) {
    return party_name((enum party)value);
}

static const char *outcome_named(unsigned value) {
    return outcome_name((enum outcome)value);
}

static const char *auth_outcome_named(unsigned value) {
    return auth_outcome_name((enum auth_outcome)value);
}

static const char *severity_named(unsigned value) {
    return severity_name((enum severity)value);
}

#define MODE  .name_of = mode_named, .last = MODE_LAST, .absent = MODE_REVERSE
#define SIDE  .name_of = side_named, .last = SIDE_SERVER, .absent = SIDE_CLIENT
#define PARTY .name_of = party_named, .last = PARTY_PROXY, .absent = PARTY_NONE
#define OUTCOME                                                                                    \
    .name_of = outcome_named, .last = OUTCOME_PROXY_STOPPED, .absent = OUTCOME_CLIENT_CLOSED
#define AUTH_OUTCOME                                                                               \
    .name_of = auth_outcome_named, .last = AUTH_UNFINISHED, .absent = AUTH_UNFINISHED
// An unknown severity must not let a check pass.
#define SEVERITY .name_of = severity_named, .last = SEVERITY_ERROR, .absent = SEVERITY_ERROR

// ── who takes part ──────────────────────────────────────────────────────────────────────────────

static const struct field client_fields[] = {
    {"address", FIELD_STRING, AT(event_endpoint, address)},
    {"port", FIELD_COUNT, AT(event_endpoint, port), .flags = FIELD_0_IS_NULL},
    {"pid", FIELD_COUNT, AT(event_endpoint, pid), .flags = FIELD_0_IS_NULL},
    {"program", FIELD_STRING, AT(event_endpoint, program)},
};
static const struct field_table client_table = FIELD_TABLE(event_endpoint, client_fields);

static const struct field server_fields[] = {
    {"host", FIELD_STRING, AT(event_endpoint, host)},
    {"address", FIELD_STRING, AT(event_endpoint, address)},
    {"port", FIELD_COUNT, AT(event_endpoint, port), .flags = FIELD_0_IS_NULL},
};
static const struct field_table server_table = FIELD_TABLE(event_endpoint, server_fields);

static const struct field connect_fields[] = {
    {"client", FIELD_OBJECT, AT(event_session, client), .table = &client_table},
    {"server", FIELD_OBJECT, AT(event_session, server), KNOWN_BY(event_session, has_server),
     .table = &server_table},
    {"mode", FIELD_NAME, AT(event_session, mode), MODE},
    {"audit", FIELD_STRING, AT(event_session, audit), .flags = FIELD_OPTIONAL},
};
const struct field_table connect_table = FIELD_TABLE(event_session, connect_fields);

// ── TLS ─────────────────────────────────────────────────────────────────────────────────────────

static const struct field string_item = {.kind = FIELD_STRING, .size = sizeof(char *)};

static const struct field certificate_fields[] = {
    {"subject", FIELD_STRING, AT(event_certificate, subject)},
    {"issuer", FIELD_STRING, AT(event_certificate, issuer)},
    {"names", FIELD_ARRAY, AT(event_certificate, names), COUNTED_BY(event_certificate, name_count),
     .item = &string_item},
    {"not_before", FIELD_DATE, AT(event_certificate, not_before_unix_ns)},
    {"not_after", FIELD_DATE, AT(event_certificate, not_after_unix_ns)},
    {"sha256", FIELD_CHARS, AT(event_certificate, sha256)},
    {"key", FIELD_STRING, AT(event_certificate, key)},
};
static const struct field_table certificate_table =
    FIELD_TABLE(event_certificate, certificate_fields);

static const struct field verify_fields[] = {
    {"ok", FIELD_BOOL, AT(event_tls, verify_ok)},
    {"error", FIELD_STRING, AT(event_tls, verify_error)},
};
static const struct field_table verify_table = FIELD_TABLE(event_tls, verify_fields);

static const struct field tls_fields[] = {
    {"side", FIELD_NAME, AT(event_tls, side), SIDE, .flags = FIELD_JSONL},
    {"how", FIELD_WHICH, AT(event_tls, starttls), .words = {"implicit", "starttls"}},
    {"version", FIELD_STRING, AT(event_tls, version)},
    {"cipher", FIELD_STRING, AT(event_tls, cipher)},
    {"group", FIELD_STRING, AT(event_tls, group)},
    {"sni", FIELD_STRING, AT(event_tls, sni)},
    {"alpn", FIELD_STRING, AT(event_tls, alpn)},
    {"resumed", FIELD_BOOL, AT(event_tls, resumed)},
    {"ja3", FIELD_STRING, AT(event_tls, ja3)},
    {"ja4", FIELD_STRING, AT(event_tls, ja4)},
    {"certificate", FIELD_POINTER, POINTER_AT(event_tls, certificate), .table = &certificate_table},
    // Its two members are those of the handshake itself.
    {"verify", FIELD_OBJECT, KNOWN_BY(event_tls, has_verify), .table = &verify_table},
    {"handshake_ms", FIELD_MS, AT(event_tls, handshake_ns), .flags = FIELD_0_IS_NULL},
    {"error", FIELD_STRING, AT(event_tls, error)},
    {"chain", FIELD_COUNT, AT(event_tls, chain_len), .flags = FIELD_0_IS_NULL},
    {"ocsp_stapled", FIELD_BOOL, AT(event_tls, staple)},
    {"certificate_requested", FIELD_BOOL, AT(event_tls, client_certificate_requested)},
    {"certificate_given", FIELD_BOOL, AT(event_tls, client_certificate_given)},
};
const struct field_table tls_table = FIELD_TABLE(event_tls, tls_fields);

static const struct field both_tls_fields[] = {
    {"client", FIELD_POINTER, POINTER_AT(record, tls[SIDE_CLIENT]), .table = &tls_table},
    {"server", FIELD_POINTER, POINTER_AT(record, tls[SIDE_SERVER]), .table = &tls_table},
};
static const struct field_table both_tls_table = FIELD_TABLE(record, both_tls_fields);

// ── exchanges ───────────────────────────────────────────────────────────────────────────────────

static const struct field command_fields[] = {
    {"by", FIELD_WHICH, AT(record_command, by_proxy), .words = {NULL, "proxy"},
     .flags = FIELD_OPTIONAL},
    {"exchange", FIELD_COUNT, AT(record_command, exchange), .flags = FIELD_JSONL},
    {"verb", FIELD_TEXT, AT(record_command, verb)},
    {"argument", FIELD_TEXT, AT(record_command, argument)},
    {"line", FIELD_LINE, AT(record_command, line)},
    {"pipelined", FIELD_BOOL, AT(record_command, pipelined)},
    {"continuation", FIELD_BOOL, AT(record_command, continuation), .flags = FIELD_JSONL},
    {"at_ms", FIELD_MS, AT(record_command, at_ns), .flags = FIELD_JSON},
};
const struct field_table command_table = FIELD_TABLE(record_command, command_fields);

static const struct field reply_fields[] = {
    {"by", FIELD_WHICH, AT(record_reply, by_proxy), .words = {NULL, "proxy"},
     .flags = FIELD_OPTIONAL},
    {"code", FIELD_COUNT, AT(record_reply, code), .flags = FIELD_0_IS_NULL},
    {"enhanced", FIELD_TEXT, AT(record_reply, enhanced)},
    {"lines", FIELD_LINES, POINTER_AT(record_reply, lines), COUNTED_BY(record_reply, line_count)},
    {"lines_cut", FIELD_BOOL, AT(record_reply, lines_cut), .flags = FIELD_OPTIONAL},
    {"to", FIELD_COUNT, AT(record_reply, to), .flags = FIELD_MINUS_IS_NULL | FIELD_JSONL},
    {"final", FIELD_BOOL, AT(record_reply, final), .flags = FIELD_JSONL},
    {"recipient", FIELD_TEXT, AT(record_reply, recipient), .flags = FIELD_JSONL},
    {"recipient", FIELD_TEXT, AT(record_reply, recipient), .flags = FIELD_JSON | FIELD_OPTIONAL},
    {"at_ms", FIELD_MS, AT(record_reply, at_ns), .flags = FIELD_JSON},
};
const struct field_table reply_table = FIELD_TABLE(record_reply, reply_fields);

static const struct field exchange_fields[] = {
    {"n", FIELD_COUNT, AT(record_exchange, n), .flags = FIELD_MINUS_IS_NULL},
    {"command", FIELD_POINTER, POINTER_AT(record_exchange, command), .table = &command_table},
    {"continuation", FIELD_BOOL, AT(record_exchange, continuation), .flags = FIELD_OPTIONAL},
    {"reply", FIELD_POINTER, POINTER_AT(record_exchange, reply), .table = &reply_table},
    {"final_reply", FIELD_POINTER, POINTER_AT(record_exchange, final_reply), .table = &reply_table,
     .flags = FIELD_OPTIONAL},
    {"final_replies", FIELD_ARRAY, POINTER_AT(record_exchange, final_replies),
     COUNTED_BY(record_exchange, final_reply_count), .table = &reply_table,
     .flags = FIELD_OPTIONAL},
    {"latency_ms", FIELD_MS, AT(record_exchange, latency_ns), .flags = FIELD_MINUS_IS_NULL},
    {"tls", FIELD_BOOL, AT(record_exchange, tls)},
};
const struct field_table exchange_table = FIELD_TABLE(record_exchange, exchange_fields);

static const struct field auth_fields[] = {
    {"mechanism", FIELD_TEXT, AT(event_auth, mechanism)},
    {"identity", FIELD_TEXT, AT(event_auth, identity)},
    {"outcome", FIELD_NAME, AT(event_auth, outcome), AUTH_OUTCOME},
    {"code", FIELD_COUNT, AT(event_auth, code), .flags = FIELD_0_IS_NULL},
};
const struct field_table auth_table = FIELD_TABLE(event_auth, auth_fields);

// ── messages ────────────────────────────────────────────────────────────────────────────────────

static const struct field recipient_fields[] = {
    {"to", FIELD_TEXT, AT(event_recipient, to), .flags = FIELD_EXACT},
    {"parameters", FIELD_PARAMETERS, POINTER_AT(event_recipient, parameters),
     COUNTED_BY(event_recipient, parameter_count)},
    {"code", FIELD_COUNT, AT(event_recipient, code), .flags = FIELD_0_IS_NULL},
    {"accepted", FIELD_BOOL, AT(event_recipient, accepted)},
};
static const struct field_table recipient_table = FIELD_TABLE(event_recipient, recipient_fields);

static const struct field header_fields[] = {
    {"name", FIELD_TEXT, AT(record_field, name), .flags = FIELD_EXACT},
    {"value", FIELD_TEXT, AT(record_field, value), .flags = FIELD_EXACT},
    {"raw", FIELD_TEXT, AT(record_field, raw), .flags = FIELD_EXACT | FIELD_OPTIONAL},
};
static const struct field_table header_table = FIELD_TABLE(record_field, header_fields);

static const struct field number_item = {.kind = FIELD_COUNT, .size = sizeof(uint64_t)};
static const struct field cut_line_item = {.kind = FIELD_ROW,
                                           .size = sizeof(struct record_cut_line)};

static const struct field message_fields[] = {
    {"n", FIELD_COUNT, AT(record_message, event.message)},
    {"from", FIELD_TEXT, AT(record_message, event.from), .flags = FIELD_EXACT},
    {"from_parameters", FIELD_PARAMETERS, POINTER_AT(record_message, event.from_parameters),
     COUNTED_BY(record_message, event.from_parameter_count)},
    {"recipients", FIELD_ARRAY, POINTER_AT(record_message, event.recipients),
     COUNTED_BY(record_message, event.recipient_count), .table = &recipient_table},
    {"recipients_cut", FIELD_BOOL, AT(record_message, event.recipients_cut),
     .flags = FIELD_OPTIONAL},
    {"via", FIELD_WHICH, AT(record_message, event.bdat), .words = {"DATA", "BDAT"}},
    {"bytes", FIELD_COUNT, AT(record_message, event.content.bytes)},
    {"lines", FIELD_COUNT, AT(record_message, event.content.lines)},
    {"sha256", FIELD_CHARS, AT(record_message, event.content.sha256)},
    {"complete", FIELD_BOOL, AT(record_message, event.content.complete)},
    {"header", FIELD_ARRAY, POINTER_AT(record_message, fields),
     COUNTED_BY(record_message, field_count), KNOWN_BY(record_message, has_header),
     .table = &header_table},
    {"body", FIELD_TEXT, AT(record_message, body), .flags = FIELD_EXACT},
    {"cut", FIELD_BOOL, AT(record_message, cut), .flags = FIELD_OPTIONAL},
    {"code", FIELD_COUNT, AT(record_message, event.code), .flags = FIELD_0_IS_NULL},
    {"accepted", FIELD_BOOL, AT(record_message, event.accepted)},
    {"header_text", FIELD_TEXT, AT(record_message, header_text),
     .flags = FIELD_EXACT | FIELD_OPTIONAL},
    {"odd_dots", FIELD_ARRAY, AT(record_message, odd_dots),
     COUNTED_BY(record_message, odd_dot_count), .item = &number_item, .flags = FIELD_OPTIONAL},
    {"cut_lines", FIELD_ARRAY, POINTER_AT(record_message, cut_lines),
     COUNTED_BY(record_message, cut_line_count), .item = &cut_line_item, .flags = FIELD_OPTIONAL},
};
const struct field_table message_table = FIELD_TABLE(record_message, message_fields);

// ── events alone ────────────────────────────────────────────────────────────────────────────────

static const struct field finding_fields[] = {
    {"rule", FIELD_STRING, AT(event_finding, rule), .flags = FIELD_REQUIRED},
    {"severity", FIELD_NAME, AT(event_finding, severity), SEVERITY},
    {"side", FIELD_NAME, AT(event_finding, side), PARTY},
    {"exchange", FIELD_COUNT, AT(event_finding, exchange), .flags = FIELD_MINUS_IS_NULL},
    {"message", FIELD_COUNT, AT(event_finding, message), .flags = FIELD_0_IS_NULL},
    {"text", FIELD_TEXT, AT(event_finding, text)},
    {"reference", FIELD_STRING, AT(event_finding, reference)},
};
const struct field_table finding_table = FIELD_TABLE(event_finding, finding_fields);

static const struct field fault_fields[] = {
    {"point", FIELD_TEXT, AT(event_fault, point)},
    {"action", FIELD_TEXT, AT(event_fault, action)},
    {"exchange", FIELD_COUNT, AT(event_fault, exchange), .flags = FIELD_MINUS_IS_NULL},
    {"rule", FIELD_TEXT, AT(event_fault, rule)},
};
const struct field_table fault_table = FIELD_TABLE(event_fault, fault_fields);

static const struct field data_fields[] = {
    {"message", FIELD_COUNT, AT(event_data, message)},
    {"bytes", FIELD_COUNT, AT(event_data, bytes)},
};
const struct field_table data_table = FIELD_TABLE(event_data, data_fields);

static const struct field close_fields[] = {
    {"by", FIELD_NAME, AT(event_close, by), PARTY},
    {"outcome", FIELD_NAME, AT(event_close, outcome), OUTCOME},
    {"error", FIELD_TEXT, AT(event_close, error)},
    {"duration_ms", FIELD_MS, AT(event_close, duration_ns)},
    // No event of its own says it.
    {"likely", FIELD_TEXT, AT(event_close, likely), .flags = FIELD_OPTIONAL},
};
const struct field_table close_table = FIELD_TABLE(event_close, close_fields);

static const struct field lost_fields[] = {
    {"count", FIELD_COUNT, AT(event_lost, count)},
    {"reason", FIELD_TEXT, AT(event_lost, reason)},
};
const struct field_table lost_table = FIELD_TABLE(event_lost, lost_fields);

static const struct field paused_fields[] = {
    {"from", FIELD_TIME, AT(event_paused, from_unix_ns)},
    {"to", FIELD_TIME, AT(event_paused, to_unix_ns)},
};
const struct field_table paused_table = FIELD_TABLE(event_paused, paused_fields);

// ── the session ─────────────────────────────────────────────────────────────────────────────────

static const struct field bytes_fields[] = {
    {"from_client", FIELD_COUNT, AT(record, close.bytes_from_client), .flags = FIELD_MINUS_IS_NULL},
    {"from_server", FIELD_COUNT, AT(record, close.bytes_from_server), .flags = FIELD_MINUS_IS_NULL},
};
static const struct field_table bytes_table = FIELD_TABLE(record, bytes_fields);

static const struct field record_fields[] = {
    {"id", FIELD_COUNT, AT(record, session.id)},
    {"audit", FIELD_STRING, AT(record, session.audit), .flags = FIELD_OPTIONAL},
    {"mode", FIELD_NAME, AT(record, session.mode), MODE},
    {"started", FIELD_TIME, AT(record, session.started_unix_ns)},
    {"ended", FIELD_TIME, AT(record, ended_unix_ns), KNOWN_BY(record, closed)},
    {"duration_ms", FIELD_MS, AT(record, close.duration_ns), KNOWN_BY(record, closed)},
    {"client", FIELD_OBJECT, AT(record, session.client), .table = &client_table},
    {"server", FIELD_OBJECT, AT(record, session.server), KNOWN_BY(record, session.has_server),
     .table = &server_table},
    {"tls", FIELD_OBJECT, .table = &both_tls_table},
    {"exchanges", FIELD_ARRAY, POINTER_AT(record, exchanges), COUNTED_BY(record, exchange_count),
     .table = &exchange_table},
    {"auth", FIELD_ARRAY, POINTER_AT(record, auths), COUNTED_BY(record, auth_count),
     .table = &auth_table},
    {"messages", FIELD_ARRAY, POINTER_AT(record, messages), COUNTED_BY(record, message_count),
     .table = &message_table},
    {"findings", FIELD_ARRAY, POINTER_AT(record, findings), COUNTED_BY(record, finding_count),
     .table = &finding_table},
    {"faults", FIELD_ARRAY, POINTER_AT(record, faults), COUNTED_BY(record, fault_count),
     .table = &fault_table, .flags = FIELD_OPTIONAL},
    {"bytes", FIELD_OBJECT, .table = &bytes_table},
    {"truncated", FIELD_BOOL, AT(record, truncated)},
    {"outcome", FIELD_NAME, AT(record, close.outcome), KNOWN_BY(record, closed), OUTCOME},
    {"error", FIELD_TEXT, AT(record, close.error)},
    {"likely", FIELD_TEXT, AT(record, close.likely)},
    {"timeline", FIELD_TIMELINE, .offset = 0}, // of the whole
};
const struct field_table record_table = FIELD_TABLE(record, record_fields);

bool record_put_json(struct buf *out, const struct record *record) {
    struct json_writer json = json_writer_on(out, false);
    if (!record->begun) {
        return false;
    }
    json_open(&json, '{');
    fields_write(&json, &record_table, record, FIELD_JSON);
    json_close(&json, '}');
    return true;
}

struct record *record_read(const struct cJSON *object) {
    struct record *record = record_new(NULL);
    fields_read(&record->arena, &record_table, record, object, FIELD_JSON);
    record->begun = true;
    return record;
}

const struct field_table *record_event_table(enum event_kind kind) {
    static const struct field_table *const tables[EVENT_KIND_COUNT] = {
        [EVENT_TLS] = &tls_table,     [EVENT_AUTH] = &auth_table,
        [EVENT_DATA] = &data_table,   [EVENT_FINDING] = &finding_table,
        [EVENT_LOST] = &lost_table,   [EVENT_PAUSED] = &paused_table,
        [EVENT_FAULT] = &fault_table,
    };
    return tables[kind];
}
