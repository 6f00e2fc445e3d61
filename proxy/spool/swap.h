// SPDX-License-Identifier: MIT
// swap: the end of a file becomes another one, in one step for all its readers.
//
//   {"sessions":[ {…} │ ]}        the bytes after `keep` are taken away,
//   {"sessions":[ {…} │ ,{…} ]}   these take their place
//
// A write to a file is no single step for its readers: the kernel lets them read the pages that are
// written already, between two reads of theirs the file may change, and no order of bytes makes
// both ends of a JSON document move at once. So a file is changed in place only while no other
// process has it open. A write lease (fcntl(2), F_SETLEASE) says so, and makes who opens it
// meanwhile wait for the moment that the write takes. Where a reader has it open, the file is
// copied and the copy renamed into its place: that reader goes on with what it opened. A copy is
// made once for a file that is kept open, so its cost is that of reading the file, which the reader
// has too.
#ifndef SCOPE_SPOOL_SWAP_H
#define SCOPE_SPOOL_SWAP_H

#include "base/slice.h"
#include "spool/output_fd.h"

enum { SWAP_PARTS = 3 };

struct swap {
    uint64_t keep; // bytes at the front of the file that stay
    struct slice parts[SWAP_PARTS];
};

// `target` is a regular file open for reading and writing; `path` is its name, NULL where it has
// none that a reader could know. Afterwards `target` may be another file, under the same name. 0,
// or an errno: then the file is as it was, as far as its disk permits. Where leases or copies are
// not possible (another owner's file, a folder that takes no new one, some network file systems for
// a file over LIMIT_FILE_COPY), it is written in place, by one write.
MUST_USE int swap_end(struct output_fd *target, const char *path, const struct swap *swap);

// Makes the file `path` with `bytes` in it, where nothing has that name. 0, or an errno.
MUST_USE int swap_make(struct output_fd *out, const char *path, struct slice bytes);

#endif
