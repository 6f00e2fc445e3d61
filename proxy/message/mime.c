// SPDX-License-Identifier: MIT
#include "message/mime.h"

#include "base/limits.h"

void mime_begin(struct mime *mime, struct mime_sink sink) {
    mime_cleanup(mime);
    *mime = (struct mime){.sink = sink};
}

void mime_cleanup(struct mime *mime) {
    header_cleanup(&mime->header);
}

static void report(struct mime *mime, enum event_flaw_kind kind, struct slice detail) {
    mime->sink.flaw(mime->sink.context, kind, detail);
}

// ── what a header says ──────────────────────────────────────────────────────────────────────────

static void forget_header(struct mime *mime) {
    mime->has_type = false;
    mime->type = (struct content_type){.multipart = false};
    mime->encoding = TRANSFER_PLAIN;
}

void mime_field(struct mime *mime, struct slice name, struct slice value) {
    if (slice_is_nocase(name, "Content-Type") && !mime->has_type) {
        mime->has_type = true;
        content_type_parse(&mime->type, value);
    } else if (slice_is_nocase(name, "Content-Transfer-Encoding")) {
        mime->encoding = transfer_encoding_parse(value);
    } else if (slice_is_nocase(name, "MIME-Version")) {
        mime->has_version = true;
    }
}

static void open_level(struct mime *mime) {
    if (!mime->type.has_boundary && !mime->type.boundary_unreadable) {
        report(mime, FLAW_MIME_NO_BOUNDARY, slice_of_string(mime->type.name));
    }
    if (mime->type.boundary_len == 0 || mime->depth == LIMIT_MIME_DEPTH) {
        return;
    }
    struct mime_level *level = &mime->levels[mime->depth++];
    level->len = mime->type.boundary_len;
    for (size_t i = 0; i <= level->len; i++) {
        level->boundary[i] = mime->type.boundary[i];
    }
}

// A part begins: a multipart opens its boundary, anything else is judged by its encoding. The parts
// of a multipart that could not be read are text like any other.
static void begin_body(struct mime *mime) {
    mime_transfer_begin(&mime->transfer, mime->type.multipart ? TRANSFER_PLAIN : mime->encoding);
    if (mime->type.multipart) {
        open_level(mime);
    }
    forget_header(mime);
}

void mime_header_end(struct mime *mime) {
    if (mime->has_type && !mime->has_version) {
        report(mime, FLAW_MIME_NO_VERSION, (struct slice){NULL, 0});
    }
    begin_body(mime);
}

static void take_part_field(void *context, struct slice name, struct slice raw, bool cut) {
    (void)cut;
    mime_field(context, name, raw);
}

static struct header_sink part_sink(struct mime *mime) {
    return (struct header_sink){.field = take_part_field, .context = mime};
}

static void end_part_header(struct mime *mime) {
    struct header_sink sink = part_sink(mime);
    header_end(&mime->header, &sink);
    mime->in_header = false;
    begin_body(mime);
}

// ── boundaries ──────────────────────────────────────────────────────────────────────────────────

static struct slice boundary_of(const struct mime_level *level) {
    return slice_of(level->boundary, level->len);
}

// `--boundary` or `--boundary--`, white space after it allowed (RFC 2046 5.1.1).
static bool is_boundary(const struct mime_level *level, struct slice line, bool *out_closes) {
    struct slice rest = slice_from(line, 2);
    if (!slice_starts_with(line, SLICE("--")) || !slice_starts_with(rest, boundary_of(level))) {
        return false;
    }
    rest = slice_trim(slice_from(rest, level->len));
    *out_closes = slice_is(rest, "--");
    return rest.len == 0 || *out_closes;
}

static void end_part(struct mime *mime) {
    if (mime->in_header) {
        end_part_header(mime);
    }
    enum transfer_encoding encoding = mime->transfer.encoding;
    if (!mime_transfer_end(&mime->transfer)) {
        report(mime, encoding == TRANSFER_BASE64 ? FLAW_MIME_BASE64 : FLAW_MIME_QUOTED_PRINTABLE,
               mime_transfer_wrong(&mime->transfer));
    }
    mime_transfer_begin(&mime->transfer, TRANSFER_PLAIN);
}

// Closes all levels from `level` on; those within it were never closed by the client.
static void drop_levels(struct mime *mime, size_t level) {
    while (mime->depth > level) {
        mime->depth--;
        report(mime, FLAW_MIME_UNCLOSED, boundary_of(&mime->levels[mime->depth]));
    }
}

static bool take_boundary(struct mime *mime, struct slice line) {
    for (size_t level = mime->depth; level-- > 0;) {
        bool closes = false;
        if (!is_boundary(&mime->levels[level], line, &closes)) {
            continue;
        }
        end_part(mime);
        drop_levels(mime, level + 1);
        if (closes) {
            mime->depth--;
        } else {
            mime->in_header = true;
            forget_header(mime);
            header_begin(&mime->header);
        }
        return true;
    }
    return false;
}

// ── the body ────────────────────────────────────────────────────────────────────────────────────

bool mime_wants_line(const struct mime *mime, struct slice start) {
    return mime->in_header ||
           (mime->depth > 0 && slice_starts_with(SLICE("--"), slice_sub(start, 0, 2)));
}

void mime_line(struct mime *mime, struct slice line, size_t len) {
    if (line.len == len && take_boundary(mime, line)) {
        return;
    }
    if (!mime->in_header) {
        mime_text(mime, line);
        mime_text(mime, SLICE("\n"));
        return;
    }
    struct header_sink sink = part_sink(mime);
    if (header_line(&mime->header, line, len, &sink)) {
        end_part_header(mime);
    }
}

void mime_text(struct mime *mime, struct slice bytes) {
    mime_transfer_feed(&mime->transfer, bytes);
}

bool mime_is_idle(const struct mime *mime) {
    return mime->depth == 0 && !mime->in_header && mime->transfer.encoding == TRANSFER_PLAIN;
}

void mime_end(struct mime *mime) {
    end_part(mime);
    drop_levels(mime, 0);
}
