# SPDX-License-Identifier: MIT
"""What a running proxy answers to `ctl`, and how one of several is told from the others."""

import os
import re
import signal
import sys

from support import pseudo_terminal
from support import scope as s
from support import ways


def ctl(scope, *words):
    done = scope.run("ctl", *words)
    assert done.returncode == 0 and done.stderr == b"", done
    return done.stdout.decode()


def test_pause_and_resume_confirm(scope):
    with scope.proxy("--mode", "sink@0"):
        assert ctl(scope, "pause") == "recording: paused\n"
        assert "recording: paused\n" in ctl(scope, "status")
        assert ctl(scope, "resume") == "recording: on\n"


def test_sessions_are_listed_in_the_order_of_their_numbers(scope):
    with scope.proxy("--mode", "sink@0", "--threads", "4") as proxy:
        connections = [s.connect(proxy.port()) for _ in range(25)]
        for connection in connections:
            s.read_reply(connection)
        numbers = re.findall(r"(?m)^session (\d+): ", ctl(scope, "sessions"))
        assert numbers == [str(n) for n in range(1, 26)], numbers
        for connection in connections:
            connection.close()


def test_a_stop_under_way_is_said(scope):
    with scope.proxy("--mode", "sink@0", "--grace", "60") as proxy:
        connection = s.connect(proxy.port())
        s.read_reply(connection)
        assert "state: running\n" in ctl(scope, "status")
        proxy.process.send_signal(signal.SIGTERM)
        status = ""
        while "state: stopping\n" not in status:
            status = ctl(scope, "status")
        s.ask(connection, "QUIT")
        connection.close()
        assert proxy.process.wait(s.TIMEOUT) == 0


def test_the_first_signal_after_a_stop_lets_sessions_go_on(scope):
    with scope.proxy("--mode", "sink@0", "--grace", "60") as proxy:
        connection = s.connect(proxy.port())
        s.read_reply(connection)
        ctl(scope, "stop")
        proxy.process.send_signal(signal.SIGTERM)
        for _ in range(3):  # answered by the thread that took the signal
            assert "state: stopping\n" in ctl(scope, "status")
        s.ask(connection, "NOOP")
        s.ask(connection, "QUIT")
        connection.close()
        assert proxy.process.wait(s.TIMEOUT) == 0


def start_at_a_terminal(scope):
    """A proxy whose standard error is a terminal, and its port."""
    ready = scope.path("ready")
    process, master = pseudo_terminal.start(scope, "proxy", "--mode", "sink@0", "--grace", "60",
                                            "-o", "text:" + scope.path("text"), "--ready-file",
                                            ready)
    said = b""
    while b"listening on" not in said:
        said += pseudo_terminal.read(master)
    s.until(lambda: os.path.exists(ready), "the ready file")
    with open(ready, encoding="ascii") as file:
        return process, master, int(file.read().rsplit(":", 1)[1])


def test_a_person_at_a_terminal_is_told_of_the_grace(scope):
    process, master, port = start_at_a_terminal(scope)
    connection = s.connect(port)
    s.read_reply(connection)
    process.send_signal(signal.SIGTERM)
    while b"state: stopping\n" not in scope.run("ctl", "status").stdout:
        pass
    s.ask(connection, "QUIT")
    connection.close()
    assert process.wait(s.TIMEOUT) == 0
    said = pseudo_terminal.read_to_the_end(master)
    assert b"stopping: 1 session has 60 s; again to stop now" in said, said


def test_a_stop_with_no_session_says_nothing(scope):
    process, master, _ = start_at_a_terminal(scope)
    process.send_signal(signal.SIGTERM)
    assert process.wait(s.TIMEOUT) == 0
    assert b"stopping" not in pseudo_terminal.read_to_the_end(master)


def test_several_are_listed_with_their_modes_and_start(scope):
    ways.need_capture(scope)
    with scope.proxy("--mode", "sink@0") as one, \
            scope.proxy("--mode", "socks5@0", "--mode", "sink@0") as other:
        done = scope.run("ctl", "stop")
        assert done.returncode == 2 and done.stdout == b"", done
        lines = done.stderr.decode().splitlines()
        assert len(lines) == 3 and "--control PATH" in lines[0], lines
        for proxy in (one, other):
            path = scope.path(f"smtpscope/{proxy.process.pid}.sock")
            line = next(line for line in lines if path in line)
            assert re.search(r": since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ, ", line), line
            for address in proxy.addresses:
                assert address in line, line
            assert "(sink)" in line, line


def test_what_cannot_be_put_into_one_line_of_wait_is_refused(scope):
    many = [word for n in range(65) for word in ("--expect", f"messages = {n}")]
    long = 60 * ["--expect", "subject ~ " + 300 * "x"]
    for words, sentence in ((["--expect", "subject ~ a\tb"], b"takes no tabs and no line ends"),
                            (["--expect", "subject ~ a\nb"], b"takes no tabs and no line ends"),
                            (many, b"too many expectations"), (long, b"too many expectations")):
        done = scope.run("ctl", "wait", *words)
        assert done.returncode == 2 and done.stdout == b"", done
        assert sentence in done.stderr, done


def test_a_run_among_them_says_what_it_runs(scope):
    ways.need_capture(scope)
    with scope.proxy("--mode", "sink@0"):
        done = scope.run("run", "--", scope.program, "ctl", "status")
        assert done.returncode == 2 and scope.program.encode() in done.stderr, done
        assert b"(sink)" in done.stderr, done


if __name__ == "__main__":
    sys.exit(s.main(globals()))
