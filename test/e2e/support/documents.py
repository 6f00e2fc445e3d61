# SPDX-License-Identifier: MIT
"""Transcripts made by hand, and what `check` and `show` make of them."""

import json
import os
import subprocess

from support import scope as s
from support.record import same
from support.smtp import C, C_CLOSE, S, Stage, hello, mail

CLOSED = [C("QUIT"), S("221 bye"), C_CLOSE]


def finding(rule, severity, **members):
    return {"rule": rule, "severity": severity, "side": "client", "exchange": 1, "message": None,
            "text": f"Text of {rule}", "reference": "RFC 5321 2.3.8", **members}


def minimal(n=1, **members):
    """A session of the contract's own members, no more."""
    session = {
        "id": n, "mode": "reverse", "started": "2026-11-22T15:03:11.586123Z",
        "ended": "2026-11-22T15:03:12.242333Z", "duration_ms": 656.21,
        "client": {"address": "127.0.0.1", "port": 51234, "pid": 4242, "program": "python3"},
        "server": {"host": "smtp.example.com", "address": "192.0.2.7", "port": 587},
        "tls": {"client": None, "server": None},
        "exchanges": [
            {"n": 0, "command": None,
             "reply": {"code": 220, "enhanced": None, "lines": ["smtp.example.com ESMTP"], "at_ms": 8.1},
             "latency_ms": None, "tls": False},
            {"n": 1, "command": {"verb": "EHLO", "argument": "[192.168.18.9]",
                                 "line": "EHLO [192.168.18.9]", "pipelined": False, "at_ms": 8.31},
             "reply": {"code": 250, "enhanced": None,
                       "lines": ["smtp.example.com", "SIZE 35882577", "STARTTLS"], "at_ms": 18.42},
             "latency_ms": 10.11, "tls": False}],
        "auth": [], "messages": [], "findings": [],
        "bytes": {"from_client": 2801, "from_server": 411}, "truncated": False,
        "outcome": "completed", "error": None}
    session.update(members)
    return session


def message(n=1, sender="a@example.com", to=("b@example.net",), header=(("Subject", "Hello"),)):
    return {"n": n, "from": sender, "from_parameters": {},
            "recipients": [{"to": one, "parameters": {}, "code": 250, "accepted": True} for one in to],
            "via": "DATA", "bytes": 2345, "lines": 61, "sha256": "0" * 64, "complete": True,
            "header": [{"name": name, "value": value} for name, value in header], "body": None,
            "code": 250, "accepted": True}


def document(scope, *sessions):
    path = scope.path("written.json")
    with open(path, "w") as file:
        json.dump({"schema": "smtpscope/1", "sessions": list(sessions)}, file)
    return path


def whats(text):
    lines = []
    for n, line in enumerate(text.splitlines(), 1):
        parts = line.split(" ", 4)
        same(parts[0], str(n))
        lines.append(parts[4])
    return lines


def once(scope, *words, steps=None, status=0, environment=None):
    """One session through a proxy with just these outputs; its standard output and error."""
    with Stage(scope) as stage:
        ready = scope.path("once.ready")
        if os.path.exists(ready):
            os.unlink(ready)
        process = subprocess.Popen(
            [scope.program, "proxy", "--mode", f"reverse:smtp://localhost:{stage.port}@0", "--once",
             "--ready-file", ready, *words], env=environment or scope.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        s.until(lambda: os.path.exists(ready) or process.poll() is not None, "the ready file")
        assert process.poll() is None or os.path.exists(ready), process.stderr.read()
        port = int(open(ready).read().rsplit(":", 1)[1])
        stage.play(port, *(steps or [hello(), mail(), CLOSED]))
        out, err = process.communicate(timeout=s.TIMEOUT)
        same(process.returncode, status)
    return out.decode(), err.decode()


def refused(scope, *words):
    done = scope.run("proxy", *words)
    same(done.stdout, b"")
    return done.returncode, done.stderr.decode()
