// SPDX-License-Identifier: MIT
#include "format/text_format.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "format/format.h"
#include "format/show.h"

#include <stdlib.h>

// ── the frame of a line ─────────────────────────────────────────────────────────────────────────

enum paint {
    PAINT_CLIENT,
    PAINT_SERVER,
    PAINT_PROXY,
    PAINT_HAPPENING,
    PAINT_INFO,
    PAINT_WARNING,
    PAINT_ERROR,
};

// SGR parameters, ECMA-48 8.3.117: what can be read on a light and on a dark background, so no
// yellow and no blue.
static const char *const paints[] = {
    [PAINT_CLIENT] = "36",   [PAINT_SERVER] = "32", [PAINT_PROXY] = "1",
    [PAINT_HAPPENING] = "2", [PAINT_INFO] = "1",    [PAINT_WARNING] = "1;35",
    [PAINT_ERROR] = "1;31",
};

static void begin_line(struct buf *out, const struct text_writer *writer, const struct event *event,
                       enum paint paint) {
    const struct event_session *session = event->session;
    clock_put_rfc3339(out, event_unix_ns(event), CLOCK_MILLISECONDS);
    buf_put_byte(out, ' ');
    buf_put_u64(out, session == NULL ? 0 : session->client.pid);
    buf_put_byte(out, ' ');
    buf_put_u64(out, session == NULL ? 0 : session->id);
    buf_put_byte(out, ' ');
    if (writer->color) {
        buf_putf(out, "\x1b[%sm", paints[paint]);
    }
}

static void end_line(struct buf *out, const struct text_writer *writer) {
    if (writer->color) {
        buf_put_string(out, "\x1b[0m");
    }
    buf_put_byte(out, '\n');
}

static void begin_happening(struct buf *out, const struct text_writer *writer,
                            const struct event *event, bool bad) {
    begin_line(out, writer, event, bad ? PAINT_ERROR : PAINT_HAPPENING);
    buf_put_string(out, "### ");
}

// ── lines of the peers ──────────────────────────────────────────────────────────────────────────

static void put_quoted(struct buf *out, const char *who, const struct event_line *line) {
    buf_put_string(out, who);
    buf_put_string(out, " \"");
    text_escape(out, line->text);
    buf_put_byte(out, '"');
    if (line->len > line->text.len) {
        buf_putf(out, " (%zu bytes)", line->len);
    }
}

static void put_command(struct buf *out, const struct text_writer *writer,
                        const struct event *event) {
    bool by_proxy = event->command.by_proxy;
    begin_line(out, writer, event, by_proxy ? PAINT_PROXY : PAINT_CLIENT);
    put_quoted(out, by_proxy ? "P >" : "C >", &event->command.line);
    end_line(out, writer);
}

static void put_reply(struct buf *out, const struct text_writer *writer,
                      const struct event *event) {
    const struct event_reply *reply = &event->reply;
    for (size_t i = reply->emitted_lines; i < reply->line_count; i++) {
        begin_line(out, writer, event, reply->by_proxy ? PAINT_PROXY : PAINT_SERVER);
        put_quoted(out, reply->by_proxy ? "P <" : "S <", &reply->lines[i].line);
        end_line(out, writer);
    }
    if (reply->cut) {
        begin_happening(out, writer, event, false);
        buf_putf(out, "The reply has more lines than these %zu; the rest is not recorded",
                 reply->line_count);
        end_line(out, writer);
    }
}

static void put_greeting(struct buf *out, const struct text_writer *writer,
                         const struct event *event) {
    begin_line(out, writer, event, PAINT_SERVER);
    put_quoted(out, "S <", &event->greeting.line);
    end_line(out, writer);
}

static void put_text(struct buf *out, struct text_writer *writer, const struct event *event) {
    if (writer->message != event->text.message) {
        writer->message = event->text.message;
        writer->limit = (struct header_limit){0};
    }
    if (writer->recorded || message_line_shown(writer->body, &writer->limit, &event->text)) {
        begin_line(out, writer, event, PAINT_CLIENT);
        put_quoted(out, "C >", &event->text.line);
        end_line(out, writer);
    }
}

static void put_content_end(struct buf *out, const struct text_writer *writer,
                            const struct event *event) {
    const struct event_content_end *content = &event->content_end;
    begin_line(out, writer, event, PAINT_CLIENT);
    buf_putf(out, "C > (message %d: %llu bytes, %llu lines)", content->message,
             (unsigned long long)content->bytes, (unsigned long long)content->lines);
    end_line(out, writer);
}

// ── causes that were said ───────────────────────────────────────────────────────────────────────

static uint64_t session_of(const struct event *event) {
    return event->session == NULL ? 0 : event->session->id;
}

static void note_said(const struct text_writer *writer, const struct event *event,
                      struct slice cause, const char *rule) {
    if (writer->said != NULL) {
        said_add(writer->said, session_of(event), cause, rule);
    }
}

static const struct said_cause *find_said(const struct text_writer *writer,
                                          const struct event *event, struct slice sentence) {
    return writer->said == NULL ? NULL : said_find(writer->said, session_of(event), sentence);
}

// ── what the analysis says ──────────────────────────────────────────────────────────────────────

static void put_finding(struct buf *out, const struct text_writer *writer,
                        const struct event *event) {
    static const enum paint by_severity[] = {
        [SEVERITY_INFO] = PAINT_INFO,
        [SEVERITY_WARNING] = PAINT_WARNING,
        [SEVERITY_ERROR] = PAINT_ERROR,
    };
    const struct event_finding *finding = &event->finding;
    begin_line(out, writer, event, by_severity[finding->severity]);
    buf_putf(out, "!!! %s ", severity_name(finding->severity));
    text_put_printable(out, slice_of_string(finding->rule));
    buf_put_string(out, ": ");
    text_put_printable(out, finding->text);
    if (finding->reference != NULL) {
        buf_put_string(out, " (");
        text_put_printable(out, slice_of_string(finding->reference));
        buf_put_byte(out, ')');
    }
    end_line(out, writer);
    note_said(writer, event, finding->text, finding->rule);
}

// ── the sentences of happenings ─────────────────────────────────────────────────────────────────

static void put_string(struct buf *out, const char *string) {
    text_put_printable(out, slice_of_string(string));
}

static void put_labelled(struct buf *out, const char *label, const char *value) {
    if (value != NULL) {
        buf_put_string(out, label);
        put_string(out, value);
    }
}

static void put_server(struct buf *out, const struct event_endpoint *server) {
    if (server->host == NULL) {
        put_string(out, server->address == NULL ? "an unknown address" : server->address);
    } else {
        buf_put_byte(out, '\'');
        put_string(out, server->host);
        buf_put_byte(out, '\'');
        if (server->address != NULL) {
            buf_put_string(out, " (");
            put_string(out, server->address);
            buf_put_byte(out, ')');
        }
    }
    if (server->port != 0) {
        buf_putf(out, " on port %u", (unsigned)server->port);
    }
}

static void put_connect_sentence(struct buf *out, const struct event_session *session,
                                 const struct event_connect *connect) {
    if (session == NULL || !session->has_server) {
        buf_put_string(out, "Connected to the embedded server");
        if (session != NULL && session->audit != NULL) {
            buf_put_string(out, ", case ");
            put_string(out, session->audit);
        }
        return;
    }
    const struct event_endpoint *server = &session->server;
    if (!connect->connected && server->host == NULL && server->address == NULL) {
        buf_put_string(out, "Connected to no server"); // it was not known which
        return;
    }
    const char *what = connect->given_up ? "Not connected to " : "Could not connect to ";
    buf_put_string(out, connect->connected ? "Connected to " : what);
    put_server(out, server);
}

static void put_verdict(struct buf *out, const struct event_tls *tls) {
    if (!tls->has_verify) {
        return;
    }
    if (tls->verify_ok) {
        buf_put_string(out, ", certificate verified");
        put_labelled(out, ", but ", tls->verify_error);
        return;
    }
    buf_put_string(out, ", certificate not verified");
    put_labelled(out, ": ", tls->verify_error);
}

static void put_tls_sentence(struct buf *out, const struct event_tls *tls) {
    buf_putf(out, "TLS with the %s", side_name(tls->side));
    if (tls->error != NULL) {
        put_labelled(out, " failed: ", tls->error);
        if (tls->has_verify && !tls->verify_ok) {
            put_verdict(out, tls);
        }
        return;
    }
    put_labelled(out, ": ", tls->version == NULL ? "unknown version" : tls->version);
    put_labelled(out, " ", tls->cipher);
    if (tls->sni == NULL) {
        buf_put_string(out, ", no SNI");
    }
    put_labelled(out, ", SNI ", tls->sni);
    put_labelled(out, ", ALPN ", tls->alpn);
    if (tls->side == SIDE_CLIENT && tls->certificate != NULL) {
        put_labelled(out, ", client certificate ", tls->certificate->subject);
    }
    put_verdict(out, tls);
}

static void put_auth_sentence(struct buf *out, const struct event_auth *auth) {
    buf_put_string(out, "AUTH ");
    if (auth->mechanism.len > 0) {
        text_put_printable(out, auth->mechanism);
        buf_put_byte(out, ' ');
    }
    buf_put_string(out, auth_outcome_name(auth->outcome));
    if (auth->code >= 400) {
        buf_putf(out, " with %d", auth->code);
    }
    if (!slice_is_null(auth->identity)) {
        buf_put_string(out, ", user=");
        text_put_printable(out, auth->identity);
    }
}

static void put_close_sentence(struct buf *out, const struct event_close *close, bool with_error) {
    buf_put_string(out, "Connection closed");
    if (close->by != PARTY_NONE) {
        buf_putf(out, " by the %s", party_name(close->by));
    }
    if (with_error && !slice_is_null(close->error)) {
        buf_put_string(out, ": ");
        text_put_printable(out, close->error);
    }
}

static void put_lost_sentence(struct buf *out, const struct event_lost *lost) {
    buf_putf(out, "%llu line%s lost", (unsigned long long)lost->count,
             lost->count == 1 ? " was" : "s were");
    if (lost->reason.len > 0) {
        buf_put_string(out, ": ");
        text_put_printable(out, lost->reason);
    }
}

static void put_paused_sentence(struct buf *out, const struct event_paused *paused) {
    buf_put_string(out, "Recording was paused from ");
    clock_put_rfc3339(out, paused->from_unix_ns, CLOCK_MILLISECONDS);
    buf_put_string(out, " to ");
    clock_put_rfc3339(out, paused->to_unix_ns, CLOCK_MILLISECONDS);
}

// ── happenings ──────────────────────────────────────────────────────────────────────────────────

// In front of the close, which is the last line of a session.
static void put_likely(struct buf *out, const struct text_writer *writer,
                       const struct event *event) {
    if (slice_is_null(event->close.likely)) {
        return;
    }
    const struct said_cause *said = find_said(writer, event, event->close.likely);
    begin_happening(out, writer, event, true);
    buf_put_string(out, "Most likely: ");
    if (said != NULL && said->rule[0] != '\0') {
        buf_putf(out, "what %s says above", said->rule);
    } else {
        text_put_printable(out, event->close.likely);
    }
    end_line(out, writer);
    note_said(writer, event, event->close.likely, "");
}

static void put_happening(struct buf *out, const struct text_writer *writer,
                          const struct event *event) {
    switch ((unsigned)event->kind) {
    case EVENT_CONNECT:
        begin_happening(out, writer, event, !event->connect.connected);
        put_connect_sentence(out, event->session, &event->connect);
        break;
    case EVENT_TLS:
        begin_happening(out, writer, event, event->tls.error != NULL);
        put_tls_sentence(out, &event->tls);
        note_said(writer, event, slice_of_string(event->tls.error), "");
        break;
    case EVENT_AUTH:
        begin_happening(out, writer, event, false);
        put_auth_sentence(out, &event->auth);
        break;
    case EVENT_FAULT:
        begin_happening(out, writer, event, false);
        buf_put_string(out, "Fault: ");
        text_put_printable(out, event->fault.rule);
        break;
    case EVENT_NOTE:
        begin_happening(out, writer, event, false);
        text_put_printable(out, event->note.text);
        break;
    case EVENT_CLOSE:
        put_likely(out, writer, event);
        begin_happening(out, writer, event, !slice_is_null(event->close.error));
        put_close_sentence(out, &event->close,
                           find_said(writer, event, event->close.error) == NULL);
        break;
    case EVENT_LOST:
        begin_happening(out, writer, event, true);
        put_lost_sentence(out, &event->lost);
        break;
    case EVENT_PAUSED:
        begin_happening(out, writer, event, false);
        put_paused_sentence(out, &event->paused);
        break;
    default:
        return; // nothing that a reader of this text would miss
    }
    end_line(out, writer);
}

// ── an event ────────────────────────────────────────────────────────────────────────────────────

static bool is_trouble(const struct event *event) {
    switch ((unsigned)event->kind) {
    case EVENT_FINDING:
    case EVENT_LOST:
        return true;
    case EVENT_CONNECT:
        return !event->connect.connected;
    case EVENT_TLS:
        return event->tls.error != NULL;
    case EVENT_CLOSE:
        return !slice_is_null(event->close.error);
    default:
        return false;
    }
}

void text_put_event(struct buf *out, struct text_writer *writer, const struct event *event) {
    if (writer->quiet && !is_trouble(event)) {
        return;
    }
    switch ((unsigned)event->kind) {
    case EVENT_COMMAND:
        put_command(out, writer, event);
        return;
    case EVENT_REPLY:
        put_reply(out, writer, event);
        return;
    case EVENT_GREETING:
        put_greeting(out, writer, event);
        return;
    case EVENT_TEXT:
        put_text(out, writer, event);
        return;
    case EVENT_CONTENT_END:
        put_content_end(out, writer, event);
        return;
    case EVENT_FINDING:
        put_finding(out, writer, event);
        return;
    default:
        put_happening(out, writer, event);
    }
}

// ── as a format of a recording ──────────────────────────────────────────────────────────────────

struct text_state {
    struct outlet *outlet;
    struct text_writer writer;
};

static void *session_new(struct outlet *outlet) {
    struct text_state *state = mem_new(sizeof(*state));
    state->outlet = outlet;
    state->writer.body = outlet->output->body;
    state->writer.color = outlet->output->to.color;
    state->writer.quiet = outlet->output->quiet;
    state->writer.said = outlet->output->to.screen ? mem_new(sizeof(struct said)) : NULL;
    return state;
}

static void session_free(void *context) {
    struct text_state *state = context;
    free(state->writer.said);
    free(state);
}

static void take(void *context, const struct event *event) {
    struct text_state *state = context;
    text_put_event(&state->outlet->bytes, &state->writer, event);
}

// ── its files ───────────────────────────────────────────────────────────────────────────────────

static size_t put_counter(char out[static LIMIT_COUNTER], uint64_t counter) {
    size_t len = text_write_u64(out, counter);
    out[len] = ' ';
    return len + 1;
}

static void put_notice(struct buf *out, const struct event *event, bool color) {
    struct text_writer writer = {.color = color};
    text_put_event(out, &writer, event);
}

static void put_lost(struct buf *out, uint64_t count, const char *reason, int64_t unix_ns,
                     bool color) {
    const struct event event = format_lost_event(count, reason, unix_ns);
    put_notice(out, &event, color);
}

static const struct framing framing = {
    .name = "text",
    .shape = SHAPE_LINES,
    .screen = true,
    .put_counter = put_counter,
    .put_lost = put_lost,
};

const struct format_info text_format = {
    .name = "text",
    .endings = "txt|log|text",
    .framing = &framing,
    .put_notice = put_notice,
    .session_new = session_new,
    .take = take,
    .session_free = session_free,
    .put_document = show_document,
};
