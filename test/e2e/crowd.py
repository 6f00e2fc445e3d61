#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Many sessions on many threads into all outputs at once: every count is right, whatever is rotated,
reopened or paused meanwhile. Also what ThreadSanitizer watches. crowd.py SMTPSCOPE [TEST…]"""

import collections
import email.utils
import glob
import hashlib
import json
import os
import re
import signal
import smtplib
import ssl
from concurrent.futures import ThreadPoolExecutor

from support import scope as harness

SESSIONS = int(os.environ.get("SESSIONS", "120"))
CLIENTS = 12
DATE = email.utils.formatdate()


def message_of(number):
    return (f"Date: {DATE}\r\nFrom: a@example.com\r\nTo: b@example.net\r\n"
            f"Message-ID: <{number}@example.com>\r\nSubject: number {number}\r\n\r\n"
            f"{'x' * (number % 70)}\r\n..dots\r\n").encode()


def send(port, number):
    """One session with one or two messages, every other one in TLS."""
    with smtplib.SMTP("127.0.0.1", port, local_hostname="client.example.com",
                      timeout=harness.TIMEOUT) as client:
        if number % 2 == 0:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            client.starttls(context=context)
        for _ in range(1 + number % 2):
            client.sendmail("a@example.com", ["b@example.net"], message_of(number))


def send_all(port, between=None):
    with ThreadPoolExecutor(CLIENTS) as pool:
        done = [pool.submit(send, port, number) for number in range(SESSIONS)]
        if between is not None:
            between()
        for each in done:
            each.result()


def lines_of(path):
    """The lines of an output and its rotated files, the oldest first."""
    rotated = sorted(glob.glob(path + ".[0-9]*"), key=lambda name: -int(name.rsplit(".", 1)[1]))
    lines = []
    for name in rotated + [path]:
        with open(name, encoding="utf-8") as file:
            text = file.read()
        assert text == "" or text.endswith("\n"), f"{name} ends within a line"
        lines += text.splitlines()
    return lines


def expected_messages():
    digests = collections.Counter()
    for number in range(SESSIONS):
        digests[hashlib.sha256(message_of(number)).hexdigest()] += 1 + number % 2
    return digests


def counters_have_no_gap(counters):
    assert counters == list(range(1, len(counters) + 1)), "the counters have a gap"


def test_every_session_is_in_every_output_once(scope):
    with scope.proxy("--mode", "sink@127.0.0.1:0", "--threads", "4", "--rotate", "40K,999",
                     outputs=("json", "text", "jsonl", "eml", "pcap")) as proxy:
        def disturb():
            for _ in range(5):
                proxy.process.send_signal(signal.SIGHUP)
        send_all(proxy.port(), disturb)
        assert proxy.stop() == 0, proxy.errors()

    with open(os.path.join(proxy.folder, "out.json"), encoding="utf-8") as file:
        sessions = json.load(file)["sessions"]
    assert len(sessions) == SESSIONS, len(sessions)
    assert {session["id"] for session in sessions} == set(range(1, SESSIONS + 1))
    assert {session["outcome"] for session in sessions} == {"completed"}
    digests = collections.Counter(message["sha256"] for session in sessions
                                  for message in session["messages"])
    assert digests == expected_messages(), "json has other messages than were sent"

    events = [json.loads(line) for line in lines_of(os.path.join(proxy.folder, "out.jsonl"))]
    counters_have_no_gap([event["counter"] for event in events])
    kinds = collections.Counter(event["event"] for event in events)
    assert kinds["connect"] == kinds["close"] == SESSIONS, kinds
    assert kinds["message"] == sum(expected_messages().values()), kinds
    last = {event["session"]: event["event"] for event in events}
    assert set(last.values()) == {"close"}, "something stands behind a close"

    text = lines_of(os.path.join(proxy.folder, "out.text"))
    counters_have_no_gap([int(line.split(" ", 1)[0]) for line in text])
    assert sum(" C > (message " in line for line in text) == kinds["message"]
    assert not any(re.search(r'(?<!\\)"$', line) is None and ' > "' in line and " bytes)" not in line
                   for line in text), "a line is torn"

    stored = collections.Counter()
    for name in glob.glob(os.path.join(proxy.folder, "out.eml", "*")):
        assert re.fullmatch(r"\d+-\d+\.eml", os.path.basename(name)), name
        with open(name, "rb") as file:
            stored[hashlib.sha256(file.read()).hexdigest()] += 1
    assert stored == expected_messages(), "eml has other messages than were sent"


def test_pausing_loses_no_mail_and_says_its_span(scope):
    control = scope.path("control.sock")
    with scope.proxy("--mode", "sink@127.0.0.1:0", "--threads", "4", "--control", control,
                     outputs=("jsonl", "eml")) as proxy:
        def disturb():
            for word in ("pause", "status", "sessions", "resume", "rotate") * 3:
                done = scope.run("ctl", word, "--control", control)
                assert done.returncode == 0, (word, done.stderr)
        send_all(proxy.port(), disturb)
        assert scope.run("ctl", "stop", "--control", control).returncode == 0
        assert proxy.process.wait(harness.TIMEOUT) == 0, proxy.errors()

    events = [json.loads(line) for line in lines_of(os.path.join(proxy.folder, "out.jsonl"))]
    counters_have_no_gap([event["counter"] for event in events])
    spans = [event for event in events if event["event"] == "paused"]
    assert len(spans) == 3, len(spans)
    for span in spans:
        assert span["session"] == 0 and span["from"] <= span["to"], span


if __name__ == "__main__":
    harness.main(globals())
