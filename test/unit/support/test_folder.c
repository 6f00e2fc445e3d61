// SPDX-License-Identifier: MIT
#include "support/test_folder.h"

#include "base/memory.h"
#include "support/place.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

enum { STRINGS_MAX = 4096 };

// A test is one thread, and cmocka gives its helpers nothing to keep things in.
static char folder[32];
static char *strings[STRINGS_MAX];
static size_t string_count;

static const char *keep(char *string) {
    assert_true(string_count < STRINGS_MAX);
    strings[string_count++] = string;
    return string;
}

int folder_enter(void **state) {
    (void)state;
    snprintf(folder, sizeof(folder), "%s/scope-output-XXXXXX", place_for_files());
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int take_away(const char *path, const struct stat *status, int flag, struct FTW *ftw) {
    (void)status;
    (void)flag;
    (void)ftw;
    return remove(path);
}

int folder_leave(void **state) {
    (void)state;
    while (string_count > 0) {
        free(strings[--string_count]);
    }
    nftw(folder, take_away, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

const char *in_folder(const char *name) {
    return keep(mem_format("%s/%s", folder, name));
}

void file_put(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    fclose(file);
}

size_t file_len(const char *path) {
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return (size_t)status.st_size;
}

const char *file_text(const char *path) {
    if (!file_exists(path)) {
        return NULL;
    }
    size_t len = file_len(path);
    char *text = mem_new(len + 1);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fread(text, 1, len, file), len);
    fclose(file);
    return keep(text);
}

bool file_exists(const char *path) {
    return access(path, F_OK) == 0;
}

unsigned file_mode(const char *path) {
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    return status.st_mode & 07777;
}
