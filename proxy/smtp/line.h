// SPDX-License-Identifier: MIT
// line: cuts a stream into lines at LF (RFC 5321 2.3.8) and notes what is odd about their bytes.
// Of a line no more than a cap is kept; what is over the cap is handed on as it comes by and
// forgotten.
//
//      ┌───────── len ──────────┐
//      M A I L   F R O M : <… | … > CR LF
//      └── kept (the prefix) ─┘└─ spill ┘
//
// Knows nothing of commands, replies or secrets.
#ifndef SCOPE_SMTP_LINE_H
#define SCOPE_SMTP_LINE_H

#include "event/event.h"

struct line_reader {
    struct buf kept; // the prefix, without the line end
    size_t len;      // bytes of the line so far, without the line end
    enum line_ending ending;
    bool has_bare_cr;
    bool has_nul;
    bool has_8bit;
    bool held_cr; // a CR whose next byte is not known yet
    bool whole;   // the line ended; the next feed begins another
};

enum line_step {
    LINE_MORE,  // the input is used up, the line goes on
    LINE_SPILL, // `*out_spill` is part of the line, past the cap; go on feeding
    LINE_WHOLE, // the line is complete
};

void line_reader_init(struct line_reader *reader, size_t max);
void line_reader_cleanup(struct line_reader *reader); // wipes: lines hold secrets
void line_reader_forget(struct line_reader *reader);  // … and begins another line

// Takes bytes off the front of `*input` up to the end of a line. `*out_spill` is valid as long as
// the input.
enum line_step line_reader_feed(struct line_reader *reader, struct slice *out_spill,
                                struct slice *input);
// The stream ended: true where a line was begun, which is then whole and has no line end. A CR that
// was held and does not fit is `*out_spill`.
bool line_reader_end(struct line_reader *reader, struct slice *out_spill);

// Between lines: gives the memory back. The text of the last line is gone.
void line_reader_give_back(struct line_reader *reader);

bool line_reader_begun(const struct line_reader *reader); // bytes of a line that has not ended
bool line_reader_cut(const struct line_reader *reader);   // more came than is kept
// The prefix; valid until the next feed.
struct slice line_reader_text(const struct line_reader *reader);
struct slice line_ending_bytes(enum line_ending ending);

#endif
