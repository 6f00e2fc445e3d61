// SPDX-License-Identifier: MIT
// In the coverage build: what gcov counted in a process is written when it ends by exit(). One that
// ends by _exit(), or becomes another program, writes it here first; the linker sends it this way.
#include <gcov.h>
#include <unistd.h>

_Noreturn void __real__exit(int status);
_Noreturn void __wrap__exit(int status);
int __real_execvpe(const char *file, char *const argv[], char *const envp[]);
int __wrap_execvpe(const char *file, char *const argv[], char *const envp[]);

void __wrap__exit(int status) {
    __gcov_dump();
    __real__exit(status);
}

int __wrap_execvpe(const char *file, char *const argv[], char *const envp[]) {
    __gcov_dump();
    __gcov_reset(); // where it fails, the process goes on and counts from here
    return __real_execvpe(file, argv, envp);
}
