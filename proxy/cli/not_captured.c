// SPDX-License-Identifier: MIT
#include "cli/not_captured.h"

// What a shell exits with where a command cannot be run, or is not found.
enum { STATUS_NOT_RUN = 126, STATUS_NOT_FOUND = 127 };

static void put_ports(struct buf *out, const struct elsewhere *elsewhere, const char *between) {
    for (size_t i = 0; i < elsewhere->port_count; i++) {
        buf_putf(out, "%s%u", i == 0 ? "" : between, (unsigned)elsewhere->ports[i]);
    }
}

// The port is the most usual reason of all, and what was seen is better than a guess.
static void put_port_reason(struct buf *out, const struct port_list *watched,
                            const struct elsewhere *elsewhere) {
    if (elsewhere->port_count > 0) {
        buf_put_string(out, "it connected to port ");
        put_ports(out, elsewhere, " and ");
        buf_put_string(out, " instead (--ports ");
        put_ports(out, elsewhere, ",");
        buf_put_string(out, " watches that); other usual reasons: ");
        return;
    }
    buf_put_string(out, "usual reasons: ");
    if (!watched->all) {
        buf_put_string(out, "another port, such as Mailpit's 1025 (--ports 1025); ");
    }
}

void not_captured_put(struct buf *out, const struct port_list *watched,
                      const struct elsewhere *elsewhere, int status) {
    buf_put_string(out, "nothing was captured: the command made no connection ");
    if (watched->all) {
        buf_put_string(out, "for mail");
    } else {
        buf_put_string(out, "to port ");
        port_list_put(out, watched);
    }
    if (status == STATUS_NOT_RUN || status == STATUS_NOT_FOUND) {
        buf_putf(out, "; it ended with %d: a command %s", status,
                 status == STATUS_NOT_RUN ? "could not be run" : "was not found");
        return;
    }
    buf_put_string(out, "; ");
    put_port_reason(out, watched, elsewhere);
    buf_put_string(out, "a server's name that does not resolve");
    if (elsewhere->looked_up && elsewhere->port_count == 0) {
        buf_put_string(out, " (it looked one up, and connected to nothing after that)");
    }
    buf_put_string(out,
                   "; a local queue, as of sendmail, which a daemon sends later; a client in a "
                   "container; a set-user-ID program");
}
