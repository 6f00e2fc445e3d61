# SPDX-License-Identifier: MIT
"""How the proxy's cost grows with what it is given: the CPU of its process for each unit, and its
most memory, for plain sessions of growing size. scripts/bench --growth runs it. A line that is flat
means that nothing costs more than in proportion."""

import asyncio
import contextlib
import csv
import math
import multiprocessing
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time

SERVER_PORT, PROXY_PORT = 20027, 20028
CHUNK = 1 << 20
TEXT = ("text",)
ALL = ("text", "jsonl", "json", "eml", "pcap", "pcapng")
REPORT = ("--with-secrets", "--report", "html:{work}/report.html")
HEADER = b"Date: Thu, 01 Jan 2026 00:00:00 +0000\r\nFrom: <a@example.com>\r\nSubject: x\r\n"


# ── the server ──────────────────────────────────────────────────────────────────────────────────

class Server(asyncio.Protocol):
    """Accepts everything with replies of one line, and throws messages away."""

    def connection_made(self, transport):
        self.transport, self.rest, self.text = transport, b"", False
        transport.write(b"220 mx.example.com\r\n")

    def data_received(self, data):
        data, replies = self.rest + data, []
        while data:
            data, more = self.take_text(data, replies) if self.text else self.take_line(data, replies)
            if not more:
                break
        self.rest = data
        if replies:
            self.transport.write(b"".join(replies))

    def take_text(self, data, replies):
        end = data.find(b"\r\n.\r\n")
        if end < 0:
            return data[-4:], False
        replies.append(b"250 taken\r\n")
        self.text = False
        return data[end + 5:], True

    def take_line(self, data, replies):
        line, end, rest = data.partition(b"\n")
        if not end:
            return data, False
        self.text = line.startswith(b"DATA")
        replies.append(b"354 go on\r\n" if self.text else b"250 fine\r\n")
        return rest, True


def serve():
    async def until_killed():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Server, "127.0.0.1", SERVER_PORT, backlog=4096)
        await server.serve_forever()
    asyncio.run(until_killed())


# ── the client ──────────────────────────────────────────────────────────────────────────────────

def one_session(pieces, replies):
    """Sends the pieces as fast as they are taken, and waits for so many lines."""
    connection = socket.create_connection(("127.0.0.1", PROXY_PORT))

    def send():
        for piece in pieces:
            connection.sendall(piece)

    sender = threading.Thread(target=send)
    sender.start()
    while replies > 0:
        data = connection.recv(CHUNK)
        if not data:
            sys.exit("growth: the session ended early")
        replies -= data.count(b"\n")
    sender.join()
    connection.close()


def repeated(line, count):
    """`count` lines, some at a time."""
    at_once = max(1, CHUNK // len(line))
    for done in range(0, count, at_once):
        yield line * min(at_once, count - done)


def pieces_of(*parts):
    for part in parts:
        if isinstance(part, bytes):
            yield part
        else:
            yield from part


BEGIN = b"EHLO client.example.com\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"


def message(*content):
    one_session(pieces_of(BEGIN, HEADER, *content, b"\r\n.\r\n"), 1 + 4 + 1)


def commands(count):
    one_session(repeated(b"NOOP\r\n", count), 1 + count)


def recipients(count):
    one_session(pieces_of(b"EHLO c.example.com\r\nMAIL FROM:<a@example.com>\r\n",
                          repeated(b"RCPT TO:<somebody@example.net>\r\n", count)), 3 + count)


def lines(megabytes):
    message(b"\r\n", repeated(b"x" * 76 + b"\r\n", megabytes * 1_000_000 // 78))


def one_line(megabytes):
    message(b"\r\n", repeated(b"x" * 1000, megabytes * 1000))


def header_fields(count):
    message(repeated(b"X-Field: some value of it\r\n", count), b"\r\nx")


def escapes(megabytes):
    message(b"\r\n", repeated(b"\x1b" * 76 + b"\r\n", megabytes * 1_000_000 // 78))


async def talk(streams, words):
    for _, writer in streams:
        writer.write(words)
    for reader, _ in streams:
        if not await reader.readline():
            sys.exit("growth: a session ended early")


async def round_of(count):
    """All are open before the first says a word, and each step is made by all."""
    streams = []
    for begin in range(0, count, 200):
        streams += await asyncio.gather(*(
            asyncio.open_connection("127.0.0.1", PROXY_PORT)
            for _ in range(min(200, count - begin))))
    await talk(streams, b"")
    for words in (*BEGIN.splitlines(True), HEADER + b"\r\nx\r\n.\r\n", b"QUIT\r\n"):
        await talk(streams, words)
    for _, writer in streams:
        writer.close()


def sessions_at_once(at_once, total):
    for _ in range(max(1, total // at_once)):
        asyncio.run(round_of(at_once))


# ── the measurement ─────────────────────────────────────────────────────────────────────────────

def cpu_seconds(pid):
    return time.clock_gettime((~pid << 3) | 2)  # the clock of another process, CPUCLOCK_SCHED


def peak_mib(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024


def wait_for(port):
    for _ in range(1000):
        with contextlib.suppress(OSError):
            return socket.create_connection(("127.0.0.1", port)).close()
        time.sleep(0.01)
    sys.exit("growth: nothing listens on port %d" % port)


def settled_cpu(pid):
    """What the writer's thread has yet to do counts too."""
    before, now = -1.0, cpu_seconds(pid)
    while now - before > 0.001:
        time.sleep(0.1)
        before, now = now, cpu_seconds(pid)
    return now


class Growth:
    def __init__(self, what, unit, sizes, act, outputs=TEXT, words=()):
        self.what, self.unit, self.sizes, self.act = what, unit, sizes, act
        self.outputs, self.words = outputs, words

    def once(self, program, size):
        """(CPU seconds, MiB) of one proxy for one size."""
        with tempfile.TemporaryDirectory() as work:
            words = [word for name in self.outputs
                     for word in ("-o", "%s:%s/out.%s" % (name, work, name))]
            proxy = subprocess.Popen(
                [program, "proxy", "--mode",
                 "reverse:smtp://127.0.0.1:%d@127.0.0.1:%d" % (SERVER_PORT, PROXY_PORT),
                 "--ca-dir", work + "/ca", "--threads", "1", *words,
                 *(word.format(work=work) for word in self.words)],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                wait_for(PROXY_PORT)
                before = settled_cpu(proxy.pid)
                self.act(size)
                return settled_cpu(proxy.pid) - before, peak_mib(proxy.pid)
            finally:
                proxy.terminate()
                proxy.wait()


def growths(scale):
    """Divided by `scale`, so that it can be tried."""
    def of(*sizes):
        return sorted({max(1, size // scale) for size in sizes})

    crowd = of(1, 100, 2000, 10_000)
    total = crowd[-1]
    return [
        Growth("sessions at once", "session", crowd, lambda n: sessions_at_once(n, total)),
        Growth("sessions at once, all outputs", "session", crowd,
               lambda n: sessions_at_once(n, total), ALL, REPORT),
        Growth("commands in a session", "command", of(10_000, 100_000, 1_000_000), commands),
        Growth("recipients", "recipient", of(1000, 10_000, 100_000), recipients),
        Growth("message", "MB", of(20, 200, 2000), lines),
        Growth("message, all outputs", "MB", of(20, 200), lines, ALL, REPORT),
        Growth("one line", "MB", of(2, 20, 200), one_line),
        Growth("header fields", "field", of(500, 5000, 50_000), header_fields),
        Growth("escapes", "MB", of(2, 20, 200), escapes, ("text", "jsonl"), ("--body", "full")),
    ]


def measure(program, scale):
    """(what, unit, size, CPU s, us a unit, MiB) of each; a session is one however many are at once."""
    rows = []
    for growth in growths(scale):
        for size in growth.sizes:
            cpu, mib = growth.once(program, size)
            units = max(growth.sizes) // size * size if growth.unit == "session" else size
            rows.append((growth.what, growth.unit, size, cpu, cpu / units * 1e6, mib))
            print("%-30s %9d  %8.3f s  %10.2f us a %-9s %7.1f MiB" % (
                growth.what, size, cpu, rows[-1][4], growth.unit, mib), flush=True)
    return rows


# ── CSV and SVG ─────────────────────────────────────────────────────────────────────────────────

def write_csv(path, rows):
    with open(path, "w", newline="", encoding="ascii") as file:
        table = csv.writer(file)
        table.writerow(("what", "unit", "size", "cpu_s", "us_a_unit", "peak_mib"))
        for row in rows:
            table.writerow((*row[:3], "%.4f" % row[3], "%.4f" % row[4], "%.1f" % row[5]))


COLOURS = ("#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f",
           "#17becf")
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 900, 480, 60, 40, 640, 420
RATIO_MAX = 3.0


def svg_of(rows):
    """The cost of a unit beside that at the largest size, over the size in decades from that one;
    within the grey band it is flat within 20 %."""
    def x_of(decades):
        return RIGHT + decades * (RIGHT - LEFT) / 4

    def y_of(ratio):
        return BOTTOM - min(ratio, RATIO_MAX) / RATIO_MAX * (BOTTOM - TOP)

    parts = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif"'
             ' font-size="12">' % (WIDTH, HEIGHT),
             '<rect width="100%" height="100%" fill="white"/>',
             '<rect x="%d" y="%.1f" width="%d" height="%.1f" fill="#ddd"/>' % (
                 LEFT, y_of(1.2), RIGHT - LEFT, y_of(0.8) - y_of(1.2)),
             '<text x="%d" y="20">CPU of a unit, beside that at the largest size</text>' % LEFT]
    for ratio in (0, 1, 2, 3):
        parts.append('<text x="%d" y="%.1f" text-anchor="end">%d</text>' % (
            LEFT - 8, y_of(ratio) + 4, ratio))
    for decades in range(-4, 1):
        label = "largest" if decades == 0 else "1/%d" % 10 ** -decades
        parts.append('<text x="%.1f" y="%d" text-anchor="middle">%s</text>' % (
            x_of(decades), BOTTOM + 20, label))
    for index, what in enumerate(dict.fromkeys(row[0] for row in rows)):
        mine = [row for row in rows if row[0] == what]
        largest, last = mine[-1][2], mine[-1][4]
        points = " ".join("%.1f,%.1f" % (x_of(math.log10(row[2] / largest)), y_of(row[4] / last))
                          for row in mine)
        colour = COLOURS[index % len(COLOURS)]
        parts.append('<polyline points="%s" fill="none" stroke="%s" stroke-width="2"/>' % (
            points, colour))
        parts.append('<text x="%d" y="%d" fill="%s">%s: %.4g us a %s</text>' % (
            RIGHT + 15, TOP + 18 * index, colour, what, last, mine[-1][1]))
    return "\n".join([*parts, "</svg>\n"])


def main(program, scale, name):
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    server = multiprocessing.Process(target=serve, daemon=True)
    server.start()
    wait_for(SERVER_PORT)
    print("load average before: %s, sizes divided by %d" % (os.getloadavg()[0], scale))
    try:
        rows = measure(program, scale)
    finally:
        server.terminate()
    write_csv(name + ".csv", rows)
    with open(name + ".svg", "w", encoding="ascii") as file:
        file.write(svg_of(rows))
    print("%s.csv and %s.svg are written" % (name, name))
