// SPDX-License-Identifier: MIT
// credentials: which bytes of a client line outside a SASL exchange are secret (contract, "What is
// shown of secrets"): in AUTH all from the second argument on, in BURL (RFC 4468) what comes
// after `;URLAUTH=`, in XCLIENT the value of `LOGIN=`. It errs on the side of secrecy: the first
// argument of AUTH stays visible only where it can be the name of a mechanism.
#ifndef SCOPE_SMTP_CREDENTIALS_H
#define SCOPE_SMTP_CREDENTIALS_H

#include "base/limits.h"
#include "event/event.h"

// Fills `out` with ranges of `line`, ascending and apart, and returns how many. `cut` is whether
// more of the line came than is in `line`; a range that goes to the end of `line` then covers what
// was cut off too.
size_t credentials_find(struct span out[LIMIT_SPANS], struct slice line, bool cut);

// Whether a word can be the name of a SASL mechanism (RFC 4422 3.1) and is no credential in a
// mechanism's place.
bool credentials_is_mechanism(struct slice word);

#endif
