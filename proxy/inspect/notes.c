// SPDX-License-Identifier: MIT
#include "inspect/notes.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void notes_cleanup(struct notes *notes) {
    for (size_t i = 0; i < notes->count; i++) {
        free(notes->items[i].text);
    }
    *notes = (struct notes){.count = 0};
}

static struct note *find(struct notes *notes, enum rule rule) {
    for (size_t i = 0; i < notes->count; i++) {
        if (notes->items[i].rule == rule) {
            return &notes->items[i];
        }
    }
    return NULL;
}

static void add(struct notes *notes, enum rule rule, bool mild, const char *text) {
    struct note *old = find(notes, rule);
    struct note new = {.rule = rule, .mild = mild, .text = mem_string(text)};
    if (old == NULL && notes->count < NOTES_MAX) {
        notes->items[notes->count++] = new;
    } else if (old != NULL && old->mild && !mild) {
        free(old->text);
        *old = new;
    } else {
        free(new.text);
    }
}

void notes_add(struct notes *notes, enum rule rule, const char *format, ...) {
    char text[2048];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    add(notes, rule, false, text);
}

void notes_add_mild(struct notes *notes, enum rule rule, const char *text) {
    add(notes, rule, true, text);
}

void notes_join(struct notes *notes, enum rule rule, const char *head, const char *text) {
    struct note *old = find(notes, rule);
    if (old == NULL) {
        notes_add(notes, rule, "%s: %s", head, text);
        return;
    }
    char *joined = mem_format("%s; and %s", old->text, text);
    free(old->text);
    old->text = joined;
}

void notes_say(const struct notes *notes, struct analysis *analysis, struct place place) {
    for (size_t i = 0; i < notes->count; i++) {
        const struct note *note = &notes->items[i];
        if (note->mild) {
            analysis_say_mild(analysis, note->rule, place, "%s", note->text);
        } else {
            analysis_say(analysis, note->rule, place, "%s", note->text);
        }
    }
}
