// SPDX-License-Identifier: MIT
// remarks: what is wrong with a message, noted as it streams by and said when it is whole. One note
// a rule, since a rule fires once a message.
#ifndef SCOPE_INSPECT_REMARKS_H
#define SCOPE_INSPECT_REMARKS_H

#include "base/limits.h"
#include "inspect/analysis.h"

struct remark {
    enum rule rule;
    bool mild; // a warning where the rule's own severity is an error
    char *text;
};

// All-zero is empty.
struct remarks {
    struct remark items[LIMIT_REMARKS];
    size_t count;
};

void remarks_cleanup(struct remarks *notes);

// The first note of a rule stays; but an error takes the place of what is only a warning.
void remarks_add(struct remarks *notes, enum rule rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void remarks_add_mild(struct remarks *notes, enum rule rule, const char *text);
// For a rule whose faults are listed together: `HEAD: TEXT; and TEXT`.
void remarks_join(struct remarks *notes, enum rule rule, const char *head, const char *text);

void remarks_drop(struct remarks *notes, enum rule rule);
void remarks_say(const struct remarks *notes, struct analysis *analysis, struct place place);

#endif
