# SPDX-License-Identifier: MIT
"""What the tests of the ways in (run, transparent, socks5) share: a mail server that takes
everything, and `smtpscope run` with its transcript."""

import json
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import threading

from support import scope as s

NOBODY = "nobody"


class MailServer:
    """An SMTP server on loopback that takes every message; STARTTLS, or TLS from the first byte,
    where it is given a context. Usable in a with-statement; `messages` are the DATA as sent."""

    def __init__(self, context=None, implicit=False, address="127.0.0.1", port=0):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.context, self.implicit = context, implicit
        self.messages, self.peers, self.ports = [], [], []
        self.listener = socket.socket(family)
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind((address, port))
        self.listener.listen(4096)
        self.port = self.listener.getsockname()[1]
        self.acceptor = threading.Thread(target=self._accept, daemon=True)
        self.acceptor.start()

    def _accept(self):
        while True:
            try:
                connection, peer = self.listener.accept()
            except OSError:
                return
            self.peers.append(peer[0])
            self.ports.append(peer[1])
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            connection.settimeout(s.TIMEOUT)
            if self.implicit:
                connection = self.context.wrap_socket(connection, server_side=True)
            self._talk(connection)
        except (OSError, ssl.SSLError):
            pass  # the client went
        finally:
            connection.close()

    def _talk(self, connection):
        tls = self.implicit
        connection.sendall(b"220 server.example.net ESMTP\r\n")
        while True:
            line = s.read_line(connection)
            verb = line.split(b" ")[0].strip().upper()
            if not line:
                return
            if verb == b"EHLO":
                offer = b"" if tls or self.context is None else b"250-STARTTLS\r\n"
                connection.sendall(b"250-server.example.net\r\n" + offer + b"250 8BITMIME\r\n")
            elif verb == b"STARTTLS" and not tls and self.context is not None:
                connection.sendall(b"220 go\r\n")
                connection = self.context.wrap_socket(connection, server_side=True)
                tls = True
            elif verb == b"DATA":
                connection.sendall(b"354 go\r\n")
                self.messages.append(self._read_message(connection))
                connection.sendall(b"250 taken\r\n")
            elif verb == b"QUIT":
                connection.sendall(b"221 bye\r\n")
                return
            else:
                connection.sendall(b"250 ok\r\n")

    @staticmethod
    def _read_message(connection):
        message = b""
        while not message.endswith(b"\r\n.\r\n"):
            line = s.read_line(connection)
            if not line:
                raise OSError("cut off")
            message += line
        return message

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        s.end_listener(self.listener, self.acceptor)


class Run:
    """What `smtpscope run` came to."""

    def __init__(self, done, transcript):
        self.status = done.returncode
        self.output = done.stdout.decode("utf-8", "replace")
        self.errors = done.stderr.decode("utf-8", "replace")
        self.sessions = []
        if os.path.exists(transcript):
            with open(transcript, "rb") as file:
                self.sessions = json.load(file)["sessions"]

    def assert_status(self, status):
        assert self.status == status, f"exit {self.status}: {self.output}{self.errors}"


def need_capture(scope, options=()):
    """Skips where this machine cannot capture, with these options of `run`."""
    done = scope.run("run", *options, "--", "true")
    if done.returncode != 0:
        raise s.Skip(done.stderr.decode("utf-8", "replace").strip())


def prepare_user(scope):
    """Words that make a command run as a plain user, to whom the test's folder then belongs."""
    if os.geteuid() != 0:
        raise s.Skip("only root can become another user")
    if shutil.which("setpriv") is None:
        raise s.Skip("setpriv is not installed")
    entry = pwd.getpwnam(NOBODY)
    for folder, folders, files in os.walk(scope.folder):
        for name in [".", *folders, *files]:
            os.chown(os.path.join(folder, name), entry.pw_uid, entry.pw_gid)
    words = ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups"]
    if subprocess.run([*words, "test", "-x", scope.program]).returncode != 0:
        raise s.Skip(f"{NOBODY} may not reach {scope.program}")
    return words


def run(scope, port, command, options=(), user=(), environment=None, **more):
    """Runs a command under `run`, watching one port (or a list as text)."""
    scope.count += 1
    transcript = scope.path(f"run{scope.count}.json")
    words = [*user, scope.program, "run", "--ports", str(port), "-o", f"json:{transcript}",
             *options, "--", *command]
    done = subprocess.run(words, env=dict(scope.environment, **(environment or {})),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=s.TIMEOUT, **more)
    return Run(done, transcript)
