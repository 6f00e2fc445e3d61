// SPDX-License-Identifier: MIT
// userinfo: the `USER:PASSWORD@` of a URL (RFC 3986 3.2.1) on a command line. smtpscope takes none,
// so a word that has one is a mistake, and the message about it ends on a terminal or in the log
// of a CI job: it must not repeat the password.
//
//   smtp://joe:geheim@mx.example:25
//          │   │     └ at: the last `@`
//          │   └ secret
//          └ name
//
// A number up to 65535 after the colon is the port of `HOST:PORT@…` and no password, but where an
// `@` comes before it too: no host has one.
#ifndef SCOPE_CLI_USERINFO_H
#define SCOPE_CLI_USERINFO_H

#include "base/buf.h"

struct userinfo {
    size_t name;   // where the user name begins
    size_t secret; // where it begins what may be a password
    size_t at;     // the `@` after both
};

// False where `word` has nothing before an `@` that may be a password.
bool userinfo_find(struct userinfo *out, struct slice word);
// Appends `sentence` with eight stars for each password before an `@` in it. A word
// that the sentence quotes may hold blanks.
void userinfo_put_hidden(struct buf *out, struct slice sentence);

#endif
