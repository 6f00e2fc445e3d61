// SPDX-License-Identifier: MIT
// envelope: the mail transaction as the server sees it (RFC 5321 3.3): the reverse-path and the
// recipients with their answers. It changes when replies come, in their order, so that it is right
// also where commands were pipelined.
#ifndef SCOPE_SMTP_ENVELOPE_H
#define SCOPE_SMTP_ENVELOPE_H

#include "event/event.h"

// The path and the parameters of one MAIL or RCPT, copied in one block.
struct envelope_path {
    struct slice address;
    struct event_parameter *parameters;
    size_t parameter_count;
    size_t size; // bytes of the block
};
struct envelope_path *envelope_path_new(const struct command *command);
void envelope_path_free(struct envelope_path *path); // NULL is fine

struct envelope {
    struct envelope_path *from; // NULL before MAIL
    bool open;                  // MAIL was accepted
    bool smtputf8;
    struct event_recipient *recipients; // their slices point into `paths`
    struct envelope_path **paths;
    size_t count;
    size_t room; // of both
    size_t accepted_count;
    size_t bytes; // of all paths
    bool cut;     // more than the caps allow
};

void envelope_clear(struct envelope *envelope); // frees what it holds; all-zero is fine

// Both take `path`, which may be NULL where it could not be kept.
void envelope_answer_mail(struct envelope *envelope, struct envelope_path *path, int code);
void envelope_answer_rcpt(struct envelope *envelope, struct envelope_path *path, int code);

// The next accepted recipient from `*cursor` on (0 at first), which is moved after it, in the
// order of the RCPTs; NULL after the last. The caller may write the recipient's own answer into
// it.
struct event_recipient *envelope_next_accepted(const struct envelope *envelope, size_t *cursor);
void envelope_describe(struct event_message *out, const struct envelope *envelope);

#endif
