// SPDX-License-Identifier: MIT
// web: the page's server: what it keeps, and the thread that answers. Neither a slow browser nor a
// thousand requests touch the mail: the sessions' threads fill the store and the feed, and never
// wait for this one.
//
//   sessions' threads ── page_sink, metrics_sink ──▶ store, feed, metrics
//                                                       ▲ looked at
//   thread of its own: entrance ─▶ http ─▶ api ─────────┘
#ifndef SCOPE_WEB_WEB_H
#define SCOPE_WEB_WEB_H

#include "observe/output.h"
#include "observe/sink.h"
#include "web/store.h"

struct web_options {
    bool page;        // else no server: the store alone, for `ctl wait`
    const char *host; // where to listen
    uint16_t port;
    const char *token;        // NULL: one by chance
    const char *const *hosts; // names by which a browser may ask for it (--web-host)
    size_t host_count;
    size_t memory; // bytes that the page keeps
    enum body_detail body;
    struct output_set *outputs;                                // NULL for recorded transcripts
    bool (*only)(void *context, const struct record *session); // --only; NULL for all
    void *only_context;
    const char *version;
};

struct web;

// The strings are borrowed as long as it lives.
struct web *web_new(const struct web_options *options);
void web_free(struct web *web); // NULL is fine; after the sessions and web_stop

// Adds what the page and the metrics take of each session to the sinks.
void web_add_sinks(struct web *web, struct sink_set *sinks);
struct store *web_store(struct web *web); // its own
// A recorded session; the record outlives it. Its number is its own where that is higher than those
// before it.
void web_add_record(struct web *web, struct record *record);
// What `audit --report json` wrote about these sessions; borrowed as long as it lives.
void web_set_audit(struct web *web, struct slice document);
// The same events again, for the metrics.
struct event_sink web_metrics(struct web *web);

// ERR_SYSTEM with a sentence where it cannot listen.
MUST_USE enum err web_listen(struct web *web, struct failure *failure);
// Starts to answer. `modes` are what the listeners say of themselves, borrowed.
MUST_USE enum err web_start(struct web *web, struct failure *failure, const char *const *modes,
                            size_t mode_count);
void web_set_ready(struct web *web); // all listeners accept
// Ends the streams, answers what is under way, joins the thread; nothing where it is not started.
void web_stop(struct web *web);

bool web_has_page(const struct web *web); // it listens
// Appends `http://127.0.0.1:2526/#TOKEN`.
void web_put_url(struct buf *out, const struct web *web);
// NULL where it is on loopback; else the address, for a warning. Owned by the caller.
char *web_open_address(const struct web *web);

#endif
