// SPDX-License-Identifier: MIT
#include "format/replay.h"

#include "base/limits.h"
#include "base/lines.h"
#include "format/format.h"
#include "transcript/record_fields.h"
#include "transcript/transcript_reader.h"

static void number(struct buf *out, struct slice lines, uint64_t *counter) {
    char text[LIMIT_COUNTER];
    while (lines.len > 0) {
        size_t len = jsonl_format.framing->put_counter(text, ++*counter);
        buf_put(out, slice_of(text, len));
        buf_put(out, lines_next(&lines));
    }
}

static void take_all(struct buf *out, struct reader *reader, const struct record *session,
                     uint64_t *counter) {
    struct outlet outlet = {.messages = message_log_new(BODY_FULL, NULL), .recorded = session};
    buf_init(&outlet.bytes, LIMIT_DOCUMENT);
    void *state = jsonl_format.session_new(&outlet);
    for (const struct event *event = reader_next(reader); event != NULL;
         event = reader_next(reader)) {
        message_log_take(outlet.messages, event);
        jsonl_format.take(state, event);
        number(out, buf_slice(&outlet.bytes), counter);
        buf_clear(&outlet.bytes);
    }
    jsonl_format.session_free(state);
    buf_cleanup(&outlet.bytes);
    message_log_free(outlet.messages);
}

static enum err replay_session(struct buf *out, struct failure *failure,
                               const struct record *session, uint64_t *counter) {
    struct buf document;
    struct reader *reader = NULL;
    buf_init(&document, LIMIT_DOCUMENT + LIMIT_EVENT_OUTPUT);
    buf_put_string(&document, "{\"schema\":\"smtpscope/1\",\"sessions\":[");
    (void)record_put_json(&document, session);
    buf_put_string(&document, "]}");
    enum err err = reader_open(&reader, failure, buf_slice(&document));
    if (err == OK) {
        take_all(out, reader, session, counter);
    }
    reader_free(reader);
    buf_cleanup(&document);
    return err;
}

struct replay {
    struct buf *out;
    struct failure *failure;
    enum err err; // the first
    uint64_t counter;
};

static void put_session(void *context, const struct record *session) {
    struct replay *replay = context;
    if (replay->err == OK) {
        replay->err = replay_session(replay->out, replay->failure, session, &replay->counter);
    }
}

enum err replay_document(struct buf *out, struct failure *failure, struct slice document) {
    struct replay replay = {.out = out, .failure = failure};
    struct reader *reader = NULL;
    enum err err = reader_open(&reader, failure, document);
    if (err == OK) {
        reader_records(reader, put_session, &replay);
    }
    reader_free(reader);
    return err == OK ? replay.err : err;
}
