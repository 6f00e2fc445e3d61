// SPDX-License-Identifier: MIT
// page_files: the files of proxy/web/page, as they are in the tree, inside the program. The build
// makes them from CMake's list; nothing is read from the disk at run time.
#ifndef SCOPE_WEB_PAGE_FILES_H
#define SCOPE_WEB_PAGE_FILES_H

#include "base/slice.h"

#include <stddef.h>

struct page_file {
    const char *name; // "index.html"
    const char *type; // as a Content-Type has it
    struct slice bytes;
};

extern const struct page_file page_files[];
extern const size_t page_file_count;

// The page's modules joined to one script, for a report, where none can import another.
extern const struct slice page_script;

// The file for the path of a request: "/" is index.html, "/page/NAME" each of them. NULL where
// there is none.
const struct page_file *page_file_find(struct slice path);

// The file with that name, which must be one of them.
const struct page_file *page_file_named(const char *name);

#endif
