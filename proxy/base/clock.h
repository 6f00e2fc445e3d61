// SPDX-License-Identifier: MIT
// clock: points in time as numbers, and how they are written. The functional core never asks what
// time it is: a time is a parameter. `net` and `cli` read the clocks.
//
// A session has one wall-clock start (`unix_ns`) and counts from there by the monotonic clock, so
// that its times never run backwards.
#ifndef SCOPE_BASE_CLOCK_H
#define SCOPE_BASE_CLOCK_H

#include "base/buf.h"
#include "base/limits.h"

enum clock_precision { CLOCK_MILLISECONDS, CLOCK_MICROSECONDS, CLOCK_SECONDS };

// Appends RFC 3339 in UTC: 2026-11-22T15:03:11.586Z, with the precision's number of decimals.
// `unix_ns` is nanoseconds since 1970-01-01.
void clock_put_rfc3339(struct buf *out, int64_t unix_ns, enum clock_precision precision);
// Reads what clock_put_rfc3339 writes (any number of decimals, `Z` or an offset).
bool clock_parse_rfc3339(int64_t *out_unix_ns, struct slice s);
// Appends 2026-11-22, in UTC.
void clock_put_date(struct buf *out, int64_t unix_ns);
// Days since 1970-01-01 of a date of the Gregorian calendar; `month` 1 to 12, `day` 1 to 31.
int64_t clock_days(int64_t year, unsigned month, unsigned day);

// The clocks themselves; not for base, event, smtp, message, inspect, relay, embedded.
int64_t clock_unix_ns(void);
int64_t clock_monotonic_ns(void);
uint64_t clock_monotonic_ms(void);

#endif
