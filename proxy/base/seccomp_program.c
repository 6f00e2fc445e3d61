// SPDX-License-Identifier: MIT
#include "base/seccomp_program.h"

#include <assert.h>
#include <linux/seccomp.h>

void seccomp_put(struct seccomp_program *program, struct sock_filter instruction) {
    assert(program->len < program->max);
    program->instructions[program->len++] = instruction;
}

static void load(struct seccomp_program *program, size_t offset) {
    seccomp_put(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

void seccomp_load_architecture(struct seccomp_program *program) {
    load(program, offsetof(struct seccomp_data, arch));
}

void seccomp_load_number(struct seccomp_program *program) {
    load(program, offsetof(struct seccomp_data, nr));
}

// All architectures that filters are made for are little-endian: the low word comes first.
void seccomp_load_argument(struct seccomp_program *program, unsigned index) {
    assert(index < 6);
    load(program, offsetof(struct seccomp_data, args) + index * sizeof(uint64_t));
}

void seccomp_mask(struct seccomp_program *program, uint32_t mask) {
    seccomp_put(program, (struct sock_filter)BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask));
}

void seccomp_if(struct seccomp_program *program, uint16_t comparison, uint32_t value,
                uint8_t count) {
    seccomp_put(program,
                (struct sock_filter)BPF_JUMP(BPF_JMP | comparison | BPF_K, value, 0, count));
}

void seccomp_return(struct seccomp_program *program, uint32_t action) {
    seccomp_put(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}
