// SPDX-License-Identifier: MIT
// rewrite: `--rewrite-to` and `--keep-to`. Every RCPT gets the same address, and only the first of
// several is sent; the others get the same reply. Header and text stay as they are.
//
//   C > RCPT TO:<b@example.net>   P > RCPT TO:<to@example.org>   S < 250 ok   P < 250 ok
//   C > RCPT TO:<c@example.net>                                               P < 250 ok
//
// In LMTP a message has an answer for each recipient: those others get that of the first.
//
// No recipient of the client's reaches the server but those to keep, the parameter ORCPT included.
#ifndef SCOPE_FAULT_REWRITE_H
#define SCOPE_FAULT_REWRITE_H

#include "base/err.h"
#include "plug/filter.h"

struct pattern;

struct rewrite_rule {
    const char *to;       // an address without brackets
    struct pattern *keep; // recipients that match stay; NULL: none
};

// ERR_USAGE with a sentence where `to` is no address, or `keep` (may be NULL) no expression. `to`
// is borrowed.
MUST_USE enum err rewrite_rule_init(struct rewrite_rule *out, struct failure *failure,
                                    const char *to, const char *keep);
void rewrite_rule_cleanup(struct rewrite_rule *rule);

// The rule outlives it.
struct filter rewrite_new(const struct rewrite_rule *rule, struct filter_port port);

#endif
