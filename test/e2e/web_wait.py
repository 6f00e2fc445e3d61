# SPDX-License-Identifier: MIT
"""Waiting for mail without a sleep: `GET /api/v1/wait` and `ctl wait` (contract-web)."""

import contextlib
import json
import os
import subprocess
import sys
import threading

from support import scope as s
from support import web as w

IDLE_S = 3
SWITCHES_MAX = 40  # of all threads in that time; the page looks at its connections once a second


def is_asleep(process):
    with open(f"/proc/{process.pid}/stat", encoding="ascii") as file:
        return file.read().rsplit(")", 1)[1].split()[0] in "SZ"


@contextlib.contextmanager
def ctl_wait(scope, proxy, *words):
    """A `ctl wait` that waits for the answer of the proxy, which has accepted it."""
    with proxy.accepts("the question of ctl wait"):
        waiting = subprocess.Popen([scope.program, "ctl", "wait", *words], env=scope.environment,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    s.until(lambda: is_asleep(waiting), "ctl wait to await its answer")
    try:
        yield waiting
    finally:
        waiting.kill()
        waiting.communicate(timeout=s.TIMEOUT)


def verdict_of(answer):
    status, body = answer
    return status, json.loads(body)


def switches(proxy):
    """How often the threads of the proxy have gone to sleep so far."""
    count = 0
    for thread in os.listdir(f"/proc/{proxy.process.pid}/task"):
        with open(f"/proc/{proxy.process.pid}/task/{thread}/status") as file:
            count += sum(int(line.split()[1]) for line in file
                         if line.startswith("voluntary_ctxt_switches"))
    return count


def test_a_wait_ends_when_it_holds_or_at_its_time(scope):
    with w.page(scope) as (proxy, web):
        answers = []
        waiting = threading.Thread(target=lambda: answers.append(
            web.ask("/api/v1/wait", expect=["accepted = 2", "subject = Second"])))
        waiting.start()
        w.send(proxy, "First")
        w.send(proxy, "Second")
        waiting.join(s.TIMEOUT)
        status, verdict = verdict_of(answers[0])
        assert status == 200 and verdict["ok"] is True, verdict
        assert set(verdict) == {"ok", "expectations", "findings"}
        assert [e["ok"] for e in verdict["expectations"]] == [True, True]
        assert [e["expression"] for e in verdict["expectations"]] == \
            ["accepted = 2", "subject = Second"]
        for timeout in (0, "0.05"):
            status, verdict = verdict_of(web.ask("/api/v1/wait", timeout=timeout,
                                                 expect=["accepted = 3", "accepted = 2"]))
            assert status == 408 and verdict["ok"] is False
            assert [e["ok"] for e in verdict["expectations"]] == [False, True]
            assert verdict["expectations"][0]["found"] == "2"


def test_wrong_questions_are_said(scope):
    with w.page(scope) as (_, web):
        assert web.error("/api/v1/wait") == 400
        for expression in ("nonsense", "accepted", "accepted = x", "unknown = 1", "subject ~ (",
                           ""):
            assert web.error("/api/v1/wait", expect=expression) == 400, expression
        for timeout in ("x", "-1", "601", "600.001", "1e3", "", "0.0001"):
            assert web.error("/api/v1/wait", expect="accepted = 0", timeout=timeout) == 400, timeout
        assert web.ask("/api/v1/wait", expect="accepted = 0", timeout="600")[0] == 200
        for words in (["wait"], ["wait", "--expect", "nonsense"],
                      ["wait", "--expect", "accepted = 1", "--timeout", "601"],
                      ["wait", "--expect", "accepted = 1", "--timeout", "x"]):
            assert scope.run("ctl", *words).returncode == 2, words


def test_a_wait_counts_from_the_last_clear(scope):
    with w.page(scope) as (proxy, web):
        w.send(proxy)
        web.wait("accepted = 1", "outcome = completed")
        assert web.ask("/api/v1/sessions", method="DELETE")[0] == 204
        assert web.ask("/api/v1/wait", expect="accepted = 1", timeout=0)[0] == 408
        web.wait("accepted = 0")
        w.send(proxy)
        web.wait("accepted = 1")


def test_sessions_that_went_to_make_room_count(scope):
    with w.page(scope, "--web-memory", "1M", "--client-tls", "none") as (proxy, web):
        for number in range(1, 6):  # one by one: what lives has to share the memory
            w.send(proxy, text="x" * 300000 + "\r\n")
            s.until(lambda: web.get("/api/v1/status")["sessions"]["ended"] == number, "the session")
        assert web.get("/api/v1/status")["sessions"]["dropped"] > 0
        counts = ["sessions = 5", "messages = 5", "accepted = 5", "recipients = 10"]
        verdict = web.wait(*counts, timeout=0)
        assert verdict["ok"] and [each["found"] for each in verdict["expectations"]][0] == "5"
        done = scope.run("ctl", "wait", *sum((["--expect", count] for count in counts), []))
        assert done.returncode == 0 and b"passed: 5 sessions, 5 messages" in done.stdout, done
        web.ask("/api/v1/sessions", method="DELETE")
        assert web.wait("sessions = 0", timeout=0)["ok"]


def test_ctl_waits(scope):
    with scope.proxy("--mode", "sink@0") as proxy:
        with ctl_wait(scope, proxy, "--expect", "accepted = 1", "--expect",
                      "subject = Hello") as waiting:
            w.send(proxy)
            said, _ = waiting.communicate(timeout=s.TIMEOUT)
            assert waiting.returncode == 0
            assert b"ok     expected accepted = 1, found 1" in said
        done = scope.run("ctl", "wait", "--expect", "accepted = 2", "--timeout", "0.1")
        assert done.returncode == 1 and b"FAILED expected accepted = 2, found 1" in done.stdout
        with ctl_wait(scope, proxy, "--expect", "accepted = 2") as waiting:
            proxy.stop()
            _, said = waiting.communicate(timeout=s.TIMEOUT)
            assert waiting.returncode == 3 and b"has stopped" in said, said
    done = scope.run("ctl", "wait", "--expect", "accepted = 2")
    assert done.returncode == 3, done


def test_what_holds_at_the_end_is_said(scope):
    with w.page(scope, "--once") as (proxy, web):
        answers = []
        asking = threading.Thread(target=lambda: answers.append(
            web.ask("/api/v1/wait", expect="outcome = completed")))
        with ctl_wait(scope, proxy, "--expect", "outcome = completed") as waiting:
            with proxy.accepts("the question of the page"):
                asking.start()
            w.send(proxy)
            said, errors = waiting.communicate(timeout=s.TIMEOUT)
            assert waiting.returncode == 0, (said, errors)
        asking.join(s.TIMEOUT)
        assert answers[0][0] == 200, answers
        assert proxy.process.wait(s.TIMEOUT) == 0


def test_many_wait_at_once_and_some_go_away(scope):
    with scope.proxy("--mode", "sink@0") as proxy, contextlib.ExitStack() as stack:
        waiting = [stack.enter_context(ctl_wait(scope, proxy, "--expect", f"accepted >= {1 + i % 2}"))
                   for i in range(20)]
        for one in waiting[:4]:
            one.kill()
        w.send(proxy)
        w.send(proxy)
        for one in waiting[4:]:
            assert one.wait(s.TIMEOUT) == 0
        assert scope.run("ctl", "status").returncode == 0


def test_who_waits_does_not_poll(scope):
    with w.page(scope) as (proxy, web), ctl_wait(scope, proxy, "--expect", "accepted = 9"), \
            web.open("/api/v1/events"):
        asking = threading.Thread(target=lambda: web.ask("/api/v1/wait", expect="accepted = 9"))
        with proxy.accepts("the question of the page"):
            asking.start()
        w.send(proxy)
        before = switches(proxy)
        s.let_pass(IDLE_S)
        slept = switches(proxy) - before
        assert slept <= SWITCHES_MAX, slept
        proxy.stop()
        asking.join(s.TIMEOUT)


if __name__ == "__main__":
    sys.exit(s.main(globals()))
