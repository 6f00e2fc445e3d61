// SPDX-License-Identifier: MIT
// domain: the names after EHLO and in addresses, judged by their form alone
// (RFC 5321 4.1.2, 4.1.3). Nothing is looked up.
#ifndef SCOPE_INSPECT_DOMAIN_H
#define SCOPE_INSPECT_DOMAIN_H

#include "base/slice.h"

enum domain_form {
    DOMAIN_QUALIFIED,    // host.example.com
    DOMAIN_LITERAL,      // [192.0.2.1], [IPv6:2001:db8::1], [tag:content]
    DOMAIN_SINGLE,       // localhost: a name, but no fully qualified one
    DOMAIN_BARE_ADDRESS, // 192.0.2.1 or 2001:db8::1 with no brackets
    DOMAIN_BAD_LITERAL,  // brackets around what is no address
    DOMAIN_UNDERSCORE,   // a name but for an underscore
    DOMAIN_MALFORMED,    // anything else
};

enum domain_form domain_form_of(struct slice domain);

#endif
