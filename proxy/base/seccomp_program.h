// SPDX-License-Identifier: MIT
// seccomp_program: writes the instructions of a seccomp filter, one after the other, into an array
// of the caller's. The kernel runs them at each system call of a process under the filter; they
// load a word of `struct seccomp_data` into the accumulator, compare it, and return an action
// (seccomp(2)). What is allowed and what is not is the business of those who call this.
#ifndef SCOPE_BASE_SECCOMP_PROGRAM_H
#define SCOPE_BASE_SECCOMP_PROGRAM_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

// x32 programs use x86-64's numbers with this bit, and some of their own from 512 on.
#define SECCOMP_X32_BIT 0x40000000U

struct seccomp_program {
    struct sock_filter *instructions; // borrowed
    size_t len;                       // instructions written
    size_t max;                       // instructions that fit; one more is an assertion
};

// Appends an instruction that no function below writes.
void seccomp_put(struct seccomp_program *program, struct sock_filter instruction);

// The accumulator becomes the architecture (AUDIT_ARCH_…) or the number of the call.
void seccomp_load_architecture(struct seccomp_program *program);
void seccomp_load_number(struct seccomp_program *program);

// The accumulator becomes the low word of the argument, 0 to 5.
void seccomp_load_argument(struct seccomp_program *program, unsigned index);

// Only the bits of `mask` stay in the accumulator.
void seccomp_mask(struct seccomp_program *program, uint32_t mask);

// The next `count` instructions run only if the accumulator compares so with `value`: BPF_JEQ, it
// is equal; BPF_JGE, it is at least that; BPF_JSET, it has one of its bits.
void seccomp_if(struct seccomp_program *program, uint16_t comparison, uint32_t value,
                uint8_t count);

// Ends the run with SECCOMP_RET_…
void seccomp_return(struct seccomp_program *program, uint32_t action);

#endif
