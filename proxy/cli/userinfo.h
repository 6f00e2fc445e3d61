// SPDX-License-Identifier: MIT
// userinfo: the `USER:PASSWORD@` of a URL (RFC 3986 3.2.1) on a command line. smtpscope takes none,
// so a word that has one is a mistake, and the message about it ends on a terminal or in the log
// of a CI job: it must not repeat the password.
#ifndef SCOPE_CLI_USERINFO_H
#define SCOPE_CLI_USERINFO_H

#include "base/buf.h"

// Appends `sentence` with eight stars for each password before an `@` in it. A word
// that the sentence quotes may hold blanks. A number up to 65535 is a port and no password.
void userinfo_put_hidden(struct buf *out, struct slice sentence);

#endif
