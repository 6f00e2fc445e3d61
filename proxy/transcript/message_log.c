// SPDX-License-Identifier: MIT
#include "transcript/message_log.h"

#include "base/limits.h"
#include "base/memory.h"
#include "transcript/json_parts.h"

#include <stdlib.h>
#include <string.h>

// A message that trickles in for hours is told in so many steps of time, the rest with the last.
enum { OBJECT_KEPT = 64 * 1024, TIMES_MAX = 1000, ODD_DOTS_MAX = 1000, CUT_LINES_MAX = 100 };

struct message_log {
    enum body_detail body;
    const struct budget_share *share;
    struct message_record *first;
    struct message_record *last_hit; // the one found last; NULL for none
    size_t held;                     // bytes in all records
    size_t reserved;                 // memory of all records
    bool left_out;            // of some message there is no record, since there was no room for one
    const struct event *told; // the event taken last, where it is an EVENT_MESSAGE
    int told_message;         // its message
    struct message_shown shown; // by the event taken last; message 0: nothing
    struct buf object;
};

bool message_line_shown(enum body_detail body, struct header_limit *limit,
                        const struct event_text *text) {
    if (body == BODY_NONE) {
        return false;
    }
    if (!text->header) {
        return body == BODY_FULL;
    }
    const struct slice line = text->line.text;
    bool folded = line.len > 0 && (line.data[0] == ' ' || line.data[0] == '\t');
    limit->bytes += text->line.len + 2;
    limit->fields += folded ? 0 : 1;
    if (limit->bytes > LIMIT_HEADER_BYTES || limit->fields > LIMIT_HEADER_FIELDS) {
        limit->reached = true;
    }
    return !limit->reached;
}

struct message_log *message_log_new(enum body_detail body, const struct budget_share *share) {
    struct message_log *log = mem_new(sizeof(*log));
    log->body = body;
    log->share = share;
    buf_init(&log->object, SIZE_MAX / 2);
    return log;
}

static void record_free(struct message_record *record) {
    buf_cleanup(&record->header_text);
    buf_cleanup(&record->store);
    buf_cleanup(&record->body);
    free(record->fields);
    free(record->odd_dots);
    free(record->cut_lines);
    free(record);
}

void message_log_free(struct message_log *log) {
    if (log == NULL) {
        return;
    }
    while (log->first != NULL) {
        struct message_record *record = log->first;
        log->first = record->next;
        record_free(record);
    }
    buf_cleanup(&log->object);
    free(log);
}

static size_t record_reserved(const struct message_record *record) {
    size_t count = record->field_count;
    size_t fields = count == 0 ? 0 : 2 * count; // doubled at each power of two
    return sizeof(*record) + record->header_text.capacity + record->store.capacity +
           record->body.capacity + fields * sizeof(*record->fields) +
           (record->odd_dots == NULL ? 0 : ODD_DOTS_MAX * sizeof(*record->odd_dots)) +
           (record->cut_lines == NULL ? 0 : CUT_LINES_MAX * sizeof(*record->cut_lines));
}

size_t message_log_bytes(const struct message_log *log) {
    return log->reserved + log->object.capacity + sizeof(*log);
}

static struct message_record *add_record(struct message_log *log, int n) {
    struct message_record **end = &log->first;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    struct message_record *record = mem_new(sizeof(*record));
    record->n = n;
    record->cut = log->left_out;
    buf_init(&record->header_text, LIMIT_HEADER_BYTES);
    buf_init(&record->store, 3 * LIMIT_HEADER_BYTES);
    buf_init(&record->body, LIMIT_BODY_BYTES);
    *end = record;
    log->reserved += record_reserved(record);
    return record;
}

static struct message_record *find_record(struct message_log *log, int n) {
    struct message_record *record = log->last_hit;
    if (record == NULL || record->n != n) {
        record = log->first;
    }
    while (record != NULL && record->n != n) {
        record = record->next;
    }
    log->last_hit = record;
    return record;
}

// The record of message `n`, made if it must be; NULL where there is no room for one.
static struct message_record *record_of(struct message_log *log, int n) {
    struct message_record *record = find_record(log, n);
    if (record == NULL && budget_allows(log->share, sizeof(*record))) {
        record = add_record(log, n);
    }
    log->left_out |= record == NULL;
    return record;
}

static void keep(struct message_log *log, struct message_record *record, struct buf *buf,
                 struct slice bytes) {
    size_t growth = buf->end + bytes.len > buf->capacity ? buf->capacity : 0; // it is doubled
    bool room = budget_allows(log->share, bytes.len + growth);
    size_t kept =
        !room ? 0 : buf_append_some(buf, slice_sub(bytes, 0, LIMIT_OPEN_MESSAGES - log->held));
    log->held += kept;
    record->cut |= kept < bytes.len;
}

// ── lines as they were sent ─────────────────────────────────────────────────────────────────────

static void note_shown(struct message_log *log, struct message_record *record,
                       const struct event *event, uint64_t lines) {
    int64_t at_us = json_at_us(event->session, event->at_ns);
    if (record->shown_times == 0 || (record->shown_times < TIMES_MAX &&
                                     !json_same_ms(event->session, record->shown_us, at_us))) {
        record->shown_us = at_us;
        record->shown_times++;
    }
    log->shown = (struct message_shown){
        .message = record->n, .lines = lines, .at_us = lines > 0 ? record->shown_us : at_us};
}

// Dots are doubled behind CRLF only (RFC 5321 4.5.2), and so `show` will put them back. What was
// sent otherwise is noted: one dot where there should be two, or any behind an empty line of LF.
static void note_dots(struct message_log *log, struct message_record *record,
                      const struct event_text *text) {
    struct slice line = text->line.text;
    bool dot = line.len > 0 && line.data[0] == '.' && !text->final_dot;
    bool single = dot && (line.len == 1 || line.data[1] != '.') && !record->behind_lf;
    record->body_lines++;
    bool odd = single || (dot && record->behind_lf && record->body_lines == 2);
    bool room = record->odd_dots != NULL ||
                budget_allows(log->share, ODD_DOTS_MAX * sizeof(*record->odd_dots));
    if (!odd || !room || record->odd_dot_count == ODD_DOTS_MAX) {
        return;
    }
    if (record->odd_dots == NULL) {
        record->odd_dots = mem_new_array(ODD_DOTS_MAX, sizeof(*record->odd_dots));
    }
    record->odd_dots[record->odd_dot_count++] = record->body_lines;
}

static void note_cut(struct message_log *log, struct message_record *record,
                     const struct event_line *line) {
    record->lines++;
    bool room = record->cut_lines != NULL ||
                budget_allows(log->share, CUT_LINES_MAX * sizeof(*record->cut_lines));
    if (line->len <= line->text.len || !room || record->cut_line_count == CUT_LINES_MAX) {
        return;
    }
    if (record->cut_lines == NULL) {
        record->cut_lines = mem_new_array(CUT_LINES_MAX, sizeof(*record->cut_lines));
    }
    record->cut_lines[record->cut_line_count++] = (struct message_cut_line){
        .number = record->lines, .len = line->len, .shown = line->text.len};
}

static void take_text(struct message_log *log, struct message_record *record,
                      const struct event *event) {
    const struct event_text *text = &event->text;
    bool shown = message_line_shown(log->body, &record->limit, text);
    record->cut |= record->limit.reached;
    if (!shown) {
        return;
    }
    note_shown(log, record, event, 1);
    note_cut(log, record, &text->line);
    if (!text->header) {
        note_dots(log, record, text);
        record->behind_lf = text->line.ending == ENDING_LF;
        return;
    }
    keep(log, record, &record->header_text, text->line.text);
    keep(log, record, &record->header_text,
         text->line.ending == ENDING_LF ? SLICE("\n") : SLICE("\r\n"));
}

// ── fields and body ─────────────────────────────────────────────────────────────────────────────

static struct span store(struct message_log *log, struct message_record *record, struct slice s) {
    struct span span = {.offset = buf_len(&record->store)};
    keep(log, record, &record->store, s);
    span.len = buf_len(&record->store) - span.offset;
    return span;
}

// As much of `text` as `max` bytes hold of whole characters.
static struct slice fitting(struct slice text, size_t max) {
    if (text.len <= max) {
        return text;
    }
    while (max > 0 && (text.data[max] & 0xC0) == 0x80) {
        max--;
    }
    return slice_sub(text, 0, max);
}

static struct message_field *add_field(struct message_record *record) {
    size_t count = record->field_count++;
    if ((count & (count - 1)) == 0) {
        record->fields =
            mem_resize(record->fields, count == 0 ? 1 : 2 * count, sizeof(*record->fields));
    }
    return &record->fields[count];
}

static void take_field(struct message_log *log, struct message_record *record,
                       const struct event_field *field) {
    size_t frame = field->name.len + 4; // ": " and CRLF
    size_t room = LIMIT_HEADER_BYTES - record->field_bytes;
    if (log->body == BODY_NONE) {
        return;
    }
    bool allowed = budget_allows(log->share, frame + field->raw.len + field->value.len +
                                                 sizeof(*record->fields));
    if (record->field_count == LIMIT_HEADER_FIELDS || frame >= room || !allowed) {
        record->cut = true;
        return;
    }
    struct slice raw = fitting(field->raw, room - frame);
    struct slice value = fitting(field->value, room - frame);
    struct message_field *kept = add_field(record);
    *kept = (struct message_field){.name = store(log, record, field->name),
                                   .raw = store(log, record, raw),
                                   .value = store(log, record, value)};
    kept->cut = field->cut || raw.len < field->raw.len || value.len < field->value.len;
    record->cut |= kept->cut;
    record->field_bytes += frame + raw.len;
}

// Takes the header's part off the front of `bytes`: all up to and with the first empty line.
static struct slice skip_header(struct message_record *record, struct slice bytes) {
    while (bytes.len > 0 && record->content != CONTENT_BODY) {
        size_t step = 1;
        uint8_t byte = bytes.data[0];
        switch (record->content) {
        case CONTENT_LINE_START:
            record->content = byte == '\n'   ? CONTENT_BODY
                              : byte == '\r' ? CONTENT_LINE_START_CR
                                             : CONTENT_IN_LINE;
            break;
        case CONTENT_LINE_START_CR:
            record->content = byte == '\n' ? CONTENT_BODY : CONTENT_IN_LINE;
            break;
        case CONTENT_IN_LINE:
            step = slice_find_byte(bytes, '\n');
            if (step == SLICE_NONE) {
                return slice_from(bytes, bytes.len);
            }
            step++;
            record->content = CONTENT_LINE_START;
            break;
        case CONTENT_BODY:
            break;
        }
        bytes = slice_from(bytes, step);
    }
    return bytes;
}

static void take_content(struct message_log *log, struct message_record *record,
                         const struct event_content *content) {
    struct slice body = skip_header(record, content->bytes);
    keep(log, record, &record->body, body);
}

// ── the log ─────────────────────────────────────────────────────────────────────────────────────

static void forget_told(struct message_log *log) {
    struct message_record **at = &log->first;
    if (log->told_message == 0) {
        return;
    }
    int n = log->told_message;
    log->told_message = 0;
    log->told = NULL;
    buf_clear(&log->object);
    if (log->object.capacity > OBJECT_KEPT) {
        buf_shrink(&log->object);
    }
    while (*at != NULL && (*at)->n != n) {
        at = &(*at)->next;
    }
    if (*at != NULL) {
        struct message_record *record = *at;
        *at = record->next;
        log->last_hit = NULL;
        log->held -=
            buf_len(&record->header_text) + buf_len(&record->store) + buf_len(&record->body);
        log->reserved -= record_reserved(record);
        record_free(record);
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

static void add_to_record(struct message_log *log, struct message_record *record,
                          const struct event *event) {
    size_t before = record_reserved(record);
    if (event->kind == EVENT_TEXT) {
        take_text(log, record, event);
    } else if (event->kind == EVENT_FIELD) {
        take_field(log, record, &event->field);
    } else if (event->kind == EVENT_CONTENT) {
        take_content(log, record, &event->content);
    } else {
        note_shown(log, record, event, 0);
    }
    log->reserved += record_reserved(record) - before;
}

void message_log_take(struct message_log *log, const struct event *event) {
    forget_told(log);
    log->shown = (struct message_shown){0};
    if (event->kind == EVENT_MESSAGE) {
        log->told = event;
        log->told_message = event->message.message;
        return;
    }
    int message = message_of(log, event);
    struct message_record *record = message == EVENT_NO_MESSAGE ? NULL : record_of(log, message);
    if (record != NULL) {
        add_to_record(log, record, event);
    }
}

bool message_log_shown(const struct message_log *log, struct message_shown *out) {
    *out = log->shown;
    return log->shown.message > 0;
}

struct slice message_log_object(struct message_log *log) {
    if (log->told != NULL && buf_len(&log->object) == 0) {
        const struct message_record *record = find_record(log, log->told_message);
        record = record != NULL ? record : add_record(log, log->told_message);
        message_record_put(&log->object, record, log->body, &log->told->message);
    }
    return buf_slice(&log->object);
}
