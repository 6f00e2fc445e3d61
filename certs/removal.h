// SPDX-License-Identifier: MIT
// removal: the CA taken away again: what this program made in its folder, and the folder itself
// where nothing else is in it. Who trusts the certificate is not known here.
#ifndef SCOPE_CERTS_REMOVAL_H
#define SCOPE_CERTS_REMOVAL_H

#include "base/buf.h"
#include "base/err.h"

// Appends the DER form of the certificate in `dir`; nothing where it cannot be read.
void removal_read_certificate(struct buf *out, const char *dir);

// Appends the path of each file that it removed, the key first, and of the folder, one a line; a
// folder that is not there is none. ERR_INPUT where the folder is another user's, ERR_SYSTEM where
// something of ours could not be removed, with a sentence.
MUST_USE enum err removal_remove(struct buf *out, struct failure *failure, const char *dir);

#endif
