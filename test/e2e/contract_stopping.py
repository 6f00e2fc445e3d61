# SPDX-License-Identifier: MIT
"""The contract, Stopping, limits, exit status."""

import json
import os
import signal
import subprocess
import threading

from support import scope as s
from support import smtp
from support.documents import refused
from support.record import same


def test_an_address_in_use_is_exit_3(scope):
    with s.Server(lambda connection: None) as server:
        status, err = refused(scope, "--mode", f"sink@{server.port}")
    same(status, 3)
    assert str(server.port) in err and "in use" in err, err


def test_each_signal_stops_with_exit_0(scope):
    for number in (signal.SIGINT, signal.SIGTERM):
        with scope.proxy("--mode", "sink@0") as proxy:
            same(proxy.stop(number), 0)


def test_a_second_signal_stops_at_once(scope):
    for number in (signal.SIGINT, signal.SIGTERM):
        proxy = scope.proxy("--mode", "sink@0", "--grace", "50")
        connection = s.connect(proxy.port())
        s.read_reply(connection)
        proxy.process.send_signal(number)
        while can_connect(proxy.port()):
            pass
        same(proxy.stop(number), 128 + number)
        assert s.read_all(connection).startswith(b"421 4.3.2 ")
        connection.close()
        same(proxy.sessions()[0]["outcome"], "proxy-stopped")


def test_a_kill_leaves_every_line_but_the_last_whole(scope):
    """While four clients send one mail after another."""
    proxy = scope.proxy("--mode", "sink@0", outputs=("jsonl",))
    path = os.path.join(proxy.folder, "out.jsonl")

    def send_until_the_end():
        try:
            while True:
                client = smtp.Client(proxy.port())
                client.open()
                client.send_mail(b"Subject: load\r\n\r\ntext\r\n")
                client.quit()
        except (OSError, AssertionError):
            pass
    clients = [threading.Thread(target=send_until_the_end) for _ in range(4)]
    for client in clients:
        client.start()
    s.until(lambda: os.path.getsize(path) > 100_000, "a transcript")
    proxy.stop(signal.SIGKILL)
    for client in clients:
        client.join(s.TIMEOUT)
    lines = proxy.output("jsonl").split(b"\n")[:-1]
    same([json.loads(line)["counter"] for line in lines], list(range(1, len(lines) + 1)))
    same(scope.run("show", path).stderr.count(b"cannot"), 0)


def can_connect(port):
    try:
        s.connect(port).close()
        return True
    except OSError:
        return False


def test_a_closed_standard_error_is_given_to_no_other_file(scope):
    if "FAKETIME" in os.environ:
        raise s.Skip("libfaketime opens a file before the program does")
    ready, path = scope.path("ready"), scope.path("out.json")
    command = [scope.program, "proxy", "--mode", "reverse:smtp://localhost:1@0", "--once", "--ready-file", ready,
               "-o", f"json:{path}"]
    process = subprocess.Popen(["bash", "-c", 'exec "$@" <&- >&- 2>&-', "bash", *command], env=scope.environment)
    s.until(lambda: os.path.exists(ready) or process.poll() is not None, "the ready file")
    for fd in (0, 1, 2):
        same(os.readlink(f"/proc/{process.pid}/fd/{fd}"), "/dev/null")
    connection = s.connect(int(open(ready).read().rsplit(":", 1)[1]))
    assert s.read_all(connection).startswith(b"421 4.4.1 ")
    connection.close()
    same(process.wait(s.TIMEOUT), 0)
    same(len(json.load(open(path))["sessions"]), 1)
    for words, named in (("--help",), b"standard output"), (("proxy", "--mode", "sink@0"), b"text output '-'"):
        closed = subprocess.run(["bash", "-c", 'exec "$@" >&-', "bash", scope.program, *words],
                                stderr=subprocess.PIPE, env=scope.environment, timeout=s.TIMEOUT)
        same(closed.returncode, 3)
        assert named in closed.stderr, closed


if __name__ == "__main__":
    s.main(globals())
