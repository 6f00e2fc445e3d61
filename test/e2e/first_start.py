# SPDX-License-Identifier: MIT
"""The first start of somebody who has nothing yet: what is made, what is said of it, and that `run`
needs no home for its CA."""

import os
import sys

from support import scope as s
from support import ways

MADE = b"made a certificate authority, "


def test_proxy_says_once_where_the_ca_is_and_how_to_trust_it(scope):
    for times in (1, 0):
        with scope.proxy("--mode", "sink@0") as proxy:
            pass
        assert proxy.errors().encode().count(MADE) == times, proxy.errors()
        if times == 1:
            line = next(line for line in proxy.errors().splitlines() if MADE.decode() in line)
            assert scope.ca in line and "smtpscope ca env" in line, line


def test_run_says_once_where_the_ca_is(scope):
    ways.need_capture(scope)
    scope.environment["XDG_DATA_HOME"] = scope.path("new")
    for times in (1, 0):
        done = scope.run("run", "--", "true")
        assert done.returncode == 0 and done.stderr.count(MADE) == times, done.stderr
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
