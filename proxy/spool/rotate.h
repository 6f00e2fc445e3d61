// SPDX-License-Identifier: MIT
// rotate: the names of --rotate SIZE,KEEP. PATH becomes PATH.1, which was PATH.2, and so on; what
// was PATH.KEEP is gone. Renaming loses no byte: a reader that has the old file open keeps it.
#ifndef SCOPE_SPOOL_ROTATE_H
#define SCOPE_SPOOL_ROTATE_H

#include "base/err.h"

// ERR_SYSTEM, with a sentence, where PATH could not be renamed; it is then still there.
MUST_USE enum err rotate_names(struct failure *failure, const char *path, unsigned keep);

#endif
