# SPDX-License-Identifier: MIT
"""Runs the `test_…(scope)` functions of a script as tests of `unittest`, each in a scope of its own,
and fails those that leave a process running."""

import ctypes
import os
import signal
import sys
import time
import unittest

SKIPPED = 77
PR_SET_CHILD_SUBREAPER = 36
ENDING_S = 20  # what ends when its parent does gets so long for it
PF_EXITING = 4  # a flag in /proc/PID/stat (proc(5)): a zombie, or about to be one

Skip = unittest.SkipTest  # the test cannot run here; its text says why


def _adopt_orphans():
    """What a test starts stays a descendant of this process, whoever of its parents ends first."""
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def _processes():
    """{pid: (parent's pid, is it ending, command line)} of all that can be seen."""
    found = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/cmdline", encoding="utf-8", errors="replace") as file:
                line = " ".join(file.read().split("\0")).strip()
            with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as file:
                fields = file.read().rpartition(")")[2].split()
            found[int(name)] = int(fields[1]), bool(int(fields[6]) & PF_EXITING), line
        except OSError:
            pass  # it has ended meanwhile
    return found


def _descendants():
    processes = _processes()
    family, grown = {os.getpid()}, True
    while grown:
        more = {pid for pid, (parent, _, _) in processes.items() if parent in family} - family
        family |= more
        grown = bool(more)
    return {pid: processes[pid][1:] for pid in family - {os.getpid()}}


def _running():
    return {pid: line for pid, (exiting, line) in _descendants().items() if not exiting}


def _end_leftovers():
    """Ends what a test left behind; returns the command lines of those that were still running."""
    deadline = time.monotonic() + ENDING_S
    while (running := _running()) and time.monotonic() < deadline:
        time.sleep(0.01)
    for pid in running:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    try:
        while os.waitpid(-1, 0 if running else os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
    return sorted(running.values())


class Case(unittest.TestCase):
    """One function of a script, by the name that it has there."""

    def __init__(self, name, function, make_scope):
        super().__init__()
        self.name, self.function, self.make_scope = name, function, make_scope

    def __str__(self):
        return self.name

    def shortDescription(self):
        return None

    def runTest(self):
        scope = self.make_scope()
        self.addCleanup(scope.cleanup)
        try:
            self.function(scope)
        finally:
            left = _end_leftovers()
        if left:
            self.fail("left running: " + "; ".join(left))


def run(tests, names, make_scope):
    """Runs those of the functions whose names are given, or all; returns the exit status."""
    known = {name: value for name, value in tests.items() if name.startswith("test_")}
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"no such test: {' '.join(unknown)}; there are {' '.join(known)}")
    _adopt_orphans()
    suite = unittest.TestSuite(Case(name, known[name], make_scope) for name in names or known)
    result = unittest.TextTestRunner(sys.stdout, verbosity=2, warnings="ignore").run(suite)
    if not result.wasSuccessful():
        return 1
    return SKIPPED if len(result.skipped) == result.testsRun else 0
