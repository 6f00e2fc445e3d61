// SPDX-License-Identifier: MIT
// fallback: capture where the machine does not let us borrow a descriptor (a container's default
// profile): the address in the caller's own memory is changed to our listener's, and the caller's
// connect goes on with it. The caller keeps the changed address, which hardly any program looks at.
#ifndef SCOPE_CAPTURE_FALLBACK_H
#define SCOPE_CAPTURE_FALLBACK_H

#include "capture/connect_job.h"

// Answers the job's notification.
void fallback_run(struct connect_job *job);

#endif
