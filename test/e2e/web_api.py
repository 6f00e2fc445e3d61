# SPDX-License-Identifier: MIT
"""What the page's server answers to programs (contract-web, "For programs")."""

import json
import smtplib
import socket
import subprocess
import sys

from support import scope as s
from support import web as w
from support.text import without_pids


def same_but_pids(answer, file):
    return without_pids(answer.decode()) == without_pids(file.decode())


def test_the_token_is_new_and_ctl_says_it(scope):
    with w.page(scope) as (_, web), w.page(scope) as (_, other):
        assert len(web.token) == 32 and int(web.token, 16) >= 0
        assert web.token != other.token
    with w.page(scope, "--web-token", "a-token-of-my-own") as (_, web):
        assert web.token == "a-token-of-my-own"
        assert f"web: http://127.0.0.1:{web.port}/#{web.token}\n" in \
            scope.run("ctl", "status").stdout.decode()


def test_wrong_options_are_said(scope):
    for words in (["--web", "x"], ["--web", "127.0.0.1:70000"], ["--web-token", "short"],
                  ["--web-token", "sixteen letters!"], ["--web-memory", "many"],
                  ["--web-memory", "1K"]):
        done = scope.run("proxy", "--mode", "sink@0", *words)
        assert done.returncode == 2 and words[0].encode() in done.stderr, done
    with w.page(scope) as (_, web):
        done = scope.run("proxy", "--mode", "sink@0", "--web", str(web.port))
        assert done.returncode == 3 and b"--web" in done.stderr, done


def test_outside_loopback_is_said_loudly(scope):
    with scope.proxy("--mode", "sink@0", "--web", "0.0.0.0:0") as proxy:
        assert "WARNING: the web page on 0.0.0.0:" in proxy.errors()
    with w.page(scope) as (proxy, _):
        assert "WARNING" not in proxy.errors()


def test_ipv6_and_the_ipv4_mapped_into_it_get_in(scope):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError as error:
        raise s.Skip("this machine has no IPv6") from error
    with scope.proxy("--mode", "sink@0", "--web", "[::1]:0") as proxy:
        assert "WARNING" not in proxy.errors()
        assert w.Web(proxy.errors()).open("/api/v1/status").status == 200
    with scope.proxy("--mode", "sink@0", "--web", "[::]:0") as proxy:
        assert "WARNING: the web page on [::]:" in proxy.errors()
        web = w.Web(proxy.errors())
        for web.host in ("::1", "127.0.0.1"):  # each is named by its own address in Host
            assert web.open("/api/v1/status").status == 200, web.host
            assert web.open("/api/v1/status", headers={"Host": "192.0.2.1"}).status == 421, web.host


def test_who_gets_in(scope):
    with w.page(scope, "--web-host", "mail.test") as (_, web):
        own = f"http://127.0.0.1:{web.port}"
        api, anyone = "/api/v1/status", {"Authorization": None}
        for path, headers, status in (
                (api, {}, 200), (api, {"Origin": own}, 200), (api, {"Host": "localhost"}, 200),
                (api, {"Host": "Mail.Test:80"}, 200),
                (api, {"Host": "mail.test", "Origin": "https://mail.test"}, 200),
                (api, {"Host": "evil.test"}, 421), (api, {"Host": "mail.test.evil.test"}, 421),
                ("/", {"Host": "evil.test"}, 421), ("/healthz", {"Host": "evil.test"}, 421),
                (api, {"Origin": "null"}, 403), (api, {"Origin": "http://evil.test"}, 403),
                (api, {"Origin": own.replace("http:", "https:")}, 403),
                ("/", {"Origin": "http://evil.test"}, 403), ("/page/main.js", anyone, 200),
                ("/", anyone, 200), ("/healthz", anyone, 200), ("/readyz", anyone, 200),
                (api, anyone, 401), ("/metrics", anyone, 401), ("/page/no.js", anyone, 401),
                ("/api/v1/events", anyone, 401), ("/api/v1/wait?expect=sessions=0", anyone, 401),
                ("/nothing", anyone, 401), (f"{api}?token={web.token}", anyone, 401),
                (api, {"Authorization": f"Basic {web.token}"}, 401),
                (api, {"Authorization": f"Bearer {web.token[:-1]}"}, 401),
                (api, {"Authorization": f"Bearer {web.token}0"}, 401)):
            with web.open(path, headers=headers) as response:
                assert response.status == status, (path, headers, response.status)
                assert response.getheader("X-Content-Type-Options") == "nosniff"
                assert "default-src 'none'" in response.getheader("Content-Security-Policy")
                body = response.read()
                assert status == 200 or list(json.loads(body)) == ["error"], (path, headers, body)
        for method, path, body in (("DELETE", "/api/v1/sessions", None),
                                   ("POST", "/api/v1/recording", b'{"on": false}')):
            for headers in (anyone, {"Origin": "http://evil.test"}, {"Host": "evil.test"}):
                assert web.error(path, method=method, body=body, headers=headers) in (401, 403, 421)
        assert web.get(api)["recording"] is True
        for path in ("/healthz", "/readyz"):
            assert web.ask(path) == (200, b"ok")


def test_status_counts(scope):
    with w.page(scope) as (proxy, web):
        w.send(proxy)
        web.wait("outcome = completed")
        status = web.get("/api/v1/status")
        assert set(status) == {"version", "started", "modes", "recording", "sessions", "messages",
                               "findings", "outputs"}
        assert status["recording"] is True and status["messages"] == 1
        assert status["sessions"]["ended"] == 1 and status["sessions"]["dropped"] == 0
        assert [output["format"] for output in status["outputs"]] == ["json", "text", "jsonl"]
        assert status["modes"] == [f"127.0.0.1:{proxy.port()} (sink)"]
        assert status["findings"]["error"] >= 1  # no Date


def test_a_session_is_what_the_outputs_have(scope):
    with w.page(scope, outputs=("json", "text", "jsonl", "pcap")) as (proxy, web):
        client = w.send(proxy, quits=False)
        web.wait("accepted = 1")
        summary, = web.get("/api/v1/sessions")["sessions"]
        assert summary["outcome"] is None and summary["duration_ms"] is None
        assert summary["subject"] == "Hello" and summary["from"] == "a@example.com"
        assert summary["recipients"] == ["b@example.net", "c@example.net"]
        assert web.get("/api/v1/sessions/1")["outcome"] is None
        client.quit()
        web.wait("outcome = completed")
        summary, = web.get("/api/v1/sessions")["sessions"]
        assert summary["outcome"] == "completed" and summary["messages"] == 1
        session = web.get("/api/v1/sessions/1")
        forms = {ending: web.ask("/api/v1/sessions/1." + ending)[1]
                 for ending in ("txt", "json", "pcap")}
    assert session == proxy.sessions()[0]
    assert json.loads(forms["json"]) == json.loads(proxy.output("json"))
    assert same_but_pids(forms["txt"], proxy.output("text"))
    with open(proxy.folder + "/out.pcap", "rb") as file:
        assert forms["pcap"] == file.read()


MIXED = """From: a@example.com\r
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/html; charset=iso-8859-1\r
Content-Transfer-Encoding: quoted-printable\r
\r
<script>alert(1)</script>Gr=FC=DFe\r
--b\r
Content-Type: image/svg+xml; name="../../x\\".svg"\r
Content-Disposition: attachment; filename*=utf-8''..%2F%22%0D%0AX-Evil%3A%201.svg\r
Content-ID: <pic@x>\r
Content-Transfer-Encoding: base64\r
\r
PHN2Zy8+\r
--b--\r
"""


def test_messages_are_taken_apart(scope):
    with w.page(scope) as (proxy, web):
        client = smtplib.SMTP("127.0.0.1", proxy.port(), timeout=s.TIMEOUT)
        client.sendmail("a@example.com", "b@example.net", MIXED)
        client.quit()
        web.wait("outcome = completed")
        at = "/api/v1/sessions/1/messages/1"
        message = web.get(at)
        assert set(message) == {"header", "parts"}
        assert message["header"][1] == {"name": "Subject", "value": "Gr\u00fc\u00dfe",
                                        "raw": "=?utf-8?q?Gr=C3=BC=C3=9Fe?="}
        html, image = message["parts"]
        assert html == {"n": 1, "type": "text/html", "name": None, "bytes": 30, "cid": None,
                        "disposition": None}
        assert image == {"n": 2, "type": "image/svg+xml", "bytes": 6, "cid": "pic@x",
                         "name": '../"\r\nX-Evil: 1.svg', "disposition": "attachment"}
        assert web.ask(at + ".eml") == (200, MIXED.encode())
        for n, body in ((1, b"<script>alert(1)</script>Gr\xfc\xdfe"), (2, b"<svg/>")):
            with web.open(f"{at}/parts/{n}") as part:
                assert part.read() == body
                assert part.getheader("X-Content-Type-Options") == "nosniff"
                assert part.getheader("Content-Security-Policy").startswith("sandbox; default-src")
                assert part.getheader("X-Evil") is None
        assert part.getheader("Content-Disposition") == \
            "attachment; filename*=UTF-8''%22%0D%0AX-Evil%3A%201.svg"
        for path in (at + "/parts/3", at + "/parts/0", at[:-1] + "2", at[:-1] + "2.eml"):
            assert web.error(path) == 404, path
    with w.page(scope, "--body", "none") as (proxy, web):
        w.send(proxy)
        web.wait("accepted = 1")
        assert web.get(at) == {"header": [], "parts": []}
        assert web.error(at + ".eml") == 404


def test_events_are_those_of_jsonl(scope):
    with w.page(scope) as (proxy, web):
        with web.open("/api/v1/events") as stream:
            assert stream.getheader("Content-Type") == "text/event-stream"
            w.send(proxy)
            seen = []
            for number, event in w.events(stream):
                assert number == event["counter"]
                seen.append(event)
                if event["event"] == "close":
                    break
        with web.open("/api/v1/events", after=seen[-3]["counter"]) as stream:
            assert [event for _, event in zip(range(2), w.events(stream))][-1][1] == seen[-1]
    assert seen == proxy.events()


def test_a_stream_is_taken_up_again_where_it_broke(scope):
    with w.page(scope) as (proxy, web):
        w.send(proxy)
        web.wait("outcome = completed")
        with web.open("/api/v1/events", after=3, headers={"Last-Event-ID": "7"}) as stream:
            assert next(w.events(stream))[0] == 8
        for after in ("x", "-1", "1.5"):
            assert web.error("/api/v1/events", after=after) == 400, after


def test_a_long_message_is_cut(scope):
    kept = 8 << 20
    text = "Subject: long\r\n\r\n" + ("x" * 998 + "\r\n") * 9000
    with w.page(scope) as (proxy, web):
        with smtplib.SMTP("127.0.0.1", proxy.port(), timeout=s.TIMEOUT) as client:
            client.sendmail("a@example.com", "b@example.net", text)
        web.wait("outcome = completed")
        at = "/api/v1/sessions/1/messages/1"
        message = web.get(at)
        assert message["cut"] is True and message["parts"][0]["bytes"] == kept - 17, message
        with web.open(at + ".eml") as source:
            assert source.read() == text.encode()[:kept]
            assert source.getheader("Content-Disposition") == \
                'attachment; filename="1-1.eml.partial"'
        assert web.get("/api/v1/sessions/1")["messages"][0]["bytes"] == len(text)


def test_a_clear_forgets(scope):
    with w.page(scope) as (proxy, web):
        pooled = w.send(proxy, quits=False)
        assert web.ask("/api/v1/sessions", method="DELETE")[0] == 204
        assert web.get("/api/v1/sessions") == {"sessions": [], "more": False}
        assert web.ask("/api/v1/wait", expect="accepted = 1", timeout=0)[0] == 408
        pooled.sendmail("a@example.com", "b@example.net", "Subject: Second\r\n\r\n")
        web.wait("accepted = 1", "subject = Second")
        pooled.quit()


def test_the_recording_is_switched(scope):
    with w.page(scope) as (proxy, web):
        answer = web.ask("/api/v1/recording", method="POST", body=b'{"on": false}')
        assert answer == (200, b'{"recording":false}\n'), answer
        assert "recording: paused" in scope.run("ctl", "status").stdout.decode()
        w.send(proxy)
        s.until(lambda: web.get("/api/v1/status")["sessions"]["ended"] == 1, "the session's end")
        assert web.get("/api/v1/sessions")["sessions"] == []
        web.ask("/api/v1/recording", method="POST", body=b'{"on": true}')
        w.send(proxy, "Second")
        web.wait("subject = Second", "sessions = 1")
        with web.open("/api/v1/events") as stream:
            events = w.events(stream)
            event = next(events)[1]
            assert event["event"] == "paused" and event["session"] == 0, event
            assert event["from"] < event["to"] and next(events)[1]["event"] == "connect"
        for body in (b"[]", b"{}", b"", b'{"on": 1}', b'{"on": "true"}', b'{"on": false} {'):
            assert web.error("/api/v1/recording", method="POST", body=body) == 400, body
        assert web.get("/api/v1/status")["recording"] is True
    assert event == {**proxy.events()[0], "counter": 1}, proxy.events()[0]


def test_secrets_are_masked(scope):
    with w.page(scope) as (proxy, web):
        client = smtplib.SMTP("127.0.0.1", proxy.port(), timeout=s.TIMEOUT)
        client.starttls(context=scope.client_context())
        client.login("ada", "correct-horse")
        client.quit()
        web.wait("outcome = completed")
        with web.open("/api/v1/events") as stream:
            said = b""
            while b'"event":"close"' not in said:
                said += stream.readline()
        for path in ("", "/1", "/1.txt", "/1.json", "/1.pcap"):
            said += web.ask("/api/v1/sessions" + path)[1]
        assert b"********" in said
        for secret in (b"correct-horse", b"AGFkYQBjb3JyZWN0LWhvcnNl", b"Y29ycmVjdC1ob3JzZQ"):
            assert secret not in said


def test_only_and_memory_hold(scope):
    with w.page(scope, "--only", "subject = Kept") as (proxy, web):
        w.send(proxy, "Other")
        w.send(proxy, "Kept")
        web.wait("sessions = 1", "subject = Kept")
        assert len(web.get("/api/v1/sessions")["sessions"]) == 1
    with w.page(scope, "--web-memory", "1M") as (proxy, web):
        for _ in range(4):
            w.send(proxy, text="x" * 70 + "\r\n" + ("y" * 70 + "\r\n") * 6000)
        s.until(lambda: web.get("/api/v1/status")["sessions"]["dropped"] > 0, "a dropped session")


def test_metrics_are_counted(scope):
    with w.page(scope) as (proxy, web):
        w.send(proxy)
        web.wait("outcome = completed")
        text = web.ask("/metrics")[1].decode()
        for line in ('smtpscope_sessions_total{outcome="completed"} 1',
                     'smtpscope_messages_total{outcome="accepted"} 1',
                     'smtpscope_findings_total{rule="header-missing",severity="error"} 1'):
            assert line + "\n" in text, text


def test_promtool_has_no_complaint(scope):
    s.need("promtool")
    odd = scope.path('a "b" \\ \u00fc {x="y"}.txt')
    with w.page(scope, "-o", f"text:{odd}") as (proxy, web):
        answers = [web.ask("/metrics")[1]]  # of nothing
        client = smtplib.SMTP("127.0.0.1", proxy.port(), timeout=s.TIMEOUT)
        client.starttls(context=scope.client_context())
        client.sendmail("a@example.com", "b@example.net", "Subject: x\r\n\r\n")
        client.quit()
        web.wait("outcome = completed")
        answers.append(web.ask("/metrics")[1])
    for answer in answers:
        done = subprocess.run(["promtool", "check", "metrics"], input=answer,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        assert done.returncode == 0 and done.stdout == b"", (done, answer.decode())


def test_recorded_sessions_are_viewed(scope):
    with w.page(scope) as (proxy, web):
        w.send(proxy)
        web.wait("outcome = completed")
    with w.viewed(scope, proxy.folder + "/out.json", proxy.folder + "/out.jsonl") as (_, web):
        first, second = web.get("/api/v1/sessions")["sessions"]
        assert (first["id"], second["id"]) == (1, 2) and first["subject"] == "Hello"
        assert same_but_pids(web.ask("/api/v1/sessions/1.txt")[1], proxy.output("text"))
        status = web.get("/api/v1/status")
        assert status["messages"] == 2 and status["recording"] is None, status
        assert web.error("/api/v1/recording", method="POST", body=b'{"on": true}') == 400
        assert web.ask("/readyz") == (200, b"ok")
        assert "audit" not in first


def test_a_recorded_session_of_an_audit_names_its_case(scope):
    with w.page(scope) as (proxy, web):
        w.send(proxy)
        web.wait("outcome = completed")
    document = json.loads(proxy.output("json"))
    document["sessions"][0]["audit"] = "certificate.expired"
    with open(scope.path("audit.json"), "w") as file:
        json.dump(document, file)
    with w.viewed(scope, scope.path("audit.json")) as (_, web):
        assert web.get("/api/v1/sessions")["sessions"][0]["audit"] == "certificate.expired"
        assert web.get("/api/v1/sessions/1")["audit"] == "certificate.expired"


def test_an_audit_is_viewed_with_its_sessions(scope):
    with w.page(scope) as (proxy, web):
        assert web.get("/api/v1/audit") is None
        w.send(proxy)
        web.wait("outcome = completed")
        report = {"schema": "smtpscope-audit/1", "grade": "A"}
        with open(scope.path("report.json"), "w") as file:
            json.dump(report, file, indent=1)
    with w.viewed(scope, scope.path("report.json"), proxy.folder + "/out.json") as (_, web):
        assert web.get("/api/v1/audit") == report
        assert [session["id"] for session in web.get("/api/v1/sessions")["sessions"]] == [1]
        assert web.error("/api/v1/audit", headers={"Authorization": None}) == 401


def test_a_recorded_message_is_what_was_recorded_of_it(scope):
    at = "/api/v1/sessions/1/messages/1"
    for detail, parts in (("headers", []), ("none", []), ("full", ["text/html", "image/svg+xml"])):
        with w.page(scope, "--body", detail) as (proxy, web):
            client = smtplib.SMTP("127.0.0.1", proxy.port(), timeout=s.TIMEOUT)
            client.sendmail("a@example.com", "b@example.net", MIXED)
            client.quit()
            live = web.wait("outcome = completed") and web.get(at)
        for form in ("json", "jsonl"):
            with w.viewed(scope, f"{proxy.folder}/out.{form}") as (_, web):
                message = web.get(at)
                assert [part["type"] for part in message["parts"]] == parts, (detail, message)
                assert message["header"] == live["header"]
                if detail == "full":
                    assert message == live and web.ask(at + ".eml") == (200, MIXED.encode())
                else:
                    assert web.error(at + ".eml") == web.error(at + "/parts/1") == 404


if __name__ == "__main__":
    sys.exit(s.main(globals()))
