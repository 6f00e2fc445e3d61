// SPDX-License-Identifier: MIT
// ca_place: the CA of a call and the folder it is kept in: that of --ca-dir, else the one in the
// user's home, made at the first start. `run` needs no home: where none can be used its CA has a
// temporary folder, in which no key stays.
#ifndef SCOPE_CLI_CA_PLACE_H
#define SCOPE_CLI_CA_PLACE_H

#include "certs/authority.h"
#include "cli/options.h"

struct ca_place {
    struct authority *authority;
    char *dir; // owned
    bool temporary;
};

// Opens the CA, made where there is none; standard error says what a user has to know of that.
// ERR_SYSTEM or ERR_INPUT with a sentence. `out` may be cleaned up whatever came out.
MUST_USE enum err ca_place_open(struct ca_place *out, struct failure *failure,
                                const struct options *options);
// Puts a new CA in the place of the one that is there, if any.
MUST_USE enum err ca_place_renew(struct ca_place *out, struct failure *failure,
                                 const struct options *options);
void ca_place_cleanup(struct ca_place *place);

// The folder that the options name, owned by the caller; NULL where there is none to be had.
char *ca_place_dir(const struct options *options);

#endif
