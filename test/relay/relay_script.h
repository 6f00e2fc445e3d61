// SPDX-License-Identifier: MIT
// relay_script: a relayed session as a text file: what both peers send, what each gets, and what
// the transcript says. Played once, the whole of it, and then cut in every way.
#ifndef SCOPE_TEST_RELAY_RELAY_SCRIPT_H
#define SCOPE_TEST_RELAY_RELAY_SCRIPT_H

#include "relay_wire.h"

enum { SCRIPT_LINES_MAX = 200, SCRIPT_WORD_MAX = 16 };

struct script_line {
    int number;                 // in the file
    char word[SCRIPT_WORD_MAX]; // "C>", "S<", "set", "=", …
    struct slice text;          // what follows it, with its escapes
};

struct script {
    const char *path;
    struct buf file;
    struct script_line lines[SCRIPT_LINES_MAX];
    size_t count;
    bool events_vary; // what is told depends on what comes first
};

struct script_cut {
    size_t piece;   // wire bytes at once
    enum side side; // whose plaintext pauses …
    size_t at;      // … after so many bytes; SIZE_MAX for none
};

void script_read(struct script *script, const char *path);
void script_cleanup(struct script *script);
// Plays it; what was recorded is appended to `transcript`. Exits with a message where it fails.
void script_play(const struct script *script, const struct script_cut *cut, struct buf *transcript);
// The plaintext bytes that a peer sends in it.
size_t script_bytes(const struct script *script, enum side side);

#endif
