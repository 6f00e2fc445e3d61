#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""idle_memory.py BUILD_DIR [SESSIONS [untrusted]]: the resident memory of a session that waits
after STARTTLS, EHLO and EHLO again on both sides; `untrusted`: behind a server whose certificate does
not verify. The first tenth of the sessions is not counted: it pays for what
all share."""

import os
import resource
import socket
import ssl
import subprocess
import sys
import tempfile

from ports import free_port, until_listening

BUILD = os.path.abspath(sys.argv[1])
SESSIONS = int(sys.argv[2]) if len(sys.argv) > 2 else 5000
UNTRUSTED = sys.argv[3:4] == ["untrusted"]

SERVER_PORT, PROXY_PORT = free_port(), free_port()


def resident_kib(pid):
    with open("/proc/%d/status" % pid, encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def ask(connection, line):
    if line:
        connection.sendall(line + b"\r\n")
    reply = b""
    while not reply.endswith(b"\n") or reply.splitlines()[-1][3:4] == b"-":
        reply += connection.recv(4096)


def open_session(context):
    connection = socket.create_connection(("127.0.0.1", PROXY_PORT))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for line in (b"", b"EHLO client.example.com", b"STARTTLS"):
        ask(connection, line)
    connection = context.wrap_socket(connection)
    ask(connection, b"EHLO client.example.com")
    return connection


def measure(proxy):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    sessions = [open_session(context) for _ in range(SESSIONS // 10)]
    before = resident_kib(proxy.pid)
    sessions += [open_session(context) for _ in range(SESSIONS - len(sessions))]
    after = resident_kib(proxy.pid)
    print("%.2f KiB an idle session (%d to %d KiB, %d sessions)" % (
        (after - before) / (SESSIONS - SESSIONS // 10), before, after, SESSIONS))


def main():
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    with tempfile.TemporaryDirectory() as work:
        key, certificate = os.path.join(work, "key"), os.path.join(work, "certificate")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", certificate,
                        "-days", "30", "-subj", "/CN=server", "-addext",
                        "subjectAltName=IP:127.0.0.1"], check=True, stderr=subprocess.DEVNULL)
        server = subprocess.Popen([os.path.join(BUILD, "test", "bench", "mail_server"),
                                   str(SERVER_PORT), "starttls", certificate, key])
        until_listening(SERVER_PORT, server)
        wrapper = os.environ.get("WRAPPER", "").split()
        proxy = subprocess.Popen(wrapper + [
            os.path.join(BUILD, "smtpscope"), "proxy", "--mode",
            "reverse:smtp://127.0.0.1:%d@127.0.0.1:%d" % (SERVER_PORT, PROXY_PORT), "--ca-dir",
            os.path.join(work, "ca"), *([] if UNTRUSTED else ["--server-ca", certificate]), "-o",
            "text:" + os.path.join(work, "text")], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        try:
            until_listening(PROXY_PORT, proxy)
            measure(proxy)
        finally:
            for process in (proxy, server):
                process.terminate()
                process.wait()


main()
