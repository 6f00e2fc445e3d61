// SPDX-License-Identifier: MIT
// reader_lines: the lines of a message as they were sent, from its record: header fields, or the
// header's own text where that is kept; the empty line; the body with its dots doubled; the final
// dot. The way back of message_log.
#include "base/array.h"
#include "base/lines.h"
#include "transcript/reader_parts.h"

#include <string.h>

struct line_list {
    const struct record_message *message;
    struct arena *arena;
    struct event_text *lines;
    size_t count;
    size_t room;
    size_t least; // lines that there were, the final dot not counted; 0 where that is not known
    size_t odd;   // how many of the odd dots have come
};

static void add_line(struct line_list *list, struct slice text, bool header) {
    list->lines = array_grown(list->lines, list->count, &list->room, sizeof(*list->lines));
    list->lines[list->count++] =
        (struct event_text){.message = list->message->event.message,
                            .line = {.text = text, .len = text.len, .ending = ENDING_CRLF},
                            .header = header};
}

static struct slice take_line(struct slice *rest) {
    return lines_text(lines_next(rest));
}

static struct slice joined(const struct line_list *list, struct slice a, struct slice b,
                           struct slice c) {
    const struct slice parts[] = {a, b, c};
    size_t len = 0;
    uint8_t *copy = arena_new(list->arena, a.len + b.len + c.len + 1, 1);
    for (size_t i = 0; i < 3; i++) {
        if (parts[i].len > 0) {
            memcpy(copy + len, parts[i].data, parts[i].len);
            len += parts[i].len;
        }
    }
    return slice_of(copy, len);
}

// ── header ──────────────────────────────────────────────────────────────────────────────────────

static void add_field(struct line_list *list, const struct record_field *field) {
    struct slice value = slice_is_null(field->raw) ? field->value : field->raw;
    struct slice first = take_line(&value);
    add_line(list, joined(list, field->name, SLICE(": "), first), true);
    while (value.len > 0) {
        add_line(list, take_line(&value), true);
    }
}

static void add_header(struct line_list *list) {
    struct slice text = list->message->header_text;
    if (slice_is_null(text)) {
        for (size_t i = 0; i < list->message->field_count; i++) {
            add_field(list, &list->message->fields[i]);
        }
        return;
    }
    while (text.len > 0) {
        add_line(list, take_line(&text), true);
    }
}

// ── body ────────────────────────────────────────────────────────────────────────────────────────

// The numbers come in ascending order.
static bool is_odd_dot(struct line_list *list, size_t number) {
    bool odd =
        list->odd < list->message->odd_dot_count && list->message->odd_dots[list->odd] == number;
    list->odd += odd ? 1 : 0;
    return odd;
}

static void add_body(struct line_list *list) {
    struct slice body = list->message->body;
    size_t number = 1; // the empty line
    bool after_crlf = true;
    while (body.len > 0) {
        const struct slice whole = lines_next(&body);
        struct slice line = lines_text(whole);
        if (!lines_ended(whole) && list->count + 1 < list->least) {
            return; // the body was cut within this line
        }
        bool doubled =
            !list->message->event.bdat && after_crlf && line.len > 0 && line.data[0] == '.';
        after_crlf = whole.len - line.len == 2;
        number++;
        // What is odd is the other way round.
        if (is_odd_dot(list, number) != doubled) {
            line = joined(list, SLICE("."), line, (struct slice){0});
        }
        add_line(list, line, false);
    }
}

static size_t least_lines(const struct record_message *message, size_t shown_count) {
    if (shown_count == 0) {
        return message->cut ? SIZE_MAX : 0;
    }
    return shown_count - (!message->event.bdat && message->event.content.complete ? 1 : 0);
}

static void add_all(struct line_list *list, size_t shown_count) {
    const struct record_message *message = list->message;
    bool dot = !message->event.bdat && message->event.content.complete;
    list->least = least_lines(message, shown_count);
    add_header(list);
    if (slice_is_null(message->body)) {
        return;
    }
    // A message without an empty line has a header only.
    size_t lines = message->event.content.lines;
    if (shown_count > 0 && list->least < lines) {
        lines = list->least;
    }
    if (message->body.len > 0 || lines > list->count) {
        add_line(list, is_odd_dot(list, 1) ? SLICE(".") : SLICE(""), false);
    }
    add_body(list);
    // A message that was cut off may end in a dot that is not known to be the last.
    if (shown_count > 0 ? !message->event.bdat && list->count + 1 == shown_count : dot) {
        add_line(list, SLICE("."), false);
    }
}

// What --max-line did to the lines.
static void cut_lines(struct line_list *list) {
    for (size_t i = 0; i < list->message->cut_line_count; i++) {
        const struct record_cut_line *cut = &list->message->cut_lines[i];
        if (cut->number > 0 && cut->number <= list->count) {
            struct event_line *line = &list->lines[cut->number - 1].line;
            line->text = slice_sub(line->text, 0, cut->shown);
            line->len = cut->len;
        }
    }
}

struct event_text *reader_message_lines(size_t *out_count, struct arena *arena,
                                        const struct record_message *message, size_t shown_count) {
    struct line_list list = {.message = message, .arena = arena};
    add_all(&list, shown_count);
    cut_lines(&list);
    *out_count = list.count;
    return list.lines;
}
