// SPDX-License-Identifier: MIT
// date: the date-time of RFC 5322 3.3, the obsolete forms of 4.3 included: two-digit years, named
// zones, comments anywhere.
#ifndef SCOPE_INSPECT_DATE_H
#define SCOPE_INSPECT_DATE_H

#include "base/slice.h"

// Reads `Sun, 22 Nov 2026 15:03:11 +0100`, unfolded. False where it is no date.
bool date_parse(int64_t *out_unix_s, struct slice text);

#endif
