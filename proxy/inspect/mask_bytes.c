// SPDX-License-Identifier: MIT
#include "inspect/mask_part.h"

#include <string.h>

enum {
    WAITING_LINE_MAX = 64 * 1024,    // of a line that waits for its end
    WAITING_MAX = 4 * 1024 * 1024,   // that, and one event behind it
    SEEN_MAX = 2 * WAITING_MAX + 64, // a secret has at least four bytes, its stars are eight
    RUN_MAX = 16 * 1024,             // of one SASL line that is learnt
};

void mask_stream_init(struct mask_stream *stream) {
    *stream = (struct mask_stream){0};
    buf_init(&stream->waiting, WAITING_MAX);
}

void mask_stream_cleanup(struct mask_stream *stream) {
    buf_wipe(&stream->waiting);
}

void mask_run_init(struct mask_run *run) {
    *run = (struct mask_run){0};
    buf_init(&run->bytes, RUN_MAX);
}

void mask_run_cleanup(struct mask_run *run) {
    buf_wipe(&run->bytes);
}

// ── runs of marked bytes ────────────────────────────────────────────────────────────────────────

bool mask_run_next(struct mask_run *run, const struct event_bytes *bytes, size_t *index) {
    if (*index == 0 && !bytes->secret_goes_on && buf_len(&run->bytes) > 0 && !run->closed) {
        run->closed = true; // it ended with the data of the event before
        return true;
    }
    while (*index < bytes->secret_count) {
        struct span span = bytes->secrets[*index];
        if (*index > 0 || !bytes->secret_goes_on) {
            buf_wipe(&run->bytes);
            run->open = false;
        }
        run->closed = false;
        struct slice marked = slice_sub(bytes->data, span.offset, span.len);
        run->open = buf_append_some(&run->bytes, marked) < marked.len || run->open;
        ++*index;
        if (span.offset + span.len < bytes->data.len) {
            run->closed = true;
            return true;
        }
    }
    return false;
}

// ── streams ─────────────────────────────────────────────────────────────────────────────────────

// Too much is secret to be searched for: of a line its reply code is left, or its known verb.
static size_t shown_of_line(struct slice line) {
    if (line.len >= 4 && line.data[0] >= '2' && line.data[0] <= '5') {
        return 4;
    }
    struct slice rest = line;
    struct slice word = slice_split(&rest, ' ');
    return verb_find(word) == VERB_UNKNOWN ? 0 : word.len;
}

static void put_line(struct buf *out, struct veil *veil, struct slice line, bool cut) {
    veil->cover.count = 0;
    if (!veil->taint->overflowed) {
        cover_find(&veil->cover, veil->taint, line, NULL, cut);
    } else if (shown_of_line(line) < line.len) {
        cover_add(&veil->cover, shown_of_line(line), line.len);
    }
    cover_put(out, &veil->cover, line);
}

static void put_lines(struct buf *out, struct veil *veil, struct slice data) {
    while (data.len > 0) {
        size_t lf = slice_find_byte(data, '\n');
        struct slice line = slice_sub(data, 0, lf);
        struct slice ending = lf == SLICE_NONE ? SLICE("") : SLICE("\n");
        if (ending.len > 0 && line.len > 0 && line.data[line.len - 1] == '\r') {
            line.len--;
            ending = SLICE("\r\n");
        }
        put_line(out, veil, line, lf == SLICE_NONE);
        buf_put(out, ending);
        data = slice_from(data, line.len + ending.len);
    }
}

// Sends the first `len` bytes that wait, with what is known to be secret in them hidden.
static void send_waiting(struct mask_stream *stream, size_t len, struct veil *veil,
                         const struct event *event, const struct event_sink *sink) {
    struct slice data = slice_sub(buf_slice(&stream->waiting), 0, len);
    if (data.len == 0) {
        return;
    }
    struct event copy = *event;
    struct buf out;
    buf_init(&out, SEEN_MAX);
    put_lines(&out, veil, data);
    copy.kind = EVENT_BYTES;
    copy.bytes = stream->about;
    copy.bytes.data = buf_slice(&out);
    event_send(sink, &copy);
    buf_cleanup(&out);
    buf_consume(&stream->waiting, data.len);
}

void mask_stream_flush(struct mask_stream *stream, struct veil *veil, const struct event *event,
                       const struct event_sink *sink) {
    send_waiting(stream, buf_len(&stream->waiting), veil, event, sink);
    stream->skipping = false;
}

// Stars for each marked span, but for one that an earlier event began.
static void put_unmarked(struct buf *out, const struct event_bytes *bytes) {
    size_t shown = 0;
    if (bytes->secret_goes_on && bytes->secret_count == 0) {
        return;
    }
    for (size_t i = 0; i < bytes->secret_count; i++) {
        struct span span = bytes->secrets[i];
        if (span.offset > shown) {
            buf_put(out, slice_sub(bytes->data, shown, span.offset - shown));
        }
        if (i > 0 || !bytes->secret_goes_on) {
            buf_put(out, veil_stars());
        }
        shown = span.offset + span.len;
    }
    buf_put(out, slice_from(bytes->data, shown));
}

static bool same_flags(const struct event_bytes *a, const struct event_bytes *b) {
    return a->starttls == b->starttls && a->by_proxy == b->by_proxy && a->aside == b->aside;
}

// What goes on in a line that was too long to wait is shown as one more row of stars, which stands
// there already.
static void skip_line(struct mask_stream *stream) {
    struct slice data = buf_slice(&stream->waiting);
    size_t end = slice_find_byte(data, '\n');
    if (!stream->skipping) {
        return;
    }
    stream->skipping = end == SLICE_NONE;
    if (end == SLICE_NONE) {
        end = data.len;
    } else if (end > 0 && data.data[end - 1] == '\r') {
        end--;
    }
    buf_consume(&stream->waiting, end);
}

static size_t whole_lines(struct slice data) {
    while (data.len > 0 && data.data[data.len - 1] != '\n') {
        data.len--;
    }
    return data.len;
}

void mask_stream_take(struct mask_stream *stream, struct veil *veil, const struct event *event,
                      const struct event_sink *sink) {
    const struct event_bytes *bytes = &event->bytes;
    if (!same_flags(&stream->about, bytes)) {
        mask_stream_flush(stream, veil, event, sink);
    }
    stream->about = *bytes;
    stream->about.secret_count = 0;
    stream->about.secret_goes_on = false;
    put_unmarked(&stream->waiting, bytes);
    if (!taint_is_active(veil->taint)) {
        mask_stream_flush(stream, veil, event, sink);
        return;
    }
    skip_line(stream);
    send_waiting(stream, whole_lines(buf_slice(&stream->waiting)), veil, event, sink);
    if (buf_len(&stream->waiting) > WAITING_LINE_MAX) {
        send_waiting(stream, buf_len(&stream->waiting), veil, event, sink);
        buf_put(&stream->waiting, veil_stars());
        send_waiting(stream, buf_len(&stream->waiting), veil, event, sink);
        stream->skipping = true;
    }
}
