// SPDX-License-Identifier: MIT
#include "format/text_happening.h"

#include "base/clock.h"
#include "base/text.h"

static void put(struct buf *out, const char *string) {
    text_put_printable(out, slice_of_string(string));
}

static void put_labelled(struct buf *out, const char *label, const char *value) {
    if (value != NULL) {
        buf_put_string(out, label);
        put(out, value);
    }
}

static void put_server(struct buf *out, const struct event_endpoint *server) {
    if (server->host == NULL) {
        put(out, server->address == NULL ? "an unknown address" : server->address);
    } else {
        buf_put_byte(out, '\'');
        put(out, server->host);
        buf_put_byte(out, '\'');
        if (server->address != NULL) {
            buf_put_string(out, " (");
            put(out, server->address);
            buf_put_byte(out, ')');
        }
    }
    if (server->port != 0) {
        buf_putf(out, " on port %u", (unsigned)server->port);
    }
}

void text_put_connect(struct buf *out, const struct event_session *session,
                      const struct event_connect *connect) {
    if (session == NULL || !session->has_server) {
        buf_put_string(out, "Connected to the embedded server");
        return;
    }
    const struct event_endpoint *server = &session->server;
    if (!connect->connected && server->host == NULL && server->address == NULL) {
        buf_put_string(out, "Connected to no server"); // it was not known which
        return;
    }
    const char *what = connect->given_up ? "Not connected to " : "Could not connect to ";
    buf_put_string(out, connect->connected ? "Connected to " : what);
    put_server(out, server);
}

static void put_verdict(struct buf *out, const struct event_tls *tls) {
    if (!tls->has_verify) {
        return;
    }
    if (tls->verify_ok) {
        buf_put_string(out, ", certificate verified");
        put_labelled(out, ", but ", tls->verify_error);
        return;
    }
    buf_put_string(out, ", certificate not verified");
    put_labelled(out, ": ", tls->verify_error);
}

void text_put_tls(struct buf *out, const struct event_tls *tls) {
    buf_putf(out, "TLS with the %s", side_name(tls->side));
    if (tls->error != NULL) {
        put_labelled(out, " failed: ", tls->error);
        if (tls->has_verify && !tls->verify_ok) {
            put_verdict(out, tls);
        }
        return;
    }
    put_labelled(out, ": ", tls->version == NULL ? "unknown version" : tls->version);
    put_labelled(out, " ", tls->cipher);
    if (tls->sni == NULL) {
        buf_put_string(out, ", no SNI");
    }
    put_labelled(out, ", SNI ", tls->sni);
    put_labelled(out, ", ALPN ", tls->alpn);
    if (tls->side == SIDE_CLIENT && tls->certificate != NULL) {
        put_labelled(out, ", client certificate ", tls->certificate->subject);
    }
    put_verdict(out, tls);
}

void text_put_auth(struct buf *out, const struct event_auth *auth) {
    buf_put_string(out, "AUTH ");
    if (auth->mechanism.len > 0) {
        text_put_printable(out, auth->mechanism);
        buf_put_byte(out, ' ');
    }
    buf_put_string(out, auth_outcome_name(auth->outcome));
    if (auth->code >= 400) {
        buf_putf(out, " with %d", auth->code);
    }
    if (!slice_is_null(auth->identity)) {
        buf_put_string(out, ", user=");
        text_put_printable(out, auth->identity);
    }
}

void text_put_close(struct buf *out, const struct event_close *close) {
    buf_put_string(out, "Connection closed");
    if (close->by != PARTY_NONE) {
        buf_putf(out, " by the %s", party_name(close->by));
    }
    if (!slice_is_null(close->error)) {
        buf_put_string(out, ": ");
        text_put_printable(out, close->error);
    }
}

void text_put_lost(struct buf *out, const struct event_lost *lost) {
    buf_putf(out, "%llu line%s lost", (unsigned long long)lost->count,
             lost->count == 1 ? " was" : "s were");
    if (lost->reason.len > 0) {
        buf_put_string(out, ": ");
        text_put_printable(out, lost->reason);
    }
}

void text_put_paused(struct buf *out, const struct event_paused *paused) {
    buf_put_string(out, "Recording was paused from ");
    clock_put_rfc3339(out, paused->from_unix_ns, CLOCK_MILLISECONDS);
    buf_put_string(out, " to ");
    clock_put_rfc3339(out, paused->to_unix_ns, CLOCK_MILLISECONDS);
}
