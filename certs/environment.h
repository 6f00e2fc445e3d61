// SPDX-License-Identifier: MIT
// environment: the variables that make each runtime trust the CA, for `ca env` and for the command
// of `run`. Some add a root, others replace all roots, so those point to a bundle of the machine's
// roots and the CA, which is written into the CA's folder:
//
//   ca.pem            the CA alone        NODE_EXTRA_CA_CERTS, DENO_CERT
//   bundle-HASH.pem   with all roots      SSL_CERT_FILE, CURL_CA_BUNDLE, …
//   bundle-HASH.jks   with all roots      JAVA_TOOL_OPTIONS
//
// A user who had set one of them trusts roots of their own, and goes on to: all files that are
// named there are in the bundles, and where NODE_EXTRA_CA_CERTS or DENO_CERT was set it names the
// bundle too. So bundles differ with the environment; HASH is of what is in them, so that no run
// writes over a bundle that another one reads.
//
// GnuTLS programs (msmtp) read no variable at all.
#ifndef SCOPE_CERTS_ENVIRONMENT_H
#define SCOPE_CERTS_ENVIRONMENT_H

#include "base/buf.h"
#include "certs/authority.h"

struct environment;

// Writes the bundles into `dir`, the CA's folder or one that lacks even ca.pem, and works out the
// variables. What is inherited counts: other options in JAVA_TOOL_OPTIONS stay.
MUST_USE enum err environment_new(struct environment **out, struct failure *failure,
                                  const struct authority *authority, const char *dir,
                                  int64_t now_unix_ns);
// Whether a name, without its folder, is that of such a bundle.
bool environment_is_bundle(const char *name);
// Appends the names of those variables, a space before each, that lead into `dir` now.
void environment_put_names_into(struct buf *out, const char *dir);
void environment_free(struct environment *environment);

// "NAME=value", NULL-terminated; valid as long as `environment`.
const char *const *environment_list(const struct environment *environment);
// The path of the PEM bundle, for `--trust-mount`; the same lifetime.
const char *environment_bundle_file(const struct environment *environment);

// Appends one line `export NAME='value'` for each, and at the end, as comments, what those have to
// do whom no variable reaches.
void environment_put_shell(struct buf *out, const struct environment *environment);

#endif
