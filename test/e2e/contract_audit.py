# SPDX-License-Identifier: MIT
"""`audit`: the page of the contract, sentence by sentence, with small clients whose verdicts are known."""

import base64
import html
import json
import os
import re
import signal
import subprocess
import sys
import xml.etree.ElementTree

from support import scope as s
from support import ways

PASSWORD = "correct-horse-&\"'battery"

# Its first word says how it behaves; it exits as an uncaught exception does, but for `deaf`.
CLIENT = """
import os, smtplib, ssl, sys, time
how = sys.argv[1]
password = "correct-horse-" + "&\\"'battery"
mail = b"Subject: x\\r\\n\\r\\nbody\\r\\n"

def send(client):
    if how == "reads":
        assert sys.stdin.read() == "the mail\\n"
    if how not in ("plain", "reads", "deaf", "stuck", "clear", "daemon"):
        client.starttls(context=ssl.create_default_context() if how == "safe" else None)
    if how not in ("plain", "reads", "deaf", "stuck", "open", "daemon"):
        client.login("alice", password)
    client.sendmail("a@example.com", ["b@example.net"], mail)
    client.quit()

if how == "loud":
    import base64, html, json, shlex, urllib.parse
    print("password", password, base64.b64encode(b"\\0alice\\0" + password.encode()).decode())
    print("as", html.escape(password), json.dumps(password), urllib.parse.quote(password), shlex.quote(password))
if how == "stuck":
    import signal
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
try:
    send(smtplib.SMTP("localhost", 587, local_hostname="client.example.com"))
except Exception:
    if how == "stuck":
        if os.fork() == 0:
            open(sys.argv[2], "a").write(f"{os.getpid()}\\n")
        time.sleep(600)
    if how != "deaf":
        raise
if how == "daemon" and os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open(sys.argv[2], "a").write(f"{os.getpid()}\\n")
        time.sleep(600)
"""


# On a busy machine it begins with TLS long after its connect; where a greeting in plain text comes
# first it gives up. Its first argument counts its runs.
LATE_CLIENT = """
import select, smtplib, ssl, sys

class Late(smtplib.SMTP_SSL):
    def _get_socket(self, host, port, timeout):
        plain = smtplib.SMTP._get_socket(self, host, port, timeout)
        if runs < 2 and select.select([plain], [], [], 3.5 if runs == 1 else None)[0]:
            sys.exit("a greeting came before TLS")
        return self.context.wrap_socket(plain, server_hostname=host)

with open(sys.argv[1], "a+") as file:
    file.seek(0)
    runs = len(file.read())
    file.write("x")
with Late("localhost", 465, local_hostname="client.example.com", context=ssl.create_default_context()) as client:
    client.sendmail("a@example.com", ["b@example.net"], b"Subject: x\\r\\n\\r\\nbody\\r\\n")
"""


class Audit:
    def __init__(self, scope, *words, options=(), environment=None, client=CLIENT, **more):
        ways.need_capture(scope)
        path = scope.path("client.py")
        with open(path, "w") as file:
            file.write(client)
        self.command = [scope.program, "audit", *options, "--", "/usr/bin/python3", path, *words]
        done = subprocess.run(self.command, env=dict(scope.environment, **(environment or {})),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=s.TIMEOUT,
                              **(more or {"stdin": subprocess.DEVNULL}))
        self.status, self.out, self.errors = done.returncode, done.stdout.decode(), done.stderr.decode()

    def rows(self):
        """{id: (verdict, sentence)} of the table."""
        found = re.findall(r"^([a-z]+) +([a-z0-9.-]+) +(pass|weak|fail|n/a) +(.*)$", self.out, re.M)
        return {f"{group}.{name}": (verdict, did) for group, name, verdict, did in found}


def options(*cases, more=()):
    return [*more, *(word for case in cases for word in ("--case", case))]


def test_a_client_that_checks_has_grade_a(scope):
    audit = Audit(scope, "safe", options=options("certificate.expired", "certificate.self-signed",
                                                 "downgrade.not-offered", more=["--jobs", "2"]))
    assert audit.status == 0, (audit.out, audit.errors)
    assert list(audit.rows()) == ["certificate.self-signed", "certificate.expired", "downgrade.not-offered"]
    assert all(verdict == "pass" for verdict, _ in audit.rows().values()), audit.out
    assert "Grade A: 3 passed" in audit.out


def test_a_client_that_does_not_check_loses_its_credential(scope):
    audit = Audit(scope, "unsafe", options=options("certificate.expired", "auth.refused-535"))
    assert audit.status == 1
    assert audit.rows()["certificate.expired"] == ("fail", "gave its credential to that server")
    assert audit.rows()["auth.refused-535"][0] == "pass"
    assert "Grade F: 1 passed, 0 weak, 1 failed" in audit.out
    assert "starttls(context=ssl.create_default_context())" in audit.out, "the remedy by its runtime"
    assert audit.out.index("RFC 5280") < audit.out.index("Grade F"), "what is right, and where it says so"


def test_a_mail_without_a_credential_is_weak(scope):
    audit = Audit(scope, "open", options=options("certificate.expired"))
    assert audit.status == 0 and "Grade B" in audit.out, audit.out
    assert audit.rows()["certificate.expired"] == ("weak", "sent the message to that server")
    again = Audit(scope, "open", options=options("certificate.expired", more=["--fail-on", "weak"]))
    assert again.status == 1


def test_what_does_not_apply_says_why(scope):
    audit = Audit(scope, "plain", options=options("certificate.expired", "downgrade.answered-454", "auth.refused-535"))
    assert audit.status == 0
    assert audit.rows() == {"certificate.expired": ("n/a", "the command uses no TLS"),
                            "downgrade.answered-454": ("n/a", "the command uses no STARTTLS"),
                            "auth.refused-535": ("n/a", "the command gives no credential")}


def test_a_login_without_tls_loses_the_credential(scope):
    audit = Audit(scope, "clear", options=options("downgrade.not-offered", "auth.refused-535"))
    assert audit.status == 1 and "Grade F" in audit.out, audit.out
    assert audit.rows() == {"downgrade.not-offered": ("fail", "gave its credential without encryption"),
                            "auth.refused-535": ("pass", "reported it and exited 1")}


def test_a_refusal_that_is_not_reported_fails(scope):
    audit = Audit(scope, "deaf", options=options("delivery.message-554", "reply.greeting-421"))
    assert audit.status == 1 and "Grade C" in audit.out
    assert audit.rows()["delivery.message-554"] == ("fail", "exited 0 though nothing was taken")


def test_without_the_mail_of_the_control_case_nothing_is_judged(scope):
    done = subprocess.run([scope.program, "audit", "--", "/bin/sh", "-c", "echo said; exit 4"], env=scope.environment,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=s.TIMEOUT)
    assert done.returncode == 3 and done.stdout == b"", done
    assert b"nothing was captured: the command made no connection to port 25,465,587,2525;" in done.stderr, done
    assert b"exited 4" in done.stderr and b"said" in done.stderr
    audit = Audit(scope, "safe", "x", options=["--ports", "1"], environment={"PYTHONWARNINGS": "ignore"})
    assert audit.status == 3, "a mail that goes elsewhere did not arrive"
    assert "nothing was captured: the command made no connection to port 1;" in audit.errors
    assert "it connected to port 587 instead (--ports 587 watches that)" in audit.errors


def test_a_client_hello_that_comes_late_is_waited_for(scope):
    audit = Audit(scope, scope.path("runs"), client=LATE_CLIENT, options=options("delivery.message-554"))
    assert audit.status == 0, (audit.out, audit.errors)
    assert audit.rows() == {"delivery.message-554": ("pass", "reported it and exited 1")}
    assert os.path.getsize(scope.path("runs")) == 3, "twice for the control case, once for the other"


def test_a_control_case_that_fails_shows_its_session(scope):
    path = scope.path("refused.py")
    with open(path, "w") as file:
        file.write("import smtplib\nsmtplib.SMTP('localhost', 587).noop()\nraise SystemExit(9)\n")
    done = subprocess.run([scope.program, "audit", "/usr/bin/python3", path], env=scope.environment,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, timeout=s.TIMEOUT)
    assert done.returncode == 3 and b'C > "noop"' in done.stderr, done.stderr


def test_a_command_that_cannot_be_started_is_exit_3(scope):
    ways.need_capture(scope)
    for command in ["no-such-command-here"], ["/etc/passwd"]:
        done = subprocess.run([scope.program, "audit", "--", *command], env=scope.environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=s.TIMEOUT)
        assert done.returncode == 3 and command[0].encode() in done.stderr, done


def test_cases_are_listed_and_chosen(scope):
    listed = scope.run("audit", "--list", "--case", "certificate.*", "--case", "auth.refused-535")
    assert listed.returncode == 0
    names = re.findall(r"^(\S+)$", listed.stdout.decode(), re.M)
    assert "certificate.expired" in names and names[-1] == "auth.refused-535"
    assert all(name.startswith("certificate.") for name in names[:-1])
    wrong = scope.run("audit", "--case", "nothing.*", "--", "true")
    assert wrong.returncode == 2 and b"nothing.*" in wrong.stderr
    assert scope.run("audit").returncode == 2
    every_port = scope.run("audit", "--ports", "all", "--", "true")
    assert every_port.returncode == 2 and b"--ports all cannot be combined with audit" in every_port.stderr


def test_help_and_parser_have_the_same_formats(scope):
    help_text = scope.run("audit", "--help").stdout.decode()
    assert "--report text|json|junit|html[:FILE]" in help_text
    assert "--output text|jsonl|json[:PATH]" in help_text
    for words in ("--report", "github"), ("--output", "pcap:x"), ("--output", "json:{session}.json"):
        assert scope.run("audit", *words, "--", "true").returncode == 2


def test_a_place_that_cannot_be_written_is_known_before_the_audit(scope):
    ways.need_capture(scope)
    ran = scope.path("ran")
    for option, what in ("--output", "json"), ("--report", "json"):
        place = scope.path("no-folder/x")
        done = scope.run("audit", option, f"{what}:{place}", "--", "touch", ran)
        assert done.returncode == 3 and place.encode() in done.stderr, done
    assert not os.path.exists(ran)


def is_gone(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def test_a_case_ends_with_its_process_group_after_the_timeout(scope):
    pids = scope.path("pids")
    audit = Audit(scope, "stuck", pids, options=options("reply.greeting-421", more=["--timeout", "3"]))
    assert audit.rows()["reply.greeting-421"] == ("weak", "did not end by itself"), (audit.out, audit.errors)
    with open(pids) as file:
        (pid,) = file.read().split()
    s.until(lambda: is_gone(pid), "the end of a process that does not heed SIGTERM")


def test_what_a_case_leaves_behind_ends_with_it(scope):
    pids = scope.path("pids")
    audit = Audit(scope, "daemon", pids, options=options("reply.no-text", more=["--timeout", "600"]))
    assert audit.rows()["reply.no-text"] == ("pass", "delivered the mail"), (audit.out, audit.errors)
    with open(pids) as file:
        for pid in file.read().split():
            s.until(lambda pid=pid: is_gone(pid), "the end of a process that left the group")


def test_an_interrupt_ends_all_that_runs(scope):
    pids = scope.path("pids")
    ways.need_capture(scope)
    path = scope.path("client.py")
    with open(path, "w") as file:
        file.write(CLIENT)
    audit = subprocess.Popen([scope.program, "audit", *options("reply.greeting-421"), "--", "/usr/bin/python3", path,
                              "stuck", pids], env=scope.environment, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
    s.until(lambda: os.path.exists(pids) and open(pids).read().endswith("\n"), "the case under way")
    audit.send_signal(signal.SIGINT)
    assert audit.wait(s.TIMEOUT) == 128 + signal.SIGINT
    audit.stdout.close()
    s.until(lambda: is_gone(open(pids).read().strip()), "the end of the command")


def test_reports_and_sessions(scope):
    audit = Audit(scope, "unsafe", options=options(
        "certificate.expired", "downgrade.not-offered", more=[
            "--report", f"json:{scope.path('r.json')}", "--report", f"junit:{scope.path('r.xml')}",
            "--report", f"html:{scope.path('r.html')}", "--report", f"text:{scope.path('r.txt')}",
            "--output", f"json:{scope.path('o.json')}",
            "--output", f"text:{scope.path('o.txt')}", "--output", f"jsonl:{scope.path('o.jsonl')}"]))
    assert audit.status == 1 and audit.rows(), audit.errors
    with open(scope.path("r.json")) as file:
        report = json.load(file)
    assert report["schema"] == "smtpscope-audit/1" and report["grade"] == "F" and report["runtime"] == "Python smtplib"
    with open(scope.path("o.json")) as file:
        sessions = {session["id"]: session for session in json.load(file)["sessions"]}
    assert [session["audit"] for session in sessions.values()] == ["control", "certificate.expired", "downgrade.not-offered"]
    for case in report["cases"]:
        assert [sessions[each]["audit"] for each in case["sessions"]] == [case["id"]]
    with open(scope.path("o.txt")) as file:
        assert "### Connected to the embedded server, case certificate.expired" in file.read()
    with open(scope.path("o.jsonl")) as file:
        lines = [json.loads(line) for line in file]
    assert [line["counter"] for line in lines] == list(range(1, len(lines) + 1))
    connects = [line for line in lines if line["event"] == "connect"]
    assert [(line["session"], line["audit"]) for line in connects] == [
        (session["id"], session["audit"]) for session in sessions.values()]
    (message,) = (line for line in lines if line["event"] == "message" and line["session"] == 1)
    (recorded,) = sessions[1]["messages"]
    assert {name: message[name] for name in recorded} == recorded
    shown = [scope.run("show", scope.path(name)).stdout for name in ("o.json", "o.jsonl")]
    assert shown[0] == shown[1], "the same events at the same times"
    suite = xml.etree.ElementTree.parse(scope.path("r.xml")).getroot()
    assert suite.get("failures") == "1"
    with open(scope.path("r.txt")) as file:
        assert file.read() == audit.out, audit.out
    with open(scope.path("r.html")) as file:
        data = json.loads(re.search(r'id="data">(.*?)</script>', file.read(), re.S)[1])
    assert data["audit"] == report and data["files"]["2"] == "certificate.expired"
    assert len(data["document"]["sessions"]) == 3


def test_a_case_that_the_judge_asked_for_is_kept_too(scope):
    audit = Audit(scope, "unsafe", options=options("certificate.weak-key", more=[
        "--log-dir", scope.path("logs"), "--output", f"json:{scope.path('o.json')}"]))
    assert audit.rows() == {"certificate.weak-key": ("fail", "gave its credential to that server")}, audit.out
    with open(scope.path("o.json")) as file:
        ran = {session["id"]: session["audit"] for session in json.load(file)["sessions"]}
    assert ran == {1: "control", 2: "certificate.weak-key", 3: "certificate.unknown-issuer"}
    assert sorted(os.listdir(scope.path("logs"))) == sorted(f"{case}.log" for case in ran.values())


def test_a_report_on_standard_output_is_alone_there(scope):
    audit = Audit(scope, "plain", options=options("delivery.message-554", more=["--report", "json"]))
    assert json.loads(audit.out)["grade"] == "A"


def test_what_the_command_says_is_kept_without_its_password(scope):
    logs = scope.path("logs")
    audit = Audit(scope, "loud", options=options("certificate.expired", "auth.refused-535", more=[
        "--log-dir", logs, "--report", f"json:{scope.path('r.json')}", "--report", f"html:{scope.path('r.html')}",
        "--output", f"json:{scope.path('o.json')}"]))
    assert "  | password ******** ********\n" in audit.out, audit.out
    assert "  | as ******** \"********\" ******** '********'\n" in audit.out, audit.out
    assert sorted(os.listdir(logs)) == ["auth.refused-535.log", "certificate.expired.log", "control.log"]
    secrets = [PASSWORD, html.escape(PASSWORD), base64.b64encode(f"\0alice\0{PASSWORD}".encode()).decode()]
    written = [os.path.join(logs, name) for name in os.listdir(logs)]
    written += [scope.path(name) for name in ("r.json", "r.html", "o.json")]
    for path in written:
        assert os.stat(path).st_mode & 0o777 == 0o600
        with open(path) as file:
            text = file.read()
        assert not any(secret in text for secret in secrets), path
    assert not any(secret in audit.out + audit.errors for secret in secrets)


def test_standard_input_begins_anew_in_each_case(scope):
    path = scope.path("mail")
    with open(path, "w") as file:
        file.write("the mail\n")
    with open(path) as file:
        audit = Audit(scope, "reads", options=options("delivery.message-554"), stdin=file)
    assert audit.rows()["delivery.message-554"] == ("pass", "reported it and exited 1"), (audit.out, audit.errors)
    piped = Audit(scope, "reads", options=options("delivery.message-554"), input=b"the mail\n")
    assert piped.rows() == audit.rows()


if __name__ == "__main__":
    sys.exit(s.main(globals()))
