// SPDX-License-Identifier: MIT
// notes: what is wrong with a message, noted as it streams by and said when it is whole. One note a
// rule, since a rule fires once a message.
#ifndef SCOPE_INSPECT_NOTES_H
#define SCOPE_INSPECT_NOTES_H

#include "inspect/analysis.h"

enum { NOTES_MAX = 24 };

struct note {
    enum rule rule;
    bool mild; // a warning where the rule's own severity is an error
    char *text;
};

// All-zero is empty.
struct notes {
    struct note items[NOTES_MAX];
    size_t count;
};

void notes_cleanup(struct notes *notes);

// The first note of a rule stays; but an error takes the place of what is only a warning.
void notes_add(struct notes *notes, enum rule rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void notes_add_mild(struct notes *notes, enum rule rule, const char *text);
// For a rule whose faults are told together: `HEAD: TEXT; and TEXT`.
void notes_join(struct notes *notes, enum rule rule, const char *head, const char *text);

void notes_say(const struct notes *notes, struct analysis *analysis, struct place place);

#endif
