// SPDX-License-Identifier: MIT
#include "base/seccomp_program.h"

#include "support/seccomp_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { MAX = 32 };
enum { BEFORE = SECCOMP_RET_ERRNO | 1, AFTER = SECCOMP_RET_ERRNO | 2 };

static struct sock_filter instructions[MAX];

static struct seccomp_program begun(void) {
    return (struct seccomp_program){.instructions = instructions, .max = MAX};
}

// Which of two actions a program takes that compares the word it has loaded.
static uint32_t ends(struct seccomp_program *program, uint16_t comparison, uint32_t value,
                     const struct seccomp_data *call) {
    seccomp_if(program, comparison, value, 1);
    seccomp_return(program, BEFORE);
    seccomp_return(program, AFTER);
    return seccomp_run(instructions, program->len, call);
}

static void loads_what_it_says(void **state) {
    (void)state;
    const struct seccomp_data call = {
        .nr = 7, .arch = 8, .args = {9, 10, 11, 12, 13, UINT64_C(0xFFFFFFFF0000000E)}};
    struct seccomp_program program = begun();
    seccomp_load_number(&program);
    assert_int_equal(ends(&program, BPF_JEQ, 7, &call), BEFORE);
    program = begun();
    seccomp_load_architecture(&program);
    assert_int_equal(ends(&program, BPF_JEQ, 8, &call), BEFORE);
    for (unsigned i = 0; i < 6; i++) {
        program = begun();
        seccomp_load_argument(&program, i);
        assert_int_equal(ends(&program, BPF_JEQ, 9 + i, &call), BEFORE); // its low word
    }
}

static void compares_as_it_says(void **state) {
    (void)state;
    static const struct {
        uint16_t comparison;
        uint32_t word;
        uint32_t value;
        uint32_t action;
    } rows[] = {
        {BPF_JEQ, 6, 6, BEFORE},  {BPF_JEQ, 6, 7, AFTER},  {BPF_JGE, 6, 6, BEFORE},
        {BPF_JGE, 7, 6, BEFORE},  {BPF_JGE, 5, 6, AFTER},  {BPF_JSET, 6, 2, BEFORE},
        {BPF_JSET, 6, 3, BEFORE}, {BPF_JSET, 6, 9, AFTER},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct seccomp_data call = {.nr = (int)rows[i].word};
        struct seccomp_program program = begun();
        seccomp_load_number(&program);
        assert_int_equal(ends(&program, rows[i].comparison, rows[i].value, &call), rows[i].action);
    }
}

static void runs_as_many_as_counted(void **state) {
    (void)state;
    const struct seccomp_data call = {.nr = 0x16};
    struct seccomp_program program = begun();
    seccomp_load_number(&program);
    seccomp_if(&program, BPF_JEQ, 1, 3); // not so
    seccomp_mask(&program, 0);
    seccomp_mask(&program, 0);
    seccomp_mask(&program, 0);
    seccomp_mask(&program, 0xF);
    assert_int_equal(ends(&program, BPF_JEQ, 6, &call), BEFORE);
}

static void takes_no_more_than_fits(void **state) {
    (void)state;
    struct seccomp_program program = begun();
    for (size_t i = 0; i < MAX; i++) {
        seccomp_return(&program, SECCOMP_RET_ALLOW);
    }
    assert_int_equal(program.len, MAX);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loads_what_it_says),
        cmocka_unit_test(compares_as_it_says),
        cmocka_unit_test(runs_as_many_as_counted),
        cmocka_unit_test(takes_no_more_than_fits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
