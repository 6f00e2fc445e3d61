// SPDX-License-Identifier: MIT
// veil: takes the secrets out of one text. A cover is which ranges of a text must not be seen:
//
//   text      AUTH PLAIN AHRpbQB0YW5zdGFhZg== x
//   cover                └────────────────┘
//   seen      AUTH PLAIN ******** x
//
// Ranges that overlap become one; each is shown as eight stars, whatever its length. Parts of a
// text (a command's argument, a parameter's value) are rewritten by the same cover, so that no part
// shows what the whole hides.
#ifndef SCOPE_INSPECT_VEIL_H
#define SCOPE_INSPECT_VEIL_H

#include "base/buf.h"
#include "event/event.h"
#include "inspect/taint.h"

struct cover {
    struct span *spans; // ascending, apart
    size_t count;
    size_t capacity;
};

struct veil_block;

struct veil {
    const struct taint *taint; // borrowed
    struct cover cover;        // of the line looked at last
    struct veil_block *blocks; // rewritten texts, until veil_clear
};

void veil_init(struct veil *veil, const struct taint *taint);
void veil_cleanup(struct veil *veil);
void veil_clear(struct veil *veil); // frees all texts that were rewritten

// The cover of `text`: the marked ranges and whatever is known to be secret. `cut` as in
// taint_search.
void cover_find(struct cover *cover, const struct taint *taint, struct slice text,
                const struct event_line *marks, bool cut);
// Adds a range; ranges must come in order of their ends.
void cover_add(struct cover *cover, size_t start, size_t end);
void cover_cleanup(struct cover *cover);
// Appends `text` as it may be seen.
void cover_put(struct buf *out, const struct cover *cover, struct slice text);

// Memory for a rewritten event, zeroed, aligned for anything; until veil_clear.
void *veil_room(struct veil *veil, size_t size);

// Each of these rewrites what it is given and says whether it did. A rewritten text lives until
// veil_clear.
bool veil_slice(struct veil *veil, struct slice *text);   // any text
bool veil_string(struct veil *veil, const char **string); // NULL is fine
// A sentence of ours (base/sentence.h): its values by what is known to `veil` and to `words` (which
// may be NULL), our own words never. Its marks are taken out.
bool veil_sentence(struct veil *veil, struct veil *words, struct slice *sentence);
// A line by its marks and by what is known; from `conceal_from` on all of it is covered (SLICE_NONE
// for nothing). `len` of a line whose cut part is secret becomes that of its stars.
bool veil_line(struct veil *veil, struct event_line *line, size_t conceal_from);
// A slice into the text that `veil_line` was given last, as `line` was before; one that points
// elsewhere is looked at as any text.
bool veil_part(struct veil *veil, struct slice line, struct slice *part);

// The text of nothing but stars.
struct slice veil_stars(void);

#endif
