// SPDX-License-Identifier: MIT
// recorder: the end of the pipe: writes events down, in a form that does not depend on how the
// bytes were cut, and checks what holds for all dialogues:
//
//   - the bytes told are the bytes fed, for each side, in order;
//   - what a script calls a secret is nowhere outside a mark.
#ifndef SCOPE_TEST_DIALOGUES_RECORDER_H
#define SCOPE_TEST_DIALOGUES_RECORDER_H

#include "play.h"

struct recorder {
    struct record *record;
    const struct script *script;
    struct buf told[2];   // bytes by side, but for those of the proxy
    struct buf masked[2]; // … with marks taken out
    struct buf content;   // of the message under way
    struct buf run;       // bytes that belong on one `~` line
    struct event_bytes about;
    bool run_open;  // there is such a line
    bool mark_open; // … and its last mark may go on
    size_t times;   // that the last event was told in a row
    char *offered;  // what the last command's client had been offered
};

void recorder_init(struct recorder *recorder, struct record *record, const struct script *script);
void recorder_cleanup(struct recorder *recorder);
void recorder_take(void *context, const struct event *event); // of dialogue and message
void recorder_take_finding(void *context, const struct event *event);
void recorder_take_likely(struct recorder *recorder, struct slice likely);
// The session is over: `fed` is what was fed, by side.
void recorder_finish(struct recorder *recorder, const struct buf fed[2]);

#endif
