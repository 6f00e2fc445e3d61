// SPDX-License-Identifier: MIT
// mode: one `--mode`, where the traffic comes from and where it goes to.
//
//   KIND [ : URL ] [ @ [HOST:]PORT ]
//
//   reverse:smtp://mail.example.com:587@127.0.0.1:2525
//   ─────── ──── ──────────────── ───  ───────── ────
//   kind    tls  host             port listen_host listen_port
//
// IPv6 addresses are in brackets, in the URL and in the listening address; here they have none.
#ifndef SCOPE_CLI_MODE_H
#define SCOPE_CLI_MODE_H

#include "base/buf.h"
#include "base/err.h"
#include "event/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODE_LISTEN_HOST "127.0.0.1" // where no `@` is given
enum { MODE_LISTEN_PORT = 2525, MODE_PORT_SMTP = 25, MODE_PORT_SMTPS = 465 };

struct mode_spec {
    enum mode kind;       // never MODE_RUN: that one has no --mode
    bool implicit_tls;    // reverse:smtps
    char *host;           // reverse: the server, without brackets; else NULL
    uint16_t port;        // reverse: of the server; else 0
    char *listen_host;    // a name or an address, without brackets
    uint16_t listen_port; // 0: any free one
};

// Reads one `--mode`. ERR_USAGE with a sentence that names the wrong part; then there is nothing to
// clean up.
MUST_USE enum err mode_parse(struct mode_spec *out, struct failure *failure, const char *word);
// Reads the short form: a server, HOST[:PORT] or an smtp or smtps URL, with or without `@…`, is
// reverse mode, to port 465 by smtps; a word that begins with a KIND is a --mode as it is.
MUST_USE enum err mode_parse_short(struct mode_spec *out, struct failure *failure,
                                   const char *word);
void mode_cleanup(struct mode_spec *mode);

// Reads `[HOST:]PORT`, a place to listen; the host, owned by the caller, is MODE_LISTEN_HOST where
// none is given. ERR_USAGE with the end of a sentence whose start is the option and a quote.
MUST_USE enum err listen_place_parse(char **out_host, uint16_t *out_port, struct failure *failure,
                                     struct slice word);

// The KINDs of --mode; NULL past the last.
const char *mode_kind_name(size_t index);

// Appends the mode as the listening line has it: `reverse smtp://mail.example.com:587`, `sink`.
void mode_put_text(struct buf *out, const struct mode_spec *mode);

#endif
