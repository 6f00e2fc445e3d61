// SPDX-License-Identifier: MIT
// field_lines: the kinds of fields that are more than one member, or an object of their own: lines
// as they were sent, and the parameters of MAIL and RCPT.
#include "base/limits.h"
#include "base/text.h"
#include "transcript/field_parts.h"

#include <string.h>

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

void field_write_line(struct json_writer *json, const struct record_line *line) {
    if (!json_member_text(json, "line", line->text) || line->was_no_utf8) {
        json_member_exact(json, "line", line->text);
    }
    if (line->len > 0) {
        json_member_bool(json, "cut", true);
        json_member_uint(json, "line_bytes", line->len);
    }
}

static bool json_holds(struct slice text) {
    return slice_find_byte(text, '\0') == SLICE_NONE && text_is_utf8(text);
}

// Writes the bytes of those lines that the document cannot show, or could not before the mask
// rewrote them.
static void write_lines_base64(struct json_writer *json, const struct record_line *lines,
                               size_t count) {
    json_key(json, "lines_base64");
    json_open(json, '[');
    for (size_t i = 0; i < count; i++) {
        if (lines[i].was_no_utf8 || !json_holds(lines[i].text)) {
            json_base64(json, lines[i].text);
        } else {
            json_null(json);
        }
    }
    json_close(json, ']');
}

static void write_lines_bytes(struct json_writer *json, const struct record_line *lines,
                              size_t count, size_t first) {
    json_member_bool(json, "cut", true);
    json_member_uint(json, "line_bytes", lines[first].len);
    json_key(json, "lines_bytes");
    json_open(json, '[');
    for (size_t i = 0; i < count; i++) {
        if (lines[i].len > 0) {
            json_uint(json, lines[i].len);
        } else {
            json_null(json);
        }
    }
    json_close(json, ']');
}

static void write_prefixes(struct json_writer *json, const struct record_line *lines,
                           size_t count) {
    json_key(json, "prefixes");
    json_open(json, '[');
    for (size_t i = 0; i < count; i++) {
        json_text(json, lines[i].prefix);
    }
    json_close(json, ']');
}

void field_write_lines(struct json_writer *json, const struct record_line *lines, size_t count) {
    bool odd = false;
    bool prefixed = false;
    size_t first_cut = count;
    json_key(json, "lines");
    json_open(json, '[');
    for (size_t i = 0; i < count; i++) {
        odd = !json_text(json, lines[i].text) || lines[i].was_no_utf8 || odd;
        prefixed = prefixed || !slice_is_null(lines[i].prefix);
        first_cut = first_cut == count && lines[i].len > 0 ? i : first_cut;
    }
    json_close(json, ']');
    if (odd) {
        write_lines_base64(json, lines, count);
    }
    if (first_cut < count) {
        write_lines_bytes(json, lines, count, first_cut);
    }
    if (prefixed) {
        write_prefixes(json, lines, count);
    }
}

// ── parameters ──────────────────────────────────────────────────────────────────────────────────

static struct slice upper_keyword(uint8_t out[LIMIT_KEYWORD], struct slice keyword) {
    keyword = slice_sub(keyword, 0, LIMIT_KEYWORD);
    for (size_t i = 0; i < keyword.len; i++) {
        out[i] = text_upper(keyword.data[i]);
    }
    return slice_of(out, keyword.len);
}

// A parameter given twice is a finding; an object can hold it once, and the first is what counts.
static bool is_repeated(const struct event_parameter *parameters, size_t i) {
    for (size_t k = 0; k < i; k++) {
        if (slice_equal_nocase(parameters[k].keyword, parameters[i].keyword)) {
            return true;
        }
    }
    return false;
}

void field_write_parameters(struct json_writer *json, const struct event_parameter *parameters,
                            size_t count) {
    json_open(json, '{');
    for (size_t i = 0; i < count; i++) {
        uint8_t upper[LIMIT_KEYWORD];
        if (is_repeated(parameters, i)) {
            continue;
        }
        json_text(json, upper_keyword(upper, parameters[i].keyword));
        buf_put_byte(json->out, ':');
        json->comma = false;
        if (slice_is_null(parameters[i].value)) {
            json_bool(json, true);
        } else {
            json_text(json, parameters[i].value);
        }
    }
    json_close(json, '}');
}
