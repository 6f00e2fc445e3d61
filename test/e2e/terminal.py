#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""On a terminal the text is made to be read, and is the contract's line elsewhere.

What the program sends is drawn on a small screen of the test's own, as a terminal would."""

import os
import pty
import re
import select
import signal
import smtplib
import socket
import subprocess

from support import pseudo_terminal
from support import scope as harness
from support import tcp

LONG = "a subject that is longer than any screen, with gr\u00fc\u00dfe " + "0123456789" * 20
SEQUENCE = re.compile(rb"\x1b\[([0-9;]*)([A-Za-z])")
LINE = re.compile(r"^\d\d:\d\d:\d\d\.\d{3} \d+ (### |[CSP] [<>]( |$)|!!! )")
RULE = re.compile(r"^(\u2500\u2500 session \d+ \u2500*|-- session \d+ -*)$")


class Screen:
    """Rows without an end: what scrolled away stays, so that a test sees all of it."""

    def __init__(self, columns):
        self.columns, self.rows, self.row, self.column = columns, [""], 0, 0

    def put(self, character):
        assert self.column < self.columns, f"wraps: {self.rows[self.row]!r}"
        line = self.rows[self.row].ljust(self.column)
        self.rows[self.row] = line[:self.column] + character + line[self.column + 1:]
        self.column += 1

    def control(self, number, letter):
        if letter == "C":
            self.column += int(number)
        elif letter == "A":
            self.row -= 1
        elif letter == "J":
            self.rows[self.row] = self.rows[self.row][:self.column]
            del self.rows[self.row + 1:]
        else:
            assert letter == "m", f"an unknown control sequence {number}{letter}"

    def feed(self, text):
        at = 0
        while at < len(text):
            sequence = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])").match(text, at)
            if sequence:
                self.control(*sequence.groups())
                at = sequence.end()
                continue
            character = text[at]
            at += 1
            if character == "\r":
                self.column = 0
            elif character == "\n":
                self.row += 1
                if self.row == len(self.rows):
                    self.rows.append("")
            else:
                assert character.isprintable(), repr(character)
                self.put(character)

    def lines(self):
        return [row.rstrip() for row in self.rows if row.strip()]


class Terminal:
    """A proxy with a terminal of so many columns as its standard output, or a pipe."""

    def __init__(self, scope, columns, *words, **environment):
        scope.count += 1
        folder = scope.path(f"terminal{scope.count}")
        os.mkdir(folder)
        self.file, ready = os.path.join(folder, "text"), os.path.join(folder, "ready")
        self.sent = b""
        self.columns = columns
        assert os.path.exists(scope.ca), "a first start would say that it made one"
        self.master, slave = pty.openpty() if columns is not None else os.pipe()
        if columns is not None:
            self.resize(columns)
        self.process = subprocess.Popen(
            [scope.program, "proxy", "--mode", "sink@127.0.0.1:0", "--ready-file", ready, "-o",
             "text", "-o", "text:" + self.file, *words],
            env={**scope.environment, "TERM": "xterm", "LC_ALL": "C.UTF-8", **environment}, stdin=subprocess.DEVNULL,
            stdout=slave, stderr=subprocess.PIPE)
        os.close(slave)
        self.read_until(lambda: os.path.exists(ready))
        with open(ready, encoding="ascii") as file:
            self.port = int(file.read().rsplit(":", 1)[1])

    def resize(self, columns):
        self.columns = columns
        pseudo_terminal.resize(self.master, columns)

    def read_until(self, enough):
        """Takes what comes until there is enough of it, or the other end is closed."""
        while not enough():
            if not select.select([self.master], [], [], 0.05)[0]:
                assert self.process.poll() is None or enough(), self.process.stderr.read()
                continue
            data = pseudo_terminal.read(self.master)
            if not data:
                return
            self.sent += data

    def screen(self):
        # What is not whole yet is not drawn yet.
        whole = re.sub(rb"\x1b(\[[0-9;]*)?$", b"", self.sent)
        screen = Screen(self.columns)
        screen.feed(whole.decode("utf-8", "ignore"))
        return screen.lines()

    def last_row(self):
        return (self.screen() or [""])[-1]

    def send_mail(self):
        with smtplib.SMTP("127.0.0.1", self.port, "client.example.com",
                          timeout=harness.TIMEOUT) as client:
            client.sendmail("a@example.com", ["b@example.net"],
                            f"From: a@example.com\r\nSubject: {LONG}\r\n\r\nhi\r\n".encode())
            client.docmd("B\x1b[2J\x07")

    def stop(self, said=r"smtpscope: listening .*\n"):
        """The lines of the file that took the same text, without what a screen leaves out."""
        self.process.send_signal(signal.SIGTERM)
        self.read_until(lambda: False)
        assert self.process.wait(harness.TIMEOUT) == 0
        errors = self.process.stderr.read().decode()
        assert re.fullmatch(said, errors), errors
        self.process.stderr.close()
        os.close(self.master)
        with open(self.file, encoding="utf-8") as file:
            return file.read().splitlines()


def short(line):
    """A line of a file as it is on a screen of any width."""
    _, time, _, session, what = line.split(" ", 4)
    return f"{time[11:23]} {session} {what}"


def joined(rows):
    """The lines that were broken into these rows, without their spaces, and the rules between."""
    lines, rules = [], []
    for row in rows:
        if RULE.match(row):
            rules.append(row)
        elif LINE.match(row):
            lines.append(row)
        else:
            assert re.match(" {19}\\S| {2}\\S", row), row
            lines[-1] += row
    return [line.replace(" ", "") for line in lines], rules


def without_spaces(lines):
    return [short(line).replace(" ", "") for line in lines]


def uncoloured(sent):
    return SEQUENCE.sub(b"", sent).decode().splitlines()


def test_screens_of_many_widths_have_whole_lines(scope):
    for columns in (30, 50, 80, 120, 200):
        terminal = Terminal(scope, columns)
        terminal.send_mail()
        terminal.send_mail()
        terminal.read_until(lambda: "\u00b7 2 ended" in "\n".join(terminal.screen()))
        *rows, status = terminal.screen()
        assert status.startswith(" 0 live \u00b7 2 ended"), status
        assert ("finding" in status) == (columns > 30), status
        assert (f" \u00b7 127.0.0.1:{terminal.port}" in status) == (columns > 60), status
        recorded = terminal.stop()
        assert terminal.screen() == rows, "the status line is still there"
        assert max(map(len, rows)) <= columns
        lines, rules = joined(rows)
        assert lines == without_spaces(recorded)
        assert len(rules) == 1 and len(rules[0]) == columns and "session 2" in rules[0], rules


def test_a_screen_that_changes_its_width_is_measured_anew(scope):
    terminal = Terminal(scope, 120)
    terminal.send_mail()
    terminal.read_until(lambda: "\u00b7 1 ended" in "\n".join(terminal.screen()))
    *before, _ = terminal.screen()
    assert max(map(len, before)) > 100
    terminal.resize(60)
    terminal.sent = b""
    terminal.send_mail()
    terminal.stop()
    assert 50 < max(map(len, terminal.screen())) <= 60


def test_a_terminal_without_utf8_gets_ascii(scope):
    for environment in ({"LC_ALL": "C"}, {"LC_ALL": "", "LANG": "de_DE.ISO-8859-1"}):
        terminal = Terminal(scope, 80, **{"LC_CTYPE": "", **environment})
        terminal.send_mail()
        terminal.send_mail()
        terminal.read_until(lambda: "| 2 ended" in "\n".join(terminal.screen()))
        terminal.stop()
        assert terminal.sent.isascii()
        assert b"gr\\xC3\\xBC" in terminal.sent
        assert b"-- session 2 ---" in terminal.sent


def test_direction_and_severity_have_their_colours(scope):
    terminal = Terminal(scope, 1000)
    terminal.send_mail()
    terminal.stop()
    colours = {}
    for colour, what in re.findall(rb"\x1b\[([0-9;]+)m(### Con|[CS] [<>]|!!! \w+)", terminal.sent):
        colours.setdefault(what, set()).add(colour)
    for what in (b"### Con", b"C >", b"S <", b"!!! error", b"!!! warning"):
        assert len(colours.get(what, ())) == 1, (what, colours)
    assert len(set(map(frozenset, colours.values()))) == len(colours), colours


def test_an_unknown_width_gets_a_row_for_each_line_and_no_status(scope):
    terminal = Terminal(scope, 0)
    terminal.send_mail()
    recorded = terminal.stop()
    assert not re.search(rb"\x1b\[[0-9;]*[^0-9;m]", terminal.sent), "the cursor is moved"
    assert uncoloured(terminal.sent) == [short(line) for line in recorded]


def test_a_dumb_terminal_and_one_without_colour_get_no_status(scope):
    for words, environment in (((), {"TERM": "dumb"}), ((), {"TERM": ""}), ((), {"NO_COLOR": "1"}),
                               (("--color", "never"), {})):
        terminal = Terminal(scope, 80, *words, **environment)
        terminal.send_mail()
        recorded = terminal.stop()
        assert b"\x1b" not in terminal.sent, terminal.sent
        assert joined(uncoloured(terminal.sent))[0] == without_spaces(recorded)


# ── what is waited for ───────────────────────────────────────────────────────────────────────────

def test_a_narrow_status_line_says_what_is_waited_for_and_how_many_sessions_are_live(scope):
    terminal = Terminal(scope, 50)
    with smtplib.SMTP("127.0.0.1", terminal.port, "client.example.com",
                      timeout=harness.TIMEOUT) as client:
        waiting = re.compile(r"^ waiting for the client's next .* \u00b7 1 live")
        terminal.read_until(lambda: waiting.match(terminal.last_row()))
        client.docmd("MAIL FROM:<a@example.com>")
        terminal.read_until(lambda: not waiting.match(terminal.last_row()))
    terminal.stop()


def test_run_says_once_a_step_what_is_waited_for(scope):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        process, master = pseudo_terminal.start(
            scope, "run", "--ports", str(port), "--", "/usr/bin/python3", "-c",
            f"import socket; s = socket.create_connection(('127.0.0.1', {port})); s.recv(9)")
        with server.accept()[0]:
            said = b""
            while b"waiting" not in said:
                said += pseudo_terminal.read(master)
        said += pseudo_terminal.read_to_the_end(master)
        process.wait(harness.TIMEOUT)
    assert said.count(b"smtpscope: session 1: waiting for the server's greeting, 3 s; it may expect TLS "
                      b"first\r\n") == 1, said


def test_a_screen_names_a_cause_at_most_twice(scope):
    lines = scope.path("failed.jsonl")
    port = tcp.free_port()
    words = ("run", "--ports", str(port), "-o", "text", "-o", "jsonl:" + lines, "--", "/usr/bin/python3",
             "-c", f"import socket; socket.socket().connect_ex(('127.0.0.1', {port}))")
    process, master = pseudo_terminal.start(scope, *words, columns=120)
    live = " ".join(SEQUENCE.sub(b"", pseudo_terminal.read_to_the_end(master)).decode().split())
    assert process.wait(harness.TIMEOUT) == 0
    shown = SEQUENCE.sub(b"", pseudo_terminal.read_all(scope, 120, "show", lines)).decode()
    for said in (live, " ".join(shown.split())):
        assert said.count("refused") <= 2, said
        assert "Most likely: what session-failed says above" in said, said
    assert subprocess.run([scope.program, "show", lines], env=scope.environment,
                                  stdout=subprocess.PIPE).stdout.count(b"refused") == 3


# ── less and more than the transcript ────────────────────────────────────────────────────────────

def test_quiet_shows_findings_errors_and_the_summary_alone(scope):
    terminal = Terminal(scope, 80, "--quiet")
    terminal.send_mail()
    recorded = terminal.stop(said=r"smtpscope: listening .*\n"
                             r"smtpscope: 1 session, 1 message accepted, 0 refused, \d errors?, "
                             r"\d warnings?; written to text:.*/text\n")
    findings = [line for line in recorded if " !!! " in line]
    assert len(recorded) > len(findings) > 1
    assert joined(terminal.screen())[0] == without_spaces(findings)


def test_quiet_shows_what_failed_in_a_pipe_too(scope):
    port = tcp.free_port()
    result = scope.run("run", "--quiet", "--ports", str(port), "--", "/usr/bin/python3", "-c",
                       f"import socket; socket.socket().connect_ex(('127.0.0.1', {port}))")
    whats = [re.sub(r"^\d+ \S+Z \d+ 1 ", "", line)[:20] for line in
             result.stderr.decode().splitlines()]
    assert whats[0].startswith("### Could not connec"), whats
    assert whats[-1] == "smtpscope: 1 session", whats
    assert {what[:4] for what in whats[:-1]} == {"### ", "!!! "}, whats


def test_a_person_gets_a_summary_and_a_script_gets_none(scope):
    file = scope.path("summary.json")
    words = ("run", "--sink", "-o", "json:" + file, "--", "/usr/bin/python3", "-c",
             "import smtplib; s = smtplib.SMTP('127.0.0.1', 2525);"
             "s.sendmail('a@example.com', ['b@example.net'], 'From: a@example.com\\r\\n\\r\\nhi')")
    process, master = pseudo_terminal.start(scope, *words)
    said = pseudo_terminal.read_to_the_end(master).decode()
    assert process.wait(harness.TIMEOUT) == 0
    *_, last = said.splitlines()
    assert re.fullmatch(r"smtpscope: 1 session, 1 message accepted, 0 refused, \d errors?, "
                        rf"\d warnings?; written to json:{file}", last), said
    assert scope.run(*words).stderr == b""


def test_the_summary_names_what_is_incomplete(scope):
    file = scope.path("whole.txt")
    process, master = pseudo_terminal.start(
        scope, "run", "--sink", "-o", "text:/dev/full", "-o", "text:" + file, "--",
        "/usr/bin/python3", "-c", "import smtplib; smtplib.SMTP('127.0.0.1', 2525).quit()")
    said = pseudo_terminal.read_to_the_end(master).decode()
    assert process.wait(harness.TIMEOUT) == 0
    assert said.splitlines()[-1].endswith(
        f"; written to text:{file}; incomplete: text:/dev/full"), said


def test_what_the_program_says_is_broken_at_words(scope):
    assert os.path.exists(scope.ca), "a first start would say that it made one"
    words = ("run", "--ports", "9", "--", "true")
    process, master = pseudo_terminal.start(scope, *words, columns=60)
    rows = pseudo_terminal.read_to_the_end(master).decode().splitlines()
    assert process.wait(harness.TIMEOUT) == 0
    assert len(rows) > 2 and max(map(len, rows)) <= 60, rows
    assert all(re.match(" {11}\\S", row) for row in rows[1:]), rows
    plain = scope.run(*words).stderr.decode()
    assert " ".join(row.strip() for row in rows) == plain.strip(), (rows, plain)


def test_show_looks_the_same(scope):
    lines = scope.path("show.jsonl")
    terminal = Terminal(scope, 80, "-o", "jsonl:" + lines)
    terminal.send_mail()
    terminal.send_mail()
    terminal.stop()
    shown = pseudo_terminal.read_all(scope, 80, "show", lines)
    screen = Screen(80)
    screen.feed(shown.decode())
    assert screen.lines() == terminal.screen()
    summary = r"smtpscope: 2 sessions, 2 messages accepted, 0 refused, \d errors?, \d warnings?\n"
    quiet = scope.run("show", "--quiet", lines)
    assert re.fullmatch(summary, quiet.stderr.decode()), quiet.stderr
    assert scope.run("show", lines).stderr == b""
    quiet = uncoloured(pseudo_terminal.read_all(scope, 80, "show", "--quiet", lines))
    assert {line[15:18] for line in quiet if LINE.match(line)} == {"!!!"}
    assert b"\x1b" in shown
    colours = set(SEQUENCE.findall(shown))
    assert colours <= set(SEQUENCE.findall(terminal.sent)), colours


def test_a_pipe_gets_the_lines_of_the_file(scope):
    for words, coloured in (((), False), (("--color", "always"), True)):
        terminal = Terminal(scope, None, *words)
        terminal.send_mail()
        recorded = terminal.stop()
        assert (b"\x1b[" in terminal.sent) == coloured
        assert not re.search(rb"\x1b\[[0-9;]*[^0-9;m]", terminal.sent), "the cursor is moved"
        recorded = [SEQUENCE.sub(b"", line.encode()).decode() for line in recorded]
        assert SEQUENCE.sub(b"", terminal.sent).decode().splitlines() == recorded
        assert any(LONG in line for line in recorded)


def test_a_proxy_stops_with_its_terminal(scope):
    process, master = pseudo_terminal.start(scope, "proxy", "--mode", "sink@127.0.0.1:0")
    said = b""
    while b"listening on" not in said:
        said += pseudo_terminal.read(master)
    os.close(master)
    process.send_signal(signal.SIGHUP)
    assert process.wait(harness.TIMEOUT) == 0


if __name__ == "__main__":
    harness.main(globals())
