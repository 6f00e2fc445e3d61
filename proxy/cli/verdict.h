// SPDX-License-Identifier: MIT
// verdict: the reports of a judge, the same for `check` and at the end of a capture.
#ifndef SCOPE_CLI_VERDICT_H
#define SCOPE_CLI_VERDICT_H

#include "cli/options.h"
#include "web/html_report.h"

// Writes the reports that the options ask for. EXIT_CHECK_FAILED where a check failed,
// EXIT_NOT_STARTED where a report could not be written (which it says), else `otherwise`. Without a
// judge (NULL) nothing is judged. `html` has the sessions of an HTML report; NULL where none is
// asked for.
//
// A report with no FILE goes to standard output; under `run`, where that is the command's, to
// standard error, and so does the text report that was not asked for where a transcript goes there.
int verdict_give(const struct options *options, struct judge *judge, struct html_report *html,
                 int otherwise);

// What an HTML report is to be made of; NULL where none is asked for.
struct html_report *verdict_html_report(const struct options *options);

// Before a capture, so that it is not for nothing: whether the reports' files can be written, as
// far as that is known without making them.
MUST_USE enum err verdict_check_places(struct failure *failure, const struct options *options);

#endif
