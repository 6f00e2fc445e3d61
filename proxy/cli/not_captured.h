// SPDX-License-Identifier: MIT
// not_captured: what `run` says if it captured nothing: the ports that it watched, and the likely
// reasons.
#ifndef SCOPE_CLI_NOT_CAPTURED_H
#define SCOPE_CLI_NOT_CAPTURED_H

#include "base/buf.h"
#include "capture/elsewhere.h"
#include "capture/port_list.h"

// Appends the sentence. `status` is the command's: one that could not be run needs no reasons.
void not_captured_put(struct buf *out, const struct port_list *watched,
                      const struct elsewhere *elsewhere, int status);

#endif
