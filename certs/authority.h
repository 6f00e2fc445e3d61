// SPDX-License-Identifier: MIT
// authority: the CA of this machine's user: `ca.pem` and `ca.key` in one folder. ECDSA P-256, one
// year, optionally limited to some names (RFC 5280 4.2.1.10):
//
//   not limited   ca.pem  root                        ca.key  its key
//   limited       ca.pem  root, limited, its key      ca.key  the key of an intermediate with the
//                         was thrown away                     same limits, and its certificate
#ifndef SCOPE_CERTS_AUTHORITY_H
#define SCOPE_CERTS_AUTHORITY_H

#include "base/buf.h"
#include "base/err.h"
#include "event/event.h"

#include <openssl/base.h>

struct authority;

#define AUTHORITY_CERTIFICATE_FILE "ca.pem"
#define AUTHORITY_KEY_FILE         "ca.key"

struct authority_options {
    const char *dir;             // made with 0700 where it is missing
    const char *const *ca_hosts; // --ca-hosts: names and addresses; used only when the CA is made
    size_t ca_host_count;
    int64_t now_unix_ns;
};

// Where the CA came from.
enum authority_origin { AUTHORITY_FOUND, AUTHORITY_MADE, AUTHORITY_REPLACED };

// The CA of `dir`, made there where there is none; two processes that start at once get the same.
// ERR_INPUT with a sentence where the folder or a file is another user's or open to others, or the
// key does not fit the certificate, has expired, or is no key; ERR_SYSTEM where the folder cannot
// be used.
MUST_USE enum err authority_open(struct authority **out, struct failure *failure,
                                 const struct authority_options *options);
// Replaces the CA by a new one (`ca renew`), atomically, then opens it.
MUST_USE enum err authority_renew(struct authority **out, struct failure *failure,
                                  const struct authority_options *options);
void authority_free(struct authority *authority);

// $XDG_DATA_HOME/smtpscope, else $HOME/.local/share/smtpscope; the caller frees it. NULL without a
// home that is there: a system user's /nonexistent is not made.
char *authority_default_dir(void);

enum authority_origin authority_origin(const struct authority *authority);
const char *authority_certificate_file(const struct authority *authority); // path of ca.pem
struct slice authority_der(const struct authority *authority);             // valid as long as it
const struct event_certificate *authority_facts(const struct authority *authority);
// The names that it is limited to, joined by ", "; nothing where it is not.
void authority_put_hosts(struct buf *out, const struct authority *authority);

// For leaf.c: who signs leaves, and what is sent along with a leaf so that a client finds its way
// to the CA (NULL for nothing). Valid as long as `authority`.
struct issuer;
const struct issuer *authority_signer(const struct authority *authority);
X509 *authority_intermediate(const struct authority *authority);

#endif
