// SPDX-License-Identifier: MIT
// bonds: which finding explains which refusal, as one table. It knows no session.
#ifndef SCOPE_INSPECT_BONDS_H
#define SCOPE_INSPECT_BONDS_H

#include "inspect/reply_parts.h"
#include "inspect/rule.h"

#include <stddef.h>
#include <stdint.h>

enum { BOND_CODES = 6, BOND_WORDS = 6 };

enum bond_scope { SAME_EXCHANGE, SAME_LOGIN, SAME_MESSAGE, SAME_SESSION };

// A finding of `rule` explains a refusal at one of `stages` that has one of the codes, or whose
// text has one of the words. Those above go before those below.
struct bond {
    enum rule rule;
    int stages;
    enum bond_scope scope;
    int codes[BOND_CODES];
    const char *words[BOND_WORDS];
};

// The bonds whose stage, code and words fit, as a set of 64 bits.
uint64_t bonds_of(const struct refusal *refusal);
// NULL after the last.
const struct bond *bond_at(size_t i);

#endif
