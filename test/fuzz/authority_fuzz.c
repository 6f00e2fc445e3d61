// SPDX-License-Identifier: MIT
// The files of a CA: any bytes as its certificate or its key (the first byte says which), or a good
// one in which some bytes are others (place, byte), are taken or refused with a sentence, and what
// was taken signs a leaf.
#include "../unit/certs/folder_of_test.h"

#include "certs/leaf.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { FILES = 2, FILE_MAX_LEN = 64 * 1024 };

static const int64_t now_ns = INT64_C(1795359791) * 1000000000;
static struct test_folder folder;
// Those of a good CA.
static struct good_file {
    char *path;
    struct buf bytes;
} files[FILES];

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static enum err open_authority(struct authority **out, struct failure *failure) {
    struct authority_options options = {.dir = folder.path, .now_unix_ns = now_ns};
    return authority_open(out, failure, &options);
}

static void leave(void) {
    test_folder_remove(&folder);
    for (size_t i = 0; i < FILES; i++) {
        free(files[i].path);
        buf_cleanup(&files[i].bytes);
    }
}

static void enter_once(void) {
    static const char *const names[FILES] = {"ca.pem", "ca.key"};
    struct authority *authority = NULL;
    struct failure failure;
    if (files[0].path != NULL) {
        return;
    }
    test_folder_make(&folder);
    atexit(leave);
    require(open_authority(&authority, &failure) == OK);
    authority_free(authority);
    for (size_t i = 0; i < FILES; i++) {
        files[i].path = test_folder_file(&folder, names[i]);
        buf_init(&files[i].bytes, FILE_MAX_LEN);
        test_file_read(files[i].path, &files[i].bytes);
    }
}

static void sign(const struct authority *authority) {
    struct leaf_store *store = leaf_store_new(authority, now_ns);
    const struct leaf *leaf = NULL;
    struct failure failure = {""};
    struct leaf_request request = {.name = "a.example.com", .now_unix_ns = now_ns};
    bool has_signed = leaf_get(&leaf, &failure, store, &request) == OK;
    require(has_signed || failure.text[0] != '\0');
    leaf_store_free(store);
}

// The good file with bytes of it replaced: two bytes of where, and one of what.
static void write_changed(const struct good_file *file, struct slice changes) {
    struct buf copy;
    buf_init(&copy, FILE_MAX_LEN);
    struct slice rest = buf_slice(&file->bytes);
    for (; changes.len >= 3 && rest.len > 0; changes = slice_from(changes, 3)) {
        size_t at = ((size_t)changes.data[0] << 8 | changes.data[1]) % rest.len;
        buf_put(&copy, slice_sub(rest, 0, at));
        buf_put_byte(&copy, changes.data[2]);
        rest = slice_from(rest, at + 1);
    }
    buf_put(&copy, rest);
    test_file_write(file->path, buf_slice(&copy));
    buf_cleanup(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
    struct authority *authority = NULL;
    struct failure failure = {""};
    if (len < 1) {
        return 0;
    }
    enter_once();
    struct good_file *file = &files[data[0] % FILES];
    struct slice rest = slice_from(slice_of(data, len), 1);
    if ((data[0] & FILES) != 0) {
        write_changed(file, rest);
    } else {
        test_file_write(file->path, rest);
    }
    if (open_authority(&authority, &failure) == OK) {
        sign(authority);
        authority_free(authority);
    } else {
        require(failure.text[0] != '\0');
    }
    test_file_write(file->path, buf_slice(&file->bytes));
    return 0;
}
