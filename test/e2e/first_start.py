# SPDX-License-Identifier: MIT
"""The first start of somebody who has nothing yet: what is made, what is said of it, and that `run`
needs no home for its CA."""

import os
import signal
import sys

from support import pseudo_terminal
from support import scope as s
from support import ways

MADE = b"made a certificate authority, "


def at_a_terminal(scope, *words):
    """What the program says to a terminal until it ends; a proxy is stopped once it listens."""
    process, master = pseudo_terminal.start(scope, *words)
    said, stopped = b"", False
    while data := pseudo_terminal.read(master):
        said += data
        if b"listening on" in said and not stopped:
            process.send_signal(signal.SIGTERM)
            stopped = True
    os.close(master)
    process.wait(s.TIMEOUT)
    return said


def test_proxy_says_once_where_the_ca_is_and_how_to_trust_it(scope):
    for times in (1, 0):
        said = at_a_terminal(scope, "proxy", "--mode", "sink@0", "-o", "text:" + scope.path("text"))
        assert said.count(MADE) == times, said
        if times == 1:
            line = next(line for line in said.splitlines() if MADE in line)
            assert scope.ca.encode() in line and b"smtpscope ca env" in line, line


def test_a_script_is_told_nothing(scope):
    with scope.proxy("--mode", "sink@0") as proxy:
        pass
    assert MADE.decode() not in proxy.errors(), proxy.errors()


def test_run_says_once_where_the_ca_is(scope):
    ways.need_capture(scope)
    scope.environment["XDG_DATA_HOME"] = scope.path("new")
    for times in (1, 0):
        said = at_a_terminal(scope, "run", "--", "true")
        assert said.count(MADE) == times, said
    assert scope.run("ca", "show").stderr == b""


def without_home(scope, home):
    for name in ("HOME", "XDG_DATA_HOME"):
        scope.environment.pop(name)
    if home is not None:
        scope.environment["HOME"] = home


def temporary_of(log):
    """Folders of CAs that are there while the command of `run` runs."""
    return f"for d in {os.path.dirname(log)}/smtpscope-ca-*/; do ls \"$d\"; done >{log}"


def assert_run_has_a_ca_of_its_own(scope, home):
    without_home(scope, home)
    scope.environment["TMPDIR"] = scope.folder
    log = scope.path("log")
    done = scope.run("run", "--sink", "--", "sh", "-c", temporary_of(log))
    assert done.returncode == 0, done.stderr
    assert b"this run has a CA of its own instead" in done.stderr, done.stderr
    assert MADE not in done.stderr, done.stderr
    with open(log) as file:
        listed = file.read().split()
    assert "ca.pem" in listed and "ca.key" not in listed, listed


def test_run_without_a_home(scope):
    ways.need_capture(scope)
    assert_run_has_a_ca_of_its_own(scope, None)


def test_run_with_a_home_that_is_not_there_makes_none(scope):
    ways.need_capture(scope)
    home = scope.path("none")
    assert_run_has_a_ca_of_its_own(scope, home)
    assert not os.path.exists(home)


def test_run_with_a_home_that_cannot_be_written(scope):
    ways.need_capture(scope)
    assert_run_has_a_ca_of_its_own(scope, "/proc/self")


def test_proxy_without_a_home_says_what_to_do(scope):
    without_home(scope, scope.path("none"))
    done = scope.run("proxy", "--mode", "sink@0")
    assert done.returncode == 3 and b"--ca-dir" in done.stderr, done


def test_run_does_not_hide_a_ca_that_is_there_and_wrong(scope):
    ways.need_capture(scope)
    with open(scope.ca, "w") as file:
        file.write("no certificate\n")
    done = scope.run("run", "--", "true")
    assert done.returncode == 3 and b"of its own" not in done.stderr, done


if __name__ == "__main__":
    sys.exit(s.main(globals()))
