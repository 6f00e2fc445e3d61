// SPDX-License-Identifier: MIT
#include "inspect/mask_bytes.h"

#include "base/limits.h"
#include "base/lines.h"
#include "base/memory.h"
#include "event/reply_line.h"
#include "inspect/folded_secret.h"

#include <stdlib.h>
#include <string.h>

struct mask_stream *mask_stream_new(void) {
    struct mask_stream *stream = mem_new(sizeof(*stream));
    buf_init(&stream->waiting, LIMIT_MASK_WAITING);
    return stream;
}

void mask_stream_free(struct mask_stream *stream) {
    if (stream != NULL) {
        buf_wipe(&stream->waiting);
        free(stream);
    }
}

void mask_run_init(struct mask_run *run) {
    *run = (struct mask_run){0};
    buf_init(&run->bytes, LIMIT_MASK_RUN);
}

void mask_run_cleanup(struct mask_run *run) {
    buf_wipe(&run->bytes);
}

void mask_run_forget(struct mask_run *run) {
    if (run->closed) {
        buf_wipe(&run->bytes);
    }
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
            run->looks = 0;
            run->looked_len = 0;
        }
        run->closed = false;
        struct slice marked = slice_sub(bytes->data, span.offset, span.len);
        while (buf_len(&run->bytes) == 0 && marked.len > 0 && marked.data[0] <= ' ') {
            marked = slice_from(marked, 1); // blanks in front of a response, however many
        }
        run->open = buf_append_some(&run->bytes, marked) < marked.len || run->open;
        ++*index;
        if (span.offset + span.len < bytes->data.len) {
            run->closed = true;
            return true;
        }
    }
    return false;
}

enum run_look mask_run_look(struct mask_run *run) {
    size_t len = buf_len(&run->bytes);
    if (run->closed || len == run->looked_len) {
        return RUN_KNOWN;
    }
    run->looked_len = len;
    run->looks++;
    return run->open || run->looks > LIMIT_MASK_LOOKS ? RUN_TOO_MUCH : RUN_GREW;
}

// ── streams ─────────────────────────────────────────────────────────────────────────────────────

// What cannot be searched: of a reply its code is left, of a command its known verb.
static size_t shown_of_line(enum side from, struct slice line) {
    if (from == SIDE_SERVER) {
        struct reply_line parsed;
        reply_line_parse(&parsed, line);
        return parsed.malformed ? 0 : line.len - parsed.text.len;
    }
    struct slice word = slice_split(&line, ' ');
    return verb_find(word) == VERB_UNKNOWN ? 0 : word.len;
}

static void put_concealed(struct buf *out, struct text_rewriter *rewriter, enum side from,
                          struct slice data) {
    while (data.len > 0) {
        struct slice line = lines_next(&data);
        struct slice text = lines_text(line);
        size_t shown = shown_of_line(from, text);
        rewriter->redaction.count = 0;
        if (shown < text.len) {
            redaction_add(&rewriter->redaction, shown, text.len);
        }
        redaction_put(out, &rewriter->redaction, text);
        buf_put(out, slice_from(line, text.len));
    }
}

static size_t count_lines(struct slice data) {
    size_t count = 0;
    while (data.len > 0) {
        lines_next(&data);
        count++;
    }
    return count;
}

static void put_searched(struct buf *out, struct text_rewriter *rewriter, enum side from,
                         struct slice data) {
    size_t count = count_lines(data);
    struct folded_line *lines = mem_new_array(count, sizeof(*lines));
    struct slice rest = data;
    for (size_t i = 0; i < count; i++) {
        lines[i].text = lines_text(lines_next(&rest));
    }
    if (from == SIDE_SERVER) {
        folded_secret_find(rewriter->secrets_known, lines, count);
    }
    for (size_t i = 0; i < count; i++) {
        struct slice line = lines_next(&data);
        struct secret_search search = {.secrets_known = rewriter->secrets_known,
                                       .text = lines[i].text,
                                       .cut = !lines_ended(line)};
        redaction_find(&rewriter->redaction, &search, lines[i].marks, lines[i].mark_count);
        redaction_put(out, &rewriter->redaction, lines[i].text);
        buf_put(out, slice_from(line, lines[i].text.len));
    }
    free(lines);
}

// Sends the first `len` bytes that wait, with what is known to be secret in them hidden.
static void send_waiting(struct mask_stream *stream, size_t len, struct text_rewriter *rewriter,
                         const struct event *event, const struct event_sink *sink) {
    struct slice data = slice_sub(buf_slice(&stream->waiting), 0, len);
    if (data.len == 0) {
        return;
    }
    struct event copy = *event;
    struct buf out;
    buf_init(&out, LIMIT_MASK_SEEN);
    if (rewriter->secrets_known->overflowed || stream->concealing) {
        put_concealed(&out, rewriter, stream->about.from, data);
    } else {
        put_searched(&out, rewriter, stream->about.from, data);
    }
    copy.kind = EVENT_BYTES;
    copy.bytes = stream->about;
    copy.bytes.data = buf_slice(&out);
    event_send(sink, &copy);
    buf_cleanup(&out);
    buf_consume_wiped(&stream->waiting, data.len);
    stream->looked_at -= data.len < stream->looked_at ? data.len : stream->looked_at;
    stream->whole -= data.len < stream->whole ? data.len : stream->whole;
}

void mask_stream_flush(struct mask_stream *stream, struct text_rewriter *rewriter,
                       const struct event *event, const struct event_sink *sink) {
    if (stream == NULL) {
        return;
    }
    send_waiting(stream, buf_len(&stream->waiting), rewriter, event, sink);
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
            buf_put(out, text_rewriter_stars());
        }
        shown = span.offset + span.len;
    }
    buf_put(out, slice_from(bytes->data, shown));
}

static bool same_flags(const struct event_bytes *a, const struct event_bytes *b) {
    return a->starttls == b->starttls && a->by_proxy == b->by_proxy && a->aside == b->aside;
}

// What goes on in a line that was too long to wait is shown as one more row of stars, which is
// there already.
static void skip_line(struct mask_stream *stream) {
    struct slice rest = buf_slice(&stream->waiting);
    if (!stream->skipping) {
        return;
    }
    struct slice line = lines_next(&rest);
    stream->skipping = !lines_ended(line);
    buf_consume(&stream->waiting, lines_text(line).len);
    stream->looked_at = 0;
    stream->whole = 0;
}

// A line of the server that is not the last of its reply.
static bool goes_on(struct slice line) {
    struct reply_line parsed;
    reply_line_parse(&parsed, lines_text(line));
    return parsed.goes_on;
}

// How much of what waits has come whole: lines, of the server whole replies. Each line is looked at
// once, however often more comes after it.
static size_t whole_lines(struct mask_stream *stream) {
    struct slice rest = slice_from(buf_slice(&stream->waiting), stream->looked_at);
    struct slice line = lines_next(&rest);
    for (; lines_ended(line); line = lines_next(&rest)) {
        stream->looked_at += line.len;
        if (stream->about.from == SIDE_CLIENT || !goes_on(line)) {
            stream->whole = stream->looked_at;
        }
    }
    return stream->whole;
}

void mask_stream_take(struct mask_stream *stream, struct text_rewriter *rewriter,
                      const struct event *event, const struct event_sink *sink) {
    const struct event_bytes *bytes = &event->bytes;
    if (!same_flags(&stream->about, bytes)) {
        mask_stream_flush(stream, rewriter, event, sink);
    }
    stream->about = *bytes;
    stream->about.secret_count = 0;
    stream->about.secret_goes_on = false;
    put_unmarked(&stream->waiting, bytes);
    if (!secret_set_is_active(rewriter->secrets_known)) {
        mask_stream_flush(stream, rewriter, event, sink);
        return;
    }
    skip_line(stream);
    if (slice_find_byte(bytes->data, '\n') != SLICE_NONE) {
        size_t whole = whole_lines(stream);
        send_waiting(stream, whole, rewriter, event, sink);
        stream->concealing = stream->concealing && whole == 0;
    }
    // A reply that is too long to wait goes line by line, and a secret may go over its lines.
    if (buf_len(&stream->waiting) > LIMIT_MASK_LINE) {
        size_t whole = stream->looked_at;
        stream->concealing = stream->concealing || (bytes->from == SIDE_SERVER && whole > 0);
        send_waiting(stream, whole, rewriter, event, sink);
    }
    if (buf_len(&stream->waiting) > LIMIT_MASK_LINE) {
        send_waiting(stream, buf_len(&stream->waiting), rewriter, event, sink);
        buf_put(&stream->waiting, text_rewriter_stars());
        send_waiting(stream, buf_len(&stream->waiting), rewriter, event, sink);
        stream->skipping = true;
    }
}
