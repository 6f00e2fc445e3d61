// SPDX-License-Identifier: MIT
// report: a verdict written down: for a person, as JSON, as JUnit XML (the schema that Jenkins and
// GitLab read), as GitHub's workflow commands.
#ifndef SCOPE_VERDICT_REPORT_H
#define SCOPE_VERDICT_REPORT_H

#include "verdict/judge.h"

// REPORT_HTML has more in it than the verdict, and is written elsewhere: web/html_report.
enum report_kind { REPORT_TEXT, REPORT_JSON, REPORT_JUNIT, REPORT_GITHUB, REPORT_HTML };

void report_put(struct buf *out, struct judge *judge, enum report_kind kind);

#endif
