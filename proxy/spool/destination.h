// SPDX-License-Identifier: MIT
// destination: one `--output` as the spool sees it, fixed once it is open: how its files are
// framed, and where they are.
#ifndef SCOPE_SPOOL_DESTINATION_H
#define SCOPE_SPOOL_DESTINATION_H

#include "spool/framing.h"

struct destination {
    size_t index; // in the set
    const struct framing *framing;
    const char *path;  // as it was given, "-" too
    bool placeholders; // the path holds {session} and the like
    bool screen;       // a person's terminal, and lines that are laid out for it
    bool color;        // decided by --color, NO_COLOR and the terminal
};

// What all destinations of the process share.
struct spool_options {
    bool dash_is_stderr;  // "-" is standard error, as under `run`
    uint64_t rotate_size; // bytes; 0 for no rotation
    unsigned rotate_keep;
    size_t queue_max; // bytes of finished chunks that may wait
    // One line for standard error that is not about a session ("disk full: …"); called on the
    // writer thread, each trouble once.
    void (*complain)(void *context, const char *sentence);
    void *complain_context;
};

#endif
