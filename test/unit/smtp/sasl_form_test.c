// SPDX-License-Identifier: MIT
#include "smtp/sasl_form.h"

#include "base/buf.h"
#include "base/digest.h"
#include "check.h"

#include <string.h>

#define NOW 1795359791

static void assert_says(const char *said, const char *part) {
    if (part == NULL) {
        assert_null(said);
        return;
    }
    assert_non_null(said);
    assert_non_null(strstr(said, part));
}

static void forms(void **state) {
    (void)state;
    static const struct {
        enum sasl_mechanism mechanism;
        struct slice response;
        const char *flaw;
    } cases[] = {
        {SASL_MECHANISM_PLAIN, SLICE_INIT("\0ann\0secret"), NULL},
        {SASL_MECHANISM_PLAIN, SLICE_INIT("ann\0secret"), "not two NULs"},
        {SASL_MECHANISM_PLAIN,
         SLICE_INIT("\xEF\xBF\xBD"
                    "ann\xEF\xBF\xBDsecret"),
         "U+FFFD"},
        {SASL_MECHANISM_PLAIN, SLICE_INIT("AGFubgBzZWNyZXQ="), "base64 twice"},
        {SASL_MECHANISM_XOAUTH2, SLICE_INIT("user=a@b\001auth=Bearer t\001\001"), NULL},
        {SASL_MECHANISM_XOAUTH2, SLICE_INIT("user=a@b\001auth=Bearer t\001"), "end in two"},
        {SASL_MECHANISM_XOAUTH2, SLICE_INIT("user=a@b\001auth=t\001\001"), "'Bearer'"},
        {SASL_MECHANISM_XOAUTH2, SLICE_INIT("user=a@b\001\001"), "no auth="},
        {SASL_MECHANISM_XOAUTH2, SLICE_INIT("a@b\001auth=Bearer t\001\001"), "begin with user="},
        {SASL_MECHANISM_XOAUTH2, SLICE_INIT("dXNlcj1hQGIBYXV0aD0="), "base64 twice"},
        {SASL_MECHANISM_XOAUTH2, SLICE_INIT(""), NULL},
        {SASL_MECHANISM_OAUTHBEARER, SLICE_INIT("n,a=a@b,\001auth=Bearer t\001\001"), NULL},
        {SASL_MECHANISM_OAUTHBEARER, SLICE_INIT("n,,\001auth=Bearer t\001"), "end in two"},
        {SASL_MECHANISM_OAUTHBEARER, SLICE_INIT("user=a@b\001auth=Bearer t\001\001"), "with n,"},
        {SASL_MECHANISM_LOGIN, SLICE_INIT("ann"), NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_says(sasl_form_flaw(cases[i].mechanism, 1, cases[i].response), cases[i].flaw);
    }
    assert_null(sasl_form_flaw(SASL_MECHANISM_XOAUTH2, 2, SLICE("\001"))); // answers an error
}

static void slips(void **state) {
    (void)state;
    static const struct {
        enum sasl_mechanism mechanism;
        struct slice response;
        const char *doubt;
    } cases[] = {
        {SASL_MECHANISM_PLAIN, SLICE_INIT("\0ann\0sec ret"), NULL},
        {SASL_MECHANISM_PLAIN, SLICE_INIT("\0ann\0secret\n"), "the password has white space"},
        {SASL_MECHANISM_PLAIN, SLICE_INIT("\0 ann\0secret"), "the user name has white space"},
        {SASL_MECHANISM_PLAIN, SLICE_INIT("\0ann\0\xEF\xBB\xBFsecret"), "byte order mark"},
        {SASL_MECHANISM_PLAIN, SLICE_INIT("\0ann\0se\xEF\xBF\xBDret"), "U+FFFD"},
        {SASL_MECHANISM_PLAIN, SLICE_INIT("\0ann\0"), "the password is empty"},
        {SASL_MECHANISM_PLAIN, SLICE_INIT("root\0ann\0secret"), "authorization identity"},
        {SASL_MECHANISM_LOGIN, SLICE_INIT("ann"), NULL},
        {SASL_MECHANISM_LOGIN, SLICE_INIT("ann\r\n"), "white space or a line end"},
        {SASL_MECHANISM_XOAUTH2, SLICE_INIT("user=a\001auth=Bearer t \001\001"),
         "the access token"},
        {SASL_MECHANISM_XOAUTH2, SLICE_INIT("user=a\001auth=Bearer a.b.c\001\001"), NULL},
        {SASL_MECHANISM_CRAM_MD5, SLICE_INIT(" ann 0123 "), NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_says(sasl_form_doubt(cases[i].mechanism, cases[i].response, NOW), cases[i].doubt);
    }
}

static void a_token_ends_by_its_own_exp(void **state) {
    (void)state;
    static const struct {
        const char *claims;
        bool expired;
    } cases[] = {
        {"{\"exp\":1600000000}", true},
        {"{\"exp\" : 1600000000, \"a\":1}", true},
        {"{\"exp\":4000000000}", false},
        {"{\"exp\":\"1600000000\"}", false},
        {"{\"iat\":1600000000}", false},
        {"{\"exp\":1795359791}", false},
        {"{\"exp\":99999999999999999999}", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf response;
        buf_init(&response, 1024);
        buf_put_string(&response, "user=a\001auth=Bearer e30.");
        base64_encode(&response, slice_of_string(cases[i].claims));
        struct slice padded = buf_slice(&response);
        while (padded.data[padded.len - 1] == '=') {
            padded.len--;
        }
        buf_truncate(&response, padded.len);
        buf_put_string(&response, ".c2ln\001\001");
        assert_says(sasl_form_doubt(SASL_MECHANISM_XOAUTH2, buf_slice(&response), NOW),
                    cases[i].expired ? "has expired, by its own exp" : NULL);
        buf_cleanup(&response);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(slips),
        cmocka_unit_test(a_token_ends_by_its_own_exp),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
