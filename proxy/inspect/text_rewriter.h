// SPDX-License-Identifier: MIT
// rewriter: takes the secrets out of one text. A redaction is which ranges of a text must not be
// seen:
//
//   text      AUTH PLAIN AHRpbQB0YW5zdGFhZg== x
//   redaction                └────────────────┘
//   seen      AUTH PLAIN ******** x
//
// Ranges that overlap become one; each is shown as eight stars, whatever its length. Parts of a
// text (a command's argument, a parameter's value) are rewritten by the same redaction, so that no
// part shows what the whole hides.
#ifndef SCOPE_INSPECT_TEXT_REWRITER_H
#define SCOPE_INSPECT_TEXT_REWRITER_H

#include "base/arena.h"
#include "base/buf.h"
#include "event/event.h"
#include "inspect/secret_set.h"

struct redaction {
    struct span *spans; // ascending, apart
    size_t count;
    size_t room;
};

struct text_rewriter {
    const struct secret_set *secrets_known; // borrowed
    struct redaction redaction;             // of the line looked at last
    struct arena arena;                     // rewritten events, until text_rewriter_clear
};

void text_rewriter_init(struct text_rewriter *rewriter, const struct secret_set *secrets_known);
void text_rewriter_cleanup(struct text_rewriter *rewriter);
void text_rewriter_clear(struct text_rewriter *rewriter); // frees all texts that were rewritten

// The redaction of the text that `search` is about to look through: the marked ranges and all that
// is known to be secret. Marks are in ascending order and apart.
void redaction_find(struct redaction *redaction, struct secret_search *search,
                    const struct span *marks, size_t mark_count);
// Adds a range; ranges must come in order of their ends.
void redaction_add(struct redaction *redaction, size_t start, size_t end);
void redaction_cleanup(struct redaction *redaction);
// Appends `text` as it may be seen.
void redaction_put(struct buf *out, const struct redaction *redaction, struct slice text);

// Each of these rewrites what it is given and says whether it did. A rewritten text lives until
// text_rewriter_clear.
bool text_rewriter_slice(struct text_rewriter *rewriter, struct slice *text);   // any text
bool text_rewriter_string(struct text_rewriter *rewriter, const char **string); // NULL is fine
// A sentence of ours (base/sentence.h): its values by what is known to `rewriter` and to `words`
// (which may be NULL), our own words never. Its marks are taken out.
bool text_rewriter_sentence(struct text_rewriter *rewriter, struct text_rewriter *words,
                            struct slice *sentence);
// A line by its marks and by what is known; from `conceal_from` on all of it is covered (SLICE_NONE
// for nothing). `len` of a line whose cut part is secret becomes that of its stars.
bool text_rewriter_line(struct text_rewriter *rewriter, struct event_line *line,
                        size_t conceal_from);
// A slice into the text that `text_rewriter_line` was given last, as `line` was before; one that
// points elsewhere is looked at as any text.
bool text_rewriter_part(struct text_rewriter *rewriter, struct slice line, struct slice *part);

// The text of nothing but stars.
struct slice text_rewriter_stars(void);

#endif
