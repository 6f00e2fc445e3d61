// SPDX-License-Identifier: MIT
// dry_run: `--dry-run`. The dialogue with the server is real up to RCPT; a message stops here.
//
//   C > DATA ─▶ P < 354 ─▶ text, recorded and dropped ─▶ P < 250 … kept   P > RSET ─▶ S < 250
//   C > BDAT n ─▶ n bytes, recorded and dropped ─▶ P < 250
//
// The server never sees DATA, BDAT, BURL or a byte of a message. Where the proxy cannot be sure
// what the server would make of a line, the session ends.
#ifndef SCOPE_FAULT_DRY_RUN_H
#define SCOPE_FAULT_DRY_RUN_H

#include "plug/filter.h"

struct filter dry_run_new(struct filter_port port);

#endif
