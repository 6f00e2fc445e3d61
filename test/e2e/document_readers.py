# SPDX-License-Identifier: MIT
"""Whoever reads the `json` output at whatever moment, and however slowly, reads valid JSON."""

import json
import os
import subprocess
import sys

from support import scope as s

# Reads the file up to 50 times a second until its standard input ends, and says how often that was and
# the first text that is no document. The number of its sessions may not go down but from one run of the
# program to the next.
READER = """
import json, os, select, sys
path, size = sys.argv[1], int(sys.argv[2])
count, sessions, most = 0, 0, 0
print("reading", flush=True)
while not select.select([sys.stdin], [], [], 0.02)[0]:
    parts = []
    with open(path, "rb", buffering=0) as file:
        while True:
            part = file.read(size)
            if not part:
                break
            parts.append(part)
    text = b"".join(parts)
    try:
        sessions = len(json.loads(text)["sessions"])
    except Exception as error:
        print(f"read {count}: {error}: {len(text)} bytes, {text[-80:]!r}", flush=True)
        sys.exit(1)
    most = max(most, sessions)
    count += 1
print(count, most)
"""


class Reader:
    def __init__(self, path, size):
        self.process = subprocess.Popen([sys.executable, "-c", READER, path, str(size)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self.process.stdout.readline() == b"reading\n"

    def end(self):
        said, _ = self.process.communicate(timeout=s.TIMEOUT)
        assert self.process.returncode == 0, said.decode()
        return [int(word) for word in said.split()]


def say_sessions(port, count, lines):
    for _ in range(count):
        with s.connect(port) as connection:
            s.read_reply(connection)
            connection.sendall(b"".join(b"NOOP %d\r\n" % n for n in range(lines)) + b"QUIT\r\n")
            s.read_all(connection)


def test_at_every_moment(scope):
    """Small and large sessions, readers that read all at once and in small pieces, a new start."""
    path = scope.path("out.json")
    words = ("--mode", "sink@0", "-o", f"json:{path}")
    with scope.proxy(*words, outputs=()):
        pass
    readers = [Reader(path, size) for size in (1 << 24, 1000)]
    for _ in range(2):
        with scope.proxy(*words, outputs=()) as proxy:
            say_sessions(proxy.port(), 40, 1)
            say_sessions(proxy.port(), 10, 400)
    for reader in readers:
        count, most = reader.end()
        assert count > 0 and most <= 50, (count, most)
    with open(path, "rb") as file:
        assert len(json.load(file)["sessions"]) == 50


def test_a_reader_keeps_what_it_opened(scope):
    """And costs no more than one copy of the document, whatever comes meanwhile."""
    path = scope.path("out.json")
    with scope.proxy("--mode", "sink@0", "-o", f"json:{path}", outputs=()) as proxy:
        with open(path, "rb") as first:
            say_sessions(proxy.port(), 20, 1)
            proxy.stop()
            assert json.load(first)["sessions"] == []
    with open(path, "rb") as file:
        assert len(json.load(file)["sessions"]) == 20
    assert os.listdir(os.path.dirname(path)).count("out.json") == 1
    assert not [name for name in os.listdir(scope.folder) if name.startswith(".smtpscope-")]


def test_what_the_user_arranged_stays(scope):
    """The mode of a file that was there, and a link to it."""
    path, link = scope.path("out.json"), scope.path("link.json")
    with open(path, "w") as file:
        os.fchmod(file.fileno(), 0o640)
    os.symlink(path, link)
    with scope.proxy("--mode", "sink@0", "-o", f"json:{link}", outputs=()) as proxy:
        with open(path, "rb"):
            say_sessions(proxy.port(), 5, 1)
    with open(path, "rb") as file:
        assert len(json.load(file)["sessions"]) == 5
    assert os.path.islink(link) and os.stat(path).st_mode & 0o777 == 0o640


def test_a_folder_that_takes_no_new_file(scope):
    """There the document is written where it is, which needs no right but that to the file."""
    folder = scope.path("closed")
    os.mkdir(folder)
    path = os.path.join(folder, "out.json")
    open(path, "w").close()
    os.chmod(folder, 0o500)
    try:
        with scope.proxy("--mode", "sink@0", "-o", f"json:{path}", outputs=()) as proxy:
            with open(path, "rb"):
                say_sessions(proxy.port(), 5, 1)
        with open(path, "rb") as file:
            assert len(json.load(file)["sessions"]) == 5
    finally:
        os.chmod(folder, 0o700)


if __name__ == "__main__":
    s.main(dict(globals()))
