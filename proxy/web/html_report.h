// SPDX-License-Identifier: MIT
// html_report: what was captured or read, with its verdict, as one self-contained HTML file: the
// page (web/page_files.h) with all its parts inside, reading the data that it carries.
//
//   records ─┬▶ json objects, kept ──▶ document ─┬──────────▶ <script type="application/json">
//            │                                   └─▶ text ──▶   {verdict, document, text,
//            └▶ summaries, kept ─────────────────────────────▶  summaries, …}
//
// Nothing in it can become markup: each `<` of the data is escaped, and a policy allows the one
// script and the style sheets by their digests, and no address at all.
#ifndef SCOPE_WEB_HTML_REPORT_H
#define SCOPE_WEB_HTML_REPORT_H

#include "base/buf.h"
#include "observe/sink.h"
#include "transcript/message_log.h"
#include "transcript/record.h"

struct html_report;

struct html_report *html_report_new(void);
void html_report_free(struct html_report *report); // NULL is fine

// The sessions taken after this come from the file, and have numbers of the report's own. The name
// is borrowed.
void html_report_begin_file(struct html_report *report, const char *name);
// A session, from any thread. Past LIMIT_HTML_REPORT sessions are counted and left out.
void html_report_take(struct html_report *report, const struct record *session);

// The sessions as objects of JSON with commas between them, as far as they were taken; borrowed.
struct slice html_report_sessions(const struct html_report *report);

// What is said of the sessions: an object of JSON, and the name under which the page finds it.
struct html_verdict {
    const char *name; // "verdict" (verdict/judge.h), "audit" (audit/audit.schema.json)
    struct slice object;
};

// Appends the whole file; after the last session.
void html_report_put(struct buf *out, struct html_report *report,
                     const struct html_verdict *verdict);

// For a capture: a sink, which makes records with the text of messages, whatever --body says of the
// outputs, unless that is `none`.
struct html_report_target {
    struct html_report *report;
    enum body_detail body; // --body
    bool (*is_paused)(const void *context);
    const void *pause_context;
    bool (*only)(void *context, const struct record *session); // --only; NULL for all
    void *only_context;
};

// With a `struct html_report_target` as its context, which outlives the sessions.
extern const struct sink_ops html_report_sink;

#endif
