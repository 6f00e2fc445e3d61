// SPDX-License-Identifier: MIT
#include "web/page_sink.h"

#include "base/limits.h"
#include "base/memory.h"
#include "format/format.h"

#include <stdlib.h>

// Memory that a session has to win or lose before the store counts it again.
enum { COUNTED_STEP = 4096 };

// A format whose bytes stay in memory.
struct memory_output {
    struct output output;
    struct outlet outlet;
    const struct format_info *format; // NULL: not wanted
    void *state;
};

struct page_session {
    struct page_target *page;
    struct kept *kept; // NULL before its first event
    unsigned epoch;
    struct message_log *messages;
    struct budget_share share;
    size_t counted;
    struct memory_output lines;
    struct memory_output packets;
    uint64_t content; // bytes of the message under way in the packets
    int message;      // whose text is under way; EVENT_NO_MESSAGE for none
    bool changed;     // since the last flush
    bool listed;      // it is in the store
};

static void output_begin(struct memory_output *output, const struct format_info *format,
                         struct message_log *messages) {
    output->format = format;
    output->output =
        (struct output){.to = {.framing = format->framing, .path = "-"}, .format = format};
    output->outlet = (struct outlet){
        .output = &output->output, .files = write_batch_new(), .messages = messages};
    buf_init(&output->outlet.bytes, LIMIT_CHUNK);
    output->state = format->session_new(&output->outlet);
}

static void output_end(struct memory_output *output) {
    if (output->format != NULL) {
        output->format->session_free(output->state);
        buf_cleanup(&output->outlet.bytes);
        write_batch_free(output->outlet.files);
        *output = (struct memory_output){0};
    }
}

static void output_take(struct memory_output *output, const struct event *event) {
    if (output->format != NULL) {
        output->format->take(output->state, event);
    }
}

static void output_skip(struct memory_output *output, const struct event *event) {
    if (output->format != NULL && output->format->skip != NULL) {
        output->format->skip(output->state, event);
    }
}

static void *session_new(void *context) {
    struct page_target *page = context;
    struct page_session *session = mem_new(sizeof(*session));
    session->page = page;
    session->epoch = store_epoch(page->store);
    budget_join(&session->share, store_budget(page->store));
    session->messages = message_log_new(page->body, &session->share);
    if (page->feed != NULL) {
        output_begin(&session->lines, &jsonl_format, session->messages);
        output_begin(&session->packets, &pcap_format, session->messages);
    }
    return session;
}

// ── its place in the store ──────────────────────────────────────────────────────────────────────

static void list_in_store(struct page_session *session) {
    if (!session->listed) {
        session->listed = true;
        store_add(session->page->store, kept_hold(session->kept));
    }
}

static void begin_kept(struct page_session *session, const struct event_session *of) {
    session->kept = kept_new(of, &session->share);
    session->listed = false;
    session->counted = 0;
}

// The page was cleared: what it had of this session is not seen any more, the session goes on.
static void follow_clear(struct page_session *session, const struct event *event) {
    unsigned epoch = store_epoch(session->page->store);
    if (session->epoch == epoch) {
        return;
    }
    session->epoch = epoch;
    kept_end(session->kept);
    kept_release(session->kept);
    begin_kept(session, event->session);
    if (session->message != EVENT_NO_MESSAGE) { // its beginning went
        struct event content = {.kind = EVENT_CONTENT};
        content.content.message = session->message;
        kept_take_content(session->kept, &content, true);
    }
    if (session->packets.format != NULL) {
        output_end(&session->packets);
        output_begin(&session->packets, &pcap_format, session->messages);
    }
}

// What it holds: the record, the texts, and what is under way.
static void count(struct page_session *session, bool at_once) {
    size_t bytes = kept_count(session->kept);
    size_t moved = bytes > session->counted ? bytes - session->counted : session->counted - bytes;
    budget_hold(&session->share, bytes + message_log_bytes(session->messages) +
                                     buf_len(&session->lines.outlet.bytes));
    if (at_once || moved >= COUNTED_STEP) {
        session->counted = bytes;
        store_count(session->page->store, session->kept);
    } else {
        store_changed(session->page->store);
    }
}

// ── events ──────────────────────────────────────────────────────────────────────────────────────

static bool is_content(const struct event *event) {
    return event->kind == EVENT_CONTENT || event->kind == EVENT_CONTENT_END;
}

// Of a message no more goes into the packets than is kept of its text.
static bool is_past_cut(struct page_session *session, const struct event *event) {
    if (event->kind == EVENT_CONTENT_END) {
        session->content = 0;
    }
    if (event->kind != EVENT_BYTES || !event->bytes.message_text) {
        return false;
    }
    session->content += event->bytes.data.len;
    return session->content > LIMIT_WEB_MESSAGE ||
           !budget_allows(&session->share, 2 * event->bytes.data.len);
}

static void take_content(struct page_session *session, const struct event *event, bool missed) {
    bool ends = event->kind == EVENT_CONTENT_END;
    kept_take_content(session->kept, event, missed);
    session->message = ends ? EVENT_NO_MESSAGE : event->content.message;
}

static void give(struct page_session *session, const struct event *event) {
    bool keeps_text = session->packets.format != NULL && session->page->body != BODY_NONE;
    message_log_take(session->messages, event);
    kept_take(session->kept, event, session->messages);
    if (is_content(event) && keeps_text) {
        take_content(session, event, false);
    }
    output_take(&session->lines, event);
    (is_past_cut(session, event) ? output_skip : output_take)(&session->packets, event);
    if (session->page->only == NULL) {
        list_in_store(session);
    }
}

// While the recording is paused nothing of an event is kept, but how a session that was recorded in
// part has ended.
static void give_skipped(struct page_session *session, const struct event *event) {
    kept_skip(session->kept, event);
    if (is_content(event) && session->packets.format != NULL) {
        take_content(session, event, true);
    }
    (void)is_past_cut(session, event);
    output_skip(&session->lines, event);
    output_skip(&session->packets, event);
}

// What is gathered of the session goes to where others see it.
static void hand_over(struct page_session *session) {
    struct page_target *page = session->page;
    struct buf *lines = &session->lines.outlet.bytes;
    struct buf *packets = &session->packets.outlet.bytes;
    if (page->feed == NULL || session->kept == NULL) {
        return;
    }
    session->packets.format->flush(session->packets.state);
    if (buf_len(packets) > 0) {
        kept_take_capture(session->kept, packets);
    }
    if (page->only == NULL && buf_len(lines) > 0) {
        feed_add(page->feed, buf_slice(lines));
        buf_clear(lines);
        buf_shrink(lines);
    }
}

static bool is_wanted(struct page_session *session) {
    const struct page_target *page = session->page;
    struct kept_view view;
    if (page->only == NULL || !kept_view_open(&view, session->kept)) {
        return false;
    }
    bool wanted = page->only(page->only_context, view.record);
    kept_view_close(&view);
    return wanted;
}

static void end(struct page_session *session) {
    hand_over(session);
    kept_end(session->kept);
    if (is_wanted(session)) {
        if (session->page->feed != NULL) {
            feed_add(session->page->feed, buf_slice(&session->lines.outlet.bytes));
        }
        list_in_store(session);
    }
    count(session, true);
    if (session->listed) {
        store_ended(session->page->store, session->kept);
    }
    kept_release(session->kept);
    session->kept = NULL;
}

// Held lines that --only waits with are bounded as the record is.
static void bound_held(struct page_session *session) {
    struct buf *lines = &session->lines.outlet.bytes;
    if (session->page->only != NULL && !budget_allows(&session->share, buf_len(lines))) {
        buf_cleanup(lines);
        buf_init(lines, LIMIT_CHUNK);
    }
}

static void take(void *context, const struct event *event) {
    struct page_session *session = context;
    const struct page_target *page = session->page;
    if (session->kept == NULL) {
        begin_kept(session, event->session);
    }
    follow_clear(session, event);
    session->changed = true;
    (page->is_paused(page->pause_context) ? give_skipped : give)(session, event);
    bound_held(session);
    if (event->kind == EVENT_CLOSE) {
        end(session);
    }
}

static void flush(void *context) {
    struct page_session *session = context;
    if (session->changed && session->kept != NULL) {
        hand_over(session);
        count(session, false);
    }
    session->changed = false;
}

static void session_free(void *context) {
    struct page_session *session = context;
    if (session->kept != NULL) { // a session without its close: what there is of it is kept
        end(session);
    }
    output_end(&session->lines);
    output_end(&session->packets);
    message_log_free(session->messages);
    budget_leave(&session->share);
    free(session);
}

const struct sink_ops page_sink = {
    .session_new = session_new,
    .take = take,
    .flush = flush,
    .session_free = session_free,
};
