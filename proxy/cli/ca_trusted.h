// SPDX-License-Identifier: MIT
// ca_trusted: the places of this machine and of this user, outside the CA's folder, that trust the
// CA: the system's certificates, NSS databases of browsers and mail programs, Java's. For
// `ca remove`, which deletes what is a file of its own and says how to remove the rest.
#ifndef SCOPE_CLI_CA_TRUSTED_H
#define SCOPE_CLI_CA_TRUSTED_H

#include "base/buf.h"

// Removes the copies of the certificate that the system's roots are made from, as far as we may,
// and has the system make its list of roots again. Appends a line for each copy: `removed PATH`, or
// `left     PATH` with the remedy. `ca_file` is the certificate in PEM form.
void ca_trusted_remove_copies(struct buf *out, const char *ca_file);

// Appends `left     PATH`, with the remedy, for each place that still holds the certificate. `der`
// is its DER form, which databases hold.
void ca_trusted_put_rest(struct buf *out, const char *ca_file, struct slice der);

#endif
