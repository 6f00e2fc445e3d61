// SPDX-License-Identifier: MIT
#include "message/parts.h"

#include "base/array.h"
#include "base/limits.h"
#include "base/lines.h"
#include "base/memory.h"
#include "base/text.h"
#include "message/header.h"
#include "message/mime.h"
#include "message/mime_parameter.h"
#include "message/transfer_decode.h"

#include <stdlib.h>
#include <string.h>

// Where the reading is.
struct part_reading {
    struct message_parts *parts;
    struct slice message;
    struct mime_level levels[LIMIT_MIME_DEPTH];
    size_t depth;
    struct header header;
    bool in_header;
    bool in_part; // else in what is before the first part of a multipart, or after the last
    struct message_part part; // what its header says so far
    struct content_type content_type;
    bool has_type;
    size_t start; // of the part's text
};

// ── what a header says ──────────────────────────────────────────────────────────────────────────

static bool is_token(struct slice s) {
    const struct slice others = SLICE("!#$&-^_.+"); // strchr would find a NUL too
    for (size_t i = 0; i < s.len; i++) {
        if (!text_is_alnum(s.data[i]) && slice_find_byte(others, s.data[i]) == SLICE_NONE) {
            return false;
        }
    }
    return s.len > 0 && s.len <= LIMIT_MIME_TOKEN;
}

static char *lower_case(struct slice s) {
    char *text = mem_string_of(s);
    for (size_t i = 0; i < s.len; i++) {
        text[i] = (char)text_lower((uint8_t)text[i]);
    }
    return text;
}

static char *parameter_of(struct slice field, const char *name) {
    struct buf value;
    buf_init(&value, 4 * LIMIT_MIME_NAME);
    char *text = NULL;
    if (mime_parameter(&value, field, name) && buf_len(&value) > 0) {
        text = mem_string_of(buf_slice(&value));
    }
    buf_cleanup(&value);
    return text;
}

static void take_type(struct part_reading *reading, struct slice field) {
    struct message_part *part = &reading->part;
    struct slice type = mime_main_value(field);
    struct slice subtype = type;
    struct slice main_type = slice_split(&subtype, '/');
    content_type_parse(&reading->content_type, field);
    reading->has_type = true;
    part->type = is_token(main_type) && is_token(subtype) ? lower_case(type)
                                                          : mem_string("application/octet-stream");
    part->charset = parameter_of(field, "charset");
    if (part->charset != NULL && !is_token(slice_of_string(part->charset))) {
        free(part->charset);
        part->charset = NULL;
    }
    part->name = part->name != NULL ? part->name : parameter_of(field, "name");
}

static void take_disposition(struct message_part *part, struct slice field) {
    struct slice disposition = mime_main_value(field);
    char *name = parameter_of(field, "filename");
    if (part->disposition == NULL && is_token(disposition)) {
        part->disposition = lower_case(disposition);
    }
    if (name != NULL) { // it says more than Content-Type's
        free(part->name);
        part->name = name;
    }
}

static void take_cid(struct message_part *part, struct slice field) {
    struct slice cid = slice_trim(field);
    bool bracketed = cid.len > 2 && cid.data[0] == '<' && cid.data[cid.len - 1] == '>';
    if (part->cid == NULL && cid.len > 0) {
        part->cid = mem_string_of(bracketed ? slice_sub(cid, 1, cid.len - 2) : cid);
    }
}

static void take_field(void *context, struct slice name, struct slice raw, bool cut) {
    struct part_reading *reading = context;
    (void)cut;
    if (slice_is_nocase(name, "Content-Type") && !reading->has_type) {
        take_type(reading, raw);
    } else if (slice_is_nocase(name, "Content-Transfer-Encoding")) {
        reading->part.encoding = transfer_encoding_parse(raw);
    } else if (slice_is_nocase(name, "Content-Disposition")) {
        take_disposition(&reading->part, raw);
    } else if (slice_is_nocase(name, "Content-ID")) {
        take_cid(&reading->part, raw);
    }
}

// ── parts ───────────────────────────────────────────────────────────────────────────────────────

static void part_cleanup(struct message_part *part) {
    free(part->type);
    free(part->charset);
    free(part->name);
    free(part->cid);
    free(part->disposition);
    *part = (struct message_part){0};
}

static void begin_header(struct part_reading *reading) {
    header_begin(&reading->header);
    reading->in_header = true;
    reading->has_type = false;
    reading->content_type = (struct content_type){.multipart = false};
}

static bool open_level(struct part_reading *reading) {
    const struct content_type *type = &reading->content_type;
    if (!type->multipart || type->boundary_len == 0 || reading->depth == LIMIT_MIME_DEPTH) {
        return false;
    }
    struct mime_level *level = &reading->levels[reading->depth++];
    level->len = type->boundary_len;
    memcpy(level->boundary, type->boundary, type->boundary_len);
    return true;
}

static void end_header(struct part_reading *reading, size_t body) {
    struct header_sink sink = {.field = take_field, .context = reading};
    header_end(&reading->header, &sink);
    reading->in_header = false;
    reading->in_part = !open_level(reading);
    reading->start = body;
    if (!reading->in_part) {
        part_cleanup(&reading->part);
    }
}

// The line end in front of a boundary belongs to it (RFC 2046 5.1.1).
static size_t before_boundary(const struct part_reading *reading, size_t line) {
    const uint8_t *data = reading->message.data;
    line -= line > reading->start && data[line - 1] == '\n' ? 1 : 0;
    line -= line > reading->start && data[line - 1] == '\r' ? 1 : 0;
    return line;
}

static void end_part(struct part_reading *reading, size_t end) {
    struct message_parts *parts = reading->parts;
    if (!reading->in_part) {
        return;
    }
    reading->in_part = false;
    if (parts->count == LIMIT_MESSAGE_PARTS) {
        parts->cut = true;
        part_cleanup(&reading->part);
        return;
    }
    struct message_part *part = &reading->part;
    part->type = part->type != NULL ? part->type : mem_string("text/plain");
    part->text = slice_sub(reading->message, reading->start, end - reading->start);
    parts->parts = array_grown(parts->parts, parts->count, &parts->room, sizeof(*part));
    parts->parts[parts->count++] = *part;
    *part = (struct message_part){0};
}

// ── lines ───────────────────────────────────────────────────────────────────────────────────────

// The level whose boundary the line is; SLICE_NONE for none.
static size_t boundary_level(const struct part_reading *reading, struct slice line,
                             bool *out_closes) {
    if (!slice_starts_with(line, SLICE("--"))) {
        return SLICE_NONE;
    }
    for (size_t level = reading->depth; level-- > 0;) {
        const struct mime_level *open = &reading->levels[level];
        struct slice boundary = slice_of(open->boundary, open->len);
        struct slice rest = slice_from(line, 2);
        bool same = slice_starts_with(rest, boundary);
        rest = slice_trim(slice_from(rest, open->len));
        *out_closes = slice_is(rest, "--");
        if (same && (rest.len == 0 || *out_closes)) {
            return level;
        }
    }
    return SLICE_NONE;
}

static bool take_boundary(struct part_reading *reading, struct slice line, size_t at) {
    bool closes = false;
    size_t level = boundary_level(reading, line, &closes);
    if (level == SLICE_NONE) {
        return false;
    }
    if (reading->in_header) { // a part without the empty line
        end_header(reading, at);
    }
    end_part(reading, before_boundary(reading, at));
    reading->depth = closes ? level : level + 1;
    if (!closes) {
        begin_header(reading);
    }
    return true;
}

static void take_line(struct part_reading *reading, struct slice line, size_t at) {
    struct slice text = lines_text(line);
    struct header_sink sink = {.field = take_field, .context = reading};
    if (take_boundary(reading, text, at)) {
        return;
    }
    if (reading->in_header && header_line(&reading->header, text, text.len, &sink)) {
        end_header(reading, at + line.len);
    }
}

void message_parts_read(struct message_parts *out, struct slice message) {
    struct part_reading *reading = mem_new(sizeof(*reading));
    struct slice rest = message;
    *out = (struct message_parts){0};
    reading->parts = out;
    reading->message = message;
    begin_header(reading);
    while (rest.len > 0) {
        size_t at = message.len - rest.len;
        take_line(reading, lines_next(&rest), at);
    }
    if (reading->in_header) {
        end_header(reading, message.len);
    }
    end_part(reading, message.len);
    part_cleanup(&reading->part);
    header_cleanup(&reading->header);
    free(reading);
}

void message_parts_cleanup(struct message_parts *parts) {
    for (size_t i = 0; i < parts->count; i++) {
        part_cleanup(&parts->parts[i]);
    }
    free(parts->parts);
    *parts = (struct message_parts){0};
}

void message_part_put(struct buf *out, const struct message_part *part) {
    transfer_decode(out, part->encoding, part->text);
}
