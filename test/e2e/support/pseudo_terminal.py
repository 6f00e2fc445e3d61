# SPDX-License-Identifier: MIT
"""Programs that have a terminal as their standard error, and what comes from a terminal."""

import fcntl
import os
import pty
import struct
import subprocess
import termios


def resize(terminal, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))


def start(scope, *words, columns=0):
    """The program with a terminal as its standard error; the process and the terminal's other end."""
    master, slave = pty.openpty()
    resize(slave, columns)
    process = subprocess.Popen([scope.program, *words], env=scope.environment, stderr=slave,
                               stdin=subprocess.DEVNULL)
    os.close(slave)
    return process, master


def read(master):
    """What is there, at least a byte; nothing once nobody has the terminal open any more."""
    try:
        return os.read(master, 1 << 16)
    except OSError:  # how Linux says so
        return b""


def read_to_the_end(master):
    said = b""
    while data := read(master):
        said += data
    os.close(master)
    return said


def read_all(scope, columns, *words):
    """What the program says to a terminal of so many columns as its standard output."""
    master, slave = pty.openpty()
    resize(slave, columns)
    environment = {**scope.environment, "TERM": "xterm", "LC_ALL": "C.UTF-8"}
    process = subprocess.Popen([scope.program, *words], env=environment, stdout=slave,
                               stdin=subprocess.DEVNULL)
    os.close(slave)
    said = read_to_the_end(master)
    assert process.wait() == 0, said
    return said
