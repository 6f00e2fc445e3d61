// SPDX-License-Identifier: MIT
#include "message/message_reader.h"

#include "base/lines.h"
#include "base/memory.h"
#include "message/encoded_word.h"
#include "message/header.h"
#include "message/mime.h"

#include <stdlib.h>

enum part_of_message { IN_NOTHING, IN_HEADER, IN_BODY };

struct message_reader {
    const struct event_session *session;
    struct event_sink sink;
    int message;
    int exchange;
    int64_t at_ns;
    enum part_of_message part;
    struct header header;
    struct mime mime;
    // The line under way, where it must be seen whole; else its bytes are passed on as they come.
    struct buf line;
    size_t line_len; // bytes of it so far, kept or not
    bool passing;    // its bytes are being passed on
    bool said[FLAW_KIND_COUNT];
};

struct message_reader *message_reader_new(const struct event_session *session,
                                          struct event_sink sink) {
    struct message_reader *reader = mem_new(sizeof(*reader));
    reader->session = session;
    reader->sink = sink;
    return reader;
}

static void rest(struct message_reader *reader) {
    reader->part = IN_NOTHING;
    header_cleanup(&reader->header);
    mime_cleanup(&reader->mime);
    buf_cleanup(&reader->line);
}

void message_reader_free(struct message_reader *reader) {
    if (reader != NULL) {
        rest(reader);
        free(reader);
    }
}

// ── events ──────────────────────────────────────────────────────────────────────────────────────

static struct event new_event(const struct message_reader *reader, enum event_kind kind) {
    return (struct event){.kind = kind, .session = reader->session, .at_ns = reader->at_ns};
}

// Each kind once a message: a thousand broken lines are one fault.
static void emit_flaw(struct message_reader *reader, enum event_flaw_kind kind, struct slice detail,
                      uint64_t number) {
    if (reader->said[kind]) {
        return;
    }
    reader->said[kind] = true;
    struct event event = new_event(reader, EVENT_FLAW);
    event.flaw = (struct event_flaw){.side = SIDE_CLIENT,
                                     .message = reader->message,
                                     .exchange = reader->exchange,
                                     .kind = kind,
                                     .detail = detail,
                                     .number = number};
    event_send(&reader->sink, &event);
}

static void take_header_flaw(void *context, enum header_flaw flaw, struct slice detail,
                             uint64_t number) {
    static const enum event_flaw_kind kinds[] = {
        [HEADER_LINE_MALFORMED] = FLAW_HEADER_LINE,
        [HEADER_SPACE_IN_NAME] = FLAW_HEADER_SPACE,
        [HEADER_LINE_8BIT] = FLAW_HEADER_8BIT,
        [HEADER_LINE_LONG] = FLAW_HEADER_LONG,
    };
    emit_flaw(context, kinds[flaw], detail, number);
}

static void take_mime_flaw(void *context, enum event_flaw_kind kind, struct slice detail) {
    emit_flaw(context, kind, detail, 0);
}

static void take_field(void *context, struct slice name, struct slice raw, bool cut) {
    struct message_reader *reader = context;
    struct buf value;
    buf_init(&value, 4 * LIMIT_HEADER_BYTES);
    encoded_word_decode(&value, raw);
    struct event event = new_event(reader, EVENT_FIELD);
    event.field = (struct event_field){.message = reader->message,
                                       .exchange = reader->exchange,
                                       .name = name,
                                       .raw = raw,
                                       .value = buf_slice(&value),
                                       .cut = cut};
    mime_field(&reader->mime, name, lines_without_crs(raw));
    event_send(&reader->sink, &event);
    buf_cleanup(&value);
}

static struct header_sink header_sink(struct message_reader *reader) {
    return (struct header_sink){.field = take_field, .flaw = take_header_flaw, .context = reader};
}

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

static void end_header(struct message_reader *reader) {
    struct header_sink sink = header_sink(reader);
    header_end(&reader->header, &sink);
    mime_header_end(&reader->mime);
    reader->part = IN_BODY;
}

// The line's CR is not part of it. A bare LF ends a line too, as it does for who will read it.
static void end_line(struct message_reader *reader) {
    struct slice line = buf_slice(&reader->line);
    size_t len = reader->line_len;
    if (line.len == len && len > 0 && line.data[len - 1] == '\r') {
        line = slice_sub(line, 0, --len);
    } else if (line.len < len) {
        len--; // too long to be kept whole: its CR is among the rest
    }
    struct header_sink sink = header_sink(reader);
    // Lines that end in CR CR LF have a fault of their own; the empty one among them still ends the
    // header, and a boundary is still one.
    struct slice bare = lines_without_crs(line);
    if (reader->part == IN_BODY) {
        mime_line(&reader->mime, bare, len - (line.len - bare.len));
    } else if (header_line(&reader->header, bare.len == 0 ? bare : line, bare.len == 0 ? 0 : len,
                           &sink)) {
        end_header(reader);
    }
    buf_clear(&reader->line);
    reader->line_len = 0;
}

static bool wants_line(const struct message_reader *reader) {
    return reader->part == IN_HEADER || mime_wants_line(&reader->mime, buf_slice(&reader->line));
}

// Stops keeping the line: it is body text that is no boundary.
static void pass_line(struct message_reader *reader) {
    mime_text(&reader->mime, buf_slice(&reader->line));
    buf_clear(&reader->line);
    reader->line_len = 0;
    reader->passing = true;
}

// `bytes` are of one line; `ends` says that its LF comes after them.
static void feed_line(struct message_reader *reader, struct slice bytes, bool ends) {
    if (reader->part == IN_BODY && reader->line_len == 0 &&
        !mime_wants_line(&reader->mime, bytes)) {
        reader->passing = true; // most lines: nothing of them is copied
    }
    if (!reader->passing) {
        buf_append_some(&reader->line, bytes);
        reader->line_len += bytes.len;
        bool whole = reader->line_len == buf_len(&reader->line);
        if (whole && !wants_line(reader)) {
            pass_line(reader);
        } else if (ends) {
            end_line(reader);
            return;
        }
    } else {
        mime_text(&reader->mime, bytes);
    }
    if (reader->passing && ends) {
        mime_text(&reader->mime, SLICE("\n"));
        reader->passing = false;
    }
}

static bool is_idle(const struct message_reader *reader) {
    return reader->part == IN_NOTHING || (reader->part == IN_BODY && mime_is_idle(&reader->mime));
}

// ── the message ─────────────────────────────────────────────────────────────────────────────────

static void begin(struct message_reader *reader, int message, int exchange) {
    if (message == reader->message) {
        return;
    }
    rest(reader);
    reader->message = message;
    reader->exchange = exchange;
    reader->part = IN_HEADER;
    reader->line_len = 0;
    reader->passing = false;
    for (int i = 0; i < FLAW_KIND_COUNT; i++) {
        reader->said[i] = false;
    }
    buf_init(&reader->line, LIMIT_HEADER_BYTES);
    header_begin(&reader->header);
    mime_begin(&reader->mime, (struct mime_sink){take_mime_flaw, reader});
}

static void feed(struct message_reader *reader, struct slice bytes) {
    while (bytes.len > 0 && !is_idle(reader)) {
        size_t lf = slice_find_byte(bytes, '\n');
        feed_line(reader, slice_sub(bytes, 0, lf), lf != SLICE_NONE);
        bytes = lf == SLICE_NONE ? slice_from(bytes, bytes.len) : slice_from(bytes, lf + 1);
    }
}

static void end(struct message_reader *reader, bool complete) {
    if (reader->part != IN_NOTHING && reader->line_len > 0) {
        end_line(reader); // the stream ended within it
    }
    if (reader->part == IN_HEADER) {
        end_header(reader);
    }
    if (reader->part == IN_BODY && complete) {
        mime_end(&reader->mime);
    }
    rest(reader);
}

void message_reader_take(struct message_reader *reader, const struct event *event) {
    reader->at_ns = event->at_ns;
    if (event->kind == EVENT_CONTENT) {
        begin(reader, event->content.message, event->content.exchange);
        feed(reader, event->content.bytes);
    } else if (event->kind == EVENT_CONTENT_END) {
        begin(reader, event->content_end.message, event->content_end.exchange);
        end(reader, event->content_end.complete);
    }
}
