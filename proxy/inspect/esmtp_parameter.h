// SPDX-License-Identifier: MIT
// esmtp_parameter: the one table of what may follow the path of MAIL and RCPT: which extension
// brings it and what form its value has. Unknown parameters are no fault.
#ifndef SCOPE_INSPECT_ESMTP_PARAMETER_H
#define SCOPE_INSPECT_ESMTP_PARAMETER_H

#include "event/command.h"

struct parameter_info {
    const char *keyword;
    enum verb verb;        // VERB_MAIL or VERB_RCPT
    const char *extension; // the EHLO keyword that offers it
    bool (*well_formed)(struct slice value);
    const char *form; // in words, for a person
};

// The entry for this keyword (ASCII case folded) of this command, or NULL.
const struct parameter_info *parameter_find(enum verb verb, struct slice keyword);

// The extension that must be offered for this parameter with this value: BODY=BINARYMIME wants
// another one than BODY=8BITMIME.
const char *parameter_extension(const struct parameter_info *info, struct slice value);

#endif
