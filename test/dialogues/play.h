// SPDX-License-Identifier: MIT
// play: drives the decoder with one script, cut in one of three ways, and records what it says.
#ifndef SCOPE_TEST_DIALOGUES_PLAY_H
#define SCOPE_TEST_DIALOGUES_PLAY_H

#include "dialogue_script.h"

enum cut { CUT_NOT, CUT_BYTES, CUT_RANDOM };

struct record {
    struct script_lines events;
    struct script_lines bytes;
    struct script_lines findings; // sorted: where they stand depends on how the bytes came
    struct script_lines likely;   // of the close: one or none
    size_t *events_after;         // after action i so many events had been told
    char fault[512];              // an invariant that does not hold; empty where all do
};

// `seed` is used by CUT_RANDOM.
void play(struct record *record, const struct script *script, enum cut cut, uint64_t seed);
void record_free(struct record *record);

#endif
