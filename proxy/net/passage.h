// SPDX-License-Identifier: MIT
// passage: a connection of `run --ports all` until its first bytes say whether it is mail. Mail
// becomes a session, which gets those bytes first. Anything else passes on untouched, byte for byte
// in both directions with its ends and resets, and is no session: nothing is decoded or recorded.
// So does any connection of `run` that comes when the proxy is stopping, as after `--once`.
//
//   arrival ─▶ passage ─┬─ the server greets with 220, 4xx or 5xx, or the client with EHLO ─▶ conn
//                       └─ anything else ─▶ passes on, to its end
//
// A ClientHello is not opened to see what is inside: implicit TLS is mail on port 465 alone.
#ifndef SCOPE_NET_PASSAGE_H
#define SCOPE_NET_PASSAGE_H

#include "event/event.h"
#include "net/conn.h"

#include <stdbool.h>
#include <stdint.h>

// 25, 465, 587, 2525: what connects there is a session from the start.
bool passage_port_is_mail(uint16_t port);

enum passage_verdict { PASSAGE_MAIL, PASSAGE_OTHER, PASSAGE_MORE };

// What the first bytes of a side say; PASSAGE_MORE where they may become either.
enum passage_verdict passage_judge(enum side side, struct slice bytes, uint16_t port);

// Takes all of `accepted` over, whose server is connected, in the place of `arrival`. While the
// worker is stopping it becomes no session.
void passage_begin(struct worker *worker, struct live *arrival, const struct accepted *accepted);

#endif
