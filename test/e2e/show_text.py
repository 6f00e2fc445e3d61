# SPDX-License-Identifier: MIT
"""`show` of a transcript is what the text output was, line for line, past every limit."""

import email.utils
import itertools

from support import scope as s
from support.text import by_session

FIELDS = ["From: a@example.com", "To: b@example.net", "Subject: Hello",
          "Date: " + email.utils.formatdate(), "Message-ID: <1@example.com>", "X-One: 1",
          "X-Two: 2", "X-Three: 3"]
SECRET = "AGEAc2VjcmV0"  # PLAIN: user "a", password "secret"


def answer(line):
    verb = line.split()[0].upper() if line.split() else b""
    return {b"EHLO": b"250-test\r\n250 AUTH PLAIN\r\n", b"AUTH": b"235 ok\r\n",
            b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}.get(verb, b"250 ok\r\n")


def serve(connection):
    """Answers every line as it comes, so that pipelined commands are answered in one group."""
    stream = connection.makefile("rwb")
    stream.write(b"220 test\r\n")
    stream.flush()
    for line in stream:
        stream.write(answer(line))
        stream.flush()
        if line.upper().startswith(b"DATA"):
            for text in stream:
                if text == b".\r\n":
                    break
            stream.write(b"250 ok\r\n")
            stream.flush()
        if line.upper().startswith(b"QUIT"):
            return


def message(lines):
    return ["MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>", "DATA", *lines, "."]


def say(port, lines):
    """A session that says all at once and then hears the answers."""
    with s.connect(port) as connection:
        text = "".join(line + "\r\n" for line in ["EHLO me.example.org", f"AUTH PLAIN {SECRET}",
                                                  *lines, "QUIT"])
        connection.sendall(text.encode())
        s.read_all(connection)


# What each session of a transcript says. The first ones are within every limit of the documents.
WITHIN = {
    "a short message": message([*FIELDS, "", "text"]),
    "no empty line": message(FIELDS),
    "two messages": message([*FIELDS, "", "one"]) + message([*FIELDS, "", "..", ". two"]),
    "odd fields": message(["From:a@example.com", "To:   b@example.net  ", " folded", "X\xe4: \xe4", "", ""]),
    "1,001 fields": message([*(f"X-{n}: {n}" for n in range(1001)), "", "text"]),
    "256 KiB of fields": message([*(f"X-{n}: {'x' * 900}" for n in range(400)), "", "text"]),
    "a field of 300 KiB": message(["X-Long: 1", *[" " + "y" * 900] * 330, "", "text"]),
    "lines over --max-line": ["NOOP " + "z" * 3000, *message(["X-Long: " + "y" * 3000, "", "z" * 3000])],
}
PAST = {
    "10,001 exchanges": ["NOOP"] * 10001,
    "1,001 messages": message([*FIELDS, "", "text"]) * 1001,
    "a body of 1 MiB": message([*FIELDS, "", *["b" * 70] * 20000]),
}


def numbered(text):
    lines = text.decode()
    assert [line.split(" ")[0] for line in lines.splitlines()] == [
        str(n + 1) for n in range(lines.count("\n"))]
    return lines


def shown(scope, proxy, form):
    done = scope.run("show", f"{proxy.folder}/out.{form}")
    assert (done.returncode, done.stderr) == (0, b""), done.stderr
    return numbered(done.stdout)


def first_difference(one, two, form):
    one, two = by_session(one, form), by_session(two, form)
    for n, (a, b) in enumerate(itertools.zip_longest(one, two), 1):
        if a != b:
            return f"line {n}: live {a!r}, shown {b!r}"
    return None


def record(scope, server, sessions, *words):
    with scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{server.port}@0", "--max-line", "2000",
                     *words) as proxy:
        for lines in sessions:
            say(proxy.port(), lines)
    return proxy, numbered(proxy.output("text"))


def test_sessions_within_the_limits_of_a_document(scope):
    for body, auth in itertools.product(("headers", "none", "full"), ("mask", "identity", "reveal")):
        with s.Server(serve) as server:
            proxy, live = record(scope, server, WITHIN.values(), "--body", body, "--auth", auth)
        for form in ("json", "jsonl"):
            difference = first_difference(live, shown(scope, proxy, form), form)
            assert difference is None, f"--body {body} --auth {auth}, {form}: {difference}"


def test_many_sessions_of_one_message(scope):
    with s.Server(serve) as server:
        proxy, live = record(scope, server, [WITHIN["a short message"]] * 150)
    assert live.count("Subject: Hello") == 150
    for form in ("json", "jsonl"):
        assert first_difference(live, shown(scope, proxy, form), form) is None, form


def test_sessions_that_overlap(scope):
    with s.Server(serve) as server:
        with scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{server.port}@0") as proxy:
            connections = [s.connect(proxy.port()) for _ in range(3)]
            for connection in connections:
                s.read_reply(connection)
            script = ["EHLO me.example.org", *message([])[:3]]
            for line, connection in itertools.product(script, connections):
                s.ask(connection, line)
            for n, connection in itertools.product(range(600), connections):
                connection.sendall(f"X-{n}: {n}\r\n".encode())
            for line, connection in itertools.product(["\r\n.", "QUIT"], connections):
                s.ask(connection, line)
    live = numbered(proxy.output("text"))
    assert live.count('"X-') == 3 * 600
    for form in ("json", "jsonl"):
        assert first_difference(live, shown(scope, proxy, form), form) is None, form


def missing(live, told, form):
    """What was said in the lines that were live and are not shown."""
    rest = iter(by_session(live, form))
    before = 3  # words before what is said
    left_out = set()
    for line in by_session(told, form):
        for candidate in rest:
            if candidate == line:
                break
            left_out.add(candidate.split(" ", before)[before])
        else:
            raise AssertionError(f"{line!r} was not live")
    return left_out | {line.split(" ", before)[before] for line in rest}


def test_sessions_past_the_limits_of_a_document(scope):
    """`jsonl` has all exchanges and messages; what a form does not hold is not shown, and nothing
    else is missing."""
    body_line = 'C > "' + "b" * 70 + '"'
    message_1001 = {*(f'C > "{line}"' for line in [*message(FIELDS), "", "text"]),
                    'S < "354 go"', "C > (message 1001: 164 bytes, 10 lines)"}
    last = {'C > "NOOP"', 'C > "QUIT"', 'S < "250 ok"', 'S < "221 bye"'}
    for body, auth in itertools.product(("headers", "none", "full"), ("mask", "reveal")):
        with s.Server(serve) as server:
            proxy, live = record(scope, server, [*PAST.values(), *WITHIN.values()], "--body", body,
                                 "--auth", auth)
        by_id = sorted(proxy.sessions(), key=lambda session: session["id"])
        assert [one["truncated"] for one in by_id][:3] == [True, True, False]
        body_cut = {body_line, 'C > "."'} if body == "full" else set()
        for form, allowed in (("json", last | message_1001 | body_cut), ("jsonl", body_cut)):
            left_out = missing(live, shown(scope, proxy, form), form)
            assert left_out <= allowed, f"--body {body} --auth {auth}, {form}: {left_out - allowed}"


def test_timing_has_a_row_for_each_step(scope):
    with s.Server(serve) as server:
        proxy, _ = record(scope, server, [WITHIN["a short message"]])
    for form in ("json", "jsonl"):
        done = scope.run("show", "--timing", f"{proxy.folder}/out.{form}")
        assert (done.returncode, done.stderr) == (0, b""), done.stderr
        head, sums, names, *rows = done.stdout.decode().splitlines()
        assert head.startswith("Session 1: ") and ", completed, " in head, head
        assert all(f"({letter})" in sums for letter in "SCP"), sums
        assert names.split() == ["step", "reply", "from", "server", "client", "proxy"]
        steps = {row.split()[0] for row in rows if row} - {"close"}
        assert steps == {"connect", "greeting", "EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"}, steps
        assert len({len(row) for row in rows if row}) == 1, done.stdout.decode()
        assert SECRET.encode() not in done.stdout


if __name__ == "__main__":
    s.main(dict(globals()))
