// SPDX-License-Identifier: MIT
// The embedded server as a far end of a relay.
#include "base/memory.h"
#include "embedded/embedded.h"

#include <stdlib.h>

struct sink_end {
    struct embedded *embedded;
    bool greeted;
    bool ended;
};

static size_t feed(void *far_end, struct slice bytes, struct buf *out, int64_t at_ns) {
    struct sink_end *sink = far_end;
    if (!sink->greeted) {
        sink->greeted = true;
        embedded_greet(sink->embedded, out);
    }
    return embedded_feed(sink->embedded, bytes, out, at_ns);
}

static void end(void *far_end) {
    struct sink_end *sink = far_end;
    sink->ended = true;
}

static void tls_begun(void *far_end) {
    struct sink_end *sink = far_end;
    embedded_tls_begun(sink->embedded);
}

static bool is_finished(const void *far_end) {
    const struct sink_end *sink = far_end;
    return sink->ended || embedded_finished(sink->embedded);
}

static int64_t deadline_ns(const void *far_end) {
    const struct sink_end *sink = far_end;
    return embedded_deadline_ns(sink->embedded);
}

static void sink_free(void *far_end) {
    struct sink_end *sink = far_end;
    embedded_free(sink->embedded);
    free(sink);
}

struct far_end embedded_far_end(const struct embedded_config *config) {
    static const struct far_end_ops ops = {.feed = feed,
                                           .end = end,
                                           .tls_begun = tls_begun,
                                           .is_finished = is_finished,
                                           .deadline_ns = deadline_ns,
                                           .free = sink_free};
    struct sink_end *sink = mem_new(sizeof(*sink));
    sink->embedded = embedded_new(config);
    return (struct far_end){&ops, sink};
}
