// SPDX-License-Identifier: MIT
#include "web/summary.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"
#include "smtp/command_parse.h"

static void write_time(struct json_writer *json, const char *key, int64_t unix_ns) {
    json_key(json, key);
    json_open(json, '"');
    clock_put_rfc3339(json->out, unix_ns, CLOCK_MICROSECONDS);
    json_close(json, '"');
}

static void write_number(struct json_writer *json, const char *key, uint64_t number) {
    json_key(json, key);
    if (number == 0) {
        json_null(json);
    } else {
        json_uint(json, number);
    }
}

static void write_client(struct json_writer *json, const struct event_endpoint *client) {
    json_key(json, "client");
    json_open(json, '{');
    json_member_string(json, "address", client->address);
    write_number(json, "port", client->port);
    write_number(json, "pid", client->pid);
    json_member_string(json, "program", client->program);
    json_close(json, '}');
}

static void write_server(struct json_writer *json, const struct event_session *session) {
    json_key(json, "server");
    if (!session->has_server) {
        json_null(json);
        return;
    }
    json_open(json, '{');
    json_member_string(json, "host", session->server.host);
    json_member_string(json, "address", session->server.address);
    write_number(json, "port", session->server.port);
    json_close(json, '}');
}

static void write_version(struct json_writer *json, const char *key, const struct event_tls *tls) {
    json_member_string(json, key, tls == NULL ? NULL : tls->version);
}

static struct slice subject_of_message(const struct record_message *message) {
    for (size_t i = 0; i < message->field_count; i++) {
        if (slice_is_nocase(message->fields[i].name, "Subject")) {
            return message->fields[i].value;
        }
    }
    return (struct slice){0};
}

// Of the first message that has one; decoded.
static struct slice subject_of(const struct record *record) {
    struct slice subject = {0};
    for (size_t i = 0; slice_is_null(subject) && i < record->message_count; i++) {
        subject = subject_of_message(&record->messages[i]);
    }
    return subject;
}

// The address of a command of this verb; null for another command.
static struct slice address_in(const struct record_command *command, enum verb verb) {
    struct command parsed = {0};
    if (command != NULL) {
        command_parse(&parsed, command->line.text);
    }
    return parsed.verb == verb ? parsed.path.address : (struct slice){0};
}

static struct slice first_from(const struct record *record) {
    struct slice from = {0};
    if (record->message_count > 0) {
        return record->messages[0].event.from;
    }
    for (size_t i = 0; slice_is_null(from) && i < record->exchange_count; i++) {
        from = address_in(record->exchanges[i].command, VERB_MAIL);
    }
    return from;
}

// Where nothing became a message the commands say who it was for.
static void write_refused_recipients(struct json_writer *json, const struct record *record) {
    for (size_t i = 0; i < record->exchange_count; i++) {
        struct slice to = address_in(record->exchanges[i].command, VERB_RCPT);
        if (!slice_is_null(to)) {
            json_text(json, to);
        }
    }
}

static void write_recipients(struct json_writer *json, const struct record *record) {
    json_key(json, "recipients");
    json_open(json, '[');
    if (record->message_count == 0) {
        write_refused_recipients(json, record);
    }
    for (size_t i = 0; i < record->message_count; i++) {
        const struct event_message *message = &record->messages[i].event;
        for (size_t k = 0; k < message->recipient_count; k++) {
            json_text(json, message->recipients[k].to);
        }
    }
    json_close(json, ']');
}

static void write_findings(struct json_writer *json, const struct record *record) {
    uint64_t counts[SEVERITY_ERROR + 1] = {0};
    for (size_t i = 0; i < record->finding_count; i++) {
        counts[record->findings[i].severity]++;
    }
    json_key(json, "findings");
    json_open(json, '{');
    for (int severity = SEVERITY_ERROR; severity >= SEVERITY_INFO; severity--) {
        json_member_uint(json, severity_name((enum severity)severity), counts[severity]);
    }
    json_close(json, '}');
}

void summary_write(struct json_writer *json, const struct record *record, uint64_t id) {
    const struct event_session *session = &record->session;
    json_open(json, '{');
    json_member_uint(json, "id", id);
    if (session->audit != NULL) {
        json_member_string(json, "audit", session->audit);
    }
    write_time(json, "started", session->started_unix_ns);
    json_key(json, "duration_ms");
    if (record->closed) {
        json_ms(json, record->close.duration_ns / NS_PER_US);
    } else {
        json_null(json);
    }
    json_member_string(json, "mode", mode_name(session->mode));
    write_client(json, &session->client);
    write_server(json, session);
    json_key(json, "tls");
    json_open(json, '{');
    write_version(json, "client", record->tls[SIDE_CLIENT]);
    write_version(json, "server", record->tls[SIDE_SERVER]);
    json_close(json, '}');
    json_member_text(json, "from", first_from(record));
    write_recipients(json, record);
    json_member_text(json, "subject", subject_of(record));
    json_member_uint(json, "messages", record->message_count);
    json_member_string(json, "outcome",
                       record->closed ? outcome_name(record->close.outcome) : NULL);
    write_findings(json, record);
    json_close(json, '}');
}
