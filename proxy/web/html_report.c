// SPDX-License-Identifier: MIT
#include "web/html_report.h"

#include "base/digest.h"
#include "base/limits.h"
#include "base/memory.h"
#include "format/show.h"
#include "transcript/json_writer.h"
#include "web/page_files.h"
#include "web/summary.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct html_report {
    pthread_mutex_t lock;
    struct buf sessions;  // json objects, a comma between two
    struct buf summaries; // the same of their lines in the list
    struct buf files;     // {"1":"a.json",…}: of sessions that were read from files
    const char *file;
    size_t file_count;
    uint64_t taken;
    uint64_t left_out;
};

struct html_report *html_report_new(void) {
    struct html_report *report = mem_new(sizeof(*report));
    pthread_mutex_init(&report->lock, NULL);
    buf_init(&report->sessions, LIMIT_HTML_REPORT);
    buf_init(&report->summaries, LIMIT_HTML_REPORT);
    buf_init(&report->files, LIMIT_HTML_REPORT);
    return report;
}

void html_report_free(struct html_report *report) {
    if (report == NULL) {
        return;
    }
    buf_cleanup(&report->sessions);
    buf_cleanup(&report->summaries);
    buf_cleanup(&report->files);
    pthread_mutex_destroy(&report->lock);
    free(report);
}

// ── taking sessions ─────────────────────────────────────────────────────────────────────────────

void html_report_begin_file(struct html_report *report, const char *name) {
    report->file = name;
    report->file_count++;
}

static void name_file(struct html_report *report, uint64_t id) {
    struct json_writer json = json_writer_on(&report->files, buf_len(&report->files) > 0);
    char key[32];
    if (report->file != NULL && buf_room(&report->files) > LIMIT_SENTENCE) {
        (void)snprintf(key, sizeof(key), "%llu", (unsigned long long)id);
        json_member_string(&json, key, report->file);
    }
}

// With its comma.
static bool has_room(const struct buf *list, struct slice object) {
    return buf_room(list) > object.len;
}

static void add_object(struct buf *list, struct slice object) {
    if (buf_len(list) > 0) {
        buf_put_byte(list, ',');
    }
    buf_put(list, object);
}

static void add_session(struct html_report *report, struct slice object, struct slice summary,
                        uint64_t id) {
    if (!has_room(&report->sessions, object) || !has_room(&report->summaries, summary)) {
        report->left_out++;
        return;
    }
    add_object(&report->sessions, object);
    add_object(&report->summaries, summary);
    name_file(report, id);
}

static void take_renumbered(struct html_report *report, const struct record *session) {
    uint64_t id = session->session.id;
    struct buf object;
    struct buf summary;
    buf_init(&object, LIMIT_TRANSCRIPT);
    buf_init(&summary, LIMIT_TRANSCRIPT);
    if (record_put_json(&object, session)) {
        struct json_writer json = json_writer_on(&summary, false);
        summary_write(&json, session, id);
        pthread_mutex_lock(&report->lock);
        add_session(report, buf_slice(&object), buf_slice(&summary), id);
        pthread_mutex_unlock(&report->lock);
    }
    buf_cleanup(&summary);
    buf_cleanup(&object);
}

void html_report_take(struct html_report *report, const struct record *session) {
    struct record renumbered = *session;
    pthread_mutex_lock(&report->lock);
    report->taken++;
    if (report->file != NULL) {
        renumbered.session.id = report->taken;
    }
    pthread_mutex_unlock(&report->lock);
    take_renumbered(report, &renumbered);
}

struct slice html_report_sessions(const struct html_report *report) {
    return buf_slice(&report->sessions);
}

// ── the data ────────────────────────────────────────────────────────────────────────────────────

// JSON has `<` in strings only, where it may be written so; then no `</script` and no `<!--` is
// left.
static void put_inert(struct buf *out, struct slice json) {
    while (json.len > 0) {
        size_t bracket = slice_find_byte(json, '<');
        size_t plain = bracket == SLICE_NONE ? json.len : bracket;
        buf_put(out, slice_sub(json, 0, plain));
        if (bracket != SLICE_NONE) {
            buf_put_string(out, "\\u003c");
        }
        json = slice_from(json, bracket == SLICE_NONE ? plain : plain + 1);
    }
}

// The text output of all sessions, as a JSON string.
static void put_text(struct buf *out, struct slice document) {
    struct failure failure = {0};
    struct buf text;
    struct buf string;
    struct json_writer json = json_writer_on(&string, false);
    buf_init(&text, LIMIT_SHOWN);
    buf_init(&string, LIMIT_SHOWN);
    enum err err = show_document(&text, &failure, document);
    assert(err == OK); // it is ours
    (void)err;
    json_text(&json, buf_len(&text) == 0 ? SLICE("") : buf_slice(&text));
    put_inert(out, buf_slice(&string));
    buf_cleanup(&string);
    buf_cleanup(&text);
}

static struct buf document_of(const struct html_report *report) {
    struct buf document;
    buf_init(&document, LIMIT_TRANSCRIPT);
    buf_put_string(&document, "{\"schema\":\"smtpscope/1\",\"sessions\":[");
    buf_put(&document, buf_slice(&report->sessions));
    buf_put_string(&document, "]}");
    return document;
}

static void put_data(struct buf *out, const struct html_report *report,
                     const struct html_verdict *verdict) {
    struct buf document = document_of(report);
    buf_putf(out, "{\"%s\":", verdict->name);
    put_inert(out, verdict->object);
    buf_putf(out, ",\"left_out\":%llu,\"files\":{", (unsigned long long)report->left_out);
    put_inert(out, buf_slice(&report->files));
    buf_put_string(out, "},\"summaries\":[");
    put_inert(out, buf_slice(&report->summaries));
    buf_put_string(out, "],\"document\":");
    put_inert(out, buf_slice(&document));
    buf_put_string(out, ",\"text\":");
    put_text(out, buf_slice(&document));
    buf_put_byte(out, '}');
    buf_cleanup(&document);
}

// ── the file ────────────────────────────────────────────────────────────────────────────────────

// `'sha256-…'`, as a policy names what may run.
static void put_source(struct buf *out, struct slice text) {
    uint8_t digest[SHA256_LEN];
    sha256_of(digest, text);
    buf_put_string(out, " 'sha256-");
    base64_encode(out, slice_of(digest, sizeof(digest)));
    buf_put_byte(out, '\'');
}

static const char *const style_sheets[] = {"page.css", "session.css"};
enum { STYLE_SHEETS = sizeof(style_sheets) / sizeof(style_sheets[0]) };

// `data:` lets the frame of a mail have its styles, and pictures that the mail itself carries.
static void put_policy(struct buf *out) {
    buf_put_string(out,
                   "\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                   "script-src");
    put_source(out, page_script);
    buf_put_string(out, "; style-src data:");
    for (size_t i = 0; i < STYLE_SHEETS; i++) {
        put_source(out, page_file_named(style_sheets[i])->bytes);
    }
    buf_put_string(out, "; img-src data:; base-uri 'none'; form-action 'none'\">");
}

static void put_styles(struct buf *out) {
    for (size_t i = 0; i < STYLE_SHEETS; i++) {
        buf_put_string(out, "<style>");
        buf_put(out, page_file_named(style_sheets[i])->bytes);
        buf_put_string(out, "</style>\n");
    }
}

// What comes before `mark`; `rest` goes on at it.
static struct slice up_to(struct slice *rest, const char *mark) {
    size_t found = slice_find(*rest, slice_of_string(mark));
    assert(found != SLICE_NONE);
    struct slice before = slice_sub(*rest, 0, found);
    *rest = slice_from(*rest, found);
    return before;
}

void html_report_put(struct buf *out, struct html_report *report,
                     const struct html_verdict *verdict) {
    static const char charset[] = "<meta charset=\"utf-8\">";
    static const char script_end[] = "</script>";
    struct slice rest = page_file_named("index.html")->bytes;
    buf_put(out, up_to(&rest, charset));
    buf_put_string(out, charset);
    put_policy(out);
    rest = slice_from(rest, strlen(charset));
    buf_put(out, up_to(&rest, "<link rel=\"stylesheet\""));
    (void)up_to(&rest, script_end);
    put_styles(out);
    buf_put_string(out, "<script type=\"application/json\" id=\"data\">");
    put_data(out, report, verdict);
    buf_put_string(out, "</script>\n<script type=\"module\">");
    buf_put(out, page_script);
    buf_put(out, rest);
}
