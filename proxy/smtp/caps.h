// SPDX-License-Identifier: MIT
// caps: what an EHLO reply offered (RFC 5321 4.1.1.1), kept for as long as something refers to it.
// A command that was sent before a new EHLO reply came is judged by the older one, so sets are
// shared and counted.
#ifndef SCOPE_SMTP_CAPS_H
#define SCOPE_SMTP_CAPS_H

#include "event/event.h"
#include "smtp/dialogue.h"

struct caps {
    struct capabilities list; // its slices point after `items`
    unsigned holders;
    struct capability items[];
};

// Reads the lines after the first one. `view` is what the proxy makes of STARTTLS for the client,
// `edit` what else it changes, NULL for nothing. The caller holds the result.
struct caps *caps_new(const struct event_reply *reply, enum starttls_view view,
                      const struct offer_edit *edit);
struct caps *caps_hold(struct caps *caps); // NULL is fine
void caps_drop(struct caps *caps);         // frees with the last holder; NULL is fine
const struct capabilities *caps_list(const struct caps *caps); // NULL for NULL

#endif
