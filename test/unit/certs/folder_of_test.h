// SPDX-License-Identifier: MIT
// folder_of_test: a folder that is there for one test, and files in it.
#ifndef SCOPE_TEST_CERTS_FOLDER_H
#define SCOPE_TEST_CERTS_FOLDER_H

#include "base/buf.h"

#include <sys/types.h>

struct test_folder {
    char path[64];
};

void test_folder_make(struct test_folder *folder);
void test_folder_remove(struct test_folder *folder); // with all in it
// "FOLDER/name"; the caller frees it.
char *test_folder_file(const struct test_folder *folder, const char *name);
void test_file_write(const char *path, struct slice content);
void test_file_read(const char *path, struct buf *out);
mode_t test_file_mode(const char *path); // the permission bits

#endif
