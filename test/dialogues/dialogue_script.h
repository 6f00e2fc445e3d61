// SPDX-License-Identifier: MIT
// dialogue_script: one dialogue file, read into a list of actions and the lines that are expected.
// The format is told in README.md.
#ifndef SCOPE_TEST_DIALOGUES_DIALOGUE_SCRIPT_H
#define SCOPE_TEST_DIALOGUES_DIALOGUE_SCRIPT_H

#include "event/event.h"
#include "smtp/dialogue.h"

#include <stdio.h>

enum action_kind {
    ACTION_SEND, // `bytes` of `side`
    ACTION_PROXY_COMMAND,
    ACTION_PROXY_REPLY,
    ACTION_TLS,     // of `side`; `text` may say how it failed
    ACTION_VIEW,    // of STARTTLS
    ACTION_CONNECT, // not connected: `text` is unused
    ACTION_CLOSE,   // by `side`
};

struct action {
    enum action_kind kind;
    enum side side;
    struct buf bytes;
    int64_t at_ns;
    int line; // of the file
    enum starttls_view view;
    bool failed;   // TLS, CONNECT
    bool by_proxy; // CLOSE
    char *words;   // TLS, CLOSE: what is known beyond the side, see script_facts.h; else NULL
};

struct script_lines {
    char **items;
    size_t count;
};

struct script {
    char *path;
    char **source; // the file's lines, for --accept
    size_t source_count;
    struct action *actions;
    size_t count;
    struct script_lines events;   // `= …`
    struct script_lines bytes;    // `~ …`
    struct script_lines findings; // `! …`
    struct script_lines likely;   // `likely …`
    struct script_lines secrets;  // `secret …`
    bool no_findings;             // `findings none`
    size_t max_line;
    int64_t slow_ns;
    char server[64]; // its address
    uint16_t port;   // … and port
};

// Reads the file; prints what is wrong with it and returns false where it is none.
bool script_read(struct script *script, const char *path);
void script_free(struct script *script);

void script_lines_add(struct script_lines *lines, const char *text);
void script_lines_free(struct script_lines *lines);

#endif
