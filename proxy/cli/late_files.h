// SPDX-License-Identifier: MIT
// late_files: the files of this machine that a proxy reads while it runs, and not at its start:
// what the C library reads to look names up, and the folders in which roots are found one by one.
// Where they really are is the machine's business: a link of /etc or of such a folder may lead
// anywhere.
#ifndef SCOPE_CLI_LATE_FILES_H
#define SCOPE_CLI_LATE_FILES_H

#include <stdbool.h>

// Takes the path of one, which may be a link, a folder, or not there; valid for the call.
typedef void late_file_taker(void *context, const char *path);

void late_files_each(late_file_taker *take, void *context);
// Whether the calling process may read all that are there.
bool late_files_can_be_read(void);

#endif
