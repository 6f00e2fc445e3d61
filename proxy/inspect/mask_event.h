// SPDX-License-Identifier: MIT
// mask_event: the events whose secrets are in more than one member, rewritten whole: a command
// with its argument, path and parameters; a reply with its lines; a message with its envelope; a
// handshake with its names.
#ifndef SCOPE_INSPECT_MASK_EVENT_H
#define SCOPE_INSPECT_MASK_EVENT_H

#include "event/event.h"
#include "inspect/text_rewriter.h"

// Each rewrites its event in place; what it makes lives until text_rewriter_clear.
void mask_command(struct text_rewriter *rewriter, struct event_command *command);
void mask_reply(struct text_rewriter *rewriter, struct event_reply *reply);
void mask_message(struct text_rewriter *rewriter, struct event_message *message);
void mask_tls(struct text_rewriter *rewriter, struct event_tls *tls);
// Sentences of ours: why a handshake failed, and what the proxy said to the client.
bool mask_tls_error(struct text_rewriter *rewriter, struct event_tls *tls);
bool mask_proxy_reply(struct text_rewriter *rewriter, struct event_reply *reply);

#endif
