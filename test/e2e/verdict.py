# SPDX-License-Identifier: MIT
"""What `check`, `proxy` and `run` make of mail that was not taken: refused at each stage, a server
that is down, no connection at all."""

import json
import sys
import xml.etree.ElementTree as xml

from support import scope as s
from support import smtp
from support import tcp
from support.smtp import C, HEADER, S, S_CLOSE, Stage, envelope, hello, mail

BARS = ("error", "warning", "info", "never")
CLOSED = [C("QUIT"), S("221 bye"), S_CLOSE]
AUTH = "AUTH PLAIN " + "AGFubgBwYXNzd29yZA=="


def same(got, wanted):
    assert got == wanted, f"\n     got {got!r}\n  wanted {wanted!r}"


def stages(code):
    """By name: a session whose only fault is one refusal with this code."""
    no = S(f"{code} {code[0]}.0.0 no")
    return {
        "greeting": [no, *CLOSED],
        "hello": [S("220 test"), C("EHLO me.example.org"), no, C("HELO me.example.org"), no, *CLOSED],
        "starttls": [*hello("STARTTLS"), C("STARTTLS"), no, *CLOSED],
        "auth": [*hello("AUTH PLAIN"), C(AUTH), no, *CLOSED],
        "mail": [*hello(), C("MAIL FROM:<a@example.com>"), no, *CLOSED],
        "rcpt": [*hello(), C("MAIL FROM:<a@example.com>"), S("250 ok"),
                 C("RCPT TO:<b@example.net>"), no, *CLOSED],
        "data": [*hello(), *envelope(), C("DATA"), no, *CLOSED],
        "message": [*hello(), *mail(*HEADER, reply=f"{code} {code[0]}.0.0 no"), *CLOSED],
        "bdat": [*hello("CHUNKING"), *envelope(),
                 C("BDAT %d LAST" % len("\r\n".join(HEADER + ["", ""])), *HEADER, ""), no, *CLOSED],
        "xclient": [*hello("XCLIENT ADDR"), C("XCLIENT ADDR=192.0.2.1"), no, *CLOSED],
    }


def record(scope, steps, *words):
    """The proxy's status after one session, and the json and jsonl that it wrote."""
    with Stage(scope) as stage:
        proxy = scope.proxy("--mode", f"reverse:smtp://localhost:{stage.port}@0", "--once", *words,
                            outputs=("json", "jsonl"))
        stage.play(proxy.port(), *steps)
        status = proxy.process.wait(s.TIMEOUT)
        proxy.stop()
    return status, [f"{proxy.folder}/out.{name}" for name in ("json", "jsonl")], proxy


def check(scope, path, *words):
    done = scope.run("check", path, *words)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def rejected(findings):
    return [entry for entry in findings if entry["rule"] == "rejected"]


def judge_stage(scope, name, steps, code):
    severity = "error" if code[0] == "5" else "warning"
    status, paths, proxy = record(scope, steps)
    same((name, status), (name, 0))  # no option asks for a verdict
    said = rejected(proxy.sessions()[0]["findings"])
    assert said and {(one["severity"], one["side"]) for one in said} == {(severity, "server")}, (name, said)
    for path in paths:
        for bar in BARS:
            fails = bar != "never" and BARS.index(bar) >= BARS.index(severity)
            # What a session also has (a STARTTLS that was not used) is at most a warning.
            got = check(scope, path, "--fail-on", bar, "--ignore",
                        "starttls-ignored,auth-in-clear,enhanced-missing,helo-used")
            same((name, code, path, bar, got[0]), (name, code, path, bar, int(fails)))
            assert got[1].splitlines()[-1].startswith("failed: " if fails else "passed: "), got
            assert "message accepted" in got[1] or "messages accepted" in got[1], got


def test_a_refusal_at_any_stage_fails_a_check(scope):
    for code in ("550", "450"):
        for name, steps in stages(code).items():
            judge_stage(scope, name, steps, code)


def test_a_refusal_fails_the_capture_that_asks(scope):
    for bar, status in (("error", 1), ("never", 0)):
        same(record(scope, stages("550")["message"], "--fail-on", bar)[0], status)
    same(record(scope, stages("450")["message"], "--fail-on", "error")[0], 0)
    same(record(scope, stages("450")["message"], "--fail-on", "warning")[0], 1)
    same(record(scope, stages("550")["message"], "--expect", "accepted = 1", "--fail-on", "never")[0], 1)
    same(record(scope, [*hello(), *mail(*HEADER), *CLOSED], "--expect", "accepted = 1")[0], 0)


def test_what_helo_makes_good_is_no_refusal(scope):
    steps = [S("220 test"), C("EHLO me.example.org"), S("500 what"), C("HELO me.example.org"),
             S("250 test"), *CLOSED]
    same(record(scope, steps, "--fail-on", "warning")[0], 0)


def test_ignored_rules_are_left_out(scope):
    status, paths, proxy = record(scope, stages("550")["message"], "--fail-on", "error",
                                  "--ignore", "rejected,no-quit")
    same(status, 0)
    same(rejected(proxy.sessions()[0]["findings"]), [])
    assert not any(event["event"] == "finding" and event["rule"] == "rejected"
                   for event in proxy.events())
    status, paths, proxy = record(scope, stages("550")["message"], "--ignore", "no-quit")
    same(status, 0)  # --ignore alone asks for no verdict
    for path in paths:
        same(check(scope, path)[0], 1)
        same(check(scope, path, "--ignore", "rejected", "--expect", "findings = 0")[0], 0)
        status, out, err = check(scope, path, "--ignore", "rejectd")
        same((status, out), (2, ""))
        assert "'rejectd'" in err, err


def test_a_server_that_is_down_fails(scope):
    for words, wanted in (((), 0), (("--fail-on", "error"), 1), (("--fail-on", "never"), 0),
                          (("--expect", "accepted >= 1", "--fail-on", "never"), 1)):
        proxy = scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{tcp.free_port()}@0", "--once", *words,
                            outputs=("json", "jsonl"))
        connection = s.connect(proxy.port())
        s.read_all(connection)
        connection.close()
        same((words, proxy.process.wait(s.TIMEOUT)), (words, wanted))
        proxy.stop()
        session = proxy.sessions()[0]
        same(session["outcome"], "connect-failed")
        failed = [one for one in session["findings"] if one["rule"] == "session-failed"]
        same([(one["severity"], one["side"], one["text"], one["exchange"], one["reference"])
              for one in failed], [("error", "server", session["error"], None, None)])
        for name in ("json", "jsonl"):
            path = f"{proxy.folder}/out.{name}"
            same([check(scope, path, "--fail-on", bar)[0] for bar in BARS], [1, 1, 1, 0])


def test_tls_that_the_server_refuses_to_the_proxy_fails(scope):
    for answer, rules in ((b"454 4.7.0 no", [("rejected", "warning"), ("session-failed", "error")]),
                          (b"502 5.5.1 no", [("rejected", "error")])):
        refuse = smtp.answers(b"220 test\r\n", b"250-test\r\n250 STARTTLS\r\n", answer + b"\r\n")
        with s.Server(refuse) as server:
            proxy = scope.proxy("--mode", f"reverse:smtp://localhost:{server.port}@0", "--server-tls",
                                "starttls", "--once", "--fail-on", "error", outputs=("json",))
            connection = s.connect(proxy.port())
            s.read_all(connection)
            connection.close()
            same(proxy.process.wait(s.TIMEOUT), 1)
            proxy.stop()
            session = proxy.sessions()[0]
            same(session["outcome"], "tls-server-failed")
            same([(one["rule"], one["severity"]) for one in session["findings"]], rules)
            assert "certificate or key" in session["findings"][0]["text"], session["findings"]


def test_no_connection_at_all(scope):
    """Nothing was refused; that nothing was sent is what `accepted` is for."""
    for words, wanted in (((), 0), (("--fail-on", "info"), 0), (("--expect", "accepted = 1"), 1)):
        proxy = scope.proxy("--mode", "sink@0", *words, outputs=("json", "jsonl"))
        same((words, proxy.stop()), (words, wanted))
        path = f"{proxy.folder}/out.json"
        status, out, _ = check(scope, path, "--fail-on", "info")
        same(status, 0)
        same(out.splitlines()[-1], "passed: 0 sessions, 0 messages accepted, 0 expectations, findings: 0 "
                                   "errors, 0 warnings, 0 info")
        same(check(scope, path, "--expect", "accepted = 1")[0], 1)


def run(scope, port, *words, client):
    done = scope.run("run", "--ports", str(port), *words, "--", sys.executable, "-c", client)
    if done.returncode == 3:
        raise s.Skip(done.stderr.decode())
    return done.returncode, done.stderr.decode()


def test_run_judges_what_it_captured(scope):
    connects = "import socket\ntry: socket.create_connection(('127.0.0.1', %d))\nexcept OSError: pass"
    port = tcp.free_port()
    same(run(scope, port, client=connects % port)[0], 0)
    same(run(scope, port, "--fail-on", "error", client=connects % port)[0], 1)
    same(run(scope, port, "--fail-on", "never", client=connects % port)[0], 0)
    same(run(scope, port, "--expect", "accepted = 1", client="pass")[0], 1)
    sends = ("import smtplib\nwith smtplib.SMTP('127.0.0.1', %d, 'me.example.org') as c:\n"
             " try: c.sendmail('a@example.com', 'b@example.net', %r)\n"
             " except smtplib.SMTPException: pass")
    text = "\r\n".join(HEADER + ["", "hello"])

    def refuse(connection):
        for answer in (b"220 test\r\n", b"250 test\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
            connection.sendall(answer)
            line = s.read_line(connection)
        while line.strip(b"\r\n") != b".":
            line = s.read_line(connection)
        connection.sendall(b"550 5.7.1 no\r\n")
        while s.read_line(connection)[:4].upper() not in (b"QUIT", b""):
            connection.sendall(b"250 ok\r\n")
        connection.sendall(b"221 bye\r\n")

    for words, wanted in (((), 0), (("--fail-on", "error"), 1), (("--fail-on", "never"), 0),
                          (("--expect", "accepted = 1", "--fail-on", "never"), 1),
                          (("--fail-on", "error", "--ignore", "rejected"), 0)):
        with s.Server(refuse) as server:
            status, err = run(scope, server.port, *words, client=sends % (server.port, text))
        same((words, status), (words, wanted))
        if words:
            assert "0 of 1 message accepted" in err, err


# ── the reports, member by member ───────────────────────────────────────────────────────────────


def test_reports_of_a_refused_message(scope):
    _, paths, proxy = record(scope, stages("550")["message"])
    finding = rejected(proxy.sessions()[0]["findings"])[0]
    for path in paths:
        files = {kind: scope.path(f"report.{kind}") for kind in ("text", "json", "junit", "github")}
        words = [word for kind, file in files.items() for word in ("--report", f"{kind}:{file}")]
        status, out, err = check(scope, path, "--expect", "accepted = 1", *words)
        same((status, out, err), (1, "", ""))
        texts = {kind: open(file, encoding="utf-8").read() for kind, file in files.items()}
        sentence = f"session 1, message 1: {finding['text']} (RFC 5321 4.2, RFC 3463)"
        same(texts["text"],
             "FAILED expected accepted = 1, found 0\n"
             f"FAILED error rejected: {sentence}\n"
             "failed: 1 session, 0 of 1 message accepted, 1 expectation, findings: 1 error, 0 warnings, "
             "0 info\n")
        same(json.loads(texts["json"]),
             {"ok": False,
              "expectations": [{"expression": "accepted = 1", "ok": False, "found": "0"}],
              "findings": [{"file": path, "session": 1, **finding}]})
        same(texts["github"],
             "::error title=smtpscope expectation::expected accepted = 1, found 0\n"
             f"::error title=rejected::{sentence}\n")
        suite = xml.fromstring(texts["junit"]).find("testsuite")
        same((suite.get("tests"), suite.get("failures")), ("2", "2"))
        same([(case.get("classname"), case.get("name"), case.find("failure").get("type"),
               case.find("failure").text.strip()) for case in suite.findall("testcase")],
             [("smtpscope.expectations", "accepted = 1", "expectation", "expected accepted = 1, found 0"),
              ("smtpscope.findings", "rejected", "error", sentence)])


def test_a_hostile_header_does_not_hold_up_a_check(scope):
    """With a matcher that backtracks, or takes the square of the length, this runs into its limit."""
    folded = "\r\n".join(" " + "a" * 900 for _ in range(200))
    steps = [*hello(), *mail(*HEADER, "X-Long:" + folded[1:], "", "hello"), *CLOSED]
    status, paths, _ = record(scope, steps, "--expect", "header.X-Long ~ ^(a|aa| )+!$", "--only",
                              "header.X-Long ~ [[:alpha:]]+b?")
    same(status, 1)
    for path in paths:
        same(check(scope, path, "--expect", "header.X-Long ~ ([[:alpha:]]| )+$")[0], 0)


if __name__ == "__main__":
    s.main(globals())
