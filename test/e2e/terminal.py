#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""On a terminal the text is made to be read, and stays the contract's line elsewhere.

What the program sends is drawn on a small screen of the test's own, as a terminal would."""

import fcntl
import os
import pty
import re
import select
import signal
import smtplib
import struct
import subprocess
import termios

from support import pseudo_terminal
from support import scope as harness

LONG = "a subject that is longer than any screen " + "0123456789" * 20
SEQUENCE = re.compile(rb"\x1b\[([0-9;]*)([A-Za-z])")
LINE = re.compile(r"^ *\d+ \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z +\d+ +\d+ (### |[CSP] [<>] |!!! )")


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
        self.columns, self.sent = columns, b""
        assert os.path.exists(scope.ca), "a first start would say that it made one"
        self.master, slave = pty.openpty() if columns is not None else os.pipe()
        if columns is not None:
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        self.process = subprocess.Popen(
            [scope.program, "proxy", "--mode", "sink@127.0.0.1:0", "--ready-file", ready, "-o",
             "text", "-o", "text:" + self.file, *words],
            env={**scope.environment, "TERM": "xterm", **environment}, stdin=subprocess.DEVNULL,
            stdout=slave, stderr=subprocess.PIPE)
        os.close(slave)
        self.read_until(lambda: os.path.exists(ready))
        with open(ready, encoding="ascii") as file:
            self.port = int(file.read().rsplit(":", 1)[1])

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

    def send_mail(self):
        with smtplib.SMTP("127.0.0.1", self.port, "client.example.com",
                          timeout=harness.TIMEOUT) as client:
            client.sendmail("a@example.com", ["b@example.net"],
                            f"From: a@example.com\r\nSubject: {LONG}\r\n\r\nhi\r\n".encode())
            client.docmd("B\x1b[2J\x07")

    def stop(self):
        """The lines of the file that took the same text."""
        self.process.send_signal(signal.SIGTERM)
        self.read_until(lambda: False)
        assert self.process.wait(harness.TIMEOUT) == 0
        assert self.process.stderr.read().count(b"\n") == 1, "more than the listening line"
        self.process.stderr.close()
        os.close(self.master)
        with open(self.file, encoding="utf-8") as file:
            return file.read().splitlines()


def squeezed(line):
    return re.sub(" +", " ", line.strip())


def test_screens_of_80_and_200_columns_are_aligned_and_cut(scope):
    for columns in (80, 200):
        terminal = Terminal(scope, columns)
        terminal.send_mail()
        terminal.read_until(lambda: "· 1 ended · 1 message " in "\n".join(terminal.screen()))
        *lines, status = terminal.screen()
        assert re.fullmatch(r" 0 live · 1 ended · 1 message · \d+ findings"
                            rf" · 127\.0\.0\.1:{terminal.port}", status), status
        recorded = terminal.stop()
        assert terminal.screen() == lines, "the status line is still there"
        assert len(lines) == len(recorded)
        for line, whole in zip(lines, recorded):
            assert LINE.match(line), line
            assert len(line) <= columns
            if line.endswith("…"):
                assert len(line) == columns, line
                assert squeezed(whole).startswith(squeezed(line[:-1])), (line, whole)
            else:
                assert squeezed(line) == squeezed(whole), (line, whole)
        assert sum(line.endswith("…") for line in lines) > 0
        starts = {re.search(r" (### |[CSP] [<>] |!!! )", line).start() for line in lines}
        assert len(starts) == 1, f"WHAT begins in the columns {starts}"


def test_behind_the_control_sequences_stand_the_contracts_lines(scope):
    terminal = Terminal(scope, 1000)
    terminal.send_mail()
    recorded = terminal.stop()
    plain = SEQUENCE.sub(b"", terminal.sent).decode()
    shown = [line for line in plain.splitlines() if re.match(r"\d+ 20", line)]
    assert shown == recorded, "other words than in the file"


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


def test_an_unknown_width_gets_whole_lines_and_no_status(scope):
    for columns, environment in ((0, {}), (80, {"TERM": "dumb"})):
        terminal = Terminal(scope, columns, **environment)
        terminal.send_mail()
        recorded = terminal.stop()
        assert not re.search(rb"\x1b\[[0-9;]*[^0-9;m]", terminal.sent), "the cursor is moved"
        plain = SEQUENCE.sub(b"", terminal.sent).decode().splitlines()
        assert len(plain) == len(recorded)
        for line, whole in zip(plain, recorded):
            expected = whole if columns == 0 or len(whole) <= columns else whole[:79] + "…"
            assert line == expected, (line, expected)


def test_without_colour_no_control_character_is_sent(scope):
    for words, environment in (((), {"NO_COLOR": "1"}), (("--color", "never"), {})):
        terminal = Terminal(scope, 80, *words, **environment)
        terminal.send_mail()
        terminal.stop()
        assert b"\x1b" not in terminal.sent
        assert max(len(line) for line in terminal.sent.decode().splitlines()) == 80


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


if __name__ == "__main__":
    harness.main(globals())
