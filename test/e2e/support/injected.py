# SPDX-License-Identifier: MIT
"""A system call that another process is made to make, by ptrace, on x86-64: the proof that it would
fail. The process goes on as if nothing had been."""

import ctypes
import os

from support import scope as s

ATTACH, DETACH, SINGLESTEP, GETREGS, SETREGS, PEEK, POKE = 16, 17, 9, 12, 13, 1, 4
NAMES = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss "
         "fs_base gs_base ds es fs gs").split()
ARGUMENTS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")
SYSCALL = 0x050f
BELOW_STACK = 4096  # far from what the interrupted code keeps there


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in NAMES]


libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.restype = ctypes.c_long
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]


def ptrace(request, pid, address=0, data=0):
    ctypes.set_errno(0)
    result = libc.ptrace(request, pid, address, data)
    if ctypes.get_errno() != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


class Tracer:
    """Holds the process's main thread in a system call."""

    def __init__(self, pid):
        self.pid = pid
        self.before = Registers()

    def __enter__(self):
        s.until(self._hold, "a system call to hold it in")
        return self

    def _hold(self):
        """Lets it go on where it is in none: soon it waits in one for what comes."""
        ptrace(ATTACH, self.pid)
        os.waitpid(self.pid, 0)
        ptrace(GETREGS, self.pid, 0, ctypes.addressof(self.before))
        held = ptrace(PEEK, self.pid, self.before.rip - 2) & 0xffff == SYSCALL
        if not held:
            ptrace(DETACH, self.pid)
        return held

    def __exit__(self, kind, value, trace):
        ptrace(SETREGS, self.pid, 0, ctypes.addressof(self.before))
        ptrace(DETACH, self.pid)

    def _put(self, text, at):
        data = text.encode() + bytes(8 - len(text.encode()) % 8)
        for offset in range(0, len(data), 8):
            ptrace(POKE, self.pid, at + offset, int.from_bytes(data[offset:offset + 8], "little"))

    def call(self, number, *arguments):
        """The result, negative for an errno. An argument that is text is put into its memory."""
        registers = Registers.from_buffer_copy(self.before)
        registers.rip -= 2
        registers.rax, registers.orig_rax = number, (1 << 64) - 1
        for name, argument in zip(ARGUMENTS, arguments):
            if isinstance(argument, str):
                at = (registers.rsp - BELOW_STACK) & ~7
                self._put(argument, at)
                argument = at
            setattr(registers, name, argument)
        ptrace(SETREGS, self.pid, 0, ctypes.addressof(registers))
        ptrace(SINGLESTEP, self.pid)
        os.waitpid(self.pid, 0)
        ptrace(GETREGS, self.pid, 0, ctypes.addressof(registers))
        return ctypes.c_longlong(registers.rax).value
