// SPDX-License-Identifier: MIT
#include "smtp/sasl_mechanism.h"

enum sasl_mechanism sasl_mechanism_find(struct slice name) {
    static const struct {
        struct slice name;
        enum sasl_mechanism mechanism;
    } table[] = {
        {SLICE_INIT("PLAIN"), SASL_MECHANISM_PLAIN},
        {SLICE_INIT("LOGIN"), SASL_MECHANISM_LOGIN},
        {SLICE_INIT("CRAM-MD5"), SASL_MECHANISM_CRAM_MD5},
        {SLICE_INIT("DIGEST-MD5"), SASL_MECHANISM_DIGEST_MD5},
        {SLICE_INIT("XOAUTH2"), SASL_MECHANISM_XOAUTH2},
        {SLICE_INIT("OAUTHBEARER"), SASL_MECHANISM_OAUTHBEARER},
        {SLICE_INIT("NTLM"), SASL_MECHANISM_NTLM},
        {SLICE_INIT("GSSAPI"), SASL_MECHANISM_GSSAPI},
        {SLICE_INIT("GSS-SPNEGO"), SASL_MECHANISM_GSSAPI},
        {SLICE_INIT("EXTERNAL"), SASL_MECHANISM_EXTERNAL},
        {SLICE_INIT("ANONYMOUS"), SASL_MECHANISM_ANONYMOUS},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (slice_equal_nocase(name, table[i].name)) {
            return table[i].mechanism;
        }
    }
    return slice_starts_with_nocase(name, SLICE("SCRAM-")) ? SASL_MECHANISM_SCRAM
                                                           : SASL_MECHANISM_UNKNOWN;
}
