// SPDX-License-Identifier: MIT
// trust_folder: where the bundles are that the environment of `run`'s command names.
//
// The CA's own folder is private. That is right for the one user that a plain user's command can
// be; but what root starts may become another user (su, setpriv, a server that gives up its
// rights), who then could not read the roots that its variables name, and would trust no server. So
// root has a folder for the time of the run, open to be read. No key is ever in it. A file in it is
// locked as long, so that the next run, or `ca remove`, removes what one that was killed has left.
#ifndef SCOPE_CLI_TRUST_FOLDER_H
#define SCOPE_CLI_TRUST_FOLDER_H

#include "base/buf.h"

#include <stdbool.h>

struct trust_folder {
    char *path;
    bool own; // removed at the end
    int lock; // of its own one
};

// Falls back on the CA's folder where none can be made.
void trust_folder_init(struct trust_folder *out, const char *ca_dir);
void trust_folder_cleanup(struct trust_folder *folder);

// Removes root's folders whose runs have ended without that, and appends the path of each, one a
// line. `out` may be NULL.
void trust_folder_remove_left(struct buf *out);

#endif
