// SPDX-License-Identifier: MIT
// probe_trust: which runtimes started from this environment trust our CA: the system's roots, and
// the variables that lead runtimes to other ones.
#ifndef SCOPE_CAPTURE_PROBE_TRUST_H
#define SCOPE_CAPTURE_PROBE_TRUST_H

#include "capture/probe.h"

enum { PROBE_TRUST_COUNT = 2 };

// That a runtime does not trust it is no fault: `run` sees to that for its command. Writes at most
// PROBE_TRUST_COUNT results; none where there is no CA.
size_t probe_trust(struct probe_result *results, const char *ca_file);

// True if the PEM file `bundle` holds the first certificate of the PEM file `ca_file`.
bool probe_trust_holds(const char *bundle, const char *ca_file);

#endif
