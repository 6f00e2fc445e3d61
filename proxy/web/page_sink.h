// SPDX-License-Identifier: MIT
// page_sink: the sink (observe/sink.h) that fills what the page shows: each session in the store,
// its events in the feed. --only and the pause hold as for an output.
//
//   event ─┬─▶ message log ─▶ record ─────────────────┐
//          ├─▶ text of the messages ──────────────────┼─▶ kept ─▶ store
//          ├─▶ what pcap would draw (flow_log) ───────┘
//          └─▶ the state of format/jsonl ─▶ lines ─▶ feed
#ifndef SCOPE_WEB_PAGE_SINK_H
#define SCOPE_WEB_PAGE_SINK_H

#include "observe/sink.h"
#include "transcript/message_log.h"
#include "web/feed.h"
#include "web/store.h"

struct page_target {
    struct store *store;
    struct feed *feed; // NULL: records alone, for `ctl wait` where there is no page
    enum body_detail body;
    bool (*is_paused)(const void *context);
    const void *pause_context;
    // Of --only; NULL for all. Asked on the session's thread when it has ended.
    bool (*only)(void *context, const struct record *session);
    void *only_context;
};

// With a `struct page_target` as its context, which outlives the sessions.
extern const struct sink_ops page_sink;

#endif
