// SPDX-License-Identifier: MIT
#include "event/capabilities.h"

#include "check.h"

static const struct capability items[] = {{SLICE_INIT("Size"), SLICE_INIT("1000")},
                                          {SLICE_INIT("AUTH"), SLICE_INIT("PLAIN  CRAM-MD5")},
                                          {SLICE_INIT("AUTH=LOGIN"), SLICE_INIT("NTLM")}};
static const struct capabilities caps = {.items = items, .count = 3};

static void finds_keywords(void **state) {
    (void)state;
    check_slice(capabilities_find(&caps, "SIZE")->parameters, "1000");
    assert_null(capabilities_find(&caps, "SIZ"));
    assert_true(capabilities_offer(&caps, "auth"));
    assert_false(capabilities_offer(&caps, "CHUNKING"));
    assert_false(capabilities_offer(NULL, "SIZE"));
}

static void finds_mechanisms(void **state) {
    (void)state;
    assert_true(capabilities_offer_mechanism(&caps, SLICE("cram-md5")));
    assert_true(capabilities_offer_mechanism(&caps, SLICE("LOGIN")));
    assert_true(capabilities_offer_mechanism(&caps, SLICE("NTLM")));
    assert_false(capabilities_offer_mechanism(&caps, SLICE("CRAM")));
    assert_false(capabilities_offer_mechanism(&caps, SLICE("")));
    assert_false(capabilities_offer_mechanism(&caps, SLICE("1000")));
    assert_false(capabilities_offer_mechanism(NULL, SLICE("PLAIN")));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_keywords),
        cmocka_unit_test(finds_mechanisms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
