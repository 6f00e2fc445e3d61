// SPDX-License-Identifier: MIT
// places: the files and folders that a running proxy may still open, from its options and the
// machine: what the C library reads to look names up, the roots, and the folders of its outputs.
#ifndef SCOPE_CLI_PLACES_H
#define SCOPE_CLI_PLACES_H

#include "cli/options.h"
#include "sandbox/files.h"

struct places {
    struct file_place *items; // their paths are owned
    size_t count;
    size_t room;
};

// What the C library reads, and the outputs.
void places_of(struct places *out, const struct options *options);
// Those of a command that looks at files, and, where it `opens_files`, these and its reports.
void places_of_reader(struct places *out, const struct options *options, bool opens_files);
void places_cleanup(struct places *places);

// Whether there are files that are opened, renamed or made while the proxy runs, or when it ends.
bool places_has_files(const struct options *options);

#endif
