# SPDX-License-Identifier: MIT
"""What a session costs in system calls, and that an idle one costs none. They are counted, not
timed, and the start and the end of the program cancel out: what twice as many sessions cost more,
divided by their number.

The waits of the loop are counted apart: how many events one of them brings depends on how fast the
test is beside the program, from one to all. The look through /proc for the client's process too: it reads the descriptors of that
process, here all those of this test, for as many sessions at once as wait for it."""

import collections
import os
import subprocess
import threading

from support import scope as s
from support import smtp

SESSIONS = 96
COUNTS = 5
AT_ONCE = 16
IDLE_SESSIONS = 200
CALLS_MAX = 68  # and 75 with the waits, where one brings the events of three sessions
WAITS = {"epoll_wait", "epoll_pwait"}
PROCESS_LOOK = {"openat", "newfstatat", "getdents64", "readlinkat", "close"}
MESSAGE = (b"Date: Sat, 28 Nov 2026 10:00:00 +0000\r\nFrom: a@example.com\r\nTo: b@example.net\r\n"
           b"Message-ID: <1@example.com>\r\nSubject: two kilobytes\r\n\r\n" + (b"x" * 70 + b"\r\n") * 26)


def need_strace():
    try:
        done = subprocess.run(["strace", "-f", "-c", "-o", "/dev/null", "true"], check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise s.Skip("strace is not installed") from error
    if done.returncode != 0:
        raise s.Skip("strace may not trace here (ptrace)")


def send(port, context):
    client = smtp.Client(port, "implicit", context, name="127.0.0.1")
    client.open()
    client.send_mail(MESSAGE)
    client.quit()


def send_all(port, context, count):
    def one_after_another():
        for _ in range(count // AT_ONCE):
            send(port, context)
    threads = [threading.Thread(target=one_after_another) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def read_summary(path):
    """Calls by name. strace writes its summary when the program has ended."""
    def read():
        with open(path) as file:
            lines = file.read().splitlines()
        return lines if lines and lines[-1].endswith("total") else None

    lines = s.until(read, "strace's summary")
    calls = collections.Counter()
    for line in lines[2:-2]:
        calls[line.split()[-1]] += int(line.split()[3])
    return calls


def calls_of(scope, server, context, sessions):
    summary = scope.path(f"calls-{sessions}")
    scope.wrapper = ["strace", "-D", "-f", "-c", "-o", summary]
    with scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{server.port}@127.0.0.1:0",
                     "--server-ca", scope.server_certificate()[2], "--threads", "1",
                     outputs=("text",)) as proxy:
        send(proxy.port(), context)  # the first looks through all processes for the client
        send_all(proxy.port(), context, sessions)
    scope.wrapper = []
    assert len(server.messages) == sessions + 1, len(server.messages)
    server.messages.clear()
    return read_summary(summary)


def cost_of_a_session(scope, server, context):
    once = calls_of(scope, server, context, SESSIONS)
    twice = calls_of(scope, server, context, 2 * SESSIONS)
    each = {name: (twice[name] - once[name]) / SESSIONS for name in twice}
    table = sorted(((count, name) for name, count in each.items() if abs(count) > 0.04),
                   reverse=True)
    total = sum(count for name, count in each.items() if name not in PROCESS_LOOK | WAITS)
    print("     " + ", ".join(f"{name} {count:.1f}" for count, name in table))
    print(f"     {total:.1f} system calls a session without waits and the look through /proc")
    return total


def test_a_session_costs_few_system_calls(scope):
    """The least of some counts. What else runs on the machine decides how many pieces the bytes come
    in, and how many of the writer's batches; it adds calls and takes none away."""
    need_strace()
    context = scope.client_context()
    with smtp.Server(scope, "implicit") as server:
        totals = []
        while len(totals) < COUNTS and min(totals, default=CALLS_MAX + 1) > CALLS_MAX:
            totals.append(cost_of_a_session(scope, server, context))
    assert min(totals) <= CALLS_MAX, totals


def quiet_for_a_second(trace):
    """Whether no system call was made: neither begun nor ended."""
    before = os.path.getsize(trace)
    s.let_pass(1)
    return os.path.getsize(trace) == before


def test_an_idle_proxy_makes_no_system_call(scope):
    """Whatever the load, some second soon after the last session has none at all; a proxy that
    polls has no such second. Half of the sessions are plain, half are in TLS on both sides."""
    need_strace()
    trace = scope.path("trace")
    context = scope.client_context()
    with smtp.Server(scope, "starttls") as server:
        scope.wrapper = ["strace", "-D", "-f", "-o", trace]
        with server.proxy_to(scope, "-o", "text:" + scope.path("text")) as proxy:
            clients = [smtp.Client(proxy.port(), how, context)
                       for how in ["none", "starttls"] * (IDLE_SESSIONS // 2)]
            for client in clients:
                client.open()
            s.until(lambda: quiet_for_a_second(trace), "a second without a system call")
            quiet = os.path.getsize(trace)
            assert clients[-1].ask("NOOP")[0].startswith(b"250 ")
            s.until(lambda: os.path.getsize(trace) > quiet, "the calls of a command in the trace")
            for client in clients:
                client.connection.close()
    scope.wrapper = []


if __name__ == "__main__":
    s.main(globals())
