// SPDX-License-Identifier: MIT
#include "support/seccomp_run.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

uint32_t seccomp_run(const struct sock_filter *program, size_t len,
                     const struct seccomp_data *call) {
    uint32_t word = 0;
    for (size_t at = 0; at < len; at++) {
        const struct sock_filter *step = &program[at];
        switch (step->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            assert_true(step->k <= sizeof(*call) - sizeof(word));
            memcpy(&word, (const uint8_t *)call + step->k, sizeof(word));
            break;
        case BPF_ALU | BPF_AND | BPF_K:
            word &= step->k;
            break;
        case BPF_JMP | BPF_JEQ | BPF_K:
            at += word == step->k ? step->jt : step->jf;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            at += word >= step->k ? step->jt : step->jf;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            at += (word & step->k) != 0 ? step->jt : step->jf;
            break;
        case BPF_RET | BPF_K:
            return step->k;
        default:
            fail_msg("instruction %x", step->code);
        }
    }
    fail_msg("the program has no end");
    return 0;
}
