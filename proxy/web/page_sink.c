// SPDX-License-Identifier: MIT
#include "web/page_sink.h"

#include "base/limits.h"
#include "base/memory.h"
#include "format/flow_log.h"
#include "format/format.h"

#include <stdlib.h>

// Memory that a session has to win or lose before the store counts it again.
enum { COUNTED_STEP = 4096 };

// What the lines of a turn of the loop mostly fit into.
enum { LINES_ROOM = 1024 };

// A format whose bytes stay in memory.
struct memory_output {
    struct output output;
    struct outlet outlet;
    const struct format_info *format; // NULL: not wanted
    void *state;
};

// What the page has of a session beside its record.
struct page_outputs {
    struct memory_output lines;
    struct memory_output packets;
};

struct page_session {
    struct page_target *page;
    struct kept *kept; // NULL before its first event
    unsigned epoch;
    struct message_log *messages;
    struct budget_share share;
    size_t counted;
    struct page_outputs *outputs; // NULL: expectations alone ask for it
    uint64_t content;             // bytes of the message under way in the packets
    int message;                  // whose text is under way; EVENT_NO_MESSAGE for none
    bool changed;                 // since the last flush
    bool listed;                  // it is in the store
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
    output->format->session_free(output->state);
    buf_cleanup(&output->outlet.bytes);
    write_batch_free(output->outlet.files);
    *output = (struct memory_output){0};
}

static void output_take(struct memory_output *output, const struct event *event) {
    output->format->take(output->state, event);
}

static void output_skip(struct memory_output *output, const struct event *event) {
    if (output->format->skip != NULL) {
        output->format->skip(output->state, event);
    }
}

static struct page_outputs *outputs_new(struct message_log *messages) {
    struct page_outputs *outputs = mem_new(sizeof(*outputs));
    output_begin(&outputs->lines, &jsonl_format, messages);
    output_begin(&outputs->packets, &pcap_log_format, messages);
    return outputs;
}

static void outputs_free(struct page_outputs *outputs) {
    if (outputs != NULL) {
        output_end(&outputs->lines);
        output_end(&outputs->packets);
        free(outputs);
    }
}

// Expectations ask for no body.
static enum body_detail detail_of(const struct page_target *page) {
    return page->feed == NULL && page->body == BODY_FULL ? BODY_HEADERS : page->body;
}

static void *session_new(void *context) {
    struct page_target *page = context;
    struct page_session *session = mem_new(sizeof(*session));
    session->page = page;
    session->epoch = store_epoch(page->store);
    budget_join(&session->share, store_budget(page->store));
    session->messages = message_log_new(detail_of(page), &session->share);
    session->outputs = page->feed == NULL ? NULL : outputs_new(session->messages);
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
    session->kept = kept_new(of, &session->share,
                             session->outputs != NULL ? KEPT_FOR_PAGE : KEPT_FOR_EXPECTATIONS);
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
    if (session->outputs != NULL) {
        output_end(&session->outputs->packets);
        output_begin(&session->outputs->packets, &pcap_log_format, session->messages);
    }
}

static size_t lines_len(const struct page_session *session) {
    return session->outputs == NULL ? 0 : buf_len(&session->outputs->lines.outlet.bytes);
}

// What it holds: the record, the texts, and what is under way.
static void count(struct page_session *session, bool at_once) {
    size_t bytes = kept_count(session->kept);
    size_t moved = bytes > session->counted ? bytes - session->counted : session->counted - bytes;
    budget_hold(&session->share, bytes + message_log_bytes(session->messages) + lines_len(session));
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

// At once where it is empty, rather than step by step.
static void make_room(struct buf *lines) {
    if (buf_len(lines) == 0) {
        (void)buf_reserve(lines, LINES_ROOM);
    }
}

static void give_outputs(struct page_session *session, const struct event *event) {
    make_room(&session->outputs->lines.outlet.bytes);
    if (is_content(event) && session->page->body != BODY_NONE) {
        take_content(session, event, false);
    }
    output_take(&session->outputs->lines, event);
    (is_past_cut(session, event) ? output_skip : output_take)(&session->outputs->packets, event);
}

static void give(struct page_session *session, const struct event *event) {
    message_log_take(session->messages, event);
    kept_take(session->kept, event, session->messages);
    if (session->outputs != NULL) {
        give_outputs(session, event);
    }
    if (session->page->only == NULL) {
        list_in_store(session);
    }
}

// While the recording is paused nothing of an event is kept, but how a session that was recorded in
// part has ended.
static void give_skipped(struct page_session *session, const struct event *event) {
    kept_skip(session->kept, event);
    if (session->outputs == NULL) {
        return;
    }
    if (is_content(event)) {
        take_content(session, event, true);
    }
    (void)is_past_cut(session, event);
    output_skip(&session->outputs->lines, event);
    output_skip(&session->outputs->packets, event);
}

// What is gathered of the session goes to where others see it.
static void hand_over(struct page_session *session) {
    struct page_target *page = session->page;
    struct page_outputs *outputs = session->outputs;
    if (outputs == NULL || session->kept == NULL) {
        return;
    }
    struct buf *lines = &outputs->lines.outlet.bytes;
    struct buf *packets = &outputs->packets.outlet.bytes;
    outputs->packets.format->flush(outputs->packets.state);
    kept_take_capture(session->kept, buf_slice(packets));
    buf_cleanup(packets);
    if (page->only == NULL) {
        feed_add(page->feed, buf_slice(lines));
        buf_cleanup(lines);
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
        if (session->outputs != NULL) {
            feed_add(session->page->feed, buf_slice(&session->outputs->lines.outlet.bytes));
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
    size_t len = lines_len(session);
    if (session->page->only != NULL && len > 0 && !budget_allows(&session->share, len)) {
        struct buf *lines = &session->outputs->lines.outlet.bytes;
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
    outputs_free(session->outputs);
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
