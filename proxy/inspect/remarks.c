// SPDX-License-Identifier: MIT
#include "inspect/remarks.h"

#include "base/limits.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void remarks_cleanup(struct remarks *notes) {
    for (size_t i = 0; i < notes->count; i++) {
        free(notes->items[i].text);
    }
    *notes = (struct remarks){.count = 0};
}

static struct remark *find(struct remarks *notes, enum rule rule) {
    for (size_t i = 0; i < notes->count; i++) {
        if (notes->items[i].rule == rule) {
            return &notes->items[i];
        }
    }
    return NULL;
}

static void add(struct remarks *notes, enum rule rule, bool mild, const char *text) {
    struct remark *old = find(notes, rule);
    struct remark new = {.rule = rule, .mild = mild, .text = mem_string(text)};
    if (old == NULL && notes->count < LIMIT_REMARKS) {
        notes->items[notes->count++] = new;
    } else if (old != NULL && old->mild && !mild) {
        free(old->text);
        *old = new;
    } else {
        free(new.text);
    }
}

void remarks_add(struct remarks *notes, enum rule rule, const char *format, ...) {
    char text[FINDING_TEXT_MAX];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    add(notes, rule, false, text);
}

void remarks_add_mild(struct remarks *notes, enum rule rule, const char *text) {
    add(notes, rule, true, text);
}

void remarks_join(struct remarks *notes, enum rule rule, const char *head, const char *text) {
    struct remark *old = find(notes, rule);
    if (old == NULL) {
        remarks_add(notes, rule, "%s: %s", head, text);
        return;
    }
    char *joined = mem_format("%s; and %s", old->text, text);
    free(old->text);
    old->text = joined;
}

void remarks_drop(struct remarks *notes, enum rule rule) {
    struct remark *old = find(notes, rule);
    if (old != NULL) {
        free(old->text);
        *old = notes->items[--notes->count];
    }
}

void remarks_say(const struct remarks *notes, struct analysis *analysis, struct place place) {
    for (size_t i = 0; i < notes->count; i++) {
        const struct remark *note = &notes->items[i];
        if (note->mild) {
            analysis_say_mild(analysis, note->rule, place, "%s", note->text);
        } else {
            analysis_say(analysis, note->rule, place, "%s", note->text);
        }
    }
}
