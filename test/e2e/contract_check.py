# SPDX-License-Identifier: MIT
"""The contract, check: expectations, the bar, reports, and the verdict at the end of a capture."""

import json
import os
import re
import xml.etree.ElementTree as xml

from support import scope as s
from support.documents import CLOSED, document, finding, message, minimal
from support.record import same
from support.smtp import C_CLOSE, Stage, hello, mail
from support.text import by_session


def check(scope, path, *words, **options):
    done = scope.run("check", path, *words, **options)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def holds(scope, path, expression):
    status, out, err = check(scope, path, "--expect", expression, "--fail-on", "never")
    assert status in (0, 1), (expression, status, out, err)
    return status == 0


def test_each_name_and_operator_of_an_expectation(scope):
    tls = {"client": {"version": "TLSv1.3"}, "server": {"version": "TLSv1.2"}}
    path = document(
        scope,
        minimal(1, messages=[message(to=("b@example.net", "c@example.net")),
                             message(2, sender="", header=(("Subject", "Bye = now"), ("X-Id", "7")))],
                auth=[{"mechanism": "PLAIN", "identity": None, "outcome": "failed", "code": 535},
                      {"mechanism": "LOGIN", "identity": None, "outcome": "succeeded", "code": 235}],
                findings=[finding("bare-lf", "error"), finding("no-quit", "warning")]),
        minimal(2, tls=tls, outcome="client-closed"))
    true = ["sessions = 2", "sessions=2", "sessions  =  2", "sessions>1", "sessions >=2", "sessions<= 2",
            "sessions != 3", "sessions < 3", "messages = 2", "recipients = 3", "findings = 2",
            "from = a@example.com", "from =", "from=", "to = c@example.net", "to ~ ^b@", "to!=b@example.net",
            "subject = Hello", "subject = Bye = now", "subject ~ ^(Hello|Bye)$", "subject ~ now$",
            "header.X-Id = 7", "header.x-id=7", "header.subject ~ ell", "auth = LOGIN",
            "auth.outcome = failed", "tls.client.version = TLSv1.3", "tls.server.version = TLSv1.2",
            "outcome = completed", "outcome = client-closed", "outcome != timeout", "outcome ~ ^c",
            "all:outcome ~ ^(completed|client-closed)$", "all:from ~ ^(a@example.com)?$", "all:outcome != timeout"]
    false = ["sessions = 1", "sessions > 2", "messages != 2", "recipients < 3", "findings <= 1",
             "from = A@nowhere", "to = x", "subject = hello", "subject ~ ^ello", "header.X-Id = 8",
             "auth = PLAIN", "auth.outcome = cancelled", "tls.client.version = TLSv1.2",
             "outcome = timeout", "all:outcome = completed", "all:subject = Hello"]
    same([one for one in true if not holds(scope, path, one)], [])
    same([one for one in false if holds(scope, path, one)], [])


def test_all_is_true_of_none(scope):
    path = document(scope, minimal())
    assert holds(scope, path, "all:subject = Hello") and not holds(scope, path, "subject = Hello")
    path = document(scope)
    assert holds(scope, path, "all:outcome = completed") and not holds(scope, path, "outcome = completed")
    assert holds(scope, path, "sessions = 0")


def test_wrong_expressions_are_wrong_usage(scope):
    path = document(scope, minimal())
    for expression, word in (("sesions = 1", "sesions"), ("sessions", "sessions"), ("sessions ~ 1", "sessions"),
                             ("sessions = one", "one"), ("subject < a", "subject"), ("", ""),
                             ("subject ~ (", "("), ("client = 127.0.0.1", "client"), ("header. = x", "header.")):
        status, out, err = check(scope, path, "--expect", expression)
        same((status, out), (2, ""))
        assert word in err, err
    same(check(scope, path, "--fail-on", "fatal")[0], 2)
    same(check(scope, path, "--report", "yaml")[0], 2)


def test_fail_on_is_the_bar(scope):
    paths = {}
    for severity in ("error", "warning", "info"):
        paths[severity] = document(scope, minimal(findings=[finding("bare-lf", severity)]))
        for bar, fails in (("error", ["error"]), ("warning", ["error", "warning"]),
                           ("info", ["error", "warning", "info"]), ("never", [])):
            same(check(scope, paths[severity], "--fail-on", bar)[0], 1 if severity in fails else 0)
        same(check(scope, paths[severity])[0], 1 if severity == "error" else 0)


def reported(scope, *words):
    path = document(scope, minimal(messages=[message()], findings=[
        finding("bare-lf", "error", text="<a> & \"b\"\r\n::c, d: 100%"), finding("no-quit", "warning"),
        finding("rejected", "info", exchange=None, reference=None), finding("bare-lf", "error")]))
    return check(scope, path, *words)


def test_the_json_report_has_the_members_of_the_contract(scope):
    status, out, _ = reported(scope, "--report", "json", "--expect", "messages = 1", "--expect",
                              "subject = Bye")
    same(status, 1)
    report = json.loads(out)
    same(list(report), ["ok", "expectations", "findings"])
    same(report["ok"], False)
    same([list(one) for one in report["expectations"]], [["expression", "ok", "found"]] * 2)
    same([(one["expression"], one["ok"]) for one in report["expectations"]],
         [("messages = 1", True), ("subject = Bye", False)])
    same([one["found"] for one in report["expectations"]], ["1", "Hello"])
    same([one["rule"] for one in report["findings"]], ["bare-lf", "no-quit", "rejected", "bare-lf"])
    names = ["rule", "severity", "side", "exchange", "message", "text", "reference"]
    same([name for name in report["findings"][0] if name in names], names)
    status, out, _ = reported(scope, "--report", "json", "--fail-on", "never")
    same((status, json.loads(out)["ok"]), (0, True))


def cases(text):
    root = xml.fromstring(text)
    return [(case.get("name"), len(case.findall("failure"))) for case in root.iter("testcase")]


def test_the_junit_report_has_a_case_for_each_expectation_and_rule(scope):
    status, out, _ = reported(scope, "--report", "junit", "--expect", "messages = 1", "--expect",
                              "subject = Bye")
    same((status, cases(out)), (1, [("messages = 1", 0), ("subject = Bye", 1), ("bare-lf", 1)]))
    _, out, _ = reported(scope, "--report", "junit", "--fail-on", "info")
    same(cases(out), [("bare-lf", 1), ("no-quit", 1), ("rejected", 1)])
    status, out, _ = reported(scope, "--report", "junit", "--fail-on", "never")
    same((status, cases(out)), (0, [("findings", 0)]))


def test_the_github_report_has_a_line_for_each_finding(scope):
    _, out, _ = reported(scope, "--report", "github", "--expect", "subject = Bye")
    lines = out.splitlines()
    same([line.split("::")[1].split(" ")[0] for line in lines],
         ["error", "error", "warning", "notice", "error"])
    assert "%25" in lines[1] and "\r" not in out


def test_each_report_can_go_to_a_file(scope):
    names = {kind: scope.path("report." + kind) for kind in ("text", "json", "junit", "github")}
    words = [word for kind, name in names.items() for word in ("--report", f"{kind}:{name}")]
    status, out, err = reported(scope, *words)
    same((status, out, err), (1, "", ""))
    json.load(open(names["json"]))
    xml.parse(names["junit"])
    assert open(names["github"]).read().startswith("::error")
    assert "bare-lf" in open(names["text"]).read()
    same(reported(scope, "--report", "json:/nonexistent/folder/x")[0], 3)
    path = scope.path("written.json")
    before = open(path).read()
    same(reported(scope, "--report", f"json:{path}")[0], 2)
    same(open(path).read(), before)


def two_documents(scope):
    folder = scope.path("two")
    os.makedirs(folder)
    rules = {"b,first.json": [finding("no-quit", "error"), finding("bare-lf", "error")],
             "a.json": [finding("bare-lf", "error"), finding("helo-used", "info")]}
    names = []
    for name, findings in rules.items():
        names.append(os.path.join(folder, name))
        os.rename(document(scope, minimal(1, messages=[message()], findings=findings)), names[-1])
    return names


def test_several_transcripts_are_judged_as_one(scope):
    names = two_documents(scope)
    status, out, err = check(scope, *names, "--expect", "sessions = 2", "--expect", "accepted = 2",
                             "--ignore", "no-quit,bare-lf,helo-used")
    same((status, err, out.splitlines()[-1].split(",")[:3]),
         (0, "", ["passed: 2 files", " 2 sessions", " 2 messages accepted"]))
    same(check(scope, *names, "--expect", "sessions = 1", "--fail-on", "never")[0], 1)
    same(check(scope, *names, "--expect", "all:subject = Hello", "--fail-on", "never")[0], 0)


def test_findings_and_reports_name_the_file(scope):
    names = two_documents(scope)
    in_order = [(names[0], "no-quit"), (names[0], "bare-lf"), (names[1], "bare-lf"), (names[1], "helo-used")]
    _, out, _ = check(scope, *names, "--report", "json")
    same([(one["file"], one["rule"], one["session"]) for one in json.loads(out)["findings"]],
         [(*one, 1) for one in in_order])
    status, out, _ = check(scope, *names)
    same((status, [line.split(": ")[1] for line in out.splitlines()[:-1]]),
         (1, [f"{name}, session 1, exchange 1" for name, _ in in_order]))
    _, out, _ = check(scope, *names, "--report", "github")
    escaped = [name.replace(",", "%2C") for name, _ in in_order]
    same([line.split("::")[1].split(" ", 1)[1] for line in out.splitlines()],
         [f"file={name},title={rule}" for name, (_, rule) in zip(escaped, in_order)])
    assert all(f"::{name}, session 1" in line for (name, _), line in zip(in_order, out.splitlines())), out
    _, out, _ = check(scope, *names, "--report", "junit")
    same(cases(out), [("no-quit", 1), ("bare-lf", 1)])
    texts = [case.find("failure").text for case in xml.fromstring(out).iter("testcase")]
    assert names[0] in texts[0] and names[0] in texts[1] and names[1] in texts[1], texts
    # One file needs no name but in what a program reads.
    _, out, _ = check(scope, names[0], "--report", "json")
    same({one["file"] for one in json.loads(out)["findings"]}, {names[0]})
    _, out, _ = check(scope, names[0])
    assert names[0] not in out, out


def test_one_bad_transcript_of_several_is_an_error(scope):
    names = two_documents(scope)
    status, out, err = check(scope, names[0], scope.path("not-there"), names[1])
    same((status, out), (3, ""))
    assert "not-there" in err, err
    with open(names[1], "rb") as file:
        status, out, _ = check(scope, names[0], "-", "--expect", "sessions = 2", stdin=file)
    same((status, out.splitlines()[-1].split(",")[0]), (1, "failed: 2 files"))
    assert "-, session 1, exchange 1" in out, out
    for words in ((names[0], names[0]), ("-", "-")):
        same(check(scope, *words)[:2], (2, ""))


def test_what_is_no_transcript_is_refused(scope):
    def refused(text, pattern, commands=("show", "check")):
        path = scope.path("bad")
        with open(path, "wb") as file:
            file.write(text)
        for command in commands:
            for name, data in ((path, None), ("-", text)):
                done = scope.run(command, name, **({} if data is None else {"input": data}))
                same((command, text, done.returncode, done.stdout), (command, text, 3, b""))
                assert re.search(pattern, done.stderr.decode()), (text, done.stderr)
                assert (name if data is None else "standard input") in done.stderr.decode(), done.stderr
    event = json.dumps({"counter": 1, "time": "2026-11-22T15:03:11.586123Z", "pid": 7, "session": 1,
                        "event": "connect", "client": None, "server": None, "mode": "sink"}).encode()
    refused(b"hello\n", "(line|offset) ")
    refused(b"1 2026-11-22T15:03:11.586Z 0 1 ### Connected to 'a' (127.0.0.1) on port 25\n", "json or jsonl")
    refused(b'{"schema":"smtpscope/1","sessions":[{]}', "(line|offset) ")
    refused(b'{"schema":"other/1","sessions":[]}', "schema|smtpscope/1")
    refused(event + b"\n{broken\n" + event + b"\n", "line 2")
    refused(b"[1,2]\n", ".")
    refused(b"\0\0\0", "(line|offset) ")
    for command in ("show", "check"):
        done = scope.run(command, scope.path("not-there"))
        same(done.returncode, 3)
        assert b"not-there" in done.stderr
        same(scope.run(command).returncode, 2)
    same(scope.run("show", "a", "b").returncode, 2)


def test_a_transcript_cut_off_by_a_crash_is_read(scope):
    with Stage(scope) as stage:
        with scope.proxy("--mode", f"reverse:smtp://localhost:{stage.port}@0") as proxy:
            stage.play(proxy.port(), hello(), mail(), CLOSED)
            stage.play(proxy.port(), hello(), mail(), CLOSED)
    whole = proxy.output("jsonl")
    for cut in (len(whole) - 20, len(whole) - len(whole.splitlines()[-1]) - 1):
        status, out, err = check(scope, "-", "--expect", "messages = 2", "--report", "json", "--fail-on", "never",
                                 input=whole[:cut])
        same((status, json.loads(out)["expectations"][0]["found"]), (0, "2"))
        done = scope.run("show", "-", input=whole[:cut])
        same(done.returncode, 0)
        told, live = (by_session(text.decode(), "jsonl") for text in (done.stdout, proxy.output("text")))
        assert 0 <= len(live) - len(told) <= 2 and set(told) <= set(live), (told, live)
        same((len(done.stderr) > 0, len(err) > 0), (whole[cut - 1:cut] not in b"}\n",) * 2)
    document = proxy.output("json")
    second = document.rindex(b'{"id":')
    for cut, status, said in ((second + 100, 0, f"offset {second}"), (second, 0, f"offset {second}"),
                              (len(document) - 3, 0, "offset"), (second - 100, 3, "offset"), (300, 3, "offset")):
        found = check(scope, "-", "--fail-on", "never", input=document[:cut])
        same((cut, found[0]), (cut, status))
        assert said in found[2], found
        assert status == 3 or found[1].startswith("passed: 1 " if cut < second + 200 else "passed: 2 "), found


def test_proxy_judges_at_its_end(scope):
    with Stage(scope) as stage:
        def run(*words, outputs=("json",)):
            proxy = scope.proxy("--mode", f"reverse:smtp://localhost:{stage.port}@0", "--once", *words,
                                outputs=outputs)
            stage.play(proxy.port(), hello(), C_CLOSE)
            return proxy.process.wait(s.TIMEOUT)
        same(run(), 0)
        same(run("--expect", "sessions = 1"), 0)
        same(run("--expect", "messages = 1"), 1)
        same(run("--fail-on", "warning"), 1)
        report = scope.path("verdict.json")
        same(run("--fail-on", "error", "--report", f"json:{report}"), 0)
        same([one["rule"] for one in json.load(open(report))["findings"]], ["no-quit"])


def test_run_judges_at_its_end(scope):
    done = scope.run("run", "--expect", "sessions = 0", "--report", "json", "--", "true")
    if done.returncode == 3:
        raise s.Skip(done.stderr.decode())
    same(done.returncode, 0)
    same(scope.run("run", "--expect", "sessions = 1", "--", "true").returncode, 1)
    same(scope.run("run", "--expect", "sessions = 0", "--", "sh", "-c", "exit 7").returncode, 7)
    same(scope.run("run", "--expect", "sessions = 1", "--", "sh", "-c", "exit 7").returncode, 1)


if __name__ == "__main__":
    s.main(globals())
