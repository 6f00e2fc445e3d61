# SPDX-License-Identifier: MIT
"""What a session costs in system calls, all of them, and that an idle one costs none. They are
counted, not timed, and the start and the end of the program cancel out: what twice as many sessions
cost more, divided by their number. The clients are in a process of their own, for which the proxy
looks in /proc."""

import collections
import os
import subprocess
import sys

from support import scope as s
from support import smtp

SESSIONS = 128
COUNTS = 8
AT_ONCE = 32
IDLE_SESSIONS = 200
CALLS_MAX = 75
SENDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "send_mails.py")


def need_strace(scope):
    with open(scope.program, "rb") as program:
        code = program.read()
    if b"__asan_init" in code or b"__tsan_init" in code:
        raise s.Skip("a sanitizer makes system calls of its own, and looks for no leaks under ptrace")
    try:
        done = subprocess.run(["strace", "-f", "-c", "-o", "/dev/null", "true"], check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    except FileNotFoundError as error:
        raise s.Skip("strace is not installed") from error
    if done.returncode != 0:
        raise s.Skip("strace may not trace here (ptrace)")


def send_all(scope, port, sessions):
    subprocess.run([sys.executable, SENDER, str(port), scope.ca, str(sessions), str(AT_ONCE)],
                   check=True)


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


def calls_of(scope, server, sessions):
    summary = scope.path(f"calls-{sessions}")
    scope.wrapper = ["strace", "-D", "-f", "-c", "-o", summary]
    with scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{server.port}@127.0.0.1:0",
                     "--server-ca", scope.server_certificate()[2], "--threads", "1",
                     outputs=("text",)) as proxy:
        send_all(scope, proxy.port(), sessions)
    scope.wrapper = []
    assert len(server.messages) == sessions, len(server.messages)
    server.messages.clear()
    return read_summary(summary)


def cost_of_a_session(scope, server):
    once = calls_of(scope, server, SESSIONS)
    twice = calls_of(scope, server, 2 * SESSIONS)
    each = {name: (twice[name] - once[name]) / SESSIONS for name in twice}
    table = sorted(((count, name) for name, count in each.items() if abs(count) > 0.04),
                   reverse=True)
    total = sum(each.values())
    print("     " + ", ".join(f"{name} {count:.1f}" for count, name in table))
    print(f"     {total:.1f} system calls a session")
    return total


def test_a_session_costs_few_system_calls(scope):
    """The least of some counts. What else runs on the machine decides how many pieces the bytes come
    in, how many of the writer's batches, and how many events one wait of the loop brings."""
    need_strace(scope)
    with smtp.Server(scope, "implicit") as server:
        totals = []
        while len(totals) < COUNTS and min(totals, default=CALLS_MAX + 1) > CALLS_MAX:
            totals.append(cost_of_a_session(scope, server))
    assert min(totals) <= CALLS_MAX, totals


def quiet_for_a_second(trace):
    """Whether no system call was made: neither begun nor ended."""
    before = os.path.getsize(trace)
    s.let_pass(1)
    return os.path.getsize(trace) == before


def test_an_idle_proxy_makes_no_system_call(scope):
    """Whatever the load, some second soon after the last session has none at all; a proxy that
    polls has no such second. Half of the sessions are plain, half are in TLS on both sides."""
    need_strace(scope)
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
