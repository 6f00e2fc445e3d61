// SPDX-License-Identifier: MIT
// output_path: the placeholders {session}, {date}, {client} and {server} in the PATH of an output
// (contract, "Outputs"), and the folders that they may ask for.
//
// A value comes from the wire, so it can be anything: whatever is not a letter, a digit, '.', '-'
// or
// '_' of ASCII becomes '_', and so do leading dots and hyphens. No value holds a '/', none is "."
// or "..": nothing from the wire leaves the folder that the user named.
#ifndef SCOPE_SPOOL_OUTPUT_PATH_H
#define SCOPE_SPOOL_OUTPUT_PATH_H

#include "base/buf.h"
#include "base/err.h"
#include "spool/destination.h"

// The values of the placeholders. Session 0 has no peers.
struct path_values {
    uint64_t session;
    int64_t unix_ns;    // of {date}
    const char *client; // address; NULL where there is none
    const char *server; // host, or address; NULL where there is none
};

bool path_has_placeholders(const char *path);

// The path of one session, owned by the caller. A word in braces that is no placeholder is kept.
char *path_expand(const char *path, const struct path_values *values);

// The folder that must be there from the start: what is before the last '/' in front of the
// first placeholder, or of the name. "." where there is none. Owned by the caller.
char *path_fixed_folder(const char *path);

// Makes the fixed folder (0700), and those above it, where they are missing, but no new one in `/`,
// where a folder by mistake is more likely than a wish. ERR_SYSTEM with a sentence where it is not
// there after that.
MUST_USE enum err path_make_fixed_folder(struct failure *failure, const struct destination *to);

// Makes the folders (0700) of `expanded` that follow the fixed folder of `path`. ERR_SYSTEM
// with a sentence where that fails.
MUST_USE enum err path_make_folders(struct failure *failure, const char *path,
                                    const char *expanded);
// What to do about an output that cannot be opened, to follow the error: "; name a file …", or "".
const char *path_remedy(int error);
// ERR_SYSTEM with a sentence where no files can be made in the folder.
MUST_USE enum err path_check_folder(struct failure *failure, const struct destination *to,
                                    const char *folder);

#endif
