# SPDX-License-Identifier: MIT
"""What the outputs of one run of the proxy held, and what they are compared with."""

import json
import os
import re

from support import scope as s
from support.smtp import Stage

LINE = re.compile(r"^(\d+) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (\d+) (\d+) (.*)$")


class Record:
    """What the outputs of one run of the proxy held, played to its end."""

    def __init__(self, scope, *conversations, options=(), mode=None, status=0):
        with Stage(scope) as stage:
            self.server_port = stage.port
            where = mode or f"reverse:smtp://localhost:{stage.port}@0"
            root = scope.server_certificate()[2]
            proxy = scope.proxy("--mode", where, "--server-ca", root, "--sessions",
                                str(len(conversations)), *options)
            self.client_ports = [stage.play(proxy.port(), *steps) for steps in conversations]
            self.status = proxy.process.wait(s.TIMEOUT)
            proxy.stop()
            assert self.status == status, (self.status, proxy.errors())
        self.folder = proxy.folder
        self.errors = proxy.errors()
        self.raw_text = proxy.output("text").decode("utf-8")
        self.document = json.loads(proxy.output("json"))
        # They stand in the order in which they ended, which need not be that of their ids.
        self.sessions = sorted(self.document["sessions"], key=lambda session: session["id"])
        self.events = proxy.events()

    def text(self, session=None, happenings=False, findings=False):
        """The WHAT of the lines, as a list."""
        out = []
        for line in self.raw_text.splitlines():
            what = LINE.match(line)
            assert what, line
            if session is not None and int(what[4]) != session:
                continue
            if what[5].startswith("### ") and not happenings:
                continue
            if what[5].startswith("!!! ") and not findings:
                continue
            out.append(what[5])
        return out

    def of(self, event, session=None):
        return [one for one in self.events if one["event"] == event
                and session in (None, one["session"])]

    @property
    def session(self):
        assert len(self.sessions) == 1
        return self.sessions[0]

    @property
    def message(self):
        return self.session["messages"][0]


def same(got, wanted):
    assert got == wanted, f"\n     got {got!r}\n  wanted {wanted!r}"


def has(got, **members):
    """The members that are named have these values."""
    same({name: got.get(name, "missing") for name in members}, members)


def starts(got, *names):
    """The object's members start with these, in this order."""
    same(list(got)[:len(names)], list(names))


def is_own_pid(pid):
    """That of the test, which is the client; a busy machine may name it too late for a line."""
    return pid in (0, os.getpid())


def size(lines):
    return sum(len(line.encode()) + 2 for line in lines)
