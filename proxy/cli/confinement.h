// SPDX-License-Identifier: MIT
// confinement: what a proxy gives up once it has started, from its options: which user it continues
// as, which rights and files it keeps. `run` gives up nothing: its command must be able to do what
// the user can.
//
//   confinement_begin ── files opened, ports bound ── confinement_enter ── threads, clients
//
// Root without --user continues as `nobody` if no file has to be opened, renamed or created later,
// else as root with only the capabilities over files, in the places of its outputs.
#ifndef SCOPE_CLI_CONFINEMENT_H
#define SCOPE_CLI_CONFINEMENT_H

#include "cli/options.h"
#include "sandbox/outside.h"
#include "sandbox/rights.h"

#define CONFINEMENT_NOBODY "nobody"

struct confinement {
    bool confined;           // not by --no-sandbox, and this build can be
    bool opens_as_user;      // --user: the outputs are opened by it, and belong to it
    bool becomes_user;       // at the end of the start
    struct user user;        // where it becomes one
    struct outside *outside; // NULL for none
};

// First of all: what it starts must see no secret. ERR_SYSTEM with a sentence where --user cannot
// be had. `out` may be cleaned up whatever came out.
MUST_USE enum err confinement_begin(struct confinement *out, struct failure *failure,
                                    const struct options *options);
// NULL where the outputs are opened as who the process is.
const struct user *confinement_opens_as(const struct confinement *confinement);
// While there is one thread, and all is open that takes rights. What does not work is said, and is
// an error only where --user asked for it. `marks`: the proxy marks its own connections.
MUST_USE enum err confinement_enter(const struct confinement *confinement, struct failure *failure,
                                    const struct options *options, bool marks);
// For a command that looks at files that others wrote, before it does. From then on it opens none
// but those that the C library reads, and root continues as `nobody`: `view` and `show` have read
// their files by then. `check` opens its files one after the other, and writes its reports: these
// it may open as well, and root keeps the rights over files. No socket is opened but by `view`.
// While there is one thread. A part that fails is said.
void confinement_enter_reader(const struct options *options);
void confinement_cleanup(struct confinement *confinement);

#endif
