# SPDX-License-Identifier: MIT
"""What the API answers is as `proxy/web/api.schema.json` has it, and no more (contract-web, "For
programs")."""

import json
import os
import smtplib
import subprocess
import sys
import tempfile

from support import scope as s
from support import web as w

CHECK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts/check-schema")
LETTER = """From: =?utf-8?q?J=C3=B6?= <a@example.com>\r
Subject: Two parts\r
MIME-Version: 1.0\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
\r
Hi\r
--b\r
Content-Type: image/png; name=x.png\r
Content-Disposition: attachment\r
Content-ID: <x@y>\r
\r
x\r
--b--\r
"""


def check(*files):
    done = subprocess.run(["node", CHECK, *files], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if done.returncode == s.SKIPPED:
        raise s.Skip(done.stdout.decode().strip().removeprefix("skipped: "))
    return done.returncode == 0, done.stdout.decode()


class Answers:
    """Files with what was answered, named for their kind, each in a folder of its own."""

    def __init__(self, scope):
        self.scope = scope
        self.files = []

    def add(self, name, data):
        folder = tempfile.mkdtemp(dir=self.scope.folder)
        self.files.append(os.path.join(folder, name))
        with open(self.files[-1], "wb") as file:
            file.write(data if isinstance(data, bytes) else json.dumps(data).encode())

    def ask_all(self, web):
        at = "/api/v1/sessions"
        for path, kind in (("/api/v1/status", "status"), ("/api/v1/audit", "audit"),
                           (at, "sessions"), (at + "?limit=1", "sessions"),
                           (at + "/1/messages/1", "message"), (at + "/99", "error"),
                           (at + "?only=x", "error"), ("/nothing", "error"),
                           ("/api/v1/wait?expect=sessions=0&timeout=0", "verdict"),
                           ("/api/v1/wait?expect=subject~Two&expect=messages=9&timeout=0", "verdict")):
            self.add(f"api-{kind}.json", web.ask(path)[1])
        self.add("session.json", {"schema": "smtpscope/1", "sessions": [web.get(at + "/1")]})
        self.add("document.json", web.ask(at + "/1.json")[1])


def test_every_answer_is_as_the_schema_says(scope):
    s.need("node")
    answers = Answers(scope)
    with w.page(scope) as (proxy, web):
        client = smtplib.SMTP("127.0.0.1", proxy.port(), timeout=s.TIMEOUT)
        client.starttls(context=scope.client_context())
        client.sendmail("a@example.com", ["b@example.net", "c@example.net"], LETTER)
        web.wait("accepted = 1")
        answers.ask_all(web)  # it lives
        client.quit()
        w.send(proxy)
        web.wait("outcome = completed", "sessions = 2")
        answers.ask_all(web)
        for on in (b"false", b"true"):
            answers.add("api-recording.json", web.ask("/api/v1/recording", method="POST",
                                                      body=b'{"on": %s}' % on)[1])
        with web.open("/api/v1/events") as stream:
            lines, last = [], None
            while last != ("close", 2):
                line = stream.readline()
                if line.startswith(b"data: "):
                    lines.append(line[6:])
                    event = json.loads(lines[-1])
                    last = event["event"], event["session"]
        answers.add("events.jsonl", b"".join(lines))
    good, said = check(*answers.files)
    assert good, said


def test_an_answer_with_one_member_more_or_less_is_refused(scope):
    s.need("node")
    with w.page(scope) as (_, web):
        status = web.get("/api/v1/status")
    for wrong in ({**status, "more": 1}, {key: status[key] for key in status if key != "outputs"}):
        answers = Answers(scope)
        answers.add("api-status.json", wrong)
        assert not check(*answers.files)[0], wrong


if __name__ == "__main__":
    sys.exit(s.main(globals()))
