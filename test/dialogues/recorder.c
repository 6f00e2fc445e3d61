// SPDX-License-Identifier: MIT
#include "recorder.h"

#include "base/memory.h"
#include "base/sentence.h"
#include "render.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 512 * 1024 * 1024, CONTENT_SHOWN = 2000 };

void recorder_init(struct recorder *recorder, struct record *record, const struct script *script) {
    *recorder = (struct recorder){.record = record, .script = script};
    for (int side = 0; side < 2; side++) {
        buf_init(&recorder->told[side], TEXT_MAX);
        buf_init(&recorder->masked[side], TEXT_MAX);
    }
    buf_init(&recorder->content, TEXT_MAX);
    buf_init(&recorder->run, TEXT_MAX);
}

void recorder_cleanup(struct recorder *recorder) {
    for (int side = 0; side < 2; side++) {
        buf_cleanup(&recorder->told[side]);
        buf_cleanup(&recorder->masked[side]);
    }
    buf_cleanup(&recorder->content);
    buf_cleanup(&recorder->run);
    free(recorder->offered);
}

static void add(struct script_lines *lines, struct buf *text) {
    buf_put_byte(text, 0);
    script_lines_add(lines, (const char *)buf_slice(text).data);
}

static void fault(struct recorder *recorder, const char *text, const char *detail) {
    if (recorder->record->fault[0] == '\0') {
        snprintf(recorder->record->fault, sizeof(recorder->record->fault), "%s: %.300s", text,
                 detail);
    }
}

// ── bytes ───────────────────────────────────────────────────────────────────────────────────────

static bool same_run(const struct event_bytes *a, const struct event_bytes *b) {
    return a->from == b->from && a->message_text == b->message_text && a->starttls == b->starttls &&
           a->by_proxy == b->by_proxy;
}

static void end_mark(struct recorder *recorder) {
    if (recorder->mark_open) {
        buf_put_string(&recorder->run, ">>");
        recorder->mark_open = false;
    }
}

static void end_run(struct recorder *recorder) {
    struct buf line;
    if (!recorder->run_open) {
        return;
    }
    end_mark(recorder);
    buf_init(&line, TEXT_MAX);
    buf_putf(&line, "%s%s \"", side_name(recorder->about.from),
             recorder->about.by_proxy ? "(proxy)" : "");
    render_abbreviated(&line, buf_slice(&recorder->run));
    buf_put_string(&line, "\"");
    buf_put_string(&line, recorder->about.message_text ? " text" : "");
    buf_put_string(&line, recorder->about.starttls ? " starttls" : "");
    add(&recorder->record->bytes, &line);
    buf_cleanup(&line);
    buf_clear(&recorder->run);
    recorder->run_open = false;
}

static void take_bytes(struct recorder *recorder, const struct event_bytes *bytes) {
    size_t shown = 0;
    if (!recorder->run_open || !same_run(&recorder->about, bytes)) {
        end_run(recorder);
        recorder->about = *bytes;
        recorder->run_open = true;
    }
    if (!bytes->secret_goes_on) {
        end_mark(recorder);
    }
    for (size_t i = 0; i < bytes->secret_count; i++) {
        struct span span = bytes->secrets[i];
        struct slice before = slice_sub(bytes->data, shown, span.offset - shown);
        if (!recorder->mark_open || span.offset > shown || i > 0) {
            end_mark(recorder);
            buf_put(&recorder->run, before);
            buf_put_string(&recorder->run, "<<");
        }
        buf_put(&recorder->masked[bytes->from], before);
        buf_put_string(&recorder->masked[bytes->from], "********");
        buf_put(&recorder->run, slice_sub(bytes->data, span.offset, span.len));
        recorder->mark_open = true;
        shown = span.offset + span.len;
    }
    struct slice rest = slice_from(bytes->data, shown);
    if (rest.len > 0) {
        end_mark(recorder);
        buf_put(&recorder->run, rest);
        buf_put(&recorder->masked[bytes->from], rest);
    }
    if (!bytes->by_proxy) {
        buf_put(&recorder->told[bytes->from], bytes->data);
    }
}

// ── events ──────────────────────────────────────────────────────────────────────────────────────

static void tell_content(struct recorder *recorder, int message) {
    struct buf line;
    struct slice content = buf_slice(&recorder->content);
    buf_init(&line, TEXT_MAX);
    buf_putf(&line, "content %d ", message);
    if (content.len <= CONTENT_SHOWN) {
        buf_put_byte(&line, '"');
        render_abbreviated(&line, content);
        buf_put_byte(&line, '"');
    } else {
        buf_putf(&line, "(%zu bytes)", content.len);
    }
    add(&recorder->record->events, &line);
    buf_cleanup(&line);
    buf_clear(&recorder->content);
}

// What stands between << and >> is marked; an identity is for the mask to hide.
static void check_secrets(struct recorder *recorder, const char *line) {
    char *open = mem_string(line);
    for (char *at = strstr(open, "<<"); at != NULL; at = strstr(at, "<<")) {
        char *end = strstr(at, ">>");
        end = end == NULL ? at + strlen(at) : end + 2;
        memmove(at, end, strlen(end) + 1);
    }
    for (size_t i = 0; i < recorder->script->secrets.count; i++) {
        if (strstr(open, recorder->script->secrets.items[i]) != NULL) {
            fault(recorder, "a secret is not marked", line);
        }
    }
    free(open);
}

static bool holds_spans(const struct event_line *line) {
    size_t end = 0;
    for (size_t i = 0; i < line->secret_count; i++) {
        struct span span = line->secrets[i];
        if (span.offset < end || span.offset + span.len > line->text.len) {
            return false;
        }
        end = span.offset + span.len;
    }
    return line->text.len <= line->len;
}

static void check_shape(struct recorder *recorder, const struct event *event) {
    bool ok = event->kind != EVENT_COMMAND || holds_spans(&event->command.line);
    for (size_t i = 0; event->kind == EVENT_REPLY && i < event->reply.line_count; i++) {
        ok = ok && holds_spans(&event->reply.lines[i].line);
    }
    if (event->kind == EVENT_TEXT) {
        ok = ok && holds_spans(&event->text.line) && event->text.line.secret_count == 0;
    }
    if (!ok) {
        fault(recorder, "a line's marks do not fit it", event_kind_name(event->kind));
    }
}

// The same event many times in a row is one line that counts them.
static void add_event(struct recorder *recorder, struct buf *line) {
    struct script_lines *events = &recorder->record->events;
    size_t len = buf_len(line);
    buf_put_byte(line, 0);
    const char *text = (const char *)buf_slice(line).data;
    const char *last = events->count > 0 ? events->items[events->count - 1] : "";
    bool same = strncmp(last, text, len) == 0 &&
                (last[len] == '\0' || strncmp(last + len, " (times ", 8) == 0);
    if (!same) {
        recorder->times = 1;
        script_lines_add(events, text);
        return;
    }
    recorder->times++;
    free(events->items[events->count - 1]);
    events->items[events->count - 1] = mem_format("%s (times %zu)", text, recorder->times);
}

// What was offered stands on a line only where it is not what it was on the line before.
static void put_offered(struct recorder *recorder, struct buf *line,
                        const struct event_command *command) {
    struct buf offered;
    buf_init(&offered, TEXT_MAX);
    render_offered(&offered, command);
    buf_put_byte(&offered, 0);
    const char *text = (const char *)buf_slice(&offered).data;
    bool first = recorder->offered == NULL && command->offered == NULL;
    bool same = recorder->offered != NULL && strcmp(recorder->offered, text) == 0;
    if (!first && !same && !command->by_proxy) {
        buf_put_string(line, text);
    }
    if (!command->by_proxy) {
        free(recorder->offered);
        recorder->offered = mem_string(text);
    }
    buf_cleanup(&offered);
}

void recorder_take(void *context, const struct event *event) {
    struct recorder *recorder = context;
    struct buf line;
    check_shape(recorder, event);
    if (event->kind == EVENT_BYTES) {
        take_bytes(recorder, &event->bytes);
        return;
    }
    if (event->kind == EVENT_CONTENT) {
        buf_put(&recorder->content, event->content.bytes);
    } else if (event->kind == EVENT_CONTENT_END) {
        tell_content(recorder, event->content_end.message);
    }
    buf_init(&line, TEXT_MAX);
    render_event(&line, event);
    if (event->kind == EVENT_COMMAND) {
        put_offered(recorder, &line, &event->command);
    }
    if (buf_len(&line) > 0) {
        add_event(recorder, &line);
        if (event->kind == EVENT_COMMAND) {
            check_secrets(recorder,
                          recorder->record->events.items[recorder->record->events.count - 1]);
        }
    }
    buf_cleanup(&line);
}

void recorder_take_finding(void *context, const struct event *event) {
    struct recorder *recorder = context;
    bool note = event->kind == EVENT_NOTE;
    struct event_finding finding = event->finding;
    struct buf line;
    struct buf text;
    buf_init(&line, TEXT_MAX);
    buf_init(&text, TEXT_MAX);
    sentence_put_plain(&text, note ? event->note.text : finding.text);
    finding.text = buf_slice(&text);
    if (note) {
        render_note(&line, finding.text);
    } else {
        render_finding(&line, &finding);
    }
    add(&recorder->record->findings, &line);
    buf_cleanup(&text);
    buf_cleanup(&line);
}

void recorder_take_likely(struct recorder *recorder, struct slice likely) {
    struct buf text;
    buf_init(&text, TEXT_MAX);
    if (!slice_is_null(likely)) {
        sentence_put_plain(&text, likely);
        add(&recorder->record->likely, &text);
    }
    buf_cleanup(&text);
}

// ── the end ─────────────────────────────────────────────────────────────────────────────────────

static int by_text(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

void recorder_finish(struct recorder *recorder, const struct buf fed[2]) {
    struct record *record = recorder->record;
    end_run(recorder);
    for (int side = 0; side < 2; side++) {
        if (!slice_equal(buf_slice(&fed[side]), buf_slice(&recorder->told[side]))) {
            fault(recorder, "the bytes told are not the bytes that were fed, side",
                  side_name((enum side)side));
        }
    }
    for (size_t i = 0; i < recorder->script->secrets.count; i++) {
        struct slice secret = slice_of_string(recorder->script->secrets.items[i]);
        if (slice_find(buf_slice(&recorder->masked[SIDE_CLIENT]), secret) != SLICE_NONE) {
            fault(recorder, "a secret is not marked in the bytes", "client");
        }
    }
    if (record->findings.count > 1) {
        qsort(record->findings.items, record->findings.count, sizeof(char *), by_text);
    }
}
