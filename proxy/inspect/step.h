// SPDX-License-Identifier: MIT
// step: what is known of a client that has stopped waiting for a reply, and from then on takes each
// reply for the answer to the command that it sent last:
//
//   client   . ──────── MAIL        RCPT        DATA          out of step by one from here on
//   server              (nothing)   250 to .    250 to MAIL
#ifndef SCOPE_INSPECT_STEP_H
#define SCOPE_INSPECT_STEP_H

#include "event/event.h"

struct step {
    bool early;     // a command was sent while the reply to what came before it was due …
    bool proven;    // … and the next one after exactly one reply: it goes by the wrong ones
    bool noted;     // a reply came since it sent the last
    bool text;      // the last that it sent was the end of a message
    enum verb verb; // … or this command
    enum verb due;  // what it did not wait for: VERB_NONE for the greeting
    bool due_text;
    int64_t waited_ns;
    unsigned heard; // how many replies it had got when it sent the last
};

#endif
