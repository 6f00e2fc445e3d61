#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""page_cost.py BUILD_DIR [KIND [SESSIONS [PARALLEL]]]: the CPU of a session, with a message of 2 KB,
without the page, with it and no reader, with one reader of its events, and with one that asks for
the list and the status too, as the page in a browser does. The runs are interleaved (RUNS=5); each
figure is the median, with the least and the most, in microseconds; by thread where there are
several. KIND: implicit (default), starttls or plain. Other builds to compare: OTHER=BUILD_DIR."""

import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from ports import free_port, until_listening

BUILD = os.path.abspath(sys.argv[1])
KIND = sys.argv[2] if len(sys.argv) > 2 else "implicit"
SESSIONS = int(sys.argv[3]) if len(sys.argv) > 3 else 3000
PARALLEL = int(sys.argv[4]) if len(sys.argv) > 4 else 16
RUNS = int(os.environ.get("RUNS", "5"))
BUILDS = [BUILD] + [os.path.abspath(other) for other in os.environ.get("OTHER", "").split()]
SIZE = 2048
TOKEN = "0123456789abcdef"
READERS = ("page off", "no reader", "events", "browser")


def cpu_by_thread(pid):
    """Microseconds on a CPU."""
    used = {}
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task), encoding="ascii") as stat:
            used[int(task)] = int(stat.read().split()[0]) / 1000
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


class Peers:
    def __init__(self, work):
        self.work = work
        self.certificate, self.key = make_certificate(work)

    def proxy(self, build, ports, page):
        scheme = "smtps" if KIND == "implicit" else "smtp"
        words = [] if page is None else ["--web", "127.0.0.1:%d" % page, "--web-token", TOKEN]
        return subprocess.Popen([
            os.path.join(build, "smtpscope"), "proxy", "--mode",
            "reverse:%s://127.0.0.1:%d@127.0.0.1:%d" % (scheme, *ports), "--ca-dir",
            os.path.join(self.work, "ca"), "--threads", "1", "--server-ca", self.certificate,
            *(["--client-tls", "implicit"] if KIND == "implicit" else []), "-o", "text:" + os.path.join(self.work, "text"), *words],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def load(self, port):
        subprocess.run([os.path.join(BUILD, "test", "bench", "mail_load"), str(port), KIND,
                        str(SESSIONS), str(PARALLEL), str(SIZE)], check=True,
                       stdout=subprocess.DEVNULL)

    def read(self, page, reader):
        """(process, thread) that read."""
        if reader in ("page off", "no reader"):
            return None, None
        words = ["curl", "-sN", "-H", "Authorization: Bearer " + TOKEN,
                 "http://127.0.0.1:%d/api/v1/events" % page]
        if reader == "events":
            return subprocess.Popen([*words, "-o", "/dev/null"]), None
        process = subprocess.Popen(words, stdout=subprocess.PIPE)
        browser = Browser(page)
        threading.Thread(target=browser.follow, args=(process.stdout,), daemon=True).start()
        browser.start()
        return process, browser

    def once(self, build, reader):
        ports = free_port(), free_port()
        page = None if reader == "page off" else free_port()
        server = subprocess.Popen([os.path.join(BUILD, "test", "bench", "mail_server"), str(ports[0]),
                                   KIND, self.certificate, self.key])
        until_listening(ports[0], server)
        proxy = self.proxy(build, ports, page)
        until_listening(ports[1], proxy)
        process, browser = self.read(page, reader)
        try:
            before = cpu_by_thread(proxy.pid)
            self.load(ports[1])
            time.sleep(0.1)  # what the readers get last counts too
            after = cpu_by_thread(proxy.pid)
        finally:
            if browser is not None:
                browser.over.set()
                browser.join()
            for each in filter(None, (process, proxy, server)):
                each.terminate()
                each.wait()
        return [(after[task] - before.get(task, 0)) / SESSIONS for task in sorted(after)]


def show(name, runs, base):
    totals = [sum(run) for run in runs]
    middle = statistics.median(totals)
    threads = [statistics.median(each) for each in zip(*runs)]
    print("  %-28s %6.1f (%.1f to %.1f)  %+5.1f %%   by thread: %s" % (
        name, middle, min(totals), max(totals), 100 * (middle / base - 1),
        " ".join("%.1f" % each for each in threads)), flush=True)


def main():
    print("%s, %d sessions, %d at once, %d runs, load average %.1f" % (
        KIND, SESSIONS, PARALLEL, RUNS, os.getloadavg()[0]))
    work = tempfile.mkdtemp()
    try:
        peers = Peers(work)
        results = {(build, reader): [] for build in BUILDS for reader in READERS}
        for _ in range(RUNS):
            for which, runs in results.items():
                runs.append(peers.once(*which))
        for (build, reader), runs in results.items():
            base = statistics.median(sum(run) for run in results[build, "page off"])
            show(os.path.relpath(build) + ", " + reader if len(BUILDS) > 1 else reader, runs, base)
    finally:
        shutil.rmtree(work)


main()
