// SPDX-License-Identifier: MIT
#include "web/page_files.h"

#include <assert.h>

static const struct page_file *find(struct slice name) {
    for (size_t i = 0; i < page_file_count; i++) {
        if (slice_is(name, page_files[i].name)) {
            return &page_files[i];
        }
    }
    return NULL;
}

const struct page_file *page_file_find(struct slice path) {
    const struct slice folder = SLICE("/page/");
    if (slice_is(path, "/")) {
        return find(SLICE("index.html"));
    }
    return slice_starts_with(path, folder) ? find(slice_from(path, folder.len)) : NULL;
}

const struct page_file *page_file_named(const char *name) {
    const struct page_file *file = find(slice_of_string(name));
    assert(file != NULL);
    return file;
}
