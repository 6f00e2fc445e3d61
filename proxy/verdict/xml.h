// SPDX-License-Identifier: MIT
// xml: text in a document of XML 1.0, for the JUnit reports.
#ifndef SCOPE_VERDICT_XML_H
#define SCOPE_VERDICT_XML_H

#include "base/buf.h"

// Appends `text`, in content or in a quoted attribute. What XML cannot hold (2.2) is U+FFFD, what
// could deceive an eye is a reference.
void xml_put(struct buf *out, struct slice text);

#endif
