# SPDX-License-Identifier: MIT
"""`--report html:FILE`: one file with all that was seen, in which nothing of a mail can become markup."""

import base64
import hashlib
import json
import os
import re

from support import scope as s
from support import web
from support.smtp import C, S, S_CLOSE, Stage, hello, mail

HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>"
STEPS = [*hello(), *mail("From: a@example.com", f"Subject: {HOSTILE}", "", f"{HOSTILE} body-text"),
         C("QUIT"), S("221 bye"), S_CLOSE]


def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def captured(scope, *words):
    """The path of the report of one hostile mail, and the proxy."""
    with Stage(scope) as stage:
        proxy = scope.proxy("--mode", f"reverse:smtp://localhost:{stage.port}@0", "--once",
                            "--report", f"html:{scope.path('mail.html')}", *words)
        stage.play(proxy.port(), *STEPS)
        proxy.process.wait(s.TIMEOUT)
        proxy.stop()
    return scope.path("mail.html"), proxy


def data_of(page):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])


def test_a_capture_leaves_one_file_for_its_owner_alone(scope):
    path, _ = captured(scope, "--expect", "accepted = 1", "--fail-on", "never")
    assert os.stat(path).st_mode & 0o777 == 0o600
    data = data_of(read(path))
    assert data["verdict"]["ok"] and data["verdict"]["expectations"][0]["expression"] == "accepted = 1"
    (session,) = data["document"]["sessions"]
    assert session["messages"][0]["header"][1]["value"] == HOSTILE
    assert "body-text" in session["messages"][0]["body"], "the text of a message is there whatever --body says"
    assert 'C > "QUIT"' in data["text"]


def test_body_none_holds_for_it_too(scope):
    path, _ = captured(scope, "--body", "none")
    assert "body-text" not in read(path) and "Subject" not in data_of(read(path))["text"]


def test_only_and_the_pause_hold_for_it_too(scope):
    path, _ = captured(scope, "--only", "subject = something else")
    assert data_of(read(path))["document"]["sessions"] == []
    path, _ = captured(scope, "--paused")
    assert data_of(read(path))["document"]["sessions"] == []


def test_check_makes_the_same_of_a_transcript(scope):
    _, proxy = captured(scope, "--body", "full")
    for kind in ("json", "jsonl"):
        report = scope.path(f"{kind}.html")
        done = scope.run("check", f"{proxy.folder}/out.{kind}", "--fail-on", "never", "--report", f"html:{report}")
        assert done.returncode == 0, done.stderr
        (session,) = data_of(read(report))["document"]["sessions"]
        for name in ("messages", "exchanges", "findings", "outcome"):
            assert session[name] == proxy.sessions()[0][name], (kind, name)


def test_sessions_of_several_files_are_numbered_anew(scope):
    _, proxy = captured(scope)
    one, two = f"{proxy.folder}/out.json", f"{proxy.folder}/out.jsonl"
    report = scope.path("both.html")
    scope.run("check", one, two, "--report", f"html:{report}")
    data = data_of(read(report))
    assert [each["id"] for each in data["document"]["sessions"]] == [1, 2]
    assert data["files"] == {"1": one, "2": two}


def test_its_list_is_that_of_the_page(scope):
    _, proxy = captured(scope)
    transcript, report = f"{proxy.folder}/out.json", scope.path("list.html")
    scope.run("check", transcript, "--report", f"html:{report}")
    with web.viewed(scope, transcript) as (_, page):
        listed = page.get("/api/v1/sessions")["sessions"]
    assert listed[0]["subject"] == HOSTILE and data_of(read(report))["summaries"] == listed


def test_nothing_of_a_mail_is_markup(scope):
    page = read(captured(scope)[0])
    assert page.count("<script") == 2 and page.count("</script>") == 2 and "<!--" not in page
    assert "<img" not in page and HOSTILE not in page


def test_the_policy_allows_its_own_script_alone(scope):
    page = read(captured(scope)[0])
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)[1]
    assert page.index("Content-Security-Policy") < page.index("<script") and "default-src 'none'" in policy

    def source(text):
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    script = re.search(r'<script type="module">(.*?)</script>', page, re.S)[1]
    assert f"script-src {source(script)};" in policy and "unsafe" not in policy and "http" not in policy
    for style in re.findall(r"<style>(.*?)</style>", page, re.S):
        assert source(style) in policy


def test_it_names_no_address_to_fetch(scope):
    page = read(captured(scope)[0])
    assert re.findall(r'(?:src|href)="(?!data:)', page) == []


def test_no_secret_is_in_it(scope):
    with Stage(scope) as stage:
        secret = base64.b64encode(b"\0user\0a long secret").decode()
        proxy = scope.proxy("--mode", f"reverse:smtp://localhost:{stage.port}@0", "--once",
                            "--report", f"html:{scope.path('login.html')}")
        stage.play(proxy.port(), *hello("AUTH PLAIN"), C(f"AUTH PLAIN {secret}"), S("235 2.7.0 ok"),
                   C("QUIT"), S("221 bye"), S_CLOSE)
        proxy.process.wait(s.TIMEOUT)
        proxy.stop()
    page = read(scope.path("login.html"))
    assert secret not in page and "a long secret" not in page and "AUTH PLAIN ********" in page


def test_it_needs_a_file_that_can_be_written(scope):
    for words, status in ((["html"], 2), (["html:"], 2), (["html:/nowhere/x.html"], 3)):
        done = scope.run("proxy", "--mode", "sink@0", "--report", *words)
        assert done.returncode == status, (words, done)


if __name__ == "__main__":
    s.main(globals())
