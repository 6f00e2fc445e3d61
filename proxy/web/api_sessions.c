// SPDX-License-Identifier: MIT
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "format/capture_file.h"
#include "format/show.h"
#include "verdict/expression_tally.h"
#include "web/api_parts.h"
#include "web/summary.h"

#include <stdlib.h>

enum { PAGE_OF_STORE = 256 };

// ── the list ────────────────────────────────────────────────────────────────────────────────────

struct kept_listing {
    struct json_writer json;
    const struct expression *only; // NULL: all
    uint64_t after;                // the last session that was looked at
    uint64_t room;                 // for so many more
    bool more;
};

static void list_one(struct kept_listing *listing, struct kept *kept) {
    struct kept_view view;
    if (!kept_view_open(&view, kept)) {
        return;
    }
    if (listing->only == NULL || expression_matches(listing->only, view.record)) {
        listing->more = listing->room == 0;
        if (!listing->more) {
            listing->room--;
            summary_write(&listing->json, view.record, kept_id(kept));
        }
    }
    kept_view_close(&view);
}

// Whether there is more to look at.
static bool list_some(struct kept_listing *listing, struct store *store) {
    struct kept *some[PAGE_OF_STORE];
    bool more = false;
    size_t count = store_list(some, &more, store, listing->after, PAGE_OF_STORE);
    for (size_t i = 0; i < count; i++) {
        listing->after = kept_id(some[i]);
        if (!listing->more) {
            list_one(listing, some[i]);
        }
        kept_release(some[i]);
    }
    return more && !listing->more;
}

static bool read_only(struct expression **out, struct api_response *response,
                      const struct api_request *request) {
    struct slice only = api_parameter(request, "only");
    struct failure failure;
    *out = NULL;
    if (slice_is_null(only)) {
        return true;
    }
    char *text = mem_string_of(only);
    enum err err = expression_parse(out, &failure, text, EXPRESSION_ONLY);
    free(text);
    if (err != OK) {
        api_fail(response, STATUS_BAD_REQUEST, "only: %s", failure.text);
    }
    return err == OK;
}

void answer_sessions(struct api_response *response, const struct api_call *call) {
    struct kept_listing listing = {.room = LIMIT_WEB_LIST};
    struct expression *only = NULL;
    if (!api_number(&listing.after, response, call->request, "after", UINT64_MAX) ||
        !api_number(&listing.room, response, call->request, "limit", UINT64_MAX) ||
        !read_only(&only, response, call->request)) {
        return;
    }
    listing.only = only;
    listing.room = listing.room < LIMIT_WEB_LIST ? listing.room : LIMIT_WEB_LIST;
    api_begin(response, STATUS_OK, TYPE_JSON);
    listing.json = json_writer_on(&response->body, false);
    json_open(&listing.json, '{');
    json_key(&listing.json, "sessions");
    json_open(&listing.json, '[');
    while (list_some(&listing, call->api->store)) {
    }
    json_close(&listing.json, ']');
    json_member_bool(&listing.json, "more", listing.more);
    json_close(&listing.json, '}');
    buf_put_byte(&response->body, '\n');
    expression_free(only);
}

void answer_clear(struct api_response *response, const struct api_call *call) {
    feed_clear(call->api->feed);
    store_clear(call->api->store);
    api_begin(response, STATUS_NO_CONTENT, TYPE_JSON);
}

// ── one session ─────────────────────────────────────────────────────────────────────────────────

// Appends the session's object of json; false, with the response made, where it is not kept.
static bool put_session(struct buf *out, struct api_response *response,
                        const struct api_call *call) {
    struct kept *kept = store_find(call->api->store, call->numbers[0]);
    struct kept_view view;
    bool known = kept != NULL && kept_view_open(&view, kept);
    if (known) {
        known = record_put_json(out, view.record);
        kept_view_close(&view);
    }
    kept_release(kept);
    if (!known) {
        api_fail(response, STATUS_NOT_FOUND, "session %llu is not kept",
                 (unsigned long long)call->numbers[0]);
    }
    return known;
}

void answer_session(struct api_response *response, const struct api_call *call) {
    struct buf object;
    buf_init(&object, LIMIT_WEB_ANSWER);
    if (put_session(&object, response, call)) {
        api_begin(response, STATUS_OK, TYPE_JSON);
        buf_cleanup(&response->body);
        response->body = object;
        buf_put_byte(&response->body, '\n');
    } else {
        buf_cleanup(&object);
    }
}

static void name_file(struct api_response *response, const struct api_call *call,
                      const char *ending) {
    response->file_name =
        mem_format("session-%llu.%s", (unsigned long long)call->numbers[0], ending);
}

// A document with this session alone.
static bool put_document(struct buf *out, struct api_response *response,
                         const struct api_call *call) {
    buf_put_string(out, "{\"schema\":\"smtpscope/1\",\"sessions\":[\n");
    if (!put_session(out, response, call)) {
        return false;
    }
    buf_put_string(out, "\n]}\n");
    return true;
}

void answer_session_json(struct api_response *response, const struct api_call *call) {
    struct buf document;
    buf_init(&document, LIMIT_WEB_ANSWER);
    if (put_document(&document, response, call)) {
        api_begin(response, STATUS_OK, TYPE_JSON);
        buf_cleanup(&response->body);
        response->body = document;
        name_file(response, call, "json");
    } else {
        buf_cleanup(&document);
    }
}

static void put_lines(void *context, struct slice lines) {
    buf_put(context, lines);
}

void answer_session_text(struct api_response *response, const struct api_call *call) {
    struct buf document;
    buf_init(&document, LIMIT_WEB_ANSWER);
    struct reader *reader = NULL;
    struct failure failure;
    struct terminal none = {0};
    const struct show_options show = {.terminal = &none};
    if (!put_document(&document, response, call)) {
        buf_cleanup(&document);
        return;
    }
    api_begin(response, STATUS_OK, TYPE_TEXT);
    if (reader_open(&reader, &failure, buf_slice(&document)) == OK) {
        show_text(reader, &show, put_lines, &response->body);
        name_file(response, call, "txt");
    }
    reader_free(reader);
    buf_cleanup(&document);
}

void answer_session_pcap(struct api_response *response, const struct api_call *call) {
    struct kept *kept = store_find(call->api->store, call->numbers[0]);
    struct buf packets;
    buf_init(&packets, LIMIT_WEB_ANSWER);
    pcap_put_head(&packets);
    if (kept == NULL || !kept_put_capture(&packets, kept)) {
        api_fail(response, STATUS_NOT_FOUND, "no packets are kept of session %llu",
                 (unsigned long long)call->numbers[0]);
        buf_cleanup(&packets);
    } else {
        api_begin(response, STATUS_OK, "application/vnd.tcpdump.pcap");
        buf_cleanup(&response->body);
        response->body = packets;
        name_file(response, call, "pcap");
    }
    kept_release(kept);
}
