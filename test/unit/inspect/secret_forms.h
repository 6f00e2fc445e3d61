// SPDX-License-Identifier: MIT
// secret_forms: a secret written in every form that a peer might echo it in, made by plain
// encoders that share nothing with the search under test.
#ifndef TEST_INSPECT_SECRET_FORMS_H
#define TEST_INSPECT_SECRET_FORMS_H

#include "base/buf.h"

enum secret_form {
    FORM_PLAIN,
    FORM_LOWER,
    FORM_UPPER,
    FORM_PERCENT_ALL,
    FORM_PERCENT_SOME, // only what is no letter or digit
    FORM_PERCENT_LOWER,
    FORM_QUOTED_PRINTABLE,
    FORM_XTEXT,
    FORM_BACKSLASH_ALL,
    FORM_BACKSLASH_SOME,
    FORM_BACKSLASH_X,
    FORM_BACKSLASH_U,
    FORM_BACKSLASH_OCTAL,
    FORM_BACKSLASH_BRACES,
    FORM_ENTITY, // &lt; and the like, and &#39;
    FORM_ENTITY_DECIMAL,
    FORM_ENTITY_HEX,
    FORM_SHELL_QUOTED, // within '…'
    FORM_SHELL_QUOTED_DOUBLE,
    FORM_QUOTES_DOUBLED,
    FORM_HEX_LOWER,
    FORM_HEX_UPPER,
    FORM_HEX_COLONS,
    FORM_BASE64_0, // alone
    FORM_BASE64_0_UNPADDED,
    FORM_BASE64_1, // behind one other byte
    FORM_BASE64_2,
    FORM_BASE64URL_0,
    FORM_BASE64URL_1,
    FORM_BASE64URL_2,
    FORM_BASE64_PERCENT, // base64 whose + / = are percent-encoded
    FORM_COUNT
};

// Appends `secret` in `form`. Of base64 behind other bytes only the digits that carry bits of the
// secret are appended, as they are the part that must not be seen; `*out_lead` is what stands in
// front of them.
void secret_form_put(struct buf *out, struct slice secret, enum secret_form form,
                     const char **out_lead);

// A pseudo-random password of `len` printable bytes, the same for the same seed.
void secret_make(struct buf *out, unsigned *seed, size_t len);

#endif
