# SPDX-License-Identifier: MIT
"""The contract, Outputs, --output: where they go, and whose files they are."""

import json
import os
import re
import stat
import subprocess

from support import scope as s
from support.documents import CLOSED, once, refused, whats
from support.record import same
from support.smtp import C, C_CLOSE, HEADER, S, Stage, envelope, hello, mail


def test_the_default_is_text_on_standard_output(scope):
    out, err = once(scope)
    assert whats(out)[1] == 'S < "220 test ESMTP"', out
    assert re.fullmatch(r"smtpscope: listening on 127\.0\.0\.1:\d+ \(reverse smtp://localhost:\d+\)\n", err), err
    for spec in ("text", "text:-"):
        assert whats(once(scope, "--output", spec)[0])[1] == 'S < "220 test ESMTP"'
    for spec in ("jsonl", "jsonl:-"):
        events = [json.loads(line) for line in once(scope, "-o", spec)[0].splitlines()]
        same([one["counter"] for one in events], list(range(1, len(events) + 1)))
    for spec in ("json", "json:-"):
        same(len(json.loads(once(scope, "-o", spec)[0])["sessions"]), 1)


def test_wrong_places_are_wrong_usage(scope):
    mode = ("--mode", "sink@0")
    path = scope.path("x")
    for words, word in ((("-o", "text", "-o", "json"), "-"), (("-o", "eml"), "eml"), (("-o", "pcap"), "pcap"),
                        (("-o", "eml:-"), "eml"), (("-o", "yaml:x"), "yaml"),
                        (("-o", f"text:{path}", "-o", f"json:{path}"), path),
                        (("-o", f"json:{path}", "--report", f"json:{path}"), path),
                        (("--report", f"json:{path}", "--report", f"text:{path}"), path),
                        (("-o", f"pcapng:{path}"), "with-secrets"), (("--body", "some"), "some"),
                        (("--only", "nothing = 1"), "nothing"), (("--rotate", "x"), "x"),
                        (("--frobnicate",), "--frobnicate"), (("--color", "pink"), "pink"),
                        (("--auth", "show"), "show")):
        status, err = refused(scope, *mode, *words)
        same((words, status), (words, 2))
        assert word in err, err
        same(err.count("\n"), 1)
    same(refused(scope)[0], 2)
    same(refused(scope, "--mode", "nonsense")[0], 2)
    assert not os.path.exists(path)


def test_one_file_by_two_names_is_wrong_usage(scope):
    os.mkdir(scope.path("folder"))
    os.symlink("folder", scope.path("link"))
    os.symlink("folder/x", scope.path("y"))
    mode = ("--mode", "sink@0")
    path = scope.path("folder/x")
    names = [scope.path("link/x"), os.path.relpath(path), scope.path("link/../folder/x")]
    for name in (*names, scope.path("y")):
        for first, second in (("text", "json"), ("json", "text"), ("json", "pcap"), ("json", "json"),
                              ("text", "jsonl"), ("pcap", "jsonl")):
            status, err = refused(scope, *mode, "-o", f"{first}:{path}", "-o", f"{second}:{name}")
            same((name, first, second, status), (name, first, second, 2))
            assert name in err, err
            if os.path.exists(path):
                os.remove(path)
    for name in names:
        for words in (("-o", f"json:{path}", "--report", f"json:{name}"),
                      ("--report", f"json:{path}", "--report", f"text:{name}"),
                      ("-o", f"json:{path}", "--keylog", name),
                      ("-o", f"json:{path}", "--ready-file", name)):
            status, err = refused(scope, *mode, *words)
            same((words, status), (words, 2))
            assert name in err and not os.path.exists(path), err
    with open(path, "w") as file:
        done = subprocess.run([scope.program, "proxy", *mode, "-o", "text", "-o", f"json:{path}"],
                              env=scope.environment, stdout=file, stderr=subprocess.PIPE)
    same(done.returncode, 2)
    assert path in done.stderr.decode(), done.stderr


def test_unwritable_and_foreign_files_are_refused(scope):
    mode = ("--mode", "sink@0")
    place = "/nonexistent/folder/x"
    for words in (("-o", f"text:{place}"), ("--ready-file", place), ("--report", f"json:{place}"),
                  ("--keylog", place), ("--control", place)):
        status, err = refused(scope, *mode, *words)
        same((words, status), (words, 3))
        assert place in err, err
    foreign = scope.path("foreign")
    for kind in ("json", "pcap"):
        with open(foreign, "w") as file:
            file.write('{"something": "else"}\n')
        status, err = refused(scope, *mode, "-o", f"{kind}:{foreign}")
        same(status, 3)
        assert foreign in err
        same(open(foreign).read(), '{"something": "else"}\n')


def test_an_output_that_cannot_be_opened_says_what_to_do(scope):
    for place, remedy in (("/nonexistent/folder/x", "in a folder that is there"),
                          (scope.folder, "name a file in that folder")):
        status, err = refused(scope, "--mode", "sink@0", "-o", f"text:{place}")
        same((status, remedy in err), (3, True))


def test_a_rotation_without_effect_is_said(scope):
    for words, said in ((("-o", f"json:{scope.path('r.json')}"), True), ((), True),
                        (("-o", f"json:{scope.path('r.json')}", "-o", f"jsonl:{scope.path('r.jsonl')}"), False)):
        _, err = once(scope, "--rotate", "1M", *words)
        same((words, "--rotate has no effect" in err), (words, said))


def test_text_is_appended_and_json_replaced(scope):
    names = {kind: scope.path("kept." + kind) for kind in ("text", "jsonl", "json", "pcap")}
    words = [word for kind, name in names.items() for word in ("-o", f"{kind}:{name}")]
    for name in (names["json"], names["pcap"]):
        open(name, "w").close()
    once(scope, *words)
    sizes = {kind: os.path.getsize(name) for kind, name in names.items()}
    once(scope, *words)
    for kind in ("text", "jsonl"):
        assert os.path.getsize(names[kind]) > 1.9 * sizes[kind]
    same(len(json.load(open(names["json"]))["sessions"]), 1)
    assert abs(os.path.getsize(names["pcap"]) - sizes["pcap"]) < 100


def test_files_are_private(scope):
    kinds = ("text", "jsonl", "json", "pcap")
    once(scope, *[word for kind in kinds for word in ("-o", f"{kind}:{scope.path('private.' + kind)}")],
         "-o", f"eml:{scope.path('mails')}")
    for kind in kinds:
        same(stat.S_IMODE(os.stat(scope.path("private." + kind)).st_mode), 0o600)
    same(stat.S_IMODE(os.stat(scope.path("mails")).st_mode), 0o700)
    same(os.listdir(scope.path("mails")), ["1-1.eml"])
    mail_file = scope.path("mails/1-1.eml")
    same(stat.S_IMODE(os.stat(mail_file).st_mode), 0o600)
    same(open(mail_file, "rb").read(), "".join(line + "\r\n" for line in HEADER).encode())


def test_placeholders_make_a_file_for_each_value(scope):
    folder = scope.path("placed")
    os.mkdir(folder)
    once(scope, "-o", f"text:{folder}/{{session}}_{{client}}_{{server}}_{{date}}.txt", "-o",
         f"json:{folder}/{{server}}.json")
    names = sorted(os.listdir(folder))
    assert re.fullmatch(r"1_127\.0\.0\.1_localhost_\d{4}-\d\d-\d\d\.txt", names[0]), names
    same(names[1], "localhost.json")
    same(len(json.load(open(f"{folder}/localhost.json"))["sessions"]), 1)


def test_what_was_lost_makes_no_file_of_its_own(scope):
    """A file that is not ours stays as it is, and only sessions that were recorded have one."""
    folder = scope.path("kept")
    os.mkdir(folder)
    for name in ("1.json", "1.pcap"):
        with open(os.path.join(folder, name), "w") as file:
            file.write("mine")
    outputs = [word for kind in ("json", "pcap")
               for word in ("-o", f"{kind}:{folder}/{{session}}.{kind}")]
    with Stage(scope) as stage, scope.proxy(
            "--mode", f"reverse:smtp://localhost:{stage.port}@0", *outputs) as proxy:
        for _ in range(2):
            stage.play(proxy.port(), hello(), mail(), CLOSED)
    assert sorted(os.listdir(folder)) == ["1.json", "1.pcap", "2.json", "2.pcap"], os.listdir(folder)
    for name in ("1.json", "1.pcap"):
        with open(os.path.join(folder, name)) as file:
            assert file.read() == "mine", name
        assert proxy.errors().count(os.path.join(folder, name)) == 1, proxy.errors()


def test_an_aborted_message_is_partial(scope):
    folder = scope.path("aborted")
    once(scope, "-o", f"eml:{folder}", steps=[hello(), mail(), envelope(), C("DATA"), S("354 go"),
                                              C("X: y", "", "..z"), C_CLOSE])
    same(sorted(os.listdir(folder)), ["1-1.eml", "1-2.eml.partial"])
    same(open(f"{folder}/1-2.eml.partial", "rb").read(), b"X: y\r\n\r\n.z\r\n")


def test_only_keeps_the_sessions_that_it_is_true_of(scope):
    with Stage(scope) as stage:
        def kept(expression):
            with scope.proxy("--mode", f"reverse:smtp://localhost:{stage.port}@0", "--only", expression,
                             outputs=("json", "text", "jsonl")) as proxy:
                stage.play(proxy.port(), hello(), mail(), CLOSED)
                stage.play(proxy.port(), hello(), CLOSED)
                stage.play(proxy.port(), hello(), C_CLOSE)
            counters = [int(line.split()[0]) for line in proxy.output("text").splitlines()]
            same(counters, list(range(1, len(counters) + 1)))
            same({event["session"] for event in proxy.events()}, {one["id"] for one in proxy.sessions()})
            return [one["id"] for one in proxy.sessions()]
        same(kept("from = a@example.com"), [1])
        same(kept("messages = 0"), [2, 3])
        same(kept("outcome=client-closed"), [3])
        same(kept("client = 127.0.0.1"), [1, 2, 3])
        same(kept("server != localhost"), [])
        same(kept(f"port = {stage.port}"), [1, 2, 3])
        same(kept("port = 1"), [])


def test_json_on_standard_output_comes_at_the_end(scope):
    with Stage(scope) as stage:
        ready = scope.path("late.ready")
        process = subprocess.Popen(
            [scope.program, "proxy", "--mode", f"reverse:smtp://localhost:{stage.port}@0", "--sessions", "2",
             "--ready-file", ready, "-o", "json"], env=scope.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        s.until(lambda: os.path.exists(ready), "the ready file")
        port = int(open(ready).read().rsplit(":", 1)[1])
        stage.play(port, hello(), CLOSED)
        stage.play(port, hello(), mail(), CLOSED)
        out, _ = process.communicate(timeout=s.TIMEOUT)
    same(process.returncode, 0)
    same([one["id"] for one in json.loads(out)["sessions"]], [1, 2])


if __name__ == "__main__":
    s.main(globals())
