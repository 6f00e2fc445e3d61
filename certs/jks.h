// SPDX-License-Identifier: MIT
// jks: trusted certificates as a Java key store, the format of all Java versions ("JKS" in Java's
// own source, sun.security.provider.JavaKeyStore):
//
//   FEEDFEED · version 2 · count · count times { 2 · alias · time · "X.509" · DER } · SHA-1
//
// Only inside `certs`.
#ifndef SCOPE_CERTS_JKS_H
#define SCOPE_CERTS_JKS_H

#include "base/buf.h"

struct jks_entry {
    const char *alias; // lower case ASCII
    struct slice der;
};

MUST_USE enum err jks_put(struct buf *out, const struct jks_entry *entries, size_t count,
                          int64_t now_unix_ns, const char *password);

#endif
