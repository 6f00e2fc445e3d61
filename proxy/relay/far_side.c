// SPDX-License-Identifier: MIT
// far_side: moves bytes between the server's leg and a far end that is no socket. The leg is plain,
// and to the rest of the relay it looks like any other.
#include "base/limits.h"
#include "relay/relay_state.h"

bool far_side_is_socket(const struct relay *relay) {
    return relay->far_end.ops == NULL;
}

void far_side_open(struct relay *relay, struct far_end far_end, int64_t at_ns) {
    buf_init(&relay->far_end_says, LIMIT_FAR_END);
    relay->far_end = far_end;
    struct event event = {.kind = EVENT_CONNECT, .session = relay->session, .at_ns = at_ns};
    event.connect.connected = true;
    observer_event(relay->observer, &event);
    relay_set_server(relay, SERVER_READY);
}

void far_side_cleanup(struct relay *relay) {
    buf_wipe(&relay->far_end_says);
    if (!far_side_is_socket(relay)) {
        relay->far_end.ops->free(relay->far_end.self);
    }
}

// It says no more than there is room for; the rest of the client's bytes waits in the leg, as it
// would for a server that does not read.
static void feed(struct relay *relay, int64_t at_ns) {
    const struct far_end *far_end = &relay->far_end;
    struct buf *says = &relay->far_end_says;
    bool goes_on = true;
    while (goes_on && leg_backlog(&relay->client) < LIMIT_LEG_OUTPUT) {
        size_t taken = far_end->ops->feed(far_end->self, leg_output(&relay->server), says, at_ns);
        leg_sent(&relay->server, taken);
        goes_on = taken > 0 || buf_len(says) > 0;
        if (buf_len(says) > 0) {
            relay_take_server_plaintext(relay, buf_slice(says), at_ns);
            buf_clear(says);
        }
    }
}

void far_side_run(struct relay *relay, int64_t at_ns) {
    const struct far_end *far_end = &relay->far_end;
    if (far_side_is_socket(relay)) {
        return;
    }
    if (!session_end_is_over(relay)) {
        feed(relay, at_ns);
    }
    if (relay_wants_shutdown(relay, SIDE_SERVER)) {
        relay_shutdown_done(relay, SIDE_SERVER);
        far_end->ops->end(far_end->self);
    }
    if (far_end->ops->is_finished(far_end->self) && !leg_has_ended(&relay->server)) {
        relay_eof(relay, SIDE_SERVER, RELAY_FIN, at_ns);
    }
}

// Both sides of the dialogue are on the client's leg, so what the server says next is in TLS too.
void far_side_tls_begun(struct relay *relay) {
    if (!far_side_is_socket(relay)) {
        relay->far_end.ops->tls_begun(relay->far_end.self);
        dialogue_tls_begun(observer_dialogue(relay->observer), SIDE_SERVER);
    }
}

int64_t far_side_deadline_ns(const struct relay *relay) {
    const struct far_end *far_end = &relay->far_end;
    bool waits = !far_side_is_socket(relay) && far_end->ops->deadline_ns != NULL;
    return waits ? far_end->ops->deadline_ns(far_end->self) : INT64_MAX;
}
