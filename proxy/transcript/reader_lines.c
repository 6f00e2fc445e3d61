// SPDX-License-Identifier: MIT
// reader_lines: the lines of a message as they were sent, from its object: header fields, or the
// header's own text where that is kept; the empty line; the body with its dots doubled; the final
// dot. The way back of message_json.
#include "transcript/reader_parts.h"

#include <string.h>

struct line_list {
    const struct decoder *decoder;
    struct event_text *lines; // NULL while they are only counted
    size_t count;
    size_t least; // lines that there were, the final dot not counted; 0 where that is not known
    int message;
};

static void add_line(struct line_list *list, struct slice text, bool header) {
    if (list->lines != NULL) {
        list->lines[list->count] =
            (struct event_text){.message = list->message,
                                .line = {.text = text, .len = text.len, .ending = ENDING_CRLF},
                                .header = header};
    }
    list->count++;
}

// Takes the next line off the front of `*rest`, without its end, and says whether that was CRLF.
static struct slice take_line_of(struct slice *rest, bool *out_crlf) {
    size_t end = slice_find_byte(*rest, '\n');
    struct slice line = slice_sub(*rest, 0, end == SLICE_NONE ? rest->len : end);
    *rest = slice_from(*rest, end == SLICE_NONE ? rest->len : end + 1);
    *out_crlf = end != SLICE_NONE && line.len > 0 && line.data[line.len - 1] == '\r';
    line.len -= *out_crlf ? 1 : 0;
    return line;
}

static struct slice take_line(struct slice *rest) {
    bool crlf = false;
    return take_line_of(rest, &crlf);
}

static struct slice joined(const struct line_list *list, struct slice a, struct slice b,
                           struct slice c) {
    const struct slice parts[] = {a, b, c};
    size_t len = 0;
    uint8_t *copy = arena_new(list->decoder->arena, a.len + b.len + c.len + 1, 1);
    for (size_t i = 0; i < 3; i++) {
        if (parts[i].len > 0) {
            memcpy(copy + len, parts[i].data, parts[i].len);
            len += parts[i].len;
        }
    }
    return slice_of(copy, len);
}

// ── header ──────────────────────────────────────────────────────────────────────────────────────

static void add_field(struct line_list *list, const cJSON *field) {
    bool changed = json_get(field, "raw") != NULL;
    struct slice name = decode_text(list->decoder, field, "name", "name_base64");
    struct slice value = decode_text(list->decoder, field, changed ? "raw" : "value",
                                     changed ? "raw_base64" : "value_base64");
    struct slice first = take_line(&value);
    add_line(list, list->lines == NULL ? first : joined(list, name, SLICE(": "), first), true);
    while (value.len > 0) {
        add_line(list, take_line(&value), true);
    }
}

static void add_header(struct line_list *list, const cJSON *message) {
    const cJSON *field = NULL;
    struct slice text = decode_text(list->decoder, message, "header_text", "header_text_base64");
    if (slice_is_null(text)) {
        cJSON_ArrayForEach(field, json_get(message, "header")) {
            add_field(list, field);
        }
        return;
    }
    while (text.len > 0) {
        add_line(list, take_line(&text), true);
    }
}

// ── body ────────────────────────────────────────────────────────────────────────────────────────

// The numbers come in ascending order.
static bool is_odd_dot(const cJSON **next, size_t number) {
    if (*next == NULL || (*next)->valuedouble != (double)number) {
        return false;
    }
    *next = (*next)->next;
    return true;
}

static void add_body(struct line_list *list, struct slice body, const cJSON *next, bool bdat) {
    size_t number = 1; // the empty line
    bool behind_crlf = true;
    while (body.len > 0) {
        bool crlf = false;
        bool ends = slice_find_byte(body, '\n') != SLICE_NONE;
        struct slice line = take_line_of(&body, &crlf);
        if (!ends && list->count + 1 < list->least) {
            return; // the body was cut within this line
        }
        bool doubled = !bdat && behind_crlf && line.len > 0 && line.data[0] == '.';
        number++;
        // What is odd is the other way round.
        if (is_odd_dot(&next, number) != doubled && list->lines != NULL) {
            line = joined(list, SLICE("."), line, (struct slice){0});
        }
        add_line(list, line, false);
        behind_crlf = crlf;
    }
}

static void add_all(struct line_list *list, const cJSON *message, size_t told_count) {
    struct slice body = decode_text(list->decoder, message, "body", "body_base64");
    bool bdat = slice_is(slice_of_string(json_get_string(message, "via")), "BDAT");
    bool cut = json_get_bool(message, "cut");
    bool dot = !bdat && json_get_bool(message, "complete");
    const cJSON *odd_dots = json_get(message, "odd_dots");
    const cJSON *odd = odd_dots == NULL ? NULL : odd_dots->child;
    list->least = told_count > 0 ? told_count - (dot ? 1 : 0) : cut ? SIZE_MAX : 0;
    add_header(list, message);
    if (slice_is_null(body)) {
        return;
    }
    // A message without an empty line has a header only.
    size_t lines = json_get_uint(message, "lines");
    if (told_count > 0 && list->least < lines) {
        lines = list->least;
    }
    if (body.len > 0 || lines > list->count) {
        add_line(list, is_odd_dot(&odd, 1) ? SLICE(".") : SLICE(""), false);
    }
    add_body(list, body, odd, bdat);
    // A message that was cut off may end in a dot that is not known to be the last.
    if (told_count > 0 ? !bdat && list->count + 1 == told_count : dot) {
        add_line(list, SLICE("."), false);
    }
}

static uint64_t number_at(const cJSON *array, int place) {
    const cJSON *number = cJSON_GetArrayItem(array, place);
    bool sane = cJSON_IsNumber(number) && number->valuedouble >= 0 && number->valuedouble < 0x1p53;
    return sane ? (uint64_t)number->valuedouble : 0;
}

// What --max-line did to the lines.
static void cut_lines(struct line_list *list, const cJSON *message) {
    const cJSON *cut = NULL;
    cJSON_ArrayForEach(cut, json_get(message, "cut_lines")) {
        uint64_t number = number_at(cut, 0);
        if (number > 0 && number <= list->count) {
            struct event_line *line = &list->lines[number - 1].line;
            line->text = slice_sub(line->text, 0, (size_t)number_at(cut, 2));
            line->len = (size_t)number_at(cut, 1);
        }
    }
}

const struct event_text *reader_message_lines(size_t *out_count, const struct decoder *decoder,
                                              const cJSON *message, size_t told_count) {
    struct line_list list = {.decoder = decoder, .message = (int)json_get_uint(message, "n")};
    add_all(&list, message, told_count);
    list.lines = arena_new(decoder->arena, list.count + 1, sizeof(*list.lines));
    list.count = 0;
    add_all(&list, message, told_count);
    cut_lines(&list, message);
    *out_count = list.count;
    return list.lines;
}
