// SPDX-License-Identifier: MIT
// text_happening: the sentences of the `### …` lines.
#ifndef SCOPE_FORMAT_TEXT_HAPPENING_H
#define SCOPE_FORMAT_TEXT_HAPPENING_H

#include "base/buf.h"
#include "event/event.h"

// Append one sentence without a line end.
void text_put_connect(struct buf *out, const struct event_session *session,
                      const struct event_connect *connect);
void text_put_tls(struct buf *out, const struct event_tls *tls);
void text_put_auth(struct buf *out, const struct event_auth *auth);
void text_put_close(struct buf *out, const struct event_close *close);
void text_put_lost(struct buf *out, const struct event_lost *lost);
void text_put_paused(struct buf *out, const struct event_paused *paused);

#endif
