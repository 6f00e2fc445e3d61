// SPDX-License-Identifier: MIT
#include "folder_of_test.h"

#include "../support/place.h"
#include "base/memory.h"

#include <assert.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void test_folder_make(struct test_folder *folder) {
    snprintf(folder->path, sizeof(folder->path), "%s/scope-certs-XXXXXX", place_for_files());
    assert(mkdtemp(folder->path) != NULL);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place) {
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

void test_folder_remove(struct test_folder *folder) {
    assert(nftw(folder->path, remove_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
}

char *test_folder_file(const struct test_folder *folder, const char *name) {
    return mem_format("%s/%s", folder->path, name);
}

void test_file_write(const char *path, struct slice content) {
    FILE *file = fopen(path, "wb");
    assert(file != NULL && fwrite(content.data, 1, content.len, file) == content.len);
    fclose(file);
}

void test_file_read(const char *path, struct buf *out) {
    FILE *file = fopen(path, "rb");
    assert(file != NULL);
    uint8_t part[4096];
    for (size_t len; (len = fread(part, 1, sizeof(part), file)) > 0;) {
        buf_put(out, slice_of(part, len));
    }
    fclose(file);
}

mode_t test_file_mode(const char *path) {
    struct stat status;
    assert(stat(path, &status) == 0);
    return status.st_mode & 07777;
}
