# SPDX-License-Identifier: MIT
"""The contract, Commands: help, version, `ctl`, what is said at a start, and what `run` gives
back."""

import os
import socket
import subprocess

from support import scope as s
from support.documents import document, minimal
from support.record import same


def test_ctl_names_what_runs(scope):
    same(scope.run("ctl", "status").returncode, 3)
    with scope.proxy("--mode", "sink@0", outputs=("text",)) as proxy:
        done = scope.run("ctl", "status")
        same((done.returncode, done.stderr), (0, b""))
        for part in (f"pid: {proxy.process.pid}", proxy.addresses[0], "sessions: 0 live, 0 ended",
                     "rates: 0.0 sessions and 0.0 messages a second", "out.text, 0 lines, 0 bytes, 0 lost"):
            assert part in done.stdout.decode(), done.stdout
        connection = s.connect(proxy.port())
        s.read_reply(connection)
        s.ask(connection, "EHLO localhost")
        status = scope.run("ctl", "status").stdout.decode()
        assert "sessions: 1 live, 0 ended" in status and "findings: 1\n" in status, status
        assert ": sink 127.0.0.1 port " in scope.run("ctl", "sessions").stdout.decode()
        connection.close()
        with scope.proxy("--mode", "sink@0") as other:
            done = scope.run("ctl", "stop")
            same((done.returncode, done.stdout), (2, b""))
            for one in (proxy, other):
                path = scope.path(f"smtpscope/{one.process.pid}.sock")
                assert path in done.stderr.decode(), done.stderr
                same(scope.run("ctl", "--control", path, "sessions").returncode, 0)


def test_what_ctl_prints_moves_no_terminal(scope):
    """The names of live sessions come from their clients."""
    path = scope.path("made-up.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        os.chmod(path, 0o600)
        listener.listen(1)
        asked = subprocess.Popen([scope.program, "ctl", "--control", path, "sessions"],
                                 env=scope.environment,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        peer, _ = listener.accept()
        assert s.read_line(peer) == b"sessions\n"
        peer.sendall("ok\nsession 1: to a\x1b[2J\x9b\u202e port 25, 1 s\n".encode())
        peer.close()
        out, err = asked.communicate(timeout=s.TIMEOUT)
    same((out, err), (rb"session 1: to a\x1B[2J\xC2\x9B\xE2\x80\xAE port 25, 1 s" + b"\n", b""))


def test_help_and_version_are_on_standard_output(scope):
    for command in ([], ["proxy"], ["run"], ["ca"], ["doctor"], ["show"], ["check"], ["ctl"]):
        done = scope.run(*command, "--help")
        same((command, done.returncode, done.stderr), (command, 0, b""))
        assert done.stdout.startswith(b"usage: smtpscope"), command
    done = scope.run("--version")
    same((done.returncode, done.stderr), (0, b""))
    for name in (b"smtpscope ", b"BoringSSL", b"libuv 1.", b"cJSON 1."):
        assert name in done.stdout, done.stdout
    for words, word in ((["frobnicate"], b"frobnicate"), ([], b"command"), (["proxy", "stray"], b"stray"),
                        (["--frob"], b"--frob"), (["ca", "destroy"], b"destroy"), (["ctl", "jump"], b"jump")):
        done = scope.run(*words)
        same((words, done.returncode, done.stdout), (words, 2, b""))
        assert word in done.stderr, done.stderr


def test_what_prints_ends_with_its_reader(scope):
    path = document(scope, *(minimal(n) for n in range(1, 3000)))
    done = subprocess.run(["bash", "-c", '"$@" | head -n 1', "bash", scope.program, "show", path],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=s.TIMEOUT)
    same((done.returncode, done.stdout.count(b"\n"), done.stderr), (0, 1, b""))


def test_run_exits_as_its_command_did(scope):
    for command, status in ((["sh", "-c", "exit 3"], 3), (["sh", "-c", "kill -9 $$"], 137),
                            (["/nonexistent/command"], 127), ([scope.folder], 126), (["true"], 0)):
        done = scope.run("run", "--", *command)
        if done.returncode == 3 and status != 3:
            raise s.Skip(done.stderr.decode())
        same((command, done.returncode, done.stdout), (command, status, b""))
    same(scope.run("run").returncode, 2)
    same(scope.run("run", "--mode", "sink", "--", "true").returncode, 2)


if __name__ == "__main__":
    s.main(globals())
