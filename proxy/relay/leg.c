// SPDX-License-Identifier: MIT
#include "relay/leg.h"

#include "base/limits.h"

#include <assert.h>

void leg_init(struct leg *leg, enum side side) {
    *leg = (struct leg){.side = side};
    buf_init(&leg->pending, LIMIT_LEG_BUFFER);
    buf_init(&leg->output, LIMIT_LEG_BUFFER);
    buf_init(&leg->unread, LIMIT_LEG_BUFFER);
}

void leg_cleanup(struct leg *leg) {
    tls_endpoint_free(leg->tls);
    leg->tls = NULL;
    buf_wipe(&leg->pending);
    buf_wipe(&leg->output);
    buf_wipe(&leg->unread);
}

bool leg_has_ended(const struct leg *leg) {
    return leg->input != LEG_INPUT_OPEN;
}

bool leg_is_reset(const struct leg *leg) {
    return leg->input == LEG_INPUT_RESET;
}

static void pump(struct leg *leg) {
    struct slice waiting = buf_slice(&leg->pending);
    if (!leg->open) {
        return;
    }
    if (leg->tls == NULL) {
        buf_put(&leg->output, waiting);
        buf_consume(&leg->pending, waiting.len);
    } else if (tls_endpoint_state(leg->tls) == TLS_ESTABLISHED) {
        buf_consume(&leg->pending, tls_endpoint_write(leg->tls, waiting));
    }
    if (buf_len(&leg->pending) == 0) {
        buf_shrink(&leg->pending);
        if (leg->close_notify_due && leg->tls != NULL) {
            tls_endpoint_close_notify(leg->tls);
        }
        leg->close_notify_due = false;
    }
}

void leg_open(struct leg *leg) {
    leg->open = true;
    pump(leg);
}

void leg_shut(struct leg *leg) {
    leg->open = false;
}

// What can be sent at once skips `pending`: one copy less on the way of the mail.
static size_t send_now(struct leg *leg, struct slice plaintext) {
    if (!leg->open || buf_len(&leg->pending) > 0) {
        return 0;
    }
    if (leg->tls == NULL) {
        return buf_append_some(&leg->output, plaintext);
    }
    bool up = tls_endpoint_state(leg->tls) == TLS_ESTABLISHED;
    return up ? tls_endpoint_write(leg->tls, plaintext) : 0;
}

void leg_send(struct leg *leg, struct slice plaintext) {
    if (leg->ending != LEG_ENDING_NONE || leg_is_reset(leg)) {
        return; // The peer no longer reads it.
    }
    struct slice rest = slice_from(plaintext, send_now(leg, plaintext));
    size_t kept = buf_append_some(&leg->pending, rest);
    assert(kept == rest.len);
    (void)kept;
}

void leg_receive(struct leg *leg, struct slice wire, struct buf *out, int64_t at_ns) {
    if (leg->tls == NULL) {
        buf_put(out, wire);
        return;
    }
    if (buf_len(&leg->unread) > 0) {
        buf_put(&leg->unread, wire);
        wire = buf_slice(&leg->unread);
        buf_consume(&leg->unread, tls_endpoint_feed(leg->tls, wire, out, at_ns));
        buf_shrink(&leg->unread);
        return;
    }
    size_t taken = tls_endpoint_feed(leg->tls, wire, out, at_ns);
    buf_put(&leg->unread, slice_from(wire, taken));
}

struct slice leg_output(const struct leg *leg) {
    if (buf_len(&leg->output) > 0 || leg->tls == NULL) {
        return buf_slice(&leg->output);
    }
    return tls_endpoint_output(leg->tls);
}

void leg_sent(struct leg *leg, size_t len) {
    if (buf_len(&leg->output) > 0) {
        buf_consume(&leg->output, len);
        buf_shrink(&leg->output);
    } else if (leg->tls != NULL) {
        tls_endpoint_sent(leg->tls, len);
    }
    pump(leg);
}

size_t leg_backlog(const struct leg *leg) {
    size_t inside_tls = leg->tls == NULL ? 0 : tls_endpoint_output(leg->tls).len;
    return buf_len(&leg->pending) + buf_len(&leg->output) + inside_tls;
}

bool leg_is_flushed(const struct leg *leg) {
    return leg_backlog(leg) == 0 || leg_is_reset(leg);
}

void leg_close_notify(struct leg *leg) {
    leg->close_notify_due = true;
    pump(leg);
}

void leg_drop_waiting(struct leg *leg) {
    if (!leg->open) {
        buf_clear(&leg->pending);
    }
}

void leg_end(struct leg *leg, bool close_notify) {
    if (leg->ending != LEG_ENDING_NONE) {
        return;
    }
    if (close_notify) {
        leg_close_notify(leg);
    }
    leg->ending = LEG_ENDING_DUE;
}
