// SPDX-License-Identifier: MIT
#include "render.h"

#include "base/sentence.h"
#include "base/text.h"

#include <inttypes.h>

// As the files write it: \r and \n have names.
static void put_escaped(struct buf *out, struct slice text) {
    while (text.len > 0) {
        size_t len = 0;
        while (len < text.len && text.data[len] != '\r' && text.data[len] != '\n') {
            len++;
        }
        text_escape(out, slice_sub(text, 0, len));
        if (len < text.len) {
            buf_put_string(out, text.data[len++] == '\r' ? "\\r" : "\\n");
        }
        text = slice_from(text, len);
    }
}

void render_abbreviated(struct buf *out, struct slice text) {
    enum { SHOWN_MAX = 160, SHOWN_FIRST = 40, SHOWN_LAST = 20 };
    if (text.len <= SHOWN_MAX) {
        put_escaped(out, text);
        return;
    }
    put_escaped(out, slice_sub(text, 0, SHOWN_FIRST));
    buf_putf(out, "[... %zu bytes ...]", text.len - SHOWN_FIRST - SHOWN_LAST);
    put_escaped(out, slice_from(text, text.len - SHOWN_LAST));
}

static void put_quoted(struct buf *out, struct slice text) {
    buf_put_byte(out, '"');
    render_abbreviated(out, text);
    buf_put_byte(out, '"');
}

static void put_sentence(struct buf *out, struct slice sentence) {
    struct buf plain;
    buf_init(&plain, sentence.len);
    sentence_put_plain(&plain, sentence);
    put_quoted(out, buf_slice(&plain));
    buf_cleanup(&plain);
}

static void put_line(struct buf *out, const struct event_line *line) {
    size_t shown = 0;
    buf_put_byte(out, '"');
    for (size_t i = 0; i < line->secret_count; i++) {
        struct span span = line->secrets[i];
        render_abbreviated(out, slice_sub(line->text, shown, span.offset - shown));
        buf_put_string(out, "<<");
        render_abbreviated(out, slice_sub(line->text, span.offset, span.len));
        buf_put_string(out, ">>");
        shown = span.offset + span.len;
    }
    render_abbreviated(out, slice_from(line->text, shown));
    buf_put_byte(out, '"');
}

static void put_flag(struct buf *out, bool is, const char *name) {
    if (is) {
        buf_putf(out, " %s", name);
    }
}

static void put_oddities(struct buf *out, const struct event_line *line) {
    if (line->len > line->text.len) {
        buf_putf(out, " cut-of=%zu", line->len);
    }
    put_flag(out, line->ending == ENDING_LF, "lf");
    put_flag(out, line->ending == ENDING_NONE, "no-end");
    put_flag(out, line->has_bare_cr, "bare-cr");
    put_flag(out, line->has_nul, "nul");
    put_flag(out, line->has_8bit, "8bit");
}

static void put_keywords(struct buf *out, const char *name, const struct capabilities *caps) {
    buf_putf(out, " %s=%s", name, caps == NULL ? "nothing-known" : "");
    for (size_t i = 0; caps != NULL && i < caps->count; i++) {
        buf_put_string(out, i > 0 ? "," : "");
        text_put_printable(out, caps->items[i].keyword);
    }
}

static void put_parameters(struct buf *out, const struct event_parameter *items, size_t count) {
    for (size_t i = 0; i < count; i++) {
        buf_put_byte(out, ' ');
        text_put_printable(out, items[i].keyword);
        if (!slice_is_null(items[i].value)) {
            buf_put_byte(out, '=');
            text_put_printable(out, items[i].value);
        }
    }
}

static void put_command(struct buf *out, const struct event_command *event) {
    static const char *const none = "-";
    enum verb verb = event->command.verb;
    struct slice name = verb_info(verb)->name;
    buf_putf(out, "command %d %.*s ", event->exchange,
             verb == VERB_NONE || verb == VERB_UNKNOWN ? 1 : (int)name.len,
             verb == VERB_NONE      ? none
             : verb == VERB_UNKNOWN ? "?"
                                    : (const char *)name.data);
    put_line(out, &event->line);
    put_oddities(out, &event->line);
    put_flag(out, event->by_proxy, "by-proxy");
    put_flag(out, event->pipelined, "pipelined");
    put_flag(out, event->continuation, "continuation");
    put_flag(out, event->sasl_flaw != NULL, "malformed");
    put_flag(out, event->concealed, "concealed");
    put_flag(out, event->tls, "tls");
}

void render_offered(struct buf *out, const struct event_command *event) {
    put_keywords(out, "offered", event->offered);
}

static void put_reply(struct buf *out, const struct event_reply *event) {
    if (event->to == EVENT_NO_EXCHANGE) {
        buf_putf(out, "reply - %03d", event->code);
    } else {
        buf_putf(out, "reply %d %03d", event->to, event->code);
    }
    enum { LINES_SHOWN = 20 };
    for (size_t i = 0; i < event->line_count; i++) {
        const struct event_reply_line *line = &event->lines[i];
        if (i == LINES_SHOWN) {
            buf_putf(out, " [... %zu lines ...]", event->line_count - i);
            break;
        }
        buf_put_byte(out, ' ');
        put_quoted(out, line->text);
        put_oddities(out, &line->line);
        put_flag(out, line->malformed, "malformed");
        put_flag(out, line->code_differs, "differs");
    }
    if (!slice_is_null(event->enhanced)) {
        buf_put_string(out, " enhanced=");
        buf_put(out, event->enhanced);
    }
    put_flag(out, event->by_proxy, "by-proxy");
    put_flag(out, event->incomplete, "incomplete");
    put_flag(out, event->cut, "cut");
    put_flag(out, event->final, "final");
    if (!slice_is_null(event->recipient)) {
        buf_put_string(out, " recipient=");
        text_put_printable(out, event->recipient);
    }
    put_flag(out, event->continuation_reply, "to-continuation");
    put_flag(out, event->tls, "tls");
    if (event->offered != NULL) {
        put_keywords(out, "offers", event->offered);
    }
}

static void put_auth(struct buf *out, const struct event_auth *event) {
    buf_putf(out, "auth %d ", event->exchange);
    buf_put(out, slice_is_null(event->mechanism) ? SLICE("-") : event->mechanism);
    buf_putf(out, " %s %d", auth_outcome_name(event->outcome), event->code);
    if (!slice_is_null(event->identity)) {
        buf_put_string(out, " identity=");
        put_quoted(out, event->identity);
    }
}

static void put_text(struct buf *out, const struct event_text *event) {
    buf_putf(out, "text %d ", event->message);
    put_line(out, &event->line);
    put_oddities(out, &event->line);
    put_flag(out, event->header, "header");
    put_flag(out, event->final_dot, "final-dot");
}

static void put_content_end(struct buf *out, const struct event_content_end *event) {
    buf_putf(out, "end %d %" PRIu64 " bytes %" PRIu64 " lines sha256=%s%s", event->message,
             event->bytes, event->lines, event->sha256, event->complete ? "" : " cut-off");
}

static void put_message(struct buf *out, const struct event_message *event) {
    buf_putf(out, "message %d exchange=%d %s from=<", event->message, event->exchange,
             event->bdat ? "BDAT" : "DATA");
    text_put_printable(out, event->from);
    buf_put_byte(out, '>');
    put_parameters(out, event->from_parameters, event->from_parameter_count);
    for (size_t i = 0; i < event->recipient_count; i++) {
        const struct event_recipient *recipient = &event->recipients[i];
        buf_put_string(out, " to=<");
        text_put_printable(out, recipient->to);
        buf_put_byte(out, '>');
        put_parameters(out, recipient->parameters, recipient->parameter_count);
        buf_putf(out, " %d%s", recipient->code, recipient->accepted ? "" : "(refused)");
    }
    put_flag(out, event->recipients_cut, "recipients-cut");
    put_flag(out, event->smtputf8, "smtputf8");
    buf_putf(out, " code=%d", event->code);
    put_flag(out, event->accepted, "accepted");
    put_flag(out, !event->content.complete, "cut-off");
}

static const char *flaw_name(enum event_flaw_kind kind) {
    static const char *const names[FLAW_KIND_COUNT] = {
        [FLAW_BARE_LF] = "bare-lf",
        [FLAW_BARE_CR] = "bare-cr",
        [FLAW_NUL] = "nul",
        [FLAW_LINE_LONG] = "line-long",
        [FLAW_8BIT] = "8bit",
        [FLAW_SMUGGLING] = "smuggling",
        [FLAW_DOT] = "dot",
        [FLAW_SMUGGLED_ANSWER] = "smuggled-answer",
        [FLAW_DOTS_DOUBLED] = "dots-doubled",
        [FLAW_EARLY_TEXT] = "early-text",
        [FLAW_INJECTION] = "injection",
        [FLAW_TLS_RECORD] = "tls-record",
    };
    return names[kind] == NULL ? "other" : names[kind];
}

static void put_flaw(struct buf *out, const struct event_flaw *event) {
    buf_putf(out, "flaw %s %s exchange=%d", flaw_name(event->kind), side_name(event->side),
             event->exchange);
    if (event->message != EVENT_NO_MESSAGE) {
        buf_putf(out, " message=%d", event->message);
    }
    if (!slice_is_null(event->detail)) {
        buf_put_byte(out, ' ');
        put_quoted(out, event->detail);
    }
    if (event->number != 0) {
        buf_putf(out, " number=%" PRIu64, event->number);
    }
}

void render_finding(struct buf *out, const struct event_finding *finding) {
    buf_putf(out, "%s %s", severity_name(finding->severity), finding->rule);
    buf_putf(out, " %s", finding->side == PARTY_NONE ? "-" : party_name(finding->side));
    if (finding->exchange != EVENT_NO_EXCHANGE) {
        buf_putf(out, " exchange=%d", finding->exchange);
    }
    if (finding->message != EVENT_NO_MESSAGE) {
        buf_putf(out, " message=%d", finding->message);
    }
    buf_put_string(out, " \"");
    put_escaped(out, finding->text);
    buf_put_byte(out, '"');
}

void render_note(struct buf *out, struct slice text) {
    buf_put_string(out, "note - - \"");
    put_escaped(out, text);
    buf_put_byte(out, '"');
}

void render_event(struct buf *out, const struct event *event) {
    switch (event->kind) {
    case EVENT_COMMAND:
        put_command(out, &event->command);
        break;
    case EVENT_REPLY:
        put_reply(out, &event->reply);
        break;
    case EVENT_GREETING:
        buf_put_string(out, "greeting ");
        put_line(out, &event->greeting.line);
        break;
    case EVENT_AUTH:
        put_auth(out, &event->auth);
        break;
    case EVENT_TEXT:
        put_text(out, &event->text);
        break;
    case EVENT_FLAW:
        put_flaw(out, &event->flaw);
        break;
    case EVENT_DATA:
        buf_putf(out, "data %d %" PRIu64, event->data.message, event->data.bytes);
        break;
    case EVENT_CONTENT_END:
        put_content_end(out, &event->content_end);
        break;
    case EVENT_MESSAGE:
        put_message(out, &event->message);
        break;
    case EVENT_FAULT:
        buf_put_string(out, "fault ");
        put_sentence(out, event->fault.rule);
        break;
    case EVENT_NOTE:
        buf_put_string(out, "note ");
        put_sentence(out, event->note.text);
        break;
    case EVENT_CONNECT:
    case EVENT_TLS:
    case EVENT_CONTENT:
    case EVENT_FIELD:
    case EVENT_BYTES:
    case EVENT_WIRE:
    case EVENT_FINDING:
    case EVENT_CLOSE:
    case EVENT_LOST:
    case EVENT_PAUSED:
    case EVENT_KIND_COUNT:
        break;
    }
}
