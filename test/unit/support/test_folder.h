// SPDX-License-Identifier: MIT
// test_folder: a folder of a test's own for the files that it writes, and what a test asks of
// files. Paths and texts that are returned stay valid until folder_leave.
#ifndef SCOPE_TEST_SUPPORT_TEST_FOLDER_H
#define SCOPE_TEST_SUPPORT_TEST_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

int folder_enter(void **state); // cmocka's setup: makes it
int folder_leave(void **state); // … and teardown: takes it away with all that is in it

const char *in_folder(const char *name); // the path of a file in it
void file_put(const char *path, const char *text);
const char *file_text(const char *path); // NULL where it is not there; a NUL stands behind it
size_t file_len(const char *path);
bool file_exists(const char *path);
unsigned file_mode(const char *path); // the permission bits

#endif
