// SPDX-License-Identifier: MIT
#include "transcript/message_log.h"

#include "base/array.h"
#include "base/limits.h"
#include "base/lines.h"
#include "base/memory.h"
#include "base/text.h"
#include "transcript/record_event.h"

#include <stdlib.h>
#include <string.h>

struct message_field {
    struct span name; // in `store`
    struct span raw;
    struct span value;
    bool cut;
};

enum content_state { CONTENT_LINE_START, CONTENT_LINE_START_CR, CONTENT_IN_LINE, CONTENT_BODY };

struct open_message {
    struct open_message *next;
    int n;
    struct header_limit limit;
    struct buf header_text; // the header's lines as sent, with their ends
    struct buf store;       // the bytes of the fields
    struct message_field *fields;
    size_t field_count;
    size_t field_room;
    size_t field_bytes;         // of the header that they are
    enum content_state content; // where in the message the content is
    struct buf body;
    bool cut;
    int64_t shown_ns;   // when the lines shown last were seen
    size_t shown_times; // how often that has changed
    uint64_t lines;     // shown so far
    struct record_cut_line *cut_lines;
    size_t cut_line_count;
    size_t cut_line_room;
    uint64_t body_lines; // seen, the empty line included
    bool after_lf;       // the last line shown ended in LF alone
    uint64_t *odd_dots;  // numbers of body lines
    size_t odd_dot_count;
    size_t odd_dot_room;
};

struct message_log {
    enum body_detail body;
    const struct budget_share *share;
    struct open_message *first;
    struct open_message *last_hit; // the one found last; NULL for none
    size_t held;                   // bytes in all records
    size_t reserved;               // memory of all records
    bool left_out;            // of some message there is no record, since there was no room for one
    const struct event *last; // the event taken last, where it is an EVENT_MESSAGE
    int last_message;         // its message
    struct message_shown shown;     // by the event taken last; message 0: nothing
    struct record_message *message; // … its record; NULL where it was not asked for
    struct arena arena;             // of it
};

static bool is_folded(struct slice line) {
    return line.len > 0 && text_is_blank(line.data[0]);
}

bool message_line_shown(enum body_detail body, struct header_limit *limit,
                        const struct event_text *text) {
    if (body == BODY_NONE) {
        return false;
    }
    if (!text->header) {
        return body == BODY_FULL;
    }
    limit->bytes += text->line.len + 2;
    limit->fields += is_folded(text->line.text) ? 0 : 1;
    if (limit->bytes > LIMIT_HEADER_BYTES || limit->fields > LIMIT_HEADER_FIELDS) {
        limit->reached = true;
    }
    return !limit->reached;
}

struct message_log *message_log_new(enum body_detail body, const struct budget_share *share) {
    struct message_log *log = mem_new(sizeof(*log));
    log->body = body;
    log->share = share;
    return log;
}

static void open_free(struct open_message *open) {
    buf_cleanup(&open->header_text);
    buf_cleanup(&open->store);
    buf_cleanup(&open->body);
    free(open->fields);
    free(open->odd_dots);
    free(open->cut_lines);
    free(open);
}

void message_log_free(struct message_log *log) {
    if (log == NULL) {
        return;
    }
    while (log->first != NULL) {
        struct open_message *open = log->first;
        log->first = open->next;
        open_free(open);
    }
    arena_cleanup(&log->arena);
    free(log);
}

static size_t open_reserved(const struct open_message *open) {
    return sizeof(*open) + open->header_text.capacity + open->store.capacity + open->body.capacity +
           open->field_room * sizeof(*open->fields) + open->odd_dot_room * sizeof(*open->odd_dots) +
           open->cut_line_room * sizeof(*open->cut_lines);
}

size_t message_log_bytes(const struct message_log *log) {
    return log->reserved + log->arena.reserved + sizeof(*log);
}

static struct open_message *add_open(struct message_log *log, int n) {
    struct open_message **end = &log->first;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    struct open_message *open = mem_new(sizeof(*open));
    open->n = n;
    open->cut = log->left_out;
    buf_init(&open->header_text, LIMIT_HEADER_BYTES);
    buf_init(&open->store, 3 * LIMIT_HEADER_BYTES);
    buf_init(&open->body, LIMIT_BODY_BYTES);
    *end = open;
    log->reserved += open_reserved(open);
    return open;
}

static struct open_message *find_open(struct message_log *log, int n) {
    struct open_message *open = log->last_hit;
    if (open == NULL || open->n != n) {
        open = log->first;
    }
    while (open != NULL && open->n != n) {
        open = open->next;
    }
    log->last_hit = open;
    return open;
}

// The record of message `n`, made if it must be; NULL where there is no room for one.
static struct open_message *open_of(struct message_log *log, int n) {
    struct open_message *open = find_open(log, n);
    if (open == NULL && budget_allows(log->share, sizeof(*open))) {
        open = add_open(log, n);
    }
    log->left_out |= open == NULL;
    return open;
}

static void keep(struct message_log *log, struct open_message *open, struct buf *buf,
                 struct slice bytes) {
    size_t growth = buf->end + bytes.len > buf->capacity ? buf->capacity : 0; // it is doubled
    bool room = budget_allows(log->share, bytes.len + growth);
    size_t kept =
        !room ? 0 : buf_append_some(buf, slice_sub(bytes, 0, LIMIT_OPEN_MESSAGES - log->held));
    log->held += kept;
    open->cut |= kept < bytes.len;
}

// ── lines as they were sent ─────────────────────────────────────────────────────────────────────

static void note_shown(struct message_log *log, struct open_message *open,
                       const struct event *event, uint64_t lines) {
    int64_t at_ns = record_at_ns(event->session, event->at_ns);
    if (open->shown_times == 0 || (open->shown_times < LIMIT_MESSAGE_TIMES &&
                                   !record_same_ms(event->session, open->shown_ns, at_ns))) {
        open->shown_ns = at_ns;
        open->shown_times++;
    }
    log->shown = (struct message_shown){
        .message = open->n, .lines = lines, .at_ns = lines > 0 ? open->shown_ns : at_ns};
}

// Dots are doubled after CRLF only (RFC 5321 4.5.2), and so `show` will put them back. What was
// sent otherwise is noted: one dot where there should be two, or any after an empty line of LF.
static void note_dots(struct message_log *log, struct open_message *open,
                      const struct event_text *text) {
    struct slice line = text->line.text;
    bool dot = line.len > 0 && line.data[0] == '.' && !text->final_dot;
    bool single = dot && (line.len == 1 || line.data[1] != '.') && !open->after_lf;
    open->body_lines++;
    bool odd = single || (dot && open->after_lf && open->body_lines == 2);
    size_t count = open->odd_dot_count;
    if (odd && count < LIMIT_ODD_DOTS &&
        budget_allows(log->share,
                      array_growth(count, open->odd_dot_room, sizeof(*open->odd_dots)))) {
        open->odd_dots =
            array_grown(open->odd_dots, count, &open->odd_dot_room, sizeof(*open->odd_dots));
        open->odd_dots[open->odd_dot_count++] = open->body_lines;
    }
}

static void note_cut(struct message_log *log, struct open_message *open,
                     const struct event_line *line) {
    size_t count = open->cut_line_count;
    open->lines++;
    if (line->len > line->text.len && count < LIMIT_CUT_LINES &&
        budget_allows(log->share,
                      array_growth(count, open->cut_line_room, sizeof(*open->cut_lines)))) {
        open->cut_lines =
            array_grown(open->cut_lines, count, &open->cut_line_room, sizeof(*open->cut_lines));
        open->cut_lines[open->cut_line_count++] = (struct record_cut_line){
            .number = open->lines, .len = line->len, .shown = line->text.len};
    }
}

static void take_text(struct message_log *log, struct open_message *open,
                      const struct event *event) {
    const struct event_text *text = &event->text;
    bool shown = message_line_shown(log->body, &open->limit, text);
    open->cut |= open->limit.reached;
    if (!shown) {
        return;
    }
    note_shown(log, open, event, 1);
    note_cut(log, open, &text->line);
    if (!text->header) {
        note_dots(log, open, text);
        open->after_lf = text->line.ending == ENDING_LF;
        return;
    }
    keep(log, open, &open->header_text, text->line.text);
    keep(log, open, &open->header_text,
         text->line.ending == ENDING_LF ? SLICE("\n") : SLICE("\r\n"));
}

// ── fields and body ─────────────────────────────────────────────────────────────────────────────

static struct span store(struct message_log *log, struct open_message *open, struct slice s) {
    struct span span = {.offset = buf_len(&open->store)};
    keep(log, open, &open->store, s);
    span.len = buf_len(&open->store) - span.offset;
    return span;
}

static struct message_field *add_field(struct open_message *open) {
    open->fields =
        array_grown(open->fields, open->field_count, &open->field_room, sizeof(*open->fields));
    return &open->fields[open->field_count++];
}

static void take_field(struct message_log *log, struct open_message *open,
                       const struct event_field *field) {
    size_t frame = field->name.len + 4; // ": " and CRLF
    size_t room = LIMIT_HEADER_BYTES - open->field_bytes;
    if (log->body == BODY_NONE) {
        return;
    }
    bool allowed = budget_allows(log->share,
                                 frame + field->raw.len + field->value.len + sizeof(*open->fields));
    if (open->field_count == LIMIT_HEADER_FIELDS || frame >= room || !allowed) {
        open->cut = true;
        return;
    }
    struct slice raw = text_cut(field->raw, room - frame);
    struct slice value = text_cut(field->value, room - frame);
    struct message_field *kept = add_field(open);
    *kept = (struct message_field){.name = store(log, open, field->name),
                                   .raw = store(log, open, raw),
                                   .value = store(log, open, value)};
    kept->cut = field->cut || raw.len < field->raw.len || value.len < field->value.len;
    open->cut |= kept->cut;
    open->field_bytes += frame + raw.len;
}

static enum content_state content_after(enum content_state state, uint8_t byte) {
    if (byte == '\n') {
        return state == CONTENT_IN_LINE ? CONTENT_LINE_START : CONTENT_BODY;
    }
    return state == CONTENT_LINE_START && byte == '\r' ? CONTENT_LINE_START_CR : CONTENT_IN_LINE;
}

// Takes the header's part off the front of `bytes`: all up to and with the first empty line.
static struct slice skip_header(struct open_message *open, struct slice bytes) {
    while (bytes.len > 0 && open->content != CONTENT_BODY) {
        size_t skipped = open->content == CONTENT_IN_LINE ? slice_find_byte(bytes, '\n') : 0;
        if (skipped == SLICE_NONE) {
            return slice_from(bytes, bytes.len);
        }
        open->content = content_after(open->content, bytes.data[skipped]);
        bytes = slice_from(bytes, skipped + 1);
    }
    return bytes;
}

static void take_content(struct message_log *log, struct open_message *open,
                         const struct event_content *content) {
    keep(log, open, &open->body, skip_header(open, content->bytes));
}

// ── the record of a message ─────────────────────────────────────────────────────────────────────

static struct slice stored(const struct open_message *open, struct span span) {
    struct slice s = slice_sub(buf_slice(&open->store), span.offset, span.len);
    return slice_is_null(s) ? SLICE("") : s;
}

// Finds the field's lines in `*text`, goes after them, and returns its value as it was sent, with
// the folds in it; the null slice, with `*text` left alone, where it is not there.
static struct slice find_as_sent(struct slice *text, struct slice name) {
    struct slice rest = *text;
    while (rest.len > 0) {
        struct slice line = lines_next(&rest);
        struct slice field = line;
        if (!slice_starts_with(line, name) ||
            slice_find_byte(slice_trim(slice_from(line, name.len)), ':') != 0) {
            continue;
        }
        struct slice next = rest;
        while (is_folded(lines_next(&next))) {
            field.len = (size_t)(next.data - field.data);
            rest = next;
        }
        *text = rest;
        return lines_text(slice_from(field, slice_find_byte(field, ':') + 1));
    }
    return (struct slice){0};
}

static bool skip(struct slice *text, struct slice expected) {
    bool same = slice_starts_with(*text, expected);
    *text = slice_from(*text, same ? expected.len : 0);
    return same;
}

// `show` writes a field as "NAME: RAW"; whether these were the very lines.
static bool lines_are_usual(struct slice text, const struct record_field *fields, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct slice raw = slice_is_null(fields[i].raw) ? fields[i].value : fields[i].raw;
        if (!skip(&text, fields[i].name) || !skip(&text, SLICE(": ")) || !skip(&text, raw) ||
            !skip(&text, SLICE("\r\n"))) {
            return false;
        }
    }
    return text.len == 0;
}

static struct record_field field_of(const struct open_message *open,
                                    const struct message_field *field, struct slice as_sent) {
    struct slice value = stored(open, field->value);
    struct slice raw = stored(open, field->raw);
    if (!slice_is_null(as_sent) && !field->cut) {
        raw = slice_trim(as_sent);
    }
    return (struct record_field){.name = stored(open, field->name),
                                 .value = value,
                                 .raw = !slice_equal(raw, value) ? raw : (struct slice){0}};
}

static void add_header(struct record_message *out, struct arena *arena,
                       const struct open_message *open) {
    struct slice text = buf_slice(&open->header_text);
    struct record_field *fields = arena_new(arena, open->field_count + 1, sizeof(*fields));
    for (size_t i = 0; i < open->field_count; i++) {
        const struct message_field *field = &open->fields[i];
        // Of a line that was cut only its start is there; the field itself knows more.
        struct slice as_sent = open->cut_line_count == 0
                                   ? find_as_sent(&text, stored(open, field->name))
                                   : (struct slice){0};
        fields[i] = field_of(open, field, as_sent);
    }
    out->has_header = true;
    out->fields = fields;
    out->field_count = open->field_count;
    text = buf_slice(&open->header_text);
    if (open->cut_line_count > 0 || !lines_are_usual(text, fields, open->field_count)) {
        out->header_text = text;
    }
}

// ── the whole record ────────────────────────────────────────────────────────────────────────────

// Says what is kept of the message; `out` points into `open` and the event, lists are in the arena.
static void record_of(struct record_message *out, struct arena *arena,
                      const struct open_message *open, enum body_detail body,
                      const struct event_message *message) {
    *out = (struct record_message){.event = *message};
    if (body == BODY_NONE) {
        return;
    }
    add_header(out, arena, open);
    out->body = body == BODY_FULL ? buf_slice(&open->body) : (struct slice){0};
    out->cut = open->cut;
    out->odd_dots = open->odd_dots;
    out->odd_dot_count = message->bdat ? 0 : open->odd_dot_count; // chunks have no dots to double
    out->cut_lines = open->cut_lines;
    out->cut_line_count = open->cut_line_count;
}

// ── the log ─────────────────────────────────────────────────────────────────────────────────────

static void forget_last(struct message_log *log) {
    struct open_message **at = &log->first;
    if (log->last_message == 0) {
        return;
    }
    int n = log->last_message;
    log->last_message = 0;
    log->last = NULL;
    log->message = NULL;
    arena_clear(&log->arena);
    while (*at != NULL && (*at)->n != n) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        struct open_message *open = *at;
        *at = open->next;
        log->last_hit = NULL;
        log->held -= buf_len(&open->header_text) + buf_len(&open->store) + buf_len(&open->body);
        log->reserved -= open_reserved(open);
        open_free(open);
    }
}

// The message that an event adds to; EVENT_NO_MESSAGE for none.
static int message_of(const struct message_log *log, const struct event *event) {
    if (event->kind == EVENT_TEXT) {
        return event->text.message;
    }
    if (event->kind == EVENT_FIELD) {
        return event->field.message;
    }
    if (event->kind == EVENT_CONTENT && log->body == BODY_FULL) {
        return event->content.message;
    }
    return event->kind == EVENT_CONTENT_END ? event->content_end.message : EVENT_NO_MESSAGE;
}

static void add_to_open(struct message_log *log, struct open_message *open,
                        const struct event *event) {
    size_t before = open_reserved(open);
    if (event->kind == EVENT_TEXT) {
        take_text(log, open, event);
    } else if (event->kind == EVENT_FIELD) {
        take_field(log, open, &event->field);
    } else if (event->kind == EVENT_CONTENT) {
        take_content(log, open, &event->content);
    } else {
        note_shown(log, open, event, 0);
    }
    log->reserved += open_reserved(open) - before;
}

void message_log_take(struct message_log *log, const struct event *event) {
    forget_last(log);
    log->shown = (struct message_shown){0};
    if (event->kind == EVENT_MESSAGE) {
        log->last = event;
        log->last_message = event->message.message;
        return;
    }
    int message = message_of(log, event);
    struct open_message *open = message == EVENT_NO_MESSAGE ? NULL : open_of(log, message);
    if (open != NULL) {
        add_to_open(log, open, event);
    }
}

bool message_log_shown(const struct message_log *log, struct message_shown *out) {
    *out = log->shown;
    return log->shown.message > 0;
}

const struct record_message *message_log_message(struct message_log *log) {
    if (log->last == NULL) {
        return NULL;
    }
    if (log->message == NULL) {
        const struct open_message *open = find_open(log, log->last_message);
        open = open != NULL ? open : add_open(log, log->last_message);
        log->message = arena_new(&log->arena, 1, sizeof(*log->message));
        record_of(log->message, &log->arena, open, log->body, &log->last->message);
    }
    return log->message;
}
