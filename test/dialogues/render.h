// SPDX-License-Identifier: MIT
// render: an event as one line of a dialogue file. Secrets are shown between << and >>, so that the
// file says which bytes are marked.
#ifndef SCOPE_TEST_DIALOGUES_RENDER_H
#define SCOPE_TEST_DIALOGUES_RENDER_H

#include "event/event.h"

// Appends the line, or nothing for events that have none (bytes, content).
void render_event(struct buf *out, const struct event *event);
// What the client of a command had been offered.
void render_offered(struct buf *out, const struct event_command *event);
// Escaped; the middle of a long text is left out.
void render_abbreviated(struct buf *out, struct slice text);
// What the rules say that is no finding, in the form of one: `note - - "TEXT"`.
void render_note(struct buf *out, struct slice text);
void render_finding(struct buf *out, const struct event_finding *finding);

#endif
