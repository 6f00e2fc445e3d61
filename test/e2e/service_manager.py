# SPDX-License-Identifier: MIT
"""A service manager hears when the proxy is ready and when it stops (sd_notify(3))."""

import os
import signal
import socket
import subprocess
import sys

from support import scope as s
from support import ways


def manager(name):
    """A socket of this name; `@` in front makes it an abstract one."""
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind("\0" + name[1:] if name[0] == "@" else name)
    heard.settimeout(s.TIMEOUT)
    return heard


def claim_heard(scope, name):
    ready = scope.path("ready")
    with manager(name) as heard:
        process = subprocess.Popen([scope.program, "proxy", "--mode", "sink@0", "--ready-file", ready,
                                    "-o", "text:" + scope.path("text")],
                                   env={**scope.environment, "NOTIFY_SOCKET": name},
                                   stderr=subprocess.DEVNULL)
        assert heard.recv(100) == b"READY=1"
        with open(ready, encoding="utf-8") as file:  # it is there, and the port accepts
            port = int(file.read().rpartition(":")[2])
        with s.connect(port) as client:
            assert s.read_line(client).startswith(b"220 ")
            process.send_signal(signal.SIGTERM)
            assert heard.recv(100) == b"STOPPING=1"
            assert process.poll() is None  # the session still has its grace
        assert process.wait(s.TIMEOUT) == 0


def test_by_path(scope):
    claim_heard(scope, scope.path("notify"))


def test_by_abstract_name(scope):
    claim_heard(scope, f"@smtpscope-test-{os.getpid()}")


def test_a_stop_by_ctl_is_heard_too(scope):
    name = scope.path("notify")
    with manager(name) as heard:
        scope.environment["NOTIFY_SOCKET"] = name
        with scope.proxy("--mode", "sink@0", "--control", scope.path("control"), outputs=()):
            assert heard.recv(100) == b"READY=1"
            assert scope.run("ctl", "--control", scope.path("control"), "stop").returncode == 0
            assert heard.recv(100) == b"STOPPING=1"


def test_no_manager_is_no_fault(scope):
    for name in ("", "@", "/", "relative", scope.path("missing"), "/" + 200 * "x", scope.folder):
        scope.environment["NOTIFY_SOCKET"] = name
        with scope.proxy("--mode", "sink@0", outputs=()) as proxy:
            s.connect(proxy.port()).close()
        assert "otify" not in proxy.errors(), proxy.errors()


def test_run_leaves_it_to_its_command(scope):
    ways.need_capture(scope)
    name = scope.path("notify")
    with manager(name) as heard:
        scope.environment["NOTIFY_SOCKET"] = name
        said = "import os, socket; socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(" \
               "b'the command', os.environ['NOTIFY_SOCKET'])"
        done = scope.run("run", "--", "/usr/bin/python3", "-c", said)
        assert done.returncode == 0, done
        assert heard.recv(100) == b"the command"
        heard.setblocking(False)
        try:
            raise AssertionError(heard.recv(100))
        except BlockingIOError:
            pass


if __name__ == "__main__":
    sys.exit(s.main(globals()))
