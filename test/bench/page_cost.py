#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""page_cost.py BUILD_DIR [KIND [PARALLEL]]: the CPU of a session, with a message of 2 KB, without the
page, with it and no reader, with one reader of its events, and with one that asks for the list and
the status too, as the page in a browser does.

A proxy for each of these has the same sessions by turns (TURNS=100, of SESSIONS=200), and each is
started again every four turns: a turn differs from the next by a fifth, a process from another one
of the same kind by a tenth. A figure is the median over the turns, in microseconds; the percentage
is the median of what the turn had more than the one without the page beside it, with its quartiles.
KIND: implicit (default), starttls or plain. Other builds to compare: OTHER=BUILD_DIR."""

import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from ports import free_port, until_listening

BUILD = os.path.abspath(sys.argv[1])
KIND = sys.argv[2] if len(sys.argv) > 2 else "implicit"
PARALLEL = int(sys.argv[3]) if len(sys.argv) > 3 else 16
SESSIONS = int(os.environ.get("SESSIONS", "200"))
TURNS = int(os.environ.get("TURNS", "100"))
TURNS_OF_A_PROCESS = 4
BUILDS = [BUILD] + [os.path.abspath(other) for other in os.environ.get("OTHER", "").split()]
SIZE = 2048
TOKEN = "0123456789abcdef"
READERS = ("page off", "no reader", "events", "browser")


def cpu(pid):
    """Microseconds of all its threads on a CPU."""
    used = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task), encoding="ascii") as stat:
            used += int(stat.read().split()[0]) / 1000
    return used


def make_certificate(work):
    key, certificate = os.path.join(work, "key"), os.path.join(work, "certificate")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                    "-nodes", "-keyout", key, "-out", certificate, "-days", "30", "-subj",
                    "/CN=server", "-addext", "subjectAltName=IP:127.0.0.1"], check=True,
                   stderr=subprocess.DEVNULL)
    return certificate, key


class Browser(threading.Thread):
    """Asks as proxy/web/page/main.js does, while its tab is in sight."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.over = port, threading.Event()
        self.head = {"Authorization": "Bearer " + TOKEN}
        self.seen, self.seen_lock = set(), threading.Lock()

    def follow(self, stream):
        for block in stream:
            for number in re.findall(rb'"session":(\d+)', block):
                with self.seen_lock:
                    self.seen.add(int(number))

    def get(self, connection, path):
        connection.request("GET", "/api/v1/" + path, headers=self.head)
        return json.loads(connection.getresponse().read())

    def refresh(self, connection):
        with self.seen_lock:
            dirty = sorted(self.seen)
            self.seen.clear()
        while dirty:
            self.get(connection, "sessions?after=%d&limit=1000" % (dirty[0] - 1))
            dirty = [number for number in dirty if number >= dirty[0] + 1000]

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port)
        rounds = 0
        while not self.over.wait(0.2):
            self.refresh(connection)
            rounds += 1
            if rounds % 10 == 0:
                self.get(connection, "status")


def load(port):
    subprocess.run([os.path.join(BUILD, "test", "bench", "mail_load"), str(port), KIND, str(SESSIONS),
                    str(PARALLEL), str(SIZE)], check=True, stdout=subprocess.DEVNULL)


class Proxy:
    """One proxy before a server, and what reads its page."""

    def __init__(self, work, build, reader, server_port, certificate):
        self.port = free_port()
        self.page = None if reader == "page off" else free_port()
        self.readers, self.browser = [], None
        self.process = subprocess.Popen(
            [os.path.join(build, "smtpscope"), "proxy", "--mode", self.mode(server_port), "--ca-dir",
             os.path.join(work, "ca"), "--threads", "1", "--server-ca", certificate,
             "-o", "text:" + os.path.join(work, "text-%d" % self.port), *self.words()],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until_listening(self.port, self.process)
        self.read(reader)
        load(self.port)  # what is made at first use is no session's cost

    def mode(self, server_port):
        scheme = "smtps" if KIND == "implicit" else "smtp"
        return "reverse:%s://127.0.0.1:%d@127.0.0.1:%d" % (scheme, server_port, self.port)

    def words(self):
        words = ["--client-tls", "implicit"] if KIND == "implicit" else []
        if self.page is not None:
            words += ["--web", "127.0.0.1:%d" % self.page, "--web-token", TOKEN]
        return words

    def read(self, reader):
        if reader in ("page off", "no reader"):
            return
        words = ["curl", "-sN", "-H", "Authorization: Bearer " + TOKEN,
                 "http://127.0.0.1:%d/api/v1/events" % self.page]
        if reader == "events":
            self.readers.append(subprocess.Popen([*words, "-o", "/dev/null"]))
            return
        stream = subprocess.Popen(words, stdout=subprocess.PIPE)
        self.readers.append(stream)
        self.browser = Browser(self.page)
        threading.Thread(target=self.browser.follow, args=(stream.stdout,), daemon=True).start()
        self.browser.start()

    def turn(self):
        """Microseconds of each session of a turn."""
        before = cpu(self.process.pid)
        load(self.port)
        time.sleep(0.1)  # what the readers get last counts too
        return (cpu(self.process.pid) - before) / SESSIONS

    def end(self):
        if self.browser is not None:
            self.browser.over.set()
            self.browser.join()
        for process in (*self.readers, self.process):
            process.terminate()
            process.wait()


def take_turns(work, server_port, certificate, which):
    """{(build, reader): its turns}, of new processes."""
    proxies = {(build, reader): Proxy(work, build, reader, server_port, certificate)
               for build, reader in which}
    turns = {each: [] for each in which}
    try:
        for turn in range(TURNS_OF_A_PROCESS):
            order = list(which) if turn % 2 == 0 else list(reversed(which))
            for each in order:
                turns[each].append(proxies[each].turn())
    finally:
        for proxy in proxies.values():
            proxy.end()
    return turns


def show(name, turns, without):
    more = [100 * (turn / base - 1) for turn, base in zip(turns, without)]
    low, middle, high = statistics.quantiles(more, n=4)
    print("  %-28s %6.0f us  %+5.1f %% (%+.1f to %+.1f)" % (
        name, statistics.median(turns), middle, low, high), flush=True)


def main():
    print("%s, %d turns of %d sessions, %d at once, load average %.1f" % (
        KIND, TURNS, SESSIONS, PARALLEL, os.getloadavg()[0]))
    which = [(build, reader) for build in BUILDS for reader in READERS]
    turns = {each: [] for each in which}
    with tempfile.TemporaryDirectory() as work:
        certificate, key = make_certificate(work)
        server_port = free_port()
        server = subprocess.Popen([os.path.join(BUILD, "test", "bench", "mail_server"),
                                   str(server_port), KIND, certificate, key])
        until_listening(server_port, server)
        try:
            for _ in range(-(-TURNS // TURNS_OF_A_PROCESS)):
                for each, more in take_turns(work, server_port, certificate, which).items():
                    turns[each] += more
        finally:
            server.terminate()
            server.wait()
    for build, reader in which:
        name = os.path.relpath(build) + ", " + reader if len(BUILDS) > 1 else reader
        show(name, turns[build, reader], turns[build, "page off"])


main()
