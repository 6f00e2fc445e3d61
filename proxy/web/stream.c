// SPDX-License-Identifier: MIT
// stream: events to a reader that follows along. While there is nothing to say its request sleeps.
// A reader that does not take them holds up nothing: the feed goes on, and says what it has missed.
#include "base/limits.h"
#include "base/memory.h"
#include "web/http_parts.h"

#include <stdlib.h>
#include <string.h>

static bool is_behind(const struct stream *stream) {
    return stream->counter != feed_last(stream->http->api->feed);
}

static bool is_quiet(const struct stream *stream) {
    return uv_now(stream->http->loop) - stream->said_ms >= WEB_ALIVE_MS;
}

static void fill(struct stream *stream) {
    bool any =
        feed_read(&stream->pending, stream->http->api->feed, &stream->counter, LIMIT_WEB_CHUNK);
    if (!any && is_quiet(stream)) {
        buf_put_string(&stream->pending, ": still here\n\n");
    }
}

static ssize_t read_stream(void *context, uint64_t at, char *out, size_t max) {
    struct stream *stream = context;
    (void)at;
    if (buf_len(&stream->pending) == 0) {
        fill(stream);
    }
    struct slice some = slice_sub(buf_slice(&stream->pending), 0, max);
    if (some.len > 0) {
        memcpy(out, some.data, some.len);
        buf_consume(&stream->pending, some.len);
        stream->said_ms = uv_now(stream->http->loop);
        return (ssize_t)some.len;
    }
    if (stream->http->closing || stream->connection->left) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }
    stream->suspended = true;
    MHD_suspend_connection(stream->request);
    return 0;
}

static void free_stream(void *context) {
    struct stream *stream = context;
    *stream->before = stream->next;
    if (stream->next != NULL) {
        stream->next->before = stream->before;
    }
    atomic_fetch_sub(&stream->http->api->streams, 1);
    buf_cleanup(&stream->pending);
    free(stream);
}

struct MHD_Response *stream_new(struct http *http, struct MHD_Connection *request, uint64_t after) {
    struct stream *stream = mem_new(sizeof(*stream));
    *stream = (struct stream){.http = http,
                              .connection = connection_of(request),
                              .request = request,
                              .next = http->streams,
                              .before = &http->streams,
                              .counter = after,
                              .said_ms = uv_now(http->loop)};
    if (stream->next != NULL) {
        stream->next->before = &stream->next;
    }
    http->streams = stream;
    atomic_fetch_add(&http->api->streams, 1);
    buf_init(&stream->pending, LIMIT_WEB_ANSWER);
    buf_put_string(&stream->pending, "retry: 1000\n\n");
    http_look_soon(http);
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, LIMIT_WEB_CHUNK, read_stream, stream,
                                             free_stream);
}

bool stream_look_at_all(struct http *http) {
    bool any = false;
    for (struct stream *stream = http->streams; stream != NULL; stream = stream->next) {
        bool ends = http->closing || stream->connection->left;
        if (stream->suspended && (ends || is_behind(stream) || is_quiet(stream))) {
            stream->suspended = false;
            any = true;
            MHD_resume_connection(stream->request);
        }
    }
    return any;
}
