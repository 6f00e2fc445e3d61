// SPDX-License-Identifier: MIT
#include "cli/rules.h"

#include "inspect/rule.h"

// `bare-lf: error (RFC 5321 2.3.8)`, and what it is about on the next line.
void rules_put(struct buf *out) {
    for (unsigned i = 0; i < RULE_COUNT; i++) {
        const struct rule_info *rule = rule_info((enum rule)i);
        buf_putf(out, "%s: %s", rule->id, severity_name(rule->severity));
        if (rule->mildest != rule->severity) {
            buf_putf(out, " or %s", severity_name(rule->mildest));
        }
        if (rule->reference != NULL) {
            buf_putf(out, " (%s)", rule->reference);
        }
        buf_putf(out, "\n    %s\n", rule->explanation);
    }
}
